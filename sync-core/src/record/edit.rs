//! Typed edits in, changes out.
//!
//! An edit names only what a person touched, and only what differs is written, so that an edit never decides a
//! conflict its author did not look at.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Document;
use super::panel_check::PanelCheckEdit;
use super::review::{ReviewDraft, ReviewEdit};
use super::session::SessionEdit;
use super::state::Scalar;
use super::value::{Code, FieldValue, MAX_NOTE_CHARS};
use super::view::{RecordView, SCHEMA, ViewError};
use crate::id::{ActorId, ChangeHash, RecordId, RecordKind, RecorderId, UnixMs};
use crate::log::limits;
use crate::unicode::composed;

/// An edit was not made, and nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A field does not accept what was given.
    #[error("{field}: {accepted_en}")]
    Field {
        /// The field's key.
        field: String,
        /// What is accepted, in Vietnamese.
        accepted_vi: String,
        /// What is accepted, in English.
        accepted_en: String,
    },
    /// One change would be larger than a batch may carry: a device could never send it.
    #[error("{bytes} bytes at once; accepted: at most {most}, so enter it in several steps", most = limits::CHANGE_BYTES)]
    TooLarge {
        /// Bytes of its contents.
        bytes: usize,
    },
    /// The record to edit cannot be read.
    #[error(transparent)]
    Record(#[from] ViewError),
    /// Automerge did not take the edit: a defect of this program.
    #[error("the edit could not be written: {0}")]
    Write(String),
}

impl EditError {
    pub(crate) fn field(field: &str, vi: &str, en: &str) -> Self {
        Self::Field { field: field.to_owned(), accepted_vi: vi.to_owned(), accepted_en: en.to_owned() }
    }
}

/// What an edit does to one single-valued field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Writes a value.
    Set(T),
    /// Empties it.
    Clear,
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// `None` keeps the field.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// What an edit does to a set. Adding wins over a concurrent removal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetEdit {
    /// Members to add.
    pub add: BTreeSet<Code>,
    /// Members to remove.
    pub remove: BTreeSet<Code>,
}

impl FromIterator<Code> for SetEdit {
    /// Adds every code.
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> Self {
        Self { add: codes.into_iter().collect(), remove: BTreeSet::new() }
    }
}

/// Who makes a change, and what their clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// The actor of this opening of the device's store.
    pub actor: ActorId,
    /// The person.
    pub recorder: RecorderId,
    /// What the device's clock says; kept to the second.
    pub claimed_at: UnixMs,
}

/// A record to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Draft {
    /// An outreach session.
    Session(Box<SessionEdit>),
    /// An officer's decision on a session.
    Review(ReviewDraft),
    /// A site visit to a panel.
    PanelCheck(PanelCheckEdit),
}

impl Draft {
    /// What the record will be.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Session(_) => RecordKind::Session,
            Self::Review(_) => RecordKind::Review,
            Self::PanelCheck(_) => RecordKind::PanelCheck,
        }
    }
}

/// An edit of a record that exists.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Of an outreach session.
    Session(Box<SessionEdit>),
    /// Of a review: it can only be withdrawn.
    Review(ReviewEdit),
    /// Of a panel check.
    PanelCheck(PanelCheckEdit),
}

impl Edit {
    /// The kind of record it edits.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Session(_) => RecordKind::Session,
            Self::Review(_) => RecordKind::Review,
            Self::PanelCheck(_) => RecordKind::PanelCheck,
        }
    }
}

/// One uncompressed Automerge change, ready for a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes: one raw change chunk.
    pub bytes: Vec<u8>,
}

/// A record that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Its id, made from the hash of its first change.
    pub id: RecordId,
    /// Its first change.
    pub change: RawChange,
}

/// What is to be written to a document; only what differs from it becomes an operation.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// A value to put, or `None` to delete the key.
    pub(crate) entries: BTreeMap<String, Option<Scalar>>,
    pub(crate) note: Option<String>,
}

/// Text as it is stored: composed (NFC), so that the same words typed on two keyboards are equal, with plain line ends,
/// and without the mark that stands for an embedded object, which pasted text may carry.
pub(crate) fn normal_text(text: &str) -> String {
    composed(&text.replace("\r\n", "\n")).chars().filter(|c| *c != '\u{fffc}').collect()
}

impl Writes {
    pub(crate) fn put<T: FieldValue>(&mut self, key: &str, value: &T) -> Result<(), EditError> {
        if !value.is_valid() {
            return Err(EditError::field(key, T::ACCEPTED.vi, T::ACCEPTED.en));
        }
        self.entries.insert(key.to_owned(), Some(value.to_scalar()));
        Ok(())
    }

    pub(crate) fn patch<T: FieldValue>(&mut self, key: &str, patch: &Patch<T>) -> Result<(), EditError> {
        match patch {
            Patch::Keep => {}
            Patch::Set(value) => self.put(key, value)?,
            Patch::Clear => {
                self.entries.insert(key.to_owned(), None);
            }
        }
        Ok(())
    }

    pub(crate) fn set(&mut self, prefix: &str, edit: &SetEdit) {
        // A member both removed and added stays.
        for code in &edit.remove {
            self.entries.insert(format!("{prefix}{code}"), None);
        }
        for code in &edit.add {
            self.entries.insert(format!("{prefix}{code}"), Some(Scalar::Bool(true)));
        }
    }

    pub(crate) fn note(&mut self, text: &str) -> Result<(), EditError> {
        let text = normal_text(text);
        let has_control = text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
        if text.chars().count() > MAX_NOTE_CHARS || has_control {
            return Err(EditError::field(
                "note",
                "tối đa 2.000 ký tự, không có ký tự điều khiển",
                "at most 2,000 characters, no control characters",
            ));
        }
        self.note = Some(text);
        Ok(())
    }
}

fn first(faults: Vec<EditError>) -> Result<(), EditError> {
    faults.into_iter().next().map_or(Ok(()), Err)
}

/// Makes a record.
///
/// `serial` numbers the device's records, so that two otherwise equal records differ. The record's id follows from
/// the change that is returned.
///
/// # Errors
/// [`EditError::Field`] names the first field that does not accept what was given; [`EditError::TooLarge`].
pub fn create(draft: &Draft, author: &Author, serial: u64) -> Result<NewRecord, EditError> {
    let mut writes = Writes::default();
    match draft {
        Draft::Session(edit) => {
            first(edit.faults(None))?;
            edit.write(author.recorder, &mut writes)?;
        }
        Draft::Review(draft) => draft.write(&mut writes)?,
        Draft::PanelCheck(edit) => {
            first(edit.faults(None))?;
            edit.write(&mut writes)?;
        }
    }
    writes.entries.retain(|_, value| value.is_some());
    writes.entries.insert("schema".to_owned(), Some(Scalar::Uint(SCHEMA.into())));
    writes.entries.insert("serial".to_owned(), Some(Scalar::Uint(serial)));
    writes.entries.insert("recorder".to_owned(), Some(Scalar::Uint(author.recorder.0.into())));
    // The note is made here and only here: two devices that each made one would hide one of them.
    let note = (draft.kind() != RecordKind::Review).then(|| writes.note.take().unwrap_or_default());
    let change = Document::create(&writes, note.as_deref(), author)?;
    Ok(NewRecord { id: RecordId::of_first_change(&change.hash), change })
}

/// Edits a record. `None` when the record already stands as the edit wants it.
///
/// # Errors
/// [`EditError::Field`] names the first field that does not accept what was given; [`EditError::Record`] when the
/// record cannot be read or is of another kind; [`EditError::TooLarge`].
pub fn edit<B: AsRef<[u8]>>(changes: &[B], edit: &Edit, author: &Author) -> Result<Option<RawChange>, EditError> {
    let mut document = Document::load(changes)?;
    let before = RecordView::read(edit.kind(), &document.state()?)?;
    let mut writes = Writes::default();
    match (edit, &before) {
        (Edit::Session(edit), RecordView::Session(before)) => {
            first(edit.faults(Some(before)))?;
            edit.write(author.recorder, &mut writes)?;
        }
        (Edit::PanelCheck(edit), RecordView::PanelCheck(before)) => {
            first(edit.faults(Some(before)))?;
            edit.write(&mut writes)?;
        }
        (Edit::Review(edit), _) => edit.write(&mut writes)?,
        _ => return Err(EditError::Record(ViewError::Unreadable)),
    }
    document.write(&writes, author)
}

/// Ends a conflict: writes the chosen value again, so that it replaces every concurrent one.
///
/// # Errors
/// [`EditError::Field`] when the field is not in conflict or `chosen` is none of its values.
pub fn resolve<B: AsRef<[u8]>>(
    kind: RecordKind,
    changes: &[B],
    field: &str,
    chosen: &Scalar,
    author: &Author,
) -> Result<RawChange, EditError> {
    let mut document = Document::load(changes)?;
    let conflicts = RecordView::read(kind, &document.state()?)?.conflicts();
    let open: Vec<_> = conflicts.iter().map(|conflict| conflict.field.as_str()).collect();
    let Some(conflict) = conflicts.iter().find(|conflict| conflict.field == field) else {
        let (vi, en) = match open.is_empty() {
            true => ("bản ghi này không có mục nào".to_owned(), "no field of this record is".to_owned()),
            false => {
                (format!("những mục như vậy là {}", open.join(", ")), format!("those that are: {}", open.join(", ")))
            }
        };
        return Err(EditError::field(
            field,
            &format!("mục này không có nhiều giá trị khác nhau để chọn; {vi}"),
            &format!("the field is not in conflict; {en}"),
        ));
    };
    if conflict.values.iter().all(|claim| claim.value != *chosen) {
        let values: Vec<_> = conflict.values.iter().map(|claim| claim.value.to_text()).collect();
        let values = values.join(" | ");
        return Err(EditError::field(
            field,
            &format!("phải là một trong các giá trị: {values}"),
            &format!("one of: {values}"),
        ));
    }
    let writes = Writes { entries: BTreeMap::from([(field.to_owned(), Some(chosen.clone()))]), note: None };
    document.write(&writes, author)?.ok_or_else(|| EditError::Write("the conflict was gone".to_owned()))
}
