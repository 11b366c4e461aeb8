//! What the state machine asks for, and what it tells.

use serde::{Deserialize, Serialize};
use sync_core::device::{Effect, Notice, StopReason};
use tsify::Tsify;

use crate::stored::{StoreWrite, log_text};

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
