//! The server is put back to an old backup: the next syncs give back everything that any device still holds.

use server::clock::Clock;
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

    /// A device that was enrolled after the backup and is gone: nobody can prove to the server that it was enrolled. Its
    /// records stay with those who have them, and keep nobody from being level with the server.
    async fn a_device_the_server_has_forgotten_holds_nobody_up(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        served.stop().await?;
        let old = site.copy().await?;
        let served = site.serve().await?;
        officer.field.move_server(&served.url).await?;
        let mut gone = Phone::enrol(&site, &served, "mat", Role::Guard, &[HOANH_MO]).await?;
        gone.record(HOANH_MO, 10, 1).await?;
        gone.sync().await?;
        officer.sync().await?;
        served.stop().await?;

        old.clock.advance_ms(site.clock.now().0 - old.clock.now().0);
        let served = old.serve().await?;
        officer.field.move_server(&served.url).await?;
        officer.record(HOANH_MO, 20, 2).await?;
        for _ in 0..2 {
            let told = officer.sync().await?;
            assert!(told.notices.iter().any(|notice| matches!(notice, Notice::ServerLacks { .. })), "{told:?}");
        }
        assert_eq!((served.documents().await?.len(), officer.documents().await?.len()), (1, 2));
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
