//! What must hold after each kill: every receipt honoured, nothing lost, nothing doubled, `verify` clean.

use std::collections::{BTreeMap, BTreeSet};

use server::db::{Blob, Db};
use server::on_db;
use sync_core::id::{AreaId, BatchHash, DeviceId, RecordId};
use sync_core::log::{Head, LogId};

use super::deployment::Deployment;
use super::{Failure, Report};

/// What the server signed for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Heads of logs: everything up to them is stored.
    pub heads: BTreeMap<LogId, Head>,
    /// Batches kept without being in a chain.
    pub held: BTreeSet<BatchHash>,
}

impl Receipts {
    /// Adds heads; of one log the farthest counts.
    pub fn add(&mut self, heads: impl IntoIterator<Item = (LogId, Head)>) {
        for (log, head) in heads {
            let known = self.heads.entry(log).or_insert(head);
            if known.seq < head.seq {
                *known = head;
            }
        }
    }
}

/// Looks for every batch that receipts speak of.
///
/// # Errors
/// When the database cannot be read.
pub async fn receipts(db: &Db, claimed: &[Receipts], report: &mut Report) -> Result<(), Failure> {
    const BATCHES: &str = "select generation, code, device_id, seq, hash, state from batch";
    type Row = (i64, i64, Blob<DeviceId>, i64, Blob<BatchHash>, String);
    let rows: Vec<Row> = on_db!(db, |c| sqlx::query_as(BATCHES).fetch_all(c).await)?;
    let mut chained: BTreeMap<(LogId, i64), BatchHash> = BTreeMap::new();
    let mut all: BTreeSet<BatchHash> = BTreeSet::new();
    for (generation, code, Blob(device), seq, Blob(hash), state) in rows {
        all.insert(hash);
        if state == "chained" {
            let area = AreaId { generation: u16::try_from(generation)?, code: u32::try_from(code)? };
            chained.insert((LogId { area, device }, seq), hash);
        }
    }
    for claim in claimed {
        for (log, head) in &claim.heads {
            report.receipts_checked += 1;
            let to = i64::try_from(head.seq.0)?;
            let whole = (1..=to).all(|seq| chained.contains_key(&(*log, seq)));
            if !whole || chained.get(&(*log, to)) != Some(&head.hash) {
                report.receipts_broken += 1;
                report.say(format!("a receipt for {} batch {to} of {} is not honoured", log.area, log.device));
            }
        }
        for hash in &claim.held {
            report.receipts_checked += 1;
            if !all.contains(hash) {
                report.receipts_broken += 1;
                report.say(format!("a receipt for the batch {hash} is not honoured"));
            }
        }
    }
    Ok(())
}

/// No change is part of a record twice.
///
/// # Errors
/// When the database cannot be read.
pub async fn doubles(db: &Db, report: &mut Report) -> Result<(), Failure> {
    const TWICE: &str = "select cast(count(*) as bigint) from (select change_hash from change \
                         where verdict = 'admitted' group by record_id, change_hash having count(*) > 1) twice";
    let twice: i64 = on_db!(db, |c| sqlx::query_scalar(TWICE).fetch_one(c).await)?;
    if twice > 0 {
        report.doubled += u64::try_from(twice)?;
        report.say(format!("{twice} changes were admitted twice"));
    }
    Ok(())
}

/// `banlang verify` finds nothing.
///
/// # Errors
/// When it cannot be started.
pub fn verify(deployment: &Deployment, report: &mut Report) -> Result<(), Failure> {
    let output = deployment.verify()?;
    if output.code != 0 {
        report.verify_findings += output.out.lines().count().max(1) as u64;
        report.say(format!("verify: {}{}", output.out, output.err));
    }
    Ok(())
}

/// The sessions the server counts are those that were recorded, with the attendances recorded last.
///
/// `recorded` holds what devices said is recorded; `unsaid` the attendances of what they may have recorded without
/// having been able to say so.
///
/// # Errors
/// When the database cannot be read.
pub async fn sessions(
    db: &Db,
    recorded: &BTreeMap<RecordId, BTreeSet<u32>>,
    unsaid: &BTreeSet<u32>,
    report: &mut Report,
) -> Result<(), Failure> {
    const SESSIONS: &str = "select record_id, coalesce(attendances, -1) from session where voided = $1";
    let rows: Vec<(Blob<RecordId>, i64)> = on_db!(db, |c| sqlx::query_as(SESSIONS).bind(false).fetch_all(c).await)?;
    let there: BTreeMap<RecordId, u32> =
        rows.into_iter().map(|(Blob(id), count)| Ok((id, u32::try_from(count)?))).collect::<Result<_, Failure>>()?;
    for (id, values) in recorded {
        match there.get(id) {
            None => {
                report.lost += 1;
                report.say(format!("{id} was recorded and is not at the server"));
            }
            Some(found) if !values.contains(found) => {
                report.lost += 1;
                report.say(format!("{id}: {found} attendances, of {values:?} recorded last"));
            }
            Some(_) => {}
        }
    }
    let mut seen = BTreeSet::new();
    for (id, attendances) in there.iter().filter(|(id, _)| !recorded.contains_key(*id)) {
        if !unsaid.contains(attendances) || !seen.insert(attendances) {
            report.doubled += 1;
            report.say(format!("{id} with {attendances} attendances is at the server and nobody recorded it once"));
        }
    }
    Ok(())
}
