//! Everything of one transaction of ingest that is worked out in memory: what came, how it was judged, what is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sync_core::admit::Reason;
use sync_core::admit::ledger::{Decided, Placer, decide};
use sync_core::id::{AreaId, ChangeHash, DeviceId, RecordId, UnixMs};
use sync_core::log::{LogId, SCHEMA};

use super::adopt;
use super::decide::{Adoption, Bytes, Candidate, Place, Record};
use super::load;
use super::open_change;
use super::prepare::{Prepared, binding};
use super::rights::Rights;
use super::signer::Signers;
use super::standing::{Standing, State, Via};
use super::store::{self, NewBatch, Restanding};
use crate::db::{DbError, Tx};
use crate::journal::Draft;
use crate::project::{Projected, Projector};

/// What every group needs.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) signers: Arc<Signers>,
    pub(crate) lineage: Arc<Vec<(AreaId, AreaId)>>,
    /// The key of the server's own log.
    pub(crate) server: SigningKey,
    pub(crate) server_device: DeviceId,
    /// Bytes one device may bring in a day.
    pub(crate) device_day_bytes: u64,
    pub(crate) now: UnixMs,
}

/// A batch of this transaction: new, sealed here, or waiting since an earlier one.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) id: i64,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) received_at: UnixMs,
    pub(crate) via: Via,
    pub(crate) carrier: Option<DeviceId>,
    /// Its row exists.
    pub(crate) stored: bool,
    pub(crate) state_before: Option<State>,
    pub(crate) over_quota: bool,
    /// Its entries have been looked at in the state it is in.
    pub(crate) decided: Option<State>,
    pub(crate) standings: Vec<Standing>,
}

/// Everything of one transaction that is worked out in memory.
pub(crate) struct Group {
    pub(crate) placer: Placer,
    /// By the placer's index.
    pub(crate) works: Vec<Work>,
    pub(crate) records: BTreeMap<RecordId, Record>,
    pub(crate) changed: BTreeSet<RecordId>,
    /// Stored changes that stand otherwise now, with bytes that were absent before.
    pub(crate) restandings: BTreeMap<Place, (Standing, Option<Bytes>)>,
    pub(crate) next_id: i64,
    pub(crate) rights: Rights,
    loaded: HashSet<RecordId>,
    looked_up: HashSet<(RecordId, ChangeHash)>,
}

impl Group {
    /// A group that starts from these logs.
    pub(crate) fn new(placer: Placer, next_id: i64, rights: Rights) -> Self {
        Self {
            placer,
            works: Vec::new(),
            records: BTreeMap::new(),
            changed: BTreeSet::new(),
            restandings: BTreeMap::new(),
            next_id,
            rights,
            loaded: HashSet::new(),
            looked_up: HashSet::new(),
        }
    }

    /// Reads the records of these ids, once.
    pub(crate) async fn load(
        &mut self,
        tx: &mut Tx,
        wanted: impl IntoIterator<Item = RecordId>,
        context: &Context,
    ) -> Result<(), DbError> {
        let wanted: BTreeSet<RecordId> = wanted.into_iter().filter(|id| self.loaded.insert(*id)).collect();
        self.records.extend(load::records(tx, &wanted, &context.signers).await?);
        Ok(())
    }

    /// Judges candidates off the asynchronous threads and keeps what came of it; returns what is to be adopted.
    pub(crate) async fn judge(&mut self, candidates: Vec<Candidate>, now: UnixMs) -> Result<Vec<Adoption>, DbError> {
        let mut records = std::mem::take(&mut self.records);
        let judged = tokio::task::spawn_blocking(move || {
            let decided = decide(&mut records, candidates, now);
            (records, decided)
        });
        let (records, Decided { standings, adoptions, changed }) = judged
            .await
            .map_err(|error| DbError::Damaged { column: "change.bytes", why: format!("judging ended: {error}") })?;
        self.records = records;
        self.changed.extend(changed);
        let mut by_id: HashMap<i64, usize> = HashMap::new();
        for (index, work) in self.works.iter().enumerate().filter(|(_, work)| !work.stored) {
            by_id.insert(work.id, index);
        }
        for (place, standing) in standings {
            match by_id.get(&place.batch_id) {
                Some(index) => self.works[*index].standings[place.ordinal] = standing,
                None => {
                    self.restandings.entry(place).or_insert((standing, None)).0 = standing;
                }
            }
        }
        Ok(adoptions)
    }

    /// Takes a batch that is not stored; returns its index.
    pub(crate) fn add(&mut self, prepared: Arc<Prepared>, received_at: UnixMs, via: Via) -> usize {
        let batch = &prepared.batch;
        let standings =
            batch.bodies().iter().map(|body| if body.is_some() { Standing::Unjudged } else { Standing::Absent });
        let standings = standings.collect();
        let index = self.placer.place(batch.log(), batch.predecessor(), batch.head());
        let id = self.next_id;
        self.next_id += 1;
        self.works.push(Work {
            id,
            prepared,
            received_at,
            via,
            carrier: None,
            stored: false,
            state_before: None,
            over_quota: false,
            decided: None,
            standings,
        });
        index
    }

    /// Judges every batch whose state calls for it, adopts what has to be, until nothing more follows.
    pub(crate) async fn run(
        &mut self,
        tx: &mut Tx,
        mut extra: Vec<Candidate>,
        context: &Context,
    ) -> Result<(), DbError> {
        loop {
            let due = self.due();
            let changes: Vec<(RecordId, ChangeHash)> = due
                .iter()
                .flat_map(|index| &self.works[*index].prepared.batch.header().entries)
                .map(|entry| (entry.record, entry.change))
                .chain(extra.iter().map(|candidate| (candidate.record, candidate.hash)))
                .collect();
            self.load(tx, changes.iter().map(|(record, _)| *record), context).await?;
            let unseen = changes.into_iter().filter(|change| self.looked_up.insert(*change)).collect();
            load::add_kept(tx, &mut self.records, &unseen).await?;
            let mut candidates = Vec::new();
            for index in due {
                let state = self.placer.state(index);
                self.works[index].decided = Some(state);
                candidates.extend(self.candidates(index, state, context));
            }
            candidates.append(&mut extra);
            if candidates.is_empty() {
                return Ok(());
            }
            let adoptions = self.judge(candidates, context.now).await?;
            if !adoptions.is_empty() {
                adopt::seal(self, &adoptions, context)?;
            }
        }
    }

    /// Batches to be judged: those newly chained, in the order of their chains, then those newly forked.
    fn due(&self) -> Vec<usize> {
        let undecided = |index: &usize| {
            let work = &self.works[*index];
            let state = self.placer.state(*index);
            state != State::Waiting && work.decided != Some(state)
        };
        let chained = self.placer.chained().iter().copied().filter(undecided);
        let forked = (0..self.works.len()).filter(|index| self.placer.state(*index) == State::Forked);
        chained.chain(forked.filter(undecided)).collect()
    }

    fn candidates(&self, index: usize, state: State, context: &Context) -> Vec<Candidate> {
        let work = &self.works[index];
        let prepared = &work.prepared;
        let header = prepared.batch.header();
        let obstacle = self.obstacle(work, state, context);
        // What devices give back of this server's own log after a restore is adopted again where it forked.
        let adopt_again = prepared.signer.is_server && state == State::Forked;
        (0..header.entries.len())
            .map(|ordinal| {
                let entry = &header.entries[ordinal];
                let body = prepared.batch.bodies()[ordinal].is_some();
                Candidate {
                    place: Place { batch_id: work.id, ordinal },
                    area: header.log.area,
                    record: entry.record,
                    hash: entry.change,
                    bytes: body.then(|| Bytes::Of(prepared.batch.clone(), ordinal)),
                    binding: binding(prepared, ordinal, adopt_again, &self.rights),
                    obstacle,
                    foreseen: prepared.foreseen.get(&ordinal).cloned().unwrap_or_default(),
                    received_at: work.received_at,
                    late: adopt_again,
                }
            })
            .collect()
    }

    /// What keeps every change of a batch in quarantine, whatever it holds.
    fn obstacle(&self, work: &Work, state: State, context: &Context) -> Option<Reason> {
        let prepared = &work.prepared;
        let header = prepared.batch.header();
        if prepared.signer.is_server {
            return (header.schema > SCHEMA).then_some(Reason::UnknownSchema);
        }
        self.rights
            .obstacle(prepared, &context.lineage, work.received_at)
            .or((state == State::Forked).then_some(Reason::ForkedLog))
            .or(work.over_quota.then_some(Reason::Quota))
    }

    /// Writes everything, and what was written into the journal.
    pub(crate) async fn write(&self, tx: &mut Tx, now: UnixMs) -> Result<(), DbError> {
        let state = |index: usize| self.placer.state(index);
        let new: Vec<NewBatch<'_>> = self
            .works
            .iter()
            .enumerate()
            .filter(|(_, work)| !work.stored)
            .map(|(index, work)| NewBatch {
                id: work.id,
                batch: &work.prepared.batch,
                hash: work.prepared.batch.hash(),
                header: &work.prepared.header,
                received_at: work.received_at,
                via: work.via,
                carrier: work.carrier,
                state: state(index),
                standings: work.standings.clone(),
            })
            .collect();
        store::insert(tx, &new).await?;
        open_change::insert(tx, &new).await?;
        let mut journal = Draft::at(now);
        for new in &new {
            let what = (new.id, new.batch.log(), new.batch.head());
            journal.arrived(what, (new.state, new.via, new.carrier), &new.standings);
        }
        let moved: Vec<(i64, State)> = self
            .works
            .iter()
            .enumerate()
            .filter(|(index, work)| work.stored && work.state_before != Some(state(*index)))
            .map(|(index, work)| (work.id, state(index)))
            .collect();
        store::set_states(tx, &moved).await?;
        for (id, state) in moved {
            journal.moved(id, state);
        }
        let restandings: Vec<Restanding<'_>> = self
            .restandings
            .iter()
            .map(|(place, (standing, bytes))| Restanding {
                place: *place,
                standing: *standing,
                bytes: bytes.as_ref().map(AsRef::as_ref),
            })
            .collect();
        store::restand(tx, &restandings).await?;
        open_change::follow(tx, &restandings).await?;
        for (place, (standing, _)) in &self.restandings {
            journal.judged(place.batch_id, place.ordinal, *standing);
        }
        journal.append(tx).await?;
        let advanced: BTreeSet<LogId> =
            self.placer.chained().iter().map(|index| self.works[*index].prepared.batch.log()).collect();
        let heads: Vec<_> = advanced.into_iter().map(|log| (log, self.placer.head(&log))).collect();
        store::set_heads(tx, &heads).await?;
        let changed: Vec<(RecordId, &Record)> =
            self.changed.iter().filter_map(|id| Some((*id, self.records.get(id)?))).collect();
        store::set_records(tx, &changed).await?;
        let mut projector = Projector::default();
        for (id, record) in changed {
            let (Some(view), Some(area)) = (&record.view, record.area) else { continue };
            let (received_at, updated_at, updated_by) = record.times(id);
            projector.add(&Projected { area, view, received_at, updated_at, updated_by });
        }
        projector.flush(tx).await
    }
}
