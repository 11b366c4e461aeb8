//! The server is put back to an old backup: the next syncs give back everything that any device still holds.

use server::clock::Clock;
use server::field::End;
use sync_core::device::Notice;
use sync_core::id::Role;
use tests::harness::{HOANH_MO, Phone, Site};
use tests::on_both_engines;

on_both_engines! {
    /// Also what only a device that is gone had made: a colleague's device holds it. And a device that was enrolled
    /// after the backup is known again by its certificate.
    async fn the_next_syncs_give_back_what_any_device_holds(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut an = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut binh = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        let chi = served.account("chi", Role::Guard, &[HOANH_MO]).await?;
        let first = an.record(HOANH_MO, 10, 1).await?;
        an.sync().await?;
        served.stop().await?;
        let old = site.copy().await?;

        let served = site.serve().await?;
        for phone in [&mut an, &mut binh] {
            phone.field.move_server(&served.url).await?;
        }
        site.clock.advance_ms(3_600_000);
        let mut chi = Phone::enrol_with(&site, &served.url, "chi", &served.code(&chi).await?).await?;
        an.attend(first, 11).await?;
        binh.record(HOANH_MO, 20, 2).await?;
        chi.record(HOANH_MO, 30, 4).await?;
        for phone in [&mut an, &mut binh, &mut chi] {
            phone.sync().await?;
        }
        an.sync().await?;
        let before = served.documents().await?;
        assert_eq!((before.len(), &an.documents().await?), (3, &before));
        served.stop().await?;
        drop(binh);

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        assert_eq!(served.documents().await?.len(), 1);
        for phone in [&mut chi, &mut an] {
            phone.field.move_server(&served.url).await?;
        }
        let told = chi.sync().await?;
        an.sync().await?;
        assert_eq!(served.documents().await?, before);
        assert!(told.notices.iter().any(|notice| matches!(notice, Notice::ServerWasBehind { .. })), "{told:?}");
        chi.sync().await?;
        assert_eq!(chi.documents().await?, before);
        served.verify().await
    }

    /// A device that was enrolled after the backup and is gone: who has its records shows its certificate with them.
    async fn a_colleague_vouches_for_a_device_that_was_enrolled_since_and_is_gone(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let lost = served.account("mat", Role::Guard, &[HOANH_MO]).await?;
        served.stop().await?;
        let old = site.copy().await?;
        let served = site.serve().await?;
        officer.field.move_server(&served.url).await?;
        let mut gone = Phone::enrol_with(&site, &served.url, "mat", &served.code(&lost).await?).await?;
        gone.record(HOANH_MO, 10, 1).await?;
        gone.sync().await?;
        officer.sync().await?;
        let before = served.documents().await?;
        served.stop().await?;

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        officer.field.move_server(&served.url).await?;
        let told = officer.sync().await?;
        assert!(!told.notices.iter().any(|notice| matches!(notice, Notice::ServerLacks { .. })), "{told:?}");
        assert_eq!((before.len(), served.documents().await?), (1, before));
        served.verify().await?;
        // Should the device turn up again, it goes on where it was.
        gone.field.move_server(&served.url).await?;
        gone.record(HOANH_MO, 20, 2).await?;
        gone.sync().await?;
        assert_eq!(served.documents().await?.len(), 2);
        Ok(())
    }

    /// The same of a person whose account the backup does not hold either: the account comes back deactivated, and what
    /// was recorded waits until somebody looked at it.
    async fn what_a_forgotten_account_recorded_waits_in_quarantine(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let mut admin = Phone::enrol(&site, &served, "quan.tri", Role::Administrator, &[]).await?;
        served.stop().await?;
        let old = site.copy().await?;
        let served = site.serve().await?;
        officer.field.move_server(&served.url).await?;
        let mut new = Phone::enrol(&site, &served, "moi", Role::Guard, &[HOANH_MO]).await?;
        new.record(HOANH_MO, 10, 1).await?;
        new.sync().await?;
        officer.sync().await?;
        let before = served.documents().await?;
        served.stop().await?;

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        for phone in [&mut officer, &mut admin, &mut new] {
            phone.field.move_server(&served.url).await?;
        }
        officer.sync().await?;
        assert_eq!(served.documents().await?.len(), 0);
        let kept = officer.read("/v1/quarantine").await?["items"][0].clone();
        assert_eq!(kept["reason"], "account-deactivated");
        // The device itself hears the same, and keeps everything.
        let told = new.sync().await?;
        let deposited = matches!(&told.end, End::Deposited { refusal } if refusal.code == "account.deactivated");
        assert!(deposited, "{told:?}");

        let accounts = admin.read("/v1/accounts").await?;
        let of_new = |account: &&serde_json::Value| account["username"].as_str().is_some_and(|n| n.starts_with("restored-"));
        let account = accounts.as_array().and_then(|all| all.iter().find(of_new)).ok_or("no account came back")?;
        assert_eq!((&account["active"], &account["role"]), (&false.into(), &"guard".into()));
        let path = format!("/v1/accounts/{}", account["id"]);
        admin.call("POST", &path, Some(serde_json::json!({ "active": true }))).await?;
        let release = format!("/v1/quarantine/{}/{}/release", kept["batch"], kept["ordinal"]);
        officer.call("POST", &release, Some(serde_json::json!({}))).await?;
        assert_eq!(served.documents().await?, before);
        new.record(HOANH_MO, 20, 2).await?;
        new.sync().await?;
        assert_eq!(served.documents().await?.len(), 2);
        served.verify().await
    }

    /// The same of a device that sends a file by hand: its own certificate goes along.
    async fn a_file_of_a_forgotten_device_is_taken(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut carrier = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        let lost = served.account("xa.xoi", Role::Guard, &[HOANH_MO]).await?;
        served.stop().await?;
        let old = site.copy().await?;
        let served = site.serve().await?;
        let mut far = Phone::enrol_with(&site, &served.url, "xa.xoi", &served.code(&lost).await?).await?;
        far.record(HOANH_MO, 10, 1).await?;
        served.stop().await?;

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        carrier.field.move_server(&served.url).await?;
        let file = far.field.export().await?;
        let carried = carrier.field.carry(file.bytes).await?;
        assert_eq!(served.documents().await?.len(), 1);
        far.field.import_receipts(&carried.receipts).await?;
        assert_eq!(far.field.status().await?.only_here, 0);
        Ok(())
    }

    /// What the server itself adopted is part of devices' stores too, and comes back with them.
    async fn a_released_change_comes_back_too(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut an = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        served.stop().await?;
        let old = site.copy().await?;

        let served = site.serve().await?;
        for phone in [&mut an, &mut officer] {
            phone.field.move_server(&served.url).await?;
        }
        an.record(HOANH_MO, 10, 1).await?;
        let admin = format!("/v1/devices/{}/revoke", an.id());
        officer.call("POST", &admin, Some(serde_json::json!({ "reason": "mất điện thoại" }))).await?;
        an.sync().await?;
        let kept = officer.read("/v1/quarantine").await?["items"][0].clone();
        let release = format!("/v1/quarantine/{}/{}/release", kept["batch"], kept["ordinal"]);
        officer.call("POST", &release, Some(serde_json::json!({}))).await?;
        officer.sync().await?;
        let before = served.documents().await?;
        assert_eq!((before.len(), &officer.documents().await?), (1, &before));
        served.stop().await?;

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        officer.field.move_server(&served.url).await?;
        officer.sync().await?;
        assert_eq!(served.documents().await?, before);
        served.verify().await
    }
}
