//! The steps of a sync, one after the other: seal what is pending, gather what the server lacks, exchange, apply, repeat.

mod gather;
mod seal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::apply::Staged;
use super::{Device, Effect, Input, Notice, StopReason, Ticket};
use crate::id::{AreaId, BatchHash, BatchSeq, UnixMs};
use crate::log::{Batch, BatchHeader, LogId, RawChange};
use crate::sync::SnapshotOffer;

/// More exchanges than any honest sync takes: 10,000 pages.
const ROUNDS: u32 = 10_000;
/// So many exchanges in a row may bring nothing new before the sync stops.
const IDLE_ROUNDS: u8 = 3;

/// One sync or export, from its request to its end.
#[derive(Debug)]
pub(super) struct Run {
    goal: Goal,
    now: UnixMs,
    step: Step,
    /// Others' logs of which the server has less than this device, and how much it has.
    pub(super) behind: BTreeMap<LogId, BatchSeq>,
    /// Others' logs that went another way on the server, and how far this device's copy was handed over in this run: a
    /// copy is forgotten only when the server has all of it, because nobody else may have it.
    pub(super) handed: BTreeMap<LogId, BatchSeq>,
    /// Others' logs, and how far they were given back in this run. What the server then still does not have it cannot
    /// take: the device that signed it is not on its file. It is offered again in the next run.
    offered: BTreeMap<LogId, BatchSeq>,
    /// Single own batches whose bytes the server lacks.
    pub(super) wanted: VecDeque<(LogId, BatchSeq)>,
    /// Those that went out in this run: what they lacked, this device lacks too.
    given: BTreeSet<(LogId, BatchSeq)>,
    /// Own batches that went out in this run. The server answered, so it has them, in its chain or beside it: sending them
    /// again would bring nothing, and keep what others lost from being given back.
    out: BTreeSet<BatchHash>,
    /// Whether the last request brought the server something this run had not sent before.
    pub(super) moved: bool,
    pub(super) snapshots: VecDeque<SnapshotOffer>,
    /// What was found to be missing on the server in the exchange before: finding the same again is no progress.
    sent_before: (BTreeMap<LogId, BatchSeq>, VecDeque<(LogId, BatchSeq)>),
    to_read: VecDeque<(LogId, BatchSeq)>,
    gathered: Vec<Batch>,
    gathered_bytes: usize,
    /// The whole inventory goes out because the server does not know the agreement.
    full: bool,
    snapshots_refused: bool,
    idle_rounds: u8,
    rounds: u32,
    /// Others' logs that the server still does not have after all of them was given back in this run.
    pub(super) lacking: BTreeSet<LogId>,
    pub(super) server_time: UnixMs,
    pub(super) sent: u64,
    pub(super) received: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Sync,
    Export,
}

/// What the run waits for.
#[derive(Debug)]
enum Step {
    PendingRead(AreaId),
    Signed(BatchHeader, Vec<RawChange>),
    Sealed(Ticket, Batch),
    LogRead,
    Received,
    SnapshotFetched,
    Applied(Ticket, Box<Staged>),
    /// Only between two steps.
    Turning,
}

impl Run {
    fn new(goal: Goal, now: UnixMs) -> Self {
        Self {
            goal,
            now,
            step: Step::Turning,
            behind: BTreeMap::new(),
            handed: BTreeMap::new(),
            offered: BTreeMap::new(),
            wanted: VecDeque::new(),
            given: BTreeSet::new(),
            out: BTreeSet::new(),
            moved: false,
            snapshots: VecDeque::new(),
            sent_before: (BTreeMap::new(), VecDeque::new()),
            to_read: VecDeque::new(),
            gathered: Vec::new(),
            gathered_bytes: 0,
            full: false,
            snapshots_refused: false,
            idle_rounds: 0,
            rounds: 0,
            lacking: BTreeSet::new(),
            server_time: UnixMs(0),
            sent: 0,
            received: 0,
        }
    }

    /// How far a log of another device was given back in this run.
    pub(super) fn offered(&self, log: &LogId) -> BatchSeq {
        self.offered.get(log).copied().unwrap_or(BatchSeq(0))
    }

    /// Whether a batch went out in this run because its bytes were wanted.
    pub(super) fn gave(&self, wanted: &(LogId, BatchSeq)) -> bool {
        self.given.contains(wanted)
    }

    /// Whether the last answer named something the server lacks that the one before did not.
    pub(super) fn found_more_to_send(&self) -> bool {
        (&self.behind, &self.wanted) != (&self.sent_before.0, &self.sent_before.1)
            && !(self.behind.is_empty() && self.wanted.is_empty())
    }
}

impl Device {
    /// Takes the inputs that belong to a run.
    pub(super) fn advance(&mut self, input: Input) {
        let mut run = match (self.run.take(), &input) {
            (None, Input::SyncRequested { now }) => {
                return self.next_seal(Run::new(Goal::Sync, *now));
            }
            (None, Input::ExportRequested { now }) => {
                return self.next_seal(Run::new(Goal::Export, *now));
            }
            (None, _) => return,
            (Some(run), Input::SyncRequested { .. } | Input::ExportRequested { .. }) => {
                self.run = Some(run);
                return;
            }
            (Some(run), _) => run,
        };
        match (std::mem::replace(&mut run.step, Step::Turning), input) {
            (Step::PendingRead(area), Input::PendingRead(changes)) => self.seal(run, area, changes),
            (Step::Signed(header, changes), Input::Signed(signature)) => {
                self.put_sealed(run, header, changes, signature);
            }
            (Step::LogRead, Input::LogRead(batches)) => {
                run.gathered_bytes += batches.iter().map(Batch::approximate_bytes).sum::<usize>();
                run.gathered.extend(batches);
                self.read_next(run);
            }
            (Step::Received, Input::Received(bytes)) => self.receive(run, &bytes),
            (Step::SnapshotFetched, Input::SnapshotFetched(bytes)) => self.receive_snapshot(run, &bytes),
            (Step::SnapshotFetched, Input::Failed) => {
                // The snapshot was replaced or removed meanwhile: pages bring the same.
                run.snapshots.clear();
                run.snapshots_refused = true;
                self.next_seal(run);
            }
            (_, Input::Failed) => self.notify(Notice::Stopped(StopReason::Failed)),
            (step, _) => {
                run.step = step;
                self.run = Some(run);
            }
        }
    }

    pub(super) fn advance_persisted(&mut self, ticket: Ticket) {
        let Some(mut run) = self.run.take() else { return };
        match std::mem::replace(&mut run.step, Step::Turning) {
            Step::Sealed(waiting, batch) if waiting == ticket => {
                self.chains.push(&batch);
                self.next_seal(run);
            }
            Step::Applied(waiting, staged) if waiting == ticket => self.applied(run, *staged),
            step => {
                run.step = step;
                self.run = Some(run);
            }
        }
    }

    pub(super) fn fail_persist(&mut self, ticket: Ticket) {
        let waits = self.run.as_ref().is_some_and(
            |run| matches!(&run.step, Step::Sealed(waiting, _) | Step::Applied(waiting, _) if *waiting == ticket),
        );
        if waits {
            self.run = None;
            self.notify(Notice::Stopped(StopReason::Failed));
        }
    }

    fn wait(&mut self, mut run: Run, step: Step, effect: Effect) {
        run.step = step;
        self.effects.push_back(effect);
        self.run = Some(run);
    }

    pub(super) fn stop(&mut self, reason: StopReason) {
        self.run = None;
        self.notify(Notice::Stopped(reason));
    }

    /// Writes what an answer brought, then goes on in [`Device::applied`].
    pub(super) fn apply(&mut self, mut run: Run, staged: Staged) {
        let ticket = self.persist(staged.writes());
        run.step = Step::Applied(ticket, Box::new(staged));
        self.run = Some(run);
    }

    /// The server does not know the agreement: the whole inventory goes out next.
    pub(super) fn start_over_in_full(&mut self, mut run: Run) {
        if run.full {
            return self.stop(StopReason::NoProgress);
        }
        run.full = true;
        // That answer brought no receipts.
        run.out.clear();
        self.agreement = None;
        self.gather(run);
    }

    pub(super) fn go_on(&mut self, mut run: Run, progress: bool, complete: bool) {
        run.full = run.full && self.agreement.is_none();
        if let Some(offer) = run.snapshots.pop_front() {
            return self.wait(run, Step::SnapshotFetched, Effect::FetchSnapshot(offer));
        }
        if complete {
            // What it does not take must not keep this device from being level with it.
            for log in run.lacking {
                self.notify(Notice::ServerLacks { log });
            }
            let server_time = run.server_time;
            return self.notify(Notice::Synced { server_time });
        }
        run.idle_rounds = if progress { 0 } else { run.idle_rounds + 1 };
        run.rounds += 1;
        if run.idle_rounds >= IDLE_ROUNDS || run.rounds >= ROUNDS {
            return self.stop(StopReason::NoProgress);
        }
        self.next_seal(run);
    }
}
