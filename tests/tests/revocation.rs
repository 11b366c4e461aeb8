//! A device that syncs without pause is revoked at another server process: from that commit on nothing of it is admitted,
//! and nothing it recorded is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use server::clock::Clock;
use server::db::{Blob, Tx};
use server::field::End;
use server::on_db;
use sync_core::id::Role;
use tests::harness::{Engine, HOANH_MO, Phone, Site};
use tests::on_both_engines;

/// Rounds of the device at most; it is revoked in the middle of them.
const ROUNDS: u32 = 200;
/// It is revoked once so many batches of it have arrived.
const BEFORE: i64 = 5;

on_both_engines! {
    async fn nothing_is_admitted_after_the_revocation_and_nothing_is_lost(engine) {
        let site = Site::new(engine).await?;
        let here = site.serve().await?;
        // SQLite is served by one process.
        let other = if engine == Engine::Postgres { Some(site.serve().await?) } else { None };
        let mut phone = Phone::enrol(&site, &here, "lan", Role::Guard, &[HOANH_MO]).await?;
        let mut officer = Phone::enrol(&site, &here, "can.bo", Role::Officer, &[HOANH_MO]).await?;
        let device = phone.id();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = stop.clone();
        let working = tokio::spawn(async move {
            let mut recorded = 0;
            for n in 0..ROUNDS {
                phone.record(HOANH_MO, n + 1, 0).await.map_err(|error| error.to_string())?;
                recorded += 1;
                let report = phone.sync().await.map_err(|error| error.to_string())?;
                if matches!(report.end, End::Deposited { .. }) && stopping.load(Ordering::Acquire) {
                    break;
                }
            }
            Ok::<_, String>((phone, recorded))
        });

        let db = &other.as_ref().unwrap_or(&here).app.db;
        let arrived = "select count(*) from batch where device_id = $1";
        loop {
            let count: i64 = on_db!(db, |c| sqlx::query_scalar(arrived).bind(Blob(device)).fetch_one(c).await)?;
            if count >= BEFORE {
                break;
            }
            tokio::task::yield_now().await;
        }
        let now = site.clock.now();
        // What had arrived when the revocation took hold, read in its own transaction.
        let cut: i64 = db
            .write(async |tx| {
                if let Tx::Postgres(connection) = &mut *tx {
                    let lock = sqlx::query("lock table log_head in share row exclusive mode");
                    lock.execute(&mut **connection).await.map_err(server::db::DbError::from)?;
                }
                server::device::revoke(tx, server::audit::Actor::CommandLine, device, "mất điện thoại", now).await?;
                let newest = "select coalesce(max(id), 0) from batch";
                Ok::<i64, server::device::RevokeError>(
                    on_db!(tx, |c| sqlx::query_scalar(newest).fetch_one(c).await)
                        .map_err(server::db::DbError::from)?,
                )
            })
            .await?;
        stop.store(true, Ordering::Release);
        let (mut phone, recorded) = working.await??;

        let served = other.as_ref().unwrap_or(&here);
        let late = "select count(*) from change c join batch b on b.id = c.batch_id where b.device_id = $1 \
                    and b.id > $2 and (c.verdict <> 'quarantined' or c.reason <> 'device-revoked')";
        let late: i64 = on_db!(served.app.db, |c| sqlx::query_scalar(late).bind(Blob(device)).bind(cut).fetch_one(c).await)?;
        assert_eq!(late, 0, "admitted after the revocation");
        let kept = served.count("select count(*) from change where verdict = 'quarantined'").await?;
        let admitted = served.count("select count(*) from change where verdict = 'admitted'").await?;
        assert_eq!((kept + admitted, kept > 0, admitted >= BEFORE), (recorded, true, true));
        let listed = officer.read("/v1/quarantine?limit=500").await?;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(usize::try_from(kept)?));
        assert_eq!(phone.field.status().await?.only_here, 0, "the server signed for all of it");
        served.verify().await
    }
}
