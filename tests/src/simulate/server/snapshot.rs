//! Prepared snapshots: the row is part of the database, the file lies beside it and may get lost.

use std::collections::BTreeSet;

use sync_core::admit::ledger::Standing;
use sync_core::id::{AreaId, BatchSeq, DeviceId};
use sync_core::log::{Batch, Digest16, Inventory, LogId};
use sync_core::sync::{Page, Plan, Snapshot, SnapshotOffer, is_outgrown, is_worth_fetching};

use super::Server;
use crate::simulate::fault::Bug;

/// A snapshot is prepared once an area holds so many admitted changes: few, because a simulated area is small.
const LEAST_CHANGES: u64 = 12;

/// The row of a prepared snapshot.
#[derive(Debug, Clone)]
pub struct Prepared {
    inventory: Inventory,
    /// How many changes it was made over.
    changes: u64,
    bytes: u64,
}

/// The name of a snapshot's file.
pub type File = (AreaId, Digest16);

impl Server {
    /// Prepares what is due, each of about so many bytes of batches at most; returns how many. When the process dies, it
    /// does so between the file and the row of the first.
    pub fn prepare_snapshots(&mut self, at_most: usize, dies: bool) -> usize {
        let areas: BTreeSet<AreaId> = self.ledger.records.values().filter_map(|record| record.area).collect();
        let mut made = 0;
        for area in areas {
            let changes = self.ledger.changes_of(area);
            let before = self.ledger.snapshots.get(&area).map_or(0, |before| before.changes);
            if changes < LEAST_CHANGES || !is_outgrown(before, changes) {
                continue;
            }
            let (snapshot, inventory, is_cut) = self.snapshot_of(area, at_most);
            let held: u64 = snapshot.page.batches.iter().map(|batch| batch.header().entries.len() as u64).sum();
            let bytes = snapshot.to_bytes();
            let prepared = Prepared {
                changes: if is_cut { changes.max(held) } else { held },
                bytes: bytes.len() as u64,
                inventory: inventory.clone(),
            };
            self.files.insert((area, inventory.digest()), bytes);
            if dies {
                break;
            }
            let replaced = self.ledger.snapshots.insert(area, prepared).map(|before| before.inventory.digest());
            if let Some(old) = replaced.filter(|old| *old != inventory.digest()) {
                self.files.remove(&(area, old));
            }
            made += 1;
        }
        made
    }

    /// Everything of an area that was admitted, each log from its first batch; whether more was left.
    fn snapshot_of(&self, area: AreaId, at_most: usize) -> (Snapshot, Inventory, bool) {
        let mut batches = Vec::new();
        let (mut bytes, mut is_cut) = (0, false);
        let logs: Vec<LogId> = self.ledger.inventory().iter().map(|(log, _)| *log).collect();
        'logs: for log in logs.into_iter().filter(|log| log.area == area) {
            for row in self.ledger.after(&log, BatchSeq(0)) {
                is_cut = bytes > at_most;
                if is_cut {
                    break 'logs;
                }
                let leaks = self.bug == Some(Bug::SnapshotLeaks);
                let travels = |ordinal: usize| leaks || row.standings[ordinal] == Standing::Admitted;
                let batch = Batch::clone(&row.batch).withholding(travels);
                bytes += batch.approximate_bytes();
                batches.push(batch);
            }
        }
        let inventory: Inventory = batches.iter().map(|batch| (batch.log(), batch.head())).collect();
        let devices: BTreeSet<DeviceId> = batches.iter().map(Batch::device).collect();
        let directory = devices.iter().filter_map(|device| self.registry.entry(device).cloned()).collect();
        (Snapshot { area, directory, page: Page { batches } }, inventory, is_cut)
    }

    /// Offers snapshots of the areas of which a device knows nothing, in place of their batches.
    pub(super) fn offer(&self, plan: &mut Plan, known: &Inventory, ours: &Inventory) -> Vec<SnapshotOffer> {
        let known: BTreeSet<AreaId> = known.iter().map(|(log, _)| log.area).collect();
        let new: BTreeSet<AreaId> =
            plan.send.iter().map(|(log, _)| log.area).filter(|area| !known.contains(area)).collect();
        let prepared = new.iter().filter_map(|area| Some((*area, self.ledger.snapshots.get(area)?)));
        let offers: Vec<SnapshotOffer> = prepared
            .filter(|(area, prepared)| is_worth_fetching(&prepared.inventory, &ours.within(&[*area].into())))
            .map(|(area, prepared)| SnapshotOffer { area, digest: prepared.inventory.digest(), bytes: prepared.bytes })
            .collect();
        plan.send.retain(|(log, _)| !offers.iter().any(|offer| offer.area == log.area));
        offers
    }

    /// The file of an offer, to a device of its area: the newest one that was offered, when it is there.
    #[must_use]
    pub fn snapshot(&self, device: DeviceId, offer: &SnapshotOffer) -> Option<&[u8]> {
        let enrolled = self.registry.devices.get(&device).filter(|enrolled| !enrolled.revoked)?;
        enrolled.certificates.last().filter(|areas| areas.contains(&offer.area))?;
        let row = self.ledger.snapshots.get(&offer.area)?;
        let is_asked_for = row.inventory.digest() == offer.digest;
        self.files.get(&(offer.area, offer.digest)).filter(|_| is_asked_for).map(Vec::as_slice)
    }
}
