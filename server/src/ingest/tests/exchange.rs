//! What devices receive, and what a request cut, repeated or unanswered leaves behind.

use axum::http::StatusCode;
use sync_core::id::Role;
use sync_core::log::{Batch, Digest16, Inventory};
use sync_core::sync::{Epoch, Page, Proposal, Request, Response};

use crate::db::testing::Failure;
use crate::ingest::testing::{AREA, OTHER_AREA, START, World, on_each_server, request};

#[tokio::test]
async fn what_one_device_brings_another_receives() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA, OTHER_AREA]).await?;
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let (here, there) = (phone.session(1), phone.session(2));
        let (here, there) = (phone.seal(AREA, &[here]), phone.seal(OTHER_AREA, &[there]));
        world.sync(&mut phone, &Inventory::new(), vec![here.clone(), there]).await?;
        let exchange = world.sync(&mut officer, &Inventory::new(), Vec::new()).await?;
        assert_eq!(exchange.page.batches, [here]);
        assert_eq!(exchange.heads.len(), 1);
        assert_eq!(exchange.directory.iter().map(|entry| entry.device()).collect::<Vec<_>>(), [phone.id]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_to_do_is_one_small_answer() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let exchange = world.sync(&mut phone, &Inventory::new(), vec![batch]).await?;
        let again = Request { agreement: exchange.agreement, ..request(&Inventory::new(), Vec::new()) };
        let answer = world.sync_raw(&mut phone, &again).await?;
        assert_eq!(answer.response()?, Response::InAgreement { at: START });
        let headers: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        assert!(headers + answer.body.len() < 200, "{headers} {}", answer.body.len());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_agreement_is_what_both_sides_work_out() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let exchange = world.sync(&mut phone, &phone_inventory(&batch), vec![batch.clone()]).await?;
        let proposal =
            Proposal { epoch: Epoch::default(), inventory: phone_inventory(&batch), backed_up: Inventory::new() };
        assert_eq!(exchange.agreement, proposal.digest());
        // Another device moves the server on: the agreement is remembered, and only what differs is told.
        let mut other = world.device(Role::Guard, &[AREA]).await?;
        let theirs = other.session(2);
        let theirs = other.seal(AREA, &[theirs]);
        world.sync(&mut other, &Inventory::new(), vec![theirs.clone()]).await?;
        let next = Request { agreement: exchange.agreement, ..request(&Inventory::new(), Vec::new()) };
        let Response::Exchange { exchange, .. } = world.sync_raw(&mut phone, &next).await?.response()? else {
            return Err("an exchange".into());
        };
        assert_eq!(exchange.heads, [(theirs.log(), theirs.head())]);
        assert_eq!(exchange.page.batches, [theirs]);
        Ok(())
    })
    .await
}

fn phone_inventory(batch: &Batch) -> Inventory {
    Inventory::from_iter([(batch.log(), batch.head())])
}

#[tokio::test]
async fn an_unknown_agreement_asks_for_the_inventory_and_the_batches_are_stored() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(AREA, &[session]);
        let asked = Request { agreement: Digest16([9; 16]), ..request(&Inventory::new(), vec![batch]) };
        let answer = world.sync_raw(&mut phone, &asked).await?.response()?;
        assert_eq!(answer, Response::UnknownAgreement { at: START });
        assert_eq!(world.count("batch").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_request_cut_anywhere_leaves_nothing() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let changes: Vec<_> = (1..=3).map(|n| phone.session(n)).collect();
        let batches: Vec<Batch> = changes.into_iter().map(|change| phone.seal(AREA, &[change])).collect();
        let whole = request(&Inventory::new(), batches).to_bytes();
        for len in 0..whole.len() {
            let cut = whole[..len].to_vec();
            let answer = world.call(&mut phone, "POST", "/v1/sync", crate::ingest::route::SYNC, cut).await?;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "at {len}");
        }
        assert_eq!(world.count("batch").await?, 0);
        let answer = world.call(&mut phone, "POST", "/v1/sync", crate::ingest::route::SYNC, whole).await?;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(world.count("session").await?, 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pages_cover_everything_once() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let changes: Vec<_> = (1..=30).map(|n| phone.session(n)).collect();
        let batches: Vec<Batch> = changes.into_iter().map(|change| phone.seal(AREA, &[change])).collect();
        world.sync(&mut phone, &Inventory::new(), batches.clone()).await?;
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let mut inventory = Inventory::new();
        let mut received = Vec::new();
        loop {
            let asked = Request { page_bytes: 1000, ..request(&inventory, Vec::new()) };
            let Response::Exchange { exchange, .. } = world.sync_raw(&mut officer, &asked).await?.response()? else {
                return Err("an exchange".into());
            };
            for batch in &exchange.page.batches {
                inventory.set(batch.log(), batch.head());
            }
            received.extend(exchange.page.batches);
            if !exchange.more {
                break;
            }
        }
        assert_eq!(received, batches);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_area_outside_the_scope_is_named_and_nothing_of_it_is_told() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[OTHER_AREA]).await?;
        let session = phone.session(1);
        let batch = phone.seal(OTHER_AREA, &[session]);
        world.sync(&mut phone, &Inventory::new(), vec![batch.clone()]).await?;
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let exchange = world.sync(&mut officer, &phone_inventory(&batch), Vec::new()).await?;
        assert_eq!((exchange.outside.as_slice(), exchange.heads.len()), (&[OTHER_AREA][..], 0));
        assert_eq!(exchange.page, Page::default());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_wrong_media_type_names_the_accepted_one() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let answer = world.call(&mut phone, "POST", "/v1/sync", "text/plain", vec![1]).await?;
        assert_eq!(answer.code()?, "body.media-type");
        Ok(())
    })
    .await
}
