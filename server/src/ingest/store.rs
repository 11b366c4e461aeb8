//! Rows of batches and changes, read and written many at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::id::{AreaId, BatchHash, BatchSeq, DeviceId, RecordId, UnixMs};
use sync_core::log::{Batch, BatchHeader, Head, LogId, RawChange, Signature};

use super::decide::{Place, Record};
use super::signer::area;
use super::standing::{Standing, State, Via, stored_standing, stored_state};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// A batch to be inserted.
#[derive(Debug)]
pub(crate) struct NewBatch<'a> {
    pub(crate) id: i64,
    pub(crate) batch: &'a Batch,
    pub(crate) hash: BatchHash,
    pub(crate) header: &'a [u8],
    pub(crate) received_at: UnixMs,
    pub(crate) via: Via,
    pub(crate) carrier: Option<DeviceId>,
    pub(crate) state: State,
    /// One an entry.
    pub(crate) standings: Vec<Standing>,
}

/// Keeps every other process from ingesting until this transaction ends; must be its first statement.
///
/// On SQLite the transaction holds the write lock already. On PostgreSQL the lock is taken before the transaction's
/// snapshot, so that it sees what the one before it committed.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), DbError> {
    if let Tx::Postgres(connection) = tx {
        sqlx::query("lock table log_head in share row exclusive mode").execute(&mut **connection).await?;
    }
    Ok(())
}

/// The id of the next batch. Holds while [`lock`] does.
pub(crate) async fn next_batch_id(tx: &mut Tx) -> Result<i64, DbError> {
    const NEXT: &str = "select coalesce(max(id), 0) + 1 from batch";
    Ok(on_db!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?)
}

/// Logs as keys of three columns: generation, code, device.
pub(super) fn log_keys<'a>(logs: impl IntoIterator<Item = &'a LogId>) -> Vec<Value<'a>> {
    logs.into_iter()
        .flat_map(|log| {
            [
                Value::Int(log.area.generation.into()),
                Value::Int(log.area.code.into()),
                Value::Bytes(log.device.as_bytes()),
            ]
        })
        .collect()
}

/// The heads of these logs, where anything of them is chained.
pub(crate) async fn heads(tx: &mut Tx, logs: &BTreeSet<LogId>) -> Result<BTreeMap<LogId, Head>, DbError> {
    const HEADS: Find<'_> = Find {
        select: "generation, code, device_id, seq, hash",
        from: "log_head",
        by: &["generation", "code", "device_id"],
        and: "true",
    };
    type Row = (i64, i64, Blob<DeviceId>, i64, Blob<BatchHash>);
    let rows: Vec<Row> = rows::read_by(tx, HEADS, &log_keys(logs)).await?;
    rows.into_iter()
        .map(|(generation, code, Blob(device), seq, Blob(hash))| {
            Ok((LogId { area: area(generation, code)?, device }, Head { seq: seq_of(seq)?, hash }))
        })
        .collect()
}

/// The ids and states of the batches of these hashes that are stored.
pub(crate) async fn known(
    tx: &mut Tx,
    hashes: &BTreeSet<BatchHash>,
) -> Result<HashMap<BatchHash, (i64, State)>, DbError> {
    const KNOWN: &str = "select hash, id, state from batch where hash in";
    let keys: Vec<Value<'_>> = hashes.iter().map(|hash| Value::Bytes(hash.as_bytes())).collect();
    let rows: Vec<(Blob<BatchHash>, i64, String)> = rows::read(tx, KNOWN, &keys).await?;
    rows.into_iter().map(|(Blob(hash), id, state)| Ok((hash, (id, stored_state(&state)?)))).collect()
}

/// A batch read back.
#[derive(Debug)]
pub(crate) struct StoredBatch {
    pub(crate) id: i64,
    pub(crate) batch: Batch,
    pub(crate) received_at: UnixMs,
    pub(crate) standings: Vec<Standing>,
}

/// The waiting batches that may become something else when these batches arrive, oldest place first: those that follow
/// one of them or each other, and those whose place a log comes to. Any number of others may wait; they are not read.
pub(crate) async fn waiting(
    tx: &mut Tx,
    heads: &BTreeMap<LogId, Head>,
    arriving: impl Iterator<Item = (LogId, Head)>,
) -> Result<Vec<StoredBatch>, DbError> {
    const AFTER: &str =
        "select id, generation, code, device_id, seq, hash from batch where state = 'waiting' and prev in";
    const AT: Find<'_> = Find {
        select: "id, generation, code, device_id, seq, hash",
        from: "batch",
        by: &["generation", "code", "device_id", "seq"],
        and: "state = 'waiting'",
    };
    const ROWS: &str = "select id, header, signature, received_at_ms from batch where id in";
    type Row = (i64, i64, i64, Blob<DeviceId>, i64, Blob<BatchHash>);
    let mut reach = Reach::of(heads);
    let mut new: Vec<(LogId, Head)> = arriving.collect();
    let mut found: BTreeSet<i64> = BTreeSet::new();
    while !new.is_empty() {
        let hashes: Vec<Value<'_>> = new.iter().map(|(_, head)| Value::Bytes(head.hash.as_bytes())).collect();
        let mut rows: Vec<Row> = rows::read(tx, AFTER, &hashes).await?;
        let places = reach.extend(&new);
        let keys: Vec<Value<'_>> =
            places.iter().flat_map(|(log, seq)| log_keys([log]).into_iter().chain([Value::Int(*seq)])).collect();
        rows.extend(rows::read_by::<Row>(tx, AT, &keys).await?);
        new.clear();
        for (id, generation, code, Blob(device), seq, Blob(hash)) in rows {
            if found.insert(id) {
                let log = LogId { area: area(generation, code)?, device };
                new.push((log, Head { seq: seq_of(seq)?, hash }));
            }
        }
    }
    let ids: Vec<Value<'_>> = found.iter().map(|id| Value::Int(*id)).collect();
    let rows: Vec<BatchRow> = rows::read(tx, ROWS, &ids).await?;
    let mut batches = with_bodies(tx, rows).await?;
    batches.sort_by_key(|stored| (stored.batch.log(), stored.batch.header().seq, stored.id));
    Ok(batches)
}

/// How far logs may come, whichever of the batches at hand follow each other.
struct Reach {
    tops: BTreeMap<LogId, u64>,
    places: BTreeSet<(LogId, u64)>,
}

impl Reach {
    fn of(heads: &BTreeMap<LogId, Head>) -> Self {
        Self { tops: heads.iter().map(|(log, head)| (*log, head.seq.0)).collect(), places: BTreeSet::new() }
    }

    /// Adds batches; the places that come within reach by it.
    fn extend(&mut self, batches: &[(LogId, Head)]) -> BTreeSet<(LogId, i64)> {
        self.places.extend(batches.iter().map(|(log, head)| (*log, head.seq.0)));
        let mut within = BTreeSet::new();
        for log in batches.iter().map(|(log, _)| *log) {
            let top = self.tops.entry(log).or_default();
            while self.places.contains(&(log, *top + 1)) {
                *top += 1;
                within.extend(i64::try_from(*top + 1).map(|seq| (log, seq)));
            }
        }
        within
    }
}

/// `id, header, signature, received_at_ms` of a batch.
pub(crate) type BatchRow = (i64, Vec<u8>, Blob<[u8; 64]>, i64);

/// Joins rows of batches with their changes. The order of the rows is kept.
pub(crate) async fn with_bodies(tx: &mut Tx, rows: Vec<BatchRow>) -> Result<Vec<StoredBatch>, DbError> {
    const BODIES: &str = "select batch_id, ordinal, bytes, verdict, reason from change where batch_id in";
    joined(tx, rows, BODIES).await
}

/// As [`with_bodies`], but what is not admitted is withheld: its bytes are not even read.
pub(crate) async fn with_admitted_bodies(tx: &mut Tx, rows: Vec<BatchRow>) -> Result<Vec<StoredBatch>, DbError> {
    const BODIES: &str = "select batch_id, ordinal, case when verdict = 'admitted' then bytes end, verdict, reason \
                          from change where batch_id in";
    joined(tx, rows, BODIES).await
}

async fn joined(tx: &mut Tx, rows: Vec<BatchRow>, read: &str) -> Result<Vec<StoredBatch>, DbError> {
    let keys: Vec<Value<'_>> = rows.iter().map(|row| Value::Int(row.0)).collect();
    type Row = (i64, i64, Option<Vec<u8>>, String, Option<String>);
    let bodies: Vec<Row> = rows::read(tx, read, &keys).await?;
    let mut by_batch: HashMap<i64, BTreeMap<i64, (Option<RawChange>, Standing)>> = HashMap::new();
    for (batch, ordinal, bytes, verdict, reason) in bodies {
        let standing = stored_standing(&verdict, reason.as_deref())?;
        let body = bytes.map(|bytes| raw_change(&bytes)).transpose()?;
        by_batch.entry(batch).or_default().insert(ordinal, (body, standing));
    }
    rows.into_iter()
        .map(|(id, header, Blob(signature), received_at)| {
            let damaged = |why: String| DbError::Damaged { column: "batch.header", why: format!("batch {id}: {why}") };
            let (bodies, standings) = by_batch.remove(&id).unwrap_or_default().into_values().unzip();
            let batch = Batch::from_stored(&header, Signature(signature), bodies)
                .map_err(|error| damaged(error.to_string()))?;
            Ok(StoredBatch { id, batch, received_at: UnixMs(received_at), standings })
        })
        .collect()
}

/// The change of stored bytes.
pub(crate) fn raw_change(bytes: &[u8]) -> Result<RawChange, DbError> {
    RawChange::from_framed(bytes).map_err(|error| DbError::Damaged { column: "change.bytes", why: error.to_string() })
}

/// Those entries of these batches whose bytes the server never got.
pub(crate) async fn absent(tx: &mut Tx, batches: &BTreeSet<i64>) -> Result<BTreeSet<(i64, usize)>, DbError> {
    const ABSENT: &str = "select batch_id, ordinal from change where verdict = 'absent' and batch_id in";
    let keys: Vec<Value<'_>> = batches.iter().map(|id| Value::Int(*id)).collect();
    let rows: Vec<(i64, i64)> = rows::read(tx, ABSENT, &keys).await?;
    Ok(rows.into_iter().filter_map(|(batch, ordinal)| Some((batch, usize::try_from(ordinal).ok()?))).collect())
}

/// Inserts batches with their changes.
pub(crate) async fn insert(tx: &mut Tx, batches: &[NewBatch<'_>]) -> Result<(), DbError> {
    const BATCH: &str = "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, \
                         sealed_at_ms, schema_number, header, signature, received_at_ms, via, carrier_device_id, \
                         state) values";
    const CHANGE: &str = "insert into change (batch_id, ordinal, record_id, kind, change_hash, bytes, verdict, reason) \
                          values";
    let mut batch_values = Vec::with_capacity(batches.len() * 16);
    let mut change_values = Vec::new();
    for new in batches {
        let header: &BatchHeader = new.batch.header();
        batch_values.extend([
            Value::Int(new.id),
            Value::Bytes(header.log.device.as_bytes()),
            Value::Int(header.log.area.generation.into()),
            Value::Int(header.log.area.code.into()),
            Value::Int(stored_seq(header.seq)?),
            Value::Bytes(new.hash.as_bytes()),
            Value::Bytes(header.prev.as_bytes()),
            Value::Int(header.certificate.0.into()),
            Value::Int(header.sealed_at.0),
            Value::Int(header.schema.into()),
            Value::Bytes(new.header),
            Value::Bytes(&new.batch.signature().0),
            Value::Int(new.received_at.0),
            Value::Text(new.via.name()),
            Value::OptBytes(new.carrier.as_ref().map(DeviceId::as_bytes)),
            Value::Text(new.state.name()),
        ]);
        for (ordinal, ((entry, body), standing)) in new.batch.changes().zip(&new.standings).enumerate() {
            change_values.extend([
                Value::Int(new.id),
                Value::Int(ordinal as i64),
                Value::Bytes(entry.record.as_bytes()),
                Value::Int(entry.kind.into()),
                Value::Bytes(entry.change.as_bytes()),
                Value::OptBytes(body.map(RawChange::framed)),
                Value::Text(standing.name()),
                Value::OptText(standing.reason().map(|reason| reason.code())),
            ]);
        }
    }
    rows::write(tx, BATCH, 16, "", &batch_values).await?;
    rows::write(tx, CHANGE, 8, "", &change_values).await
}

/// A stored change that stands otherwise now.
#[derive(Debug)]
pub(crate) struct Restanding<'a> {
    pub(crate) place: Place,
    pub(crate) standing: Standing,
    /// Bytes that were absent before.
    pub(crate) bytes: Option<&'a [u8]>,
}

/// Writes how stored changes stand now. The reason of one that was quarantined stays for the record.
pub(crate) async fn restand(tx: &mut Tx, changes: &[Restanding<'_>]) -> Result<(), DbError> {
    const COLUMNS: [&str; 5] = ["batch", "place", "stands", "because", "holds"];
    const UPDATE: &str = "update change set verdict = stands, reason = coalesce(because, reason), \
                          bytes = coalesce(holds, bytes) from wanted where batch_id = batch and ordinal = place";
    let values: Vec<Value<'_>> = changes
        .iter()
        .flat_map(|change| {
            [
                Value::Int(change.place.batch_id),
                Value::Int(change.place.ordinal as i64),
                Value::Text(change.standing.name()),
                Value::OptText(change.standing.reason().map(|reason| reason.code())),
                Value::OptBytes(change.bytes),
            ]
        })
        .collect();
    rows::with(tx, &COLUMNS, UPDATE, &values).await
}

/// Writes how stored batches stand now.
pub(crate) async fn set_states(tx: &mut Tx, states: &[(i64, State)]) -> Result<(), DbError> {
    const UPDATE: &str = "update batch set state = $2 where id = $1";
    for (id, state) in states {
        on_db!(tx, |c| sqlx::query(UPDATE).bind(*id).bind(state.name()).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Writes heads that advanced.
pub(crate) async fn set_heads(tx: &mut Tx, heads: &[(LogId, Head)]) -> Result<(), DbError> {
    const INSERT: &str = "insert into log_head (generation, code, device_id, seq, hash) values";
    const REPLACE: &str = "on conflict (generation, code, device_id) do update set seq = excluded.seq, \
                           hash = excluded.hash";
    let mut values = Vec::with_capacity(heads.len() * 5);
    for (log, head) in heads {
        values.extend(log_keys([log]));
        values.extend([Value::Int(stored_seq(head.seq)?), Value::Bytes(head.hash.as_bytes())]);
    }
    rows::write(tx, INSERT, 5, REPLACE, &values).await
}

/// Writes the cache rows of records that changed.
pub(crate) async fn set_records(tx: &mut Tx, records: &[(RecordId, &Record)]) -> Result<(), DbError> {
    const INSERT: &str = "insert into record (record_id, kind, generation, code, heads, changes) values";
    const REPLACE: &str = "on conflict (record_id) do update set kind = excluded.kind, \
                           generation = excluded.generation, code = excluded.code, heads = excluded.heads, \
                           changes = excluded.changes";
    let heads: Vec<Vec<u8>> = records
        .iter()
        .map(|(_, record)| {
            let heads = record.view.as_ref().map_or(&[][..], |view| &view.meta().heads);
            heads.iter().flat_map(|hash| hash.0).collect()
        })
        .collect();
    let mut values = Vec::with_capacity(records.len() * 6);
    for ((id, record), heads) in records.iter().zip(&heads) {
        let (Some(kind), Some(AreaId { generation, code })) = (record.kind, record.area) else { continue };
        values.extend([
            Value::Bytes(id.as_bytes()),
            Value::Int(kind.code().into()),
            Value::Int(generation.into()),
            Value::Int(code.into()),
            Value::Bytes(heads),
            Value::Int(record.admitted.len() as i64),
        ]);
    }
    rows::write(tx, INSERT, 6, REPLACE, &values).await
}

/// A stored sequence number.
pub(crate) fn seq_of(seq: i64) -> Result<BatchSeq, DbError> {
    u64::try_from(seq).map(BatchSeq).map_err(|_| DbError::Damaged { column: "seq", why: seq.to_string() })
}

/// A sequence number as stored. Numbers no device can reach are refused before they come here.
pub(crate) fn stored_seq(seq: BatchSeq) -> Result<i64, DbError> {
    i64::try_from(seq.0).map_err(|_| DbError::Damaged { column: "batch.seq", why: seq.0.to_string() })
}
