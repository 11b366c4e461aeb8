//! What lies in quarantine, for those who decide.

use sqlx::AssertSqlSafe;
use sync_core::admit::{Reason, scan};
use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId, RecordKind, UnixMs};
use utoipa::ToSchema;

use crate::app::AppState;
use crate::db::{Blob, DbError};
use crate::ingest::{area, stored_standing};
use crate::on_db;

/// Rows looked at in one statement.
const STEP: i64 = 500;

/// A change that was kept and not admitted.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
pub struct Item {
    /// The batch that brought it.
    pub batch: i64,
    /// Its place in the batch.
    pub ordinal: i64,
    /// `quarantined`, `waiting` for a change it depends on, `left` out by a person, or `released`.
    pub standing: String,
    /// The stable code of the reason.
    pub reason: Option<String>,
    /// The reason in Vietnamese.
    pub reason_vi: Option<String>,
    /// The reason in English.
    pub reason_en: Option<String>,
    /// The record it was filed under.
    #[schema(value_type = String)]
    pub record: RecordId,
    /// The kind of record; none for a kind of a newer version.
    #[schema(value_type = Option<String>)]
    pub kind: Option<RecordKind>,
    /// The change's hash.
    #[schema(value_type = String)]
    pub change: ChangeHash,
    /// The area of the log it came in.
    #[schema(value_type = String)]
    pub area: AreaId,
    /// The device that signed it.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// What the device's owner calls it.
    pub device_label: String,
    /// The account of the device's owner.
    pub account: Option<i64>,
    /// The name of the device's owner.
    pub person: Option<String>,
    /// When the device claims to have sealed it.
    #[schema(value_type = i64)]
    pub sealed_at_ms: UnixMs,
    /// When the server got it.
    #[schema(value_type = i64)]
    pub received_at_ms: UnixMs,
    /// Its size.
    pub bytes: i64,
    /// When a person released or left it.
    #[schema(value_type = Option<i64>)]
    pub decided_at_ms: Option<UnixMs>,
    /// Who decided; none where the server released what had waited.
    pub decided_by: Option<String>,
    /// What that person said about it.
    pub note: Option<String>,
    /// How many operations it holds, where it can be read. Its content is not shown: it was not admitted.
    pub operations: Option<usize>,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    batch_id: i64,
    ordinal: i64,
    verdict: String,
    reason: Option<String>,
    record_id: Blob<RecordId>,
    kind: i64,
    change_hash: Blob<ChangeHash>,
    bytes: Option<Vec<u8>>,
    generation: i64,
    code: i64,
    device_id: Blob<DeviceId>,
    sealed_at_ms: i64,
    received_at_ms: i64,
    label: String,
    account_id: Option<i64>,
    display_name: Option<String>,
    decided_at_ms: Option<i64>,
    decided_by: Option<String>,
    note: Option<String>,
}

/// Which changes are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that nobody has decided on: in quarantine, or waiting.
    #[default]
    Open,
    /// In quarantine.
    Quarantined,
    /// Waiting for a change they depend on.
    Waiting,
    /// Left out by a person.
    Left,
    /// Released by a person, or by the server once what they waited for had come.
    Released,
}

impl Which {
    /// The name in a query.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "open" => Self::Open,
            "quarantined" => Self::Quarantined,
            "waiting" => Self::Waiting,
            "left" => Self::Left,
            "released" => Self::Released,
            _ => return None,
        })
    }

    /// The condition of a partial index as it stands there, and the verdicts listed.
    fn condition(self) -> &'static str {
        match self {
            Self::Open => {
                "c.verdict in ('waiting', 'unjudged', 'absent', 'quarantined') and c.verdict in ('quarantined', 'waiting')"
            }
            Self::Quarantined => {
                "c.verdict in ('waiting', 'unjudged', 'absent', 'quarantined') and c.verdict = 'quarantined'"
            }
            Self::Waiting => "c.verdict in ('waiting', 'unjudged', 'absent', 'quarantined') and c.verdict = 'waiting'",
            Self::Left => "c.verdict in ('left', 'released') and c.verdict = 'left'",
            Self::Released => "c.verdict in ('left', 'released') and c.verdict = 'released'",
        }
    }
}

/// At most `limit` changes whose logs are of areas that `seen` accepts, after a place, in the order of arrival.
///
/// # Errors
/// The database's.
pub async fn list(
    app: &AppState,
    seen: impl Fn(AreaId) -> bool,
    which: Which,
    after: (i64, i64),
    limit: usize,
) -> Result<Vec<Item>, DbError> {
    const FROM: &str = "select c.batch_id, c.ordinal, c.verdict, c.reason, c.record_id, c.kind, c.change_hash, c.bytes, \
        b.generation, b.code, b.device_id, b.sealed_at_ms, b.received_at_ms, d.label, d.account_id, a.display_name, \
        c.decided_at_ms, p.display_name as decided_by, c.note \
        from change c join batch b on b.id = c.batch_id join device d on d.id = b.device_id \
        left join account a on a.id = d.account_id left join account p on p.id = c.decided_by";
    let text = format!(
        "{FROM} where {} and (c.batch_id > $1 or (c.batch_id = $1 and c.ordinal > $2)) \
         order by c.batch_id, c.ordinal limit $3",
        which.condition()
    );
    let (mut after, mut items) = (after, Vec::new());
    loop {
        let rows: Vec<Row> = on_db!(app.db, |c| {
            let query = sqlx::query_as(AssertSqlSafe(text.clone()));
            query.bind(after.0).bind(after.1).bind(STEP).fetch_all(c).await
        })?;
        let last = rows.len() < STEP as usize;
        for row in rows {
            after = (row.batch_id, row.ordinal);
            if seen(area(row.generation, row.code)?) {
                items.push(Item::of(row)?);
            }
            if items.len() == limit {
                return Ok(items);
            }
        }
        if last {
            return Ok(items);
        }
    }
}

impl Item {
    fn of(row: Row) -> Result<Self, DbError> {
        let standing = stored_standing(&row.verdict, row.reason.as_deref())?;
        // The reason stays when a person has decided.
        let reason = standing.reason().or_else(|| row.reason.as_deref()?.parse().ok());
        let bytes = row.bytes.as_deref().unwrap_or_default();
        Ok(Self {
            batch: row.batch_id,
            ordinal: row.ordinal,
            standing: standing.name().to_owned(),
            reason: reason.map(|reason| reason.code().to_owned()),
            reason_vi: reason.map(|reason: Reason| reason.vi().to_owned()),
            reason_en: reason.map(|reason: Reason| reason.en().to_owned()),
            record: row.record_id.0,
            kind: u8::try_from(row.kind).ok().and_then(RecordKind::from_code),
            change: row.change_hash.0,
            area: area(row.generation, row.code)?,
            device: row.device_id.0,
            device_label: row.label,
            account: row.account_id,
            person: row.display_name,
            sealed_at_ms: UnixMs(row.sealed_at_ms),
            received_at_ms: UnixMs(row.received_at_ms),
            bytes: bytes.len() as i64,
            decided_at_ms: row.decided_at_ms.map(UnixMs),
            decided_by: row.decided_by,
            note: row.note,
            operations: scan(bytes).ok().map(|info| info.op_count),
        })
    }
}
