//! Prepared snapshots: everything of one area, compressed once, so that a new device costs a file transfer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sync_core::id::{AreaId, BatchHash, BatchSeq, DeviceId, UnixMs};
use sync_core::log::{Digest16, Head, Inventory, LogId};
use sync_core::sync::{Page, Snapshot, SnapshotOffer, is_outgrown, is_worth_fetching};
use sync_core::wire::{Reader, Writer};

use crate::app::WeakState;
use crate::db::{Blob, Db, DbError, Tx, rows};
use crate::ingest::area;
use crate::ingest::stored::{Range, read_page};
use crate::on_db;

/// Offers of those of these areas that have a snapshot worth fetching, see [`is_worth_fetching`].
pub(crate) async fn offers(
    tx: &mut Tx,
    areas: &BTreeSet<AreaId>,
    ours: &Inventory,
) -> Result<Vec<SnapshotOffer>, DbError> {
    const FIND: rows::Find<'_> = rows::Find {
        select: "generation, code, digest, bytes, inventory",
        from: "snapshot",
        by: &["generation", "code"],
        and: "true",
    };
    type Row = (i64, i64, Blob<[u8; 16]>, i64, Vec<u8>);
    let keys: Vec<rows::Value<'_>> = areas
        .iter()
        .flat_map(|area| [rows::Value::Int(area.generation.into()), rows::Value::Int(area.code.into())])
        .collect();
    let rows: Vec<Row> = rows::read_by(tx, FIND, &keys).await?;
    let mut offers = Vec::new();
    for (generation, code, Blob(digest), bytes, inventory) in rows {
        let area = area(generation, code)?;
        let Ok(held) = Inventory::read(&mut Reader::new(&inventory)) else { continue };
        let here = ours.within(&BTreeSet::from([area]));
        if is_worth_fetching(&held, &here) {
            offers.push(SnapshotOffer { area, digest: Digest16(digest), bytes: bytes.try_into().unwrap_or(0) });
        }
    }
    offers.sort_by_key(|offer| offer.area);
    Ok(offers)
}

/// A snapshot is prepared once an area holds so many admitted changes.
pub const LEAST_CHANGES: i64 = 500;
/// zstd level of snapshots: made once, sent often.
const LEVEL: i32 = 19;
/// A window over all of a snapshot, as long as any device takes: 8 MiB.
const WINDOW_LOG: u32 = 23;
/// Tables of the compressor, as powers of two of four bytes each: 4 and 8 MiB, where the level alone would take up to 80.
const HASH_LOG: u32 = 20;
const CHAIN_LOG: u32 = 21;
/// About how many bytes of batches a snapshot holds at most: it is made in memory.
const MOST_BYTES: usize = 8 << 20;

/// A prepared snapshot.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Prepared {
    /// The area.
    pub area: AreaId,
    /// Its size on the wire.
    pub bytes: usize,
    /// Its size unpacked.
    pub unpacked_bytes: usize,
    /// How many batches are in it.
    pub batches: usize,
}

/// A snapshot could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file cannot be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Areas whose snapshot is missing or holds less than two thirds of the batches there are, and that are large enough.
///
/// # Errors
/// The database's.
pub async fn due(db: &Db) -> Result<Vec<AreaId>, DbError> {
    const AREAS: &str = "select generation, code, cast(sum(changes) as bigint) from record group by generation, code \
                         having sum(changes) >= $1 order by generation, code";
    const KEPT: &str = "select generation, code, changes from snapshot";
    let areas: Vec<(i64, i64, i64)> = on_db!(db, |c| sqlx::query_as(AREAS).bind(LEAST_CHANGES).fetch_all(c).await)?;
    let kept: Vec<(i64, i64, i64)> = on_db!(db, |c| sqlx::query_as(KEPT).fetch_all(c).await)?;
    areas
        .into_iter()
        .filter(|(generation, code, changes)| {
            let held = kept.iter().find(|kept| (kept.0, kept.1) == (*generation, *code)).map_or(0, |kept| kept.2);
            is_outgrown(held.unsigned_abs(), changes.unsigned_abs())
        })
        .map(|(generation, code, _)| area(generation, code))
        .collect()
}

/// Prepares an area's snapshot: a file under `directory`/snapshots, whole before it is offered.
///
/// # Errors
/// [`SnapshotError`].
pub async fn prepare(db: &Db, directory: &Path, area: AreaId, now: UnixMs) -> Result<Prepared, SnapshotError> {
    let mut tx = db.snapshot().await?;
    let inventory = inventory_of(&mut tx, area).await?;
    let ranges: Vec<Range> =
        inventory.iter().map(|(log, head)| Range { log: *log, after: BatchSeq(0), to: *head }).collect();
    let (batches, is_cut) = read_page(&mut tx, &ranges, MOST_BYTES).await?;
    // A page is bounded: what is offered is what is in the file.
    let inventory: Inventory = batches.iter().map(|batch| (batch.log(), batch.head())).collect();
    let devices: BTreeSet<DeviceId> = inventory.iter().map(|(log, _)| log.device).collect();
    let directory_entries = crate::ingest::directory(&mut tx, &devices).await?;
    let held: usize = batches.iter().map(|batch| batch.header().entries.len()).sum();
    // One that cannot hold everything is made anew when the area has grown, not because it does not.
    let changes = if is_cut { changes_of(&mut tx, area).await?.max(held as i64) } else { held as i64 };
    drop(tx);
    let count = batches.len();
    let digest = inventory.digest();
    let snapshot = Snapshot { area, directory: directory_entries, page: Page { batches } };
    let folder = directory.join("snapshots");
    let name = format!("{area}-{digest}.zst");
    let path = folder.join(&name);
    let work = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || -> std::io::Result<(usize, usize)> {
            let bytes = snapshot.to_bytes();
            drop(snapshot);
            let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
            packer.set_parameter(zstd::zstd_safe::CParameter::WindowLog(WINDOW_LOG))?;
            packer.set_parameter(zstd::zstd_safe::CParameter::HashLog(HASH_LOG))?;
            packer.set_parameter(zstd::zstd_safe::CParameter::ChainLog(CHAIN_LOG))?;
            packer.set_parameter(zstd::zstd_safe::CParameter::EnableLongDistanceMatching(true))?;
            let packed = packer.compress(&bytes)?;
            std::fs::create_dir_all(&folder)?;
            let part = path.with_extension("part");
            std::fs::write(&part, &packed)?;
            std::fs::File::open(&part)?.sync_all()?;
            std::fs::rename(&part, &path)?;
            Ok((packed.len(), bytes.len()))
        })
        .await
    };
    let file = |error| SnapshotError::File { path: path.clone(), error };
    let (bytes, unpacked_bytes) = work.map_err(|error| file(std::io::Error::other(error)))?.map_err(file)?;
    let row = SnapshotRow { area, digest, inventory: &inventory, file: &name, bytes, changes, now };
    let replaced: Option<String> = crate::write_tx!(db, |tx| keep(tx, &row)).map_err(|error: DbError| error)?;
    if let Some(old) = replaced.filter(|old| *old != name) {
        // A file nobody is offered any more; who reads it goes on reading.
        std::fs::remove_file(directory.join("snapshots").join(old)).ok();
    }
    Ok(Prepared { area, bytes, unpacked_bytes, batches: count })
}

struct SnapshotRow<'a> {
    area: AreaId,
    digest: Digest16,
    inventory: &'a Inventory,
    file: &'a str,
    bytes: usize,
    changes: i64,
    now: UnixMs,
}

/// Writes the row; returns the file it named before.
async fn keep(tx: &mut Tx, row: &SnapshotRow<'_>) -> Result<Option<String>, DbError> {
    const OLD: &str = "select file from snapshot where generation = $1 and code = $2";
    const KEEP: &str = "insert into snapshot (generation, code, digest, inventory, file, encoding, bytes, changes, \
        made_at_ms) values ($1, $2, $3, $4, $5, 'zstd', $6, $7, $8) on conflict (generation, code) do update set \
        digest = excluded.digest, inventory = excluded.inventory, file = excluded.file, bytes = excluded.bytes, \
        changes = excluded.changes, made_at_ms = excluded.made_at_ms";
    let (generation, code) = (i64::from(row.area.generation), i64::from(row.area.code));
    let mut inventory = Writer::new();
    row.inventory.write(&mut inventory);
    let old = on_db!(tx, |c| sqlx::query_scalar(OLD).bind(generation).bind(code).fetch_optional(c).await)?;
    on_db!(tx, |c| sqlx::query(KEEP)
        .bind(generation)
        .bind(code)
        .bind(Blob(row.digest.0))
        .bind(inventory.0.clone())
        .bind(row.file)
        .bind(row.bytes as i64)
        .bind(row.changes)
        .bind(row.now.0)
        .execute(c)
        .await
        .map(drop))?;
    Ok(old)
}

/// How many admitted changes an area has.
async fn changes_of(tx: &mut Tx, of: AreaId) -> Result<i64, DbError> {
    const CHANGES: &str =
        "select coalesce(cast(sum(changes) as bigint), 0) from record where generation = $1 and code = $2";
    Ok(on_db!(tx, |c| sqlx::query_scalar(CHANGES)
        .bind(i64::from(of.generation))
        .bind(i64::from(of.code))
        .fetch_one(c)
        .await)?)
}

async fn inventory_of(tx: &mut Tx, of: AreaId) -> Result<Inventory, DbError> {
    const HEADS: &str = "select device_id, seq, hash from log_head where generation = $1 and code = $2";
    let rows: Vec<(Blob<DeviceId>, i64, Blob<BatchHash>)> = on_db!(tx, |c| sqlx::query_as(HEADS)
        .bind(i64::from(of.generation))
        .bind(i64::from(of.code))
        .fetch_all(c)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(Blob(device), seq, Blob(hash))| {
            (LogId { area: of, device }, Head { seq: BatchSeq(seq.unsigned_abs()), hash })
        })
        .collect())
}

/// The file of an area's snapshot, when it is the one asked for.
pub(crate) async fn find(db: &Db, of: AreaId, digest: Digest16) -> Result<Option<String>, DbError> {
    const FIND: &str = "select file from snapshot where generation = $1 and code = $2 and digest = $3";
    Ok(on_db!(db, |c| sqlx::query_scalar(FIND)
        .bind(i64::from(of.generation))
        .bind(i64::from(of.code))
        .bind(Blob(digest.0))
        .fetch_optional(c)
        .await)?)
}

/// Prepares snapshots as areas grow, for as long as the server lives.
pub async fn keep_prepared(app: WeakState) {
    const EVERY: Duration = Duration::from_secs(60);
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(app) = app.upgrade() else { return };
        let areas = due(&app.db).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "areas that need a snapshot could not be listed");
            Vec::new()
        });
        for area in areas {
            match prepare(&app.db, &app.config.data_dir, area, app.now()).await {
                Ok(done) => tracing::info!(%area, bytes = done.bytes, batches = done.batches, "snapshot prepared"),
                Err(error) => tracing::warn!(%area, %error, "a snapshot could not be prepared"),
            }
        }
    }
}
