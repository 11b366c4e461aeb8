//! Reading records: what every kind has in common.

use std::collections::BTreeSet;

use serde::Serialize;

use super::panel_check::PanelCheckView;
use super::register::Register;
use super::review::ReviewView;
use super::session::SessionView;
use super::state::{Claim, Scalar, State};
use super::value::{Code, FieldValue};
use crate::id::{ActorId, ChangeHash, RecordId, RecordKind, RecorderId, UnixMs};

/// The schema this version writes. A higher number is only for what an older device would misread.
pub const SCHEMA: u32 = 1;

/// A record could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// No change was given.
    #[error("the record has no changes")]
    Empty,
    /// Bytes are not a change this version accepts.
    #[error("a change cannot be read")]
    Unreadable,
    /// A change depends on another that is not there.
    #[error("a change depends on one that is not there")]
    MissingDependency,
    /// A known key holds a value of another type, or one out of bounds.
    #[error("{key}: the value is of another type or out of bounds")]
    IllTyped {
        /// The key.
        key: String,
    },
    /// A key that every record of its kind has is missing.
    #[error("{key}: missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The record was written under a schema this version does not know.
    #[error("schema {got} is newer than this version knows")]
    UnknownSchema {
        /// The number of the schema.
        got: u64,
    },
}

/// What every record has, whatever its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meta {
    /// The record.
    pub id: RecordId,
    /// The schema it was created under.
    pub schema: u32,
    /// Its number on the device that created it.
    pub serial: u64,
    /// Who created it.
    pub recorder: RecorderId,
    /// The actor that created it; the first half is the device.
    pub created_by: ActorId,
    /// When the creating device's clock said it was made, to the second.
    pub created_at: UnixMs,
    /// The changes nothing else depends on, ascending: what a review binds to.
    pub heads: Vec<ChangeHash>,
    /// How many changes it has.
    pub changes: u32,
    /// Keys of newer versions: kept, not shown.
    pub unknown: BTreeSet<String>,
}

impl Meta {
    pub(crate) fn read(state: &State, is_known: fn(&str) -> bool) -> Result<Self, ViewError> {
        let schema = once(state, "schema")?;
        if schema == 0 || schema > SCHEMA.into() {
            return Err(ViewError::UnknownSchema { got: schema });
        }
        let recorder = u32::try_from(once(state, "recorder")?);
        let unknown = |key: &&String| !matches!(key.as_str(), "schema" | "serial" | "recorder") && !is_known(key);
        Ok(Self {
            id: RecordId::of_first_change(&state.created.change),
            schema: SCHEMA,
            serial: once(state, "serial")?,
            recorder: RecorderId(recorder.map_err(|_| ViewError::IllTyped { key: "recorder".to_owned() })?),
            created_by: state.created.author,
            created_at: state.created.claimed_at,
            heads: state.heads.clone(),
            changes: state.changes,
            unknown: state.entries.keys().filter(unknown).cloned().collect(),
        })
    }
}

/// A number written once, in the first change.
fn once(state: &State, key: &'static str) -> Result<u64, ViewError> {
    match state.entries.get(key).map(Vec::as_slice) {
        Some([claim]) => claim.value.number_up_to(u64::MAX).ok_or_else(|| ViewError::IllTyped { key: key.to_owned() }),
        Some(_) => Err(ViewError::IllTyped { key: key.to_owned() }),
        None => Err(ViewError::Missing { key }),
    }
}

/// The members of a set: keys `<prefix><code>` that hold `true`.
pub(crate) fn read_set(state: &State, prefix: &'static str) -> Result<BTreeSet<Code>, ViewError> {
    let mut set = BTreeSet::new();
    for (rest, claims) in state.under(prefix) {
        let all_true = claims.iter().all(|claim| claim.value == Scalar::Bool(true));
        let code = rest.parse::<Code>().ok().filter(|_| all_true);
        set.insert(code.ok_or_else(|| ViewError::IllTyped { key: format!("{prefix}{rest}") })?);
    }
    Ok(set)
}

/// A field on which people disagree, with every value and its author.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// The field's key, for instance `attendances` or `material/leaflet/7`.
    pub field: String,
    /// Every value; the one that shows comes first. The order is the same on every device.
    pub values: Vec<Claim<Scalar>>,
}

impl Conflict {
    pub(crate) fn of<T: FieldValue>(field: &str, register: &Register<T>) -> Option<Self> {
        let scalar = |claim: &Claim<T>| Claim {
            value: claim.value.to_scalar(),
            author: claim.author,
            change: claim.change,
            claimed_at: claim.claimed_at,
        };
        register
            .is_conflict()
            .then(|| Self { field: field.to_owned(), values: register.claims().map(scalar).collect() })
    }
}

/// A record as it stands, of any kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly every record is a session, the largest variant")]
pub enum RecordView {
    /// An outreach session.
    Session(SessionView),
    /// An officer's decision on a session.
    Review(ReviewView),
    /// A site visit to a panel.
    PanelCheck(PanelCheckView),
}

impl RecordView {
    pub(crate) fn read(kind: RecordKind, state: &State) -> Result<Self, ViewError> {
        match kind {
            RecordKind::Session => SessionView::read(state).map(Self::Session),
            RecordKind::Review => ReviewView::read(state).map(Self::Review),
            RecordKind::PanelCheck => PanelCheckView::read(state).map(Self::PanelCheck),
        }
    }

    /// What the record is.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Session(_) => RecordKind::Session,
            Self::Review(_) => RecordKind::Review,
            Self::PanelCheck(_) => RecordKind::PanelCheck,
        }
    }

    /// What every record has.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Session(view) => &view.meta,
            Self::Review(view) => &view.meta,
            Self::PanelCheck(view) => &view.meta,
        }
    }

    /// Whether the record is void: kept, and hidden from counts.
    #[must_use]
    pub fn is_void(&self) -> bool {
        match self {
            Self::Session(view) => view.is_void(),
            Self::Review(view) => view.is_void(),
            Self::PanelCheck(view) => view.is_void(),
        }
    }

    /// The fields on which people disagree, in the order of the fields.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        match self {
            Self::Session(view) => view.conflicts(),
            Self::Review(view) => view.conflicts(),
            Self::PanelCheck(view) => view.conflicts(),
        }
    }
}
