//! The journal read from its first entry: whether it holds together, and what it says every batch is.

use std::collections::BTreeMap;

use sync_core::id::{DeviceId, UnixMs};
use sync_core::log::{Decision, Head, JournalEntry, LogId, Mark, Position, Tip};

use super::{batches_before, note_hash, unsigned};
use crate::db::{Blob, DbError, Tx};
use crate::ingest::area;
use crate::on_db;

/// Rows read in one go.
const STEP: i64 = 500;

/// What the journal says of one batch.
#[derive(Debug)]
struct Known {
    log: LogId,
    head: Head,
    position: Position,
    via: u8,
    carrier: Option<DeviceId>,
    received_at: UnixMs,
    changes: Vec<KnownChange>,
}

#[derive(Debug)]
struct KnownChange {
    mark: Mark,
    /// Stays when a change leaves quarantine.
    reason: Option<String>,
    decided: Option<(Decision, UnixMs)>,
}

impl KnownChange {
    fn new(mark: Mark) -> Self {
        let mut change = Self { mark: Mark::Unjudged, reason: None, decided: None };
        change.set(mark);
        change
    }

    fn set(&mut self, mark: Mark) {
        if let Mark::Quarantined(reason) = &mark {
            self.reason = Some(reason.clone());
        }
        self.mark = mark;
    }
}

/// What a table says of one change.
#[derive(Debug, sqlx::FromRow)]
struct StoredChange {
    batch_id: i64,
    ordinal: i64,
    verdict: String,
    reason: Option<String>,
    decided_by: Option<i64>,
    decided_at_ms: Option<i64>,
    note: Option<String>,
}

/// What a journal says, and where it contradicts itself.
#[derive(Debug)]
pub(crate) struct Replayed {
    before: u64,
    batches: BTreeMap<u64, Known>,
    /// Subject and difference.
    pub(crate) findings: Vec<(String, String)>,
}

/// Reads the whole journal.
///
/// # Errors
/// The database's. What is wrong with the journal is among the findings.
pub(crate) async fn replay(tx: &mut Tx) -> Result<Replayed, DbError> {
    const ENTRIES: &str = "select entry, body, hash from journal where entry > $1 order by entry limit $2";
    let before = batches_before(tx).await?;
    let mut replayed = Replayed { before, batches: BTreeMap::new(), findings: Vec::new() };
    let mut tip = Tip::begin(before);
    let mut last = 0;
    loop {
        let rows: Vec<(i64, Vec<u8>, Blob<[u8; 32]>)> =
            on_db!(tx, |c| sqlx::query_as(ENTRIES).bind(last).bind(STEP).fetch_all(c).await)?;
        let Some(newest) = rows.last().map(|row| row.0) else { return Ok(replayed) };
        for (number, body, Blob(hash)) in rows {
            tip = tip.then(&body);
            if unsigned(number) != tip.entries {
                replayed.say(number, format!("entries before it are missing; this is number {}", tip.entries));
                tip.entries = unsigned(number);
            }
            if tip.hash != hash {
                replayed.say(number, "its hash does not follow from it and the entry before".to_owned());
                tip.hash = hash;
            }
            match JournalEntry::from_bytes(&body) {
                Ok(entry) => replayed.take(number, entry),
                Err(error) => replayed.say(number, error.to_string()),
            }
        }
        last = newest;
    }
}

impl Replayed {
    fn say(&mut self, entry: i64, difference: String) {
        self.findings.push((format!("journal entry {entry}"), difference));
    }

    fn take(&mut self, number: i64, entry: JournalEntry) {
        let at = entry.at;
        for arrival in entry.arrived {
            let last = self.batches.last_key_value().map_or(self.before, |(id, _)| *id);
            if arrival.id != last + 1 {
                self.say(number, format!("batch {} does not come after batch {last}", arrival.id));
            }
            let known = Known {
                log: arrival.log,
                head: arrival.head,
                position: arrival.position,
                via: arrival.via,
                carrier: arrival.carrier,
                received_at: at,
                changes: arrival.marks.into_iter().map(KnownChange::new).collect(),
            };
            self.batches.insert(arrival.id, known);
        }
        for moved in entry.moved {
            // Of what came before the journal only the logs tell.
            if let Some(known) = self.batches.get_mut(&moved.id) {
                known.position = moved.position;
            }
        }
        for judged in entry.judged {
            let ordinal = usize::try_from(judged.ordinal).unwrap_or(usize::MAX);
            let known = self.batches.get_mut(&judged.id).and_then(|known| known.changes.get_mut(ordinal));
            if let Some(change) = known {
                change.set(judged.mark);
                change.decided = judged.decision.map(|decision| (decision, at)).or(change.decided);
            }
        }
    }

    /// Compares the tables with what the journal says; what differs is added to the findings.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn compare(mut self, tx: &mut Tx) -> Result<Vec<(String, String)>, DbError> {
        self.compare_batches(tx).await?;
        self.compare_changes(tx).await?;
        let missing = self.batches.iter().map(|(id, known)| {
            let text = format!("{} of log {}/{} arrived and is gone", known.head.seq, known.log.area, known.log.device);
            (format!("batch {id}"), format!("batch {text}"))
        });
        self.findings.extend(missing);
        Ok(self.findings)
    }

    /// Takes each batch that is stored out of what is known, once compared; its changes stay for the next step.
    async fn compare_batches(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        const BATCHES: &str = "select id, generation, code, device_id, seq, hash, state, via, carrier_device_id, \
                               received_at_ms from batch where id > $1 order by id limit $2";
        type Row = (i64, i64, i64, Blob<DeviceId>, i64, Blob<[u8; 32]>, String, String, Option<Blob<DeviceId>>, i64);
        let mut after = i64::try_from(self.before).unwrap_or(i64::MAX);
        loop {
            let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(BATCHES).bind(after).bind(STEP).fetch_all(c).await)?;
            let Some(newest) = rows.last().map(|row| row.0) else { return Ok(()) };
            for (id, generation, code, device, seq, hash, state, via, carrier, received_at) in rows {
                let log = LogId { area: area(generation, code)?, device: device.0 };
                let Some(known) = self.batches.get(&unsigned(id)) else {
                    let text =
                        format!("batch {seq} of log {}/{}: the journal knows nothing of it", log.area, log.device);
                    self.findings.push((format!("batch {id}"), text));
                    continue;
                };
                let differs = [
                    ("log", known.log != log),
                    ("place", known.head.seq.0 != unsigned(seq)),
                    ("hash", known.head.hash.0 != hash.0),
                    ("state", position_name(known.position) != state),
                    ("way", via_name(known.via) != via),
                    ("carrier", known.carrier != carrier.map(|Blob(carrier)| carrier)),
                    ("time of arrival", known.received_at.0 != received_at),
                ];
                for (what, _) in differs.into_iter().filter(|(_, differs)| *differs) {
                    self.findings.push((format!("batch {id}"), format!("its {what} is not what the journal says")));
                }
            }
            after = newest;
        }
    }

    async fn compare_changes(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        const CHANGES: &str = "select batch_id, ordinal, verdict, reason, decided_by, decided_at_ms, note from change \
                               where batch_id > $1 and batch_id <= $2 order by batch_id, ordinal";
        const IDS: &str = "select id from batch where id > $1 order by id limit $2";
        let mut after = i64::try_from(self.before).unwrap_or(i64::MAX);
        loop {
            let ids: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(IDS).bind(after).bind(STEP).fetch_all(c).await)?;
            let Some(newest) = ids.last().copied() else { return Ok(()) };
            let rows: Vec<StoredChange> =
                on_db!(tx, |c| sqlx::query_as(CHANGES).bind(after).bind(newest).fetch_all(c).await)?;
            let mut by_batch: BTreeMap<i64, Vec<StoredChange>> = BTreeMap::new();
            for row in rows {
                by_batch.entry(row.batch_id).or_default().push(row);
            }
            for id in ids {
                let stored = by_batch.remove(&id).unwrap_or_default();
                if let Some(known) = self.batches.remove(&unsigned(id)) {
                    self.compare_entries(id, &known.changes, &stored);
                }
            }
            after = newest;
        }
    }

    fn compare_entries(&mut self, id: i64, known: &[KnownChange], stored: &[StoredChange]) {
        if known.len() != stored.len() {
            let text = format!("it holds {} changes, the journal says {}", stored.len(), known.len());
            self.findings.push((format!("batch {id}"), text));
        }
        for (change, stored) in known.iter().zip(stored) {
            let StoredChange { ordinal, verdict, reason, decided_by: by, decided_at_ms: at, note, .. } = stored;
            let mut say = |what: &str| {
                let text = format!("change {ordinal}: its {what} is not what the journal says");
                self.findings.push((format!("batch {id}"), text));
            };
            if mark_name(&change.mark) != verdict {
                say("verdict");
            }
            if change.reason.as_deref() != reason.as_deref() {
                say("reason");
            }
            let decided = change.decided.as_ref();
            let same = decided.map(|(decision, at)| (decision.account, at.0)) == by.map(unsigned).zip(*at)
                && by.is_some() == at.is_some()
                && decided.map_or([0; 32], |(decision, _)| decision.note) == note_hash(note.as_deref());
            if !same {
                say("decision");
            }
        }
    }
}

fn position_name(position: Position) -> &'static str {
    match position {
        Position::Chained => "chained",
        Position::Waiting => "waiting",
        Position::Forked => "forked",
    }
}

fn via_name(via: u8) -> &'static str {
    match via {
        1 => "sync",
        2 => "deposit",
        3 => "file",
        _ => "server",
    }
}

fn mark_name(mark: &Mark) -> &'static str {
    match mark {
        Mark::Admitted => "admitted",
        Mark::Duplicate => "duplicate",
        Mark::Waiting => "waiting",
        Mark::Unjudged => "unjudged",
        Mark::Absent => "absent",
        Mark::Quarantined(_) => "quarantined",
        Mark::Released => "released",
        Mark::Left => "left",
        Mark::Purged => "purged",
    }
}
