//! What was recorded under rights that changed meanwhile: each change is judged by what both the certificate it was
//! sealed under and the account of today allow.

use sync_core::id::{AreaId, Role};

use crate::account::Change;
use crate::db::testing::Failure;
use crate::ingest::testing::{AREA, OTHER_AREA, TestDevice, World, on_each_server};

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
