//! The store: crashes, locks, keys.

use std::collections::BTreeSet;
use std::time::Duration;

use age::secrecy::SecretString;
use sync_core::id::Role;

use super::*;
use crate::field::store::Power;
use crate::field::{End, FieldError};

#[tokio::test]
async fn a_loss_of_power_at_any_transaction_loses_nothing_confirmed() -> Result<(), Failure> {
    let world = World::new().await?;
    let mut other = world.enrol("guard-b", Role::Guard, &[AREA]).await?;
    record(&mut other, 7).await?;
    sync(&mut other).await?;
    let field = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    field.close().await?;
    let mut confirmed = BTreeSet::new();
    // Before a transaction reaches the disk, and after it did but before the device hears of it.
    let moments = (0..14).map(|transactions| Power { transactions, last_is_heard: true });
    let unheard = (1..14).map(|transactions| Power { transactions, last_is_heard: false });
    for (number, power) in moments.chain(unheard).enumerate() {
        let mut field = world.open("guard-a").await?;
        field.cut_power(power);
        for _ in 0..2 {
            if let Ok(id) = field.record(AREA, &session(u32::try_from(number)?)).await {
                confirmed.insert(id);
            }
        }
        drop(field.sync(&mut |_, _| {}).await);
        drop(field);
        let mut field = world.open("guard-a").await?;
        let held: BTreeSet<_> = field.list().await?.into_iter().map(|found| found.summary.id).collect();
        assert!(held.is_superset(&confirmed), "{power:?}");
        field.close().await?;
    }
    let mut field = world.open("guard-a").await?;
    assert!(matches!(sync(&mut field).await?.end, End::Synced { .. }));
    let status = field.status().await?;
    assert_eq!((status.only_here, status.sent), (0, 0));
    sync(&mut other).await?;
    for found in field.list().await? {
        assert_eq!(field.digest(found.summary.id).await?, other.digest(found.summary.id).await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_second_program_on_one_store_says_so_or_waits() -> Result<(), Failure> {
    let world = World::new().await?;
    let field = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    let directory = world.store("guard-a");
    let error = Field::open(&directory, world.options()).await.expect_err("locked");
    assert!(matches!(error, FieldError::Locked { .. }));
    let waits = OpenOptions { wait: Duration::from_secs(30), ..world.options() };
    let second = tokio::spawn(async move { Field::open(&directory, waits).await });
    field.close().await?;
    second.await??.close().await?;
    Ok(())
}

#[tokio::test]
async fn a_protected_key_opens_with_its_passphrase_alone() -> Result<(), Failure> {
    let world = World::new().await?;
    let code = world.code("guard-a", Role::Guard, &[AREA]).await?;
    let with = Enrolment { server: &world.address, code: &code, label: "phone" };
    let open = |passphrase: Option<&str>| OpenOptions {
        passphrase: passphrase.map(|text| SecretString::from(text.to_owned())),
        ..world.options()
    };
    let directory = world.store("guard-a");
    Field::enrol(&directory, with, open(Some("suối reo"))).await?.close().await?;
    assert!(std::fs::read(directory.join("key"))?.starts_with(b"age-encryption.org"));
    assert!(matches!(Field::open(&directory, open(None)).await, Err(FieldError::PassphraseNeeded)));
    assert!(matches!(Field::open(&directory, open(Some("x"))).await, Err(FieldError::PassphraseWrong)));
    Field::open(&directory, open(Some("suối reo"))).await?.close().await?;
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn store_and_key_are_their_owners_alone() -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await?;
    world.enrol("guard-a", Role::Guard, &[AREA]).await?.close().await?;
    let mode = |path: PathBuf| std::fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
    assert_eq!(mode(world.store("guard-a"))?, 0o700);
    assert_eq!(mode(world.store("guard-a").join("key"))?, 0o600);
    Ok(())
}

#[tokio::test]
async fn a_store_without_a_device_says_what_to_run() -> Result<(), Failure> {
    let world = World::new().await?;
    let error = Field::open(&world.store("nothing"), world.options()).await.expect_err("not enrolled");
    assert!(matches!(error, FieldError::NotEnrolled { .. }));
    assert!(!world.store("nothing").exists(), "nothing was made");
    Ok(())
}

#[tokio::test]
async fn durable_stores_open_with_full_synchronisation() -> Result<(), Failure> {
    let world = World::new().await?;
    let field = world.enrol("guard-a", Role::Guard, &[AREA]).await?;
    field.close().await?;
    let durable = OpenOptions { durability: Durability::PowerLoss, ..world.options() };
    let mut field = Field::open(&world.store("guard-a"), durable).await?;
    record(&mut field, 3).await?;
    assert_eq!(field.list().await?.len(), 1);
    Ok(())
}
