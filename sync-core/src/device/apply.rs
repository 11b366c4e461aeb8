//! Taking in what a server answered. Everything is staged first and becomes true when its writes are durable.

use std::collections::{BTreeMap, BTreeSet};

use super::run::Run;
use super::{Device, Effect, Notice, StopReason, Write, raise};
use crate::id::{AreaId, BatchHash, BatchSeq, DeviceId};
use crate::log::{Batch, Head, Inventory, LogId, Receipt, Stage};
use crate::sync::{DirectoryEntry, Exchange, Proposal, Response, Snapshot};

/// What an answer will change.
#[derive(Debug, Default)]
pub(super) struct Staged {
    directory: Vec<DirectoryEntry>,
    /// Logs that are taken back to nothing before the batches are put.
    reset: BTreeSet<LogId>,
    batches: Vec<Batch>,
    appended: BTreeMap<LogId, Vec<BatchHash>>,
    sent: Option<Inventory>,
    stored: Option<Inventory>,
    backed_up: Option<Inventory>,
    refetch: Option<BTreeSet<LogId>>,
    outside: Option<BTreeSet<AreaId>>,
    agreement: Option<Option<Proposal>>,
    /// The server's inventory; `None` for a snapshot, after which it is always asked again.
    server: Option<Inventory>,
    more: bool,
    notices: Vec<Notice>,
    own: Option<DeviceId>,
}

impl Staged {
    /// In the order in which they have to happen.
    pub(super) fn writes(&self) -> Vec<Write> {
        let mut writes: Vec<Write> = self.directory.iter().cloned().map(Write::PutDirectory).collect();
        writes.extend(self.reset.iter().map(|log| match self.own {
            Some(me) if me == log.device => Write::Unseal(*log),
            _ => Write::DropLog(*log),
        }));
        writes.extend(self.batches.iter().cloned().map(Write::PutBatch));
        writes.extend(self.sent.clone().map(Write::SetSent));
        writes.extend(self.stored.clone().map(Write::SetStored));
        writes.extend(self.backed_up.clone().map(Write::SetBackedUp));
        writes.extend(self.refetch.clone().map(Write::SetRefetch));
        writes.extend(self.outside.clone().map(Write::SetOutside));
        writes.extend(self.agreement.clone().map(Write::SetAgreement));
        writes
    }
}

impl Device {
    pub(super) fn is_genuine(&self, receipt: &Receipt) -> bool {
        self.identity.receipt_keys.iter().any(|(kid, key)| *kid == receipt.kid && receipt.verify(key))
    }

    pub(super) fn receive(&mut self, mut run: Run, bytes: &[u8]) {
        match Response::from_bytes(bytes) {
            Ok(Response::InAgreement { at }) => {
                run.server_time = at;
                self.go_on(run, true, true);
            }
            Ok(Response::UnknownAgreement { at }) => {
                run.server_time = at;
                self.start_over_in_full(run);
            }
            Ok(Response::Exchange { at, exchange }) => {
                run.server_time = at;
                let wanted = exchange.wanted.iter().copied();
                run.wanted = wanted.filter(|wanted| self.is_own(&wanted.0) && !run.gave(wanted)).collect();
                run.snapshots = exchange.snapshots.iter().copied().collect();
                let staged = self.stage(&mut run, *exchange);
                self.apply(run, staged);
            }
            Err(error) if error.is_unknown_layout() => self.stop(StopReason::UnknownLayout),
            Err(_) => self.stop(StopReason::NotUnderstood),
        }
    }

    pub(super) fn receive_snapshot(&mut self, mut run: Run, bytes: &[u8]) {
        let snapshot = match Snapshot::from_bytes(bytes) {
            Ok(snapshot) => snapshot,
            Err(error) if error.is_unknown_layout() => return self.stop(StopReason::UnknownLayout),
            Err(_) => return self.stop(StopReason::NotUnderstood),
        };
        let mut staged = Staged { own: Some(self.identity.device), ..Staged::default() };
        let mut refetch = self.refetch.clone();
        self.stage_batches(&mut staged, &mut refetch, snapshot.directory, snapshot.page.batches, false);
        run.received += staged.batches.len() as u64;
        self.apply(run, staged);
    }

    fn stage(&self, run: &mut Run, exchange: Exchange) -> Staged {
        let mut staged = Staged { own: Some(self.identity.device), more: exchange.more, ..Staged::default() };
        let mut outside = self.outside.clone();
        // Of its own logs a device hears wherever they are; that says nothing of others' there.
        for (log, _) in exchange.heads.iter().filter(|(log, _)| !self.is_own(log)) {
            outside.remove(&log.area);
        }
        outside.extend(&exchange.outside);
        let spoken_of = |log: &LogId| self.is_own(log) || !outside.contains(&log.area);
        let mut server: Inventory =
            self.within_scope().iter().filter(|(log, _)| spoken_of(log)).map(|(l, h)| (*l, *h)).collect();
        server.apply(&exchange.heads);

        let mut refetch = self.refetch.clone();
        let mut batches = exchange.page.batches;
        let differs: BTreeSet<LogId> = exchange.differs.into_iter().collect();
        let keeping = self.hand_over(run, &server, &batches, &differs);
        batches.retain(|batch| !keeping.contains(&batch.log()) && !differs.contains(&batch.log()));
        self.take_back(&mut staged, &mut refetch, differs.difference(&keeping));
        self.stage_batches(&mut staged, &mut refetch, exchange.directory, batches, true);
        run.received += staged.batches.len() as u64;

        let (mut stored, mut backed_up) = (self.stored.clone(), self.backed_up.clone());
        for log in &staged.reset {
            stored.set(*log, Head::EMPTY);
        }
        for batch in staged.batches.iter().filter(|batch| self.is_own(&batch.log())) {
            raise(&mut stored, &batch.log(), &batch.head(), &self.identity.device);
        }
        let before = total(&stored);
        for receipt in &exchange.receipts {
            self.stage_receipt(&mut staged, receipt, &mut stored, &mut backed_up);
        }
        run.sent += total(&stored) - before;
        self.compare(run, &mut staged, (&server, &outside, &keeping), &mut stored, &mut refetch);
        // Fetched is what the server has; it may have less than this device when it was put back meanwhile.
        refetch.retain(|log| {
            staged.reset.contains(log) && !staged.appended.contains_key(log)
                || !self.staged_contains(&staged, log, &server.head(log))
        });

        // As long as something has to be given back or fetched anew, verdicts may still come out otherwise than they did
        // for this device: both sides compare in full again afterwards.
        let settled = differs.is_empty() && run.behind.is_empty();
        let agreement = Proposal { epoch: exchange.epoch, inventory: server.clone(), backed_up: backed_up.clone() };
        let agreement = Some(agreement).filter(|agreement| settled && agreement.digest() == exchange.agreement);
        let missing = server.iter().map(|(log, head)| head.seq.0.saturating_sub(self.staged_head(&staged, log).seq.0));
        staged.notices.push(Notice::Progress { sent: run.sent, received: run.received, missing: missing.sum() });
        let mut sent = self.sent.clone();
        staged.reset.iter().filter(|log| self.is_own(log)).for_each(|log| sent.set(*log, Head::EMPTY));
        staged.sent = Some(sent).filter(|sent| *sent != self.sent);
        staged.stored = Some(stored).filter(|stored| *stored != self.stored);
        staged.backed_up = Some(backed_up).filter(|backed_up| *backed_up != self.backed_up);
        staged.refetch = Some(refetch).filter(|refetch| *refetch != self.refetch);
        staged.outside = Some(outside).filter(|outside| *outside != self.outside);
        staged.agreement = Some(agreement).filter(|agreement| *agreement != self.agreement);
        staged.server = Some(server);
        staged
    }

    /// Verifies batches and appends each to its log, or finds that the log went another way.
    fn stage_batches(
        &self,
        staged: &mut Staged,
        refetch: &mut BTreeSet<LogId>,
        directory: Vec<DirectoryEntry>,
        batches: Vec<Batch>,
        paged: bool,
    ) {
        let known: BTreeMap<DeviceId, &DirectoryEntry> =
            self.directory.iter().map(|(id, entry)| (*id, entry)).collect();
        let news: BTreeMap<DeviceId, DirectoryEntry> =
            directory.into_iter().map(|entry| (entry.device(), entry)).collect();
        let mut refused = BTreeSet::new();
        for batch in batches {
            let log = batch.log();
            if refused.contains(&log) {
                continue;
            }
            let author = news.get(&log.device).or_else(|| known.get(&log.device).copied());
            let adopts = batch.header().entries.iter().any(|entry| entry.adopted);
            if author.is_none_or(|author| batch.verify(&author.key).is_err())
                || adopts && !self.identity.servers.contains(&log.device)
            {
                refused.insert(log);
                staged.notices.push(Notice::Unverifiable { log });
                continue;
            }
            // A snapshot brings every log from its first, whatever is here.
            if paged && self.says_other_way(&batch) && !staged.reset.contains(&log) {
                self.stage_reset(staged, refetch, log);
            }
            if self.staged_contains(staged, &log, &batch.head()) {
                continue;
            }
            let head = self.staged_head(staged, &log);
            if batch.predecessor() != head {
                let forked = head.seq.0 > 0 && (batch.header().seq.0 == 1 || batch.header().seq.0 <= head.seq.0 + 1);
                if !forked {
                    refused.insert(log);
                    continue;
                }
                self.stage_reset(staged, refetch, log);
                if batch.header().seq.0 != 1 {
                    refused.insert(log);
                    continue;
                }
            } else if self.is_own(&log) && !refetch.contains(&log) && !staged.appended.contains_key(&log) {
                staged.notices.push(Notice::StoreCopiedOrRolledBack { log, diverged: false });
            }
            staged.appended.entry(log).or_default().push(batch.hash());
            staged.batches.push(batch);
        }
        staged.directory =
            news.into_values().filter(|entry| self.directory.get(&entry.device()) != Some(entry)).collect();
    }

    /// Whether a batch of an answer says that this device's copy of its log went another way: it stands in the place of
    /// another one, or it is the first although the server was told of a later head. That holds even where the page ends
    /// before the first batch that differs. Of logs in areas that come into scope again the server was told nothing.
    fn says_other_way(&self, batch: &Batch) -> bool {
        let log = batch.log();
        let head = self.chains.head(&log);
        let told = self.is_own(&log) || !self.outside.contains(&log.area);
        let replaces = batch.header().seq <= head.seq && !self.chains.contains(&log, &batch.head());
        replaces || told && batch.header().seq.0 == 1 && head.seq.0 > 0
    }

    fn stage_reset(&self, staged: &mut Staged, refetch: &mut BTreeSet<LogId>, log: LogId) {
        staged.reset.insert(log);
        staged.appended.remove(&log);
        staged.batches.retain(|batch| batch.log() != log);
        if self.is_own(&log) {
            refetch.insert(log);
            staged.notices.push(Notice::StoreCopiedOrRolledBack { log, diverged: true });
        }
    }

    /// Logs of which the server withholds other entries than it did when they came: they are taken back to nothing and
    /// fetched anew. The changes of an own one become pending meanwhile.
    fn take_back<'a>(
        &self,
        staged: &mut Staged,
        refetch: &mut BTreeSet<LogId>,
        differs: impl Iterator<Item = &'a LogId>,
    ) {
        for log in differs.filter(|log| self.chains.head(log).seq.0 > 0) {
            staged.reset.insert(*log);
            if self.is_own(log) {
                refetch.insert(*log);
            }
        }
    }

    fn stage_receipt(&self, staged: &mut Staged, receipt: &Receipt, stored: &mut Inventory, backed_up: &mut Inventory) {
        if !self.is_genuine(receipt) {
            staged.notices.push(Notice::ForgedReceipt);
            return;
        }
        for (log, head) in &receipt.heads {
            if self.is_own(log) && self.staged_contains(staged, log, head) {
                raise(stored, log, head, &self.identity.device);
                if receipt.stage == Stage::BackedUp {
                    // The server states its newest backup, which after a restore may be an older one.
                    backed_up.set(*log, *head);
                }
            }
        }
    }

    /// Others' logs that went another way on the server, or are judged otherwise there, and of which it does not have this
    /// device's copy yet: they go out before they are forgotten here.
    fn hand_over(
        &self,
        run: &mut Run,
        server: &Inventory,
        batches: &[Batch],
        differs: &BTreeSet<LogId>,
    ) -> BTreeSet<LogId> {
        let replaced: BTreeSet<LogId> =
            batches.iter().filter(|batch| self.says_other_way(batch)).map(Batch::log).collect();
        let mut keeping = BTreeSet::new();
        for (log, head) in self.chains.logs().filter(|(log, _)| !self.is_own(log)) {
            let theirs = server.head(log);
            let other_way = replaced.contains(log) || theirs.seq <= head.seq && !self.chains.contains(log, &theirs);
            if !other_way && !differs.contains(log) {
                continue;
            }
            let handed = *run.handed.entry(*log).or_insert(BatchSeq(0));
            if handed < head.seq {
                run.behind.insert(*log, handed);
                keeping.insert(*log);
            }
        }
        keeping
    }

    /// Finds logs of which the server has less, or another history, than this device.
    fn compare(
        &self,
        run: &mut Run,
        staged: &mut Staged,
        (server, outside, keeping): (&Inventory, &BTreeSet<AreaId>, &BTreeSet<LogId>),
        stored: &mut Inventory,
        refetch: &mut BTreeSet<LogId>,
    ) {
        run.lacking.clear();
        let logs: Vec<LogId> = self.chains.logs().map(|(log, _)| *log).collect();
        for log in logs.into_iter().filter(|log| self.is_own(log) || !outside.contains(&log.area)) {
            let (theirs, mine) = (server.head(&log), self.staged_head(staged, &log));
            if mine.seq < theirs.seq || mine == theirs || keeping.contains(&log) {
                continue;
            }
            if !self.staged_contains(staged, &log, &theirs) {
                self.stage_reset(staged, refetch, log);
                stored.set(log, Head::EMPTY);
                continue;
            }
            let lost = if self.is_own(&log) { self.stored.head(&log).seq > theirs.seq } else { true };
            if lost {
                staged.notices.push(Notice::ServerWasBehind { log });
            }
            if self.is_own(&log) {
                if stored.head(&log).seq > theirs.seq {
                    stored.set(log, theirs);
                }
            } else if run.offered(&log) < mine.seq {
                run.behind.insert(log, theirs.seq.max(run.offered(&log)));
            } else {
                run.lacking.insert(log);
            }
        }
    }

    fn staged_head(&self, staged: &Staged, log: &LogId) -> Head {
        let base = if staged.reset.contains(log) { Head::EMPTY } else { self.chains.head(log) };
        match staged.appended.get(log).and_then(|hashes| Some((hashes.len(), hashes.last()?))) {
            Some((count, hash)) => Head { seq: BatchSeq(base.seq.0 + count as u64), hash: *hash },
            None => base,
        }
    }

    fn staged_contains(&self, staged: &Staged, log: &LogId, head: &Head) -> bool {
        let base = if staged.reset.contains(log) { 0 } else { self.chains.head(log).seq.0 };
        if head.seq.0 <= base {
            return self.chains.contains(log, head);
        }
        let at = usize::try_from(head.seq.0 - base - 1).ok();
        staged.appended.get(log).zip(at).and_then(|(hashes, at)| hashes.get(at)) == Some(&head.hash)
    }

    /// The writes are durable: memory follows.
    pub(super) fn applied(&mut self, run: Run, staged: Staged) {
        let advanced = staged.stored.as_ref().is_some_and(|stored| total(stored) > total(&self.stored));
        let found = run.found_more_to_send() || staged.refetch.is_some();
        let progress = advanced || found || run.moved || !staged.batches.is_empty() || !staged.reset.is_empty();
        for log in &staged.reset {
            self.chains.clear(log);
            if self.is_own(log) {
                self.pending.insert(log.area);
            }
        }
        if !staged.reset.is_empty() {
            self.effects.push_back(Effect::RenewActor);
        }
        for batch in &staged.batches {
            self.chains.push(batch);
        }
        for entry in staged.directory {
            self.directory.insert(entry.device(), entry);
        }
        if let Some(sent) = staged.sent {
            self.sent = sent;
        }
        if let Some(stored) = staged.stored {
            self.stored = stored;
        }
        if let Some(backed_up) = staged.backed_up {
            self.backed_up = backed_up;
        }
        if let Some(refetch) = staged.refetch {
            self.refetch = refetch;
        }
        if let Some(outside) = staged.outside {
            self.outside = outside;
        }
        if let Some(agreement) = staged.agreement {
            self.agreement = agreement;
        }
        for notice in staged.notices {
            self.notify(notice);
        }
        let complete = staged.server.is_some_and(|server| self.is_complete(&run, &server, staged.more));
        self.go_on(run, progress, complete);
    }

    fn is_complete(&self, run: &Run, server: &Inventory, more: bool) -> bool {
        let level = |(log, head): (&LogId, &Head)| self.chains.head(log) == *head;
        let sent = |(log, head): (&LogId, Head)| !self.is_own(log) || self.stored.head(log).seq == head.seq;
        !more
            && run.behind.is_empty()
            && run.wanted.is_empty()
            && self.refetch.is_empty()
            && self.pending.is_empty()
            && server.iter().all(level)
            && self.chains.logs().all(sent)
    }
}

fn total(inventory: &Inventory) -> u64 {
    inventory.iter().map(|(_, head)| head.seq.0).sum()
}
