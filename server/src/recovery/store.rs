//! Recoveries in the database.

use sync_core::code::EnrolmentCode;
use sync_core::id::{DeviceId, UnixMs};

use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

/// A recovery that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Known to the device alone: by it the answer is fetched.
    pub id: [u8; 16],
    /// The device.
    pub device: DeviceId,
    /// The data key, sealed to this server.
    pub envelope: Vec<u8>,
    /// The key the answer is sealed to.
    pub recipient: String,
    /// What the device's owner reads out.
    pub check_code: EnrolmentCode,
    /// When it was asked for.
    pub asked_at: UnixMs,
    /// From then on it is neither approved nor answered.
    pub expires_at: UnixMs,
    /// The answer, once it was approved.
    pub sealed: Option<Vec<u8>>,
}

type Row = (Blob<[u8; 16]>, Blob<DeviceId>, Vec<u8>, String, String, i64, i64, Option<Vec<u8>>);

fn recovery(row: Row) -> Result<Recovery, DbError> {
    let (Blob(id), Blob(device), envelope, recipient, code, asked_at, expires_at, sealed) = row;
    let check_code =
        code.parse().map_err(|_| DbError::Damaged { column: "recovery.check_code", why: "not a code".to_owned() })?;
    let (asked_at, expires_at) = (UnixMs(asked_at), UnixMs(expires_at));
    Ok(Recovery { id, device, envelope, recipient, check_code, asked_at, expires_at, sealed })
}

/// Keeps a recovery in the place of those of the device that were not approved, and forgets what ended.
///
/// # Errors
/// [`DbError`].
pub(super) async fn insert(tx: &mut Tx, recovery: &Recovery) -> Result<(), DbError> {
    const FORGET: &str = "delete from recovery where expires_at_ms <= $2 or (device_id = $1 and sealed is null)";
    const INSERT: &str = "insert into recovery
        (id, device_id, envelope, recipient, check_code, asked_at_ms, expires_at_ms) values ($1, $2, $3, $4, $5, $6, $7)";
    let device = Blob(recovery.device);
    on_db!(tx, |c| sqlx::query(FORGET).bind(device).bind(recovery.asked_at.0).execute(&mut *c).await.map(drop))?;
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(Blob(recovery.id))
        .bind(device)
        .bind(&recovery.envelope)
        .bind(&recovery.recipient)
        .bind(recovery.check_code.as_str())
        .bind(recovery.asked_at.0)
        .bind(recovery.expires_at.0)
        .execute(&mut *c)
        .await
        .map(drop))?;
    Ok(())
}

/// The recovery a device asked for under this id, unless it ended.
///
/// # Errors
/// [`DbError`].
pub(super) async fn find(db: &Db, id: [u8; 16], now: UnixMs) -> Result<Option<Recovery>, DbError> {
    const FIND: &str = "select id, device_id, envelope, recipient, check_code, asked_at_ms, expires_at_ms, sealed
        from recovery where id = $1 and expires_at_ms > $2";
    let row: Option<Row> = on_db!(db, |c| sqlx::query_as(FIND).bind(Blob(id)).bind(now.0).fetch_optional(c).await)?;
    row.map(recovery).transpose()
}

/// The recovery of a device that is not approved yet.
///
/// # Errors
/// [`DbError`].
pub(super) async fn waiting(tx: &mut Tx, device: DeviceId, now: UnixMs) -> Result<Option<Recovery>, DbError> {
    const WAITING: &str = "select id, device_id, envelope, recipient, check_code, asked_at_ms, expires_at_ms, sealed
        from recovery where device_id = $1 and expires_at_ms > $2 and sealed is null";
    let row: Option<Row> =
        on_db!(tx, |c| sqlx::query_as(WAITING).bind(Blob(device)).bind(now.0).fetch_optional(&mut *c).await)?;
    row.map(recovery).transpose()
}

/// Every recovery that is not approved yet, the oldest first.
///
/// # Errors
/// [`DbError`].
pub async fn open(db: &Db, now: UnixMs) -> Result<Vec<Recovery>, DbError> {
    const OPEN: &str = "select id, device_id, envelope, recipient, check_code, asked_at_ms, expires_at_ms, sealed
        from recovery where expires_at_ms > $1 and sealed is null order by asked_at_ms, id";
    let rows: Vec<Row> = on_db!(db, |c| sqlx::query_as(OPEN).bind(now.0).fetch_all(c).await)?;
    rows.into_iter().map(recovery).collect()
}

/// Keeps the answer; the envelope has served its purpose and is emptied. False when it was answered before.
///
/// # Errors
/// [`DbError`].
pub(super) async fn answer(tx: &mut Tx, id: [u8; 16], sealed: &[u8], now: UnixMs) -> Result<bool, DbError> {
    const ANSWER: &str = "update recovery set sealed = $2, approved_at_ms = $3, envelope = $4
        where id = $1 and sealed is null";
    let rows = on_db!(tx, |c| sqlx::query(ANSWER)
        .bind(Blob(id))
        .bind(sealed)
        .bind(now.0)
        .bind(&[][..] as &[u8])
        .execute(&mut *c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
