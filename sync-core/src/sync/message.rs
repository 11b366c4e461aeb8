//! The two messages of the exchange.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::{DirectoryEntry, read_certificates, weigh_certificates, write_certificates};
use super::page::{Page, PageError};
use super::plan::Epoch;
use crate::id::{AreaId, BatchSeq, UnixMs};
use crate::log::{Digest16, Head, LogId, Receipt};
use crate::wire::{Reader, WireError, Writer};

const LAYOUT: u8 = 1;
/// The most bytes of a page a request may ask for.
const MAX_PAGE_BYTES: u64 = 64 << 20;
/// The fewest bytes what is withheld of one log takes: log, count, one entry.
const LEAST_WITHHELD_BYTES: usize = 13;
/// What a head takes in memory: as a list, and again as the inventory it makes.
const HEAD_BYTES: usize = 3 * size_of::<(LogId, Head)>();
/// What a log of which something is withheld takes in memory: nodes of trees are half full.
const WITHHELD_LOG_BYTES: usize = 3 * size_of::<(LogId, BTreeSet<(BatchSeq, u8)>)>() + 12 * size_of::<(BatchSeq, u8)>();
/// What an entry that is withheld takes in memory, in such a node.
const WITHHELD_ENTRY_BYTES: usize = 2 * size_of::<(BatchSeq, u8)>();

/// The entries, by batch and place in it, whose bytes a device does not have although it has their batch.
pub type Withheld = BTreeMap<LogId, BTreeSet<(BatchSeq, u8)>>;

/// What a device has, and what it believes the server lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the device's clock says; shown to officers as skew, decides nothing.
    pub clock: UnixMs,
    /// The agreement `heads` is relative to; [`Digest16::NONE`] when `heads` is the whole inventory.
    pub agreement: Digest16,
    /// About how many bytes of batches, before compression, the response may hold.
    pub page_bytes: u64,
    /// Whether the device would rather fetch a prepared snapshot than many pages.
    pub take_snapshots: bool,
    /// Where the device's inventory, with the batches of this request, differs from the agreement.
    pub heads: Vec<(LogId, Head)>,
    /// With the whole inventory, what of it was withheld from the device; else empty. A server that was restored may have
    /// judged the same changes otherwise, which heads alone do not show.
    pub withheld: Withheld,
    /// The certificates of others whose batches are in the page: by them a server that was restored from a backup older
    /// than their enrolment knows whose batches these are.
    pub certificates: Vec<String>,
    /// Batches the server is believed to lack: own ones, and others' that the server has lost.
    pub page: Page,
}

/// An area's prepared, compressed snapshot, to be fetched instead of many pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotOffer {
    /// The area.
    pub area: AreaId,
    /// Which snapshot: the digest of the inventory it holds.
    pub digest: Digest16,
    /// How many bytes it takes on the wire.
    pub bytes: u64,
}

/// The substance of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The server's epoch.
    pub epoch: Epoch,
    /// Stands, from now on, for the server's inventory after this request and the backed-up heads of the device's logs.
    pub agreement: Digest16,
    /// The page was cut: ask again.
    pub more: bool,
    /// Where the server's inventory differs from the device's.
    pub heads: Vec<(LogId, Head)>,
    /// Signed statements about the device's batches, and those it carried.
    pub receipts: Vec<Receipt>,
    /// Areas named in the request that are not in the device's scope: nothing is said of them, and nothing of others'
    /// logs there is to be sent. Ascending.
    pub outside: Vec<AreaId>,
    /// Batches of the device whose bytes the server lacks although it has their hashes.
    pub wanted: Vec<(LogId, BatchSeq)>,
    /// Logs of which the server withholds other entries than were withheld from the device: its copy is to be replaced by
    /// the server's. Ascending.
    pub differs: Vec<LogId>,
    /// Devices whose logs the device has not seen yet.
    pub directory: Vec<DirectoryEntry>,
    /// Areas that are better fetched whole.
    pub snapshots: Vec<SnapshotOffer>,
    /// Batches the device lacks.
    pub page: Page,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Nothing differs from the agreement.
    InAgreement {
        /// The server's clock.
        at: UnixMs,
    },
    /// The server does not remember the agreement: send the whole inventory. Batches that came are stored all the same.
    UnknownAgreement {
        /// The server's clock.
        at: UnixMs,
    },
    /// What differs.
    Exchange {
        /// The server's clock.
        at: UnixMs,
        /// What differs.
        exchange: Box<Exchange>,
    },
}

/// A message's bytes are not such a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes do not follow the layout.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The page in it is not one.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl MessageError {
    /// Whether the message, or the page in it, follows a layout of another version: it is whole, and not for this one.
    #[must_use]
    pub fn is_unknown_layout(&self) -> bool {
        match self {
            Self::Wire(error) => matches!(error, WireError::Layout { .. }),
            Self::Page(error) => error.is_unknown_layout(),
        }
    }
}

impl Request {
    /// The frozen layout 1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.byte(LAYOUT)
            .signed(self.clock.0)
            .fixed(&self.agreement.0)
            .number(self.page_bytes)
            .byte(self.take_snapshots.into());
        crate::log::write_heads(&mut out, &self.heads);
        write_withheld(&mut out, &self.withheld);
        write_certificates(&mut out, &self.certificates);
        self.page.write(&mut out);
        out.0
    }

    /// How much memory [`Request::from_bytes`] would take for these bytes; see [`Page::weigh`].
    ///
    /// # Errors
    /// [`MessageError`] when the bytes do not follow the layout.
    pub fn weigh(bytes: &[u8]) -> Result<usize, MessageError> {
        let mut from = Reader::new(bytes);
        from.layout(LAYOUT)?;
        from.signed("clock")?;
        from.take("agreement", 16)?;
        from.number("page_bytes")?;
        from.byte("take_snapshots")?;
        let heads = crate::log::skip_heads(&mut from)? * HEAD_BYTES;
        let withheld = skip_withheld(&mut from)?;
        let certificates = weigh_certificates(&mut from)?;
        Ok(heads + withheld + certificates + Page::weigh(&mut from)?)
    }

    /// How much of that is what the device says it has: as long as it is compared, whatever became of the batches.
    #[must_use]
    pub fn weigh_said(&self) -> usize {
        let entries: usize = self.withheld.values().map(BTreeSet::len).sum();
        self.heads.len() * HEAD_BYTES + self.withheld.len() * WITHHELD_LOG_BYTES + entries * WITHHELD_ENTRY_BYTES
    }

    /// Reads what [`Request::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`MessageError`] when the bytes do not follow the layout; nothing of them is to be used then.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut from = Reader::new(bytes);
        from.layout(LAYOUT)?;
        Ok(Self {
            clock: UnixMs(from.signed("clock")?),
            agreement: Digest16(from.fixed("agreement")?),
            page_bytes: from.number_up_to("page_bytes", MAX_PAGE_BYTES)?,
            take_snapshots: read_bool(&mut from, "take_snapshots")?,
            heads: crate::log::read_heads(&mut from)?,
            withheld: read_withheld(&mut from)?,
            certificates: read_certificates(&mut from)?,
            page: Page::read(&mut from)?,
        })
    }
}

impl Response {
    /// The frozen layout 1.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.byte(LAYOUT);
        match self {
            Self::InAgreement { at } => {
                out.byte(0).signed(at.0);
            }
            Self::Exchange { at, exchange } => {
                out.byte(1).signed(at.0);
                exchange.write(&mut out);
            }
            Self::UnknownAgreement { at } => {
                out.byte(2).signed(at.0);
            }
        }
        out.0
    }

    /// Reads what [`Response::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`MessageError`] when the bytes do not follow the layout; nothing of them is to be used then.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut from = Reader::new(bytes);
        from.layout(LAYOUT)?;
        let status = from.byte("status")?;
        let at = UnixMs(from.signed("at")?);
        let response = match status {
            0 => Self::InAgreement { at },
            1 => return Ok(Self::Exchange { at, exchange: Box::new(Exchange::read(&mut from)?) }),
            2 => Self::UnknownAgreement { at },
            got => return Err(WireError::Value { field: "status", got: got.into() }.into()),
        };
        from.end()?;
        Ok(response)
    }
}

impl Exchange {
    fn write(&self, out: &mut Writer) {
        out.fixed(&self.epoch.0).fixed(&self.agreement.0).byte(self.more.into());
        crate::log::write_heads(out, &self.heads);
        out.count(self.receipts.len());
        for receipt in &self.receipts {
            receipt.write(out);
        }
        out.count(self.outside.len());
        for area in &self.outside {
            out.number(area.generation.into()).number(area.code.into());
        }
        out.count(self.wanted.len());
        for (log, seq) in &self.wanted {
            log.write(out);
            out.number(seq.0);
        }
        out.count(self.differs.len());
        for log in &self.differs {
            log.write(out);
        }
        DirectoryEntry::write_all(out, &self.directory);
        out.count(self.snapshots.len());
        for offer in &self.snapshots {
            out.number(offer.area.generation.into())
                .number(offer.area.code.into())
                .fixed(&offer.digest.0)
                .number(offer.bytes);
        }
        self.page.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, MessageError> {
        let epoch = Epoch(from.fixed("epoch")?);
        let agreement = Digest16(from.fixed("agreement")?);
        let more = read_bool(from, "more")?;
        let heads = crate::log::read_heads(from)?;
        let count = from.count("receipts", 1000, 70)?;
        let receipts = (0..count).map(|_| Receipt::read(from)).collect::<Result<_, _>>()?;
        let count = from.count("outside", 10_000, 3)?;
        let mut outside: Vec<AreaId> = Vec::with_capacity(count);
        for _ in 0..count {
            let area = read_area(from)?;
            if outside.last().is_some_and(|last| *last >= area) {
                return Err(WireError::Order { field: "outside" }.into());
            }
            outside.push(area);
        }
        let count = from.count("wanted", 100_000, 11)?;
        let wanted = (0..count)
            .map(|_| Ok((LogId::read(from)?, BatchSeq(from.number("seq")?))))
            .collect::<Result<_, WireError>>()?;
        let count = from.count("differs", crate::log::MAX_HEADS, 10)?;
        let mut differs: Vec<LogId> = Vec::with_capacity(count);
        for _ in 0..count {
            let log = LogId::read(from)?;
            if differs.last().is_some_and(|last| *last >= log) {
                return Err(WireError::Order { field: "differs" }.into());
            }
            differs.push(log);
        }
        let directory = DirectoryEntry::read_all(from)?;
        let count = from.count("snapshots", 10_000, 19)?;
        let snapshots = (0..count).map(|_| read_offer(from)).collect::<Result<_, _>>()?;
        let page = Page::read(from)?;
        Ok(Self { epoch, agreement, more, heads, receipts, outside, wanted, differs, directory, snapshots, page })
    }
}

fn write_withheld(out: &mut Writer, withheld: &Withheld) {
    out.count(withheld.len());
    for (log, entries) in withheld {
        log.write(out);
        out.count(entries.len());
        for (seq, ordinal) in entries {
            out.number(seq.0).byte(*ordinal);
        }
    }
}

/// Passes over what [`write_withheld`] wrote; says how much memory it would take, as nodes of trees.
fn skip_withheld(from: &mut Reader<'_>) -> Result<usize, WireError> {
    let mut bytes = 0;
    for _ in 0..from.count("withheld", crate::log::MAX_HEADS, LEAST_WITHHELD_BYTES)? {
        LogId::read(from)?;
        bytes += WITHHELD_LOG_BYTES;
        for _ in 0..from.count("withheld.entries", 1 << 20, 2)? {
            from.number("seq")?;
            from.byte("ordinal")?;
            bytes += WITHHELD_ENTRY_BYTES;
        }
    }
    Ok(bytes)
}

fn read_withheld(from: &mut Reader<'_>) -> Result<Withheld, WireError> {
    let mut withheld = Withheld::new();
    for _ in 0..from.count("withheld", crate::log::MAX_HEADS, LEAST_WITHHELD_BYTES)? {
        let log = LogId::read(from)?;
        if withheld.last_key_value().is_some_and(|(last, _)| *last >= log) {
            return Err(WireError::Order { field: "withheld" });
        }
        let mut entries = BTreeSet::new();
        let count = from.count("withheld.entries", 1 << 20, 2)?;
        if count == 0 {
            return Err(WireError::Value { field: "withheld.entries", got: 0 });
        }
        for _ in 0..count {
            let entry = (BatchSeq(from.number("seq")?), from.byte("ordinal")?);
            if entries.last().is_some_and(|last| *last >= entry) {
                return Err(WireError::Order { field: "withheld.entries" });
            }
            entries.insert(entry);
        }
        withheld.insert(log, entries);
    }
    Ok(withheld)
}

fn read_offer(from: &mut Reader<'_>) -> Result<SnapshotOffer, WireError> {
    Ok(SnapshotOffer { area: read_area(from)?, digest: Digest16(from.fixed("digest")?), bytes: from.number("bytes")? })
}

fn read_area(from: &mut Reader<'_>) -> Result<AreaId, WireError> {
    let generation = from.number_up_to("generation", 9999)? as u16;
    let code = from.number_up_to("code", 99_999)? as u32;
    Ok(AreaId { generation, code })
}

fn read_bool(from: &mut Reader<'_>, field: &'static str) -> Result<bool, WireError> {
    match from.byte(field)? {
        0 => Ok(false),
        1 => Ok(true),
        got => Err(WireError::Value { field, got: got.into() }),
    }
}
