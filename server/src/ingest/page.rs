//! Batches read back for a device: whole, in order, with what was not admitted withheld.

use std::collections::HashMap;

use sync_core::id::{BatchSeq, DeviceId};
use sync_core::log::{Batch, Head, LogId};

use super::signer::area;
use super::store::{self, BatchRow, seq_of};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};

/// Batches whose headers are read in one go.
const STEP: usize = 256;
/// About how many bytes of headers the batches have whose bodies are read in one go. A header has some 50 bytes for each
/// entry, and a batch of few large entries has at most 1 MiB.
const STEP_HEADER_BYTES: usize = 32 * 1024;
/// Batches whose bodies are read in one go.
const STEP_BODIES: usize = 32;
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
        let mut rows = read_rows(tx, step).await?.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut some, mut header_bytes) = (Vec::new(), 0);
            while header_bytes < STEP_HEADER_BYTES
                && some.len() < STEP_BODIES
                && let Some(row) = rows.next()
            {
                header_bytes += row.1.len();
                some.push(row);
            }
            for stored in store::with_admitted_bodies(tx, some).await? {
                if bytes >= about_bytes {
                    return Ok((batches, true));
                }
                bytes += stored.batch.approximate_bytes();
                batches.push(stored.batch);
            }
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

/// The rows of the batches at these places, in this order.
async fn read_rows(tx: &mut Tx, places: &[(LogId, BatchSeq)]) -> Result<Vec<BatchRow>, DbError> {
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
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
