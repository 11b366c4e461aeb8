//! Transactions: serializable on both engines, rolled back unless committed.

use std::time::Duration;

use sqlx::{Postgres, Sqlite, Transaction};

use super::{Db, DbError, Transient};

/// How often a write is run in all before its last error is reported.
pub(super) const ATTEMPTS: u32 = 12;

/// A transaction. Dropping it without [`Tx::commit`] rolls it back.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes everything of this transaction durable at once.
    ///
    /// # Errors
    /// [`DbError::Contended`] when PostgreSQL finds at this point that another transaction was in the way; nothing
    /// of this transaction holds then. After any other error it is unknown whether it holds.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Undoes everything of this transaction, and waits until it is undone.
    ///
    /// # Errors
    /// [`DbError::Unavailable`]; it is undone nevertheless.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl Db {
    /// Begins a transaction that may write and sees no other transaction's half.
    ///
    /// SQLite: takes the one writing connection and the file's write lock at once, so nothing inside it is contended.
    /// PostgreSQL: serializable, so each statement and the commit may say [`DbError::Contended`]: prefer
    /// [`Db::write`], which tries again.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Contended`].
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with("begin isolation level serializable").await?),
        })
    }

    /// Begins a transaction that only reads: all its statements see one state of the database.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub async fn snapshot(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        })
    }

    /// Runs `body` in a transaction and commits it. When `body` fails, nothing it wrote holds.
    ///
    /// When another transaction was in the way the body runs again from the start, after a short pause that grows: it
    /// must have no effect but those on the transaction.
    ///
    /// # Errors
    /// The body's, or that of the commit.
    pub async fn write<T, E, F>(&self, mut body: F) -> Result<T, E>
    where
        F: AsyncFnMut(&mut Tx) -> Result<T, E>,
        E: From<DbError> + Transient,
    {
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&mut body).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !error.is_transient() || attempt == ATTEMPTS {
                return Err(error);
            }
            pause(attempt).await;
            attempt += 1;
        }
    }

    async fn attempt<T, E, F>(&self, body: &mut F) -> Result<T, E>
    where
        F: AsyncFnMut(&mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let mut tx = self.begin().await?;
        match body(&mut tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // The error that matters is the body's; a connection that cannot roll back is dropped by the pool.
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }
}

/// Between 1 and 2 times 2 ms, 4 ms, 8 ms … 256 ms, so that contenders part.
pub(super) async fn pause(attempt: u32) {
    let base_ms = 1_u64 << attempt.min(8);
    tokio::time::sleep(Duration::from_millis(base_ms + rand::random_range(0..=base_ms))).await;
}
