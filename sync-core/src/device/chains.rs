//! The hashes of every log a device holds, so that forks are found without reading the store.

use std::collections::BTreeMap;

use crate::id::{BatchHash, BatchSeq};
use crate::log::{Head, Inventory, LogId};

/// Each log's batch hashes from its first; 32 bytes a batch in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chains {
    logs: BTreeMap<LogId, Vec<BatchHash>>,
}

impl Chains {
    pub(crate) fn new(chains: Vec<(LogId, Vec<BatchHash>)>) -> Self {
        Self { logs: chains.into_iter().filter(|(_, hashes)| !hashes.is_empty()).collect() }
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

    pub(crate) fn push(&mut self, log: LogId, hash: BatchHash) {
        self.logs.entry(log).or_default().push(hash);
    }

    pub(crate) fn clear(&mut self, log: &LogId) {
        self.logs.remove(log);
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
