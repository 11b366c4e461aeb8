//! The server's inventory beside this device's: who has less of a log, or another history of it.

use std::collections::BTreeSet;

use super::Staged;
use crate::device::run::Run;
use crate::device::{Device, Notice};
use crate::id::{AreaId, BatchSeq};
use crate::log::{Batch, Head, Inventory, LogId};

impl Device {
    /// Others' logs that went another way on the server, or are judged otherwise there, and of which it does not have this
    /// device's copy yet: they go out before they are forgotten here.
    pub(super) fn hand_over(
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
    pub(super) fn compare(
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
}
