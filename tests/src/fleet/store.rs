//! A device's store in memory: what the writes of the state machine made of it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::device::{PendingChange, Write};
use sync_core::id::{AreaId, BatchSeq, ChangeHash, DeviceId, RecordId, RecordKind};
use sync_core::log::{Batch, LogId};
use sync_core::record::{RecordView, ViewError, view};

/// Batches and what is not sealed yet. Nothing is read back from it but these: a run opens each device once.
#[derive(Debug, Default)]
pub(super) struct Store {
    logs: BTreeMap<LogId, Vec<Batch>>,
    pending: Vec<(AreaId, PendingChange)>,
}

impl Store {
    pub(super) fn write(&mut self, write: Write, me: DeviceId) {
        match write {
            Write::AddPending { area, change } => self.pending.push((area, change)),
            Write::PutBatch(batch) => {
                if batch.device() == me {
                    let held: BTreeSet<ChangeHash> = batch.header().entries.iter().map(|entry| entry.change).collect();
                    self.pending.retain(|(_, pending)| !held.contains(&pending.change.hash()));
                }
                self.logs.entry(batch.log()).or_default().push(batch);
            }
            Write::DropLog(log) => drop(self.logs.remove(&log)),
            Write::Unseal(log) => {
                for batch in self.logs.remove(&log).unwrap_or_default() {
                    let changes = batch.changes().filter_map(|(entry, body)| {
                        Some((
                            log.area,
                            PendingChange { kind: entry.known_kind()?, record: entry.record, change: body?.clone() },
                        ))
                    });
                    self.pending.extend(changes);
                }
            }
            // The state machine keeps these in memory too.
            Write::SetSent(_)
            | Write::SetStored(_)
            | Write::SetBackedUp(_)
            | Write::SetAgreement(_)
            | Write::PutDirectory(_)
            | Write::SetRefetch(_)
            | Write::SetOutside(_) => {}
        }
    }

    pub(super) fn pending(&self, area: AreaId, at_most: usize) -> Vec<PendingChange> {
        let of_area = self.pending.iter().filter(|(at, _)| *at == area);
        of_area.take(at_most).map(|(_, change)| change.clone()).collect()
    }

    pub(super) fn log(&self, log: &LogId, after: BatchSeq, about_bytes: usize) -> Vec<Batch> {
        let after = usize::try_from(after.0).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let list = self.logs.get(log).into_iter().flatten().skip(after);
        list.take_while(|batch| {
            let before = bytes;
            bytes += batch.approximate_bytes();
            before == 0 || before < about_bytes
        })
        .cloned()
        .collect()
    }

    /// Every batch this device made.
    pub(super) fn own(&self, me: DeviceId) -> Vec<Batch> {
        self.logs.values().flatten().filter(|batch| batch.device() == me).cloned().collect()
    }

    /// The framed changes of every record, in the order of its logs.
    pub(super) fn records(&self) -> BTreeMap<RecordId, Vec<&[u8]>> {
        let mut records: BTreeMap<RecordId, Vec<&[u8]>> = BTreeMap::new();
        for batch in self.logs.values().flatten() {
            for (entry, body) in batch.changes() {
                if let Some(body) = body {
                    records.entry(entry.record).or_default().push(body.framed());
                }
            }
        }
        for (_, pending) in &self.pending {
            records.entry(pending.record).or_default().push(pending.change.framed());
        }
        records
    }

    /// Every session as it stands here.
    pub(super) fn sessions(&self) -> Result<Vec<RecordView>, ViewError> {
        self.records().values().map(|changes| view(RecordKind::Session, changes)).collect()
    }
}
