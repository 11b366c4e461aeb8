//! The hashes of every log a device holds and what of it was withheld, so that forks and other verdicts are found
//! without reading the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{BatchHash, BatchSeq};
use crate::log::{Batch, Head, Inventory, LogId};
use crate::sync::Withheld;

/// Each log's batch hashes from its first; 32 bytes a batch in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chains {
    logs: BTreeMap<LogId, Vec<BatchHash>>,
    /// Invariant: names only batches of `logs`, and no log without an entry.
    withheld: Withheld,
}

impl Chains {
    pub(crate) fn new(chains: Vec<(LogId, Vec<BatchHash>)>, mut withheld: Withheld) -> Self {
        withheld.retain(|_, entries| !entries.is_empty());
        Self { logs: chains.into_iter().filter(|(_, hashes)| !hashes.is_empty()).collect(), withheld }
    }

    pub(crate) fn head(&self, log: &LogId) -> Head {
        self.logs.get(log).map_or(Head::EMPTY, |hashes| head_of(hashes))
    }

    /// Whether the log goes through this head. Every log goes through [`Head::EMPTY`].
    pub(crate) fn contains(&self, log: &LogId, head: &Head) -> bool {
        if head.seq.0 == 0 {
            return true;
        }
        let at = usize::try_from(head.seq.0 - 1).ok();
        self.logs.get(log).zip(at).and_then(|(hashes, at)| hashes.get(at)) == Some(&head.hash)
    }

    pub(crate) fn push(&mut self, batch: &Batch) {
        let (log, seq) = (batch.log(), batch.header().seq);
        self.logs.entry(log).or_default().push(batch.hash());
        // A batch has at most 256 entries.
        let lacking = batch.bodies().iter().zip(0_u8..=u8::MAX).filter(|(body, _)| body.is_none());
        let lacking: BTreeSet<_> = lacking.map(|(_, ordinal)| (seq, ordinal)).collect();
        if !lacking.is_empty() {
            self.withheld.entry(log).or_default().extend(lacking);
        }
    }

    pub(crate) fn clear(&mut self, log: &LogId) {
        self.logs.remove(log);
        self.withheld.remove(log);
    }

    /// What was withheld, of these logs.
    pub(crate) fn withheld(&self, of: impl Fn(&LogId) -> bool) -> Withheld {
        self.withheld.iter().filter(|(log, _)| of(log)).map(|(log, entries)| (*log, entries.clone())).collect()
    }

    /// The batch after `after` and those that follow it, as long as they are among these.
    pub(crate) fn skip(&self, log: &LogId, after: BatchSeq, these: &BTreeSet<BatchHash>) -> BatchSeq {
        let from = usize::try_from(after.0).unwrap_or(usize::MAX);
        let rest = self.logs.get(log).and_then(|hashes| hashes.get(from..)).unwrap_or_default();
        BatchSeq(after.0 + rest.iter().take_while(|hash| these.contains(hash)).count() as u64)
    }

    pub(crate) fn inventory(&self) -> Inventory {
        self.logs.iter().map(|(log, hashes)| (*log, head_of(hashes))).collect()
    }

    pub(crate) fn logs(&self) -> impl Iterator<Item = (&LogId, Head)> {
        self.logs.iter().map(|(log, hashes)| (log, head_of(hashes)))
    }
}

fn head_of(hashes: &[BatchHash]) -> Head {
    hashes.last().map_or(Head::EMPTY, |hash| Head { seq: BatchSeq(hashes.len() as u64), hash: *hash })
}
