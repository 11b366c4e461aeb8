//! What the server lacks is gathered, and goes out in a request or a file.

use std::collections::BTreeSet;

use super::{Goal, Run, Step};
use crate::device::{Device, Effect, Write, raise};
use crate::id::{BatchSeq, DeviceId};
use crate::log::{Batch, Digest16, Inventory, LogId};
use crate::sync::{Carried, Page, Request, Withheld};

impl Device {
    /// Lists what the server lacks, as far as is known here.
    pub(super) fn gather(&mut self, mut run: Run) {
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

    pub(super) fn read_next(&mut self, mut run: Run) {
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
    pub(in crate::device) fn within_scope(&self) -> Inventory {
        self.chains
            .logs()
            .filter(|(log, _)| self.is_own(log) || !self.outside.contains(&log.area))
            .map(|(log, head)| (*log, head))
            .collect()
    }
}
