//! A device is revoked, or loses rights, while its batches are under way.

use axum::http::StatusCode;
use sync_core::id::Role;

use crate::account;
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::Principal;
use crate::db::testing::Failure;
use crate::device;
use crate::ingest::lane::Lane;
use crate::ingest::queue::{Incoming, prepare_group, store_group};
use crate::ingest::standing::Via;
use crate::ingest::testing::{AREA, START, TestDevice, World, on_each_server};
use crate::intake::Held;

/// The principal of a device, as a request just authenticated would have it.
async fn principal(world: &World, device: &TestDevice) -> Result<Principal, Failure> {
    use axum::extract::FromRequest;
    let proof = crate::auth::statement::proof_header(&device.key, "GET", "/v1/devices", b"", &device.token, 1 << 40);
    let request = axum::http::Request::builder()
        .uri("/v1/devices")
        .header("authorization", format!("Bearer {}", device.token))
        .header(crate::auth::statement::PROOF_HEADER, proof)
        .body(axum::body::Body::empty())?;
    Principal::from_request(request, &world.app).await.map_err(|problem| format!("{problem:?}").into())
}

/// A second server process over the same database.
fn sibling(world: &World) -> AppState {
    AppState::new(world.app.db.clone(), world.app.config.clone(), world.clock.clone())
}

async fn revoke_at(app: &AppState, device: &TestDevice) -> Result<(), Failure> {
    let id = device.id;
    app.db.write(async |tx| device::revoke(tx, Actor::CommandLine, id, "mất máy", START).await).await?;
    Ok(())
}

/// The revocation commits at another process, after this one checked signature and sign-in and before it stores.
#[tokio::test]
async fn a_revocation_between_preparation_and_commit_denies_the_sync() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let principal = principal(world, &phone).await?;
        let incoming = Incoming {
            batches: vec![batch.clone()],
            via: Via::Sync,
            carrier: Some(phone.id),
            principal: Some(principal),
            held: Held::default(),
        };
        let (submissions, context) =
            prepare_group(&world.app, vec![incoming], Lane::Quick).await.map_err(|p| p.code())?;
        revoke_at(&sibling(world), &phone).await?;
        let outcomes = store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        assert_eq!(outcomes[0].denied.as_ref().map(|problem| problem.code()), Some("device.revoked"));
        assert_eq!((outcomes[0].admitted, outcomes[0].heads.len(), world.count("batch").await?), (0, 0, 0));
        // Nothing is dropped: what it holds is deposited, and kept where an officer sees it.
        world.deposit(vec![batch]).await?.receipt()?;
        assert_eq!(world.standings().await?, [("quarantined".to_owned(), Some("device-revoked".to_owned()))]);
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let listed = world.call(&mut officer, "GET", "/v1/quarantine", "", Vec::new()).await?;
        let listed: serde_json::Value = serde_json::from_slice(&listed.body)?;
        assert_eq!(listed["items"][0]["reason"], "device-revoked");
        Ok(())
    })
    .await
}

/// A deposit has no sign-in: its batches are kept, and judged by what holds when they are stored.
#[tokio::test]
async fn a_revocation_between_preparation_and_commit_keeps_a_deposit_in_quarantine() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let incoming =
            Incoming { batches: vec![batch], via: Via::Deposit, carrier: None, principal: None, held: Held::default() };
        let (submissions, context) =
            prepare_group(&world.app, vec![incoming], Lane::Quick).await.map_err(|p| p.code())?;
        revoke_at(&sibling(world), &phone).await?;
        let outcomes = store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        assert_eq!((outcomes[0].admitted, outcomes[0].heads.len()), (0, 1), "it is signed for all the same");
        assert_eq!(world.standings().await?, [("quarantined".to_owned(), Some("device-revoked".to_owned()))]);
        Ok(())
    })
    .await
}

/// Of a group only the revoked device's part is denied.
#[tokio::test]
async fn others_of_the_same_group_are_stored() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut incoming = Vec::new();
        let mut phones = Vec::new();
        for n in 0..3 {
            let mut phone = world.device(Role::Guard, &[AREA]).await?;
            let session = phone.session(n);
            let batches = vec![phone.seal(AREA, &[session])];
            let principal = Some(principal(world, &phone).await?);
            incoming.push(Incoming {
                batches,
                via: Via::Sync,
                carrier: Some(phone.id),
                principal,
                held: Held::default(),
            });
            phones.push(phone);
        }
        let (submissions, context) = prepare_group(&world.app, incoming, Lane::Quick).await.map_err(|p| p.code())?;
        revoke_at(&sibling(world), &phones[1]).await?;
        let outcomes = store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        let denied: Vec<bool> = outcomes.iter().map(|outcome| outcome.denied.is_some()).collect();
        assert_eq!((denied, world.count("batch").await?), (vec![false, true, false], 2));
        Ok(())
    })
    .await
}

/// Rights that are taken away count like a revocation: what was sealed under the old certificate waits for a person.
#[tokio::test]
async fn an_area_taken_away_during_a_sync_denies_it_and_a_deposit_is_kept() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let principal = principal(world, &phone).await?;
        let account = principal.account;
        let incoming = Incoming {
            batches: vec![batch.clone()],
            via: Via::Sync,
            carrier: Some(phone.id),
            principal: Some(principal),
            held: Held::default(),
        };
        let (submissions, context) =
            prepare_group(&world.app, vec![incoming], Lane::Quick).await.map_err(|p| p.code())?;
        let fewer = account::Change { areas: Some(vec![crate::ingest::testing::OTHER_AREA]), ..Default::default() };
        let db = &world.app.db;
        db.write(async |tx| account::change(tx, Actor::CommandLine, account, &fewer, START).await).await?;
        let outcomes = store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        assert_eq!(outcomes[0].denied.as_ref().map(|problem| problem.code()), Some("auth.changed"));
        assert_eq!(world.deposit(vec![batch]).await?.status, StatusCode::OK);
        assert_eq!(world.standings().await?, [("quarantined".to_owned(), Some("area-out-of-scope".to_owned()))]);
        Ok(())
    })
    .await
}
