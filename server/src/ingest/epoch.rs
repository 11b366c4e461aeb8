//! Which history of the database this is.
//!
//! Putting a database back to a backup takes back verdicts that devices already acted on. A new epoch makes every device
//! compare in full once, see [`sync_core::sync::Epoch`]. `banlang restore` and `banlang rebuild` begin one.

use std::collections::BTreeSet;

use sync_core::id::DeviceId;
use sync_core::log::{Inventory, LogId};
use sync_core::sync::{Epoch, Withheld};

use super::signer::area;
use super::store::seq_of;
use crate::auth::random_bytes;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Rows of one statement: more than one batch has.
const ROWS_AT_ONCE: i64 = 4096;

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
/// A log may have any number of such entries: of one that has more than the device says, one more is kept; of the
/// device's own logs those it says. So what is kept is bounded by what the device sent.
pub(crate) async fn withheld(
    tx: &mut Tx,
    me: DeviceId,
    known: &Inventory,
    held: &Inventory,
    said: &Withheld,
) -> Result<Withheld, DbError> {
    // Read from the index of such changes, whose condition stands here word for word: they are few, changes are many.
    const READ: &str = "select c.batch_id, b.generation, b.code, b.device_id, b.seq, c.ordinal \
                        from change c cross join batch b where c.verdict <> 'admitted' and c.batch_id > $1 \
                        and b.id = c.batch_id and b.state = 'chained' order by c.batch_id limit $2";
    type Row = (i64, i64, i64, Blob<DeviceId>, i64, i64);
    let mut withheld = Withheld::new();
    let is_compared = |log: &LogId| log.device != me || said.contains_key(log);
    if !known.iter().any(|(log, _)| is_compared(log)) {
        return Ok(withheld);
    }
    let mut after = 0;
    loop {
        let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(READ).bind(after).bind(ROWS_AT_ONCE).fetch_all(c).await)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|read| read < ROWS_AT_ONCE);
        // The last batch may go on behind these rows: it is read again.
        after = rows.last().map_or(after, |row| row.0 - 1);
        for (_, generation, code, Blob(device), seq, ordinal) in rows {
            let log = LogId { area: area(generation, code)?, device };
            let ordinal = u8::try_from(ordinal)
                .map_err(|_| DbError::Damaged { column: "change.ordinal", why: ordinal.to_string() })?;
            let entry = (seq_of(seq)?, ordinal);
            let is_common = entry.0 <= known.head(&log).seq.min(held.head(&log).seq);
            let theirs = said.get(&log);
            let ours = withheld.get(&log).map_or(0, BTreeSet::len);
            let counts = match device == me {
                true => theirs.is_some_and(|theirs| theirs.contains(&entry)),
                false => ours <= theirs.map_or(0, BTreeSet::len),
            };
            if is_common && counts {
                withheld.entry(log).or_default().insert(entry);
            }
        }
        if is_last {
            return Ok(withheld);
        }
    }
}
