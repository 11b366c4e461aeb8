//! Site visits to panels (pano).

use std::collections::BTreeSet;

use serde::Serialize;

use super::date::CivilDate;
use super::edit::{EditError, Patch, SetEdit, Writes};
use super::fields::fields;
use super::state::State;
use super::value::{Code, Line};
use super::view::{Conflict, Meta, ViewError, read_set};

fields! {
    /// The single-valued fields of a panel check.
    PanelCheckFields,
    /// What a person edited of them.
    PanelCheckFieldsEdit,
    {
        /// The site in the register of panels.
        site: Line,
        /// The day of the visit.
        date: CivilDate,
        /// Whether the panel shows a wrong hotline number.
        hotline_wrong: bool,
        /// Present when the check is void: the reason.
        void: Line,
    }
}

/// `condition/<code>`: what was found, for instance `good` or `faded`.
const CONDITION: &str = "condition/";

/// A panel check as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PanelCheckView {
    /// What every record has.
    #[serde(flatten)]
    pub meta: Meta,
    /// The single-valued fields.
    #[serde(flatten)]
    pub fields: PanelCheckFields,
    /// What was found.
    pub conditions: BTreeSet<Code>,
    /// What is wrong, in words; without identities.
    pub note: String,
}

/// What a person edited of a panel check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PanelCheckEdit {
    /// The single-valued fields.
    pub fields: PanelCheckFieldsEdit,
    /// What was found.
    pub conditions: SetEdit,
    /// The whole new text of the note.
    pub note: Option<String>,
}

/// Keys that every panel check has: written in its first change and never emptied.
pub(crate) const REQUIRED: &[&str] = &["site", "date"];

/// Whether a key belongs to the panel checks of this version.
pub(crate) fn is_known_key(key: &str) -> bool {
    PanelCheckFields::has(key) || key.starts_with(CONDITION)
}

impl PanelCheckView {
    pub(crate) fn read(state: &State) -> Result<Self, ViewError> {
        Ok(Self {
            meta: Meta::read(state, is_known_key)?,
            fields: PanelCheckFields::read(state)?,
            conditions: read_set(state, CONDITION)?,
            note: state.note.clone().unwrap_or_default(),
        })
    }

    /// Whether the check is void.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.fields.void.shown.is_some()
    }

    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        self.fields.conflicts()
    }
}

impl PanelCheckEdit {
    pub(crate) fn write(&self, out: &mut Writes) -> Result<(), EditError> {
        self.fields.write(out)?;
        out.set(CONDITION, &self.conditions);
        if let Some(note) = &self.note {
            out.note(note)?;
        }
        Ok(())
    }

    /// Everything that is missing after the edit.
    #[must_use]
    pub fn faults(&self, before: Option<&PanelCheckView>) -> Vec<EditError> {
        let fields = &self.fields;
        let mut faults = Vec::new();
        if fields.site == Patch::Clear || (before.is_none() && fields.site == Patch::Keep) {
            faults.push(EditError::field("site", "bắt buộc phải có", "required"));
        }
        if fields.date == Patch::Clear || (before.is_none() && fields.date == Patch::Keep) {
            faults.push(EditError::field("date", "bắt buộc phải có", "required"));
        }
        if before.is_none() && self.conditions.add.is_empty() {
            faults.push(EditError::field(
                "condition",
                "phải có ít nhất một tình trạng: good, faded, missing, outdated",
                "at least one condition: good, faded, missing, outdated",
            ));
        }
        faults
    }
}
