//! What the database layer reports, alike for both engines.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

/// A database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A row with these values exists already.
    #[error("{on} must be unique")]
    Unique {
        /// The table and its columns, alike on both engines: `account(username)`, `unit(generation,code)`.
        on: String,
    },
    /// A row that is referred to does not exist, or one that is to go is referred to.
    #[error("a reference does not hold")]
    Reference,
    /// A check of the schema failed.
    #[error("check {name} failed")]
    Check {
        /// The name of the constraint.
        name: String,
    },
    /// One row was expected and there is none.
    #[error("no such row")]
    Missing,
    /// Another transaction was in the way; the whole transaction may be tried again.
    #[error("another transaction was in the way: {0}")]
    Contended(#[source] sqlx::Error),
    /// No connection to the database.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The disk or the database's share of it is full: nothing of the transaction holds. It goes on by itself once
    /// there is room.
    #[error("the storage is full: {0}")]
    Full(#[source] sqlx::Error),
    /// The disk failed to read or to write. When that happened in a commit, the transaction is undone here, but parts of
    /// it may be found after a crash: repeat it.
    #[error("the storage failed: {0}")]
    Storage(#[source] sqlx::Error),
    /// A stored value is not of the form the program wrote.
    #[error("{column}: stored value is damaged: {why}")]
    Damaged {
        /// Where it stands: `table.column`.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The address names no database this program can open.
    #[error("database_url: {why}; accepted: sqlite:path/to/file.db or postgres://user:password@host/database")]
    Url {
        /// What is wrong with it; never the address itself, which may hold a password.
        why: String,
    },
    /// The file the address names cannot be opened as a SQLite database.
    #[error("database_url: {}: {}", path.display(), sqlite_cause(error))]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        error: sqlx::Error,
    },
    /// The PostgreSQL server the address names cannot be reached, or does not let us in.
    #[error("database_url: PostgreSQL at {server}: {}", error.as_ref().map_or("no answer in time".to_owned(), ToString::to_string))]
    Unreachable {
        /// Host and port.
        server: String,
        /// Why; none when it did not answer in time.
        #[source]
        error: Option<sqlx::Error>,
    },
    /// SQLite runs with a setting that could lose what was acknowledged.
    #[error("SQLite pragma {name} is {got:?}, must be {expected:?}")]
    Pragma {
        /// The pragma.
        name: &'static str,
        /// The value durability rests on.
        expected: &'static str,
        /// The value in force.
        got: String,
    },
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migrate(#[source] MigrateError),
    /// A text holds a character this database does not store: U+0000 on PostgreSQL.
    #[error("a text cannot be stored: {0}")]
    Text(#[source] sqlx::Error),
    /// Any other failure of a statement.
    #[error("statement failed: {0}")]
    Statement(#[source] sqlx::Error),
}

/// What SQLite says of a file, in plain words where they are known.
fn sqlite_cause(error: &sqlx::Error) -> String {
    match sqlite_code(error) {
        Some(26) => "the file is no SQLite database".to_owned(),
        Some(14) => "the file or its directory is missing, or may not be read and written".to_owned(),
        _ => error.to_string(),
    }
}

/// The primary result code of SQLite.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    primary_code(error.as_database_error()?)
}

/// SQLite's primary result code: the lowest byte of the extended one.
fn primary_code(error: &dyn sqlx::error::DatabaseError) -> Option<u32> {
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}

impl DbError {
    /// Whether this is the violation of uniqueness of `on`, for instance `account(username)`.
    #[must_use]
    pub fn is_unique(&self, on: &str) -> bool {
        matches!(self, Self::Unique { on: found } if found == on)
    }
}

/// An error that may mean: run the whole transaction again.
pub trait Transient {
    /// Whether the same work may succeed when it is tried again.
    fn is_transient(&self) -> bool;
}

impl Transient for DbError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Contended(_))
    }
}

impl From<MigrateError> for DbError {
    fn from(error: MigrateError) -> Self {
        Self::Migrate(error)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(found) => match found.kind() {
                ErrorKind::UniqueViolation => Self::Unique { on: unique_on(&**found) },
                ErrorKind::ForeignKeyViolation => Self::Reference,
                ErrorKind::CheckViolation => Self::Check { name: check_name(&**found) },
                _ if is_contention(&**found) => Self::Contended(error),
                _ if is_unstorable_text(&**found) => Self::Text(error),
                _ if is_shutdown(&**found) => Self::Unavailable(error),
                _ if is_full(&**found) => Self::Full(error),
                _ if is_storage_failure(&**found) => Self::Storage(error),
                _ => Self::Statement(error),
            },
            _ => Self::Statement(error),
        }
    }
}

/// PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, locked, and their extended codes.
fn is_contention(error: &dyn sqlx::error::DatabaseError) -> bool {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => matches!(error.code(), "40001" | "40P01" | "55P03"),
        None => matches!(primary_code(error), Some(5 | 6)),
    }
}

/// PostgreSQL `disk_full`; SQLite `SQLITE_FULL`.
fn is_full(error: &dyn sqlx::error::DatabaseError) -> bool {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => error.code() == "53100",
        None => primary_code(error) == Some(13),
    }
}

/// PostgreSQL `io_error`; SQLite: a read-only file system, failed reading or writing, a file that cannot be opened, and
/// a damaged file, which is also what SQLite calls one that the device cannot read.
fn is_storage_failure(error: &dyn sqlx::error::DatabaseError) -> bool {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => error.code() == "58030",
        None => matches!(primary_code(error), Some(8 | 10 | 11 | 14 | 26)),
    }
}

/// PostgreSQL `character_not_in_repertoire`.
fn is_unstorable_text(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| error.code() == "22021")
}

/// PostgreSQL class 57: the server is going down or starting, or an operator cut the connection.
fn is_shutdown(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|e| matches!(e.code(), "57P01" | "57P02" | "57P03"))
}

/// `table(column,column)` from what each engine tells.
fn unique_on(error: &dyn sqlx::error::DatabaseError) -> String {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        // Detail: `Key (generation, code)=(2025, 1) already exists.` in any language the server speaks.
        let columns = error
            .detail()
            .and_then(|detail| detail.split_once('('))
            .and_then(|(_, rest)| rest.split_once(")=("))
            .map_or_else(
                || error.constraint().unwrap_or_default().to_owned(),
                |(columns, _)| columns.replace(", ", ","),
            );
        return format!("{}({columns})", error.table().unwrap_or_default());
    }
    // `UNIQUE constraint failed: unit.generation, unit.code`
    let listed = error.message().rsplit(": ").next().unwrap_or_default();
    let table = listed.split('.').next().unwrap_or_default();
    let columns: Vec<_> = listed.split(", ").map(|part| part.rsplit('.').next().unwrap_or(part)).collect();
    format!("{table}({})", columns.join(","))
}

fn check_name(error: &dyn sqlx::error::DatabaseError) -> String {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => error.constraint().unwrap_or_default().to_owned(),
        None => error.message().rsplit(": ").next().unwrap_or_default().to_owned(),
    }
}
