//! How many bytes each device brought in a day: what is over the quota is kept in quarantine.

use std::collections::BTreeSet;

use sync_core::id::UnixMs;

use super::ledger::Ledger;
use super::registry::Registry;
use crate::simulate::world::DAY;

impl Ledger {
    /// Adds new batches to what their devices brought today; those that are over the quota.
    pub(super) fn charge(&mut self, quota: u64, registry: &Registry, fresh: &[usize], now: UnixMs) -> BTreeSet<usize> {
        let day = now.0.div_euclid(DAY);
        let mut over = BTreeSet::new();
        for row in fresh {
            let batch = &self.rows[*row].batch;
            if batch.device() == registry.server.device() {
                continue;
            }
            let used = self.usage.entry((batch.device(), day)).or_default();
            *used += batch.approximate_bytes() as u64;
            if *used > quota {
                over.insert(*row);
            }
        }
        over
    }
}
