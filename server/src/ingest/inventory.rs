//! What the server has of each log: read once, then only what came since.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::id::{BatchHash, DeviceId};
use sync_core::log::{Head, Inventory, LogId};

use super::signer::area;
use super::store::seq_of;
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// The server's inventory as of a batch.
///
/// Sound because a head moves only in a transaction that inserts a batch, and those commit in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Inventories(Mutex<(i64, Arc<Inventory>)>);

type HeadRow = (i64, i64, Blob<DeviceId>, i64, Blob<BatchHash>);

fn head_of(row: HeadRow) -> Result<(LogId, Head), DbError> {
    let (generation, code, Blob(device), seq, Blob(hash)) = row;
    Ok((LogId { area: area(generation, code)?, device }, Head { seq: seq_of(seq)?, hash }))
}

impl Inventories {
    /// The inventory that this transaction sees.
    pub(crate) async fn read(&self, tx: &mut Tx) -> Result<Arc<Inventory>, DbError> {
        const NEWEST: &str = "select coalesce(max(id), 0) from batch";
        const ALL: &str = "select generation, code, device_id, seq, hash from log_head";
        // Said by what it is not: SQLite would go through all of the index of chained batches rather than the newest.
        const TOUCHED: &str = "select distinct generation, code, device_id from batch \
                               where id > $1 and state not in ('waiting', 'forked')";
        const HEADS: Find<'_> = Find {
            select: "generation, code, device_id, seq, hash",
            from: "log_head",
            by: &["generation", "code", "device_id"],
            and: "true",
        };
        let newest: i64 = on_db!(tx, |c| sqlx::query_scalar(NEWEST).fetch_one(c).await)?;
        let (stamp, mut inventory) = self.remembered();
        if stamp == newest {
            return Ok(inventory);
        }
        if stamp == 0 || stamp > newest {
            let rows: Vec<HeadRow> = on_db!(tx, |c| sqlx::query_as(ALL).fetch_all(c).await)?;
            inventory = Arc::new(rows.into_iter().map(head_of).collect::<Result<_, _>>()?);
        } else {
            let touched: Vec<(i64, i64, Blob<DeviceId>)> =
                on_db!(tx, |c| sqlx::query_as(TOUCHED).bind(stamp).fetch_all(c).await)?;
            let keys: Vec<Value<'_>> = touched
                .iter()
                .flat_map(|(generation, code, device)| {
                    [Value::Int(*generation), Value::Int(*code), Value::Bytes(device.0.as_bytes())]
                })
                .collect();
            let rows: Vec<HeadRow> = rows::read_by(tx, HEADS, &keys).await?;
            let changed = Arc::make_mut(&mut inventory);
            for row in rows {
                let (log, head) = head_of(row)?;
                changed.set(log, head);
            }
        }
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A reader of an older state must not take back what a newer one found; after a restore it has to.
        if memory.0 < newest || memory.0 == stamp {
            *memory = (newest, inventory.clone());
        }
        Ok(inventory)
    }

    fn remembered(&self) -> (i64, Arc<Inventory>) {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (memory.0, memory.1.clone())
    }
}

/// How far a device's own logs are part of a finished backup.
pub(crate) async fn backed_up(tx: &mut Tx, device: DeviceId) -> Result<Inventory, DbError> {
    const BACKED_UP: &str = "select generation, code, device_id, backed_up_seq, backed_up_hash from log_head \
                             where device_id = $1 and backed_up_seq > 0";
    let rows: Vec<HeadRow> = on_db!(tx, |c| sqlx::query_as(BACKED_UP).bind(Blob(device)).fetch_all(c).await)?;
    rows.into_iter().map(head_of).collect()
}

/// Those of these heads that stand in the server's own copy of their logs.
pub(crate) async fn chained(tx: &mut Tx, heads: &[(LogId, Head)]) -> Result<BTreeSet<LogId>, DbError> {
    const FIND: Find<'_> = Find {
        select: "generation, code, device_id, seq, hash",
        from: "batch",
        by: &["generation", "code", "device_id", "seq"],
        and: "state = 'chained'",
    };
    let mut keys = Vec::with_capacity(heads.len() * 4);
    let wanted: Vec<(&LogId, &Head, i64)> =
        heads.iter().filter_map(|(log, head)| Some((log, head, i64::try_from(head.seq.0).ok()?))).collect();
    for (log, _, seq) in &wanted {
        keys.extend([
            Value::Int(log.area.generation.into()),
            Value::Int(log.area.code.into()),
            Value::Bytes(log.device.as_bytes()),
            Value::Int(*seq),
        ]);
    }
    let rows: Vec<HeadRow> = rows::read_by(tx, FIND, &keys).await?;
    let found = rows.into_iter().map(head_of).collect::<Result<Vec<_>, _>>()?;
    Ok(found
        .into_iter()
        .filter(|(log, head)| wanted.iter().any(|(wanted, at, _)| *wanted == log && *at == head))
        .map(|(log, _)| log)
        .collect())
}
