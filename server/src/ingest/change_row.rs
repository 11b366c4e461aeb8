//! Rows of stored changes, read back with the batch that brought each.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::id::{CertificateNo, ChangeHash, DeviceId, RecordId, RecordKind, UnixMs};
use sync_core::log::LogId;

use super::decide::Place;
use super::signer::area;
use super::standing::{Standing, State, stored_standing, stored_state};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// A stored change that concerns a record at hand.
#[derive(Debug)]
pub(crate) struct ChangeRow {
    pub(crate) place: Place,
    pub(crate) record: RecordId,
    pub(crate) kind: u8,
    pub(crate) hash: ChangeHash,
    pub(crate) bytes: Option<Arc<Vec<u8>>>,
    pub(crate) standing: Standing,
    pub(crate) log: LogId,
    pub(crate) certificate: CertificateNo,
    pub(crate) received_at: UnixMs,
    /// Its batch is part of its log, so others may have received it as it stood then.
    pub(crate) chained: bool,
}

#[derive(Debug, sqlx::FromRow)]
struct ChangeColumns {
    batch_id: i64,
    ordinal: i64,
    record_id: Blob<RecordId>,
    kind: i64,
    change_hash: Blob<ChangeHash>,
    bytes: Option<Vec<u8>>,
    verdict: String,
    reason: Option<String>,
    generation: i64,
    code: i64,
    device_id: Blob<DeviceId>,
    certificate_no: i64,
    received_at_ms: i64,
    state: String,
}

/// The columns of [`ChangeRow`]; complete with a condition on `c` or `b`.
macro_rules! change_columns {
    () => {
        "c.batch_id, c.ordinal, c.record_id, c.kind, c.change_hash, c.bytes, c.verdict, c.reason, \
         b.generation, b.code, b.device_id, b.certificate_no, b.received_at_ms, b.state"
    };
}
const CHANGE_COLUMNS: &str = change_columns!();

macro_rules! change_rows {
    ($condition:literal) => {
        concat!("select ", change_columns!(), " from change c join batch b on b.id = c.batch_id where ", $condition)
    };
}

impl ChangeRow {
    fn of(columns: ChangeColumns) -> Result<Self, DbError> {
        let number = |column, value: i64| DbError::Damaged { column, why: value.to_string() };
        Ok(Self {
            place: Place {
                batch_id: columns.batch_id,
                ordinal: usize::try_from(columns.ordinal).map_err(|_| number("change.ordinal", columns.ordinal))?,
            },
            record: columns.record_id.0,
            kind: u8::try_from(columns.kind).map_err(|_| number("change.kind", columns.kind))?,
            hash: columns.change_hash.0,
            bytes: columns.bytes.map(Arc::new),
            standing: stored_standing(&columns.verdict, columns.reason.as_deref())?,
            log: LogId { area: area(columns.generation, columns.code)?, device: columns.device_id.0 },
            certificate: CertificateNo(
                u32::try_from(columns.certificate_no)
                    .map_err(|_| number("batch.certificate_no", columns.certificate_no))?,
            ),
            received_at: UnixMs(columns.received_at_ms),
            chained: stored_state(&columns.state)? == State::Chained,
        })
    }

    /// The kind of its record, when this version knows it.
    pub(crate) fn known_kind(&self) -> Option<RecordKind> {
        RecordKind::from_code(self.kind)
    }
}

/// Every stored change of these records, in the order of arrival.
pub(crate) async fn changes_of(tx: &mut Tx, records: &BTreeSet<RecordId>) -> Result<Vec<ChangeRow>, DbError> {
    const CHANGES: &str = change_rows!("c.verdict <> 'quarantined' and c.record_id in");
    let keys: Vec<Value<'_>> = records.iter().map(|record| Value::Bytes(record.as_bytes())).collect();
    let rows: Vec<ChangeColumns> = rows::read(tx, CHANGES, &keys).await?;
    let mut rows: Vec<ChangeRow> = rows.into_iter().map(ChangeRow::of).collect::<Result<_, _>>()?;
    rows.sort_by_key(|row| row.place);
    Ok(rows)
}

/// The rows of these changes of these records that lie in quarantine. A record may have any number of such rows: only
/// those that may become part of it by another batch are read.
pub(crate) async fn kept(tx: &mut Tx, changes: &BTreeSet<(RecordId, ChangeHash)>) -> Result<Vec<ChangeRow>, DbError> {
    const KEPT: Find<'_> = Find {
        select: CHANGE_COLUMNS,
        from: "change c join batch b on b.id = c.batch_id",
        by: &["c.record_id", "c.change_hash"],
        and: "c.verdict = 'quarantined'",
    };
    let keys: Vec<Value<'_>> = changes
        .iter()
        .flat_map(|(record, hash)| [Value::Bytes(record.as_bytes()), Value::Bytes(hash.as_bytes())])
        .collect();
    let rows: Vec<ChangeColumns> = rows::read_by(tx, KEPT, &keys).await?;
    rows.into_iter().map(ChangeRow::of).collect()
}

/// One stored change.
pub(crate) async fn change_at(tx: &mut Tx, batch_id: i64, ordinal: i64) -> Result<Option<ChangeRow>, DbError> {
    const ONE: &str = change_rows!("c.batch_id = $1 and c.ordinal = $2");
    let row: Option<ChangeColumns> =
        on_db!(tx, |c| sqlx::query_as(ONE).bind(batch_id).bind(ordinal).fetch_optional(c).await)?;
    row.map(ChangeRow::of).transpose()
}
