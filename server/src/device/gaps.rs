//! What of devices' logs is known to exist and has not arrived, or has arrived and waits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, DeviceId};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::project::stored_area;

/// What is missing of a device's logs in the caller's areas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gaps {
    /// Logs of which later batches arrived and earlier ones did not.
    pub gaps: i64,
    /// Batches known to exist, since later ones arrived, that have not arrived.
    pub missing_batches: i64,
    /// Changes that arrived and wait for others: a batch before theirs, or a change they depend on.
    pub waiting_changes: i64,
}

/// Ranges of batches that have not arrived although later ones have, first and last: of a log of which `received`
/// arrived without a gap and `waiting` beyond one, ascending.
#[must_use]
pub fn missing(received: i64, waiting: &[i64]) -> Vec<(i64, i64)> {
    let mut missing = Vec::new();
    let mut next = received + 1;
    for seq in waiting {
        if *seq > next {
            missing.push((next, *seq - 1));
        }
        next = next.max(*seq + 1);
    }
    missing
}

/// The devices with something missing, in the logs of `scope`; of `own`, the caller's device, in all its logs.
///
/// # Errors
/// The database's.
pub async fn gaps(tx: &mut Tx, scope: &Scope, own: DeviceId) -> Result<BTreeMap<DeviceId, Gaps>, DbError> {
    const WAITING: &str = "select b.device_id, b.generation, b.code, b.seq, coalesce(h.seq, 0) from batch b \
        left join log_head h on h.generation = b.generation and h.code = b.code and h.device_id = b.device_id \
        where b.state = 'waiting' order by b.device_id, b.generation, b.code, b.seq";
    let mut found: BTreeMap<DeviceId, Gaps> = BTreeMap::new();
    let seen = |device: DeviceId, area: AreaId| device == own || scope.contains(area);
    let rows: Vec<(Blob<DeviceId>, i64, i64, i64, i64)> = on_db!(tx, |c| sqlx::query_as(WAITING).fetch_all(c).await)?;
    let mut logs: BTreeMap<(DeviceId, AreaId), (i64, Vec<i64>)> = BTreeMap::new();
    for (Blob(device), generation, code, seq, received) in rows {
        let log = logs.entry((device, stored_area(generation, code)?)).or_insert((received, Vec::new()));
        log.1.push(seq);
    }
    for ((device, area), (received, waiting)) in logs {
        let missing: i64 = missing(received, &waiting).iter().map(|(first, last)| last - first + 1).sum();
        if missing > 0 && seen(device, area) {
            let of_device = found.entry(device).or_default();
            of_device.gaps += 1;
            of_device.missing_batches += missing;
        }
    }
    for (device, area, count) in waiting_changes(tx).await? {
        if seen(device, area) {
            found.entry(device).or_default().waiting_changes += count;
        }
    }
    Ok(found)
}

/// Changes that arrived and wait for others, by log.
pub(crate) async fn waiting_changes(tx: &mut Tx) -> Result<Vec<(DeviceId, AreaId, i64)>, DbError> {
    // What is not judged yet waits with its batch, unless it forked.
    const CHANGES: &str = "select o.device_id, o.generation, o.code, count(*) \
        from open_change o join batch b on b.id = o.place / 256 where o.verdict in ('waiting', 'unjudged') \
        and (o.verdict = 'waiting' or b.state = 'waiting') group by o.device_id, o.generation, o.code";
    let rows: Vec<(Blob<DeviceId>, i64, i64, i64)> = on_db!(tx, |c| sqlx::query_as(CHANGES).fetch_all(c).await)?;
    let of_row = |(Blob(device), generation, code, count)| Ok((device, stored_area(generation, code)?, count));
    rows.into_iter().map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::coverage::tests::run;
    use crate::db::Db;
    use crate::db::testing::{Failure, on_each};
    use crate::ingest::open_change;

    #[test]
    fn each_stretch_before_a_batch_that_waits_is_missing() {
        assert_eq!(missing(3, &[]), []);
        assert_eq!(missing(3, &[5, 6, 9]), [(4, 4), (7, 8)]);
        assert_eq!(missing(0, &[1]), [], "what it follows is there, under another hash");
    }

    fn bytes(db: &Db, byte: u8, count: usize) -> String {
        format!("{}{}'", db.dialect().pick("x'", r"'\x"), format!("{byte:02x}").repeat(count))
    }

    /// A batch with one change.
    async fn batch(db: &Db, id: u8, device: u8, place: (u32, i64), state: &str, verdict: &str) -> Result<(), Failure> {
        let (hash, zeros) = (bytes(db, id, 32), bytes(db, 0, 32));
        let (device, signature, record) = (bytes(db, device, 8), bytes(db, 0, 64), bytes(db, id, 16));
        let (code, seq) = place;
        run(
            db,
            &format!(
                "insert into batch (id, device_id, generation, code, seq, hash, prev, certificate_no, sealed_at_ms, \
                 schema_number, header, signature, received_at_ms, via, state) values ({id}, {device}, 2025, {code}, {seq}, \
                 {hash}, {zeros}, 1, 0, 1, {zeros}, {signature}, 0, 'sync', '{state}')"
            ),
        )
        .await?;
        let text = format!(
            "insert into change (batch_id, ordinal, record_id, kind, change_hash, verdict) \
             values ({id}, 0, {record}, 1, {hash}, '{verdict}')"
        );
        Ok(run(db, &text).await?)
    }

    #[tokio::test]
    async fn what_is_missing_is_told_by_device_within_the_callers_areas() -> Result<(), Failure> {
        on_each(async |db| {
            for device in [1, 2] {
                run(
                    db,
                    &format!(
                        "insert into device (id, public_key, label, enrolled_at_ms) values ({}, {}, 'phone', 0)",
                        bytes(db, device, 8),
                        bytes(db, device, 32)
                    ),
                )
                .await?;
            }
            // Device 1 brought 1, 4 and 5 of its log of area 1 and 3 of area 2; device 2 all it has.
            batch(db, 1, 1, (1, 1), "chained", "admitted").await?;
            batch(db, 2, 1, (1, 4), "waiting", "unjudged").await?;
            batch(db, 3, 1, (1, 5), "waiting", "unjudged").await?;
            batch(db, 4, 1, (2, 3), "waiting", "unjudged").await?;
            batch(db, 5, 2, (1, 1), "chained", "waiting").await?;
            batch(db, 6, 2, (1, 1), "forked", "unjudged").await?;
            run(
                db,
                &format!(
                    "insert into log_head (generation, code, device_id, seq, hash) values (2025, 1, {}, 1, {}), \
                     (2025, 1, {}, 1, {})",
                    bytes(db, 1, 8),
                    bytes(db, 1, 32),
                    bytes(db, 2, 8),
                    bytes(db, 5, 32)
                ),
            )
            .await?;
            db.write(open_change::rebuild).await?;
            let mut tx = db.snapshot().await?;
            let (first, second, nobody) = (DeviceId([1; 8]), DeviceId([2; 8]), DeviceId([9; 8]));
            let all = gaps(&mut tx, &Scope::All, nobody).await?;
            assert_eq!(all.get(&first), Some(&Gaps { gaps: 2, missing_batches: 4, waiting_changes: 3 }));
            assert_eq!(all.get(&second), Some(&Gaps { gaps: 0, missing_batches: 0, waiting_changes: 1 }));
            let own = Scope::Areas(Arc::new(BTreeSet::from([AreaId { generation: 2025, code: 1 }])));
            let found = gaps(&mut tx, &own, nobody).await?;
            assert_eq!(found.get(&first), Some(&Gaps { gaps: 1, missing_batches: 2, waiting_changes: 2 }));
            assert_eq!(gaps(&mut tx, &own, first).await?.get(&first), all.get(&first), "one's own device");
            Ok(())
        })
        .await
    }
}
