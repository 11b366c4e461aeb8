//! The answer to one request of an exchange.

use std::collections::BTreeSet;

use sync_core::admit::ledger::Standing;
use sync_core::id::{AreaId, BatchSeq, DeviceId, UnixMs};
use sync_core::log::{Batch, Digest16, Inventory, LogId, Stage};
use sync_core::sync::{
    DirectoryEntry, Epoch, Exchange, Page, Plan, Proposal, Request, Response, Withheld, differs, plan,
};

use super::Server;
use crate::simulate::fault::Bug;

/// What a server tells a device of: the areas of its certificate, and its own logs wherever they are.
struct Scope {
    device: DeviceId,
    areas: BTreeSet<AreaId>,
}

impl Scope {
    fn covers(&self, log: &LogId) -> bool {
        log.device == self.device || self.areas.contains(&log.area)
    }

    fn of(&self, inventory: &Inventory) -> Inventory {
        inventory.iter().filter(|(log, _)| self.covers(log)).map(|(log, head)| (*log, *head)).collect()
    }
}

impl Server {
    /// Answers a request at one process; `None` when the device may not sync or the bytes are not a request.
    pub fn answer(&mut self, process: usize, device: DeviceId, bytes: &[u8], at: UnixMs) -> Option<Vec<u8>> {
        if self.registry.devices.get(&device).is_none_or(|enrolled| enrolled.revoked) {
            return None;
        }
        let request = Request::from_bytes(bytes).ok()?;
        self.registry.called(&device);
        if self.bug != Some(Bug::CertificatesUnseen) {
            self.registry.shown(&request.certificates);
        }
        let came = request.page.batches.clone();
        self.take(request.page.batches, at);
        let base = self.processes[process].get(&(device, request.agreement)).cloned();
        if base.is_none() && request.agreement != Digest16::NONE {
            return Some(Response::UnknownAgreement { at }.to_bytes());
        }
        let scope = Scope { device, areas: self.registry.areas(&device) };
        let ours = scope.of(&self.ledger.inventory());
        let own = |(log, _): &(&LogId, _)| log.device == device;
        let backed_up: Inventory = self.ledger.backed_up.iter().filter(own).map(|(l, h)| (*l, *h)).collect();
        let epoch = Epoch(self.epoch.to_be_bytes());
        let told = base.as_ref().is_some_and(|base| base.backed_up == backed_up);
        let same = base.as_ref().is_some_and(|base| base.inventory == ours) && request.heads.is_empty();
        let wanted = self.wanted(device);
        let lies = self.bug == Some(Bug::FalseAgreement) && request.heads.is_empty() && base.is_some();
        if came.is_empty() && told && (same && wanted.is_empty() || lies) {
            return Some(Response::InAgreement { at }.to_bytes());
        }
        let mut known = base.map(|base| base.inventory).unwrap_or_default();
        let named = known.iter().map(|(log, _)| log.area).chain(request.heads.iter().map(|(log, _)| log.area));
        let outside: BTreeSet<AreaId> = named.filter(|area| !scope.areas.contains(area)).collect();
        known.apply(&request.heads);
        let known = scope.of(&known);
        let mut plan = plan(&ours, &known, |log, head| self.ledger.contains(log, head));
        let snapshots = if request.take_snapshots { self.offer(&mut plan, &known, &ours) } else { Vec::new() };
        let directory = self.directory(device, &plan, &known);
        let (batches, more) = self.page(&plan, request.page_bytes as usize);
        let mut receipts = self.receipts(&came, at);
        if !told && !backed_up.is_empty() {
            let heads = backed_up.iter().map(|(log, head)| (*log, *head)).collect();
            receipts.push(self.sign(Stage::BackedUp, heads, vec![], at));
        }
        let differs = match request.agreement {
            Digest16::NONE => self.differs(device, &known, &request.withheld),
            _ => Vec::new(),
        };
        let proposal = Proposal { epoch, inventory: ours, backed_up };
        let agreement = proposal.digest();
        self.processes[process].insert((device, agreement), proposal);
        let exchange = Exchange {
            epoch,
            agreement,
            more,
            heads: plan.heads,
            receipts,
            outside: outside.into_iter().collect(),
            wanted,
            differs,
            directory,
            snapshots,
            page: Page { batches },
        };
        Some(Response::Exchange { at, exchange: Box::new(exchange) }.to_bytes())
    }

    /// Logs of which a device was handed other changes than it would be now.
    fn differs(&self, me: DeviceId, known: &Inventory, theirs: &Withheld) -> Vec<LogId> {
        let mut ours = Withheld::new();
        for (log, _) in known.iter() {
            for row in self.ledger.after(log, BatchSeq(0)) {
                let kept_back =
                    row.standings.iter().zip(0_u8..).filter(|(standing, _)| **standing != Standing::Admitted);
                let entries = kept_back.map(|(_, ordinal)| (row.batch.header().seq, ordinal));
                ours.entry(*log).or_default().extend(entries);
            }
        }
        differs(me, known, &self.ledger.inventory(), &ours, theirs)
    }

    /// The device's batches of which bytes are absent.
    fn wanted(&self, device: DeviceId) -> Vec<(LogId, BatchSeq)> {
        let absent =
            |row: &&super::ledger::Row| row.batch.device() == device && row.standings.contains(&Standing::Absent);
        let rows = self.ledger.rows.iter().filter(absent);
        let wanted: BTreeSet<_> = rows
            .filter(|row| self.ledger.contains(&row.batch.log(), &row.batch.head()))
            .map(|row| (row.batch.log(), row.batch.header().seq))
            .collect();
        wanted.into_iter().collect()
    }

    /// Who is behind the logs that are new to the device, and the device itself when its own batches come back to it: it
    /// never met its own entry otherwise.
    fn directory(&self, me: DeviceId, plan: &Plan, known: &Inventory) -> Vec<DirectoryEntry> {
        let new = |log: &LogId| known.head(log).seq.0 == 0 || log.device == me;
        let devices: BTreeSet<DeviceId> =
            plan.send.iter().filter(|(log, _)| new(log)).map(|(log, _)| log.device).collect();
        devices.iter().filter_map(|device| self.registry.entry(device).cloned()).collect()
    }

    /// As many batches as a page takes, at least one; whether some are left.
    fn page(&self, plan: &Plan, at_most: usize) -> (Vec<Batch>, bool) {
        let mut batches = Vec::new();
        let mut bytes = 0;
        for (log, after) in &plan.send {
            for row in self.ledger.after(log, *after) {
                if bytes > at_most {
                    return (batches, true);
                }
                let leaks = self.bug == Some(Bug::QuarantineLeaks);
                let travels = |ordinal: usize| leaks || row.standings[ordinal] == Standing::Admitted;
                let batch = Batch::clone(&row.batch).withholding(travels);
                bytes += batch.approximate_bytes();
                batches.push(batch);
            }
        }
        (batches, false)
    }
}
