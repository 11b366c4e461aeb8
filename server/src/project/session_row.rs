//! The row of a session, and what it adds to the roll-up.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::fold::fold;
use sync_core::id::{AreaId, RecordId};
use sync_core::record::{Code, SessionView, Village};

use super::facet::Traits;
use super::pairs::Occasion;
use super::sums::{Contribution, Slot, Sums};
use super::{Projected, Provenance};
use crate::db::rows::{self, Value};
use crate::db::{DbError, Tx};

/// The format of what is held on social media: counted in posts, never in sessions or attendances.
pub(crate) const ONLINE: &str = "online";

/// The columns of a session's row, in the order in which [`SessionRow::values`] gives them.
const COLUMNS: &[&str] = &[
    "record_id",
    "generation",
    "code",
    "village_id",
    "place",
    "place_kind",
    "held_day",
    "start_minute",
    "duration_minutes",
    "format",
    "setting",
    "attendances",
    "women",
    "under16",
    "minority",
    "count_basis",
    "households",
    "pledges",
    "broadcasts",
    "broadcast_minutes",
    "lead_unit",
    "tags",
    "notes",
    "folded",
    "voided",
    "void_reason",
    "conflict_count",
    "review_state",
    "schema_number",
    "recorder",
    "device_id",
    "claimed_at_ms",
    "received_at_ms",
    "updated_at_ms",
    "updated_device_id",
    "heads",
    "counted_as",
];

/// A session as it goes to its row.
#[derive(Debug, Clone)]
pub(super) struct SessionRow {
    pub(super) provenance: Provenance,
    pub(super) area: AreaId,
    village_id: String,
    place: Option<String>,
    place_kind: Option<String>,
    held_day: Option<i64>,
    start_minute: Option<i64>,
    duration_minutes: Option<i64>,
    format: Option<String>,
    setting: Option<&'static str>,
    attendances: Option<i64>,
    women: Option<i64>,
    under16: Option<i64>,
    minority: Option<i64>,
    count_basis: Option<&'static str>,
    households: Option<i64>,
    pledges: Option<i64>,
    broadcasts: Option<i64>,
    broadcast_minutes: Option<i64>,
    lead_unit: Option<String>,
    tags: String,
    notes: String,
    folded: String,
    void_reason: Option<String>,
    pub(super) conflict_count: i64,
    pub(super) review_state: &'static str,
    /// The session that counts in its place.
    pub(super) counted_as: Option<RecordId>,
    pub(super) material: BTreeMap<String, i64>,
}

/// The parts of a session that are read whole and never searched, as JSON.
#[derive(Serialize)]
struct Tags<'a> {
    topics: &'a BTreeSet<Code>,
    partners: &'a BTreeSet<Code>,
    languages: &'a BTreeSet<Code>,
    difficulties: &'a BTreeSet<Code>,
    hotlines: &'a BTreeSet<Code>,
    team: BTreeMap<&'a str, u32>,
}

fn count(value: Option<&u32>) -> Option<i64> {
    value.map(|count| i64::from(*count))
}

fn text(code: Option<&Code>) -> Option<String> {
    code.map(|code| code.as_str().to_owned())
}

impl SessionRow {
    /// The row of a view; the review state is not known yet.
    pub(super) fn new(projected: &Projected<'_>, view: &SessionView, conflict_count: i64) -> Self {
        let fields = &view.fields;
        let (village_id, place) = match fields.village.value() {
            Some(Village::Listed(id)) => (id.clone(), None),
            Some(Village::Named(name)) => (String::new(), Some(name.as_str().to_owned())),
            None => (String::new(), None),
        };
        let tags = Tags {
            topics: &view.topics,
            partners: &view.partners,
            languages: &view.languages,
            difficulties: &view.difficulties,
            hotlines: &view.hotlines,
            team: view.team.iter().filter_map(|(role, n)| Some((role.as_str(), *n.value()?))).collect(),
        };
        let folded = fold(&format!("{} {}", place.as_deref().unwrap_or_default(), view.note));
        Self {
            provenance: Provenance::of(projected),
            area: projected.area,
            village_id,
            place,
            place_kind: text(fields.place_kind.value()),
            held_day: fields.date.value().map(|date| i64::from(date.day_number())),
            start_minute: fields.start.value().map(|start| i64::from(start.0)),
            duration_minutes: fields.duration.value().map(|duration| i64::from(duration.0)),
            format: text(fields.format.value()),
            setting: fields.setting.value().map(|setting| setting.name()),
            attendances: count(fields.attendances.value()),
            women: count(fields.women.value()),
            under16: count(fields.under_16.value()),
            minority: count(fields.minority.value()),
            count_basis: fields.count_basis.value().map(|basis| basis.name()),
            households: count(fields.households.value()),
            pledges: count(fields.pledges.value()),
            broadcasts: count(fields.broadcasts.value()),
            broadcast_minutes: count(fields.broadcast_minutes.value()),
            lead_unit: text(fields.lead_unit.value()),
            // Codes and numbers always serialize.
            tags: serde_json::to_string(&tags).unwrap_or_default(),
            notes: view.note.clone(),
            folded,
            void_reason: fields.void.value().map(|reason| reason.as_str().to_owned()),
            conflict_count,
            review_state: "",
            counted_as: None,
            material: view
                .material
                .iter()
                .map(|(kind, material)| (kind.as_str().to_owned(), i64::try_from(material.total).unwrap_or(i64::MAX)))
                .filter(|(_, quantity)| *quantity > 0)
                .collect(),
        }
    }

    /// Where and what the session counts; `None` while it is void or has no day.
    pub(super) fn contribution(&self) -> Option<(Slot, Contribution)> {
        let counted = Counted {
            area: self.area,
            village: &self.village_id,
            held_day: self.held_day,
            uncounted: self.void_reason.is_some() || self.counted_as.is_some(),
            online: self.format.as_deref() == Some(ONLINE),
            review_state: self.review_state,
            integrated: self.setting == Some("integrated"),
            numbers: [
                self.attendances,
                self.women,
                self.under16,
                self.minority,
                self.households,
                self.pledges,
                self.broadcasts,
                self.broadcast_minutes,
            ],
        };
        let traits = Traits::of(self.provenance.recorder, self.format.as_deref(), &self.tags);
        counted.contribution(self.material.clone(), traits)
    }

    pub(super) fn voided(&self) -> bool {
        self.void_reason.is_some()
    }

    /// The occasion on which others may tell of the same event; `None` when nobody could know.
    pub(super) fn occasion(&self) -> Option<Occasion> {
        let known = !self.voided() && !self.village_id.is_empty();
        known.then_some((self.village_id.clone(), self.held_day?))
    }

    fn values(&self) -> [Value<'_>; COLUMNS.len()] {
        let provenance = &self.provenance;
        [
            Value::Bytes(provenance.record.as_bytes()),
            Value::Int(self.area.generation.into()),
            Value::Int(self.area.code.into()),
            Value::Text(&self.village_id),
            Value::OptText(self.place.as_deref()),
            Value::OptText(self.place_kind.as_deref()),
            Value::OptInt(self.held_day),
            Value::OptInt(self.start_minute),
            Value::OptInt(self.duration_minutes),
            Value::OptText(self.format.as_deref()),
            Value::OptText(self.setting),
            Value::OptInt(self.attendances),
            Value::OptInt(self.women),
            Value::OptInt(self.under16),
            Value::OptInt(self.minority),
            Value::OptText(self.count_basis),
            Value::OptInt(self.households),
            Value::OptInt(self.pledges),
            Value::OptInt(self.broadcasts),
            Value::OptInt(self.broadcast_minutes),
            Value::OptText(self.lead_unit.as_deref()),
            Value::Text(&self.tags),
            Value::Text(&self.notes),
            Value::Text(&self.folded),
            Value::Bool(self.void_reason.is_some()),
            Value::OptText(self.void_reason.as_deref()),
            Value::Int(self.conflict_count),
            Value::Text(self.review_state),
            Value::Int(provenance.schema),
            Value::Int(provenance.recorder),
            Value::Bytes(provenance.device.as_bytes()),
            Value::Int(provenance.claimed_at.0),
            Value::Int(provenance.received_at.0),
            Value::Int(provenance.updated_at.0),
            Value::Bytes(provenance.updated_by.as_bytes()),
            Value::Bytes(&provenance.heads),
            Value::OptBytes(self.counted_as.as_ref().map(RecordId::as_bytes)),
        ]
    }
}

/// What of a session decides where and what it counts: the one place where that is said.
pub(super) struct Counted<'a> {
    pub(super) area: AreaId,
    pub(super) village: &'a str,
    pub(super) held_day: Option<i64>,
    /// Void, or counted as another.
    pub(super) uncounted: bool,
    pub(super) online: bool,
    pub(super) review_state: &'a str,
    pub(super) integrated: bool,
    /// Attendances, women, under 16, minority, households, pledges, broadcasts and minutes of them.
    pub(super) numbers: [Option<i64>; 8],
}

impl Counted<'_> {
    pub(super) fn contribution(&self, material: BTreeMap<String, i64>, traits: Traits) -> Option<(Slot, Contribution)> {
        let day = self.held_day.filter(|_| !self.uncounted)?;
        let slot = Slot { day, area: self.area, village: self.village.to_owned() };
        if self.online {
            return Some((slot, Contribution { sums: Sums { posts: 1, ..Sums::default() }, material, traits }));
        }
        let [attendances, women, under16, minority, households, pledges, broadcasts, broadcast_minutes] =
            self.numbers.map(Option::unwrap_or_default);
        let sums = Sums {
            sessions: 1,
            confirmed: i64::from(self.review_state == super::CONFIRMED),
            integrated: i64::from(self.integrated),
            attendances,
            women,
            under16,
            minority,
            households,
            pledges,
            broadcasts,
            broadcast_minutes,
            posts: 0,
        };
        Some((slot, Contribution { sums, material, traits }))
    }
}

/// Writes the rows of sessions, new or not; those of their material are written by [`write_material`].
pub(super) async fn write_rows<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a SessionRow>) -> Result<(), DbError> {
    let values: Vec<Value<'_>> = rows.flat_map(SessionRow::values).collect();
    super::upsert(tx, "session", COLUMNS, &values).await
}

/// Writes the rows of material of sessions that have none.
pub(super) async fn write_material<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a SessionRow>) -> Result<(), DbError> {
    let mut values = Vec::new();
    for row in rows {
        for (kind, quantity) in &row.material {
            let id = row.provenance.record.as_bytes();
            values.extend([Value::Bytes(id), Value::Text(kind), Value::Int(*quantity)]);
        }
    }
    rows::write(tx, "insert into session_material (record_id, kind, quantity) values", 3, "", &values).await
}
