//! The key of the server's own log is changed: what it adopted before and what it adopts after reach every device.

use server::auth::key::{self, Purpose};
use server::clock::Clock;
use server::db::DbError;
use sync_core::id::Role;
use tests::harness::{Failure, HOANH_MO, Phone, Served, Site};
use tests::on_both_engines;

/// A record of a revoked device, let in by the officer: the server adopts it.
async fn adopt(site: &Site, served: &Served, officer: &mut Phone, name: &str) -> Result<(), Failure> {
    let mut gone = Phone::enrol(site, served, name, Role::Guard, &[HOANH_MO]).await?;
    gone.record(HOANH_MO, 10, 1).await?;
    let revoke = format!("/v1/devices/{}/revoke", gone.id());
    officer.call("POST", &revoke, Some(serde_json::json!({ "reason": "mất điện thoại" }))).await?;
    gone.sync().await?;
    let kept = officer.read("/v1/quarantine").await?["items"][0].clone();
    let release = format!("/v1/quarantine/{}/{}/release", kept["batch"], kept["ordinal"]);
    officer.call("POST", &release, Some(serde_json::json!({}))).await?;
    Ok(())
}

on_both_engines! {
    async fn what_was_adopted_before_and_after_a_new_log_key_reaches_every_device(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let mut officer = Phone::enrol(&site, &served, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let mut guard = Phone::enrol(&site, &served, "lan", Role::Guard, &[HOANH_MO]).await?;
        adopt(&site, &served, &mut officer, "mot").await?;
        guard.sync().await?;
        assert_eq!(guard.documents().await?.len(), 1);

        let now = site.clock.now();
        let rotated: Result<String, DbError> =
            served.app.db.write(async |tx| key::rotate(tx, Purpose::Log, now, None).await).await;
        rotated?;
        site.clock.advance_ms(3_600_000);
        adopt(&site, &served, &mut officer, "hai").await?;
        let logs = "select count(distinct device_id) from batch b where state = 'chained'
            and exists (select 1 from device d where d.id = b.device_id and d.account_id is null)";
        assert_eq!(served.count(logs).await?, 2, "each key has a log of its own");

        // One device that was there before, and one that begins now.
        let mut late = Phone::enrol(&site, &served, "binh", Role::Guard, &[HOANH_MO]).await?;
        let everything = served.documents().await?;
        assert_eq!(everything.len(), 2);
        for phone in [&mut guard, &mut late, &mut officer] {
            let told = phone.sync().await?;
            assert!(told.notices.is_empty(), "{told:?}");
            assert_eq!(phone.documents().await?, everything);
        }
        served.verify().await?;
        served.stop().await?;
        let served = site.serve().await?;
        for phone in [&mut guard, &mut late] {
            phone.field.move_server(&served.url).await?;
            phone.record(HOANH_MO, 20, 2).await?;
            phone.sync().await?;
        }
        assert_eq!(served.documents().await?.len(), 4);
        served.verify().await
    }
}
