//! What a store hands to the state machine when it is opened, and what the state machine wants written.

use serde::{Deserialize, Serialize};
use sync_core::device::{Identity, PendingChange, Stored, Write};
use sync_core::id::{AreaId, BatchHash, BatchSeq, CertificateNo, DeviceId, PublicKey, RecorderId, Role, UnixMs};
use sync_core::log::{Batch, BatchHeader, Body, Inventory, LogId, RawChange, Signature};
use sync_core::sync::{DirectoryEntry, Epoch, Proposal};
use sync_core::wire::{Reader, Writer};
use tsify::Tsify;

use crate::fault::{Fault, fixed, parse};

/// Who this device is, from its newest certificate.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct DeviceIdentity {
    /// The device.
    pub device: String,
    /// Its public key, 64 hexadecimal digits.
    pub public_key: String,
    /// The certificate new batches name.
    pub certificate: u32,
    /// Its text, as the server signed it.
    pub certificate_text: String,
    /// The person's account.
    pub recorder: u32,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    #[tsify(type = "'guard' | 'officer' | 'coordinator' | 'administrator'")]
    pub role: String,
    /// The areas the certificate names.
    pub areas: Vec<String>,
    /// The devices under whose names the server seals, one for each log key it ever had.
    pub servers: Vec<String>,
    /// The server's receipt keys: key id and key.
    pub receipt_keys: Vec<(String, String)>,
}

impl DeviceIdentity {
    pub(crate) fn identity(&self) -> Result<Identity, Fault> {
        let keys = self.receipt_keys.iter().map(|(kid, key)| Ok((kid.clone(), parse::<PublicKey>(key)?)));
        Ok(Identity {
            device: parse(&self.device)?,
            certificate: CertificateNo(self.certificate),
            recorder: RecorderId(self.recorder),
            role: self.role.parse::<Role>().map_err(Fault::unreadable)?,
            areas: self.areas.iter().map(|area| parse(area)).collect::<Result<_, _>>()?,
            servers: self.servers.iter().map(|device| parse(device)).collect::<Result<_, _>>()?,
            receipt_keys: keys.collect::<Result<_, Fault>>()?,
        })
    }

    /// A device verifies its own batches too, when they come back to a copied or rolled-back store, and a server
    /// introduces only devices whose logs are new: so it introduces itself.
    pub(crate) fn entry(&self) -> Result<DirectoryEntry, Fault> {
        let (key, recorder) = (parse(&self.public_key)?, RecorderId(self.recorder));
        let role = self.role.parse::<Role>().map_err(Fault::unreadable)?;
        let (name, certificate) = (self.name.clone(), self.certificate_text.clone());
        Ok(DirectoryEntry { key, recorder, role, name, certificate })
    }
}

/// The hashes of one log's batches, from the first, one after the other.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct StoredChain {
    /// The log: `2025-06841/d2b5eb75f419a7b0`.
    pub log: String,
    /// 64 hexadecimal digits each.
    pub hashes: Vec<String>,
}

/// The changes of one log whose bytes are not here, although their batches are.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct StoredGaps {
    /// The log.
    pub log: String,
    /// The batch, and the place in it from 0, of each.
    pub entries: Vec<(u64, u8)>,
}

/// What a store held when it was opened. The texts are what [`StoreWrite::Keep`] gave, by key.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Tsify)]
#[serde(default)]
pub struct StoredState {
    /// Every log.
    pub chains: Vec<StoredChain>,
    /// What of their batches was withheld.
    pub withheld: Vec<StoredGaps>,
    /// Areas that have pending changes.
    pub pending: Vec<String>,
    /// What was kept under `sent`.
    #[tsify(optional)]
    pub sent: Option<String>,
    /// Under `stored`.
    #[tsify(optional)]
    pub stored: Option<String>,
    /// Under `backed_up`.
    #[tsify(optional)]
    pub backed_up: Option<String>,
    /// Under `agreement`.
    #[tsify(optional)]
    pub agreement: Option<String>,
    /// Under `refetch`.
    #[tsify(optional)]
    pub refetch: Option<String>,
    /// Under `outside`.
    #[tsify(optional)]
    pub outside: Option<String>,
    /// Under `directory/…`, each.
    pub directory: Vec<String>,
}

impl StoredState {
    pub(crate) fn state(&self) -> Result<Stored, Fault> {
        let chain = |chain: &StoredChain| -> Result<(LogId, Vec<BatchHash>), Fault> {
            let hashes = chain.hashes.iter().map(|hash| parse(hash)).collect::<Result<_, _>>()?;
            Ok((log_id(&chain.log)?, hashes))
        };
        let gaps = |gaps: &StoredGaps| -> Result<_, Fault> {
            let entries = gaps.entries.iter().map(|(seq, ordinal)| (BatchSeq(*seq), *ordinal)).collect();
            Ok((log_id(&gaps.log)?, entries))
        };
        let inventory = |text: &Option<String>| match text {
            Some(text) => kept(text, Inventory::read),
            None => Ok(Inventory::default()),
        };
        let agreement = self.agreement.as_deref().filter(|text| !text.is_empty());
        let list = |text: &Option<String>| -> Vec<String> {
            let text = text.as_deref().unwrap_or_default();
            text.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        Ok(Stored {
            chains: self.chains.iter().map(chain).collect::<Result<_, _>>()?,
            withheld: self.withheld.iter().map(gaps).collect::<Result<_, _>>()?,
            pending: self.pending.iter().map(|area| parse(area)).collect::<Result<_, _>>()?,
            sent: inventory(&self.sent)?,
            stored: inventory(&self.stored)?,
            backed_up: inventory(&self.backed_up)?,
            agreement: agreement.map(|text| kept(text, proposal)).transpose()?,
            directory: self
                .directory
                .iter()
                .map(|entry| kept(entry, DirectoryEntry::read))
                .collect::<Result<_, _>>()?,
            refetch: list(&self.refetch).iter().map(|log| log_id(log)).collect::<Result<_, _>>()?,
            outside: list(&self.outside).iter().map(|area| parse(area)).collect::<Result<_, _>>()?,
        })
    }
}

fn kept<T>(
    text: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, sync_core::wire::WireError>,
) -> Result<T, Fault> {
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    let bytes = bytes.ok_or_else(|| Fault::unreadable("the store holds no hexadecimal text where it should"))?;
    let mut reader = Reader::new(&bytes);
    let value = read(&mut reader).map_err(Fault::unreadable)?;
    reader.end().map_err(Fault::unreadable)?;
    Ok(value)
}

fn proposal(from: &mut Reader<'_>) -> Result<Proposal, sync_core::wire::WireError> {
    let epoch = Epoch(from.fixed("epoch")?);
    Ok(Proposal { epoch, inventory: Inventory::read(from)?, backed_up: Inventory::read(from)? })
}

/// `2025-06841/d2b5eb75f419a7b0`.
pub(crate) fn log_text(log: &LogId) -> String {
    format!("{}/{}", log.area, log.device)
}

pub(crate) fn log_id(text: &str) -> Result<LogId, Fault> {
    let (area, device) = text.split_once('/').ok_or_else(|| Fault::unreadable("a log is named AREA/DEVICE"))?;
    Ok(LogId { area: parse::<AreaId>(area)?, device: parse::<DeviceId>(device)? })
}

/// A batch as a store keeps it: whatever of its changes is withheld has no bytes.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null)]
pub struct StoredBatch {
    /// What is signed.
    #[serde(with = "serde_bytes")]
    #[tsify(type = "Uint8Array")]
    pub header: Vec<u8>,
    /// The signature.
    #[serde(with = "serde_bytes")]
    #[tsify(type = "Uint8Array")]
    pub signature: Vec<u8>,
    /// The changes, framed.
    #[tsify(type = "(Uint8Array | null)[]")]
    pub bodies: Vec<Option<serde_bytes::ByteBuf>>,
}

impl StoredBatch {
    pub(crate) fn batch(&self) -> Result<Batch, Fault> {
        let signature = Signature(fixed(&self.signature, "signature")?);
        let body = |body: &Option<serde_bytes::ByteBuf>| -> Result<Body, Fault> {
            body.as_ref().map(|bytes| RawChange::from_framed(bytes).map_err(Fault::unreadable)).transpose()
        };
        let bodies = self.bodies.iter().map(body).collect::<Result<_, _>>()?;
        Batch::from_stored(&self.header, signature, bodies).map_err(Fault::unreadable)
    }
}

/// A pending change as a store keeps it.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct StoredChange {
    /// The kind of its record, by number.
    pub kind: u8,
    /// Its record.
    pub record: String,
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    #[tsify(type = "Uint8Array")]
    pub bytes: Vec<u8>,
}

impl StoredChange {
    pub(crate) fn pending(&self) -> Result<PendingChange, Fault> {
        let change = RawChange::from_framed(&self.bytes).map_err(Fault::unreadable)?;
        Ok(PendingChange { kind: crate::record::kind_of(self.kind)?, record: parse(&self.record)?, change })
    }
}

/// One change of a batch, without its bytes.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct BatchEntry {
    /// Its record.
    pub record: String,
    /// The kind of its record, by number; also kinds of newer versions.
    pub kind: u8,
    /// Its hash.
    pub change: String,
}

/// What the store is to write; all writes of one effect are one transaction.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum StoreWrite {
    /// Keep a change that is not sealed yet.
    AddPending {
        /// The area its batch will belong to.
        area: String,
        /// Its record.
        record: String,
        /// The kind of its record, by number.
        kind: u8,
        /// Its hash.
        change: String,
        /// Its bytes.
        #[serde(with = "serde_bytes")]
        #[tsify(type = "Uint8Array")]
        bytes: Vec<u8>,
    },
    /// Keep a batch. When it is one of this device, drop the pending changes it holds.
    PutBatch {
        /// Its log.
        log: String,
        /// Its place there, from 1.
        seq: u64,
        /// Its hash.
        hash: String,
        /// Its changes.
        entries: Vec<BatchEntry>,
        /// The batch itself.
        batch: StoredBatch,
    },
    /// Forget a log of another device.
    DropLog {
        /// The log.
        log: String,
    },
    /// Take this device's own log apart: its changes become pending again.
    Unseal {
        /// The log.
        log: String,
    },
    /// Keep a text under a key, in the place of the one before.
    Keep {
        /// A name of [`StoredState`], or `directory/` and a device.
        key: String,
        /// Opaque.
        value: String,
    },
}

impl From<Write> for StoreWrite {
    fn from(write: Write) -> Self {
        let keep = |key: &str, value: String| Self::Keep { key: key.to_owned(), value };
        match write {
            Write::AddPending { area, change } => Self::AddPending {
                area: area.to_string(),
                record: change.record.to_string(),
                kind: change.kind.code(),
                change: change.change.hash().to_string(),
                bytes: change.change.framed().to_vec(),
            },
            Write::PutBatch(batch) => Self::of_batch(&batch),
            Write::DropLog(log) => Self::DropLog { log: log_text(&log) },
            Write::Unseal(log) => Self::Unseal { log: log_text(&log) },
            Write::SetSent(inventory) => keep("sent", inventory_text(&inventory)),
            Write::SetStored(inventory) => keep("stored", inventory_text(&inventory)),
            Write::SetBackedUp(inventory) => keep("backed_up", inventory_text(&inventory)),
            Write::SetAgreement(agreement) => keep(
                "agreement",
                agreement.map_or_else(String::new, |agreement| {
                    let mut out = Writer::new();
                    out.fixed(&agreement.epoch.0);
                    agreement.inventory.write(&mut out);
                    agreement.backed_up.write(&mut out);
                    sync_core::id::to_hex(&out.0)
                }),
            ),
            Write::PutDirectory(entry) => {
                let mut out = Writer::new();
                entry.write(&mut out);
                keep(&format!("directory/{}", entry.device()), sync_core::id::to_hex(&out.0))
            }
            Write::SetRefetch(logs) => keep("refetch", logs.iter().map(log_text).collect::<Vec<_>>().join(" ")),
            Write::SetOutside(areas) => {
                keep("outside", areas.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

impl StoreWrite {
    fn of_batch(batch: &Batch) -> Self {
        let header: &BatchHeader = batch.header();
        let entry = |entry: &sync_core::log::Entry| BatchEntry {
            record: entry.record.to_string(),
            kind: entry.kind,
            change: entry.change.to_string(),
        };
        let body = |body: &Body| body.as_ref().map(|change| serde_bytes::ByteBuf::from(change.framed().to_vec()));
        let BatchSeq(seq) = header.seq;
        Self::PutBatch {
            log: log_text(&header.log),
            seq,
            hash: batch.hash().to_string(),
            entries: header.entries.iter().map(entry).collect(),
            batch: StoredBatch {
                header: header.to_bytes(),
                signature: batch.signature().0.to_vec(),
                bodies: batch.bodies().iter().map(body).collect(),
            },
        }
    }
}

fn inventory_text(inventory: &Inventory) -> String {
    let mut out = Writer::new();
    inventory.write(&mut out);
    sync_core::id::to_hex(&out.0)
}

/// Milliseconds as the page has them.
pub(crate) fn at(ms: f64) -> UnixMs {
    UnixMs(ms as i64)
}
