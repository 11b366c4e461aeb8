//! Pages: batches of any number of logs, packed so that what can be derived does not travel.
//!
//! Batches that follow each other in one log form a *run*. Only the first batch of a run names its sequence number and
//! predecessor; the hash of each change is computed from its bytes; the record id of a first change from its hash.
//! A page is the payload of a request, of a response, of a snapshot and of a carried file.

use crate::id::{BatchHash, BatchSeq, CertificateNo, ChangeHash, RecordId, UnixMs};
use crate::log::{Batch, BatchError, BatchHeader, Body, Entry, Head, LogId, RawChange, Signature, limits};
use crate::wire::{Reader, WireError, Writer};

const LAYOUT: u8 = 1;
/// The fewest bytes a batch takes in a page: certificate, time, schema, count, one empty entry, signature.
const LEAST_BATCH_BYTES: usize = 4 + 3 + 64;
/// The fewest bytes a run takes: log, head of nothing, count, one batch.
const LEAST_RUN_BYTES: usize = 10 + 1 + 1 + LEAST_BATCH_BYTES;

/// The frame of a change, which is rebuilt.
const FRAME_BYTES: usize = 12;
/// What an allocation takes beside what it holds.
pub(super) const ALLOCATION_BYTES: usize = 16;

/// Packs and unpacks batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order in which they are to be applied.
    pub batches: Vec<Batch>,
}

/// A page's bytes are not a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The bytes do not follow the layout.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A batch in it contradicts itself.
    #[error("batch {index}: {source}")]
    Batch {
        /// Which batch of the page.
        index: usize,
        /// What is wrong with it.
        source: BatchError,
    },
}

impl PageError {
    /// Whether the page follows a layout of another version.
    #[must_use]
    pub fn is_unknown_layout(&self) -> bool {
        matches!(self, Self::Wire(WireError::Layout { .. }))
    }
}

impl Page {
    /// Appends the frozen layout 1: the number of runs, then the runs. An empty page is two bytes.
    pub fn write(&self, out: &mut Writer) {
        let follows = |a: &Batch, b: &Batch| b.log() == a.log() && b.predecessor() == a.head();
        let runs: Vec<&[Batch]> = self.batches.chunk_by(follows).collect();
        out.byte(LAYOUT).count(runs.len());
        for run in runs {
            run[0].log().write(out);
            run[0].predecessor().write(out);
            out.count(run.len());
            let mut clock = 0;
            for batch in run {
                write_batch(out, batch, clock);
                clock = batch.header().sealed_at.0;
            }
        }
    }

    /// Reads what [`Page::write`] wrote. A page is the last field of whatever holds it: bytes after it are an error.
    ///
    /// # Errors
    /// [`PageError`]; then nothing of the page is to be used.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, PageError> {
        from.layout(LAYOUT)?;
        let mut batches: Vec<Batch> = Vec::new();
        for _ in 0..from.count("runs", 1 << 20, LEAST_RUN_BYTES)? {
            let log = LogId::read(from)?;
            let mut head = Head::read(from)?;
            if batches.last().is_some_and(|last: &Batch| last.log() == log && last.head() == head) {
                // It would be written as one run with the one before.
                return Err(WireError::Order { field: "runs" }.into());
            }
            let count = from.count("batches", 1 << 20, LEAST_BATCH_BYTES)?;
            if count == 0 {
                return Err(WireError::Value { field: "batches", got: 0 }.into());
            }
            let mut clock = 0;
            for _ in 0..count {
                let batch = read_batch(from, log, head, clock)
                    .map_err(|source| PageError::Batch { index: batches.len(), source })?;
                head = batch.head();
                clock = batch.header().sealed_at.0;
                batches.push(batch);
            }
        }
        from.end()?;
        Ok(Self { batches })
    }

    /// How much memory [`Page::read`] would take for this page, in bytes, worked out without taking any. Few bytes may
    /// stand for much: an entry without contents takes three in a page and some hundred in memory.
    ///
    /// # Errors
    /// [`PageError`] when the bytes do not follow the layout. What [`Page::read`] refuses may still pass.
    pub fn weigh(from: &mut Reader<'_>) -> Result<usize, PageError> {
        from.layout(LAYOUT)?;
        let mut bytes = 0;
        for _ in 0..from.count("runs", 1 << 20, LEAST_RUN_BYTES)? {
            LogId::read(from)?;
            Head::read(from)?;
            for _ in 0..from.count("batches", 1 << 20, LEAST_BATCH_BYTES)? {
                bytes += weigh_batch(from)?;
            }
        }
        from.end()?;
        Ok(bytes)
    }

    /// The bytes of this page.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.0
    }

    /// The page these bytes hold.
    ///
    /// # Errors
    /// As [`Page::read`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PageError> {
        Self::read(&mut Reader::new(bytes))
    }
}

fn write_batch(out: &mut Writer, batch: &Batch, clock: i64) {
    let header = batch.header();
    out.number(header.certificate.0.into())
        .signed(header.sealed_at.0.wrapping_sub(clock))
        .number(header.schema.into())
        .count(header.entries.len());
    for (entry, body) in batch.changes() {
        let named = !entry.is_first();
        let flags = u8::from(named) | u8::from(entry.adopted) << 1 | u8::from(body.is_none()) << 2;
        out.byte(entry.kind).byte(flags);
        if named {
            out.fixed(&entry.record.0);
        }
        match body {
            Some(change) => out.bytes(change.contents()),
            None => out.fixed(&entry.change.0),
        };
    }
    out.fixed(&batch.signature().0);
}

fn weigh_batch(from: &mut Reader<'_>) -> Result<usize, WireError> {
    from.number("certificate")?;
    from.signed("sealed_at")?;
    from.number("schema")?;
    let count = from.count("entries", limits::ENTRIES, 3)?;
    // A list of batches that grows holds up to twice what is in it.
    let mut bytes = 2 * size_of::<Batch>() + count * (size_of::<Entry>() + size_of::<Body>()) + 2 * ALLOCATION_BYTES;
    for _ in 0..count {
        from.byte("kind")?;
        let flags = crate::log::EntryFlags::read(from, 0b111)?;
        if flags.named {
            from.take("record", 16)?;
        }
        if flags.withheld {
            from.take("change", 32)?;
        } else {
            bytes += from.bytes("change", limits::CHANGE_BYTES)?.len() + FRAME_BYTES + ALLOCATION_BYTES;
        }
    }
    from.take("signature", 64)?;
    Ok(bytes)
}

fn read_batch(from: &mut Reader<'_>, log: LogId, head: Head, clock: i64) -> Result<Batch, BatchError> {
    let certificate = CertificateNo(from.number_up_to("certificate", u32::MAX.into())? as u32);
    let sealed_at = UnixMs(clock.wrapping_add(from.signed("sealed_at")?));
    let schema = from.number_up_to("schema", u16::MAX.into())? as u16;
    let count = from.count("entries", limits::ENTRIES, 3)?;
    let mut entries = Vec::with_capacity(count);
    let mut bodies = Vec::with_capacity(count);
    for _ in 0..count {
        let kind = from.byte("kind")?;
        let flags = crate::log::EntryFlags::read(from, 0b111)?;
        let named = if flags.named { Some(RecordId(from.fixed("record")?)) } else { None };
        let body = if flags.withheld {
            None
        } else {
            Some(RawChange::from_contents(from.bytes("change", limits::CHANGE_BYTES)?))
        };
        let change = match &body {
            Some(change) => change.hash(),
            None => ChangeHash(from.fixed("change")?),
        };
        entries.push(flags.entry(kind, named, change)?);
        bodies.push(body);
    }
    let signature = Signature(from.fixed("signature")?);
    let seq = head.seq.0.checked_add(1).ok_or(BatchError::Chain)?;
    let prev = if head.seq.0 == 0 { BatchHash::NONE } else { head.hash };
    let header = BatchHeader { log, seq: BatchSeq(seq), prev, certificate, sealed_at, schema, entries };
    Batch::new(header, signature, bodies)
}
