//! Ways to open the database of a store.

use std::path::PathBuf;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::super::error::FieldError;
use super::{DATABASE, Durability, schema};
use crate::durable::sync_parent;

/// Where a database lies and how safe its writes are to be.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) directory: PathBuf,
    pub(super) durability: Durability,
}

impl Opening {
    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new().filename(self.directory.join(DATABASE)).disable_statement_logging()
    }

    /// Opens it to read and write, with the schema of this program.
    ///
    /// # Errors
    /// What the disk says; where the disk is full, that, and not what SQLite makes of it.
    pub(super) async fn for_writing(&self) -> Result<SqliteConnection, FieldError> {
        match self.durable().await {
            Err(error) if error.is_storage() => Err(self.probe().err().unwrap_or(error)),
            opened => opened,
        }
    }

    async fn durable(&self) -> Result<SqliteConnection, FieldError> {
        let synchronous = match self.durability {
            Durability::PowerLoss => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Off,
        };
        let options = self
            .options()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true);
        let mut connection = options.connect().await?;
        schema::migrate(&mut connection).await?;
        if self.durability == Durability::PowerLoss {
            assert_durable(&mut connection).await?;
            // The write-ahead log was made anew. SQLite makes its name safe with its first sync, but does not say when
            // that fails.
            let name = self.directory.join(DATABASE);
            sync_parent(&name).map_err(|error| FieldError::io(name.display().to_string(), error))?;
        }
        Ok(connection)
    }

    /// Opens it where no file can be made or grow.
    ///
    /// After a program that ended in good order there is no write-ahead log and none can be begun: the database is read
    /// as a file that does not change. After one that did not, the log is there; its index is kept in memory. The lock on
    /// the store holds others off in either case.
    pub(super) async fn for_reading(&self) -> Result<SqliteConnection, FieldError> {
        let log = self.directory.join(format!("{DATABASE}-wal"));
        let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
        let options = match has_log {
            true => self.options().pragma("locking_mode", "exclusive"),
            false => self.options().read_only(true).immutable(true),
        };
        let mut connection = options.connect().await?;
        schema::assert_current(&mut connection).await?;
        Ok(connection)
    }

    /// Asks the disk itself: SQLite only says that it could not open a file.
    fn probe(&self) -> Result<(), FieldError> {
        let path = self.directory.join("probe");
        let done = std::fs::write(&path, b"?");
        std::fs::remove_file(&path).ok();
        done.map_err(|error| FieldError::io(self.directory.display().to_string(), error))
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
