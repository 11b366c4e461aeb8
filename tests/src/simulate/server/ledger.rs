//! The durable half of the server's model: batches with verdicts, and what follows from them. One call of
//! [`Ledger::ingest`] or [`Ledger::release`] is one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use sync_core::admit::Reason;
use sync_core::admit::ledger::{Adoption, Candidate, Placer, Record, Standing, State, decide};
use sync_core::id::{AreaId, BatchHash, BatchSeq, CertificateNo, ChangeHash, DeviceId, RecordId, UnixMs};
use sync_core::log::{Batch, BatchHeader, Entry, Head, Inventory, LogId, SCHEMA, Signature, limits};
use sync_core::record::RecordView;

use super::registry::Registry;
use super::snapshot::Prepared;
use crate::simulate::fault::Bug;

/// The place of a change: batch and entry.
pub type Place = (usize, usize);

/// The bytes of a change, shared with the batch that brought them.
#[derive(Debug, Clone)]
pub struct Bytes(Arc<Batch>, usize);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.bodies()[self.1].as_ref().map_or(&[], |change| change.framed())
    }
}

/// A batch as it is stored.
#[derive(Debug, Clone)]
pub struct Row {
    /// The batch.
    pub batch: Arc<Batch>,
    /// How it stands in its log.
    pub state: State,
    /// How each of its changes stands in its record.
    pub standings: Vec<Standing>,
}

/// What is summed over sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attendances.
    pub attendances: i64,
    /// Material of every kind.
    pub material: i64,
}

impl Totals {
    /// What one record adds: nothing when it is void or no session.
    #[must_use]
    pub fn of(view: &RecordView) -> Self {
        let RecordView::Session(session) = view else { return Self::default() };
        if session.is_void() {
            return Self::default();
        }
        Self {
            attendances: session.fields.attendances.value().copied().unwrap_or(0).into(),
            material: session.material.values().map(|material| material.total as i64).sum(),
        }
    }

    fn add(&mut self, more: Self, times: i64) {
        self.attendances += times * more.attendances;
        self.material += times * more.material;
    }
}

/// What is durable.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Every batch, in the order of arrival.
    pub rows: Vec<Row>,
    by_hash: BTreeMap<BatchHash, usize>,
    chains: BTreeMap<LogId, Vec<usize>>,
    /// Every record of which anything came.
    pub records: BTreeMap<RecordId, Record<Place, Bytes>>,
    /// The read table: what each record adds to the totals.
    sums: BTreeMap<RecordId, Totals>,
    /// The sum of the read table, kept in step.
    pub totals: Totals,
    /// The heads that are part of a finished backup.
    pub backed_up: Inventory,
    /// Prepared snapshots.
    pub(super) snapshots: BTreeMap<AreaId, Prepared>,
    /// Bytes a device brought on a day, counted from 1970.
    pub(super) usage: BTreeMap<(DeviceId, i64), u64>,
}

impl Ledger {
    /// The head of every log.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        self.chains.iter().filter_map(|(log, chain)| Some((*log, self.rows[*chain.last()?].batch.head()))).collect()
    }

    /// The head of a log.
    #[must_use]
    pub fn head(&self, log: &LogId) -> Head {
        let last = self.chains.get(log).and_then(|chain| chain.last());
        last.map_or(Head::EMPTY, |row| self.rows[*row].batch.head())
    }

    /// The chained batches of a log after this one.
    pub fn after(&self, log: &LogId, seq: BatchSeq) -> impl Iterator<Item = &Row> {
        self.chains.get(log).into_iter().flatten().skip(seq.0 as usize).map(|row| &self.rows[*row])
    }

    /// Whether a log goes through this head.
    #[must_use]
    pub fn contains(&self, log: &LogId, head: &Head) -> bool {
        self.chains.get(log).is_some_and(|chain| {
            let at = (head.seq.0 as usize).checked_sub(1);
            at.and_then(|at| chain.get(at)).is_some_and(|row| self.rows[*row].batch.hash() == head.hash)
        })
    }

    /// How a batch stands.
    #[must_use]
    pub fn state(&self, hash: &BatchHash) -> Option<State> {
        self.by_hash.get(hash).map(|row| self.rows[*row].state)
    }

    /// How many changes of an area's records are admitted.
    pub(super) fn changes_of(&self, area: AreaId) -> u64 {
        let of = self.records.values().filter(|record| record.area == Some(area));
        of.map(|record| record.admitted.len() as u64).sum()
    }

    /// Every change whose bytes are here.
    #[must_use]
    pub fn hashes(&self) -> BTreeSet<ChangeHash> {
        let all = self.rows.iter().flat_map(|row| row.batch.changes());
        all.filter(|(_, body)| body.is_some()).map(|(entry, _)| entry.change).collect()
    }

    /// Takes in batches whose signatures hold; returns how many were over the quota.
    pub fn ingest(
        &mut self,
        registry: &Registry,
        key: &SigningKey,
        batches: &[Batch],
        now: UnixMs,
        quota: Option<u64>,
        bug: Option<Bug>,
    ) -> usize {
        let mut candidates = Vec::new();
        let mut fresh = Vec::new();
        for batch in batches {
            match self.by_hash.get(&batch.hash()) {
                Some(row) if bug != Some(Bug::DuplicateUnseen) => {
                    let row = *row;
                    let bodies: Vec<_> = batch.bodies().iter().map(Option::is_some).collect();
                    for (ordinal, here) in bodies.into_iter().enumerate() {
                        if here && self.rows[row].standings[ordinal] == Standing::Absent {
                            self.fill(registry, row, ordinal, batch, now, &mut candidates);
                        }
                    }
                }
                _ => {
                    let row = self.rows.len();
                    let standings = vec![Standing::Unjudged; batch.bodies().len()];
                    self.rows.push(Row { batch: Arc::new(batch.clone()), state: State::Waiting, standings });
                    self.by_hash.insert(batch.hash(), row);
                    fresh.push(row);
                }
            }
        }
        let over = quota.map(|quota| self.charge(quota, registry, &fresh, now)).unwrap_or_default();
        for row in self.place(&fresh, bug) {
            let forked = self.rows[row].state == State::Forked;
            // What devices give back of the server's own log after a restore is adopted again where it forked.
            let own = self.rows[row].batch.device() == registry.server.device();
            let obstacle = (forked && !own).then_some(Reason::ForkedLog);
            for ordinal in 0..self.rows[row].standings.len() {
                let mut candidate = self.candidate(registry, row, ordinal, now);
                let over = over.contains(&row).then_some(Reason::Quota);
                candidate.obstacle = obstacle.or(candidate.obstacle).or(over);
                candidate.late = forked;
                candidates.push(candidate);
            }
        }
        self.judge(registry, key, candidates, now, bug);
        over.len()
    }

    /// Admits a change that lies in quarantine because a person said so. What it still needs keeps it waiting.
    pub fn release(&mut self, registry: &Registry, key: &SigningKey, place: Place, now: UnixMs, bug: Option<Bug>) {
        let mut candidate = self.candidate(registry, place.0, place.1, now);
        let quota = Standing::Quarantined(Reason::Quota);
        let for_good = bug == Some(Bug::QuotaForGood) && self.rows[place.0].standings[place.1] == quota;
        candidate.obstacle = for_good.then_some(Reason::Quota);
        candidate.late = true;
        candidate.binding = registry.binding(&self.rows[place.0].batch, place.1, true);
        self.judge(registry, key, vec![candidate], now, bug);
    }

    /// Leaves a change out for good.
    pub fn leave(&mut self, place: Place) {
        self.rows[place.0].standings[place.1] = Standing::Left;
        let record = self.rows[place.0].batch.header().entries[place.1].record;
        if let Some(record) = self.records.get_mut(&record) {
            record.open.retain(|open| open.candidate.place != place);
        }
    }

    /// Every change in quarantine.
    #[must_use]
    pub fn quarantine(&self) -> Vec<(Place, Reason)> {
        let mut found = Vec::new();
        for (row, stored) in self.rows.iter().enumerate() {
            for (ordinal, standing) in stored.standings.iter().enumerate() {
                found.extend(standing.reason().map(|reason| ((row, ordinal), reason)));
            }
        }
        found
    }

    /// The batches that became chained or forked.
    fn place(&mut self, fresh: &[usize], bug: Option<Bug>) -> Vec<usize> {
        let logs: BTreeSet<LogId> = fresh.iter().map(|row| self.rows[*row].batch.log()).collect();
        if bug == Some(Bug::SkipChainCheck) {
            for row in fresh {
                self.rows[*row].state = State::Chained;
                self.chains.entry(self.rows[*row].batch.log()).or_default().push(*row);
            }
            return fresh.to_vec();
        }
        let heads = logs.iter().map(|log| (*log, self.head(log))).filter(|(_, head)| head.seq.0 > 0).collect();
        let known = self.rows.iter().filter(|row| logs.contains(&row.batch.log()));
        let states = known.map(|row| (row.batch.hash(), row.state)).collect();
        let mut placer = Placer::new(heads, states);
        let mut rows = Vec::new();
        for (row, stored) in self.rows.iter().enumerate() {
            let batch = &stored.batch;
            if fresh.contains(&row) {
                placer.place(batch.log(), batch.predecessor(), batch.head());
                rows.push(row);
            } else if stored.state == State::Waiting && logs.contains(&batch.log()) {
                placer.add_waiting(batch.log(), batch.predecessor(), batch.head());
                rows.push(row);
            }
        }
        let mut moved: Vec<usize> = placer.chained().iter().map(|index| rows[*index]).collect();
        for row in &moved {
            self.chains.entry(self.rows[*row].batch.log()).or_default().push(*row);
        }
        for (index, row) in rows.iter().enumerate() {
            self.rows[*row].state = placer.state(index);
            if placer.state(index) == State::Forked {
                moved.push(*row);
            }
        }
        moved
    }

    fn candidate(&self, registry: &Registry, row: usize, ordinal: usize, now: UnixMs) -> Candidate<Place, Bytes> {
        let batch = &self.rows[row].batch;
        let entry = &batch.header().entries[ordinal];
        Candidate {
            place: (row, ordinal),
            area: batch.log().area,
            record: entry.record,
            hash: entry.change,
            bytes: batch.bodies()[ordinal].is_some().then(|| Bytes(batch.clone(), ordinal)),
            binding: registry.binding(batch, ordinal, false),
            obstacle: registry.obstacle(batch),
            foreseen: Vec::new(),
            received_at: now,
            late: false,
        }
    }

    /// Puts bytes in place that were absent, and has them judged.
    fn fill(
        &mut self,
        registry: &Registry,
        row: usize,
        ordinal: usize,
        with: &Batch,
        now: UnixMs,
        candidates: &mut Vec<Candidate<Place, Bytes>>,
    ) {
        let old = &self.rows[row].batch;
        let bodies = old.bodies().iter().zip(with.bodies()).map(|(old, new)| old.clone().or_else(|| new.clone()));
        let filled = Batch::new(old.header().clone(), *old.signature(), bodies.collect());
        let Ok(filled) = filled else { return };
        self.rows[row].batch = Arc::new(filled);
        if self.rows[row].state == State::Waiting {
            self.rows[row].standings[ordinal] = Standing::Unjudged;
            return;
        }
        let mut candidate = self.candidate(registry, row, ordinal, now);
        if self.rows[row].state == State::Forked {
            candidate.obstacle = Some(Reason::ForkedLog);
        }
        candidate.late = true;
        candidates.push(candidate);
    }

    fn judge(
        &mut self,
        registry: &Registry,
        key: &SigningKey,
        candidates: Vec<Candidate<Place, Bytes>>,
        now: UnixMs,
        bug: Option<Bug>,
    ) {
        let touched: BTreeSet<RecordId> = candidates.iter().map(|candidate| candidate.record).collect();
        let decided = decide(&mut self.records, candidates, now);
        for (place, standing) in decided.standings {
            self.rows[place.0].standings[place.1] = standing;
        }
        for record in touched {
            if let Some(record) = self.records.get_mut(&record) {
                if bug == Some(Bug::QuarantineDrops) {
                    record.open.retain(|open| open.standing == Standing::Waiting);
                }
                // From here on their batches may be handed out without them.
                record.open.iter_mut().for_each(|open| open.candidate.late = true);
            }
        }
        for id in decided.changed {
            let Some(view) = self.records.get(&id).and_then(|record| record.view.as_ref()) else { continue };
            let now = Totals::of(view);
            let before = self.sums.insert(id, now).unwrap_or_default();
            if bug != Some(Bug::TotalsAdded) {
                self.totals.add(before, -1);
            }
            self.totals.add(now, 1);
        }
        if bug != Some(Bug::NoAdoption) {
            self.adopt(registry, key, decided.adoptions, now);
        }
        if bug == Some(Bug::QuarantineDrops) {
            self.drop_quarantined();
        }
    }

    /// Seals late changes in the server's own log of their area, so that they travel like any others.
    fn adopt(&mut self, registry: &Registry, key: &SigningKey, adoptions: Vec<Adoption<Bytes>>, now: UnixMs) {
        let mut by_area: BTreeMap<_, Vec<Adoption<Bytes>>> = BTreeMap::new();
        for adoption in adoptions {
            by_area.entry(adoption.area).or_default().push(adoption);
        }
        for (area, adoptions) in by_area {
            for part in adoptions.chunks(limits::ENTRIES) {
                let log = LogId { area, device: registry.server.device() };
                let head = self.head(&log);
                let header = BatchHeader {
                    log,
                    seq: BatchSeq(head.seq.0 + 1),
                    prev: head.hash,
                    certificate: CertificateNo(0),
                    sealed_at: now,
                    schema: SCHEMA,
                    entries: part
                        .iter()
                        .map(|adoption| Entry {
                            kind: adoption.kind.code(),
                            record: adoption.record,
                            adopted: true,
                            change: adoption.hash,
                        })
                        .collect(),
                };
                let signature = Signature(key.sign(&header.signing_bytes()).to_bytes());
                let bodies = part.iter().map(|adoption| adoption.bytes.0.bodies()[adoption.bytes.1].clone()).collect();
                let Ok(batch) = Batch::new(header, signature, bodies) else { continue };
                let row = self.rows.len();
                self.by_hash.insert(batch.hash(), row);
                self.chains.entry(log).or_default().push(row);
                let standings = vec![Standing::Admitted; part.len()];
                self.rows.push(Row { batch: Arc::new(batch), state: State::Chained, standings });
            }
        }
    }

    /// Only for [`Bug::QuarantineDrops`].
    fn drop_quarantined(&mut self) {
        for row in &mut self.rows {
            if row.standings.iter().any(|standing| standing.reason().is_some()) {
                let keep: Vec<bool> = row.standings.iter().map(|standing| standing.reason().is_none()).collect();
                row.batch = Arc::new(Batch::clone(&row.batch).withholding(|ordinal| keep[ordinal]));
                row.standings.iter_mut().filter(|s| s.reason().is_some()).for_each(|s| *s = Standing::Left);
            }
        }
    }
}
