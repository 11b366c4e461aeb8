//! The one transaction that stores a group of batches and everything that follows from them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sync_core::admit::Reason;
use sync_core::admit::ledger::Placer;
use sync_core::id::{BatchHash, DeviceId};
use sync_core::log::{Head, LogId};

use super::decide::{Bytes, Candidate, Place};
use super::group::{Context, Group, Work};
use super::prepare::{Prepared, Refusal, binding, credential_id};
use super::rights::Rights;
use super::signer::CredentialId;
use super::standing::{Standing, State, Via};
use super::store;
use super::usage;
use crate::auth::{Principal, check_again};
use crate::db::{DbError, Tx};
use crate::problem::Problem;

/// Batches that came together, ready to be stored.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) batches: Vec<Result<Arc<Prepared>, Refusal>>,
    pub(crate) via: Via,
    pub(crate) carrier: Option<DeviceId>,
    /// Who is signed in; asked again inside the transaction.
    pub(crate) principal: Option<Principal>,
}

impl Submission {
    /// How many changes it brings, and how many of them would lie in quarantine.
    pub(crate) fn changes_and_refused(&self) -> (usize, usize) {
        let batches = self.batches.iter().filter_map(|batch| batch.as_ref().ok());
        batches
            .fold((0, 0), |(changes, refused), batch| (changes + batch.batch.bodies().len(), refused + batch.refused()))
    }
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
    worked.write(tx, context.now).await?;
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

/// Reads what a group starts from: heads, waiting batches, what is stored already, who may write what.
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
    let rights = Rights::read(tx, &credentials).await?;
    let on_file = context.signers.find(tx, &credentials).await?;
    let states = known.iter().map(|(hash, (_, state))| (*hash, *state)).collect();
    let mut group = Group::new(Placer::new(heads, states), next_id, rights);
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
            let bytes = Bytes::Of(prepared.batch.clone(), ordinal);
            let standing = match state {
                State::Forked => Standing::Quarantined(Reason::ForkedLog),
                State::Chained | State::Waiting => Standing::Unjudged,
            };
            group.restandings.insert(place, (standing, Some(bytes.clone())));
            if state != State::Chained {
                continue;
            }
            let entry = &prepared.batch.header().entries[ordinal];
            let obstacle = match prepared.signer.is_server {
                true => None,
                false => group.rights.obstacle(&prepared, &context.lineage, context.now),
            };
            candidates.push(Candidate {
                place,
                area: prepared.batch.log().area,
                record: entry.record,
                hash: entry.change,
                bytes: Some(bytes),
                binding: binding(&prepared, ordinal, false, &group.rights),
                obstacle,
                foreseen: Vec::new(),
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
