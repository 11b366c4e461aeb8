//! The state machine of a device, one call an input, one call for the next effect.

mod effect;
mod file;

use serde::{Deserialize, Serialize};
use sync_core::device::{Device, Input, PageSizes, PendingChange, Ticket};
use sync_core::id::{AreaId, BatchSeq};
use sync_core::log::{RawChange, Signature, Stage};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

pub use effect::{CoreEffect, CoreNotice};
pub use file::{ReceiptsRead, deposit_pages, read_receipts};

use crate::fault::{Fault, fixed, parse};
use crate::record::kind_of;
use crate::stored::{DeviceIdentity, StoredBatch, StoredChange, StoredState, at, log_text};

/// How far an own log has come.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct OwnLog {
    /// The log.
    pub log: String,
    /// The last batch that went out.
    pub sent: u64,
    /// The last the server signed for.
    pub stored: u64,
    /// The last the server signed for as backed up.
    pub backed_up: u64,
}

/// Who is behind a device.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct Person {
    /// The device.
    pub device: String,
    /// The person's account.
    pub recorder: u32,
    /// The person's name.
    pub name: String,
}

/// The device. Call `poll` after each input until it gives nothing, and carry out each effect in order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core(Device);

#[wasm_bindgen]
impl Core {
    /// A device as its store left it.
    #[wasm_bindgen(constructor)]
    pub fn new(
        identity: Ts<DeviceIdentity>,
        stored: Ts<StoredState>,
        receive_bytes: u32,
        send_bytes: u32,
    ) -> Result<Self, Fault> {
        let (identity, mut stored) = (identity.to_rust()?, stored.to_rust()?.state()?);
        let own = identity.entry()?;
        stored.directory.retain(|entry| entry.device() != own.device());
        stored.directory.push(own);
        let sizes = PageSizes { receive_bytes: receive_bytes.into(), send_bytes: send_bytes as usize, snapshots: true };
        Ok(Self(Device::new(identity.identity()?, stored, sizes)))
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Result<Option<Ts<CoreEffect>>, Fault> {
        Ok(self.0.poll_effect().map(|effect| CoreEffect::from(effect).into_ts()).transpose()?)
    }

    /// Whether a sync or an export is under way.
    #[wasm_bindgen(js_name = isBusy)]
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    /// A person recorded or edited something.
    pub fn recorded(&mut self, area: &str, kind: u8, record: &str, bytes: &[u8]) -> Result<(), Fault> {
        let area: AreaId = parse(area)?;
        let change = RawChange::from_framed(bytes).map_err(Fault::unreadable)?;
        let change = PendingChange { kind: kind_of(kind)?, record: parse(record)?, change };
        self.0.handle(Input::Recorded { area, change });
        Ok(())
    }

    /// A person, or a connection that appeared, asks to sync.
    #[wasm_bindgen(js_name = syncRequested)]
    pub fn sync_requested(&mut self, now: f64) {
        self.0.handle(Input::SyncRequested { now: at(now) });
    }

    /// A person asks for a file of everything the server has not signed for.
    #[wasm_bindgen(js_name = exportRequested)]
    pub fn export_requested(&mut self, now: f64) {
        self.0.handle(Input::ExportRequested { now: at(now) });
    }

    /// Receipts came back by file.
    #[wasm_bindgen(js_name = receiptsImported)]
    pub fn receipts_imported(&mut self, file: Vec<u8>) {
        self.0.handle(Input::ReceiptsImported { file });
    }

    /// A newer certificate or newer server keys.
    pub fn renewed(&mut self, identity: Ts<DeviceIdentity>) -> Result<(), Fault> {
        self.0.handle(Input::Renewed(identity.to_rust()?.identity()?));
        Ok(())
    }

    /// The writes of this ticket are durable.
    pub fn persisted(&mut self, ticket: f64) {
        self.0.handle(Input::Persisted(Ticket(ticket as u64)));
    }

    /// The writes of this ticket did not happen.
    #[wasm_bindgen(js_name = persistFailed)]
    pub fn persist_failed(&mut self, ticket: f64) {
        self.0.handle(Input::PersistFailed(Ticket(ticket as u64)));
    }

    /// The signature asked for.
    pub fn signed(&mut self, signature: &[u8]) -> Result<(), Fault> {
        self.0.handle(Input::Signed(Signature(fixed(signature, "signature")?)));
        Ok(())
    }

    /// The pending changes asked for, oldest first.
    #[wasm_bindgen(js_name = pendingRead)]
    pub fn pending_read(&mut self, changes: Vec<Ts<StoredChange>>) -> Result<(), Fault> {
        let changes = changes.iter().map(|change| change.to_rust()?.pending()).collect::<Result<_, Fault>>()?;
        self.0.handle(Input::PendingRead(changes));
        Ok(())
    }

    /// The batches asked for.
    #[wasm_bindgen(js_name = logRead)]
    pub fn log_read(&mut self, batches: Vec<Ts<StoredBatch>>) -> Result<(), Fault> {
        let batches = batches.iter().map(|batch| batch.to_rust()?.batch()).collect::<Result<_, Fault>>()?;
        self.0.handle(Input::LogRead(batches));
        Ok(())
    }

    /// The server's response.
    pub fn received(&mut self, bytes: Vec<u8>) {
        self.0.handle(Input::Received(bytes));
    }

    /// The snapshot asked for, uncompressed.
    #[wasm_bindgen(js_name = snapshotFetched)]
    pub fn snapshot_fetched(&mut self, bytes: Vec<u8>) {
        self.0.handle(Input::SnapshotFetched(bytes));
    }

    /// The request, the fetch, the read or the signature failed.
    pub fn failed(&mut self) {
        self.0.handle(Input::Failed);
    }

    /// How far each own log has come.
    #[wasm_bindgen(js_name = ownLogs)]
    pub fn own_logs(&self) -> Result<Vec<Ts<OwnLog>>, Fault> {
        let me = self.0.identity().device;
        let inventory = self.0.inventory();
        let own = inventory.iter().filter(|(log, _)| log.device == me);
        own.map(|(log, _)| {
            let BatchSeq(backed_up) = self.0.receipts(Stage::BackedUp).head(log).seq;
            let stored = self.0.receipts(Stage::Stored).head(log).seq.0.max(backed_up);
            let sent = self.0.sent().head(log).seq.0.max(stored);
            Ok(OwnLog { log: log_text(log), sent, stored, backed_up }.into_ts()?)
        })
        .collect()
    }

    /// Everybody this device has heard of.
    pub fn people(&self) -> Result<Vec<Ts<Person>>, Fault> {
        let person = |(device, entry): (&sync_core::id::DeviceId, &sync_core::sync::DirectoryEntry)| Person {
            device: device.to_string(),
            recorder: entry.recorder.0,
            name: entry.name.clone(),
        };
        self.0.directory().iter().map(|entry| Ok(person(entry).into_ts()?)).collect()
    }
}
