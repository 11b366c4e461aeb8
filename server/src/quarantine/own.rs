//! What of a device's own changes is not part of its record, for the person who recorded it.

use sync_core::admit::Reason;
use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId};
use utoipa::ToSchema;

use crate::db::{Blob, Db, DbError};
use crate::ingest::area;
use crate::on_db;

/// The most changes that are listed.
const MOST: i64 = 500;

/// A change of the caller's own device that the server keeps and does not count.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
pub struct Held {
    /// The record it was made for.
    #[schema(value_type = String)]
    pub record: RecordId,
    /// The change's hash.
    #[schema(value_type = String)]
    pub change: ChangeHash,
    /// The area of the log it came in.
    #[schema(value_type = String)]
    pub area: AreaId,
    /// `quarantined` until an officer decides, `waiting` for a change it depends on, or `left` out by an officer.
    pub standing: String,
    /// The stable code of the reason.
    pub reason: Option<String>,
    /// The reason in Vietnamese.
    pub reason_vi: Option<String>,
    /// The reason in English.
    pub reason_en: Option<String>,
    /// What the officer said who left it out.
    pub note: Option<String>,
}

type Row = (Blob<RecordId>, Blob<ChangeHash>, i64, i64, String, Option<String>, Option<String>);

/// The changes a device brought that are not part of their records, oldest first, at most 500.
///
/// A change that another batch made part of its record, as after a store was put back, is not among them.
///
/// # Errors
/// The database's.
pub async fn own(db: &Db, device: DeviceId) -> Result<Vec<Held>, DbError> {
    const OWN: &str = "select c.record_id, c.change_hash, b.generation, b.code, c.verdict, c.reason, c.note \
        from log_head h join batch b on b.generation = h.generation and b.code = h.code and b.device_id = h.device_id \
        join change c on c.batch_id = b.id \
        where h.device_id = $1 and c.verdict in ('waiting', 'quarantined', 'left') \
        and not exists (select 1 from change a where a.record_id = c.record_id and a.change_hash = c.change_hash \
            and a.verdict in ('admitted', 'duplicate', 'released')) \
        order by c.batch_id, c.ordinal limit $2";
    let rows: Vec<Row> = on_db!(db, |c| sqlx::query_as(OWN).bind(Blob(device)).bind(MOST).fetch_all(c).await)?;
    rows.into_iter().map(held).collect()
}

fn held((record, change, generation, code, standing, reason, note): Row) -> Result<Held, DbError> {
    let known: Option<Reason> = reason.as_deref().and_then(|reason| reason.parse().ok());
    Ok(Held {
        record: record.0,
        change: change.0,
        area: area(generation, code)?,
        standing,
        reason,
        reason_vi: known.map(|reason| reason.vi().to_owned()),
        reason_en: known.map(|reason| reason.en().to_owned()),
        note,
    })
}
