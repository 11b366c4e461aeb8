//! Devices in the database.

use sync_core::id::{DeviceId, PublicKey, UnixMs};

use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

/// An enrolled device, or the server's own (`account` is `None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Follows from the key.
    pub id: DeviceId,
    /// Verifies what the device signs.
    pub key: PublicKey,
    /// Who carries it.
    pub account: Option<i64>,
    /// What its owner calls it.
    pub label: String,
    /// When it was enrolled.
    pub enrolled_at: UnixMs,
    /// From then on nothing it sends is admitted.
    pub revoked_at: Option<UnixMs>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// When it was last heard of.
    pub last_contact: Option<UnixMs>,
    /// When it last called with nothing left that the server did not have.
    pub synced_at: Option<UnixMs>,
    /// Its clock minus the server's, in milliseconds, when it last told.
    pub clock_skew_ms: Option<i64>,
    /// The program's version, when it last told.
    pub app_version: Option<String>,
    /// The number of its newest certificate; 0 before the first.
    pub certificate_no: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Blob<DeviceId>,
    public_key: Blob<PublicKey>,
    account_id: Option<i64>,
    label: String,
    enrolled_at_ms: i64,
    revoked_at_ms: Option<i64>,
    revoked_reason: Option<String>,
    last_contact_ms: Option<i64>,
    synced_at_ms: Option<i64>,
    clock_skew_ms: Option<i64>,
    app_version: Option<String>,
    certificate_no: i64,
}

impl From<Row> for Device {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            key: row.public_key.0,
            account: row.account_id,
            label: row.label,
            enrolled_at: UnixMs(row.enrolled_at_ms),
            revoked_at: row.revoked_at_ms.map(UnixMs),
            revoked_reason: row.revoked_reason,
            last_contact: row.last_contact_ms.map(UnixMs),
            synced_at: row.synced_at_ms.map(UnixMs),
            clock_skew_ms: row.clock_skew_ms,
            app_version: row.app_version,
            certificate_no: row.certificate_no,
        }
    }
}

/// The device of this id.
///
/// # Errors
/// [`DbError`].
pub async fn find(tx: &mut Tx, id: DeviceId) -> Result<Option<Device>, DbError> {
    const FIND: &str = "select id, public_key, account_id, label, enrolled_at_ms, revoked_at_ms, revoked_reason,
            last_contact_ms, synced_at_ms, clock_skew_ms, app_version, certificate_no
        from device where id = $1";
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(FIND).bind(Blob(id)).fetch_optional(c).await)?;
    Ok(row.map(Device::from))
}

/// Every device but the server's own, newest first.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &Db) -> Result<Vec<Device>, DbError> {
    const LIST: &str = "select id, public_key, account_id, label, enrolled_at_ms, revoked_at_ms, revoked_reason,
            last_contact_ms, synced_at_ms, clock_skew_ms, app_version, certificate_no
        from device where account_id is not null order by enrolled_at_ms desc, id";
    let rows: Vec<Row> = on_db!(db, |c| sqlx::query_as(LIST).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Device::from).collect())
}

/// Puts a new device on file.
///
/// # Errors
/// [`DbError::Unique`] when the id or the key is there already.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: PublicKey,
    account: i64,
    label: &str,
    now: UnixMs,
) -> Result<DeviceId, DbError> {
    const INSERT: &str = "insert into device (id, public_key, account_id, label, enrolled_at_ms)
        values ($1, $2, $3, $4, $5)";
    let id = DeviceId::of_key(&key);
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(Blob(id))
        .bind(Blob(key))
        .bind(account)
        .bind(label)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))?;
    Ok(id)
}

/// What a device tells about itself when it calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact<'a> {
    /// What its clock shows.
    pub clock: Option<UnixMs>,
    /// The version of its program.
    pub app_version: Option<&'a str>,
}

/// Notes that a device called.
///
/// # Errors
/// [`DbError`].
pub async fn note_contact(tx: &mut Tx, id: DeviceId, contact: Contact<'_>, now: UnixMs) -> Result<(), DbError> {
    const NOTE: &str = "update device set last_contact_ms = $2, clock_skew_ms = coalesce($3, clock_skew_ms),
        app_version = coalesce($4, app_version) where id = $1";
    let skew_ms = contact.clock.map(|clock| clock.0.saturating_sub(now.0));
    let version = contact.app_version.map(|version| version.chars().take(40).collect::<String>());
    on_db!(tx, |c| sqlx::query(NOTE)
        .bind(Blob(id))
        .bind(now.0)
        .bind(skew_ms)
        .bind(version)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Marks a device as revoked; false when it was already.
pub(super) async fn mark_revoked(tx: &mut Tx, id: DeviceId, reason: &str, now: UnixMs) -> Result<bool, DbError> {
    const REVOKE: &str =
        "update device set revoked_at_ms = $2, revoked_reason = $3 where id = $1 and revoked_at_ms is null";
    let rows = on_db!(tx, |c| sqlx::query(REVOKE)
        .bind(Blob(id))
        .bind(now.0)
        .bind(reason)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
