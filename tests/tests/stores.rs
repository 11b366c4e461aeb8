//! A store that was copied or put back, and two programs on one store: no data lost, detected and said.

use sync_core::device::Notice;
use sync_core::id::Role;
use tests::harness::{HOANH_MO, Phone, Site};
use tests::on_both_engines;

fn said_copied(report: &server::field::Report, diverged: bool) -> bool {
    let is = |notice: &Notice| matches!(notice, Notice::StoreCopiedOrRolledBack { diverged: d, .. } if *d == diverged);
    report.notices.iter().any(is)
}

on_both_engines! {
    /// Both copies go on recording, and every record of both ends on the server and on both.
    async fn a_copied_store_loses_nothing_and_is_said(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let shared = phone.record(HOANH_MO, 10, 1).await?;
        phone.sync().await?;
        let closed = phone.close().await?;
        site.clock.advance_ms(1_000);
        let mut copy = closed.copy(&site)?.open().await?;
        let mut phone = closed.open().await?;
        phone.record(HOANH_MO, 20, 2).await?;
        phone.attend(shared, 11).await?;
        copy.record(HOANH_MO, 30, 4).await?;
        copy.attend(shared, 12).await?;
        phone.sync().await?;
        let told = copy.sync().await?;
        assert!(said_copied(&told, true), "{told:?}");
        site.clock.advance_ms(1_000);
        copy.sync().await?;
        let told = phone.sync().await?;
        assert!(said_copied(&told, false), "{told:?}");
        officer.sync().await?;
        let documents = served.documents().await?;
        assert_eq!(documents.len(), 3);
        for device in [&mut phone, &mut copy, &mut officer] {
            assert_eq!(device.documents().await?, documents);
            let values: Vec<String> = device.conflicts(shared).await?[0].1.iter().map(|(text, _)| text.clone()).collect();
            assert_eq!(values, ["11", "12"], "both copies' corrections are kept");
        }
        let log = officer.read(&format!("/v1/devices/{}/log", phone.id())).await?;
        let forked = log["logs"][0]["forked"].as_array().map_or(0, Vec::len);
        assert!(forked > 0, "the server shows the fork: {log}");
        served.verify().await
    }

    /// The store is put back to an older copy, records, and syncs: what the server has comes back.
    async fn a_store_put_back_loses_nothing_and_is_said(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        phone.record(HOANH_MO, 10, 1).await?;
        phone.sync().await?;
        let closed = phone.close().await?;
        let old = closed.copy(&site)?;
        site.clock.advance_ms(1_000);
        let mut phone = closed.open().await?;
        phone.record(HOANH_MO, 20, 2).await?;
        phone.record(HOANH_MO, 30, 4).await?;
        phone.sync().await?;
        let before = phone.documents().await?;
        drop(phone);

        site.clock.advance_ms(1_000);
        let mut phone = old.open().await?;
        let new = phone.record(HOANH_MO, 40, 8).await?;
        let told = phone.sync().await?;
        assert!(said_copied(&told, true) || said_copied(&told, false), "{told:?}");
        phone.sync().await?;
        let documents = served.documents().await?;
        assert_eq!((documents.len(), documents.contains_key(&new)), (4, true));
        assert!(before.iter().all(|(id, digest)| documents.get(id) == Some(digest)));
        assert_eq!(phone.documents().await?, documents);
        served.verify().await
    }

    /// The store is put back and nothing new was recorded: the device takes back its own records from the server.
    async fn a_store_put_back_takes_its_own_records_back(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let closed = phone.close().await?;
        let old = closed.copy(&site)?;
        let mut phone = closed.open().await?;
        phone.record(HOANH_MO, 20, 2).await?;
        phone.sync().await?;
        let before = phone.documents().await?;
        drop(phone);
        site.clock.advance_ms(1_000);
        let mut phone = old.open().await?;
        let told = phone.sync().await?;
        assert!(said_copied(&told, false), "{told:?}");
        assert_eq!(phone.documents().await?, before);
        // It goes on numbering where it had been.
        phone.record(HOANH_MO, 30, 4).await?;
        phone.sync().await?;
        assert_eq!(served.documents().await?, phone.documents().await?);
        assert_eq!(served.documents().await?.len(), 2);
        served.verify().await
    }

    /// The second program is told which store is in use, and the first goes on.
    async fn a_second_program_on_one_store_is_refused(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut phone = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let second = phone.open_again().await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(second.contains("another program") && second.contains(&phone.place().display().to_string()), "{second}");
        phone.record(HOANH_MO, 20, 2).await?;
        phone.sync().await?;
        assert_eq!(served.documents().await?, phone.documents().await?);
        Ok(())
    }
}
