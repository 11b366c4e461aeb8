//! What of a device's logs has arrived, and what is known to be missing.

use std::collections::BTreeMap;

use sync_core::id::{AreaId, DeviceId};
use utoipa::ToSchema;

use crate::db::{Blob, Db, DbError};
use crate::device::missing;
use crate::ingest::area;
use crate::on_db;

/// One log of a device.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
pub struct DeviceLog {
    /// The log's area.
    #[schema(value_type = String)]
    pub area: AreaId,
    /// Batches received without a gap, from the first.
    pub received: i64,
    /// Of which part of a finished backup.
    pub backed_up: i64,
    /// Ranges of batches that have not arrived although later ones have, first and last.
    pub missing: Vec<(i64, i64)>,
    /// Batches that wait for missing ones.
    pub waiting: Vec<i64>,
    /// Batches whose place another one holds: the device's store was copied or put back.
    pub forked: Vec<i64>,
}

/// The logs of a device, by area.
///
/// # Errors
/// The database's.
pub async fn device_log(db: &Db, device: DeviceId) -> Result<Vec<DeviceLog>, DbError> {
    const HEADS: &str = "select generation, code, seq, backed_up_seq from log_head where device_id = $1";
    const UNCHAINED: &str = "select generation, code, seq, state from batch \
                             where device_id = $1 and state <> 'chained' order by seq";
    let heads: Vec<(i64, i64, i64, i64)> = on_db!(db, |c| sqlx::query_as(HEADS).bind(Blob(device)).fetch_all(c).await)?;
    let unchained: Vec<(i64, i64, i64, String)> =
        on_db!(db, |c| sqlx::query_as(UNCHAINED).bind(Blob(device)).fetch_all(c).await)?;
    let mut logs: BTreeMap<AreaId, DeviceLog> = BTreeMap::new();
    let empty = |area| DeviceLog {
        area,
        received: 0,
        backed_up: 0,
        missing: Vec::new(),
        waiting: Vec::new(),
        forked: Vec::new(),
    };
    for (generation, code, seq, backed_up) in heads {
        let area = area(generation, code)?;
        logs.insert(area, DeviceLog { received: seq, backed_up, ..empty(area) });
    }
    for (generation, code, seq, state) in unchained {
        let area = area(generation, code)?;
        let log = logs.entry(area).or_insert_with(|| empty(area));
        if state == "waiting" { log.waiting.push(seq) } else { log.forked.push(seq) }
    }
    for log in logs.values_mut() {
        log.missing = missing(log.received, &log.waiting);
    }
    Ok(logs.into_values().collect())
}
