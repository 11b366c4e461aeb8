//! Duplicates, gaps, forks and damage, through real requests.

use axum::http::StatusCode;
use sync_core::id::Role;
use sync_core::log::{Batch, Head, Inventory, Stage};

use crate::db::testing::{Failure, TestDb};
use crate::ingest::testing::{AREA, World, on_each_server};

fn verdicts(standings: Vec<(String, Option<String>)>) -> Vec<String> {
    standings
        .into_iter()
        .map(|(verdict, reason)| reason.map_or(verdict.clone(), |r| format!("{verdict} {r}")))
        .collect()
}

#[tokio::test]
async fn a_batch_is_stored_judged_and_signed_for() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(40);
        let batch = phone.seal(AREA, &[session]);
        let exchange = world.sync(&mut phone, &Inventory::new(), vec![batch.clone()]).await?;
        let receipt = &exchange.receipts[0];
        assert_eq!((receipt.stage, &receipt.heads), (Stage::Stored, &vec![(batch.log(), batch.head())]));
        let known = world.app.auth.known(&world.app.db, world.app.now()).await?;
        let key = known.ring.all().iter().find(|key| key.kid == receipt.kid).and_then(|key| key.public_key());
        assert!(receipt.verify(&key.expect("a receipt key")));
        assert_eq!(verdicts(world.standings().await?), ["admitted"]);
        assert_eq!((world.count("session").await?, world.count("record").await?), (1, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_waits_in_an_idle_queue() -> Result<(), Failure> {
    let test = TestDb::sqlite().await?;
    let world = World::with(&test.db, |config| config.metrics_public = true).await?;
    let mut phone = world.device(Role::Guard, &[AREA]).await?;
    let session = phone.session(5);
    let batch = phone.seal(AREA, &[session]);
    world.deposit(vec![batch]).await?.receipt()?;
    let request = axum::http::Request::builder().uri("/metrics").body(axum::body::Body::empty())?;
    let scraped = String::from_utf8(world.send(request).await?.body.to_vec())?;
    assert!(scraped.lines().any(|line| line == "banlang_ingest_waiting 0"), "{scraped}");
    Ok(())
}

#[tokio::test]
async fn a_batch_sent_again_changes_nothing_and_is_signed_for_again() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(40);
        let batch = phone.seal(AREA, &[session]);
        for _ in 0..3 {
            let exchange = world.sync(&mut phone, &Inventory::new(), vec![batch.clone(), batch.clone()]).await?;
            assert_eq!(exchange.receipts[0].heads, [(batch.log(), batch.head())]);
        }
        assert_eq!((world.count("batch").await?, world.count("change").await?), (1, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_gap_waits_until_it_is_filled() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let batches: Vec<Batch> = (1..=3)
            .map(|n| {
                let session = phone.session(n);
                phone.seal(AREA, &[session])
            })
            .collect();
        let late = world.deposit(vec![batches[2].clone()]).await?.receipt()?;
        assert_eq!((late.heads.as_slice(), late.held.as_slice()), (&[][..], &[batches[2].hash()][..]));
        let first = world.deposit(vec![batches[0].clone()]).await?.receipt()?;
        assert_eq!(first.heads, [(batches[0].log(), batches[0].head())]);
        assert_eq!(verdicts(world.standings().await?), ["unjudged", "admitted"]);
        let filled = world.deposit(vec![batches[1].clone()]).await?.receipt()?;
        assert_eq!(filled.heads, [(batches[2].log(), batches[2].head())]);
        assert_eq!(verdicts(world.standings().await?), ["admitted"; 3]);
        assert_eq!(world.count("session").await?, 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn any_order_of_deposits_ends_alike() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(10);
        let first = phone.edit(&[&session], 11);
        let second = phone.edit(&[&session, &first], 12);
        let batches = [phone.seal(AREA, &[session]), phone.seal(AREA, &[first]), phone.seal(AREA, &[second])];
        for order in [[2, 1, 0], [1, 2, 0]] {
            for index in order {
                world.deposit(vec![batches[index].clone()]).await?.receipt()?;
            }
        }
        assert_eq!(verdicts(world.standings().await?), ["admitted"; 3]);
        const ATTENDED: &str = "select attendances from session";
        let attended: i64 = crate::on_db!(world.app.db, |c| sqlx::query_scalar(ATTENDED).fetch_one(c).await)?;
        assert_eq!(attended, 12);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_fork_is_kept_and_what_is_sealed_anew_settles_it() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let (one, two) = (phone.session(1), phone.session(2));
        let first = phone.seal(AREA, &[one]);
        let other = phone.seal_at(AREA, Head::EMPTY, std::slice::from_ref(&two));
        world.deposit(vec![first]).await?.receipt()?;
        let receipt = world.deposit(vec![other.clone()]).await?.receipt()?;
        assert_eq!(receipt.held, [other.hash()]);
        assert_eq!(verdicts(world.standings().await?), ["admitted", "quarantined forked-log"]);
        let again = phone.seal(AREA, &[two]);
        world.deposit(vec![again]).await?.receipt()?;
        assert_eq!(verdicts(world.standings().await?), ["admitted", "duplicate forked-log", "admitted"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_of_a_batch_nobody_vouches_for_is_stored_and_the_others_are() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let (one, two) = (phone.session(1), phone.session(2));
        let good = phone.seal(AREA, &[one]);
        let changes = [two];
        let header = phone.seal(AREA, &changes).header().clone();
        let mut forger = world.device(Role::Guard, &[AREA]).await?;
        let forged = forger.sign(header, &changes);
        let answer = world.deposit(vec![good, forged.clone()]).await?;
        assert_eq!((answer.status, answer.code()?.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "batch.signature"));
        assert_eq!(world.count("batch").await?, 1);
        let unknown = {
            let elsewhere = crate::db::testing::TestDb::sqlite().await?;
            let other = World::new(&elsewhere.db).await?;
            let mut stranger = other.device(Role::Guard, &[AREA]).await?;
            let session = stranger.session(1);
            stranger.seal(AREA, &[session])
        };
        assert_eq!(world.deposit(vec![unknown]).await?.code()?, "batch.device-unknown");
        let synced =
            world.sync_raw(&mut forger, &crate::ingest::testing::request(&Inventory::new(), vec![forged])).await?;
        assert_eq!(synced.code()?, "batch.signature");
        assert_eq!(world.count("batch").await?, 1);
        Ok(())
    })
    .await
}
