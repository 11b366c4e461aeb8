//! The rows of reviews, panel checks and open conflicts.

use sync_core::id::{AreaId, RecordId};
use sync_core::record::{PanelCheckView, ReviewView};

use super::{Projected, Provenance, upsert};
use crate::db::rows::Value;
use crate::db::{DbError, Tx};

const REVIEW_COLUMNS: &[&str] = &[
    "record_id",
    "generation",
    "code",
    "session_id",
    "decision",
    "comment",
    "read_heads",
    "supersedes",
    "voided",
    "void_reason",
    "conflict_count",
    "schema_number",
    "recorder",
    "device_id",
    "claimed_at_ms",
    "received_at_ms",
    "updated_at_ms",
    "updated_device_id",
    "heads",
];

const PANEL_CHECK_COLUMNS: &[&str] = &[
    "record_id",
    "generation",
    "code",
    "site",
    "checked_day",
    "hotline_wrong",
    "conditions",
    "notes",
    "voided",
    "void_reason",
    "conflict_count",
    "schema_number",
    "recorder",
    "device_id",
    "claimed_at_ms",
    "received_at_ms",
    "updated_at_ms",
    "updated_device_id",
    "heads",
];

/// The last columns of both tables.
fn provenance_values(provenance: &Provenance) -> [Value<'_>; 8] {
    [
        Value::Int(provenance.schema),
        Value::Int(provenance.recorder),
        Value::Bytes(provenance.device.as_bytes()),
        Value::Int(provenance.claimed_at.0),
        Value::Int(provenance.received_at.0),
        Value::Int(provenance.updated_at.0),
        Value::Bytes(provenance.updated_by.as_bytes()),
        Value::Bytes(&provenance.heads),
    ]
}

/// A review as it goes to its row.
#[derive(Debug, Clone)]
pub(super) struct ReviewRow {
    provenance: Provenance,
    area: AreaId,
    pub(super) view: ReviewView,
    read_heads: Vec<u8>,
    supersedes: Vec<u8>,
    conflict_count: i64,
}

impl ReviewRow {
    pub(super) fn new(projected: &Projected<'_>, view: &ReviewView, conflict_count: i64) -> Self {
        Self {
            provenance: Provenance::of(projected),
            area: projected.area,
            read_heads: view.read_heads.iter().flat_map(|head| head.0).collect(),
            supersedes: view.supersedes.iter().flat_map(|id| id.0).collect(),
            view: view.clone(),
            conflict_count,
        }
    }

    /// The session it decides on.
    pub(super) fn session(&self) -> RecordId {
        self.view.session
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values = vec![
            Value::Bytes(self.provenance.record.as_bytes()),
            Value::Int(self.area.generation.into()),
            Value::Int(self.area.code.into()),
            Value::Bytes(self.view.session.as_bytes()),
            Value::Text(self.view.decision.name()),
            Value::Text(&self.view.comment),
            Value::Bytes(&self.read_heads),
            Value::Bytes(&self.supersedes),
            Value::Bool(self.view.is_void()),
            Value::OptText(self.view.void.value().map(|reason| reason.as_str())),
            Value::Int(self.conflict_count),
        ];
        values.extend(provenance_values(&self.provenance));
        values
    }
}

/// Writes the rows of reviews, new or not.
pub(super) async fn write_reviews<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a ReviewRow>) -> Result<(), DbError> {
    let values: Vec<Value<'_>> = rows.flat_map(ReviewRow::values).collect();
    upsert(tx, "review", REVIEW_COLUMNS, &values).await
}

/// A panel check as it goes to its row.
#[derive(Debug, Clone)]
pub(super) struct PanelCheckRow {
    provenance: Provenance,
    area: AreaId,
    site: Option<String>,
    checked_day: Option<i64>,
    hotline_wrong: Option<bool>,
    conditions: String,
    notes: String,
    void_reason: Option<String>,
    conflict_count: i64,
}

impl PanelCheckRow {
    pub(super) fn new(projected: &Projected<'_>, view: &PanelCheckView, conflict_count: i64) -> Self {
        let fields = &view.fields;
        Self {
            provenance: Provenance::of(projected),
            area: projected.area,
            site: fields.site.value().map(|site| site.as_str().to_owned()),
            checked_day: fields.date.value().map(|date| i64::from(date.day_number())),
            hotline_wrong: fields.hotline_wrong.value().copied(),
            // A list of codes always serializes.
            conditions: serde_json::to_string(&view.conditions).unwrap_or_default(),
            notes: view.note.clone(),
            void_reason: fields.void.value().map(|reason| reason.as_str().to_owned()),
            conflict_count,
        }
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values = vec![
            Value::Bytes(self.provenance.record.as_bytes()),
            Value::Int(self.area.generation.into()),
            Value::Int(self.area.code.into()),
            Value::OptText(self.site.as_deref()),
            Value::OptInt(self.checked_day),
            Value::OptBool(self.hotline_wrong),
            Value::Text(&self.conditions),
            Value::Text(&self.notes),
            Value::Bool(self.void_reason.is_some()),
            Value::OptText(self.void_reason.as_deref()),
            Value::Int(self.conflict_count),
        ];
        values.extend(provenance_values(&self.provenance));
        values
    }
}

/// Writes the rows of panel checks, new or not.
pub(super) async fn write_panel_checks<'a>(
    tx: &mut Tx,
    rows: impl Iterator<Item = &'a PanelCheckRow>,
) -> Result<(), DbError> {
    let values: Vec<Value<'_>> = rows.flat_map(PanelCheckRow::values).collect();
    upsert(tx, "panel_check", PANEL_CHECK_COLUMNS, &values).await
}

/// One field on which people disagree.
#[derive(Debug, Clone)]
pub(super) struct ConflictRow {
    record: RecordId,
    field: String,
    kind: i64,
    area: AreaId,
    claims: String,
}

impl ConflictRow {
    /// How many values a row has.
    pub(super) const WIDTH: usize = 6;

    /// The rows of a record's conflicts.
    pub(super) fn all(projected: &Projected<'_>) -> Vec<Self> {
        let conflicts = projected.view.conflicts().into_iter();
        let row = |conflict: sync_core::record::Conflict| Self {
            record: projected.view.meta().id,
            kind: projected.view.kind().code().into(),
            area: projected.area,
            // Claims are plain values and ids: they always serialize.
            claims: serde_json::to_string(&conflict.values).unwrap_or_default(),
            field: conflict.field,
        };
        conflicts.map(row).collect()
    }

    pub(super) fn values(&self) -> [Value<'_>; Self::WIDTH] {
        [
            Value::Bytes(self.record.as_bytes()),
            Value::Text(&self.field),
            Value::Int(self.kind),
            Value::Int(self.area.generation.into()),
            Value::Int(self.area.code.into()),
            Value::Text(&self.claims),
        ]
    }
}
