//! Each reason for which a batch lies in quarantine, and what a person may do about it.

use axum::http::StatusCode;
use sync_core::id::{CertificateNo, Role};
use sync_core::log::{Batch, Inventory};

use crate::account::Change;
use crate::db::testing::{Failure, TestDb};
use crate::ingest::testing::{AREA, OTHER_AREA, TestDevice, World, on_each_server};

async fn reason_of(world: &World, batch: Batch) -> Result<String, Failure> {
    world.deposit(vec![batch]).await?.receipt()?;
    let last = world.standings().await?.pop().ok_or("a change")?;
    Ok(format!("{} {}", last.0, last.1.unwrap_or_default()))
}

fn sealed(device: &mut TestDevice) -> Batch {
    let session = device.session(5);
    device.seal(AREA, &[session])
}

#[tokio::test]
async fn every_obstacle_is_named() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut elsewhere = world.device(Role::Guard, &[OTHER_AREA]).await?;
        assert_eq!(reason_of(world, sealed(&mut elsewhere)).await?, "quarantined area-out-of-scope");

        let mut revoked = world.device(Role::Guard, &[AREA]).await?;
        world.revoke(revoked.id).await?;
        assert_eq!(reason_of(world, sealed(&mut revoked)).await?, "quarantined device-revoked");

        let mut deactivated = world.device(Role::Guard, &[AREA]).await?;
        world.change(&deactivated, Change { active: Some(false), ..Change::default() }).await?;
        assert_eq!(reason_of(world, sealed(&mut deactivated)).await?, "quarantined account-deactivated");

        let mut unknown = world.device(Role::Guard, &[AREA]).await?;
        unknown.certificate = CertificateNo(9);
        assert_eq!(reason_of(world, sealed(&mut unknown)).await?, "quarantined certificate-unknown");

        let mut newer = world.device(Role::Guard, &[AREA]).await?;
        let changes = [newer.session(5)];
        let mut header = newer.seal(AREA, &changes).header().clone();
        header.schema = 99;
        assert_eq!(reason_of(world, newer.sign(header.clone(), &changes)).await?, "quarantined unknown-schema");

        let mut administrator = world.device(Role::Administrator, &[]).await?;
        assert_eq!(reason_of(world, sealed(&mut administrator)).await?, "quarantined role-may-not-write");

        let mut late = world.device(Role::Guard, &[AREA]).await?;
        let batch = sealed(&mut late);
        world.clock.advance_ms(500 * 24 * 60 * 60 * 1000);
        assert_eq!(reason_of(world, batch).await?, "quarantined certificate-expired");
        assert_eq!(world.count("session").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_record_stays_in_its_area() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA, OTHER_AREA]).await?;
        let session = phone.session(5);
        let edit = phone.edit(&[&session], 6);
        let (first, second) = (phone.seal(AREA, &[session]), phone.seal(OTHER_AREA, &[edit]));
        world.deposit(vec![first]).await?.receipt()?;
        assert_eq!(reason_of(world, second).await?, "quarantined area-mismatch");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_over_the_quota_is_kept() -> Result<(), Failure> {
    for test in TestDb::each().await? {
        let world = World::with(&test.db, |config| config.device_day_bytes = 1200).await?;
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let batches: Vec<Batch> = (0..4).map(|_| sealed(&mut phone)).collect();
        world.deposit(batches).await?.receipt()?;
        let kept = world.standings().await?;
        assert_eq!(kept[0].0, "admitted");
        assert_eq!(kept[3], ("quarantined".to_owned(), Some("quota".to_owned())));
    }
    Ok(())
}

#[tokio::test]
async fn a_change_whose_dependency_comes_later_reaches_those_who_have_its_batch() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut author = world.device(Role::Guard, &[AREA]).await?;
        let mut editor = world.device(Role::Guard, &[AREA]).await?;
        let mut reader = world.device(Role::Officer, &[AREA]).await?;
        let session = author.session(5);
        let edit = editor.edit(&[&session], 6);
        let edited = editor.seal(AREA, std::slice::from_ref(&edit));
        world.deposit(vec![edited.clone()]).await?.receipt()?;
        let early = world.sync(&mut reader, &Inventory::new(), Vec::new()).await?;
        assert_eq!(early.page.batches, [edited.clone().withholding(|_| false)]);
        let first = author.seal(AREA, &[session]);
        world.deposit(vec![first.clone()]).await?.receipt()?;
        let have = Inventory::from_iter([(edited.log(), edited.head())]);
        let later = world.sync(&mut reader, &have, Vec::new()).await?;
        let carried: Vec<_> = later
            .page
            .batches
            .iter()
            .flat_map(Batch::changes)
            .filter_map(|(entry, body)| body.map(|_| entry.change))
            .collect();
        assert!(carried.contains(&edit.2.hash()), "{carried:?}");
        assert_eq!(
            world.standings().await?.iter().map(|s| s.0.as_str()).collect::<Vec<_>>(),
            ["released", "admitted", "admitted"]
        );
        Ok(())
    })
    .await
}

async fn decide(
    world: &World,
    device: &mut TestDevice,
    what: &str,
    body: &str,
) -> Result<crate::ingest::testing::Answer, Failure> {
    let path = format!("/v1/quarantine/1/0/{what}");
    world.call(device, "POST", &path, "application/json", body.as_bytes().to_vec()).await
}

#[tokio::test]
async fn a_released_change_reaches_other_devices() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut revoked = world.device(Role::Guard, &[AREA]).await?;
        world.revoke(revoked.id).await?;
        world.deposit(vec![sealed(&mut revoked)]).await?.receipt()?;
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let mut stranger = world.device(Role::Officer, &[OTHER_AREA]).await?;
        let mut guard = world.device(Role::Guard, &[AREA]).await?;

        let listed = world.call(&mut officer, "GET", "/v1/quarantine", "", Vec::new()).await?;
        let listed: serde_json::Value = serde_json::from_slice(&listed.body)?;
        assert_eq!(listed["items"][0]["reason"], "device-revoked");
        let nothing = world.call(&mut stranger, "GET", "/v1/quarantine", "", Vec::new()).await?;
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&nothing.body)?["items"].as_array().map(Vec::len),
            Some(0)
        );

        assert_eq!(decide(world, &mut stranger, "release", "{}").await?.code()?, "quarantine.unknown");
        assert_eq!(decide(world, &mut guard, "release", "{}").await?.code()?, "quarantine.not-yours");
        assert_eq!(decide(world, &mut officer, "release", "{}").await?.status, StatusCode::OK);
        assert_eq!(decide(world, &mut officer, "release", "{}").await?.code()?, "quarantine.decided");
        assert_eq!((world.count("session").await?, world.count("audit").await?), (1, 1));

        let received = world.all(&mut guard).await?;
        let adopted: Vec<_> =
            received.iter().flat_map(Batch::changes).filter(|(entry, body)| entry.adopted && body.is_some()).collect();
        assert_eq!(adopted.len(), 1);
        Ok(())
    })
    .await
}

async fn listed(world: &World, device: &mut TestDevice, query: &str) -> Result<Vec<serde_json::Value>, Failure> {
    let answer = world.call(device, "GET", &format!("/v1/quarantine{query}"), "", Vec::new()).await?;
    let mut listed: serde_json::Value = serde_json::from_slice(&answer.body)?;
    Ok(listed["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

#[tokio::test]
async fn a_change_left_out_is_kept_with_the_reason_and_may_be_released_later() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut revoked = world.device(Role::Guard, &[AREA]).await?;
        world.revoke(revoked.id).await?;
        world.deposit(vec![sealed(&mut revoked)]).await?.receipt()?;
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        assert_eq!(decide(world, &mut officer, "leave", "{}").await?.code()?, "body.field");
        let left = decide(world, &mut officer, "leave", r#"{"reason": "bản ghi thử"}"#).await?;
        assert_eq!(left.status, StatusCode::OK);
        assert_eq!(world.standings().await?[0].0, "left");
        assert_eq!(world.count("session").await?, 0);
        assert_eq!(decide(world, &mut officer, "leave", r#"{"reason": "x"}"#).await?.code()?, "quarantine.decided");

        assert!(listed(world, &mut officer, "").await?.is_empty());
        let left = &listed(world, &mut officer, "?standing=left").await?[0];
        let expected = ("left", "device-revoked", "bản ghi thử");
        let text = |field: &str| left[field].as_str().unwrap_or_default();
        assert_eq!((text("standing"), text("reason"), text("note")), expected);
        assert!(left["decided_by"].is_string() && left["decided_at_ms"].is_number(), "{left}");
        let other = world.call(&mut officer, "GET", "/v1/quarantine?standing=gone", "", Vec::new()).await?;
        assert_eq!(other.code()?, "query.parameter");

        // The officer thinks better of it.
        assert_eq!(decide(world, &mut officer, "release", "{}").await?.status, StatusCode::OK);
        assert_eq!(world.count("session").await?, 1);
        assert_eq!(listed(world, &mut officer, "?standing=released").await?.len(), 1);
        assert!(listed(world, &mut officer, "?standing=left").await?.is_empty());
        let scratch = TestDb::sqlite().await?;
        assert_eq!(crate::maintenance::verify(&world.app.db, &scratch.db).await?, []);
        Ok(())
    })
    .await
}

/// The list, a page of one change after the other.
async fn page_by_page(world: &World, device: &mut TestDevice, query: &str) -> Result<Vec<serde_json::Value>, Failure> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let Some(item) = listed(world, device, &format!("?limit=1{query}{after}")).await?.pop() else {
            return Ok(all);
        };
        after = format!("&after_batch={}&after_ordinal={}", item["batch"], item["ordinal"]);
        all.push(item);
    }
}

#[tokio::test]
async fn the_list_goes_on_where_it_ended_within_the_areas_of_who_asks() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut here = world.device(Role::Guard, &[AREA]).await?;
        let mut there = world.device(Role::Guard, &[OTHER_AREA]).await?;
        for device in [&here, &there] {
            world.revoke(device.id).await?;
        }
        for _ in 0..2 {
            let changes = [here.session(1), here.session(2)];
            world.deposit(vec![here.seal(AREA, &changes)]).await?.receipt()?;
            let changes = [there.session(3)];
            world.deposit(vec![there.seal(OTHER_AREA, &changes)]).await?.receipt()?;
        }
        let of = |items: &[serde_json::Value]| -> Vec<(i64, i64)> {
            let number = |item: &serde_json::Value, field: &str| item[field].as_i64().unwrap_or(-1);
            items.iter().map(|item| (number(item, "batch"), number(item, "ordinal"))).collect()
        };
        let all = vec![(1, 0), (1, 1), (2, 0), (3, 0), (3, 1), (4, 0)];
        let (ours, theirs) = (vec![(1, 0), (1, 1), (3, 0), (3, 1)], vec![(2, 0), (4, 0)]);
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let mut other = world.device(Role::Officer, &[OTHER_AREA]).await?;
        let mut both = world.device(Role::Officer, &[AREA, OTHER_AREA]).await?;
        let mut coordinator = world.device(Role::Coordinator, &[]).await?;
        for (device, expected) in
            [(&mut officer, &ours), (&mut other, &theirs), (&mut both, &all), (&mut coordinator, &all)]
        {
            for standing in ["", "&standing=quarantined"] {
                let whole = listed(world, device, &format!("?limit=500{standing}")).await?;
                assert_eq!(of(&whole), *expected);
                assert_eq!(page_by_page(world, device, standing).await?, whole);
            }
            assert!(listed(world, device, "?standing=waiting").await?.is_empty());
        }
        Ok(())
    })
    .await
}
