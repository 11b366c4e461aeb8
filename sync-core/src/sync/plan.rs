//! What one side tells and sends the other, from two inventories.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::message::Withheld;
use crate::id::{BatchSeq, DeviceId};
use crate::log::{Digest16, Head, Inventory, LogId};
use crate::wire::Writer;

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

/// The logs of which a device was handed other entries than it would be now, ascending.
///
/// Compared are the batches both have. `ours` is what the server withholds of those logs, `theirs` what was withheld from
/// the device `me`. Of its own logs a device has every change it made: there only what it lacks and could have counts.
#[must_use]
pub fn differs(me: DeviceId, known: &Inventory, held: &Inventory, ours: &Withheld, theirs: &Withheld) -> Vec<LogId> {
    let none = BTreeSet::new();
    let differs = |log: &LogId, head: &Head| {
        let common = head.seq.min(held.head(log).seq);
        let within = |entries: &BTreeSet<(BatchSeq, u8)>| -> BTreeSet<(BatchSeq, u8)> {
            entries.iter().take_while(|(seq, _)| *seq <= common).copied().collect()
        };
        let ours = within(ours.get(log).unwrap_or(&none));
        let theirs = within(theirs.get(log).unwrap_or(&none));
        if log.device == me { !theirs.is_subset(&ours) } else { ours != theirs }
    };
    known.iter().filter(|(log, head)| differs(log, head)).map(|(log, _)| *log).collect()
}

/// Names one history of a server: drawn at random when its database is made, and anew when that is put back to a backup.
///
/// Verdicts a restored server gave after the backup are gone, and it may give others. An agreement of another epoch is
/// therefore none, even where the inventories are equal again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub [u8; 8]);

/// An inventory a server proposed to a device, remembered so that its digest can stand for it.
///
/// Forgetting one costs bytes, never data: the device then sends its whole inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The server's epoch when it proposed it.
    pub epoch: Epoch,
    /// The server's inventory in the device's areas.
    pub inventory: Inventory,
    /// The backed-up heads of the device's own logs.
    pub backed_up: Inventory,
}

impl Proposal {
    /// What stands for it: the first 16 bytes of SHA-256 over a context, the epoch and both inventories.
    #[must_use]
    pub fn digest(&self) -> Digest16 {
        let mut out = Writer::new();
        out.fixed(&self.epoch.0);
        self.inventory.write(&mut out);
        self.backed_up.write(&mut out);
        Digest16::of(Sha256::new().chain_update(b"banlang agreement v1").chain_update(&out.0))
    }
}
