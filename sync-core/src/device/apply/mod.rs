//! Taking in what a server answered. Everything is staged first and becomes true when its writes are durable.

mod compare;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use super::run::Run;
use super::{Device, Effect, Notice, StopReason, Write};
use crate::id::{AreaId, BatchHash, BatchSeq, DeviceId};
use crate::log::{Batch, Head, Inventory, LogId, Receipt};
use crate::sync::{DirectoryEntry, Proposal, Response, Snapshot};

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
