//! What lies in quarantine, for those who decide.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use sync_core::admit::{Reason, scan};
use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId, RecordKind, UnixMs};
use sync_core::log::limits;
use utoipa::ToSchema;

use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, Db, DbError, Tx};
use crate::ingest::open_change::{batch_and_ordinal, number};
use crate::ingest::{area, stored_standing};
use crate::on_db;

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

    /// Where their places are found.
    fn source(self) -> Source {
        const OPEN: Source = Source {
            select: "select place from open_change",
            in_an_area: &["verdict = 'quarantined'", "verdict = 'waiting'"],
            anywhere: "verdict not in ('unjudged', 'absent')",
            after: "place > $1 order by place",
        };
        const LEFT: Source = Source {
            select: "select c.batch_id * 256 + c.ordinal from change c join batch b on b.id = c.batch_id",
            in_an_area: &["c.verdict in ('left', 'released') and c.verdict = 'left'"],
            anywhere: "c.verdict in ('left', 'released') and c.verdict = 'left'",
            after: "(c.batch_id, c.ordinal) > ($1 / 256, $1 % 256) order by c.batch_id, c.ordinal",
        };
        match self {
            Self::Open => OPEN,
            Self::Quarantined => Source {
                in_an_area: &["verdict = 'quarantined'"],
                anywhere: "verdict not in ('unjudged', 'absent', 'waiting')",
                ..OPEN
            },
            Self::Waiting => Source { in_an_area: &["verdict = 'waiting'"], anywhere: "verdict = 'waiting'", ..OPEN },
            Self::Left => LEFT,
            Self::Released => Source {
                in_an_area: &["c.verdict in ('left', 'released') and c.verdict = 'released'"],
                anywhere: "c.verdict in ('left', 'released') and c.verdict = 'released'",
                ..LEFT
            },
        }
    }
}

/// A statement in parts, each said so that an index answers it.
#[derive(Debug)]
struct Source {
    /// The places, as one number each.
    select: &'static str,
    /// Conditions for one area; each change meets one of them.
    in_an_area: &'static [&'static str],
    /// The condition for all areas. Where most of the table meets it, it says what is not meant: SQLite would sort all
    /// that is meant rather than read it in order.
    anywhere: &'static str,
    /// The condition that a place comes after `$1`, and the order.
    after: &'static str,
}

/// A batch and an ordinal.
type At = (i64, i64);
/// No change has a higher ordinal.
const LAST_ORDINAL: i64 = limits::ENTRIES as i64 - 1;

/// At most `limit` changes whose logs are of these areas, or of any, after a place, in the order of arrival.
///
/// # Errors
/// The database's.
pub async fn list(
    db: &Db,
    areas: Option<&BTreeSet<AreaId>>,
    which: Which,
    after: At,
    limit: usize,
) -> Result<Vec<Item>, DbError> {
    const ITEMS: Find<'_> = Find {
        select: "c.batch_id, c.ordinal, c.verdict, c.reason, c.record_id, c.kind, c.change_hash, c.bytes, \
                 b.generation, b.code, b.device_id, b.sealed_at_ms, b.received_at_ms, d.label, d.account_id, \
                 a.display_name, c.decided_at_ms, p.display_name as decided_by, c.note",
        from: "change c join batch b on b.id = c.batch_id join device d on d.id = b.device_id \
               left join account a on a.id = d.account_id left join account p on p.id = c.decided_by",
        by: &["c.batch_id", "c.ordinal"],
        and: "true",
    };
    let mut tx = db.snapshot().await?;
    let places = places(&mut tx, areas, which, after, limit).await?;
    let keys: Vec<Value<'_>> =
        places.iter().flat_map(|(batch, ordinal)| [Value::Int(*batch), Value::Int(*ordinal)]).collect();
    let rows: Vec<Row> = rows::read_by(&mut tx, ITEMS, &keys).await?;
    let mut items = rows.into_iter().map(Item::of).collect::<Result<Vec<_>, _>>()?;
    items.sort_by_key(|item| (item.batch, item.ordinal));
    Ok(items)
}

/// The first places, in the order of arrival. Of each area no more is read than can be among them.
async fn places(
    tx: &mut Tx,
    areas: Option<&BTreeSet<AreaId>>,
    which: Which,
    after: At,
    limit: usize,
) -> Result<BTreeSet<At>, DbError> {
    let source = which.source();
    let after = number(after.0, after.1.min(LAST_ORDINAL));
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let (of_areas, verdicts): (Vec<Option<&AreaId>>, &[&str]) = match areas {
        None => (vec![None], &[source.anywhere]),
        Some(areas) => (areas.iter().map(Some).collect(), source.in_an_area),
    };
    let mut places = BTreeSet::new();
    for verdict in verdicts {
        for area in &of_areas {
            let in_area = if area.is_some() { "generation = $3 and code = $4" } else { "true" };
            let text = format!("{} where {verdict} and {in_area} and {} limit $2", source.select, source.after);
            let found: Vec<i64> = on_db!(tx, |c| {
                let mut query = sqlx::query_scalar(AssertSqlSafe(text)).bind(after).bind(most);
                if let Some(AreaId { generation, code }) = area {
                    query = query.bind(i64::from(*generation)).bind(i64::from(*code));
                }
                query.fetch_all(c).await
            })?;
            places.extend(found.into_iter().map(batch_and_ordinal));
            while places.len() > limit {
                places.pop_last();
            }
        }
    }
    Ok(places)
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
