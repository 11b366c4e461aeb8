//! Opening a database and bringing its schema up to date.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::{Db, DbError};
use crate::durable::sync_parent;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a writer waits for another process that writes the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// What durability and integrity rest on; read back and compared at each opening.
const PINNED: [(&str, &str, &str); 4] = [
    ("journal_mode", "select journal_mode from pragma_journal_mode", "wal"),
    ("synchronous", "select cast(synchronous as text) from pragma_synchronous", "2"),
    ("foreign_keys", "select cast(foreign_keys as text) from pragma_foreign_keys", "1"),
    ("busy_timeout", "select cast(timeout as text) from pragma_busy_timeout", "10000"),
];

/// How a database's schema stands to this program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    /// It is this program's.
    Current,
    /// It lacks so many migrations of this program: [`Db::migrate`] applies them.
    Older {
        /// How many.
        missing: usize,
    },
    /// It holds migrations this program does not know, or knows otherwise: a newer program made it.
    Foreign(Vec<i64>),
}

impl Db {
    /// Opens the database at `url` with at most `connections` connections that read (and, on PostgreSQL, write).
    ///
    /// `sqlite:path` makes the file when it does not exist. The schema is left as it is: see [`Db::migrate`].
    ///
    /// # Errors
    /// [`DbError::Url`], [`DbError::Unavailable`]; [`DbError::Pragma`] when SQLite does not take a setting that
    /// durability rests on.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Self::open_sqlite(url, connections).await,
            Some("postgres" | "postgresql") => Self::open_postgres(url, connections).await,
            _ => Err(DbError::Url { why: "it starts with neither sqlite: nor postgres:".to_owned() }),
        }
    }

    /// Whether `url` names a SQLite file that is not there, which [`Db::open`] would make.
    ///
    /// # Errors
    /// [`DbError::Url`].
    pub fn is_missing(url: &str) -> Result<bool, DbError> {
        if !url.starts_with("sqlite:") {
            return Ok(false);
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|error| DbError::Url { why: error.to_string() })?;
        Ok(!options.get_filename().exists())
    }

    async fn open_sqlite(url: &str, connections: u32) -> Result<Self, DbError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(DbError::Url { why: "a database in memory cannot be shared by its connections".to_owned() });
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbError::Url { why: error.to_string() })?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory")
            .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(2));
        let path = options.get_filename().to_owned();
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(is_outside_transactions(connection)))))
        };
        // The writer first: it makes the file and its write-ahead log.
        // Connected once by itself: a pool would only say, after a while, that it got no connection.
        let file = |error: sqlx::Error| DbError::File { path: options.get_filename().to_owned(), error };
        options.connect().await.map_err(file)?.close().await?;
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        assert_pinned(&writer).await?;
        let readers = pool()
            .max_connections(connections.max(1))
            .connect_with(options.create_if_missing(false).pragma("query_only", "on"))
            .await?;
        assert_pinned(&readers).await?;
        // The names of the database and of its write-ahead log, of which either may just have been made. SQLite makes them
        // safe with its first sync, but does not say when that fails, and does not try again. The log keeps its file as
        // long as a connection is open.
        sync_parent(&path).map_err(|error| DbError::Storage(sqlx::Error::Io(error)))?;
        Ok(Self::Sqlite { writer, readers })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, DbError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| DbError::Url { why: error.to_string() })?
            .application_name("banlang")
            .log_slow_statements(log::LevelFilter::Warn, Duration::from_secs(2));
        // Connected once by itself: a pool would only say, after a while, that it got no connection.
        let server = || format!("{}:{}", options.get_host(), options.get_port());
        match tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect()).await {
            Ok(Ok(connection)) => connection.close().await?,
            Ok(Err(error)) => return Err(DbError::Unreachable { server: server(), error: Some(error) }),
            Err(_) => return Err(DbError::Unreachable { server: server(), error: None }),
        }
        let pool = PgPoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_connections(connections.max(1))
            .connect_with(options)
            .await?;
        Ok(Self::Postgres(pool))
    }

    /// Applies the migrations that are missing. Several processes may do so at once: one does, the others wait.
    ///
    /// # Errors
    /// [`DbError::Migrate`] when a migration fails, or the database was made by a newer program.
    pub async fn migrate(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite { writer, .. } => SQLITE.run(writer).await?,
            Self::Postgres(pool) => POSTGRES.run(pool).await?,
        }
        Ok(())
    }

    /// How the database's schema stands to this program's: version by version, and by what each migration holds.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Migrate`].
    pub async fn schema(&self) -> Result<Schema, DbError> {
        async fn applied<C: Migrate>(
            connection: &mut C,
            migrator: &Migrator,
        ) -> Result<Vec<AppliedMigration>, MigrateError> {
            connection.list_applied_migrations(&migrator.table_name).await
        }
        let (applied, known) = match self {
            Self::Sqlite { readers, .. } => (applied(&mut *readers.acquire().await?, &SQLITE).await, &SQLITE),
            Self::Postgres(pool) => (applied(&mut *pool.acquire().await?, &POSTGRES).await, &POSTGRES),
        };
        let applied = match applied {
            Ok(applied) => applied,
            // A database that was never migrated has no table of migrations.
            Err(MigrateError::Execute(sqlx::Error::Database(_))) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let is_ours = |found: &AppliedMigration| {
            known.iter().any(|ours| ours.version == found.version && ours.checksum == found.checksum)
        };
        let foreign: Vec<i64> = applied.iter().filter(|found| !is_ours(found)).map(|found| found.version).collect();
        if !foreign.is_empty() {
            return Ok(Schema::Foreign(foreign));
        }
        match known.iter().count() - applied.len() {
            0 => Ok(Schema::Current),
            missing => Ok(Schema::Older { missing }),
        }
    }
}

/// Whether a connection may be used again. When the disk is full or fails, SQLite rolls back by itself; the driver's own
/// rollback then finds no transaction, goes on counting one, and no transaction could begin on that connection ever
/// again. The pool closes such a connection and opens another.
///
/// A rollback that was only queued is done by then: the pool waits for it when it takes the connection back.
fn is_outside_transactions(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

async fn assert_pinned(pool: &SqlitePool) -> Result<(), DbError> {
    let mut connection = pool.acquire().await?;
    for (name, query, expected) in PINNED {
        let got: String = sqlx::query_scalar(query).fetch_one(&mut *connection).await?;
        if got != expected {
            return Err(DbError::Pragma { name, expected, got });
        }
    }
    Ok(())
}
