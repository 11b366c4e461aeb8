//! Batches read back for a device: whole, in order, with what was not admitted withheld.

use std::collections::HashMap;

use sync_core::id::{BatchSeq, DeviceId};
use sync_core::log::{Batch, Head, LogId};

use super::rows::{self, Find, Value};
use super::signer::area;
use super::standing::Standing;
use super::store::{self, BatchRow, seq_of};
use crate::db::{Blob, DbError, Tx};

/// Batches read in one go: their bodies are read together.
const STEP: usize = 256;
/// Batches in one page at most.
const MAX_BATCHES: usize = 32_768;

/// A range of one log: the batches after `after`, up to `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) log: LogId,
    pub(crate) after: BatchSeq,
    pub(crate) to: Head,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: i64,
    generation: i64,
    code: i64,
    device_id: Blob<DeviceId>,
    seq: i64,
    header: Vec<u8>,
    signature: Blob<[u8; 64]>,
    received_at_ms: i64,
}

/// Reads ranges in order until the batches take `about_bytes`; whether something was left out.
pub(crate) async fn read(tx: &mut Tx, ranges: &[Range], about_bytes: usize) -> Result<(Vec<Batch>, bool), DbError> {
    let (places, cut) = places(ranges);
    let mut batches = Vec::new();
    let mut bytes = 0;
    for step in places.chunks(STEP) {
        for batch in read_step(tx, step).await? {
            if bytes >= about_bytes {
                return Ok((batches, true));
            }
            bytes += batch.approximate_bytes();
            batches.push(batch);
        }
    }
    Ok((batches, cut))
}

/// The places of the first batches of these ranges, and whether there are more.
fn places(ranges: &[Range]) -> (Vec<(LogId, BatchSeq)>, bool) {
    let of_range = |range: &Range| {
        let log = range.log;
        (range.after.0 + 1..=range.to.seq.0).map(move |seq| (log, BatchSeq(seq)))
    };
    let mut places: Vec<_> = ranges.iter().flat_map(of_range).take(MAX_BATCHES + 1).collect();
    let cut = places.len() > MAX_BATCHES;
    places.truncate(MAX_BATCHES);
    (places, cut)
}

async fn read_step(tx: &mut Tx, places: &[(LogId, BatchSeq)]) -> Result<Vec<Batch>, DbError> {
    const FIND: Find<'_> = Find {
        select: "id, generation, code, device_id, seq, header, signature, received_at_ms",
        from: "batch",
        by: &["generation", "code", "device_id", "seq"],
        and: "state = 'chained'",
    };
    let mut keys = Vec::with_capacity(places.len() * 4);
    for (log, seq) in places {
        keys.extend([
            Value::Int(log.area.generation.into()),
            Value::Int(log.area.code.into()),
            Value::Bytes(log.device.as_bytes()),
            Value::Int(store::stored_seq(*seq)?),
        ]);
    }
    let found: Vec<Row> = rows::read_by(tx, FIND, &keys).await?;
    let order: HashMap<(LogId, BatchSeq), usize> =
        places.iter().enumerate().map(|(index, place)| (*place, index)).collect();
    let mut rows: Vec<(usize, BatchRow)> = Vec::with_capacity(found.len());
    for row in found {
        let place = (LogId { area: area(row.generation, row.code)?, device: row.device_id.0 }, seq_of(row.seq)?);
        let at = order.get(&place).copied().unwrap_or(usize::MAX);
        rows.push((at, (row.id, row.header, row.signature, row.received_at_ms)));
    }
    rows.sort_by_key(|(at, _)| *at);
    let stored = store::with_bodies(tx, rows.into_iter().map(|(_, row)| row).collect()).await?;
    Ok(stored
        .into_iter()
        .map(|stored| {
            let standings = stored.standings;
            stored.batch.withholding(|ordinal| standings.get(ordinal) == Some(&Standing::Admitted))
        })
        .collect())
}
