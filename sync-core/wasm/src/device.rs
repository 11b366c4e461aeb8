//! The state machine of a device, one call an input, one call for the next effect.

use serde::{Deserialize, Serialize};
use sync_core::device::{Device, Effect, Input, Notice, PageSizes, PendingChange, StopReason, Ticket};
use sync_core::id::{AreaId, BatchSeq};
use sync_core::log::{RawChange, Signature, Stage};
use sync_core::sync::{Carried, ReceiptFile, pages};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::fault::{Fault, fixed, parse};
use crate::record::kind_of;
use crate::stored::{DeviceIdentity, StoreWrite, StoredBatch, StoredChange, StoredState, at, log_text};

/// What the driver is to do next.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum CoreEffect {
    /// Write, durably and all or nothing; answer `persisted` or `persistFailed`.
    Persist {
        /// To be given back.
        ticket: u64,
        /// What to write.
        writes: Vec<StoreWrite>,
    },
    /// Sign with the device key; answer `signed`.
    Sign {
        /// The exact bytes.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        message: Vec<u8>,
    },
    /// Read the oldest pending changes of an area; answer `pendingRead`.
    ReadPending {
        /// The area.
        area: String,
        /// At most so many.
        at_most: u32,
    },
    /// Read batches of a log in order; answer `logRead`.
    ReadLog {
        /// The log.
        log: String,
        /// From the batch after this one.
        after: u64,
        /// Stop once they take about so many bytes, but read at least one.
        about_bytes: f64,
    },
    /// Send to the sync endpoint; answer `received` or `failed`.
    Send {
        /// The request.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        request: Vec<u8>,
    },
    /// Fetch a snapshot; answer `snapshotFetched` or `failed`.
    FetchSnapshot {
        /// Its area.
        area: String,
        /// Its digest.
        digest: String,
        /// Its size on the line.
        bytes: u64,
    },
    /// Draw a new actor before anything more is recorded.
    RenewActor,
    /// Hand this file, once encrypted to the server, to a carrier.
    Export {
        /// The file.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        file: Vec<u8>,
        /// How many changes are in it.
        changes: u32,
    },
    /// Tell whoever watches.
    Notify {
        /// What.
        notice: CoreNotice,
    },
}

/// What a person may want to see.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum CoreNotice {
    /// The change is durable.
    Recorded {
        /// Its record.
        record: String,
    },
    /// The change could not be written.
    NotRecorded {
        /// Its record.
        record: String,
    },
    /// How far the sync is, in batches.
    Progress {
        /// Own ones the server signed for.
        sent: u64,
        /// Received ones.
        received: u64,
        /// Known to be missing here.
        missing: u64,
    },
    /// The store was copied, or put back to an older state; nothing is lost.
    StoreCopied {
        /// The log.
        log: String,
        /// Whether this store had sealed batches the server knew otherwise.
        diverged: bool,
    },
    /// The server had lost batches of this log; they were given back.
    ServerWasBehind {
        /// The log.
        log: String,
    },
    /// A recorded change is too large for any batch; it stays here, and everything else goes.
    TooLarge {
        /// Its record.
        record: String,
    },
    /// The server does not take batches of this log of another device; they are kept here and offered again.
    ServerLacks {
        /// The log.
        log: String,
    },
    /// A batch whose author cannot be verified; not kept.
    Unverifiable {
        /// Its log.
        log: String,
    },
    /// A receipt that the server's keys did not make; ignored.
    ForgedReceipt,
    /// The sync is complete.
    Synced {
        /// The server's clock.
        server_time: i64,
    },
    /// The receipts of a file were taken in.
    ReceiptsTaken,
    /// The file is not one of receipts for this device.
    NotReceipts,
    /// The sync stopped before its end.
    Stopped {
        /// `failed`, `not_understood` or `no_progress`.
        #[tsify(type = "'failed' | 'not_understood' | 'unknown_layout' | 'no_progress'")]
        reason: String,
    },
}

impl From<Notice> for CoreNotice {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Recorded { record } => Self::Recorded { record: record.to_string() },
            Notice::NotRecorded { record } => Self::NotRecorded { record: record.to_string() },
            Notice::Progress { sent, received, missing } => Self::Progress { sent, received, missing },
            Notice::StoreCopiedOrRolledBack { log, diverged } => Self::StoreCopied { log: log_text(&log), diverged },
            Notice::ServerWasBehind { log } => Self::ServerWasBehind { log: log_text(&log) },
            Notice::TooLarge { record } => Self::TooLarge { record: record.to_string() },
            Notice::ServerLacks { log } => Self::ServerLacks { log: log_text(&log) },
            Notice::Unverifiable { log } => Self::Unverifiable { log: log_text(&log) },
            Notice::ForgedReceipt => Self::ForgedReceipt,
            Notice::Synced { server_time } => Self::Synced { server_time: server_time.0 },
            Notice::ReceiptsTaken => Self::ReceiptsTaken,
            Notice::NotReceiptsForThisDevice => Self::NotReceipts,
            Notice::Stopped(reason) => {
                let reason = match reason {
                    StopReason::Failed => "failed",
                    StopReason::NotUnderstood => "not_understood",
                    StopReason::UnknownLayout => "unknown_layout",
                    StopReason::NoProgress => "no_progress",
                };
                Self::Stopped { reason: reason.to_owned() }
            }
        }
    }
}

impl From<Effect> for CoreEffect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Persist { ticket, writes } => {
                Self::Persist { ticket: ticket.0, writes: writes.into_iter().map(StoreWrite::from).collect() }
            }
            Effect::Sign { message } => Self::Sign { message },
            Effect::ReadPending { area, at_most } => {
                Self::ReadPending { area: area.to_string(), at_most: u32::try_from(at_most).unwrap_or(u32::MAX) }
            }
            Effect::ReadLog { log, after, about_bytes } => {
                Self::ReadLog { log: log_text(&log), after: after.0, about_bytes: about_bytes as f64 }
            }
            Effect::Send { request } => Self::Send { request },
            Effect::FetchSnapshot(offer) => Self::FetchSnapshot {
                area: offer.area.to_string(),
                digest: offer.digest.to_string(),
                bytes: offer.bytes,
            },
            Effect::RenewActor => Self::RenewActor,
            Effect::Export { file, changes } => {
                Self::Export { file, changes: u32::try_from(changes).unwrap_or(u32::MAX) }
            }
            Effect::Notify(notice) => Self::Notify { notice: notice.into() },
        }
    }
}

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

/// A file of unsent batches as pages for the write-only endpoint, of about so many bytes each.
#[wasm_bindgen(js_name = depositPages)]
pub fn deposit_pages(file: &[u8], about_bytes: u32) -> Result<Vec<js_sys::Uint8Array>, Fault> {
    let carried = Carried::from_bytes(file).map_err(Fault::unreadable)?;
    let pages = pages(carried.page.batches, about_bytes as usize);
    Ok(pages.iter().map(|page| js_sys::Uint8Array::from(page.to_bytes().as_slice())).collect())
}

/// What a file of receipts says: whose they are, how many logs they speak of, how many batches were held.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct ReceiptsRead {
    /// The device they are for.
    pub to: String,
    /// Logs.
    pub logs: u32,
    /// Batches that wait for others or were held for a person to look at.
    pub held: u32,
}

/// Reads a file of receipts.
#[wasm_bindgen(js_name = readReceipts)]
pub fn read_receipts(file: &[u8]) -> Result<Ts<ReceiptsRead>, Fault> {
    let file = ReceiptFile::from_bytes(file).map_err(Fault::unreadable)?;
    let count = |of: fn(&sync_core::log::Receipt) -> usize| {
        u32::try_from(file.receipts.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
    };
    let (logs, held) = (count(|receipt| receipt.heads.len()), count(|receipt| receipt.held.len()));
    Ok(ReceiptsRead { to: file.to.to_string(), logs, held }.into_ts()?)
}
