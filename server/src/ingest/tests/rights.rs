//! What was recorded under rights that changed meanwhile: each change is judged by what both the certificate it was
//! sealed under and the account of today allow.

use sync_core::id::{AreaId, BatchHash, Role};
use sync_core::log::{Head, Inventory, LogId};

use crate::account::Change;
use crate::db::Blob;
use crate::db::testing::Failure;
use crate::ingest::testing::{AREA, OTHER_AREA, TestDevice, World, on_each_server, request};
use crate::on_db;

async fn standing(world: &World, device: &mut TestDevice, area: AreaId) -> Result<String, Failure> {
    let session = device.session(5);
    let batch = device.seal(area, &[session]);
    world.deposit(vec![batch]).await?.receipt()?;
    last(world).await
}

async fn last(world: &World) -> Result<String, Failure> {
    let (verdict, reason) = world.standings().await?.pop().ok_or("a change")?;
    Ok(format!("{verdict} {}", reason.unwrap_or_default()).trim().to_owned())
}

#[tokio::test]
async fn an_area_that_stays_is_written_under_the_older_certificate() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA, OTHER_AREA]).await?;
        world.change(&phone, Change { areas: Some(vec![AREA]), ..Change::default() }).await?;
        assert_eq!(standing(world, &mut phone, AREA).await?, "admitted");
        assert_eq!(standing(world, &mut phone, OTHER_AREA).await?, "quarantined area-out-of-scope");
        world.change(&phone, Change { areas: Some(vec![AREA, OTHER_AREA]), ..Change::default() }).await?;
        assert_eq!(standing(world, &mut phone, OTHER_AREA).await?, "admitted");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_promotion_takes_nothing_recorded_before_it() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        world.change(&phone, Change { role: Some(Role::Officer), ..Change::default() }).await?;
        assert_eq!(standing(world, &mut phone, AREA).await?, "admitted");
        world.change(&phone, Change { role: Some(Role::Coordinator), ..Change::default() }).await?;
        assert_eq!(standing(world, &mut phone, AREA).await?, "admitted");
        assert_eq!(standing(world, &mut phone, OTHER_AREA).await?, "quarantined area-out-of-scope");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_demoted_officer_records_and_reviews_no_more() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Officer, &[AREA]).await?;
        world.change(&phone, Change { role: Some(Role::Guard), ..Change::default() }).await?;
        let session = phone.session(5);
        let review = phone.review(&session);
        let batch = phone.seal(AREA, &[session]);
        world.deposit(vec![batch]).await?.receipt()?;
        assert_eq!(last(world).await?, "admitted");
        let batch = phone.seal(AREA, &[review]);
        world.deposit(vec![batch]).await?.receipt()?;
        assert_eq!(last(world).await?, "quarantined role-may-not-write");
        Ok(())
    })
    .await
}

async fn synced_at(world: &World, device: &TestDevice) -> Result<Option<i64>, Failure> {
    const READ: &str = "select synced_at_ms from device where id = $1";
    // Groups are stored one after the other: with this batch, or before it, everything noted so far is written.
    let mut other = world.device(Role::Guard, &[OTHER_AREA]).await?;
    let session = other.session(1);
    let batch = other.seal(OTHER_AREA, &[session]);
    world.deposit(vec![batch]).await?.receipt()?;
    Ok(on_db!(world.app.db, |c| sqlx::query_scalar(READ).bind(Blob(device.id)).fetch_one(c).await)?)
}

#[tokio::test]
async fn a_device_is_synced_when_the_server_has_all_it_named_and_not_before() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        world.sync_raw(&mut phone, &request(&Inventory::new(), Vec::new())).await?.response()?;
        let now = world.app.now().0;
        assert_eq!(synced_at(world, &phone).await?, Some(now), "it has nothing");

        world.clock.advance_ms(1_000);
        let (first, second) = (phone.session(5), phone.session(6));
        let pages = [phone.seal(AREA, &[first]), phone.seal(AREA, &[second])];
        let all = phone.inventory();
        let [first, second] = pages;
        world.sync(&mut phone, &all, vec![first]).await?;
        assert_eq!(synced_at(world, &phone).await?, Some(now), "page one of two");
        world.clock.advance_ms(1_000);
        world.sync(&mut phone, &all, vec![second]).await?;
        assert_eq!(synced_at(world, &phone).await?, Some(now + 2_000));

        // Put back to an older state: what it recorded since is sealed only after it has fetched its own log.
        world.clock.advance_ms(1_000);
        world.sync(&mut phone, &Inventory::new(), Vec::new()).await?;
        assert_eq!(synced_at(world, &phone).await?, Some(now + 2_000));
        let elsewhere = LogId { area: AREA, device: phone.id };
        let forked = Inventory::from_iter([(elsewhere, Head { hash: BatchHash([9; 32]), ..all.head(&elsewhere) })]);
        world.sync(&mut phone, &forked, Vec::new()).await?;
        assert_eq!(synced_at(world, &phone).await?, Some(now + 2_000), "another history");
        Ok(())
    })
    .await
}
