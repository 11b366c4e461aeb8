//! The plain content of a record: what every view is made from, however the changes were read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::register::Register;
use super::value::FieldValue;
use super::view::ViewError;
use crate::id::{ActorId, ChangeHash, UnixMs};
use crate::wire::Writer;

/// A single value as it stands in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A whole number, not negative.
    Uint(u64),
    /// A whole number; only of newer devices.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Something this version has no name for: an object, a counter, a float, null.
    Other,
}

impl Scalar {
    /// The number, when it is one of at most `most`.
    #[must_use]
    pub fn number_up_to(&self, most: u64) -> Option<u64> {
        match self {
            Self::Uint(number) if *number <= most => Some(*number),
            _ => None,
        }
    }

    /// The value as a person reads it in a history or a list of conflicts.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::Bytes(value) => crate::id::to_hex(value),
            Self::Other => "?".to_owned(),
        }
    }

    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Bool(value) => out.byte(1).byte(u8::from(*value)),
            Self::Uint(value) => out.byte(2).number(*value),
            Self::Int(value) => out.byte(3).signed(*value),
            Self::Text(value) => out.byte(4).bytes(value.as_bytes()),
            Self::Bytes(value) => out.byte(5).bytes(value),
            Self::Other => out.byte(6),
        };
    }
}

/// A value, and who wrote it when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim<T> {
    /// The value.
    pub value: T,
    /// The actor that wrote it; the first half is the device.
    pub author: ActorId,
    /// The change that wrote it.
    pub change: ChangeHash,
    /// When the device's clock said it was written, to the second. Shown, never used to decide.
    pub claimed_at: UnixMs,
}

/// The content of a record after some changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Values by key; the shown claim first, then the others by descending operation id.
    pub(crate) entries: BTreeMap<String, Vec<Claim<Scalar>>>,
    /// The text of the note; `None` when the record has none.
    pub(crate) note: Option<String>,
    /// The changes nothing else depends on, ascending.
    pub(crate) heads: Vec<ChangeHash>,
    /// The first change: its hash makes the record's id.
    pub(crate) created: Claim<()>,
    /// How many changes the record has.
    pub(crate) changes: u32,
}

impl State {
    /// A required entry that is written once, in the first change.
    pub(crate) fn required<T: FieldValue>(&self, key: &'static str) -> Result<T, ViewError> {
        self.register(key)?.shown.map(|claim| claim.value).ok_or(ViewError::Missing { key })
    }

    /// The register at `key`.
    pub(crate) fn register<T: FieldValue>(&self, key: &str) -> Result<Register<T>, ViewError> {
        match self.entries.get(key) {
            None => Ok(Register::default()),
            Some(claims) => Register::read(claims).ok_or_else(|| ViewError::IllTyped { key: key.to_owned() }),
        }
    }

    /// The entries whose key begins with `prefix`, with the rest of the key.
    pub(crate) fn under<'a>(
        &'a self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&'a str, &'a [Claim<Scalar>])> + 'a {
        self.entries
            .range(prefix.to_owned()..)
            .map_while(move |(key, claims)| key.strip_prefix(prefix).map(|rest| (rest, claims.as_slice())))
    }

    /// A digest that two records share exactly when they hold the same changes with the same content.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut out = Writer::new();
        out.number(self.heads.len() as u64);
        for head in &self.heads {
            out.0.extend_from_slice(&head.0);
        }
        out.number(self.entries.len() as u64);
        for (key, claims) in &self.entries {
            out.bytes(key.as_bytes()).number(claims.len() as u64);
            for claim in claims {
                claim.value.encode(&mut out);
                out.0.extend_from_slice(&claim.author.0);
                out.0.extend_from_slice(&claim.change.0);
            }
        }
        match &self.note {
            None => out.byte(0),
            Some(note) => out.byte(1).bytes(note.as_bytes()),
        };
        Sha256::new().chain_update(b"banlang record v1").chain_update(&out.0).finalize().into()
    }
}
