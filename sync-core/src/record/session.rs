//! Outreach sessions: the core record.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::date::CivilDate;
use super::edit::{EditError, Patch, SetEdit, Writes};
use super::fields::fields;
use super::register::Register;
use super::state::State;
use super::value::{Code, CountBasis, GpsFix, Line, MinuteOfDay, Minutes, Setting, Village};
use super::view::{Conflict, Meta, ViewError};
use crate::id::RecorderId;

fields! {
    /// The single-valued fields of a session.
    SessionFields,
    /// What a person edited of them.
    SessionFieldsEdit,
    {
        /// The day it was held.
        date: CivilDate,
        /// When it began.
        start: MinuteOfDay,
        /// How long it lasted.
        duration: Minutes,
        /// The village or place.
        village: Village,
        /// Kind of place, for instance `culture_house`.
        place_kind: Code,
        /// Where, to about a kilometre.
        gps: GpsFix,
        /// The form it took, for instance `village_meeting`.
        format: Code,
        /// On its own subject or within another meeting.
        setting: Setting,
        /// Attendances (lượt người): head counts, never "people".
        attendances: u32,
        /// Of which women.
        women: u32,
        /// Of which under 16.
        under_16: u32,
        /// Of which of an ethnic minority.
        minority: u32,
        /// Counted or estimated.
        count_basis: CountBasis,
        /// Households visited.
        households: u32,
        /// Pledges signed: a count only.
        pledges: u32,
        /// Loudspeaker broadcasts.
        broadcasts: u32,
        /// Minutes of loudspeaker broadcasts.
        broadcast_minutes: u32,
        /// The unit that led it, for instance `post`.
        lead_unit: Code,
        /// Present when the session is void: the reason. It stays on file and out of every count.
        void: Line,
    }
}

/// Material of one kind handed out at a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Material {
    /// The sum of what each recorder's tally shows.
    pub total: u64,
    /// Each recorder's own tally.
    pub tallies: BTreeMap<RecorderId, Register<u32>>,
}

/// A session as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionView {
    /// What every record has.
    #[serde(flatten)]
    pub meta: Meta,
    /// The single-valued fields.
    #[serde(flatten)]
    pub fields: SessionFields,
    /// Topics spoken about.
    pub topics: BTreeSet<Code>,
    /// Languages spoken.
    pub languages: BTreeSet<Code>,
    /// Organisations that took part.
    pub partners: BTreeSet<Code>,
    /// Difficulties met.
    pub difficulties: BTreeSet<Code>,
    /// Hotline numbers made known.
    pub hotlines: BTreeSet<Code>,
    /// How many were present of each role of the team.
    pub team: BTreeMap<Code, Register<u32>>,
    /// Material handed out, by kind.
    pub material: BTreeMap<Code, Material>,
    /// Free text, without identities.
    pub note: String,
}

/// What a person edited of a session; untouched parts are not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionEdit {
    /// The single-valued fields.
    pub fields: SessionFieldsEdit,
    /// Topics spoken about.
    pub topics: SetEdit,
    /// Languages spoken.
    pub languages: SetEdit,
    /// Organisations that took part.
    pub partners: SetEdit,
    /// Difficulties met.
    pub difficulties: SetEdit,
    /// Hotline numbers made known.
    pub hotlines: SetEdit,
    /// How many were present, by role.
    pub team: BTreeMap<Code, Patch<u32>>,
    /// The author's own tally of material handed out, by kind.
    pub material: BTreeMap<Code, Patch<u32>>,
    /// Corrections of other recorders' tallies; the gate admits them from officers only.
    pub material_of: BTreeMap<(Code, RecorderId), Patch<u32>>,
    /// The whole new text of the note; written as the smallest difference to the old one.
    pub note: Option<String>,
}

/// Keys of the five sets.
const TOPIC: &str = "topic/";
const LANGUAGE: &str = "language/";
const PARTNER: &str = "partner/";
const DIFFICULTY: &str = "difficulty/";
const HOTLINE: &str = "hotline/";
/// `team/<role>`: a register.
const TEAM: &str = "team/";
/// `material/<kind>/<recorder>`: a register that one recorder owns.
const MATERIAL: &str = "material/";

/// The kind of material and the recorder of the key `material/<kind>/<recorder>`.
pub(crate) fn tally_of_key(key: &str) -> Option<(Code, RecorderId)> {
    let (kind, recorder) = key.strip_prefix(MATERIAL)?.split_once('/')?;
    let number: u32 = recorder.parse().ok()?;
    // One recorder has one key: no sign, no leading zero.
    (number.to_string() == recorder).then_some(())?;
    Some((kind.parse().ok()?, RecorderId(number)))
}

/// Keys that every session has: written in its first change and never emptied.
pub(crate) const REQUIRED: &[&str] = &["date", "village"];

/// Whether a key belongs to the sessions of this version.
pub(crate) fn is_known_key(key: &str) -> bool {
    SessionFields::has(key)
        || [TOPIC, LANGUAGE, PARTNER, DIFFICULTY, HOTLINE, TEAM, MATERIAL].iter().any(|prefix| key.starts_with(prefix))
}

impl SessionView {
    pub(crate) fn read(state: &State) -> Result<Self, ViewError> {
        let meta = Meta::read(state, is_known_key)?;
        let mut material: BTreeMap<Code, Material> = BTreeMap::new();
        for (rest, claims) in state.under(MATERIAL) {
            let key = format!("{MATERIAL}{rest}");
            let tally = tally_of_key(&key).zip(Register::<u32>::read(claims));
            let ((kind, recorder), register) = tally.ok_or(ViewError::IllTyped { key })?;
            let entry = material.entry(kind).or_default();
            entry.total += register.value().copied().map_or(0, u64::from);
            entry.tallies.insert(recorder, register);
        }
        let mut team = BTreeMap::new();
        for (role, claims) in state.under(TEAM) {
            let member = role.parse::<Code>().ok().zip(Register::<u32>::read(claims));
            let (role, count) = member.ok_or_else(|| ViewError::IllTyped { key: format!("{TEAM}{role}") })?;
            team.insert(role, count);
        }
        Ok(Self {
            meta,
            fields: SessionFields::read(state)?,
            topics: super::view::read_set(state, TOPIC)?,
            languages: super::view::read_set(state, LANGUAGE)?,
            partners: super::view::read_set(state, PARTNER)?,
            difficulties: super::view::read_set(state, DIFFICULTY)?,
            hotlines: super::view::read_set(state, HOTLINE)?,
            team,
            material,
            note: state.note.clone().unwrap_or_default(),
        })
    }

    /// Whether the session is void: kept, and hidden from counts.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.fields.void.shown.is_some()
    }

    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = self.fields.conflicts();
        for (role, register) in &self.team {
            conflicts.extend(Conflict::of(&format!("{TEAM}{role}"), register));
        }
        for (kind, material) in &self.material {
            for (recorder, register) in &material.tallies {
                conflicts.extend(Conflict::of(&format!("{MATERIAL}{kind}/{recorder}"), register));
            }
        }
        conflicts
    }
}

impl SessionEdit {
    pub(crate) fn write(&self, own: RecorderId, out: &mut Writes) -> Result<(), EditError> {
        self.fields.write(out)?;
        for (prefix, set) in [
            (TOPIC, &self.topics),
            (LANGUAGE, &self.languages),
            (PARTNER, &self.partners),
            (DIFFICULTY, &self.difficulties),
            (HOTLINE, &self.hotlines),
        ] {
            out.set(prefix, set);
        }
        for (role, count) in &self.team {
            out.patch(&format!("{TEAM}{role}"), count)?;
        }
        for (kind, count) in &self.material {
            out.patch(&format!("{MATERIAL}{kind}/{own}"), count)?;
        }
        for ((kind, recorder), count) in &self.material_of {
            out.patch(&format!("{MATERIAL}{kind}/{recorder}"), count)?;
        }
        if let Some(note) = &self.note {
            out.note(note)?;
        }
        Ok(())
    }

    /// Everything that does not hold between the fields after the edit. Conflicting merges may break it; an edit may not.
    #[must_use]
    pub fn faults(&self, before: Option<&SessionView>) -> Vec<EditError> {
        let (fields, old) = (&self.fields, before.map(|view| &view.fields));
        let mut faults = Vec::new();
        let absent = |cleared, kept| cleared || (before.is_none() && kept);
        if absent(fields.date == Patch::Clear, fields.date == Patch::Keep) {
            let (vi, en) = ("bắt buộc phải có", "required");
            faults.push(EditError::field("date", vi, en));
        }
        if absent(fields.village == Patch::Clear, fields.village == Patch::Keep) {
            let (vi, en) = ("bắt buộc phải có", "required");
            faults.push(EditError::field("village", vi, en));
        }
        let after = |patch: &Patch<u32>, pick: fn(&SessionFields) -> &Register<u32>| match patch {
            Patch::Keep => old.and_then(|old| pick(old).value().copied()),
            Patch::Set(value) => Some(*value),
            Patch::Clear => None,
        };
        let total = after(&fields.attendances, |f| &f.attendances);
        for (field, patch, pick) in [
            ("women", &fields.women, (|f| &f.women) as fn(&SessionFields) -> &Register<u32>),
            ("under_16", &fields.under_16, |f| &f.under_16),
            ("minority", &fields.minority, |f| &f.minority),
        ] {
            let touched = *patch != Patch::Keep || fields.attendances != Patch::Keep;
            if touched && after(patch, pick).is_some_and(|part| total.is_none_or(|total| part > total)) {
                faults.push(EditError::field(
                    field,
                    "không được lớn hơn tổng số lượt người nghe",
                    "at most the total of attendances",
                ));
            }
        }
        faults
    }
}
