//! A strict reading of one raw Automerge change, before Automerge sees it.
//!
//! Layout of a chunk, all of it checked here:
//!
//! ```text
//! 85 6f 4a 83 | checksum 4 | type 01 | length | body
//! body = deps (count, 32 bytes each) | actor (length 16, bytes) | seq | start op | time (signed)
//!      | message (length, bytes) | other actors (count, each 16) | columns (count, (spec, length) each) | column data
//! ```
//!
//! The hash of a change is SHA-256 over type, length and body; the checksum is its first four bytes. Automerge itself
//! ignores a bad checksum, expands run lengths without bound and accepts deflated columns; nothing of that passes.

use sha2::{Digest, Sha256};

use super::columns::{self, Columns};
use crate::id::{ActorId, ChangeHash, UnixMs};
use crate::log::limits;

/// The most bytes of one change with its frame: magic, checksum, type and a length of three bytes before the contents that
/// a batch may carry.
pub const MAX_CHANGE_BYTES: usize = limits::CHANGE_BYTES + 12;
/// The most operations of one change: a note that merging made four times as long as one may be written (8,000
/// characters) replaced by a whole new one, and every field besides.
pub const MAX_OPS: usize = 12_288;
/// The most changes a change may depend on.
pub const MAX_DEPS: usize = 64;
/// The most other actors a change may mention.
const MAX_OTHER_ACTORS: usize = 64;
/// The most bytes of a message; this version writes none.
const MAX_MESSAGE_BYTES: usize = 64;
/// The most columns: this version knows 15.
const MAX_COLUMNS: usize = 16;
/// Operation numbers stay far below 2^31, where Automerge's counters end.
const MAX_START_OP: u64 = 1 << 24;
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// What a change says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeInfo {
    /// Its hash.
    pub hash: ChangeHash,
    /// The actor that made it.
    pub actor: ActorId,
    /// Counts the actor's changes of this document from 1.
    pub seq: u64,
    /// The number of its first operation.
    pub start_op: u64,
    /// When its author's clock said it was made.
    pub time: UnixMs,
    /// The changes it depends on.
    pub deps: Vec<ChangeHash>,
    /// How many operations it has.
    pub op_count: usize,
}

/// Why bytes are not an acceptable change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// More than [`MAX_CHANGE_BYTES`].
    #[error("the change is larger than {MAX_CHANGE_BYTES} bytes")]
    TooLarge,
    /// More operations than [`MAX_OPS`], or values that expand to too much.
    #[error("the change expands to more than is accepted")]
    TooMany,
    /// Something else is not in order.
    #[error("{0}: not as the layout says")]
    Malformed(&'static str),
}

/// A change that was read strictly.
#[derive(Debug, Clone)]
pub(crate) struct Chunk<'a> {
    pub(crate) info: ChangeInfo,
    pub(crate) columns: Columns<'a>,
    /// Whether it mentions no other actor and carries no message.
    pub(crate) plain: bool,
}

/// Reads one raw change strictly and says what it is; nothing is expanded beyond the limits.
///
/// # Errors
/// When the bytes are not exactly one raw change within the limits.
pub fn scan(bytes: &[u8]) -> Result<ChangeInfo, ScanError> {
    Chunk::parse(bytes).map(|chunk| chunk.info)
}

/// Takes numbers and bytes from the front, strictly.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// An unsigned LEB128 number in its shortest form.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return (byte != 0 || shift == 0).then_some(value);
            }
        }
        None
    }

    /// A signed LEB128 number in its shortest form.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let (mut value, mut last) = (0_i64, 0_u8);
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return None;
            }
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0;
                // A last byte that only repeats the sign could have been left out.
                let repeats_sign = if negative { byte == 0x7f } else { byte == 0 };
                let overlong = repeats_sign && shift > 0 && (last & 0x40 != 0) == negative;
                if overlong {
                    return None;
                }
                if negative && shift + 7 < 64 {
                    value |= -1 << (shift + 7);
                }
                return Some(value);
            }
            last = byte;
        }
        None
    }

    fn hash(&mut self) -> Option<ChangeHash> {
        self.take(32).and_then(ChangeHash::from_slice)
    }

    fn actor(&mut self) -> Option<ActorId> {
        if self.unsigned()? != 16 {
            return None;
        }
        self.take(16).and_then(ActorId::from_slice)
    }

    fn count(&mut self, most: usize) -> Option<usize> {
        let count = usize::try_from(self.unsigned()?).ok()?;
        (count <= most).then_some(count)
    }
}

impl<'a> Chunk<'a> {
    /// Reads one raw change strictly.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ScanError> {
        if bytes.len() > MAX_CHANGE_BYTES {
            return Err(ScanError::TooLarge);
        }
        let malformed = |what| ScanError::Malformed(what);
        let mut cursor = Cursor(bytes);
        if cursor.take(4) != Some(&MAGIC[..]) {
            return Err(malformed("magic"));
        }
        let checksum = cursor.take(4).ok_or(malformed("checksum"))?;
        let hashed = cursor.0;
        if cursor.byte() != Some(1) {
            return Err(malformed("chunk type"));
        }
        if cursor.unsigned() != Some(cursor.0.len() as u64) {
            return Err(malformed("length"));
        }
        let hash = ChangeHash(Sha256::digest(hashed).into());
        if hash.0[..4] != *checksum {
            return Err(malformed("checksum"));
        }
        Self::parse_body(cursor, hash)
    }

    fn parse_body(mut cursor: Cursor<'a>, hash: ChangeHash) -> Result<Self, ScanError> {
        let malformed = |what| ScanError::Malformed(what);
        let dep_count = cursor.count(MAX_DEPS).ok_or(malformed("dependencies"))?;
        let deps: Option<Vec<_>> = (0..dep_count).map(|_| cursor.hash()).collect();
        let deps = deps.filter(|deps| deps.is_sorted_by(|a, b| a < b)).ok_or(malformed("dependencies"))?;
        let actor = cursor.actor().ok_or(malformed("actor"))?;
        let seq = cursor.unsigned().filter(|seq| (1..=MAX_START_OP).contains(seq)).ok_or(malformed("seq"))?;
        let start_op = cursor.unsigned().filter(|op| (1..=MAX_START_OP).contains(op)).ok_or(malformed("start op"))?;
        let seconds = cursor.signed().ok_or(malformed("time"))?;
        let time = seconds.checked_mul(1_000).map(UnixMs).ok_or(malformed("time"))?;
        let message = cursor.count(MAX_MESSAGE_BYTES).and_then(|len| cursor.take(len)).ok_or(malformed("message"))?;
        std::str::from_utf8(message).map_err(|_| malformed("message"))?;
        let other_count = cursor.count(MAX_OTHER_ACTORS).ok_or(malformed("other actors"))?;
        let other_actors: Option<Vec<_>> = (0..other_count).map(|_| cursor.actor()).collect();
        let other_actors = other_actors
            .filter(|actors| actors.is_sorted_by(|a, b| a < b) && !actors.contains(&actor))
            .ok_or(malformed("other actors"))?;
        let column_count = cursor.count(MAX_COLUMNS).ok_or(malformed("columns"))?;
        let mut specs = Vec::with_capacity(column_count);
        for _ in 0..column_count {
            let spec = cursor.unsigned().ok_or(malformed("columns"))?;
            let len = cursor.count(MAX_CHANGE_BYTES).ok_or(malformed("columns"))?;
            specs.push((spec, len));
        }
        if !specs.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(malformed("columns"));
        }
        let mut data = Vec::with_capacity(column_count);
        for (spec, len) in specs {
            data.push((spec, cursor.take(len).ok_or(malformed("columns"))?));
        }
        if !cursor.0.is_empty() {
            return Err(malformed("end"));
        }
        let columns = columns::parse(&data, 1 + other_actors.len())?;
        let info = ChangeInfo { hash, actor, seq, start_op, time, deps, op_count: columns.ops.len() };
        let plain = other_actors.is_empty() && message.is_empty();
        Ok(Self { info, columns, plain })
    }
}
