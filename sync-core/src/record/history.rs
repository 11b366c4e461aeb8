//! Who changed what, in an order that respects cause.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::{Document, NOTE};
use super::state::State;
use super::view::ViewError;
use crate::id::{ActorId, ChangeHash, UnixMs};

/// One change of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// The change.
    pub change: ChangeHash,
    /// The actor that made it; the first half is the device.
    pub author: ActorId,
    /// When the device's clock said it was made, to the second.
    pub claimed_at: UnixMs,
    /// What it did, by key.
    pub fields: Vec<FieldChange>,
}

/// What one change did to one field, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field's key.
    pub field: String,
    /// What its author saw before; `None` when the field was empty.
    pub before: Option<String>,
    /// What it stood at afterwards; `None` when it was emptied.
    pub after: Option<String>,
}

/// The history of a record: each change compared with what its author had seen.
///
/// # Errors
/// When the changes cannot be read or one of them is missing.
pub fn history<B: AsRef<[u8]>>(changes: &[B]) -> Result<Vec<HistoryEntry>, ViewError> {
    let document = Document::load(changes)?;
    let mut entries = Vec::new();
    for (meta, before) in document.steps() {
        let earlier = if before.is_empty() { BTreeMap::new() } else { texts(&document.state_at(Some(&before))?) };
        let later = texts(&document.state_at(Some(&[automerge::ChangeHash(meta.hash.0)]))?);
        let keys: BTreeSet<_> = earlier.keys().chain(later.keys()).collect();
        let differs = |key: &&&String| earlier.get(**key) != later.get(**key);
        let fields = keys.iter().filter(differs).map(|key| FieldChange {
            field: (*key).clone(),
            before: earlier.get(*key).cloned(),
            after: later.get(*key).cloned(),
        });
        entries.push(HistoryEntry {
            change: meta.hash,
            author: meta.actor,
            claimed_at: meta.claimed_at,
            fields: fields.collect(),
        });
    }
    Ok(entries)
}

/// Every field as text; a conflict shows all its values.
fn texts(state: &State) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<_, _> = state
        .entries
        .iter()
        .map(|(key, claims)| {
            let mut values: Vec<_> = claims.iter().map(|claim| claim.value.to_text()).collect();
            values.dedup();
            (key.clone(), values.join(" | "))
        })
        .collect();
    if let Some(note) = state.note.as_ref().filter(|note| !note.is_empty()) {
        texts.insert(NOTE.to_owned(), note.clone());
    }
    texts
}
