//! Identities. Each is a newtype, so that none can stand where another is meant.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// An identity could not be read from text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: expected {expected}, got {got:?}")]
pub struct ParseIdError {
    /// Which identity was expected, for instance `DeviceId`.
    pub kind: &'static str,
    /// The accepted form.
    pub expected: &'static str,
    /// What was given, cut to 40 characters.
    pub got: String,
}

impl ParseIdError {
    fn new(kind: &'static str, expected: &'static str, got: &str) -> Self {
        Self { kind, expected, got: got.chars().take(40).collect() }
    }
}

/// Lower-case hexadecimal text of `bytes`.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

/// The bytes of a hexadecimal text of exactly `N` bytes, or `None`.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The identity's bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// The identity made of exactly these bytes, or `None` when the length differs.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                from_hex(text).map(Self).ok_or_else(|| ParseIdError::new(stringify!($name), $expected, text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

byte_id!(
    /// A device: the first 8 bytes of SHA-256(`banlang device v1` ‖ public key).
    ///
    /// Enrolment refuses a second key with the same id, so the id names one key.
    DeviceId, 8, "16 hexadecimal digits"
);
byte_id!(
    /// An Automerge actor: the device's id, then 8 random bytes drawn at each opening of a store.
    ActorId, 16, "32 hexadecimal digits"
);
byte_id!(
    /// A record: the first 16 bytes of the hash of its first change.
    RecordId, 16, "32 hexadecimal digits"
);
byte_id!(
    /// The SHA-256 hash of an Automerge change chunk (type, length and body), as Automerge defines it.
    ChangeHash, 32, "64 hexadecimal digits"
);
byte_id!(
    /// The SHA-256 hash of a batch's signed header, without its signature.
    BatchHash, 32, "64 hexadecimal digits"
);
byte_id!(
    /// A device's Ed25519 public key.
    PublicKey, 32, "64 hexadecimal digits"
);

impl DeviceId {
    /// The id of the device that holds this key.
    #[must_use]
    pub fn of_key(key: &PublicKey) -> Self {
        let digest = Sha256::new().chain_update(b"banlang device v1").chain_update(key.0).finalize();
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
    }
}

impl ActorId {
    /// The actor of one opening of a device's store. `nonce` must be fresh at each opening.
    #[must_use]
    pub fn new(device: DeviceId, nonce: [u8; 8]) -> Self {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&device.0);
        id[8..].copy_from_slice(&nonce);
        Self(id)
    }

    /// The device this actor belongs to.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[..8]);
        DeviceId(id)
    }
}

impl RecordId {
    /// The id of the record whose first change has this hash.
    #[must_use]
    pub fn of_first_change(hash: &ChangeHash) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(id)
    }
}

impl BatchHash {
    /// What the first batch of a log names as its predecessor.
    pub const NONE: Self = Self([0; 32]);
}

/// A commune-level unit of one generation: the unit of sync scope.
///
/// Codes are re-used between generations, so neither part is a key alone. Shown as `2025-06841`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaId {
    /// The year that names the generation of units: 2023, 2024 or 2025.
    pub generation: u16,
    /// The unit's code, at most 99999; written with five digits.
    pub code: u32,
}

impl fmt::Display for AreaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:05}", self.generation, self.code)
    }
}

impl fmt::Debug for AreaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AreaId({self})")
    }
}

impl FromStr for AreaId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let error = || ParseIdError::new("AreaId", "generation-code, for instance 2025-06841", text);
        let (generation, code) = text.split_once('-').ok_or_else(error)?;
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(generation, 4) || !digits(code, 5) {
            return Err(error());
        }
        Ok(Self { generation: generation.parse().map_err(|_| error())?, code: code.parse().map_err(|_| error())? })
    }
}

impl serde::Serialize for AreaId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AreaId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// The place of a batch in its log; the first is 1.
    BatchSeq(u64)
);
number_id!(
    /// The number of a person's account: the owner of a tally of material.
    RecorderId(u32)
);
number_id!(
    /// Counts the certificates issued to one device; the first is 1.
    CertificateNo(u32)
);
number_id!(
    /// Milliseconds since 1970-01-01T00:00:00Z.
    UnixMs(i64)
);

/// What a record is. The numbers are frozen: they stand in signed headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RecordKind {
    /// An outreach session held in a village.
    Session = 1,
    /// An officer's decision on a session.
    Review = 2,
    /// A site visit to a panel (pano).
    PanelCheck = 3,
}

impl RecordKind {
    /// The kind of this number in a signed header; `None` for a kind of a newer version.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Session),
            2 => Some(Self::Review),
            3 => Some(Self::PanelCheck),
            _ => None,
        }
    }

    /// The number of this kind in a signed header.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// What a person may do. Named in the certificate; the gate and the server decide from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A border guard: records sessions and panel checks in their areas.
    Guard,
    /// A commune officer: as a guard, and reviews, releases, settles conflicts in their areas.
    Officer,
    /// A coordinator of the province: reads every area and audits.
    Coordinator,
    /// Accounts, devices, reference data. Records nothing.
    Administrator,
}

impl Role {
    /// The role's stable name, as stored and as it stands in the certificate.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Officer => "officer",
            Self::Coordinator => "coordinator",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for Role {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        [Self::Guard, Self::Officer, Self::Coordinator, Self::Administrator]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| ParseIdError::new("Role", "guard, officer, coordinator or administrator", text))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_round_trips_with_leading_zero() {
        let area: AreaId = "2025-06841".parse().expect("valid");
        assert_eq!(area, AreaId { generation: 2025, code: 6841 });
        assert_eq!(area.to_string(), "2025-06841");
    }

    #[test]
    fn area_refuses_other_forms() {
        for text in ["", "2025", "2025-6841", "25-06841", "2025-0684x", "+025-06841", "2025-068411"] {
            assert!(text.parse::<AreaId>().is_err(), "{text}");
        }
    }

    #[test]
    fn actor_names_its_device() {
        let device = DeviceId::of_key(&PublicKey([7; 32]));
        assert_eq!(ActorId::new(device, [9; 8]).device(), device);
    }

    #[test]
    fn hex_refuses_what_is_not_hex() {
        assert_eq!(from_hex::<2>("0aFf"), Some([10, 255]));
        assert_eq!(from_hex::<2>("0aF"), None);
        assert_eq!(from_hex::<2>("0aFg"), None);
        assert_eq!(from_hex::<2>("ệ\u{0}"), None);
    }
}
