//! Caches made again from the stored batches and the verdicts their changes got.

use std::collections::BTreeSet;

use sync_core::id::{RecordId, UnixMs};
use sync_core::record;

use crate::audit::{self, Actor};
use crate::db::{Blob, Db, DbError, Tx};
use crate::ingest::open_change;
use crate::ingest::stored::{Record, Signers, lock, records, set_records};
use crate::on_db;
use crate::project::{self, Projected, Projector};

/// Records read in one go.
const STEP: i64 = 500;

/// What was made again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// Logs with a head.
    pub logs: i64,
    /// Records with an admitted change.
    pub records: u64,
}

/// Makes log heads, open changes, record heads and the read tables again, in one transaction. Batches and verdicts stay as they are.
///
/// # Errors
/// The database's; [`DbError::Damaged`] when an admitted record cannot be read. Then nothing changed.
pub async fn rebuild(db: &Db) -> Result<Rebuilt, DbError> {
    crate::write_tx!(db, |tx| rebuild_in(tx))
}

/// As [`rebuild`], with its audit row: at the command line.
///
/// # Errors
/// As [`rebuild`].
pub async fn rebuild_recorded(db: &Db, now: UnixMs) -> Result<Rebuilt, DbError> {
    crate::write_tx!(db, |tx| rebuild_and_record(tx, now))
}

async fn rebuild_and_record(tx: &mut Tx, now: UnixMs) -> Result<Rebuilt, DbError> {
    let done = rebuild_in(tx).await?;
    let detail = serde_json::json!({ "logs": done.logs, "records": done.records });
    audit::record(tx, now, Actor::CommandLine, "database.rebuilt", "", &detail).await?;
    Ok(done)
}

async fn rebuild_in(tx: &mut Tx) -> Result<Rebuilt, DbError> {
    const HEADS: &str = "insert into log_head (generation, code, device_id, seq, hash, backed_up_seq, backed_up_hash) \
        select h.generation, h.code, h.device_id, h.seq, h.hash, coalesce(s.seq, 0), s.hash from batch h \
        left join batch s on s.state = 'chained' and s.generation = h.generation and s.code = h.code \
            and s.device_id = h.device_id and s.seq = coalesce((select min(u.seq) from batch u \
            where u.state = 'chained' and u.generation = h.generation and u.code = h.code \
            and u.device_id = h.device_id and u.backed_up = false), h.seq + 1) - 1 \
        where h.state = 'chained' and not exists (select 1 from batch n where n.state = 'chained' \
            and n.generation = h.generation and n.code = h.code and n.device_id = h.device_id and n.seq = h.seq + 1)";
    const LOGS: &str = "select count(*) from log_head";
    lock(tx).await?;
    // Who rebuilds may have put the database back to a backup before.
    crate::ingest::epoch::begin(tx).await?;
    for delete in ["delete from log_head", "delete from record"] {
        on_db!(tx, |c| sqlx::query(delete).execute(c).await.map(drop))?;
    }
    open_change::rebuild(tx).await?;
    project::clear(tx).await?;
    on_db!(tx, |c| sqlx::query(HEADS).execute(c).await.map(drop))?;
    let logs = on_db!(tx, |c| sqlx::query_scalar(LOGS).fetch_one(c).await)?;
    let signers = Signers::default();
    let mut done = Rebuilt { logs, records: 0 };
    let mut after = None;
    while let Some(step) = next(tx, &signers, after).await? {
        let refs: Vec<(RecordId, &Record)> = step.iter().map(|(id, record)| (*id, record)).collect();
        set_records(tx, &refs).await?;
        project_all(tx, &step).await?;
        done.records += step.len() as u64;
        after = step.last().map(|(id, _)| *id);
    }
    Ok(done)
}

/// The records after one, as their admitted changes make them, in the order of their ids; `None` at the end.
pub(super) async fn next(
    tx: &mut Tx,
    signers: &Signers,
    after: Option<RecordId>,
) -> Result<Option<Vec<(RecordId, Record)>>, DbError> {
    const IDS: &str = "select distinct record_id from change where verdict = 'admitted' and record_id > $1 \
                       order by record_id limit $2";
    // No bytes at all come before every id.
    let start = after.map(|id| id.0.to_vec()).unwrap_or_default();
    let ids: Vec<Blob<RecordId>> = on_db!(tx, |c| sqlx::query_scalar(IDS).bind(start).bind(STEP).fetch_all(c).await)?;
    if ids.is_empty() {
        return Ok(None);
    }
    let ids: BTreeSet<RecordId> = ids.into_iter().map(|Blob(id)| id).collect();
    let mut found: Vec<(RecordId, Record)> = records(tx, &ids, signers).await?.into_iter().collect();
    found.sort_by_key(|(id, _)| *id);
    for (id, stored) in &mut found {
        let changes: Vec<&[u8]> = stored.admitted.iter().map(|change| change.bytes.as_ref()).collect();
        let damaged = |why: String| DbError::Damaged { column: "change.bytes", why: format!("record {id}: {why}") };
        let kind = stored.kind.ok_or_else(|| damaged("its kind is unknown".to_owned()))?;
        stored.view = Some(record::view(kind, &changes).map_err(|error| damaged(error.to_string()))?);
    }
    Ok(Some(found))
}

/// Writes the read tables of these records.
pub(super) async fn project_all(tx: &mut Tx, records: &[(RecordId, Record)]) -> Result<(), DbError> {
    let mut projector = Projector::default();
    for (id, record) in records {
        let (Some(view), Some(area)) = (&record.view, record.area) else { continue };
        let (received_at, updated_at, updated_by) = record.times(*id);
        projector.add(&Projected { area, view, received_at, updated_at, updated_by });
    }
    projector.flush(tx).await
}
