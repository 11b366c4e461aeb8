//! Who may write what: rules on the operations of a change, whatever document they meet.

use super::{Binding, Reason};
use crate::id::{RecordKind, Role};
use crate::record::chunk::Chunk;
use crate::record::columns::{Action, Key};
use crate::record::{self, is_known_key, tally_of_key};

/// The most bytes of a key.
const MAX_KEY_BYTES: usize = 120;
/// The most keys of newer versions in one change.
pub(super) const MAX_UNKNOWN_KEYS: usize = 64;
/// The most bytes of one value.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Whether a role may write a kind of record at all. Devices ask before they record, the gate before it admits.
#[must_use]
pub fn may_write(role: Role, kind: RecordKind) -> bool {
    match kind {
        RecordKind::Session | RecordKind::PanelCheck => role != Role::Administrator,
        RecordKind::Review => matches!(role, Role::Officer | Role::Coordinator),
    }
}

/// Whether a role may correct the tally of material that another person keeps.
#[must_use]
pub fn may_correct_others(role: Role) -> bool {
    matches!(role, Role::Officer | Role::Coordinator)
}

/// One character that may stand in a note: PostgreSQL stores no U+0000, and nobody types the other controls.
fn is_note_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.next().is_none() && first.is_some_and(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

/// Checks a change against the rules that need no document.
pub(super) fn check(chunk: &Chunk<'_>, is_first: bool, binding: &Binding) -> Result<(), Reason> {
    if !binding.adopted && !may_write(binding.role, binding.kind) {
        return Err(Reason::RoleMayNotWrite);
    }
    let corrects_others = binding.adopted || may_correct_others(binding.role);
    let required = record::required_keys(binding.kind);
    let (mut unknown, mut required_put) = (0, 0);
    for op in &chunk.columns.ops {
        let value_bytes = match op.value {
            record::columns::RawValue::Text(text) => text.len(),
            record::columns::RawValue::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        let Key::Text(key) = op.key else {
            // Only the note has elements, and each is a character.
            let character = op.action == Action::Put
                && op.insert
                && matches!(op.value, record::columns::RawValue::Text(text) if is_note_character(text));
            if op.object.is_none() || !(character || (op.action == Action::Delete && !op.insert)) {
                return Err(Reason::SchemaRule);
            }
            continue;
        };
        if op.object.is_some()
            || op.insert
            || key.is_empty()
            || key.len() > MAX_KEY_BYTES
            || value_bytes > MAX_VALUE_BYTES
        {
            return Err(Reason::SchemaRule);
        }
        match key {
            "schema" | "serial" | "recorder" | "note" if !is_first => return Err(Reason::SchemaRule),
            "note" => {
                if op.action != Action::MakeText || binding.kind == RecordKind::Review {
                    return Err(Reason::SchemaRule);
                }
                continue;
            }
            _ => {}
        }
        if !matches!(op.action, Action::Put | Action::Delete) {
            return Err(Reason::SchemaRule);
        }
        if binding.kind == RecordKind::Review && !is_first && !record::is_review_key_open(key) {
            return Err(Reason::SchemaRule);
        }
        if binding.kind == RecordKind::Session && key.starts_with("material/") {
            let (_, recorder) = tally_of_key(key).ok_or(Reason::SchemaRule)?;
            if recorder != binding.recorder && !corrects_others {
                return Err(Reason::ForeignTally);
            }
        }
        if required.contains(&key) {
            if op.action == Action::Delete {
                return Err(Reason::SchemaRule);
            }
            required_put += 1;
        }
        if !is_known_key(binding.kind, key) {
            unknown += 1;
        }
    }
    let incomplete = is_first && required_put < required.len();
    if incomplete || unknown > MAX_UNKNOWN_KEYS { Err(Reason::SchemaRule) } else { Ok(()) }
}
