//! Files: batches for any carrier, receipts on the way back, and an area's snapshot.
//!
//! A carried file is encrypted to the server outside of this crate; what is laid out here is the text that is encrypted.

use super::directory::{DirectoryEntry, read_certificates, weigh_certificates, write_certificates};
use super::page::{Page, PageError};
use crate::id::{AreaId, DeviceId};
use crate::log::{Batch, Receipt};
use crate::wire::{Reader, WireError, Writer};

const CARRIED: &[u8; 8] = b"BLCARRY1";
const RECEIPTS: &[u8; 8] = b"BLRECPT1";
const SNAPSHOT: &[u8; 8] = b"BLSNAPS1";

/// A file's bytes are not such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The first 8 bytes name another kind of file.
    #[error("not a {expected} file")]
    Kind {
        /// Which kind was expected.
        expected: &'static str,
    },
    /// The bytes do not follow the layout.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The page in it is not one.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl FileError {
    /// Whether the file, or the page in it, follows a layout of another version.
    #[must_use]
    pub fn is_unknown_layout(&self) -> bool {
        match self {
            Self::Kind { .. } => false,
            Self::Wire(error) => matches!(error, WireError::Layout { .. }),
            Self::Page(error) => error.is_unknown_layout(),
        }
    }
}

/// Unsent batches of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The device that wrote the file; its receipts go back to it.
    pub from: DeviceId,
    /// Its newest certificate: a server that was restored from a backup older than its enrolment knows it by that. None
    /// when the device has none.
    pub certificates: Vec<String>,
    /// The batches.
    pub page: Page,
}

impl Carried {
    /// The frozen layout 1: `BLCARRY1`, device, certificates, page.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(CARRIED.to_vec());
        out.fixed(&self.from.0);
        write_certificates(&mut out, &self.certificates);
        self.page.write(&mut out);
        out.0
    }

    /// How much memory [`Carried::from_bytes`] would take for these bytes; see [`Page::weigh`].
    ///
    /// # Errors
    /// [`FileError`] when the bytes do not follow the layout.
    pub fn weigh(bytes: &[u8]) -> Result<usize, FileError> {
        let mut from = open(bytes, CARRIED, "carried records")?;
        from.take("from", 8)?;
        let certificates = weigh_certificates(&mut from)?;
        Ok(certificates + Page::weigh(&mut from)?)
    }

    /// Reads what [`Carried::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let mut from = open(bytes, CARRIED, "carried records")?;
        Ok(Self {
            from: DeviceId(from.fixed("from")?),
            certificates: read_certificates(&mut from)?,
            page: Page::read(&mut from)?,
        })
    }
}

/// Batches in pages of about so many bytes each, and at least one batch: what one request takes along.
#[must_use]
pub fn pages(batches: Vec<Batch>, about_bytes: usize) -> Vec<Page> {
    let (mut pages, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
    for batch in batches {
        bytes += batch.approximate_bytes();
        page.push(batch);
        if bytes >= about_bytes {
            pages.push(Page { batches: std::mem::take(&mut page) });
            bytes = 0;
        }
    }
    if !page.is_empty() {
        pages.push(Page { batches: page });
    }
    pages
}

/// Receipts for a device that is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFile {
    /// The device the receipts are for.
    pub to: DeviceId,
    /// The receipts, each signed by the server.
    pub receipts: Vec<Receipt>,
}

impl ReceiptFile {
    /// The frozen layout 1: `BLRECPT1`, device, count, receipts.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(RECEIPTS.to_vec());
        out.fixed(&self.to.0).count(self.receipts.len());
        for receipt in &self.receipts {
            receipt.write(&mut out);
        }
        out.0
    }

    /// Reads what [`ReceiptFile::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let mut from = open(bytes, RECEIPTS, "receipts")?;
        let to = DeviceId(from.fixed("to")?);
        let count = from.count("receipts", 1000, 70)?;
        let receipts = (0..count).map(|_| Receipt::read(&mut from)).collect::<Result<_, _>>()?;
        from.end()?;
        Ok(Self { to, receipts })
    }
}

/// Everything of one area that was admitted when the snapshot was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The area.
    pub area: AreaId,
    /// The devices whose logs are in it.
    pub directory: Vec<DirectoryEntry>,
    /// The batches, each log from its first.
    pub page: Page,
}

impl Snapshot {
    /// The frozen layout 1: `BLSNAPS1`, generation, code, directory, page.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(SNAPSHOT.to_vec());
        out.number(self.area.generation.into()).number(self.area.code.into());
        DirectoryEntry::write_all(&mut out, &self.directory);
        self.page.write(&mut out);
        out.0
    }

    /// Reads what [`Snapshot::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let mut from = open(bytes, SNAPSHOT, "snapshot")?;
        let generation = from.number_up_to("generation", 9999)? as u16;
        let code = from.number_up_to("code", 99_999)? as u32;
        let directory = DirectoryEntry::read_all(&mut from)?;
        Ok(Self { area: AreaId { generation, code }, directory, page: Page::read(&mut from)? })
    }
}

fn open<'a>(bytes: &'a [u8], magic: &[u8; 8], expected: &'static str) -> Result<Reader<'a>, FileError> {
    let (kind, layout) = magic.split_at(magic.len() - 1);
    let mut from = Reader::new(bytes.strip_prefix(kind).ok_or(FileError::Kind { expected })?);
    match (from.byte("layout")?, layout[0]) {
        (got, accepted) if got == accepted => Ok(from),
        // The last character of the magic is the layout's number as a digit.
        (got, accepted) if got.is_ascii_digit() => {
            Err(WireError::Layout { got: got - b'0', accepted: accepted - b'0' }.into())
        }
        _ => Err(FileError::Kind { expected }),
    }
}
