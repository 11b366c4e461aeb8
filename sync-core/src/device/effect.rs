//! What goes into a device's state machine and what comes out of it, as plain data.

use std::collections::BTreeSet;

use crate::id::{
    AreaId, BatchHash, BatchSeq, CertificateNo, DeviceId, PublicKey, RecordId, RecordKind, RecorderId, Role, UnixMs,
};
use crate::log::{Batch, Inventory, LogId, RawChange, Signature};
use crate::sync::{DirectoryEntry, Proposal, SnapshotOffer, Withheld};

/// Names one [`Effect::Persist`], so that its outcome can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Who this device is, from its newest certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The device.
    pub device: DeviceId,
    /// The certificate new batches name.
    pub certificate: CertificateNo,
    /// The person's account.
    pub recorder: RecorderId,
    /// What the person may do.
    pub role: Role,
    /// The areas the certificate names; informs, decides nothing here.
    pub areas: BTreeSet<AreaId>,
    /// The device ids of the server's own logs, one for each log key it ever had: the only ones whose `adopted` entries
    /// count.
    pub servers: BTreeSet<DeviceId>,
    /// The server's receipt keys, by key id.
    pub receipt_keys: Vec<(String, PublicKey)>,
}

/// A change that is recorded but not yet part of a signed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingChange {
    /// The kind of its record.
    pub kind: RecordKind,
    /// Its record.
    pub record: RecordId,
    /// The change.
    pub change: RawChange,
}

/// What a store held when it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The hashes of each log's batches, from the first.
    pub chains: Vec<(LogId, Vec<BatchHash>)>,
    /// The entries of those batches whose bytes are not here.
    pub withheld: Withheld,
    /// The areas that have pending changes.
    pub pending: BTreeSet<AreaId>,
    /// Own logs: what went out, receipt or not.
    pub sent: Inventory,
    /// Own logs: what the server signed for.
    pub stored: Inventory,
    /// Own logs: what the server signed for as backed up.
    pub backed_up: Inventory,
    /// The inventory last agreed on with the server.
    pub agreement: Option<Proposal>,
    /// Who is behind each device id.
    pub directory: Vec<DirectoryEntry>,
    /// Own logs that went another way on the server and have to be fetched again before anything is sealed in them.
    pub refetch: BTreeSet<LogId>,
    /// Areas that left the device's scope: the server says nothing of them.
    pub outside: BTreeSet<AreaId>,
}

/// A change of the store. All writes of one [`Effect::Persist`] are one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Keep a change that is not sealed yet.
    AddPending {
        /// The area its batch will belong to.
        area: AreaId,
        /// The change.
        change: PendingChange,
    },
    /// Keep a batch. When it is one of this device, drop the pending changes it holds.
    PutBatch(Batch),
    /// Forget a log of another device: the server holds another history of it and will send that.
    DropLog(LogId),
    /// Take this device's own log apart: its changes become pending again, its batches are forgotten.
    Unseal(LogId),
    /// Replace [`Stored::sent`].
    SetSent(Inventory),
    /// Replace [`Stored::stored`].
    SetStored(Inventory),
    /// Replace [`Stored::backed_up`].
    SetBackedUp(Inventory),
    /// Replace [`Stored::agreement`].
    SetAgreement(Option<Proposal>),
    /// Keep or replace a directory entry.
    PutDirectory(DirectoryEntry),
    /// Replace [`Stored::refetch`].
    SetRefetch(BTreeSet<LogId>),
    /// Replace [`Stored::outside`].
    SetOutside(BTreeSet<AreaId>),
}

/// What the driver is to do. Effects are carried out in the order in which they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write, durably and all or nothing; answer [`Input::Persisted`] or [`Input::PersistFailed`].
    Persist {
        /// To be given back.
        ticket: Ticket,
        /// What to write.
        writes: Vec<Write>,
    },
    /// Sign with the device key; answer [`Input::Signed`].
    Sign {
        /// The exact bytes to sign.
        message: Vec<u8>,
    },
    /// Read the oldest pending changes of an area; answer [`Input::PendingRead`].
    ReadPending {
        /// The area.
        area: AreaId,
        /// At most so many.
        at_most: usize,
    },
    /// Read batches of a log in order; answer [`Input::LogRead`].
    ReadLog {
        /// The log.
        log: LogId,
        /// From the batch after this one.
        after: BatchSeq,
        /// Stop once the batches take about so many bytes, but read at least one.
        about_bytes: usize,
    },
    /// Send this request to the server's sync endpoint; answer [`Input::Received`] or [`Input::Failed`].
    Send {
        /// The request, see [`crate::sync::Request`].
        request: Vec<u8>,
    },
    /// Fetch a snapshot; answer [`Input::SnapshotFetched`] or [`Input::Failed`].
    FetchSnapshot(SnapshotOffer),
    /// Draw a new actor before anything more is recorded: changes of the present one may have left the store, and a
    /// number used twice would lose a record.
    RenewActor,
    /// Hand this file, once encrypted to the server, to a carrier.
    Export {
        /// The file, see [`crate::sync::Carried`].
        file: Vec<u8>,
        /// How many changes are in it.
        changes: usize,
    },
    /// Tell whoever watches.
    Notify(Notice),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A person recorded or edited something. Accepted at any time, also during a sync.
    Recorded {
        /// The area the record belongs to.
        area: AreaId,
        /// The change.
        change: PendingChange,
    },
    /// A person, or a connection that appeared, asks to sync. Ignored while one runs.
    SyncRequested {
        /// The device's clock.
        now: UnixMs,
    },
    /// A person asks for a file of everything the server has not signed for.
    ExportRequested {
        /// The device's clock.
        now: UnixMs,
    },
    /// Receipts came back by file, see [`crate::sync::ReceiptFile`].
    ReceiptsImported {
        /// The file.
        file: Vec<u8>,
    },
    /// A newer certificate or newer server keys.
    Renewed(Identity),
    /// The writes of this ticket are durable.
    Persisted(Ticket),
    /// The writes of this ticket did not happen.
    PersistFailed(Ticket),
    /// The signature asked for.
    Signed(Signature),
    /// The pending changes asked for, oldest first.
    PendingRead(Vec<PendingChange>),
    /// The batches asked for.
    LogRead(Vec<Batch>),
    /// The server's response.
    Received(Vec<u8>),
    /// The snapshot asked for, uncompressed.
    SnapshotFetched(Vec<u8>),
    /// The request, the fetch, the read or the signature failed. The sync stops; nothing is lost.
    Failed,
}

/// What a person may want to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The change is safe on this device.
    Recorded {
        /// Its record.
        record: RecordId,
    },
    /// The change could not be written; what the person typed is still theirs to save.
    NotRecorded {
        /// Its record.
        record: RecordId,
    },
    /// How far the sync is, in batches.
    Progress {
        /// Own batches the server has signed for, in this sync.
        sent: u64,
        /// Batches received, in this sync.
        received: u64,
        /// Batches known to be missing here.
        missing: u64,
    },
    /// This device's own log was longer or other on the server: its store was copied, or put back to an older state.
    /// Nothing is lost: what the server has comes back, and what only this store holds is signed anew.
    StoreCopiedOrRolledBack {
        /// The log.
        log: LogId,
        /// Whether this store had sealed batches the server knew otherwise (a copy), or only lacked some (rolled back).
        diverged: bool,
    },
    /// The server had lost batches of this log; they were given back.
    ServerWasBehind {
        /// The log.
        log: LogId,
    },
    /// A recorded change is too large for any batch: it stays on this device, and everything else goes.
    TooLarge {
        /// Its record.
        record: RecordId,
    },
    /// The server does not take batches of this log of another device: after a restore it may not know the device any
    /// more. They are kept here, and offered again with each sync.
    ServerLacks {
        /// The log.
        log: LogId,
    },
    /// A batch came whose signature or author cannot be verified; it was not kept.
    Unverifiable {
        /// Its log.
        log: LogId,
    },
    /// A receipt came that the server's keys did not make; it was ignored.
    ForgedReceipt,
    /// The sync is complete.
    Synced {
        /// The server's clock, from the last response.
        server_time: UnixMs,
    },
    /// The receipts of a file were taken in.
    ReceiptsTaken,
    /// The file is not one of receipts for this device.
    NotReceiptsForThisDevice,
    /// The sync stopped before its end.
    Stopped(StopReason),
}

/// Why a sync stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The network, the store or the key said no.
    Failed,
    /// The response or the snapshot is not one.
    NotUnderstood,
    /// The response or the snapshot follows a layout of a newer version: this program must be updated.
    UnknownLayout,
    /// Several exchanges brought nothing new although something is missing.
    NoProgress,
}
