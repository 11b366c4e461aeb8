//! Rebuild, verify, backup, restore, snapshots, and two processes on one database.

use std::collections::BTreeSet;

use sync_core::id::Role;
use sync_core::log::{Batch, Inventory, Stage};
use sync_core::sync::Snapshot;

use crate::db::testing::{Failure, TestDb};
use crate::db::{Db, DbError};
use crate::ingest::testing::{AREA, START, World, on_each_server};
use crate::maintenance::{backup, mark, rebuild, restore, snapshot, verify};
use crate::{on_db, project};

/// A little of everything.
async fn fill(world: &World) -> Result<Vec<Batch>, Failure> {
    let mut phone = world.device(Role::Guard, &[AREA]).await?;
    let mut officer = world.device(Role::Officer, &[AREA]).await?;
    let mut revoked = world.device(Role::Guard, &[AREA]).await?;
    world.revoke(revoked.id).await?;
    let sessions: Vec<_> = (1..=5).map(|n| phone.session(n)).collect();
    let edit = officer.edit(&[&sessions[0]], 50);
    let lost = revoked.session(9);
    let batches = vec![
        officer.seal(AREA, &[edit]),
        phone.seal(AREA, &sessions[..2]),
        phone.seal(AREA, &sessions[2..]),
        revoked.seal(AREA, &[lost]),
    ];
    for batch in &batches {
        world.deposit(vec![batch.clone()]).await?.receipt()?;
    }
    let path = "/v1/quarantine/4/0/release";
    // The late edit took a batch of the server's own: the revoked device's is the fifth.
    let path = if world.count("batch").await? == 5 { "/v1/quarantine/5/0/release" } else { path };
    let answer = world.call(&mut officer, "POST", path, "application/json", b"{}".to_vec()).await?;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    Ok(batches)
}

async fn digest(db: &Db) -> Result<Vec<project::TableDigest>, DbError> {
    project::digest(&mut db.snapshot().await?).await
}

#[tokio::test]
async fn a_rebuilt_database_equals_the_live_one_and_verifies() -> Result<(), Failure> {
    const RECORDS: &str = "select heads, changes from record order by record_id";
    on_each_server(async |world: &World| {
        fill(world).await?;
        let db = &world.app.db;
        let scratch = TestDb::sqlite().await?;
        assert_eq!(verify(db, &scratch.db).await?, []);
        let before = digest(db).await?;
        let records: Vec<(Vec<u8>, i64)> = on_db!(db, |c| sqlx::query_as(RECORDS).fetch_all(c).await)?;
        assert_eq!(rebuild(db).await?.records, 6);
        assert_eq!(digest(db).await?, before);
        let again: Vec<(Vec<u8>, i64)> = on_db!(db, |c| sqlx::query_as(RECORDS).fetch_all(c).await)?;
        assert_eq!(again, records);
        let scratch = TestDb::sqlite().await?;
        assert_eq!(verify(db, &scratch.db).await?, []);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn verify_says_what_was_changed_behind_its_back() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        fill(world).await?;
        let db = &world.app.db;
        for text in ["update session set attendances = 999", "update record set changes = 7", "delete from log_head"] {
            db.write(async |tx| {
                on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
                Ok::<_, DbError>(())
            })
            .await?;
        }
        let scratch = TestDb::sqlite().await?;
        let findings = verify(db, &scratch.db).await?;
        for (about, difference) in [
            ("session record_id=", "attendances is \"999\", the batches make \"50\""),
            ("session record_id=", "attendances is \"999\", the batches make \"9\""),
            ("record ", "changes is 7, its admitted changes make 1"),
            ("record ", "changes is 7, its admitted changes make 2"),
            ("log 2025-06841 of ", "it has no head, and its last chained batch is "),
        ] {
            let told = |finding: &crate::maintenance::Finding| {
                finding.subject.starts_with(about) && finding.difference.starts_with(difference)
            };
            assert!(findings.iter().any(told), "{about}, {difference}: {findings:#?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_mark_makes_receipts_of_the_second_stage() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        world.sync(&mut phone, &Inventory::new(), vec![batch.clone()]).await?;
        assert_eq!(mark(&world.app.db, None, START).await?, 1);
        let have = phone.inventory();
        let exchange = world.sync(&mut phone, &have, Vec::new()).await?;
        assert_eq!(
            (exchange.receipts[0].stage, &exchange.receipts[0].heads),
            (Stage::BackedUp, &vec![(batch.log(), batch.head())])
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_restored_server_is_healed_by_what_devices_give_back() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    let dir = tempfile::tempdir()?;
    let (copy, place) = (dir.path().join("backup.db"), dir.path().join("live.db"));
    let url = format!("sqlite:{}", place.display());
    let world = World::new(&test.db).await?;
    let mut phone = world.device(Role::Guard, &[AREA]).await?;
    let sessions: Vec<_> = (1..=3).map(|n| phone.session(n)).collect();
    let batches: Vec<Batch> = sessions.into_iter().map(|session| phone.seal(AREA, &[session])).collect();
    world.deposit(vec![batches[0].clone()]).await?.receipt()?;
    assert_eq!(backup(&test.db, &copy, START).await?, 1);
    world.deposit(batches[1..].to_vec()).await?.receipt()?;

    restore(&url, &copy, START).await?;
    let restored = Db::open(&url, 2).await?;
    assert!(restore(&url, &copy, START).await.is_err(), "refused while it is open");
    let world = World::new(&restored).await?;
    let have = phone.inventory();
    let exchange = world.sync(&mut phone, &have, Vec::new()).await?;
    assert_eq!(exchange.heads, [(batches[0].log(), batches[0].head())]);
    world.sync(&mut phone, &have, batches[1..].to_vec()).await?;
    assert_eq!(world.count("session").await?, 3);
    let scratch = TestDb::sqlite().await?;
    assert_eq!(verify(&restored, &scratch.db).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_prepared_snapshot_is_offered_fetched_and_whole() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        fill(world).await?;
        let prepared = snapshot::prepare(&world.app.db, &world.app.config.data_dir, AREA, START).await?;
        let mut newcomer = world.device(Role::Guard, &[AREA]).await?;
        let asked = sync_core::sync::Request {
            take_snapshots: true,
            ..crate::ingest::testing::request(&Inventory::new(), Vec::new())
        };
        let sync_core::sync::Response::Exchange { exchange, .. } =
            world.sync_raw(&mut newcomer, &asked).await?.response()?
        else {
            return Err("an exchange".into());
        };
        let offer = exchange.snapshots[0];
        assert_eq!((offer.bytes, exchange.page.batches.len()), (prepared.bytes as u64, 0));
        let path = format!("/v1/areas/{AREA}/snapshot?digest={}", offer.digest);
        let fetched = world.get_zstd(&mut newcomer, &path).await?;
        let unpacked = zstd::decode_all(&fetched[..])?;
        let whole = Snapshot::from_bytes(&unpacked)?;
        let all: BTreeSet<_> = world.all(&mut newcomer).await?.iter().map(Batch::hash).collect();
        assert_eq!(whole.page.batches.iter().map(Batch::hash).collect::<BTreeSet<_>>(), all);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_postgres_lose_and_double_nothing() -> Result<(), Failure> {
    let Some(test) = TestDb::postgres().await? else { return Ok(()) };
    let first = World::new(&test.db).await?;
    let second = World::new(&Db::open(&test.url, 4).await?).await?;
    let mut all = Vec::new();
    let mut tasks = Vec::new();
    for n in 0..8 {
        let mut phone = first.device(Role::Guard, &[AREA]).await?;
        let sessions: Vec<_> = (1..=5).map(|n| phone.session(n)).collect();
        let batches: Vec<Batch> = sessions.into_iter().map(|session| phone.seal(AREA, &[session])).collect();
        for server in [&first, &second] {
            let (app, batches) = (server.app.clone(), batches.clone());
            // Both get everything; one of them in the wrong order.
            let order: Vec<Batch> = if n % 2 == 0 { batches } else { batches.into_iter().rev().collect() };
            tasks.push(tokio::spawn(async move {
                for batch in order {
                    let incoming = crate::ingest::Incoming {
                        batches: vec![batch],
                        via: crate::ingest::Via::Deposit,
                        carrier: None,
                        principal: None,
                        held: crate::intake::Held::default(),
                    };
                    app.ingest.submit(&app, incoming).await?;
                }
                Ok::<_, crate::problem::Problem>(())
            }));
        }
        all.extend(batches);
    }
    for task in tasks {
        task.await?.map_err(|problem| problem.code())?;
    }
    assert_eq!((first.count("batch").await?, first.count("session").await?), (40, 40));
    assert!(first.standings().await?.iter().all(|(verdict, _)| verdict == "admitted"));
    let scratch = TestDb::sqlite().await?;
    assert_eq!(verify(&test.db, &scratch.db).await?, []);
    Ok(())
}
