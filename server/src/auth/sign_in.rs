//! Sign-ins: how long a device is let in without its owner's password.
//!
//! A row in `sign_in` is what access tokens refer to. It slides with each contact. A device has at most one that is
//! live; repeating a request whose answer was lost finds that one again, so nothing piles up and nobody is logged out.

use sync_core::id::{DeviceId, UnixMs};

use super::policy::Policy;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// A live sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignIn {
    /// The row.
    pub id: i64,
    /// When the password is asked for again, unless the device calls before.
    pub expires_at: UnixMs,
}

/// The expiry moves only when it gains this much: most contacts write nothing.
const LEAST_GAIN_MS: i64 = 60 * 60 * 1000;

/// The device's live sign-in.
///
/// # Errors
/// [`DbError`].
pub async fn live(tx: &mut Tx, device: DeviceId, account: i64, now: UnixMs) -> Result<Option<SignIn>, DbError> {
    const LIVE: &str = "select id, expires_at_ms from sign_in
        where device_id = $1 and account_id = $2 and ended_at_ms is null and expires_at_ms > $3
        order by expires_at_ms desc limit 1";
    let row: Option<(i64, i64)> =
        on_db!(tx, |c| sqlx::query_as(LIVE).bind(Blob(device)).bind(account).bind(now.0).fetch_optional(c).await)?;
    Ok(row.map(|(id, expires_at)| SignIn { id, expires_at: UnixMs(expires_at) }))
}

/// Moves the expiry of a live sign-in to a full life from now.
///
/// # Errors
/// [`DbError`].
pub async fn slide(tx: &mut Tx, policy: &Policy, sign_in: SignIn, now: UnixMs) -> Result<SignIn, DbError> {
    const SLIDE: &str = "update sign_in set expires_at_ms = $2 where id = $1";
    let expires_at = end(policy, now);
    if expires_at.0 - sign_in.expires_at.0 < LEAST_GAIN_MS {
        return Ok(sign_in);
    }
    on_db!(tx, |c| sqlx::query(SLIDE).bind(sign_in.id).bind(expires_at.0).execute(c).await.map(drop))?;
    Ok(SignIn { expires_at, ..sign_in })
}

/// The device's live sign-in with a full life, or a new one: the code or the password was right.
///
/// # Errors
/// [`DbError`].
pub async fn open(
    tx: &mut Tx,
    policy: &Policy,
    device: DeviceId,
    account: i64,
    now: UnixMs,
) -> Result<SignIn, DbError> {
    const INSERT: &str = "insert into sign_in (device_id, account_id, created_at_ms, expires_at_ms)
        values ($1, $2, $3, $4) returning id";
    if let Some(found) = live(tx, device, account, now).await? {
        return slide(tx, policy, found, now).await;
    }
    let expires_at = end(policy, now);
    let id: i64 = on_db!(tx, |c| sqlx::query_scalar(INSERT)
        .bind(Blob(device))
        .bind(account)
        .bind(now.0)
        .bind(expires_at.0)
        .fetch_one(c)
        .await)?;
    Ok(SignIn { id, expires_at })
}

fn end(policy: &Policy, now: UnixMs) -> UnixMs {
    UnixMs(now.0 + policy.sign_in_life.as_millis() as i64)
}

/// Ends every sign-in of a device.
///
/// # Errors
/// [`DbError`].
pub async fn end_of_device(tx: &mut Tx, device: DeviceId, now: UnixMs) -> Result<(), DbError> {
    const END: &str = "update sign_in set ended_at_ms = $2 where device_id = $1 and ended_at_ms is null";
    on_db!(tx, |c| sqlx::query(END).bind(Blob(device)).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Ends every sign-in of an account, on all its devices.
///
/// # Errors
/// [`DbError`].
pub async fn end_of_account(tx: &mut Tx, account: i64, now: UnixMs) -> Result<(), DbError> {
    const END: &str = "update sign_in set ended_at_ms = $2 where account_id = $1 and ended_at_ms is null";
    on_db!(tx, |c| sqlx::query(END).bind(account).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}
