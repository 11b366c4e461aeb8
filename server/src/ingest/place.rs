//! Where batches stand in their logs, whatever order they come in. Pure: the database is read before and written after.

use std::collections::{BTreeMap, HashMap};

use sync_core::id::BatchHash;
use sync_core::log::{Head, LogId};

use super::standing::State;

#[derive(Debug)]
struct Item {
    predecessor: Head,
    head: Head,
    state: State,
}

/// Chains batches to their logs.
///
/// Invariant: a log's head is the last of its chained batches, and no waiting batch could be chained or is known to
/// belong to a fork.
#[derive(Debug, Default)]
pub(crate) struct Placer {
    heads: BTreeMap<LogId, Head>,
    states: HashMap<BatchHash, State>,
    items: Vec<Item>,
    waiting: BTreeMap<LogId, Vec<usize>>,
    chained: Vec<usize>,
}

impl Placer {
    /// A placer that knows these heads, and how these batches stand.
    pub(crate) fn new(heads: BTreeMap<LogId, Head>, states: HashMap<BatchHash, State>) -> Self {
        Self { heads, states, ..Self::default() }
    }

    /// Takes a batch that waits since an earlier transaction. Returns its index.
    pub(crate) fn add_waiting(&mut self, log: LogId, predecessor: Head, head: Head) -> usize {
        let index = self.items.len();
        self.items.push(Item { predecessor, head, state: State::Waiting });
        self.states.insert(head.hash, State::Waiting);
        self.waiting.entry(log).or_default().push(index);
        index
    }

    /// Takes a batch that is not stored yet, and whatever waited for it. Returns its index.
    pub(crate) fn place(&mut self, log: LogId, predecessor: Head, head: Head) -> usize {
        let index = self.add_waiting(log, predecessor, head);
        self.settle(log);
        index
    }

    fn settle(&mut self, log: LogId) {
        let mut waiting = self.waiting.remove(&log).unwrap_or_default();
        loop {
            let current = self.head(&log);
            let found = waiting.iter().position(|index| self.next_state(&self.items[*index], current).is_some());
            let Some(at) = found else { break };
            let index = waiting.swap_remove(at);
            let Some(state) = self.next_state(&self.items[index], current) else { break };
            let item = &mut self.items[index];
            item.state = state;
            self.states.insert(item.head.hash, state);
            if state == State::Chained {
                self.heads.insert(log, item.head);
                self.chained.push(index);
            }
        }
        if !waiting.is_empty() {
            self.waiting.insert(log, waiting);
        }
    }

    /// What a waiting batch becomes; `None` while it has to wait.
    fn next_state(&self, item: &Item, current: Head) -> Option<State> {
        if item.predecessor == current {
            Some(State::Chained)
        } else if item.predecessor.seq <= current.seq || self.states.get(&item.predecessor.hash) == Some(&State::Forked)
        {
            Some(State::Forked)
        } else {
            None
        }
    }

    /// The head of a log as it is now.
    pub(crate) fn head(&self, log: &LogId) -> Head {
        self.heads.get(log).copied().unwrap_or(Head::EMPTY)
    }

    /// How the batch of this index stands now.
    pub(crate) fn state(&self, index: usize) -> State {
        self.items[index].state
    }

    /// The batches chained, each after the one it follows.
    pub(crate) fn chained(&self) -> &[usize] {
        &self.chained
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sync_core::id::{AreaId, BatchSeq, DeviceId};

    use super::*;

    const LOG: LogId = LogId { area: AreaId { generation: 2025, code: 1 }, device: DeviceId([1; 8]) };

    fn head(seq: u64, branch: u8) -> Head {
        if seq == 0 { Head::EMPTY } else { Head { seq: BatchSeq(seq), hash: BatchHash([branch + seq as u8; 32]) } }
    }

    fn place_all(order: &[(u64, u64, u8)]) -> (Placer, Vec<usize>) {
        let mut placer = Placer::default();
        let at = order
            .iter()
            .map(|(seq, _, branch)| {
                // Branch 100 leaves the main one after its second batch.
                let predecessor = if *seq <= 3 { head(seq - 1, 0) } else { head(seq - 1, *branch) };
                placer.place(LOG, predecessor, head(*seq, *branch))
            })
            .collect();
        (placer, at)
    }

    proptest! {
        #[test]
        fn any_order_chains_a_whole_log(order in Just((1..=8_u64).collect::<Vec<_>>()).prop_shuffle()) {
            let order: Vec<_> = order.into_iter().map(|seq| (seq, 0, 0)).collect();
            let (placer, at) = place_all(&order);
            prop_assert_eq!(placer.head(&LOG), head(8, 0));
            prop_assert!(at.iter().all(|index| placer.state(*index) == State::Chained));
        }

        #[test]
        fn of_two_branches_one_is_chained_whole_and_the_other_forked(
            order in Just((1..=5_u64).map(|s| (s, 0, 0_u8)).chain((3..=5).map(|s| (s, 0, 100))).collect::<Vec<_>>())
                .prop_shuffle()
        ) {
            let (placer, at) = place_all(&order);
            let mut by_branch: BTreeMap<(u8, State), usize> = BTreeMap::new();
            for ((seq, _, branch), index) in order.iter().zip(at) {
                if *seq > 2 {
                    *by_branch.entry((*branch, placer.state(index))).or_default() += 1;
                }
            }
            prop_assert_eq!(by_branch.len(), 2);
            prop_assert!(by_branch.values().all(|count| *count == 3));
            prop_assert_eq!(placer.chained().len(), 5);
        }
    }

    #[test]
    fn a_gap_waits() {
        let (placer, at) = place_all(&[(1, 0, 0), (3, 0, 0)]);
        assert_eq!(placer.state(at[1]), State::Waiting);
        assert_eq!(placer.head(&LOG), head(1, 0));
    }
}
