//! The steps of a sync, one after the other: seal what is pending, gather what the server lacks, exchange, apply, repeat.

use std::collections::{BTreeMap, VecDeque};

use super::apply::Staged;
use super::{Device, Effect, Input, Notice, PendingChange, StopReason, Ticket, Write, raise};
use crate::id::{AreaId, BatchSeq, UnixMs};
use crate::log::{Batch, BatchHeader, Digest16, Inventory, LogId, RawChange, Signature, limits, seal};
use crate::sync::{Carried, Page, Request, SnapshotOffer};

/// Contents of the changes sealed into one batch, in bytes: a lost page repeats little, a signature covers much.
const SEAL_BYTES: usize = 128 << 10;
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
    /// Single own batches whose bytes the server lacks.
    pub(super) wanted: VecDeque<(LogId, BatchSeq)>,
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
    /// After the last answer nothing was left to do but to give back batches of others.
    pub(super) only_behind: bool,
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
            wanted: VecDeque::new(),
            snapshots: VecDeque::new(),
            sent_before: (BTreeMap::new(), VecDeque::new()),
            to_read: VecDeque::new(),
            gathered: Vec::new(),
            gathered_bytes: 0,
            full: false,
            snapshots_refused: false,
            idle_rounds: 0,
            rounds: 0,
            only_behind: false,
            server_time: UnixMs(0),
            sent: 0,
            received: 0,
        }
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
                self.chains.push(batch.log(), batch.hash());
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

    /// Seals the pending changes of the next area, or goes on to gather.
    fn next_seal(&mut self, run: Run) {
        let area = self.pending.iter().copied().find(|area| !self.refetch.contains(&self.own_log(*area)));
        match area {
            Some(area) => {
                let effect = Effect::ReadPending { area, at_most: limits::ENTRIES };
                self.wait(run, Step::PendingRead(area), effect);
            }
            None => self.gather(run),
        }
    }

    fn seal(&mut self, run: Run, area: AreaId, changes: Vec<PendingChange>) {
        let mut bytes = 0;
        let changes: Vec<_> = changes
            .into_iter()
            .take(limits::ENTRIES)
            .enumerate()
            .take_while(|(index, pending)| {
                bytes += pending.change.contents().len();
                *index == 0 || bytes <= SEAL_BYTES
            })
            .map(|(_, pending)| (pending.kind, pending.record, pending.change))
            .collect();
        if changes.is_empty() {
            self.pending.remove(&area);
            return self.next_seal(run);
        }
        let log = self.own_log(area);
        match seal(log, self.chains.head(&log), self.identity.certificate, run.now, &changes) {
            Ok(header) => {
                let message = header.signing_bytes();
                let bodies = changes.into_iter().map(|(_, _, change)| change).collect();
                self.wait(run, Step::Signed(header, bodies), Effect::Sign { message });
            }
            // A change over the limit cannot have been recorded by this crate; it stays pending and everything else goes.
            Err(_) => {
                self.pending.remove(&area);
                self.next_seal(run);
            }
        }
    }

    fn put_sealed(&mut self, run: Run, header: BatchHeader, changes: Vec<RawChange>, signature: Signature) {
        match Batch::new(header, signature, changes.into_iter().map(Some).collect()) {
            Ok(batch) => {
                let ticket = self.persist(vec![Write::PutBatch(batch.clone())]);
                self.run = Some(Run { step: Step::Sealed(ticket, batch), ..run });
            }
            Err(_) => self.stop(StopReason::Failed),
        }
    }

    /// Lists what the server lacks, as far as is known here.
    fn gather(&mut self, mut run: Run) {
        run.gathered.clear();
        run.gathered_bytes = 0;
        let own = self
            .chains
            .logs()
            .filter(|(log, _)| self.is_own(log) && !self.refetch.contains(log))
            .map(|(log, head)| (*log, self.stored.head(log).seq, head.seq))
            .filter(|(_, stored, head)| stored < head)
            .map(|(log, stored, _)| (log, stored));
        run.to_read = own.collect();
        if run.goal == Goal::Sync {
            let behind = std::mem::take(&mut run.behind);
            run.sent_before = (behind.clone(), run.wanted.clone());
            run.to_read.extend(behind.into_iter().filter(|(log, _)| !self.is_own(log)));
        }
        self.read_next(run);
    }

    fn read_next(&mut self, mut run: Run) {
        let budget = match run.goal {
            Goal::Sync => self.sizes.send_bytes,
            Goal::Export => usize::MAX,
        };
        if let Some((log, seq)) = run.wanted.pop_front() {
            let after = BatchSeq(seq.0.saturating_sub(1));
            return self.wait(run, Step::LogRead, Effect::ReadLog { log, after, about_bytes: 0 });
        }
        if run.gathered_bytes < budget
            && let Some((log, after)) = run.to_read.pop_front()
        {
            let about_bytes = budget - run.gathered_bytes;
            return self.wait(run, Step::LogRead, Effect::ReadLog { log, after, about_bytes });
        }
        match run.goal {
            Goal::Sync => self.send(run),
            Goal::Export => self.export(run),
        }
    }

    fn send(&mut self, mut run: Run) {
        let batches = std::mem::take(&mut run.gathered);
        let mut sent = self.sent.clone();
        for batch in &batches {
            raise(&mut sent, &batch.log(), &batch.head(), &self.identity.device);
            run.handed.entry(batch.log()).and_modify(|handed| *handed = (*handed).max(batch.header().seq));
        }
        if sent != self.sent {
            self.sent = sent.clone();
            self.persist(vec![Write::SetSent(sent)]);
        }
        let mine = self.within_scope();
        let (agreement, base) = match &self.agreement {
            Some(agreement) if !run.full => (agreement.digest(), agreement.inventory.clone()),
            _ => (Digest16::NONE, Inventory::new()),
        };
        let request = Request {
            clock: run.now,
            agreement,
            page_bytes: self.sizes.receive_bytes,
            take_snapshots: self.sizes.snapshots && !run.snapshots_refused,
            heads: mine.difference(&base),
            page: Page { batches },
        };
        self.wait(run, Step::Received, Effect::Send { request: request.to_bytes() });
    }

    fn export(&mut self, run: Run) {
        let changes = run.gathered.iter().map(|batch| batch.header().entries.len()).sum();
        let file = Carried { from: self.identity.device, page: Page { batches: run.gathered } }.to_bytes();
        self.effects.push_back(Effect::Export { file, changes });
    }

    /// The inventory without others' logs in the areas the server says nothing of. Of its own logs a device always hears.
    pub(super) fn within_scope(&self) -> Inventory {
        self.chains
            .logs()
            .filter(|(log, _)| self.is_own(log) || !self.outside.contains(&log.area))
            .map(|(log, head)| (*log, head))
            .collect()
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
        self.agreement = None;
        self.gather(run);
    }

    pub(super) fn go_on(&mut self, mut run: Run, progress: bool, complete: bool) {
        run.full = run.full && self.agreement.is_none();
        if let Some(offer) = run.snapshots.pop_front() {
            return self.wait(run, Step::SnapshotFetched, Effect::FetchSnapshot(offer));
        }
        if complete {
            let server_time = run.server_time;
            return self.notify(Notice::Synced { server_time });
        }
        run.idle_rounds = if progress { 0 } else { run.idle_rounds + 1 };
        run.rounds += 1;
        if run.idle_rounds >= IDLE_ROUNDS || run.rounds >= ROUNDS {
            if !run.only_behind {
                return self.stop(StopReason::NoProgress);
            }
            // The server does not take them, for instance because it no longer knows their device. That must not keep
            // this one from being level with it.
            for log in run.behind.into_keys() {
                self.notify(Notice::ServerLacks { log });
            }
            return self.notify(Notice::Synced { server_time: run.server_time });
        }
        self.next_seal(run);
    }
}
