//! Forms as people fill them in, and the typed edits they become. What cannot be a value is named, all fields at once.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sync_core::id::RecorderId;
use sync_core::record::{
    Code, FieldValue, Minutes, PanelCheckEdit, PanelCheckFieldsEdit, PanelCheckView, ParseValueError, Patch,
    SessionEdit, SessionFieldsEdit, SessionView, SetEdit,
};
use tsify::Tsify;

use crate::fault::FieldProblem;

/// A session as a form. Numbers are whole, null is empty; `area` is the log it belongs to, fixed once recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null, hashmap_as_object)]
pub struct SessionForm {
    /// `2025-06841`; null: follows from the village.
    pub area: Option<String>,
    /// `yyyy-mm-dd`.
    pub date: Option<String>,
    /// `hh:mm`.
    pub start: Option<String>,
    /// Minutes.
    pub duration: Option<f64>,
    /// `id:…` or `name:…`.
    pub village: Option<String>,
    /// Kind of place.
    pub place_kind: Option<String>,
    /// `latitude,longitude` with two decimals.
    pub gps: Option<String>,
    /// Form of the session.
    pub format: Option<String>,
    /// On its own or within another meeting.
    #[tsify(type = "'standalone' | 'integrated' | null")]
    pub setting: Option<String>,
    /// Head counts (lượt người).
    pub attendances: Option<f64>,
    /// Of which women.
    pub women: Option<f64>,
    /// Of which under 16.
    pub under_16: Option<f64>,
    /// Of which of an ethnic minority.
    pub minority: Option<f64>,
    /// Counted or estimated.
    #[tsify(type = "'counted' | 'estimated' | null")]
    pub count_basis: Option<String>,
    /// Households visited.
    pub households: Option<f64>,
    /// Pledges signed.
    pub pledges: Option<f64>,
    /// Loudspeaker broadcasts.
    pub broadcasts: Option<f64>,
    /// Minutes of them.
    pub broadcast_minutes: Option<f64>,
    /// The unit that led.
    pub lead_unit: Option<String>,
    /// Topics.
    pub topics: Vec<String>,
    /// Languages.
    pub languages: Vec<String>,
    /// Organisations.
    pub partners: Vec<String>,
    /// Difficulties met.
    pub difficulties: Vec<String>,
    /// Hotlines made known.
    pub hotlines: Vec<String>,
    /// Present, by role.
    pub team: BTreeMap<String, f64>,
    /// The person's own tally, by kind.
    pub material: BTreeMap<String, f64>,
    /// Free text.
    pub note: String,
}

/// A panel check as a form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null, hashmap_as_object)]
pub struct PanelCheckForm {
    /// `2025-06841`; null: follows from the site.
    pub area: Option<String>,
    /// The id of a panel.
    pub site: Option<String>,
    /// `yyyy-mm-dd`.
    pub date: Option<String>,
    /// Whether it shows a wrong hotline number.
    pub hotline_wrong: Option<bool>,
    /// What was found.
    pub conditions: Vec<String>,
    /// What is wrong, in words.
    pub note: String,
}

/// Turns what differs between two forms into patches, and notes every field that cannot be a value.
struct Changes(Vec<FieldProblem>);

impl Changes {
    fn text<T>(&mut self, field: &str, base: &Option<String>, form: &Option<String>) -> Patch<T>
    where
        T: FieldValue + FromStr<Err = ParseValueError>,
    {
        if base == form {
            return Patch::Keep;
        }
        match form.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => Patch::Clear,
            Some(text) => match text.parse() {
                Ok(value) => Patch::Set(value),
                Err(_) => self.refuse::<T>(field),
            },
        }
    }

    fn number<T: FieldValue>(
        &mut self,
        field: &str,
        base: Option<f64>,
        form: Option<f64>,
        of: impl Fn(u32) -> Option<T>,
    ) -> Patch<T> {
        if base == form {
            return Patch::Keep;
        }
        let Some(number) = form else { return Patch::Clear };
        let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        match whole.then(|| of(number as u32)).flatten().filter(FieldValue::is_valid) {
            Some(value) => Patch::Set(value),
            None => self.refuse::<T>(field),
        }
    }

    fn count(&mut self, field: &str, base: Option<f64>, form: Option<f64>) -> Patch<u32> {
        self.number(field, base, form, Some)
    }

    fn set(&mut self, field: &str, base: &[String], form: &[String]) -> SetEdit {
        let (before, after): (BTreeSet<&String>, BTreeSet<&String>) = (base.iter().collect(), form.iter().collect());
        let mut codes = |of: Vec<&&String>| -> BTreeSet<Code> {
            let parsed: Vec<_> = of.into_iter().map(|code| code.parse::<Code>().ok()).collect();
            if parsed.contains(&None) {
                self.0.push(FieldProblem::of::<Code>(field));
            }
            parsed.into_iter().flatten().collect()
        };
        SetEdit { add: codes(after.difference(&before).collect()), remove: codes(before.difference(&after).collect()) }
    }

    /// Counts by code; a code that is no more there is emptied.
    fn counts(
        &mut self,
        field: &str,
        base: &BTreeMap<String, f64>,
        form: &BTreeMap<String, f64>,
    ) -> BTreeMap<Code, Patch<u32>> {
        let keys: BTreeSet<&String> = base.keys().chain(form.keys()).collect();
        let mut out = BTreeMap::new();
        for key in keys {
            let name = format!("{field}/{key}");
            let patch = self.count(&name, base.get(key).copied(), form.get(key).copied());
            match key.parse::<Code>() {
                Ok(code) if patch != Patch::Keep => drop(out.insert(code, patch)),
                Ok(_) => {}
                Err(_) => self.0.push(FieldProblem::of::<Code>(&name)),
            }
        }
        out
    }

    fn refuse<T: FieldValue>(&mut self, field: &str) -> Patch<T> {
        self.0.push(FieldProblem::of::<T>(field));
        Patch::Keep
    }
}

/// The edit between two forms, and every field that cannot be a value.
pub(crate) fn session_edit(base: &SessionForm, form: &SessionForm) -> (SessionEdit, Vec<FieldProblem>) {
    let mut of = Changes(Vec::new());
    let minutes = |n: u32| u16::try_from(n).ok().map(Minutes);
    let fields = SessionFieldsEdit {
        date: of.text("date", &base.date, &form.date),
        start: of.text("start", &base.start, &form.start),
        duration: of.number("duration", base.duration, form.duration, minutes),
        village: of.text("village", &base.village, &form.village),
        place_kind: of.text("place_kind", &base.place_kind, &form.place_kind),
        gps: of.text("gps", &base.gps, &form.gps),
        format: of.text("format", &base.format, &form.format),
        setting: of.text("setting", &base.setting, &form.setting),
        attendances: of.count("attendances", base.attendances, form.attendances),
        women: of.count("women", base.women, form.women),
        under_16: of.count("under_16", base.under_16, form.under_16),
        minority: of.count("minority", base.minority, form.minority),
        count_basis: of.text("count_basis", &base.count_basis, &form.count_basis),
        households: of.count("households", base.households, form.households),
        pledges: of.count("pledges", base.pledges, form.pledges),
        broadcasts: of.count("broadcasts", base.broadcasts, form.broadcasts),
        broadcast_minutes: of.count("broadcast_minutes", base.broadcast_minutes, form.broadcast_minutes),
        lead_unit: of.text("lead_unit", &base.lead_unit, &form.lead_unit),
        void: Patch::Keep,
    };
    let edit = SessionEdit {
        fields,
        topics: of.set("topics", &base.topics, &form.topics),
        languages: of.set("languages", &base.languages, &form.languages),
        partners: of.set("partners", &base.partners, &form.partners),
        difficulties: of.set("difficulties", &base.difficulties, &form.difficulties),
        hotlines: of.set("hotlines", &base.hotlines, &form.hotlines),
        team: of.counts("team", &base.team, &form.team),
        material: of.counts("material", &base.material, &form.material),
        material_of: BTreeMap::new(),
        note: (base.note != form.note).then(|| form.note.clone()),
    };
    (edit, of.0)
}

/// As [`session_edit`], for a panel check.
pub(crate) fn panel_check_edit(base: &PanelCheckForm, form: &PanelCheckForm) -> (PanelCheckEdit, Vec<FieldProblem>) {
    let mut of = Changes(Vec::new());
    let fields = PanelCheckFieldsEdit {
        site: of.text("site", &base.site, &form.site),
        date: of.text("date", &base.date, &form.date),
        hotline_wrong: match (base.hotline_wrong == form.hotline_wrong, form.hotline_wrong) {
            (true, _) => Patch::Keep,
            (false, value) => value.map_or(Patch::Clear, Patch::Set),
        },
        void: Patch::Keep,
    };
    let edit = PanelCheckEdit {
        fields,
        conditions: of.set("conditions", &base.conditions, &form.conditions),
        note: (base.note != form.note).then(|| form.note.clone()),
    };
    (edit, of.0)
}

fn texts<'a>(codes: impl IntoIterator<Item = &'a Code>) -> Vec<String> {
    codes.into_iter().map(ToString::to_string).collect()
}

impl SessionForm {
    /// The form of a session as it stands; `recorder` is whose tallies are shown.
    pub(crate) fn of(view: &SessionView, area: &str, recorder: RecorderId) -> Self {
        macro_rules! text {
            ($field:ident) => {
                view.fields.$field.value().map(ToString::to_string)
            };
        }
        macro_rules! count {
            ($field:ident) => {
                view.fields.$field.value().copied().map(f64::from)
            };
        }
        let own = view.material.iter().filter_map(|(kind, material)| {
            let tally = material.tallies.get(&recorder)?.value().copied()?;
            Some((kind.to_string(), f64::from(tally)))
        });
        let team = view.team.iter().filter_map(|(role, count)| Some((role.to_string(), f64::from(*count.value()?))));
        Self {
            area: Some(area.to_owned()),
            date: text!(date),
            start: text!(start),
            duration: view.fields.duration.value().map(|minutes| f64::from(minutes.0)),
            village: text!(village),
            place_kind: text!(place_kind),
            gps: text!(gps),
            format: text!(format),
            setting: text!(setting),
            attendances: count!(attendances),
            women: count!(women),
            under_16: count!(under_16),
            minority: count!(minority),
            count_basis: text!(count_basis),
            households: count!(households),
            pledges: count!(pledges),
            broadcasts: count!(broadcasts),
            broadcast_minutes: count!(broadcast_minutes),
            lead_unit: text!(lead_unit),
            topics: texts(&view.topics),
            languages: texts(&view.languages),
            partners: texts(&view.partners),
            difficulties: texts(&view.difficulties),
            hotlines: texts(&view.hotlines),
            team: team.collect(),
            material: own.collect(),
            note: view.note.clone(),
        }
    }
}

impl PanelCheckForm {
    /// The form of a panel check as it stands.
    pub(crate) fn of(view: &PanelCheckView, area: &str) -> Self {
        Self {
            area: Some(area.to_owned()),
            site: view.fields.site.value().map(ToString::to_string),
            date: view.fields.date.value().map(ToString::to_string),
            hotline_wrong: view.fields.hotline_wrong.value().copied(),
            conditions: texts(&view.conditions),
            note: view.note.clone(),
        }
    }
}
