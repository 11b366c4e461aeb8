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
mod opening;
mod read;
mod schema;
mod write;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

pub(super) use journal::Kept;
pub(super) use meta::{Key, Profile};
pub(super) use read::{Held, Place};

use super::error::FieldError;
use crate::durable::make_private;
use lock::Lock;
use opening::Opening;

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
    opening: Opening,
    /// A write failed on this connection, which may count a transaction that is no more, or it only reads: nothing is
    /// written on it.
    spoilt: bool,
    /// Test-only: when the power goes.
    #[cfg(test)]
    power: Option<Power>,
    _lock: Lock,
}

impl Store {
    /// Whether a device was enrolled here.
    pub(super) fn exists(directory: &Path) -> bool {
        directory.join(DATABASE).is_file()
    }

    /// Opens the store, which is made when there is none; waits at most `wait` for another program to close it.
    ///
    /// On a full or failing disk it opens for reading: what is recorded can be shown, and what is typed is not lost
    /// before it was asked for. Each write then tries again.
    pub(super) async fn open(directory: &Path, durability: Durability, wait: Duration) -> Result<Self, FieldError> {
        // One that exists keeps the rights it has: it may be everybody's.
        make_private(directory).map_err(|error| FieldError::io(directory.display().to_string(), error))?;
        let lock = Lock::take(directory, wait).await?;
        let opening = Opening { directory: directory.to_owned(), durability };
        let (connection, spoilt) = match opening.for_writing().await {
            Ok(connection) => (connection, false),
            Err(error) if error.is_storage() => (opening.for_reading().await.map_err(|_| error)?, true),
            Err(error) => return Err(error),
        };
        Ok(Self {
            connection,
            opening,
            spoilt,
            #[cfg(test)]
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

    /// The connection to write on. After a failure, which SQLite may have answered by rolling back on its own, a fresh
    /// one: on the old one a later transaction could be the inner one of a transaction that never commits.
    async fn writer(&mut self) -> Result<&mut SqliteConnection, FieldError> {
        if self.spoilt {
            // Closed first: the one connection may hold the file for itself.
            let nothing = SqliteConnectOptions::new().in_memory(true).connect().await?;
            std::mem::replace(&mut self.connection, nothing).close().await.ok();
            match self.opening.for_writing().await {
                Ok(connection) => (self.connection, self.spoilt) = (connection, false),
                Err(error) => {
                    self.connection = self.opening.for_reading().await?;
                    return Err(error);
                }
            }
        }
        Ok(&mut self.connection)
    }

    /// Remembers that a write failed; called after every commit.
    fn noting<T>(&mut self, done: Result<T, FieldError>) -> Result<T, FieldError> {
        #[cfg(test)]
        let done = done.and_then(|done| match self.power {
            Some(Power { transactions: 0, last_is_heard: false }) => Err(Power::gone()),
            _ => Ok(done),
        });
        self.spoilt |= done.is_err();
        done
    }

    /// Lets the power go at a moment.
    #[cfg(test)]
    pub(super) fn cut_power(&mut self, at: Power) {
        self.power = Some(at);
    }

    /// Fails when the power is gone; called before every commit.
    fn spend_power(&mut self) -> Result<(), FieldError> {
        #[cfg(test)]
        if let Some(power) = &mut self.power {
            power.transactions = power.transactions.checked_sub(1).ok_or_else(Power::gone)?;
        }
        Ok(())
    }
}

/// When the power goes, in a test.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub(in crate::field) struct Power {
    /// So many transactions still reach the disk.
    pub(in crate::field) transactions: usize,
    /// Whether the device hears that the last of them did.
    pub(in crate::field) last_is_heard: bool,
}

#[cfg(test)]
impl Power {
    fn gone() -> FieldError {
        FieldError::io("power", std::io::Error::other("cut by a test"))
    }
}
