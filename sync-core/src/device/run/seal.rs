//! Pending changes become batches of the device's own logs.

use super::{Goal, Run, Step};
use crate::device::{Device, Effect, Notice, PendingChange, StopReason, Write};
use crate::id::AreaId;
use crate::log::{Batch, BatchHeader, RawChange, Signature, limits, seal};

/// Contents of the changes sealed into one batch, in bytes: a lost page repeats little, a signature covers much.
const SEAL_BYTES: usize = 128 << 10;

impl Device {
    /// Seals the pending changes of the next area, or goes on to gather.
    pub(super) fn next_seal(&mut self, run: Run) {
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

    pub(super) fn seal(&mut self, run: Run, area: AreaId, changes: Vec<PendingChange>) {
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

    pub(super) fn put_sealed(&mut self, run: Run, header: BatchHeader, changes: Vec<RawChange>, signature: Signature) {
        match Batch::new(header, signature, changes.into_iter().map(Some).collect()) {
            Ok(batch) => {
                let ticket = self.persist(vec![Write::PutBatch(batch.clone())]);
                self.run = Some(Run { step: Step::Sealed(ticket, batch), ..run });
            }
            Err(_) => self.stop(StopReason::Failed),
        }
    }
}
