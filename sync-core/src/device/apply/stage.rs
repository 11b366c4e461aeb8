//! An answer is verified and staged: batches appended to their logs, logs taken back, receipts, the new agreement.

use std::collections::{BTreeMap, BTreeSet};

use super::{Staged, total};
use crate::device::run::Run;
use crate::device::{Device, Notice, raise};
use crate::id::DeviceId;
use crate::log::{Batch, Head, Inventory, LogId, Receipt, Stage};
use crate::sync::{DirectoryEntry, Exchange, Proposal};

impl Device {
    pub(super) fn stage(&self, run: &mut Run, exchange: Exchange) -> Staged {
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
    pub(super) fn stage_batches(
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
    pub(super) fn says_other_way(&self, batch: &Batch) -> bool {
        let log = batch.log();
        let head = self.chains.head(&log);
        let told = self.is_own(&log) || !self.outside.contains(&log.area);
        let replaces = batch.header().seq <= head.seq && !self.chains.contains(&log, &batch.head());
        replaces || told && batch.header().seq.0 == 1 && head.seq.0 > 0
    }

    pub(super) fn stage_reset(&self, staged: &mut Staged, refetch: &mut BTreeSet<LogId>, log: LogId) {
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
}
