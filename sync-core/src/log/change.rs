//! One raw Automerge change, carried without its 9-byte frame.
//!
//! Automerge frames a change as magic (4), checksum (4), type (1), length (LEB128), contents. The magic and the type are
//! constant and the checksum is the head of the hash, so only the contents travel: a checksum cannot be wrong because
//! none is sent, and 8 incompressible bytes less per change are.

use sha2::{Digest, Sha256};

use crate::id::ChangeHash;
use crate::wire::Writer;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const TYPE_CHANGE: u8 = 1;
const FRAME: usize = 9;

/// A framed, uncompressed change chunk whose checksum holds. Its contents may still be hostile: the gate decides.
#[derive(Clone, PartialEq, Eq)]
pub struct RawChange {
    hash: ChangeHash,
    bytes: Vec<u8>,
    contents_at: usize,
}

/// Bytes are not one framed, uncompressed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawChangeError {
    /// The frame is cut, has another magic, another type or a length that does not fit.
    #[error("not one uncompressed change chunk")]
    Frame,
    /// The checksum is not the head of the hash.
    #[error("the checksum does not hold")]
    Checksum,
}

impl RawChange {
    /// Frames `contents`; the hash and the checksum are computed.
    #[must_use]
    pub fn from_contents(contents: &[u8]) -> Self {
        let mut length = Writer::new();
        length.count(contents.len());
        let hash = Sha256::new().chain_update([TYPE_CHANGE]).chain_update(&length.0).chain_update(contents).finalize();
        let mut bytes = Vec::with_capacity(FRAME + length.0.len() + contents.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&hash[..4]);
        bytes.push(TYPE_CHANGE);
        bytes.extend_from_slice(&length.0);
        let contents_at = bytes.len();
        bytes.extend_from_slice(contents);
        Self { hash: ChangeHash(hash.into()), bytes, contents_at }
    }

    /// Reads a framed change as Automerge writes it.
    ///
    /// # Errors
    /// [`RawChangeError`] when the bytes are not exactly one uncompressed change whose checksum holds.
    pub fn from_framed(bytes: &[u8]) -> Result<Self, RawChangeError> {
        let body = bytes.strip_prefix(&MAGIC).ok_or(RawChangeError::Frame)?;
        let (checksum, body) = body.split_at_checked(4).ok_or(RawChangeError::Frame)?;
        let body = body.strip_prefix(&[TYPE_CHANGE]).ok_or(RawChangeError::Frame)?;
        let mut reader = crate::wire::Reader::new(body);
        let length = reader.number("length").map_err(|_| RawChangeError::Frame)?;
        if reader.left() as u64 != length {
            return Err(RawChangeError::Frame);
        }
        let change = Self::from_contents(reader.rest());
        if change.hash.0[..4] != *checksum {
            return Err(RawChangeError::Checksum);
        }
        Ok(change)
    }

    /// The hash, as Automerge defines it.
    #[must_use]
    pub fn hash(&self) -> ChangeHash {
        self.hash
    }

    /// The framed bytes, as Automerge reads them.
    #[must_use]
    pub fn framed(&self) -> &[u8] {
        &self.bytes
    }

    /// The contents without the frame.
    #[must_use]
    pub fn contents(&self) -> &[u8] {
        &self.bytes[self.contents_at..]
    }
}

impl AsRef<[u8]> for RawChange {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for RawChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawChange({}, {} bytes)", self.hash, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use automerge::{AutoCommit, ROOT, transaction::Transactable};

    use super::*;

    fn sample() -> Vec<u8> {
        let mut doc = AutoCommit::new().with_actor(automerge::ActorId::from([3_u8; 16]));
        doc.put(ROOT, "date", "2026-11-03").expect("written");
        doc.commit();
        doc.get_last_local_change().expect("just made").raw_bytes().to_vec()
    }

    #[test]
    fn framing_agrees_with_automerge() {
        let framed = sample();
        let change = RawChange::from_framed(&framed).expect("framed");
        assert_eq!(RawChange::from_contents(change.contents()).framed(), framed);
        assert_eq!(automerge::Change::from_bytes(framed).expect("readable").hash().0, change.hash().0);
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let framed = sample();
        for at in 0..framed.len() * 8 {
            let mut bad = framed.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(RawChange::from_framed(&bad).is_err(), "bit {at}");
        }
    }

    #[test]
    fn cut_or_longer_bytes_are_refused() {
        let framed = sample();
        for len in 0..framed.len() {
            assert!(RawChange::from_framed(&framed[..len]).is_err());
        }
        assert!(RawChange::from_framed(&[framed, vec![0]].concat()).is_err());
    }
}
