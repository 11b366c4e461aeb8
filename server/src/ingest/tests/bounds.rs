//! What a hostile device may make the server keep at hand: changes of one record, and batches that wait.

use sync_core::id::Role;
use sync_core::log::Batch;

use crate::db::testing::{Failure, TestDb};
use crate::ingest::testing::{AREA, Change, TestDevice, World, on_each_server};
use crate::maintenance::verify;

const WAITING_CHANGES: &str = "change where verdict = 'waiting'";
const OVER_QUOTA: &str = "change where reason = 'quota'";
const WAITING_BATCHES: &str = "batch where state = 'waiting'";
const FORKED_BATCHES: &str = "batch where state = 'forked'";

async fn finds_nothing(world: &World) -> Result<(), Failure> {
    let scratch = TestDb::sqlite().await?;
    let findings = verify(&world.app.db, &scratch.db).await?;
    assert!(findings.is_empty(), "{findings:?}");
    scratch.db.close().await;
    Ok(())
}

/// Deposits so many edits of a session, in batches of 200.
async fn edit(world: &World, by: &mut TestDevice, session: &Change, edits: u32) -> Result<(), Failure> {
    let edits: Vec<Change> = (0..edits).map(|n| by.edit(&[session], 1000 + n)).collect();
    for edits in edits.chunks(200) {
        world.deposit(vec![by.seal(AREA, edits)]).await?.receipt()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_record_has_512_changes_and_256_wait_for_it() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut author = world.device(Role::Guard, &[AREA]).await?;
        let mut editor = world.device(Role::Officer, &[AREA]).await?;
        let session = author.session(10);
        edit(world, &mut editor, &session, 300).await?;
        assert_eq!((world.count(WAITING_CHANGES).await?, world.count(OVER_QUOTA).await?), (256, 44));
        let first = author.seal(AREA, std::slice::from_ref(&session));
        world.deposit(vec![first]).await?.receipt()?;
        assert_eq!((world.count(WAITING_CHANGES).await?, world.count(OVER_QUOTA).await?), (0, 44));
        edit(world, &mut editor, &session, 300).await?;
        assert_eq!((world.count(WAITING_CHANGES).await?, world.count(OVER_QUOTA).await?), (0, 89));
        finds_nothing(world).await
    })
    .await
}

/// A batch waits only as long as nobody can tell what it belongs to.
#[tokio::test]
async fn a_waiting_batch_is_told_a_fork_as_soon_as_what_it_follows_is() -> Result<(), Failure> {
    on_each_server(async |world: &World| {
        let mut phone = world.device(Role::Guard, &[AREA]).await?;
        let chain = |phone: &mut TestDevice, batches: u32| -> Vec<Batch> {
            let sessions: Vec<Change> = (0..batches).map(|n| phone.session(n)).collect();
            sessions.iter().map(|session| phone.seal(AREA, std::slice::from_ref(session))).collect()
        };
        let main = chain(&mut phone, 5);
        phone.heads.insert(AREA, main[2].head());
        let branch = chain(&mut phone, 5);
        world.deposit(main).await?.receipt()?;
        world.deposit(vec![branch[4].clone()]).await?.receipt()?;
        world.deposit(branch[..3].to_vec()).await?.receipt()?;
        assert_eq!((world.count(WAITING_BATCHES).await?, world.count(FORKED_BATCHES).await?), (1, 3));
        world.deposit(vec![branch[3].clone()]).await?.receipt()?;
        assert_eq!((world.count(WAITING_BATCHES).await?, world.count(FORKED_BATCHES).await?), (0, 5));
        finds_nothing(world).await
    })
    .await
}
