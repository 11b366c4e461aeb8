//! A device's store: what survives a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::admit::scan;
use sync_core::device::{PendingChange, Stored, Write};
use sync_core::id::{AreaId, BatchSeq, ChangeHash, DeviceId, RecordId, RecordKind};
use sync_core::log::{Batch, LogId, RawChange};
use sync_core::sync::Withheld;

use super::fault::Bug;

/// The store, as the writes of its device left it.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    logs: BTreeMap<LogId, Vec<Arc<Batch>>>,
    pending: Vec<(AreaId, PendingChange)>,
    rest: Stored,
}

impl Disk {
    /// Carries out one write of a transaction.
    pub fn write(&mut self, write: Write, me: DeviceId, bug: Option<Bug>) {
        match write {
            Write::AddPending { area, change } => self.pending.push((area, change)),
            Write::PutBatch(batch) => {
                let batch = if batch.device() == me { self.take_pending(batch) } else { batch };
                self.logs.entry(batch.log()).or_default().push(Arc::new(batch));
            }
            Write::DropLog(log) => drop(self.logs.remove(&log)),
            Write::Unseal(log) => {
                let batches = self.logs.remove(&log).unwrap_or_default();
                if bug == Some(Bug::UnsealDrops) {
                    return;
                }
                for batch in batches {
                    for (entry, body) in batch.changes() {
                        let (Some(kind), Some(change)) = (entry.known_kind(), body) else { continue };
                        let change = PendingChange { kind, record: entry.record, change: change.clone() };
                        self.pending.push((log.area, change));
                    }
                }
            }
            Write::SetSent(sent) => {
                match bug {
                    Some(Bug::ForgetPendingOnSend) => self.pending.clear(),
                    Some(Bug::PruneBeforeReceipt) => self.logs.retain(|log, _| log.device != me),
                    _ => {}
                }
                self.rest.sent = sent;
            }
            Write::SetStored(stored) => self.rest.stored = stored,
            Write::SetBackedUp(backed_up) => self.rest.backed_up = backed_up,
            Write::SetAgreement(agreement) => self.rest.agreement = agreement,
            Write::PutDirectory(entry) => {
                self.rest.directory.retain(|known| known.key != entry.key);
                self.rest.directory.push(entry);
            }
            Write::SetRefetch(refetch) => self.rest.refetch = refetch,
            Write::SetOutside(outside) => self.rest.outside = outside,
        }
    }

    /// An own batch with what is pending of it, which leaves the pending changes: bytes the server withheld stay here.
    fn take_pending(&mut self, batch: Batch) -> Batch {
        let mut bodies: Vec<_> = batch.bodies().to_vec();
        for (entry, body) in batch.header().entries.iter().zip(&mut bodies) {
            let at = self.pending.iter().position(|(_, pending)| pending.change.hash() == entry.change);
            if let Some(at) = at {
                let (_, pending) = self.pending.remove(at);
                body.get_or_insert(pending.change);
            }
        }
        Batch::new(batch.header().clone(), *batch.signature(), bodies).unwrap_or(batch)
    }

    /// What a device starts from.
    #[must_use]
    pub fn open(&self) -> Stored {
        Stored {
            chains: self
                .logs
                .iter()
                .map(|(log, list)| (*log, list.iter().map(|batch| batch.hash()).collect()))
                .collect(),
            withheld: self.withheld(),
            pending: self.pending.iter().map(|(area, _)| *area).collect(),
            ..self.rest.clone()
        }
    }

    fn withheld(&self) -> Withheld {
        let mut withheld = Withheld::new();
        for batch in self.logs.values().flatten() {
            for (ordinal, _) in batch.bodies().iter().enumerate().filter(|(_, body)| body.is_none()) {
                let entries = withheld.entry(batch.log()).or_default();
                entries.insert((batch.header().seq, u8::try_from(ordinal).unwrap_or(u8::MAX)));
            }
        }
        withheld
    }

    /// The oldest pending changes of an area.
    #[must_use]
    pub fn pending(&self, area: AreaId, at_most: usize) -> Vec<PendingChange> {
        self.pending.iter().filter(|(at, _)| *at == area).take(at_most).map(|(_, change)| change.clone()).collect()
    }

    /// Whether something waits to be sealed.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Batches of a log in order: at least one, and no more once they take about so many bytes.
    #[must_use]
    pub fn log(&self, log: LogId, after: BatchSeq, about_bytes: usize) -> Vec<Batch> {
        let mut bytes = 0;
        let list = self.logs.get(&log).into_iter().flatten().skip(after.0 as usize);
        list.take_while(|batch| {
            let before = bytes;
            bytes += batch.approximate_bytes();
            before == 0 || before < about_bytes
        })
        .map(|batch| Batch::clone(batch))
        .collect()
    }

    /// Every change whose bytes are here, with its area, kind and record.
    pub fn changes(&self) -> impl Iterator<Item = (AreaId, RecordKind, RecordId, &RawChange)> {
        let sealed = self.logs.values().flatten().flat_map(|batch| {
            let area = batch.log().area;
            batch.changes().filter_map(move |(entry, body)| Some((area, entry.known_kind()?, entry.record, body?)))
        });
        let pending = self.pending.iter().map(|(area, p)| (*area, p.kind, p.record, &p.change));
        sealed.chain(pending)
    }

    /// The hashes of [`Disk::changes`].
    #[must_use]
    pub fn hashes(&self) -> BTreeSet<ChangeHash> {
        self.changes().map(|(_, _, _, change)| change.hash()).collect()
    }

    /// The hashes of what is pending and of the logs of which this holds.
    pub fn hashes_of(&self, of: impl Fn(&LogId) -> bool) -> BTreeSet<ChangeHash> {
        let sealed = self
            .logs
            .iter()
            .filter(|(log, _)| of(log))
            .flat_map(|(_, list)| list)
            .flat_map(|batch| batch.changes().filter(|(_, body)| body.is_some()).map(|(entry, _)| entry.change));
        sealed.chain(self.pending.iter().map(|(_, pending)| pending.change.hash())).collect()
    }

    /// What the server signed for of this device's own logs.
    #[must_use]
    pub fn receipted(&self, me: DeviceId) -> BTreeSet<ChangeHash> {
        let own = self.logs.iter().filter(|(log, _)| log.device == me);
        own.flat_map(|(log, list)| list.iter().take(self.rest.stored.head(log).seq.0 as usize))
            .flat_map(|batch| batch.header().entries.iter().map(|entry| entry.change))
            .collect()
    }

    /// The changes of one record that are here with everything they depend on.
    #[must_use]
    pub fn record(&self, record: RecordId) -> BTreeMap<ChangeHash, RawChange> {
        let here =
            self.changes().filter(|(_, _, of, _)| *of == record).map(|(.., change)| (change.hash(), change.clone()));
        complete(here.collect())
    }
}

/// Those of a record's changes of which everything they depend on is there too.
#[must_use]
pub fn complete(mut changes: BTreeMap<ChangeHash, RawChange>) -> BTreeMap<ChangeHash, RawChange> {
    loop {
        let lacks = |change: &RawChange| {
            scan(change.framed()).map_or(true, |info| info.deps.iter().any(|dep| !changes.contains_key(dep)))
        };
        let lacking: Vec<_> = changes.iter().filter(|(_, change)| lacks(change)).map(|(hash, _)| *hash).collect();
        if lacking.is_empty() {
            return changes;
        }
        lacking.iter().for_each(|hash| drop(changes.remove(hash)));
    }
}
