//! Which history of the database this is.
//!
//! Putting a database back to a backup takes back verdicts that devices already acted on. A new epoch makes every device
//! compare in full once, see [`sync_core::sync::Epoch`]. `banlang restore` and `banlang rebuild` begin one.

use std::collections::BTreeSet;

use sync_core::id::{BatchSeq, DeviceId};
use sync_core::log::{Inventory, LogId};
use sync_core::sync::{Epoch, Withheld};

use super::signer::area;
use super::store::{log_keys, seq_of};
use crate::auth::random_bytes;
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Entries of one log, by batch and place in it.
type Entries = BTreeSet<(BatchSeq, u8)>;

/// The epoch of this database; all zero until the first one was begun.
pub(crate) async fn current(tx: &mut Tx) -> Result<Epoch, DbError> {
    const READ: &str = "select epoch from history where only_row = 1";
    let epoch: Option<Blob<[u8; 8]>> = on_db!(tx, |c| sqlx::query_scalar(READ).fetch_optional(c).await)?;
    Ok(epoch.map(|Blob(epoch)| Epoch(epoch)).unwrap_or_default())
}

/// Begins a new epoch.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), DbError> {
    const SET: &str = "insert into history (only_row, epoch) values (1, $1) \
                       on conflict (only_row) do update set epoch = excluded.epoch";
    let epoch: [u8; 8] = random_bytes();
    on_db!(tx, |c| sqlx::query(SET).bind(Blob(epoch)).execute(c).await.map(drop))?;
    Ok(())
}

/// The entries of chained batches that are not handed out, as far as it takes to compare them with what was withheld from
/// the device `me`, by [`sync_core::sync::differs`].
///
/// A log may have any number of such entries: of one that has more than the device says, one more is read; of the
/// device's own logs those it says. So of these entries no more are read than what the device sent asks for, whatever
/// others brought.
pub(crate) async fn withheld(
    tx: &mut Tx,
    me: DeviceId,
    known: &Inventory,
    held: &Inventory,
    said: &Withheld,
) -> Result<Withheld, DbError> {
    let mut withheld = Withheld::new();
    let is_compared = |log: &LogId| log.device != me || said.contains_key(log);
    let compared: Vec<LogId> = known.iter().map(|(log, _)| *log).filter(is_compared).collect();
    for log in with_any(tx, &compared).await? {
        let none = BTreeSet::new();
        let theirs = said.get(&log).unwrap_or(&none);
        let common = known.head(&log).seq.min(held.head(&log).seq);
        let ours = match log.device == me {
            true => of_these(tx, &log, theirs).await?,
            false => first(tx, &log, common, theirs.len() + 1).await?,
        };
        withheld.insert(log, ours.into_iter().filter(|(seq, _)| *seq <= common).collect());
    }
    Ok(withheld)
}

/// Those of these logs that have any entry that is not handed out.
async fn with_any(tx: &mut Tx, logs: &[LogId]) -> Result<Vec<LogId>, DbError> {
    const ANY: Find<'_> = Find {
        select: "h.generation, h.code, h.device_id",
        from: "log_head h",
        by: &["h.generation", "h.code", "h.device_id"],
        and: "exists (select 1 from batch b cross join change c where b.generation = h.generation and b.code = h.code \
              and b.device_id = h.device_id and b.state = 'chained' and c.batch_id = b.id and c.verdict <> 'admitted')",
    };
    let rows: Vec<(i64, i64, Blob<DeviceId>)> = rows::read_by(tx, ANY, &log_keys(logs)).await?;
    rows.into_iter()
        .map(|(generation, code, Blob(device))| Ok(LogId { area: area(generation, code)?, device }))
        .collect()
}

/// The first such entries of a log, at most so many, of the batches up to a place.
async fn first(tx: &mut Tx, log: &LogId, up_to: BatchSeq, most: usize) -> Result<Entries, DbError> {
    const FIRST: &str = "select b.seq, c.ordinal from batch b cross join change c where b.generation = $1 \
                         and b.code = $2 and b.device_id = $3 and b.state = 'chained' and b.seq <= $4 \
                         and c.batch_id = b.id and c.verdict <> 'admitted' order by b.seq, c.ordinal limit $5";
    let rows: Vec<(i64, i64)> = on_db!(tx, |c| {
        let of_log = sqlx::query_as(FIRST).bind(i64::from(log.area.generation)).bind(i64::from(log.area.code));
        let up_to = i64::try_from(up_to.0).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        of_log.bind(Blob(log.device)).bind(up_to).bind(most).fetch_all(c).await
    })?;
    rows.into_iter().map(entry).collect()
}

/// Those of these entries of a log that are such entries.
async fn of_these(tx: &mut Tx, log: &LogId, entries: &Entries) -> Result<Entries, DbError> {
    const OF_BATCHES: Find<'_> = Find {
        select: "b.seq, c.ordinal",
        from: "batch b cross join change c",
        by: &["b.generation", "b.code", "b.device_id", "b.seq"],
        and: "b.state = 'chained' and c.batch_id = b.id and c.verdict <> 'admitted'",
    };
    let batches: BTreeSet<i64> = entries.iter().filter_map(|(seq, _)| i64::try_from(seq.0).ok()).collect();
    let keys: Vec<Value<'_>> =
        batches.into_iter().flat_map(|seq| log_keys([log]).into_iter().chain([Value::Int(seq)])).collect();
    let rows: Vec<(i64, i64)> = rows::read_by(tx, OF_BATCHES, &keys).await?;
    let ours = rows.into_iter().map(entry).collect::<Result<Entries, _>>()?;
    Ok(ours.intersection(entries).copied().collect())
}

fn entry((seq, ordinal): (i64, i64)) -> Result<(BatchSeq, u8), DbError> {
    let damaged = |_| DbError::Damaged { column: "change.ordinal", why: ordinal.to_string() };
    Ok((seq_of(seq)?, u8::try_from(ordinal).map_err(damaged)?))
}
