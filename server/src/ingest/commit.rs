//! The one transaction that stores a group of batches and everything that follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use sync_core::admit::Reason;
use sync_core::id::{AreaId, BatchHash, ChangeHash, DeviceId, RecordId, UnixMs};
use sync_core::log::{Head, LogId, SCHEMA};

use super::adopt;
use super::decide::{Adoption, Bytes, Candidate, Decided, Place, Record, decide};
use super::load;
use super::place::Placer;
use super::prepare::{Prepared, Refusal, binding, credential_id};
use super::signer::{self, CredentialId, Revoked, Signers};
use super::standing::{Standing, State, Via};
use super::store::{self, NewBatch, Restanding};
use super::usage;
use crate::auth::{Principal, check_again};
use crate::db::{DbError, Tx};
use crate::problem::Problem;
use crate::project::{Projected, Projector};

/// Batches that came together, ready to be stored.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) batches: Vec<Result<Arc<Prepared>, Refusal>>,
    pub(crate) via: Via,
    pub(crate) carrier: Option<DeviceId>,
    /// Who is signed in; asked again inside the transaction.
    pub(crate) principal: Option<Principal>,
}

/// What became of a submission, once its transaction has committed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The heads of the logs whose batches came and are chained.
    pub heads: Vec<(LogId, Head)>,
    /// Batches that are kept without being chained.
    pub held: Vec<BatchHash>,
    /// Batches nobody known vouches for, by index; nothing of them is stored.
    pub refused: Vec<(usize, Refusal)>,
    /// The sign-in no longer stands; nothing of the submission is stored.
    pub denied: Option<Problem>,
    /// How many changes became part of their records.
    pub admitted: usize,
}

impl Outcome {
    /// Adds what became of the next part of one submission, whose batches begin at this index.
    pub(crate) fn join(&mut self, next: Self, index: usize) {
        let mut heads: BTreeMap<LogId, Head> = self.heads.drain(..).collect();
        heads.extend(next.heads);
        self.heads = heads.into_iter().collect();
        let held: BTreeSet<BatchHash> = self.held.drain(..).chain(next.held).collect();
        self.held = held.into_iter().collect();
        self.refused.extend(next.refused.into_iter().map(|(at, why)| (index + at, why)));
        self.denied = self.denied.take().or(next.denied);
        self.admitted += next.admitted;
    }
}

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
    pub(crate) records: HashMap<RecordId, Record>,
    pub(crate) changed: BTreeSet<RecordId>,
    /// Stored changes that stand otherwise now, with bytes that were absent before.
    pub(crate) restandings: BTreeMap<Place, (Standing, Option<Bytes>)>,
    pub(crate) next_id: i64,
    pub(crate) revoked: Revoked,
    loaded: HashSet<RecordId>,
    looked_up: HashSet<(RecordId, ChangeHash)>,
}

impl Group {
    /// A group that starts from these logs.
    pub(crate) fn new(placer: Placer, next_id: i64, revoked: Revoked) -> Self {
        Self {
            placer,
            works: Vec::new(),
            records: HashMap::new(),
            changed: BTreeSet::new(),
            restandings: BTreeMap::new(),
            next_id,
            revoked,
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
                candidates.extend(self.candidates(index, state));
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

    fn candidates(&self, index: usize, state: State) -> Vec<Candidate> {
        let work = &self.works[index];
        let prepared = &work.prepared;
        let header = prepared.batch.header();
        let obstacle = self.obstacle(work, state);
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
                    bytes: body.then(|| Bytes::Of(prepared.clone(), ordinal)),
                    binding: binding(
                        &prepared.batch,
                        ordinal,
                        prepared.signer,
                        prepared.credential.as_deref(),
                        adopt_again,
                    ),
                    obstacle,
                    verdict: prepared.verdicts.get(&ordinal).cloned(),
                    received_at: work.received_at,
                    late: adopt_again,
                }
            })
            .collect()
    }

    /// What keeps every change of a batch in quarantine, whatever it holds.
    fn obstacle(&self, work: &Work, state: State) -> Option<Reason> {
        let prepared = &work.prepared;
        let header = prepared.batch.header();
        if prepared.signer.is_server {
            return (header.schema > SCHEMA).then_some(Reason::UnknownSchema);
        }
        obstacle(prepared, &self.revoked, work.received_at)
            .or((state == State::Forked).then_some(Reason::ForkedLog))
            .or(work.over_quota.then_some(Reason::Quota))
    }

    /// Writes everything.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), DbError> {
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
        let moved: Vec<(i64, State)> = self
            .works
            .iter()
            .enumerate()
            .filter(|(index, work)| work.stored && work.state_before != Some(state(*index)))
            .map(|(index, work)| (work.id, state(index)))
            .collect();
        store::set_states(tx, &moved).await?;
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

/// What of the certificate and the device keeps a batch in quarantine.
pub(crate) fn obstacle(prepared: &Prepared, revoked: &Revoked, received_at: UnixMs) -> Option<Reason> {
    let header = prepared.batch.header();
    if revoked.devices.contains(&header.log.device) {
        return Some(Reason::DeviceRevoked);
    }
    let Some(credential) = &prepared.credential else { return Some(Reason::CertificateUnknown) };
    if revoked.certificates.contains(&credential_id(&prepared.batch)) {
        return Some(Reason::CertificateUnknown);
    }
    if credential.expires_at <= received_at {
        return Some(Reason::CertificateExpired);
    }
    if !prepared.in_scope {
        return Some(Reason::AreaOutOfScope);
    }
    (header.schema > SCHEMA).then_some(Reason::UnknownSchema)
}

/// Stores a group of submissions. Nothing of it holds until the caller commits; then outcomes may be told.
///
/// # Errors
/// The database's; then nothing of the group is to be committed. A sign-in that no longer stands is no error: it is
/// told in its submission's outcome.
pub(crate) async fn commit(tx: &mut Tx, group: &[Arc<Submission>], context: &Context) -> Result<Vec<Outcome>, Problem> {
    store::lock(tx).await?;
    let mut outcomes = vec![Outcome::default(); group.len()];
    for (submission, outcome) in group.iter().zip(&mut outcomes) {
        outcome.refused = refusals(submission);
        if let Some(principal) = &submission.principal
            && let Err(problem) = check_again(tx, principal, context.now).await
        {
            if problem.kind().status >= 500 {
                return Err(problem);
            }
            outcome.denied = Some(problem);
        }
    }
    let accepted: Vec<(&Submission, &Arc<Prepared>)> = group
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.denied.is_none())
        .flat_map(|(submission, _)| {
            submission.batches.iter().filter_map(move |batch| Some((&**submission, batch.as_ref().ok()?)))
        })
        .collect();
    if accepted.is_empty() {
        return Ok(outcomes);
    }
    let (mut worked, known) = begin(tx, accepted.iter().map(|(_, prepared)| *prepared), context).await?;
    let mut seen: HashSet<BatchHash> = HashSet::new();
    let mut again = Vec::new();
    for (submission, prepared) in &accepted {
        let hash = prepared.batch.hash();
        if let Some((id, state)) = known.get(&hash) {
            again.push((*id, *state, (*prepared).clone()));
        } else if seen.insert(hash) {
            let index = worked.add((*prepared).clone(), context.now, submission.via);
            worked.works[index].carrier = submission.carrier.filter(|carrier| *carrier != prepared.batch.device());
        }
    }
    usage::charge(tx, &mut worked, context).await?;
    let filled = fill(tx, &mut worked, again, context).await?;
    worked.run(tx, filled, context).await?;
    worked.write(tx).await?;
    let states: HashMap<BatchHash, State> = worked
        .works
        .iter()
        .enumerate()
        .map(|(index, work)| (work.prepared.batch.hash(), worked.placer.state(index)))
        .chain(known.iter().map(|(hash, (_, state))| (*hash, *state)))
        .collect();
    for (submission, outcome) in group.iter().zip(&mut outcomes).filter(|(_, outcome)| outcome.denied.is_none()) {
        tell(submission, outcome, &worked, &states);
    }
    Ok(outcomes)
}

fn refusals(submission: &Submission) -> Vec<(usize, Refusal)> {
    let batches = submission.batches.iter().enumerate();
    batches.filter_map(|(index, batch)| Some((index, *batch.as_ref().err()?))).collect()
}

type KnownBatches = HashMap<BatchHash, (i64, State)>;

/// Reads what a group starts from: heads, waiting batches, what is stored already, what was revoked.
pub(crate) async fn begin<'a>(
    tx: &mut Tx,
    batches: impl Iterator<Item = &'a Arc<Prepared>>,
    context: &Context,
) -> Result<(Group, KnownBatches), DbError> {
    let mut logs = BTreeSet::new();
    let mut hashes = BTreeSet::new();
    let mut credentials: BTreeSet<CredentialId> = BTreeSet::new();
    let mut arriving = BTreeMap::new();
    for prepared in batches {
        let log = prepared.batch.log();
        arriving.insert(prepared.batch.hash(), (log, prepared.batch.head()));
        logs.insert(log);
        logs.insert(LogId { device: context.server_device, ..log });
        hashes.extend([prepared.batch.hash(), prepared.batch.header().prev]);
        credentials.insert(credential_id(&prepared.batch));
    }
    let heads = store::heads(tx, &logs).await?;
    let waiting = store::waiting(tx, &heads, arriving.into_values()).await?;
    hashes.extend(waiting.iter().map(|stored| stored.batch.header().prev));
    let known = store::known(tx, &hashes).await?;
    let next_id = store::next_batch_id(tx).await?;
    credentials.extend(waiting.iter().map(|stored| credential_id(&stored.batch)));
    let revoked = signer::revoked(tx, &credentials).await?;
    let on_file = context.signers.find(tx, &credentials).await?;
    let states = known.iter().map(|(hash, (_, state))| (*hash, *state)).collect();
    let mut group = Group::new(Placer::new(heads, states), next_id, revoked);
    for stored in waiting {
        let Some(prepared) = Prepared::verified_before(stored.batch, &on_file, &context.lineage) else { continue };
        let batch = &prepared.batch;
        group.placer.add_waiting(batch.log(), batch.predecessor(), batch.head());
        group.works.push(Work {
            id: stored.id,
            prepared: Arc::new(prepared),
            received_at: stored.received_at,
            via: Via::Sync,
            carrier: None,
            stored: true,
            state_before: Some(State::Waiting),
            over_quota: false,
            decided: None,
            standings: stored.standings,
        });
    }
    Ok((group, known))
}

/// Bytes that were absent and came now with a batch that is stored already.
async fn fill(
    tx: &mut Tx,
    group: &mut Group,
    again: Vec<(i64, State, Arc<Prepared>)>,
    context: &Context,
) -> Result<Vec<Candidate>, DbError> {
    let ids: BTreeSet<i64> = again.iter().map(|(id, ..)| *id).collect();
    let absent = store::absent(tx, &ids).await?;
    let mut candidates = Vec::new();
    for (id, state, prepared) in again {
        for ordinal in 0..prepared.batch.bodies().len() {
            if prepared.batch.bodies()[ordinal].is_none() || !absent.contains(&(id, ordinal)) {
                continue;
            }
            let place = Place { batch_id: id, ordinal };
            let bytes = Bytes::Of(prepared.clone(), ordinal);
            let standing = match state {
                State::Forked => Standing::Quarantined(Reason::ForkedLog),
                State::Chained | State::Waiting => Standing::Unjudged,
            };
            group.restandings.insert(place, (standing, Some(bytes.clone())));
            if state != State::Chained {
                continue;
            }
            let entry = &prepared.batch.header().entries[ordinal];
            let obstacle =
                if prepared.signer.is_server { None } else { obstacle(&prepared, &group.revoked, context.now) };
            candidates.push(Candidate {
                place,
                area: prepared.batch.log().area,
                record: entry.record,
                hash: entry.change,
                bytes: Some(bytes),
                binding: binding(&prepared.batch, ordinal, prepared.signer, prepared.credential.as_deref(), false),
                obstacle,
                verdict: None,
                received_at: context.now,
                late: true,
            });
        }
    }
    Ok(candidates)
}

fn tell(submission: &Submission, outcome: &mut Outcome, group: &Group, states: &HashMap<BatchHash, State>) {
    let mut heads = BTreeMap::new();
    let mut held = BTreeSet::new();
    for prepared in submission.batches.iter().filter_map(|batch| batch.as_ref().ok()) {
        let hash = prepared.batch.hash();
        if states.get(&hash) == Some(&State::Chained) {
            let log = prepared.batch.log();
            heads.insert(log, group.placer.head(&log));
        } else {
            held.insert(hash);
        }
    }
    outcome.heads = heads.into_iter().collect();
    outcome.held = held.into_iter().collect();
}
