//! The server's journal as this device witnessed it, the checkpoints it signed, and what contradicts them.

use std::collections::BTreeSet;

use sqlx::{Connection, SqliteConnection};
use sync_core::id::{BatchHash, PublicKey, UnixMs};
use sync_core::log::{Checkpoint, Tip};
use sync_core::wire::{Reader, Writer};

use super::super::error::FieldError;
use super::super::witness::{Evidence, Lost};
use super::Store;

/// Checkpoints kept at most; each stands for all before it.
const CHECKPOINTS: i64 = 1000;

/// A checkpoint as it came, with the key that verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::field) struct Kept {
    /// The checkpoint.
    pub(in crate::field) checkpoint: Checkpoint,
    /// The receipt key it names.
    pub(in crate::field) key: PublicKey,
}

fn damaged(what: &'static str) -> FieldError {
    FieldError::damaged(what, "the bytes do not have the expected form")
}

impl Store {
    /// The newest checkpoint.
    pub(in crate::field) async fn newest_checkpoint(&mut self) -> Result<Option<Kept>, FieldError> {
        Ok(self.checkpoints(1).await?.pop())
    }

    /// Checkpoints, newest first, at most so many.
    pub(in crate::field) async fn checkpoints(&mut self, at_most: i64) -> Result<Vec<Kept>, FieldError> {
        const READ: &str = "select public_key, body from checkpoint order by id desc limit $1";
        let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(READ).bind(at_most).fetch_all(&mut self.connection).await?;
        rows.into_iter()
            .map(|(key, body)| {
                let key = PublicKey::from_slice(&key).ok_or_else(|| damaged("checkpoint.public_key"))?;
                let checkpoint = Checkpoint::read(&mut Reader::new(&body)).map_err(|_| damaged("checkpoint.body"))?;
                Ok(Kept { checkpoint, key })
            })
            .collect()
    }

    /// Every entry of the journal, in order.
    pub(in crate::field) async fn journal(&mut self) -> Result<Vec<Vec<u8>>, FieldError> {
        const READ: &str = "select body from journal order by entry";
        Ok(sqlx::query_scalar(READ).fetch_all(&mut self.connection).await?)
    }

    /// Keeps entries after `from` in place of what followed it, the checkpoint they lead to, and in the same
    /// transaction what was found: evidence, and batches that came back.
    pub(in crate::field) async fn witness(
        &mut self,
        from: Tip,
        entries: &[Vec<u8>],
        kept: &Kept,
        found: Option<(&Evidence, &[Lost])>,
        (back, now): (&BTreeSet<BatchHash>, UnixMs),
    ) -> Result<(), FieldError> {
        self.spend_power()?;
        let done = witness(self.writer().await?, from, entries, kept, found, (back, now)).await;
        self.noting(done)
    }

    /// Everything that was found, with the batches each finding missed and when they came back.
    pub(in crate::field) async fn evidence(&mut self) -> Result<Vec<Evidence>, FieldError> {
        const EVIDENCE: &str = "select number, body from evidence order by number";
        const MISSING: &str = "select body, back_at_ms from missing where number = $1 order by hash";
        let rows: Vec<(i64, String)> = sqlx::query_as(EVIDENCE).fetch_all(&mut self.connection).await?;
        let mut all = Vec::with_capacity(rows.len());
        for (number, body) in rows {
            let mut evidence: Evidence = serde_json::from_str(&body).map_err(|_| damaged("evidence.body"))?;
            let missing: Vec<(String, Option<i64>)> =
                sqlx::query_as(MISSING).bind(number).fetch_all(&mut self.connection).await?;
            for (body, back_at) in missing {
                let lost: Lost = serde_json::from_str(&body).map_err(|_| damaged("missing.body"))?;
                evidence.missing.push(Lost { back_at_ms: back_at.map(UnixMs), ..lost });
            }
            all.push(evidence);
        }
        Ok(all)
    }
}

async fn witness(
    connection: &mut SqliteConnection,
    from: Tip,
    entries: &[Vec<u8>],
    kept: &Kept,
    found: Option<(&Evidence, &[Lost])>,
    (back, now): (&BTreeSet<BatchHash>, UnixMs),
) -> Result<(), FieldError> {
    const FORGET: &str = "delete from journal where entry > $1";
    const ENTRY: &str = "insert into journal (entry, body, hash) values ($1, $2, $3)";
    let mut tx = connection.begin().await?;
    sqlx::query(FORGET).bind(from.entries.cast_signed()).execute(&mut *tx).await?;
    let mut tip = from;
    for entry in entries {
        tip = tip.then(entry);
        let number = tip.entries.cast_signed();
        sqlx::query(ENTRY).bind(number).bind(entry).bind(&tip.hash[..]).execute(&mut *tx).await?;
    }
    keep_checkpoint(&mut tx, kept, now).await?;
    if let Some((evidence, lost)) = found {
        keep_evidence(&mut tx, evidence, lost).await?;
    }
    mark_back(&mut tx, back, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A checkpoint of the same journal as the newest is not kept twice.
async fn keep_checkpoint(connection: &mut SqliteConnection, kept: &Kept, now: UnixMs) -> Result<(), FieldError> {
    const NEWEST: &str = "select body from checkpoint order by id desc limit 1";
    const KEEP: &str = "insert into checkpoint (received_at_ms, public_key, body) values ($1, $2, $3)";
    const FORGET: &str = "delete from checkpoint where id <= (select max(id) from checkpoint) - $1";
    let newest: Option<Vec<u8>> = sqlx::query_scalar(NEWEST).fetch_optional(&mut *connection).await?;
    let same = newest.and_then(|body| Checkpoint::read(&mut Reader::new(&body)).ok()).is_some_and(|newest| {
        (newest.batches_before, newest.tip) == (kept.checkpoint.batches_before, kept.checkpoint.tip)
    });
    if same {
        return Ok(());
    }
    let mut body = Writer::new();
    kept.checkpoint.write(&mut body);
    sqlx::query(KEEP).bind(now.0).bind(&kept.key.0[..]).bind(body.0).execute(&mut *connection).await?;
    sqlx::query(FORGET).bind(CHECKPOINTS).execute(connection).await?;
    Ok(())
}

async fn keep_evidence(
    connection: &mut SqliteConnection,
    evidence: &Evidence,
    lost: &[Lost],
) -> Result<(), FieldError> {
    const NUMBER: &str = "select coalesce(max(number), 0) + 1 from evidence";
    const EVIDENCE: &str = "insert into evidence (number, body) values ($1, $2)";
    const MISSING: &str = "insert into missing (number, hash, body) values ($1, $2, $3)";
    let json = |error: serde_json::Error| FieldError::damaged("evidence", error.to_string());
    let number: i64 = sqlx::query_scalar(NUMBER).fetch_one(&mut *connection).await?;
    let body = serde_json::to_string(evidence).map_err(json)?;
    sqlx::query(EVIDENCE).bind(number).bind(body).execute(&mut *connection).await?;
    for one in lost {
        let body = serde_json::to_string(one).map_err(json)?;
        sqlx::query(MISSING).bind(number).bind(&one.hash.0[..]).bind(body).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn mark_back(
    connection: &mut SqliteConnection,
    back: &BTreeSet<BatchHash>,
    now: UnixMs,
) -> Result<(), FieldError> {
    const OPEN: &str = "select distinct hash from missing where back_at_ms is null";
    const BACK: &str = "update missing set back_at_ms = $2 where hash = $1 and back_at_ms is null";
    let open: Vec<Vec<u8>> = sqlx::query_scalar(OPEN).fetch_all(&mut *connection).await?;
    for hash in open {
        if BatchHash::from_slice(&hash).is_some_and(|hash| back.contains(&hash)) {
            sqlx::query(BACK).bind(hash).bind(now.0).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
