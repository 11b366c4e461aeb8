//! One database layer over two engines: SQLite, embedded, and PostgreSQL, shared by several server processes.
//!
//! A query is written once, in the dialect both engines speak, and [`on_db!`](crate::on_db) type-checks the same text
//! and the same bindings against each:
//!
//! ```
//! use server::db::{Db, DbError, Tx};
//!
//! /// How often this name was recorded.
//! async fn times(db: &Db, action: &str) -> Result<i64, DbError> {
//!     const COUNT: &str = "select count(*) from audit where action = $1";
//!     Ok(server::on_db!(db, |c| sqlx::query_scalar(COUNT).bind(action).fetch_one(c).await)?)
//! }
//!
//! async fn forget(tx: &mut Tx, name: &str) -> Result<u64, DbError> {
//!     const FORGET: &str = "delete from setting where name = $1";
//!     let done = server::on_db!(tx, |c| sqlx::query(FORGET).bind(name).execute(c).await.map(|d| d.rows_affected()))?;
//!     Ok(done)
//! }
//! ```
//!
//! # The dialect
//! - Placeholders `$1`, `$2` …; `insert … on conflict (…) do update set x = excluded.x`; `returning`.
//! - Time is an integer of milliseconds (`*_ms`), a day an integer of days since 1970 (`*_day`); no `now()`.
//! - Integers are `integer` on SQLite and always `bigint` on PostgreSQL: bind and read `i64`. PostgreSQL makes a
//!   `numeric` of `sum(bigint)`, so write `cast(coalesce(sum(x), 0) as bigint)`.
//! - Booleans are `boolean` on PostgreSQL, `integer check (x in (0, 1))` on SQLite: bind and read `bool`.
//! - Identities are `blob`/`bytea`: bind and read [`Blob`].
//! - No arrays: for a list use [`sqlx::QueryBuilder`] inside `on_db!`.
//! - Where the dialects really differ, two texts stand side by side in [`Dialect::pick`].
//!
//! # Transactions
//! [`Db::write`] runs a body in a serializable transaction and runs it again when the engine asks for it; [`Db::begin`]
//! leaves that to the caller, and in a handler [`write_tx!`](crate::write_tx) takes its place. A [`Tx`] that is dropped without [`Tx::commit`] is rolled back. [`Db::snapshot`] reads
//! several statements from one state.

mod blob;
mod error;
mod open;
mod retry;
pub(crate) mod rows;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;

pub use blob::{Blob, ByteId};
pub(crate) use error::sqlite_code;
pub use error::{DbError, Transient};
pub use open::Schema;
pub use retry::Retry;
pub use tx::Tx;

use sqlx::{PgConnection, PgPool, SqliteConnection, SqlitePool};

/// Runs one body against the engine behind a [`Db`] or a [`Tx`].
///
/// `on_db!(db, |c| …)`: in the body `c` is what a query of sqlx executes on. On a `Tx` it is a mutable reference: with
/// more than one query in a body write `&mut *c`. The value is the body's, usually a `Result<_, sqlx::Error>`, which
/// `?` turns into a [`DbError`].
#[macro_export]
macro_rules! on_db {
    ($target:expr, |$c:ident| $body:expr) => {
        match $target.engine() {
            $crate::db::Engine::Sqlite($c) => $body,
            $crate::db::Engine::Postgres($c) => $body,
        }
    };
}

/// One of two, by engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine<S, P> {
    /// What belongs to SQLite.
    Sqlite(S),
    /// What belongs to PostgreSQL.
    Postgres(P),
}

/// Which engine's SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// The text for this engine, where the two really differ.
    #[must_use]
    pub fn pick<'a>(self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// The engine's name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.pick("sqlite", "postgres")
    }
}

/// An open database. Cheap to clone: clones share the connections.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file in WAL mode.
    Sqlite {
        /// Exactly one connection: who holds it is the only writer of this process.
        writer: SqlitePool,
        /// Connections that refuse to write.
        readers: SqlitePool,
    },
    /// A server, perhaps shared with other processes.
    Postgres(PgPool),
}

impl Db {
    /// Where single reading statements execute; use through [`on_db!`](crate::on_db). Writing needs a [`Tx`]: on
    /// SQLite these connections refuse to write.
    #[must_use]
    pub fn engine(&self) -> Engine<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite { readers, .. } => Engine::Sqlite(readers),
            Self::Postgres(pool) => Engine::Postgres(pool),
        }
    }

    /// Which SQL this database speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Succeeds when the database answers a query.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] and what the engine says.
    pub async fn ping(&self) -> Result<(), DbError> {
        let one: i64 = on_db!(self, |c| sqlx::query_scalar("select cast(1 as bigint)").fetch_one(c).await)?;
        debug_assert_eq!(one, 1, "the engine counts");
        Ok(())
    }

    /// Connections of the pools: (open, idle).
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        match self {
            Self::Sqlite { writer, readers } => {
                ((writer.size() + readers.size()) as usize, writer.num_idle() + readers.num_idle())
            }
            Self::Postgres(pool) => (pool.size() as usize, pool.num_idle()),
        }
    }

    /// Closes every connection after the statements under way; SQLite then folds its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Where statements of this transaction execute; use through [`on_db!`](crate::on_db).
    pub fn engine(&mut self) -> Engine<&mut SqliteConnection, &mut PgConnection> {
        match self {
            Self::Sqlite(tx) => Engine::Sqlite(&mut **tx),
            Self::Postgres(tx) => Engine::Postgres(&mut **tx),
        }
    }

    /// Which SQL this transaction speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

#[cfg(test)]
mod tests;
