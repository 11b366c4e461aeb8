//! A device: what it has recorded, what the server has of it, and how the two become the same.
//!
//! [`Device`] is a state machine without I/O. A driver (the terminal program, a browser, a simulator) owns the store, the
//! key, the clock and the network and does three things, in this order, for as long as the device lives:
//!
//! 1. open the store, build a [`Device`] from what it [`Stored`];
//! 2. give it an [`Input`] with [`Device::handle`];
//! 3. carry out every [`Effect`] of [`Device::poll_effect`], in order, and give back the answers as inputs.
//!
//! **Time and randomness.** The clock comes in with [`Input::SyncRequested`] and is only ever a claim. The random part of
//! an actor id is drawn by the driver at each opening of the store, see [`crate::id::ActorId`].
//!
//! **A crash** between any two steps loses nothing that [`Notice::Recorded`] named: memory follows the store, never the
//! other way round, because every change of state waits for [`Input::Persisted`]. After a crash the driver starts again
//! at 1; a sync that was under way starts anew and repeats only what has no receipt.
//!
//! **One writer.** Two machines on one store would seal two batches of one number; the driver holds a lock. When a store
//! was copied all the same, or put back to an older state, the next sync finds it: see
//! [`Notice::StoreCopiedOrRolledBack`].

mod apply;
mod chains;
mod effect;
mod run;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chains::Chains;
pub use effect::{Effect, Identity, Input, Notice, PendingChange, StopReason, Stored, Ticket, Write};
use run::Run;

use crate::id::{AreaId, DeviceId, RecordId};
use crate::log::{Head, Inventory, LogId, Stage};
use crate::sync::{DirectoryEntry, Proposal, ReceiptFile};

/// How much goes into one message. Smaller pages suit slow links: a page is what an interruption costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSizes {
    /// About how many bytes of batches, before compression, one response may bring.
    pub receive_bytes: u64,
    /// About how many bytes of batches, before compression, one request takes along.
    pub send_bytes: usize,
    /// Whether prepared snapshots are fetched.
    pub snapshots: bool,
}

impl Default for PageSizes {
    fn default() -> Self {
        Self { receive_bytes: 4 << 20, send_bytes: 1 << 20, snapshots: true }
    }
}

/// The state machine. See the module for the call order.
#[derive(Debug)]
pub struct Device {
    identity: Identity,
    sizes: PageSizes,
    chains: Chains,
    /// Areas that may have pending changes; emptied by reading them.
    pending: BTreeSet<AreaId>,
    sent: Inventory,
    stored: Inventory,
    backed_up: Inventory,
    agreement: Option<Proposal>,
    directory: BTreeMap<DeviceId, DirectoryEntry>,
    refetch: BTreeSet<LogId>,
    outside: BTreeSet<AreaId>,
    tickets: u64,
    recording: BTreeMap<Ticket, (AreaId, RecordId)>,
    /// Receipts of a file that are being written: the heads they raise, and at which stage.
    importing: BTreeMap<Ticket, Vec<(Stage, LogId, Head)>>,
    effects: VecDeque<Effect>,
    run: Option<Run>,
}

impl Device {
    /// A device as its store left it.
    #[must_use]
    pub fn new(identity: Identity, stored: Stored, sizes: PageSizes) -> Self {
        Self {
            identity,
            sizes,
            chains: Chains::new(stored.chains, stored.withheld),
            pending: stored.pending,
            sent: stored.sent,
            stored: stored.stored,
            backed_up: stored.backed_up,
            agreement: stored.agreement,
            directory: stored.directory.into_iter().map(|entry| (entry.device(), entry)).collect(),
            refetch: stored.refetch,
            outside: stored.outside,
            tickets: 0,
            recording: BTreeMap::new(),
            importing: BTreeMap::new(),
            effects: VecDeque::new(),
            run: None,
        }
    }

    /// Takes an input. Answers nobody asked for are ignored.
    pub fn handle(&mut self, input: Input) {
        match input {
            Input::Recorded { area, change } => {
                let record = change.record;
                let ticket = self.persist(vec![Write::AddPending { area, change }]);
                self.recording.insert(ticket, (area, record));
            }
            Input::Persisted(ticket) => {
                if let Some((area, record)) = self.recording.remove(&ticket) {
                    self.pending.insert(area);
                    self.notify(Notice::Recorded { record });
                } else if let Some(raised) = self.importing.remove(&ticket) {
                    self.raise_all(&raised);
                    self.notify(Notice::ReceiptsTaken);
                } else {
                    self.advance_persisted(ticket);
                }
            }
            Input::PersistFailed(ticket) => {
                if let Some((_, record)) = self.recording.remove(&ticket) {
                    self.notify(Notice::NotRecorded { record });
                } else if self.importing.remove(&ticket).is_none() {
                    self.fail_persist(ticket);
                }
            }
            Input::Renewed(identity) => self.identity = identity,
            Input::ReceiptsImported { file } => self.take_receipts(&file),
            input => self.advance(input),
        }
    }

    /// The next thing to do, or `None` when the device waits for an input.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Whether a sync or an export is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.run.is_some()
    }

    /// Who this device is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The head of every log it holds.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        self.chains.inventory()
    }

    /// Own logs: what the server signed for at this stage.
    #[must_use]
    pub fn receipts(&self, stage: Stage) -> &Inventory {
        match stage {
            Stage::Stored => &self.stored,
            Stage::BackedUp => &self.backed_up,
        }
    }

    /// Own logs: what went out, receipt or not.
    #[must_use]
    pub fn sent(&self) -> &Inventory {
        &self.sent
    }

    /// Who is behind each device id.
    #[must_use]
    pub fn directory(&self) -> &BTreeMap<DeviceId, DirectoryEntry> {
        &self.directory
    }

    fn own_log(&self, area: AreaId) -> LogId {
        LogId { area, device: self.identity.device }
    }

    fn is_own(&self, log: &LogId) -> bool {
        log.device == self.identity.device
    }

    fn persist(&mut self, writes: Vec<Write>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.effects.push_back(Effect::Persist { ticket, writes });
        ticket
    }

    fn notify(&mut self, notice: Notice) {
        self.effects.push_back(Effect::Notify(notice));
    }

    fn take_receipts(&mut self, file: &[u8]) {
        let Some(file) = ReceiptFile::from_bytes(file).ok().filter(|file| file.to == self.identity.device) else {
            return self.notify(Notice::NotReceiptsForThisDevice);
        };
        let mut raised = Vec::new();
        for receipt in &file.receipts {
            if !self.is_genuine(receipt) {
                self.notify(Notice::ForgedReceipt);
                continue;
            }
            let ours = receipt.heads.iter().filter(|(log, head)| self.chains.contains(log, head));
            raised.extend(ours.map(|(log, head)| (receipt.stage, *log, *head)));
        }
        let (mut stored, mut backed_up) = (self.stored.clone(), self.backed_up.clone());
        raise_to(&mut stored, &mut backed_up, &raised, &self.identity.device);
        let ticket = self.persist(vec![Write::SetStored(stored), Write::SetBackedUp(backed_up)]);
        self.importing.insert(ticket, raised);
    }

    /// Raises what is remembered; a sync may have raised it further meanwhile.
    fn raise_all(&mut self, raised: &[(Stage, LogId, Head)]) {
        let still = raised.iter().filter(|(_, log, head)| self.chains.contains(log, head)).copied();
        let still: Vec<_> = still.collect();
        raise_to(&mut self.stored, &mut self.backed_up, &still, &self.identity.device);
    }
}

/// Raises the head of one of this device's own logs; never lowers it.
fn raise(inventory: &mut Inventory, log: &LogId, head: &Head, me: &DeviceId) {
    if log.device == *me && inventory.head(log).seq < head.seq {
        inventory.set(*log, *head);
    }
}

/// Raises the heads receipts speak of; what is backed up is stored too.
fn raise_to(stored: &mut Inventory, backed_up: &mut Inventory, raised: &[(Stage, LogId, Head)], me: &DeviceId) {
    for (stage, log, head) in raised {
        raise(stored, log, head, me);
        if *stage == Stage::BackedUp {
            raise(backed_up, log, head, me);
        }
    }
}

#[cfg(test)]
mod tests;
