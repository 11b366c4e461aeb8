//! The steps of a sync, one after the other: seal what is pending, gather what the server lacks, exchange, apply, repeat.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::apply::Staged;
use super::{Device, Effect, Input, Notice, PendingChange, StopReason, Ticket, Write, raise};
use crate::id::{AreaId, BatchHash, BatchSeq, DeviceId, UnixMs};
use crate::log::{Batch, BatchHeader, Digest16, Inventory, LogId, RawChange, Signature, limits, seal};
use crate::sync::{Carried, Page, Request, SnapshotOffer, Withheld};

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

    /// Seals the pending changes of the next area, or goes on to gather.
    fn next_seal(&mut self, run: Run) {
        // A file takes along everything, also what waits for the server's history of its log: who writes one may never
        // sync again. What it seals there is kept by the server and sealed anew here once that history came.
        let sealable = |area: &AreaId| run.goal == Goal::Export || !self.refetch.contains(&self.own_log(*area));
        let area = self.pending.iter().copied().find(sealable);
        match area {
            Some(area) => {
                let effect = Effect::ReadPending { area, at_most: limits::ENTRIES };
                self.wait(run, Step::PendingRead(area), effect);
            }
            None => self.gather(run),
        }
    }

    fn seal(&mut self, run: Run, area: AreaId, changes: Vec<PendingChange>) {
        let (changes, too_large): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|pending| pending.change.contents().len() <= limits::CHANGE_BYTES);
        for pending in too_large {
            self.notify(Notice::TooLarge { record: pending.record });
        }
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
            // Every bound of a batch was kept above; the area stays pending and everything else goes.
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
            .filter(|(log, _)| self.is_own(log) && (run.goal == Goal::Export || !self.refetch.contains(log)))
            .map(|(log, head)| (*log, self.chains.skip(log, self.stored.head(log).seq, &run.out), head.seq))
            .filter(|(_, after, head)| after < head)
            .map(|(log, after, _)| (log, after));
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
        if run.gathered_bytes < budget
            && let Some((log, seq)) = run.wanted.pop_front()
        {
            run.given.insert((log, seq));
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
        run.moved = false;
        for batch in &batches {
            // Others' batches only go out when they are given back, which counts by how far that is.
            if self.is_own(&batch.log()) {
                run.moved |= run.out.insert(batch.hash());
            } else {
                let offered = run.offered.entry(batch.log()).or_insert(BatchSeq(0));
                *offered = (*offered).max(batch.header().seq);
            }
            raise(&mut sent, &batch.log(), &batch.head(), &self.identity.device);
            run.handed.entry(batch.log()).and_modify(|handed| *handed = (*handed).max(batch.header().seq));
        }
        if sent != self.sent {
            self.sent = sent.clone();
            self.persist(vec![Write::SetSent(sent)]);
        }
        let mine = self.within_scope();
        let (agreement, base, withheld) = match &self.agreement {
            Some(agreement) if !run.full => (agreement.digest(), agreement.inventory.clone(), Withheld::new()),
            _ => {
                let spoken_of = |log: &LogId| mine.head(log).seq.0 > 0;
                (Digest16::NONE, Inventory::new(), self.chains.withheld(spoken_of))
            }
        };
        let others = batches.iter().filter(|batch| !self.is_own(&batch.log())).map(Batch::device).collect();
        let request = Request {
            clock: run.now,
            agreement,
            page_bytes: self.sizes.receive_bytes,
            take_snapshots: self.sizes.snapshots && !run.snapshots_refused,
            heads: mine.difference(&base),
            withheld,
            certificates: self.certificates_of(others),
            page: Page { batches },
        };
        self.wait(run, Step::Received, Effect::Send { request: request.to_bytes() });
    }

    fn export(&mut self, run: Run) {
        let changes = run.gathered.iter().map(|batch| batch.header().entries.len()).sum();
        let from = self.identity.device;
        let certificates = self.certificates_of([from].into());
        let file = Carried { from, certificates, page: Page { batches: run.gathered } }.to_bytes();
        self.effects.push_back(Effect::Export { file, changes });
    }

    /// The certificates of these devices, as far as they are known here.
    fn certificates_of(&self, devices: BTreeSet<DeviceId>) -> Vec<String> {
        let entries = devices.iter().filter_map(|device| self.directory.get(device));
        entries.map(|entry| entry.certificate.clone()).filter(|certificate| !certificate.is_empty()).collect()
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
