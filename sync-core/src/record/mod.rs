//! Records: typed views over Automerge documents, one document a record.
//!
//! Typed edits go in, changes come out; callers never touch raw Automerge. Everything stands under flat keys at the
//! root, so that no two devices ever make the same nested object:
//!
//! | Key | Value | Concurrent edits |
//! |---|---|---|
//! | `date`, `format`, … | a register | every value is kept, one shows, a person decides |
//! | `topic/<code>`, … | `true` | union; adding wins over removing |
//! | `material/<kind>/<recorder>` | a count | each recorder owns its tally; the total is their sum |
//! | `note` | a text, made once in the first change | merged by character |
//! | `void` | the reason | the record stays on file, out of every count |
//! | `schema`, `serial`, `recorder` | numbers, written once | none |
//!
//! Keys this version does not know are kept. No clock or randomness: the actor and the claimed time are inputs, and a
//! clock never decides a merge.

pub(crate) mod chunk;
pub mod codes;
pub(crate) mod columns;
mod date;
pub(crate) mod document;
mod edit;
mod fields;
pub(crate) mod genesis;
mod history;
mod identity_hint;
mod panel_check;
mod ready;
mod register;
mod review;
mod session;
pub(crate) mod state;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod view;

pub use date::CivilDate;
pub use edit::{Author, Draft, Edit, EditError, NewRecord, Patch, RawChange, SetEdit, create, edit, resolve};
pub use history::{FieldChange, HistoryEntry, history};
pub use identity_hint::looks_like_identity;
pub use panel_check::{PanelCheckEdit, PanelCheckFields, PanelCheckFieldsEdit, PanelCheckView};
pub use ready::{Ready, ready};
pub use register::Register;
pub(crate) use review::is_key_open as is_review_key_open;
pub use review::{Decision, ReviewDraft, ReviewEdit, ReviewState, ReviewView, Verdict, review_state};
pub(crate) use session::tally_of_key;
pub use session::{Material, SessionEdit, SessionFields, SessionFieldsEdit, SessionView};
pub use state::{Claim, Scalar};
pub use value::{
    Accepted, Code, CountBasis, FieldValue, GpsFix, Line, MAX_COUNT, MAX_LINE_CHARS, MAX_NOTE_CHARS, MinuteOfDay,
    Minutes, ParseValueError, Setting, Village,
};
pub use view::{Conflict, Meta, RecordView, SCHEMA, ViewError};

use crate::id::{ChangeHash, RecordKind};

/// Whether a key belongs to this kind of record in this version.
pub(crate) fn is_known_key(kind: RecordKind, key: &str) -> bool {
    matches!(key, "schema" | "serial" | "recorder" | "note")
        || match kind {
            RecordKind::Session => session::is_known_key(key),
            RecordKind::Review => review::is_known_key(key),
            RecordKind::PanelCheck => panel_check::is_known_key(key),
        }
}

/// The keys that every record of this kind has: an admitted record is never without them.
pub(crate) fn required_keys(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Session => session::REQUIRED,
        RecordKind::Review => review::REQUIRED,
        RecordKind::PanelCheck => panel_check::REQUIRED,
    }
}

/// A record as it stands after these changes, given in any order.
///
/// The changes must be admitted ones: Automerge may panic on others. See [`crate::admit`].
///
/// # Errors
/// When the changes cannot be read, one of them is missing, or they are not a record of this kind.
pub fn view<B: AsRef<[u8]>>(kind: RecordKind, changes: &[B]) -> Result<RecordView, ViewError> {
    RecordView::read(kind, &state(changes)?)
}

fn state<B: AsRef<[u8]>>(changes: &[B]) -> Result<state::State, ViewError> {
    if let [only] = changes
        && let Ok(chunk) = chunk::Chunk::parse(only.as_ref())
        && let Some(state) = genesis::read(&chunk)
    {
        return Ok(state);
    }
    document::Document::load(changes)?.state()
}

/// The changes nothing else depends on, ascending.
///
/// # Errors
/// As [`view`].
pub fn heads<B: AsRef<[u8]>>(changes: &[B]) -> Result<Vec<ChangeHash>, ViewError> {
    Ok(document::Document::load(changes)?.heads())
}

/// A digest that two records share exactly when they hold the same changes with the same content.
///
/// # Errors
/// As [`view`].
pub fn digest<B: AsRef<[u8]>>(changes: &[B]) -> Result<[u8; 32], ViewError> {
    Ok(state(changes)?.digest())
}
