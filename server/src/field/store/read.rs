//! Reading what [`super::write`] wrote.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use sync_core::device::{PendingChange, Stored};
use sync_core::id::{AreaId, BatchHash, BatchSeq, ChangeHash, DeviceId, RecordId, RecordKind};
use sync_core::log::{Batch, Body, Inventory, LogId, RawChange, Signature};
use sync_core::sync::{DirectoryEntry, Epoch, Proposal, Withheld};
use sync_core::wire::{Reader, WireError};

use super::super::error::FieldError;
use super::{Key, Store};

/// A change of a record and where it stands.
#[derive(Debug, Clone)]
pub(in crate::field) struct Held {
    /// Its hash.
    pub(in crate::field) hash: ChangeHash,
    /// Its bytes as Automerge reads them.
    pub(in crate::field) bytes: Vec<u8>,
    /// The kind of its record, when this version knows it.
    pub(in crate::field) kind: Option<RecordKind>,
    /// Where it stands.
    pub(in crate::field) place: Place,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::field) enum Place {
    /// Recorded here, not sealed yet.
    Pending(AreaId),
    /// In a signed batch.
    Sealed(LogId, BatchSeq),
}

impl Place {
    /// The area the record belongs to.
    pub(in crate::field) fn area(self) -> AreaId {
        match self {
            Self::Pending(area) => area,
            Self::Sealed(log, _) => log.area,
        }
    }
}

fn damaged(column: &'static str) -> FieldError {
    FieldError::damaged(column, "the bytes do not have the expected form")
}

fn bytes_of<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N], FieldError> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| damaged(column))
}

fn area_of(row: &SqliteRow) -> Result<AreaId, FieldError> {
    let generation = u16::try_from(row.try_get::<i64, _>("generation")?).map_err(|_| damaged("generation"))?;
    let code = u32::try_from(row.try_get::<i64, _>("code")?).map_err(|_| damaged("code"))?;
    Ok(AreaId { generation, code })
}

fn log_of(row: &SqliteRow) -> Result<LogId, FieldError> {
    Ok(LogId { area: area_of(row)?, device: DeviceId(bytes_of(row, "device_id")?) })
}

fn kind_of(row: &SqliteRow) -> Result<Option<RecordKind>, FieldError> {
    Ok(u8::try_from(row.try_get::<i64, _>("kind")?).ok().and_then(RecordKind::from_code))
}

impl Store {
    /// Everything a [`sync_core::device::Device`] is built from.
    pub(in crate::field) async fn stored(&mut self) -> Result<Stored, FieldError> {
        const CHAINS: &str =
            "select generation, code, device_id, hash from batch order by generation, code, device_id, seq";
        const PENDING: &str = "select distinct generation, code from pending";
        const DIRECTORY: &str = "select entry from directory";
        let mut chains: Vec<(LogId, Vec<BatchHash>)> = Vec::new();
        for row in sqlx::query(CHAINS).fetch_all(&mut self.connection).await? {
            let (log, hash) = (log_of(&row)?, BatchHash(bytes_of(&row, "hash")?));
            match chains.last_mut().filter(|(last, _)| *last == log) {
                Some((_, hashes)) => hashes.push(hash),
                None => chains.push((log, vec![hash])),
            }
        }
        let pending = sqlx::query(PENDING).fetch_all(&mut self.connection).await?;
        let directory: Vec<Vec<u8>> = sqlx::query_scalar(DIRECTORY).fetch_all(&mut self.connection).await?;
        let read_entry = |bytes: &Vec<u8>| DirectoryEntry::read(&mut Reader::new(bytes));
        Ok(Stored {
            chains,
            withheld: self.withheld().await?,
            pending: pending.iter().map(area_of).collect::<Result<_, _>>()?,
            sent: self.inventory(Key::Sent).await?,
            stored: self.inventory(Key::Stored).await?,
            backed_up: self.inventory(Key::BackedUp).await?,
            agreement: self.agreement().await?,
            directory: directory.iter().map(read_entry).collect::<Result<_, _>>().map_err(|_| damaged("directory"))?,
            refetch: self.list(Key::Refetch, LogId::read).await?.into_iter().collect(),
            outside: self.list(Key::Outside, read_area).await?.into_iter().collect(),
        })
    }

    /// The entries of batches whose bytes are not here.
    async fn withheld(&mut self) -> Result<Withheld, FieldError> {
        const READ: &str = "select generation, code, device_id, seq, ordinal from change where bytes is null";
        let mut withheld = Withheld::new();
        for row in sqlx::query(READ).fetch_all(&mut self.connection).await? {
            let seq = u64::try_from(row.try_get::<i64, _>("seq")?).map_err(|_| damaged("change.seq"))?;
            let ordinal = u8::try_from(row.try_get::<i64, _>("ordinal")?).map_err(|_| damaged("change.ordinal"))?;
            withheld.entry(log_of(&row)?).or_default().insert((BatchSeq(seq), ordinal));
        }
        Ok(withheld)
    }

    async fn inventory(&mut self, key: Key) -> Result<Inventory, FieldError> {
        let Some(bytes) = self.meta(key).await? else { return Ok(Inventory::new()) };
        Inventory::read(&mut Reader::new(&bytes)).map_err(|_| damaged("meta.inventory"))
    }

    async fn agreement(&mut self) -> Result<Option<Proposal>, FieldError> {
        let Some(bytes) = self.meta(Key::Agreement).await? else { return Ok(None) };
        let mut from = Reader::new(&bytes);
        let read = |from: &mut Reader<'_>| -> Result<Option<Proposal>, WireError> {
            if from.byte("agreement")? == 0 {
                return Ok(None);
            }
            let epoch = Epoch(from.fixed("epoch")?);
            Ok(Some(Proposal { epoch, inventory: Inventory::read(from)?, backed_up: Inventory::read(from)? }))
        };
        read(&mut from).map_err(|_| damaged("meta.agreement"))
    }

    async fn list<T>(
        &mut self,
        key: Key,
        read: impl Fn(&mut Reader<'_>) -> Result<T, WireError>,
    ) -> Result<Vec<T>, FieldError> {
        let Some(bytes) = self.meta(key).await? else { return Ok(Vec::new()) };
        let mut from = Reader::new(&bytes);
        let all = |from: &mut Reader<'_>| {
            let count = from.count("list", 1_000_000, 1)?;
            (0..count).map(|_| read(from)).collect::<Result<Vec<_>, _>>()
        };
        all(&mut from).map_err(|_| damaged("meta.list"))
    }

    /// The oldest pending changes of an area.
    pub(in crate::field) async fn pending(
        &mut self,
        area: AreaId,
        at_most: usize,
    ) -> Result<Vec<PendingChange>, FieldError> {
        const READ: &str = "select kind, record_id, bytes from pending where generation = $1 and code = $2
            order by id limit $3";
        let rows = sqlx::query(READ)
            .bind(i64::from(area.generation))
            .bind(i64::from(area.code))
            .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
            .fetch_all(&mut self.connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(PendingChange {
                    kind: kind_of(row)?.ok_or_else(|| damaged("pending.kind"))?,
                    record: RecordId(bytes_of(row, "record_id")?),
                    change: RawChange::from_framed(row.try_get("bytes")?).map_err(|_| damaged("pending.bytes"))?,
                })
            })
            .collect()
    }

    /// Batches of a log in order, until they take about so many bytes, but at least one when there is one.
    pub(in crate::field) async fn log(
        &mut self,
        log: LogId,
        after: BatchSeq,
        about_bytes: usize,
    ) -> Result<Vec<Batch>, FieldError> {
        const READ: &str = "select seq, header, signature from batch
            where generation = $1 and code = $2 and device_id = $3 and seq > $4 order by seq limit 1";
        let mut batches = Vec::new();
        let (mut after, mut bytes) = (after, 0);
        while batches.is_empty() || bytes < about_bytes {
            let row = sqlx::query(READ)
                .bind(i64::from(log.area.generation))
                .bind(i64::from(log.area.code))
                .bind(&log.device.0[..])
                .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
                .fetch_optional(&mut self.connection)
                .await?;
            let Some(row) = row else { break };
            let seq: i64 = row.try_get("seq")?;
            let signature = Signature(bytes_of(&row, "signature")?);
            let bodies = self.bodies(&log, seq).await?;
            let batch = Batch::from_stored(row.try_get("header")?, signature, bodies);
            let batch = batch.map_err(|error| FieldError::damaged("batch", error.to_string()))?;
            bytes += batch.approximate_bytes();
            after = batch.header().seq;
            batches.push(batch);
        }
        Ok(batches)
    }

    async fn bodies(&mut self, log: &LogId, seq: i64) -> Result<Vec<Body>, FieldError> {
        const READ: &str = "select bytes from change
            where generation = $1 and code = $2 and device_id = $3 and seq = $4 order by ordinal";
        let rows: Vec<Option<Vec<u8>>> = sqlx::query_scalar(READ)
            .bind(i64::from(log.area.generation))
            .bind(i64::from(log.area.code))
            .bind(&log.device.0[..])
            .bind(seq)
            .fetch_all(&mut self.connection)
            .await?;
        let body = |bytes: Option<Vec<u8>>| bytes.map(|bytes| RawChange::from_framed(&bytes)).transpose();
        rows.into_iter().map(body).collect::<Result<_, _>>().map_err(|_| damaged("change.bytes"))
    }

    /// The changes of a record whose bytes are here, each once.
    pub(in crate::field) async fn changes_of(&mut self, record: RecordId) -> Result<Vec<Held>, FieldError> {
        const SEALED: &str = "select hash, bytes, kind, generation, code, device_id, seq from change
            where record_id = $1 and bytes is not null order by id";
        const PENDING: &str =
            "select hash, bytes, kind, generation, code from pending where record_id = $1 order by id";
        let mut held: Vec<Held> = Vec::new();
        for row in sqlx::query(SEALED).bind(&record.0[..]).fetch_all(&mut self.connection).await? {
            let seq = u64::try_from(row.try_get::<i64, _>("seq")?).map_err(|_| damaged("change.seq"))?;
            push(&mut held, &row, Place::Sealed(log_of(&row)?, BatchSeq(seq)))?;
        }
        for row in sqlx::query(PENDING).bind(&record.0[..]).fetch_all(&mut self.connection).await? {
            push(&mut held, &row, Place::Pending(area_of(&row)?))?;
        }
        Ok(held)
    }

    /// Every record with the number of its changes that are here, each change counted once.
    pub(in crate::field) async fn records(&mut self) -> Result<BTreeMap<RecordId, u32>, FieldError> {
        const COUNT: &str = "select record_id, count(distinct hash) as changes from (
                select record_id, hash from change where bytes is not null
                union all select record_id, hash from pending)
            group by record_id";
        let rows = sqlx::query(COUNT).fetch_all(&mut self.connection).await?;
        rows.iter()
            .map(|row| {
                let changes = u32::try_from(row.try_get::<i64, _>("changes")?).unwrap_or(u32::MAX);
                Ok((RecordId(bytes_of(row, "record_id")?), changes))
            })
            .collect()
    }

    /// What was kept of each record for lists, with the number of changes it was made from.
    pub(in crate::field) async fn summaries(&mut self) -> Result<BTreeMap<RecordId, (u32, String)>, FieldError> {
        let rows = sqlx::query("select record_id, changes, body from summary").fetch_all(&mut self.connection).await?;
        rows.iter()
            .map(|row| {
                let changes = u32::try_from(row.try_get::<i64, _>("changes")?).unwrap_or(u32::MAX);
                Ok((RecordId(bytes_of(row, "record_id")?), (changes, row.try_get("body")?)))
            })
            .collect()
    }

    /// Keeps summaries; a cache, so losing them in a crash is no loss.
    pub(in crate::field) async fn put_summaries(
        &mut self,
        summaries: &[(RecordId, u32, String)],
    ) -> Result<(), FieldError> {
        if summaries.is_empty() {
            return Ok(());
        }
        let done = put_summaries(self.writer().await?, summaries).await;
        self.noting(done)
    }

    /// The records that have pending changes.
    pub(in crate::field) async fn pending_records(&mut self) -> Result<BTreeSet<RecordId>, FieldError> {
        let rows = sqlx::query("select distinct record_id from pending").fetch_all(&mut self.connection).await?;
        rows.iter().map(|row| Ok(RecordId(bytes_of(row, "record_id")?))).collect()
    }

    /// The records that have changes in the batches of a log after `after`.
    pub(in crate::field) async fn records_after(
        &mut self,
        log: &LogId,
        after: BatchSeq,
    ) -> Result<BTreeSet<RecordId>, FieldError> {
        const READ: &str = "select distinct record_id from change
            where generation = $1 and code = $2 and device_id = $3 and seq > $4";
        let rows = sqlx::query(READ)
            .bind(i64::from(log.area.generation))
            .bind(i64::from(log.area.code))
            .bind(&log.device.0[..])
            .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
            .fetch_all(&mut self.connection)
            .await?;
        rows.iter().map(|row| Ok(RecordId(bytes_of(row, "record_id")?))).collect()
    }

    /// Whether a change waits to be sealed.
    pub(in crate::field) async fn is_pending(&mut self, change: ChangeHash) -> Result<bool, FieldError> {
        const FIND: &str = "select exists (select 1 from pending where hash = $1)";
        Ok(sqlx::query_scalar(FIND).bind(&change.0[..]).fetch_one(&mut self.connection).await?)
    }

    /// How many changes are pending.
    pub(in crate::field) async fn pending_count(&mut self) -> Result<u64, FieldError> {
        let count: i64 = sqlx::query_scalar("select count(*) from pending").fetch_one(&mut self.connection).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many changes the batches of a log after `after` and up to `to` hold.
    pub(in crate::field) async fn changes_between(
        &mut self,
        log: &LogId,
        after: BatchSeq,
        to: BatchSeq,
    ) -> Result<u64, FieldError> {
        const COUNT: &str = "select count(*) from change
            where generation = $1 and code = $2 and device_id = $3 and seq > $4 and seq <= $5";
        let count: i64 = sqlx::query_scalar(COUNT)
            .bind(i64::from(log.area.generation))
            .bind(i64::from(log.area.code))
            .bind(&log.device.0[..])
            .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
            .bind(i64::try_from(to.0).unwrap_or(i64::MAX))
            .fetch_one(&mut self.connection)
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

fn push(held: &mut Vec<Held>, row: &SqliteRow, place: Place) -> Result<(), FieldError> {
    let hash = ChangeHash(bytes_of(row, "hash")?);
    if held.iter().all(|known| known.hash != hash) {
        held.push(Held { hash, bytes: row.try_get("bytes")?, kind: kind_of(row)?, place });
    }
    Ok(())
}

fn read_area(from: &mut Reader<'_>) -> Result<AreaId, WireError> {
    let generation = from.number_up_to("generation", 9999)? as u16;
    Ok(AreaId { generation, code: from.number_up_to("code", 99_999)? as u32 })
}

async fn put_summaries(
    connection: &mut SqliteConnection,
    summaries: &[(RecordId, u32, String)],
) -> Result<(), FieldError> {
    const PUT: &str = "insert into summary (record_id, changes, body) values ($1, $2, $3)
        on conflict (record_id) do update set changes = excluded.changes, body = excluded.body";
    let mut tx = connection.begin().await?;
    for (record, changes, body) in summaries {
        sqlx::query(PUT).bind(&record.0[..]).bind(i64::from(*changes)).bind(body).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
