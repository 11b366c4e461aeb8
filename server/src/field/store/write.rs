//! Carrying out [`Write`]s: all of one effect are one transaction.

use sqlx::{Connection, SqliteConnection};
use sync_core::device::Write;
use sync_core::id::{AreaId, DeviceId};
use sync_core::log::{Batch, Inventory, LogId};
use sync_core::sync::{DirectoryEntry, Proposal};
use sync_core::wire::Writer;

use super::super::error::FieldError;
use super::{Key, Store, meta};

impl Store {
    /// Writes, durably and all or nothing. `me` tells own logs from others'.
    pub(in crate::field) async fn persist(&mut self, me: DeviceId, writes: Vec<Write>) -> Result<(), FieldError> {
        self.spend_power()?;
        let done = persist(self.writer().await?, me, writes).await;
        self.noting(done)
    }
}

async fn persist(connection: &mut SqliteConnection, me: DeviceId, writes: Vec<Write>) -> Result<(), FieldError> {
    let mut tx = connection.begin().await?;
    for write in writes {
        apply(&mut tx, me, write).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn apply(c: &mut SqliteConnection, me: DeviceId, write: Write) -> Result<(), FieldError> {
    match write {
        Write::AddPending { area, change } => {
            add_pending(c, area, change.kind.code(), &change.record.0, &change.change.hash().0, change.change.framed())
                .await
        }
        Write::PutBatch(batch) => put_batch(c, me, &batch).await,
        Write::DropLog(log) => drop_log(c, &log).await,
        Write::Unseal(log) => unseal(c, &log).await,
        Write::SetSent(inventory) => put_inventory(c, Key::Sent, &inventory).await,
        Write::SetStored(inventory) => put_inventory(c, Key::Stored, &inventory).await,
        Write::SetBackedUp(inventory) => put_inventory(c, Key::BackedUp, &inventory).await,
        Write::SetAgreement(agreement) => put_agreement(c, agreement.as_ref()).await,
        Write::PutDirectory(entry) => put_directory(c, &entry).await,
        Write::SetRefetch(logs) => {
            let mut out = Writer::new();
            out.count(logs.len());
            logs.iter().for_each(|log| log.write(&mut out));
            meta::put(c, Key::Refetch, &out.0).await
        }
        Write::SetOutside(areas) => {
            let mut out = Writer::new();
            out.count(areas.len());
            for area in areas {
                out.number(area.generation.into()).number(area.code.into());
            }
            meta::put(c, Key::Outside, &out.0).await
        }
    }
}

async fn add_pending(
    c: &mut SqliteConnection,
    area: AreaId,
    kind: u8,
    record: &[u8],
    hash: &[u8],
    bytes: &[u8],
) -> Result<(), FieldError> {
    const ADD: &str = "insert into pending (generation, code, kind, record_id, hash, bytes)
        values ($1, $2, $3, $4, $5, $6) on conflict (hash) do nothing";
    sqlx::query(ADD)
        .bind(i64::from(area.generation))
        .bind(i64::from(area.code))
        .bind(i64::from(kind))
        .bind(record)
        .bind(hash)
        .bind(bytes)
        .execute(c)
        .await?;
    Ok(())
}

/// Keeps a batch. What was pending and is in an own batch leaves the pending changes; when the server withheld its
/// bytes (an entry it quarantined), the bytes held here stay: nothing recorded is dropped.
async fn put_batch(c: &mut SqliteConnection, me: DeviceId, batch: &Batch) -> Result<(), FieldError> {
    const BATCH: &str = "insert into batch (generation, code, device_id, seq, hash, header, signature)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (generation, code, device_id, seq)
        do update set hash = excluded.hash, header = excluded.header, signature = excluded.signature";
    const CHANGE: &str = "insert into change (record_id, kind, hash, bytes, generation, code, device_id, seq, ordinal)
        values ($1, $2, $3, coalesce($4, (select bytes from pending where hash = $3)), $5, $6, $7, $8, $9)
        on conflict (generation, code, device_id, seq, ordinal)
        do update set bytes = coalesce(excluded.bytes, change.bytes), record_id = excluded.record_id,
            kind = excluded.kind, hash = excluded.hash";
    const SEALED: &str = "delete from pending where hash = $1";
    let (header, log) = (batch.header(), batch.log());
    let (generation, code) = (i64::from(log.area.generation), i64::from(log.area.code));
    let seq = number(header.seq.0, "batch.seq")?;
    sqlx::query(BATCH)
        .bind(generation)
        .bind(code)
        .bind(&log.device.0[..])
        .bind(seq)
        .bind(&batch.hash().0[..])
        .bind(header.to_bytes())
        .bind(&batch.signature().0[..])
        .execute(&mut *c)
        .await?;
    for (ordinal, (entry, body)) in batch.changes().enumerate() {
        sqlx::query(CHANGE)
            .bind(&entry.record.0[..])
            .bind(i64::from(entry.kind))
            .bind(&entry.change.0[..])
            .bind(body.map(|body| body.framed().to_vec()))
            .bind(generation)
            .bind(code)
            .bind(&log.device.0[..])
            .bind(seq)
            .bind(number(ordinal as u64, "change.ordinal")?)
            .execute(&mut *c)
            .await?;
        if log.device == me {
            sqlx::query(SEALED).bind(&entry.change.0[..]).execute(&mut *c).await?;
        }
    }
    Ok(())
}

async fn drop_log(c: &mut SqliteConnection, log: &LogId) -> Result<(), FieldError> {
    const CHANGES: &str = "delete from change where generation = $1 and code = $2 and device_id = $3";
    const BATCHES: &str = "delete from batch where generation = $1 and code = $2 and device_id = $3";
    for statement in [CHANGES, BATCHES] {
        sqlx::query(statement)
            .bind(i64::from(log.area.generation))
            .bind(i64::from(log.area.code))
            .bind(&log.device.0[..])
            .execute(&mut *c)
            .await?;
    }
    // Fewer changes than a summary counted: it could pass for current later.
    sqlx::query("delete from summary").execute(c).await?;
    Ok(())
}

/// The changes of an own log become pending again, in the order in which they were sealed and before what is pending.
async fn unseal(c: &mut SqliteConnection, log: &LogId) -> Result<(), FieldError> {
    const AGAIN: &str = "insert into pending (id, generation, code, kind, record_id, hash, bytes)
        select (select coalesce(min(id), 1) from pending) - 1 - count(*) over () + row_number() over (order by seq, ordinal),
            generation, code, kind, record_id, hash, bytes
        from change where generation = $1 and code = $2 and device_id = $3 and bytes is not null
        on conflict (hash) do nothing";
    sqlx::query(AGAIN)
        .bind(i64::from(log.area.generation))
        .bind(i64::from(log.area.code))
        .bind(&log.device.0[..])
        .execute(&mut *c)
        .await?;
    drop_log(c, log).await
}

async fn put_inventory(c: &mut SqliteConnection, key: Key, inventory: &Inventory) -> Result<(), FieldError> {
    let mut out = Writer::new();
    inventory.write(&mut out);
    meta::put(c, key, &out.0).await
}

async fn put_agreement(c: &mut SqliteConnection, agreement: Option<&Proposal>) -> Result<(), FieldError> {
    let mut out = Writer::new();
    match agreement {
        None => out.byte(0),
        Some(agreement) => {
            out.byte(1);
            out.fixed(&agreement.epoch.0);
            agreement.inventory.write(&mut out);
            agreement.backed_up.write(&mut out);
            &mut out
        }
    };
    meta::put(c, Key::Agreement, &out.0).await
}

async fn put_directory(c: &mut SqliteConnection, entry: &DirectoryEntry) -> Result<(), FieldError> {
    const PUT: &str = "insert into directory (device_id, entry) values ($1, $2)
        on conflict (device_id) do update set entry = excluded.entry";
    let mut out = Writer::new();
    entry.write(&mut out);
    sqlx::query(PUT).bind(&entry.device().0[..]).bind(out.0).execute(c).await?;
    Ok(())
}

fn number(value: u64, column: &'static str) -> Result<i64, FieldError> {
    i64::try_from(value).map_err(|_| FieldError::damaged(column, "beyond the range of the store"))
}
