//! A device's store on disk: one directory, one program at a time, every transaction all or nothing.
//!
//! | File | Holds |
//! |---|---|
//! | `store.sqlite` | batches, changes, pending changes, receipts, directory, reference data |
//! | `key` | the device's private key, see [`super::key`] |
//! | `lock` | nothing; the program that works on the store holds an operating system lock on it |
//!
//! The database runs in WAL mode with `synchronous = FULL`: a change whose recording was confirmed survives a loss of
//! power. Memory is built from the store at each opening, never the other way round.

mod journal;
mod lock;
mod meta;
mod read;
mod schema;
mod write;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

pub(super) use journal::Kept;
pub(super) use meta::{Key, Profile};
pub(super) use read::{Held, Place};

use super::error::FieldError;
use crate::scratch::make_private;
use lock::Lock;

/// The database's file name.
const DATABASE: &str = "store.sqlite";

/// How safe a confirmed write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// It survives a loss of power. What people's records need.
    #[default]
    PowerLoss,
    /// It survives the end of the program only. For load tests and sample data, which can be made again.
    Process,
}

/// An open store. Dropping it lets the next program in.
#[derive(Debug)]
pub(super) struct Store {
    connection: SqliteConnection,
    /// Test-only: so many more transactions reach the disk; then the power is gone.
    #[cfg(any(test, feature = "testing"))]
    power: Option<usize>,
    _lock: Lock,
}

impl Store {
    /// Whether a device was enrolled here.
    pub(super) fn exists(directory: &Path) -> bool {
        directory.join(DATABASE).is_file()
    }

    /// Opens the store, which is made when there is none; waits at most `wait` for another program to close it.
    pub(super) async fn open(directory: &Path, durability: Durability, wait: Duration) -> Result<Self, FieldError> {
        // One that exists keeps the rights it has: it may be everybody's.
        make_private(directory).map_err(|error| FieldError::io(directory.display().to_string(), error))?;
        let lock = Lock::take(directory, wait).await?;
        let synchronous = match durability {
            Durability::PowerLoss => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Off,
        };
        let mut connection = SqliteConnectOptions::new()
            .filename(directory.join(DATABASE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .disable_statement_logging()
            .connect()
            .await?;
        schema::migrate(&mut connection).await?;
        if durability == Durability::PowerLoss {
            assert_durable(&mut connection).await?;
        }
        Ok(Self {
            connection,
            #[cfg(any(test, feature = "testing"))]
            power: None,
            _lock: lock,
        })
    }

    /// Closes the database in good order; the lock goes last.
    pub(super) async fn close(self) -> Result<(), FieldError> {
        let Self { connection, _lock, .. } = self;
        connection.close().await?;
        Ok(())
    }

    /// Lets so many more transactions reach the disk, as if the power went then.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn cut_power_after(&mut self, transactions: usize) {
        self.power = Some(transactions);
    }

    /// Fails when the power is gone; called before every commit.
    fn spend_power(&mut self) -> Result<(), FieldError> {
        #[cfg(any(test, feature = "testing"))]
        if let Some(left) = &mut self.power {
            *left =
                left.checked_sub(1).ok_or_else(|| FieldError::io("power", std::io::Error::other("cut by a test")))?;
        }
        Ok(())
    }
}

/// Durability is read back: a file system or build of SQLite that does not take the setting is no place for records.
async fn assert_durable(connection: &mut SqliteConnection) -> Result<(), FieldError> {
    let journal: String =
        sqlx::query_scalar("select journal_mode from pragma_journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 =
        sqlx::query_scalar("select synchronous from pragma_synchronous").fetch_one(connection).await?;
    if journal == "wal" && synchronous == 2 { Ok(()) } else { Err(FieldError::NotDurable) }
}
