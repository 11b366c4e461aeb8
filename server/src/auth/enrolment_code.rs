//! Enrolment codes in the database. What a code looks like: [`super::code`].

use sync_core::id::{DeviceId, UnixMs};

use super::code::{self, EnrolmentCode};
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

/// A code as it is on file; its text is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFile {
    /// Whose device it enrols.
    pub account: i64,
    /// When it was issued.
    pub issued_at: UnixMs,
    /// From then on it enrols nothing.
    pub expires_at: UnixMs,
    /// The device it enrolled.
    pub used_by: Option<DeviceId>,
}

type Row = (i64, i64, i64, Option<Blob<DeviceId>>);

fn on_file((account, issued_at, expires_at, device): Row) -> OnFile {
    OnFile {
        account,
        issued_at: UnixMs(issued_at),
        expires_at: UnixMs(expires_at),
        used_by: device.map(|Blob(device)| device),
    }
}

/// Issues a code for an account.
///
/// # Errors
/// [`DbError::Reference`] when there is no such account.
pub async fn issue(
    tx: &mut Tx,
    account: i64,
    issued_by: Option<i64>,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<EnrolmentCode, DbError> {
    const INSERT: &str = "insert into enrolment_code (code_hash, account_id, issued_by, issued_at_ms, expires_at_ms)
        values ($1, $2, $3, $4, $5)";
    let code = code::fresh();
    let hash = Blob(code.hash());
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(hash)
        .bind(account)
        .bind(issued_by)
        .bind(now.0)
        .bind(expires_at.0)
        .execute(c)
        .await
        .map(drop))?;
    Ok(code)
}

/// What is on file of a code.
///
/// # Errors
/// [`DbError`].
pub async fn find(tx: &mut Tx, code: &EnrolmentCode) -> Result<Option<OnFile>, DbError> {
    const FIND: &str =
        "select account_id, issued_at_ms, expires_at_ms, device_id from enrolment_code where code_hash = $1";
    let hash = Blob(code.hash());
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(FIND).bind(hash).fetch_optional(c).await)?;
    Ok(row.map(on_file))
}

/// Uses a code up for a device; false when it was used before.
///
/// # Errors
/// [`DbError`].
pub async fn claim(tx: &mut Tx, code: &EnrolmentCode, device: DeviceId, now: UnixMs) -> Result<bool, DbError> {
    const CLAIM: &str =
        "update enrolment_code set used_at_ms = $2, device_id = $3 where code_hash = $1 and used_at_ms is null";
    let hash = Blob(code.hash());
    let rows = on_db!(tx, |c| sqlx::query(CLAIM)
        .bind(hash)
        .bind(now.0)
        .bind(Blob(device))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The codes that can still be used, the soonest to end first.
///
/// # Errors
/// [`DbError`].
pub async fn open(db: &Db, now: UnixMs) -> Result<Vec<OnFile>, DbError> {
    const OPEN: &str = "select account_id, issued_at_ms, expires_at_ms, device_id from enrolment_code
        where used_at_ms is null and expires_at_ms > $1 order by expires_at_ms, code_hash";
    let rows: Vec<Row> = on_db!(db, |c| sqlx::query_as(OPEN).bind(now.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(on_file).collect())
}

/// Ends the unused codes of an account.
///
/// # Errors
/// [`DbError`].
pub async fn end_of_account(tx: &mut Tx, account: i64, now: UnixMs) -> Result<(), DbError> {
    const END: &str = "update enrolment_code set expires_at_ms = $2 where account_id = $1 and used_at_ms is null and expires_at_ms > $2";
    on_db!(tx, |c| sqlx::query(END).bind(account).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}
