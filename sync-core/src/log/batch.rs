//! Signed batches: the unit a device signs, a server stores and any carrier brings.

use sha2::{Digest, Sha256};

use super::{Head, LogId, RawChange, Signature, verify};
use crate::id::{BatchHash, BatchSeq, CertificateNo, ChangeHash, DeviceId, PublicKey, RecordId, RecordKind, UnixMs};
use crate::wire::{Reader, WireError, Writer};

/// The schema number of the records this version writes. A batch that names a higher one is kept in quarantine.
pub const SCHEMA: u16 = 1;

/// What a batch may hold at most. Frozen with layout 1.
pub mod limits {
    /// Entries in one batch.
    pub const ENTRIES: usize = 256;
    /// Contents of one change, in bytes.
    pub const CHANGE_BYTES: usize = 65_536;
    /// Contents of all changes of one batch, in bytes.
    pub const BATCH_BYTES: usize = 1 << 20;
}

const LAYOUT: u8 = 1;
const CONTEXT: &[u8] = b"banlang batch v1";

/// What the header says of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The number of a [`RecordKind`]; a newer device may use one this version does not know.
    pub kind: u8,
    /// The record this change belongs to. Automerge changes do not name their document: this binding does.
    pub record: RecordId,
    /// The change was written by another device and released from quarantine by the server that signs this batch.
    pub adopted: bool,
    /// The hash of the change.
    pub change: ChangeHash,
}

impl Entry {
    /// Whether the change is the first of its record: then the record's id follows from the hash.
    #[must_use]
    pub fn is_first(&self) -> bool {
        RecordId::of_first_change(&self.change) == self.record
    }

    /// The kind, when this version knows it.
    #[must_use]
    pub fn known_kind(&self) -> Option<RecordKind> {
        RecordKind::from_code(self.kind)
    }
}

/// The signed part of a batch. Its encoding is canonical: one header has one byte form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHeader {
    /// The log this batch belongs to; the device named here signs.
    pub log: LogId,
    /// The place in the log; the first is 1.
    pub seq: BatchSeq,
    /// The hash of the batch before; [`BatchHash::NONE`] exactly when `seq` is 1.
    pub prev: BatchHash,
    /// Under which of the device's certificates it was sealed.
    pub certificate: CertificateNo,
    /// What the device's clock said at sealing. A claim: nothing is decided by it.
    pub sealed_at: UnixMs,
    /// The highest schema number of the records in it.
    pub schema: u16,
    /// At least one, at most [`limits::ENTRIES`].
    pub entries: Vec<Entry>,
}

/// The change of an entry, or nothing when its bytes were purged or are withheld.
pub type Body = Option<RawChange>;

/// A header, its signature and the bodies that are there.
///
/// Invariant: one body slot per entry, and each body that is there has the hash its entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    header: BatchHeader,
    hash: BatchHash,
    signature: Signature,
    bodies: Vec<Body>,
}

/// A batch contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes do not follow the layout.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// No entries, or over a limit of [`limits`].
    #[error("a batch holds 1 to {} changes of together at most {} bytes", limits::ENTRIES, limits::BATCH_BYTES)]
    Size,
    /// `seq` is 0, or is 1 with a predecessor, or is above 1 without one.
    #[error("sequence number and predecessor do not fit each other")]
    Chain,
    /// The header was not signed with this key, or the key is not the device's.
    #[error("the signature is not the device's")]
    Signature,
    /// A body does not have the hash its entry names.
    #[error("change {ordinal} does not have the hash that was signed")]
    Body {
        /// The index of the entry.
        ordinal: usize,
    },
}

impl BatchHeader {
    /// Appends the frozen layout 1. This, after the context `banlang batch v1`, is what is hashed and signed.
    pub fn write(&self, out: &mut Writer) {
        out.byte(LAYOUT);
        self.log.write(out);
        out.number(self.seq.0)
            .fixed(&self.prev.0)
            .number(self.certificate.0.into())
            .signed(self.sealed_at.0)
            .number(self.schema.into())
            .count(self.entries.len());
        for entry in &self.entries {
            out.byte(entry.kind).byte(entry.flags());
            if !entry.is_first() {
                out.fixed(&entry.record.0);
            }
            out.fixed(&entry.change.0);
        }
    }

    /// Reads what [`BatchHeader::write`] wrote.
    ///
    /// # Errors
    /// [`BatchError`] when the bytes do not follow the layout or contradict themselves.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, BatchError> {
        from.layout(LAYOUT)?;
        let log = LogId::read(from)?;
        let seq = BatchSeq(from.number("seq")?);
        let prev = BatchHash(from.fixed("prev")?);
        let certificate = CertificateNo(from.number_up_to("certificate", u32::MAX.into())? as u32);
        let sealed_at = UnixMs(from.signed("sealed_at")?);
        let schema = from.number_up_to("schema", u16::MAX.into())? as u16;
        let count = from.count("entries", limits::ENTRIES, 34)?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let kind = from.byte("kind")?;
            let flags = read_flags(from)?;
            let named = if flags.named { Some(RecordId(from.fixed("record")?)) } else { None };
            let change = ChangeHash(from.fixed("change")?);
            entries.push(flags.entry(kind, named, change)?);
        }
        let header = Self { log, seq, prev, certificate, sealed_at, schema, entries };
        header.check()?;
        Ok(header)
    }

    /// The hash that names this batch, and what its signature covers.
    #[must_use]
    pub fn hash(&self) -> BatchHash {
        BatchHash(Sha256::digest(self.signing_bytes()).into())
    }

    /// The exact bytes an Ed25519 signature is made over: the context, then the header.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut out = Writer(CONTEXT.to_vec());
        self.write(&mut out);
        out.0
    }

    /// The header's canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.0
    }

    pub(crate) fn check(&self) -> Result<(), BatchError> {
        if self.entries.is_empty() || self.entries.len() > limits::ENTRIES {
            return Err(BatchError::Size);
        }
        let first = self.seq.0 == 1;
        if self.seq.0 == 0 || first != (self.prev == BatchHash::NONE) {
            return Err(BatchError::Chain);
        }
        Ok(())
    }
}

/// The flags byte of an entry: bit 0 the record is named, bit 1 adopted, bit 2 (only in pages) the body is withheld.
pub(crate) struct EntryFlags {
    pub(crate) named: bool,
    pub(crate) adopted: bool,
    pub(crate) withheld: bool,
}

impl EntryFlags {
    pub(crate) fn byte(&self) -> u8 {
        u8::from(self.named) | u8::from(self.adopted) << 1 | u8::from(self.withheld) << 2
    }

    pub(crate) fn read(from: &mut Reader<'_>, accepted: u8) -> Result<Self, WireError> {
        let bits = from.byte("flags")?;
        if bits & !accepted != 0 {
            return Err(WireError::Value { field: "flags", got: bits.into() });
        }
        Ok(Self { named: bits & 1 != 0, adopted: bits & 2 != 0, withheld: bits & 4 != 0 })
    }

    /// The entry; an id that is named although it follows from the hash is an error, so that one header has one form.
    pub(crate) fn entry(&self, kind: u8, named: Option<RecordId>, change: ChangeHash) -> Result<Entry, WireError> {
        let derived = RecordId::of_first_change(&change);
        if named == Some(derived) {
            return Err(WireError::Value { field: "record", got: 0 });
        }
        Ok(Entry { kind, record: named.unwrap_or(derived), adopted: self.adopted, change })
    }
}

fn read_flags(from: &mut Reader<'_>) -> Result<EntryFlags, WireError> {
    EntryFlags::read(from, 0b011)
}

impl Entry {
    fn flags(&self) -> u8 {
        EntryFlags { named: !self.is_first(), adopted: self.adopted, withheld: false }.byte()
    }
}

impl Batch {
    /// Joins the parts.
    ///
    /// # Errors
    /// [`BatchError`] when the header contradicts itself or a body is not the one that was signed. The signature is not
    /// checked here: see [`Batch::verify`].
    pub fn new(header: BatchHeader, signature: Signature, bodies: Vec<Body>) -> Result<Self, BatchError> {
        header.check()?;
        if bodies.len() != header.entries.len() {
            return Err(BatchError::Size);
        }
        let mut total = 0;
        for (ordinal, (entry, body)) in header.entries.iter().zip(&bodies).enumerate() {
            let Some(body) = body else { continue };
            total += body.contents().len();
            if body.contents().len() > limits::CHANGE_BYTES || total > limits::BATCH_BYTES {
                return Err(BatchError::Size);
            }
            if body.hash() != entry.change {
                return Err(BatchError::Body { ordinal });
            }
        }
        let hash = header.hash();
        Ok(Self { header, hash, signature, bodies })
    }

    /// Joins a header and signature read from a store with the bodies that are still held.
    ///
    /// # Errors
    /// As [`BatchHeader::read`] and [`Batch::new`].
    pub fn from_stored(header: &[u8], signature: Signature, bodies: Vec<Body>) -> Result<Self, BatchError> {
        let mut reader = Reader::new(header);
        let header = BatchHeader::read(&mut reader)?;
        reader.end()?;
        Self::new(header, signature, bodies)
    }

    /// The signed part.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The log the batch belongs to.
    #[must_use]
    pub fn log(&self) -> LogId {
        self.header.log
    }

    /// The device that signed.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.header.log.device
    }

    /// The batch's name in its chain.
    #[must_use]
    pub fn hash(&self) -> BatchHash {
        self.hash
    }

    /// The head a log has once this batch is its last.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.header.seq, hash: self.hash }
    }

    /// The head the log must have for this batch to be its next.
    #[must_use]
    pub fn predecessor(&self) -> Head {
        Head { seq: BatchSeq(self.header.seq.0 - 1), hash: self.header.prev }
    }

    /// The signature over [`BatchHeader::signing_bytes`].
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// One slot an entry; `None` when the bytes were purged or are withheld.
    #[must_use]
    pub fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    /// Entries with their bodies.
    pub fn changes(&self) -> impl Iterator<Item = (&Entry, Option<&RawChange>)> {
        self.header.entries.iter().zip(self.bodies.iter().map(Option::as_ref))
    }

    /// The same batch with only the bodies `keep` accepts, by index.
    #[must_use]
    pub fn withholding(mut self, mut keep: impl FnMut(usize) -> bool) -> Self {
        for (ordinal, body) in self.bodies.iter_mut().enumerate() {
            if !keep(ordinal) {
                *body = None;
            }
        }
        self
    }

    /// Succeeds when the device's own key signed this header.
    ///
    /// # Errors
    /// [`BatchError::Signature`] when `key` is not the key of the device the header names or did not sign it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), BatchError> {
        if DeviceId::of_key(key) != self.device() || !verify(key, &self.header.signing_bytes(), &self.signature) {
            return Err(BatchError::Signature);
        }
        Ok(())
    }

    /// Roughly how many bytes the batch takes in a page before compression.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        self.bodies.iter().map(|body| 34 + body.as_ref().map_or(16, |change| change.contents().len())).sum::<usize>()
            + 140
    }
}

/// The header of the next batch of a log, ready to be signed.
///
/// # Errors
/// [`BatchError::Size`] for no changes, too many, or too large ones.
pub fn seal(
    log: LogId,
    head: Head,
    certificate: CertificateNo,
    sealed_at: UnixMs,
    changes: &[(RecordKind, RecordId, RawChange)],
) -> Result<BatchHeader, BatchError> {
    let total: usize = changes.iter().map(|(_, _, change)| change.contents().len()).sum();
    let widest = changes.iter().map(|(_, _, change)| change.contents().len()).max().unwrap_or(0);
    if total > limits::BATCH_BYTES || widest > limits::CHANGE_BYTES {
        return Err(BatchError::Size);
    }
    let header = BatchHeader {
        log,
        seq: BatchSeq(head.seq.0 + 1),
        prev: head.hash,
        certificate,
        sealed_at,
        schema: SCHEMA,
        entries: changes
            .iter()
            .map(|(kind, record, change)| Entry {
                kind: kind.code(),
                record: *record,
                adopted: false,
                change: change.hash(),
            })
            .collect(),
    };
    header.check()?;
    Ok(header)
}
