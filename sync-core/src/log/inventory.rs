//! Inventories: how far each log is known without a gap.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::id::{AreaId, BatchHash, BatchSeq, DeviceId};
use crate::wire::{Reader, WireError, Writer};

/// One log: the batches of one device in one area. Ordered by area first, so that an area's logs are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The area the log's records belong to.
    pub area: AreaId,
    /// The device that signs the log.
    pub device: DeviceId,
}

impl LogId {
    /// Appends the frozen layout: generation, code, device.
    pub fn write(&self, out: &mut Writer) {
        out.number(self.area.generation.into()).number(self.area.code.into()).fixed(&self.device.0);
    }

    /// Reads what [`LogId::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let generation = from.number_up_to("generation", 9999)? as u16;
        let code = from.number_up_to("code", 99_999)? as u32;
        Ok(Self { area: AreaId { generation, code }, device: DeviceId(from.fixed("device")?) })
    }
}

/// The last batch of the part of a log that is known without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place in the log.
    pub seq: BatchSeq,
    /// Its hash.
    pub hash: BatchHash,
}

impl Head {
    /// The head of a log of which nothing is known.
    pub const EMPTY: Self = Self { seq: BatchSeq(0), hash: BatchHash::NONE };

    /// Appends the frozen layout: seq, and the hash unless seq is 0.
    pub fn write(&self, out: &mut Writer) {
        out.number(self.seq.0);
        if self.seq.0 > 0 {
            out.fixed(&self.hash.0);
        }
    }

    /// Reads what [`Head::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        match from.number("seq")? {
            0 => Ok(Self::EMPTY),
            seq => Ok(Self { seq: BatchSeq(seq), hash: BatchHash(from.fixed("hash")?) }),
        }
    }
}

/// The first 16 bytes of a SHA-256 digest. Stands for an inventory both sides know; it proves nothing to a third party.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest16(pub [u8; 16]);

impl Digest16 {
    /// Stands for no agreement at all.
    pub const NONE: Self = Self([0; 16]);

    /// The first 16 bytes of what was hashed.
    pub(crate) fn of(hashed: Sha256) -> Self {
        let mut first = [0; 16];
        first.copy_from_slice(&hashed.finalize()[..16]);
        Self(first)
    }
}

impl std::fmt::Debug for Digest16 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::id::to_hex(&self.0))
    }
}

impl std::fmt::Display for Digest16 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::id::to_hex(&self.0))
    }
}

/// The head of each log that is known at all. No entry has seq 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    heads: BTreeMap<LogId, Head>,
}

/// The most heads an inventory on the wire may hold.
pub(crate) const MAX_HEADS: usize = 200_000;
/// The fewest bytes an encoded (log, head) pair takes.
pub(crate) const LEAST_HEAD_BYTES: usize = 11;

impl Inventory {
    /// An inventory of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The head of this log; [`Head::EMPTY`] when nothing is known of it.
    #[must_use]
    pub fn head(&self, log: &LogId) -> Head {
        self.heads.get(log).copied().unwrap_or(Head::EMPTY)
    }

    /// Sets the head of a log; [`Head::EMPTY`] forgets it.
    pub fn set(&mut self, log: LogId, head: Head) {
        if head.seq.0 == 0 {
            self.heads.remove(&log);
        } else {
            self.heads.insert(log, head);
        }
    }

    /// All heads, ordered by area, then device.
    pub fn iter(&self) -> impl Iterator<Item = (&LogId, &Head)> {
        self.heads.iter()
    }

    /// How many logs are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether no log is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The part that lies in these areas.
    #[must_use]
    pub fn within(&self, areas: &BTreeSet<AreaId>) -> Self {
        Self {
            heads: self
                .heads
                .iter()
                .filter(|(log, _)| areas.contains(&log.area))
                .map(|(log, head)| (*log, *head))
                .collect(),
        }
    }

    /// The heads that make `base` into `self`: changed, new, and [`Head::EMPTY`] for those only `base` has.
    #[must_use]
    pub fn difference(&self, base: &Self) -> Vec<(LogId, Head)> {
        let mut out: Vec<(LogId, Head)> =
            self.heads.iter().filter(|(log, head)| base.head(log) != **head).map(|(log, head)| (*log, *head)).collect();
        out.extend(base.heads.keys().filter(|log| !self.heads.contains_key(log)).map(|log| (*log, Head::EMPTY)));
        out.sort_by_key(|(log, _)| *log);
        out
    }

    /// Applies a [`Inventory::difference`].
    pub fn apply(&mut self, difference: &[(LogId, Head)]) {
        for (log, head) in difference {
            self.set(*log, *head);
        }
    }

    /// The digest of this inventory: names a snapshot that holds it.
    #[must_use]
    pub fn digest(&self) -> Digest16 {
        let mut out = Writer::new();
        self.write(&mut out);
        Digest16::of(Sha256::new().chain_update(b"banlang inventory v1").chain_update(&out.0))
    }

    /// Appends the frozen layout: a count, then log and head, ascending by log.
    pub fn write(&self, out: &mut Writer) {
        out.count(self.heads.len());
        for (log, head) in &self.heads {
            log.write(out);
            head.write(out);
        }
    }

    /// Reads what [`Inventory::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout or logs do not ascend.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut inventory = Self::new();
        for (log, head) in read_heads(from)? {
            if head.seq.0 == 0 {
                return Err(WireError::Value { field: "seq", got: 0 });
            }
            inventory.heads.insert(log, head);
        }
        Ok(inventory)
    }
}

impl FromIterator<(LogId, Head)> for Inventory {
    fn from_iter<T: IntoIterator<Item = (LogId, Head)>>(iter: T) -> Self {
        let mut inventory = Self::new();
        for (log, head) in iter {
            inventory.set(log, head);
        }
        inventory
    }
}

/// Appends a count, then log and head pairs; they must ascend by log.
pub(crate) fn write_heads(out: &mut Writer, heads: &[(LogId, Head)]) {
    out.count(heads.len());
    for (log, head) in heads {
        log.write(out);
        head.write(out);
    }
}

/// Passes over a list of heads; says how many there were.
pub(crate) fn skip_heads(from: &mut Reader<'_>) -> Result<usize, WireError> {
    let count = from.count("heads", MAX_HEADS, LEAST_HEAD_BYTES)?;
    for _ in 0..count {
        LogId::read(from)?;
        Head::read(from)?;
    }
    Ok(count)
}

/// Reads what [`write_heads`] wrote.
pub(crate) fn read_heads(from: &mut Reader<'_>) -> Result<Vec<(LogId, Head)>, WireError> {
    let count = from.count("heads", MAX_HEADS, LEAST_HEAD_BYTES)?;
    let mut heads: Vec<(LogId, Head)> = Vec::with_capacity(count);
    for _ in 0..count {
        let log = LogId::read(from)?;
        if heads.last().is_some_and(|(last, _)| *last >= log) {
            return Err(WireError::Order { field: "heads" });
        }
        heads.push((log, Head::read(from)?));
    }
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inventory() -> impl Strategy<Value = Inventory> {
        proptest::collection::vec((0_u8..6, 0_u8..3, 0_u64..4), 0..12).prop_map(|rows| {
            rows.into_iter()
                .map(|(device, area, seq)| {
                    let log = LogId {
                        area: AreaId { generation: 2025, code: 6841 + u32::from(area) },
                        device: DeviceId([device; 8]),
                    };
                    let hash = if seq == 0 { BatchHash::NONE } else { BatchHash([seq as u8; 32]) };
                    (log, Head { seq: BatchSeq(seq), hash })
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_base_into_the_other(a in inventory(), b in inventory()) {
            let mut base = a.clone();
            base.apply(&b.difference(&a));
            prop_assert_eq!(&base, &b);
            prop_assert_eq!(base.digest(), b.digest());
        }

        #[test]
        fn inventories_round_trip(a in inventory()) {
            let mut out = Writer::new();
            a.write(&mut out);
            let mut reader = Reader::new(&out.0);
            prop_assert_eq!(Inventory::read(&mut reader), Ok(a));
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }
}
