//! When a prepared snapshot is made anew, and when it is worth more than pages.

use crate::log::Inventory;

/// Whether an area's snapshot that was made over `held` changes is to be made anew, now that there are `changes`: it holds
/// less than two thirds of them.
#[must_use]
pub fn is_outgrown(held: u64, changes: u64) -> bool {
    held.saturating_mul(3) < changes.saturating_mul(2)
}

/// Whether a snapshot that holds these batches is offered in place of pages by a server that has `here` of its area: it
/// holds at least half of the batches there are, and none that this server does not have.
#[must_use]
pub fn is_worth_fetching(held: &Inventory, here: &Inventory) -> bool {
    let total = |inventory: &Inventory| inventory.iter().map(|(_, head)| head.seq.0).sum::<u64>();
    let ahead = held.iter().any(|(log, head)| here.head(log).seq < head.seq);
    !ahead && total(held) * 2 >= total(here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AreaId, BatchHash, BatchSeq, DeviceId};
    use crate::log::{Head, LogId};

    fn inventory(seqs: &[u64]) -> Inventory {
        let log = |device: u8| LogId { area: AreaId { generation: 2025, code: 1 }, device: DeviceId([device; 8]) };
        let head = |seq: u64| Head { seq: BatchSeq(seq), hash: BatchHash([seq as u8; 32]) };
        (0..).zip(seqs).map(|(device, seq)| (log(device), head(*seq))).collect()
    }

    #[test]
    fn half_of_what_there_is_is_worth_fetching_and_less_is_not() {
        assert!(is_worth_fetching(&inventory(&[5, 5]), &inventory(&[10, 10])));
        assert!(!is_worth_fetching(&inventory(&[5, 4]), &inventory(&[10, 10])));
    }

    #[test]
    fn what_this_server_lacks_is_not_offered() {
        assert!(!is_worth_fetching(&inventory(&[5, 11]), &inventory(&[10, 10])));
    }

    #[test]
    fn a_snapshot_is_outgrown_when_a_third_is_missing() {
        assert!(is_outgrown(0, 1) && is_outgrown(6, 10) && !is_outgrown(7, 10) && !is_outgrown(0, 0));
    }
}
