//! Verdicts given before the transaction: they count while their records are as they were, and only then.

use sync_core::id::Role;
use sync_core::log::Batch;

use crate::db::testing::Failure;
use crate::ingest::lane::Lane;
use crate::ingest::prepare::Prepared;
use crate::ingest::queue::{Incoming, prepare_group, store_group};
use crate::ingest::standing::Via;
use crate::ingest::testing::{AREA, World, on_each_server};
use crate::intake::Held;

fn deposited(batch: Batch) -> Vec<Incoming> {
    vec![Incoming { batches: vec![batch], via: Via::Deposit, carrier: None, principal: None, held: Held::default() }]
}

/// How many of its changes the gate has spoken of.
fn spoken(batch: &Result<std::sync::Arc<Prepared>, crate::ingest::Refusal>) -> usize {
    batch.as_ref().map_or(0, |prepared| prepared.foreseen.len())
}

async fn verdicts(world: &World) -> Result<Vec<String>, Failure> {
    Ok(world.standings().await?.into_iter().map(|(verdict, _)| verdict).collect())
}

#[tokio::test]
async fn the_gate_speaks_of_every_change_before_the_transaction() -> Result<(), Failure> {
    for lane in [Lane::Quick, Lane::Bulk] {
        on_each_server(async |world: &World| {
            let mut phone = world.device(Role::Guard, &[AREA]).await?;
            let stored = phone.session(1);
            world.deposit(vec![phone.seal(AREA, std::slice::from_ref(&stored))]).await?.receipt()?;
            let edit = phone.edit(&[&stored], 2);
            let again = phone.edit(&[&stored, &edit], 3);
            let batch = phone.seal(AREA, &[edit, again]);
            let (submissions, context) =
                prepare_group(&world.app, deposited(batch), lane).await.map_err(|p| p.code())?;
            assert_eq!(spoken(&submissions[0].batches[0]), 2);
            store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
            assert_eq!(verdicts(world).await?, ["admitted"; 3]);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_came_between_preparation_and_commit_is_seen() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut author = world.device(Role::Guard, &[AREA]).await?;
        let mut editor = world.device(Role::Guard, &[AREA]).await?;
        let session = author.session(1);
        let edit = editor.edit(&[&session], 2);
        let edited = editor.seal(AREA, &[edit]);
        // What it follows is not there yet: it would wait.
        let (submissions, context) =
            prepare_group(&world.app, deposited(edited), Lane::Bulk).await.map_err(|p| p.code())?;
        assert_eq!(spoken(&submissions[0].batches[0]), 1);
        world.deposit(vec![author.seal(AREA, &[session])]).await?.receipt()?;
        store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        assert_eq!(verdicts(world).await?, ["admitted"; 2]);
        Ok(())
    })
    .await
}

/// The certificate says officer, the account meanwhile guard: what the gate said of an officer does not count.
#[tokio::test]
async fn a_role_taken_away_between_preparation_and_commit_is_seen() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut officer = world.device(Role::Officer, &[AREA]).await?;
        let session = officer.session(1);
        let review = officer.review(&session);
        let batch = officer.seal(AREA, &[session, review]);
        let (submissions, context) =
            prepare_group(&world.app, deposited(batch), Lane::Bulk).await.map_err(|p| p.code())?;
        let guard = crate::account::Change { role: Some(Role::Guard), ..Default::default() };
        world.change(&officer, guard).await?;
        store_group(&world.app, &submissions, &context).await.map_err(|p| p.code())?;
        let kept = ("quarantined".to_owned(), Some("role-may-not-write".to_owned()));
        assert_eq!(world.standings().await?, [("admitted".to_owned(), None), kept]);
        Ok(())
    })
    .await
}
