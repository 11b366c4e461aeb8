//! How many bytes each device brought in a day: what is over the quota is kept in quarantine.

use std::collections::{BTreeMap, HashMap};

use sync_core::id::DeviceId;

use super::group::{Context, Group};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Adds the new batches of a group to what their devices brought today and marks those that are over the quota.
pub(crate) async fn charge(tx: &mut Tx, group: &mut Group, context: &Context) -> Result<(), DbError> {
    const READ: Find<'_> =
        Find { select: "device_id, bytes", from: "device_usage", by: &["device_id", "day"], and: "true" };
    const INSERT: &str = "insert into device_usage (device_id, day, changes, bytes) values";
    const ADD: &str = "on conflict (device_id, day) do update set changes = device_usage.changes + excluded.changes, \
                       bytes = device_usage.bytes + excluded.bytes";
    let day = context.now.0.div_euclid(DAY_MS);
    let mut brought: BTreeMap<DeviceId, (i64, i64)> = BTreeMap::new();
    for work in group.works.iter().filter(|work| !work.stored && !work.prepared.signer.is_server) {
        brought.entry(work.prepared.batch.device()).or_default();
    }
    let keys: Vec<Value<'_>> =
        brought.keys().flat_map(|device| [Value::Bytes(device.as_bytes()), Value::Int(day)]).collect();
    let rows: Vec<(Blob<DeviceId>, i64)> = rows::read_by(tx, READ, &keys).await?;
    let before: HashMap<DeviceId, i64> = rows.into_iter().map(|(Blob(device), bytes)| (device, bytes)).collect();
    let quota = i64::try_from(context.device_day_bytes).unwrap_or(i64::MAX);
    for work in group.works.iter_mut().filter(|work| !work.stored) {
        let batch = &work.prepared.batch;
        let Some((changes, bytes)) = brought.get_mut(&batch.device()) else { continue };
        *changes += batch.bodies().len() as i64;
        *bytes += batch.approximate_bytes() as i64;
        work.over_quota = before.get(&batch.device()).copied().unwrap_or(0) + *bytes > quota;
    }
    let mut values = Vec::with_capacity(brought.len() * 4);
    for (device, (changes, bytes)) in &brought {
        let key = [Value::Bytes(device.as_bytes()), Value::Int(day)];
        values.extend(key.into_iter().chain([Value::Int(*changes), Value::Int(*bytes)]));
    }
    rows::write(tx, INSERT, 4, ADD, &values).await
}
