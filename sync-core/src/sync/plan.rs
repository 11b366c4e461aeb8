//! What one side tells and sends the other, from two inventories.

use crate::id::BatchSeq;
use crate::log::{Digest16, Head, Inventory, LogId};

/// What a server answers from, once it has stored what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where `ours` differs from what the other side knows.
    pub heads: Vec<(LogId, Head)>,
    /// Logs to send, and after which batch: 0 sends the log from its start, which tells the other side that its own copy
    /// went another way.
    pub send: Vec<(LogId, BatchSeq)>,
}

/// Compares inventories of the same areas.
///
/// `chained` says whether a batch of exactly this head stands in our copy of the log; it is asked only for logs in which
/// we are ahead.
pub fn plan(ours: &Inventory, known: &Inventory, mut chained: impl FnMut(&LogId, &Head) -> bool) -> Plan {
    let heads = ours.difference(known);
    let send = heads
        .iter()
        .filter_map(|(log, head)| {
            let theirs = known.head(log);
            if head.seq <= theirs.seq {
                return None;
            }
            let after = if theirs.seq.0 == 0 || chained(log, &theirs) { theirs.seq } else { BatchSeq(0) };
            Some((*log, after))
        })
        .collect();
    Plan { heads, send }
}

/// An inventory a server proposed to a device, remembered so that its digest can stand for it.
///
/// Forgetting one costs bytes, never data: the device then sends its whole inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The server's inventory in the device's areas.
    pub inventory: Inventory,
    /// The backed-up heads of the device's own logs.
    pub backed_up: Inventory,
}

impl Proposal {
    /// What stands for it.
    #[must_use]
    pub fn digest(&self) -> Digest16 {
        self.inventory.digest(&self.backed_up)
    }
}
