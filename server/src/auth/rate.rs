//! How often something may be tried, counted in the database so that all server processes count together.
//!
//! Attempts are counted in fixed windows that begin with the first attempt. A bucket's name is hashed: the table holds
//! no username and no address.

use sync_core::id::UnixMs;

use super::policy::Policy;
use super::statement::sha256;
use crate::db::{Db, DbError, Tx};
use crate::{on_db, write_tx};

/// Whose attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket<'a> {
    /// Attempts with the devices of one account.
    Account(i64),
    /// Attempts from one network address.
    Address(&'a str),
}

impl Bucket<'_> {
    fn key(self) -> Vec<u8> {
        match self {
            Self::Account(id) => sha256(format!("account {id}").as_bytes()).to_vec(),
            Self::Address(address) => sha256(format!("address {address}").as_bytes()).to_vec(),
        }
    }

    fn limit(self, policy: &Policy) -> i64 {
        match self {
            Self::Account(_) => policy.attempts_per_account.into(),
            Self::Address(_) => policy.attempts_per_address.into(),
        }
    }
}

/// Too many attempts; try again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Seconds until the window ends, at least 1.
    pub retry_after_s: u64,
}

/// Counts one attempt, in a transaction of its own: it counts whatever becomes of the request.
///
/// # Errors
/// [`DbError`]; the inner result is [`TooMany`] when the window's attempts are used up.
pub async fn attempt(
    db: &Db,
    policy: &Policy,
    bucket: Bucket<'_>,
    now: UnixMs,
) -> Result<Result<(), TooMany>, DbError> {
    let window_ms = policy.window.as_millis() as i64;
    let key = bucket.key();
    let (started_at, count) = write_tx!(db, |tx| count(tx, &key, window_ms, now))?;
    if count <= bucket.limit(policy) {
        return Ok(Ok(()));
    }
    let left_ms = (started_at + window_ms - now.0).max(1);
    Ok(Err(TooMany { retry_after_s: (left_ms as u64).div_ceil(1000) }))
}

async fn count(tx: &mut Tx, key: &[u8], window_ms: i64, now: UnixMs) -> Result<(i64, i64), DbError> {
    const COUNT: &str = "insert into attempt (bucket, started_at_ms, count) values ($1, $2, 1)
        on conflict (bucket) do update set
            count = case when attempt.started_at_ms <= $3 or attempt.started_at_ms > $2
                then 1 else attempt.count + 1 end,
            started_at_ms = case when attempt.started_at_ms <= $3 or attempt.started_at_ms > $2
                then $2 else attempt.started_at_ms end
        returning started_at_ms, count";
    const SWEEP: &str = "delete from attempt where started_at_ms <= $1";
    let counted: (i64, i64) =
        on_db!(tx, |c| sqlx::query_as(COUNT).bind(key).bind(now.0).bind(now.0 - window_ms).fetch_one(c).await)?;
    if counted.1 == 1 {
        // A new window: a good moment to forget those that ended long ago.
        on_db!(tx, |c| sqlx::query(SWEEP).bind(now.0 - 2 * window_ms).execute(c).await.map(drop))?;
    }
    Ok(counted)
}

/// Forgets an account's attempts: the password was right.
///
/// # Errors
/// [`DbError`].
pub async fn forget(tx: &mut Tx, bucket: Bucket<'_>) -> Result<(), DbError> {
    const FORGET: &str = "delete from attempt where bucket = $1";
    let key = bucket.key();
    on_db!(tx, |c| sqlx::query(FORGET).bind(&key).execute(c).await.map(drop))?;
    Ok(())
}
