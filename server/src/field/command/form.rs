//! From what a person typed to a typed edit, field by field. Flags and questions go the same way.

use std::collections::BTreeMap;

use sync_core::fold;
use sync_core::id::{AreaId, UnixMs};
use sync_core::record::codes::{self, KnownCode};
use sync_core::record::{
    Code, CountBasis, FieldValue, GpsFix, Line, MinuteOfDay, Minutes, Patch, SessionEdit, SetEdit, Setting, Village,
};

use super::super::FieldError;
use super::super::text::{day_of, parse_date};
use crate::cli::Lang;
use crate::reference::{Catalogue, Kind};

/// How many villages or codes an error lists.
const LISTED: usize = 12;

/// What was typed, by the field's key; each text of a field in the order in which it was given.
pub(super) type Typed = BTreeMap<&'static str, Vec<String>>;

/// The words and places of this device.
pub(super) struct Words<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// The areas granted; empty when the role has every area.
    pub(super) areas: &'a [AreaId],
    pub(super) now: UnixMs,
    pub(super) lang: Lang,
}

impl Words<'_> {
    /// The codes of a list with their words: the server's list when there is one, else this program's.
    pub(super) fn list(&self, name: &str) -> Vec<(String, String)> {
        let kind = match name {
            "format" => Some(Kind::Formats),
            "topic" => Some(Kind::Topics),
            "partner" => Some(Kind::Partners),
            "language" => Some(Kind::Languages),
            "difficulty" => Some(Kind::Difficulties),
            "place_kind" => Some(Kind::Places),
            "material" => Some(Kind::Materials),
            "condition" => Some(Kind::PanelConditions),
            _ => None,
        };
        if name == "hotline" && !self.catalogue.items().hotlines.is_empty() {
            let lines = self.catalogue.items().hotlines.iter();
            return lines
                .map(|line| (line.id.clone(), self.lang.pick(&line.body.vi, &line.body.en).to_owned()))
                .collect();
        }
        let terms = kind.map(|kind| self.catalogue.items().terms(kind)).unwrap_or_default();
        if !terms.is_empty() {
            let word = |term: &crate::reference::Item<crate::reference::Term>| {
                (term.id.clone(), self.lang.pick(&term.body.vi, &term.body.en).to_owned())
            };
            return terms.iter().map(word).collect();
        }
        let known: &[KnownCode] = codes::LISTS.iter().find(|(list, _)| *list == name).map_or(&[], |(_, known)| known);
        known.iter().map(|known| (known.code.to_owned(), self.lang.pick(known.vi, known.en).to_owned())).collect()
    }

    /// The words of a code, or the code.
    pub(super) fn word(&self, list: &str, code: &str) -> String {
        let found = self.list(list).into_iter().find(|(known, _)| known == code);
        found.map_or_else(|| code.to_owned(), |(_, word)| word)
    }

    /// The code a person means: the code itself, its number in the list, or words of its name without marks.
    pub(super) fn code(&self, list: &str, text: &str) -> Result<Code, FieldError> {
        let known = self.list(list);
        let typed = text.trim();
        let exact = known.iter().find(|(code, _)| code == typed);
        let numbered = typed.parse::<usize>().ok().and_then(|number| known.get(number.wrapping_sub(1)));
        let hits = fold::search(typed, &known, |(_, word)| word, 2);
        let named = match hits[..] {
            [one] => Some(one),
            [first, _] if fold::fold(&first.1) == fold::fold(typed) => Some(first),
            _ => None,
        };
        let found = exact.or(numbered).or(named);
        found.and_then(|(code, _)| code.parse().ok()).ok_or_else(|| {
            let accepted: Vec<_> = known.iter().map(|(code, word)| format!("{code} ({word})")).collect();
            let accepted = accepted.join(", ");
            FieldError::value(&flag(list), text, accepted.clone(), accepted)
        })
    }

    /// The village a person means: `id:…`, `name:…` for a place that is not on the list, or a name without marks.
    pub(super) fn village(&self, text: &str) -> Result<Village, FieldError> {
        let typed = text.trim();
        if let Some(name) = typed.strip_prefix("name:") {
            return Ok(Village::Named(value("--village", name.trim(), name.trim().parse::<Line>().ok())?));
        }
        if let Some(id) = typed.strip_prefix("id:") {
            let known = self.catalogue.survivor(id.trim()).map(|village| Village::Listed(village.id.clone()));
            return known.ok_or_else(|| self.no_village(text, &[]));
        }
        let hits = self.villages(typed);
        let whole: Vec<_> = hits.iter().filter(|village| fold::fold(&village.name) == fold::fold(typed)).collect();
        match (&hits[..], &whole[..]) {
            ([one], _) => Ok(Village::Listed(one.id.clone())),
            (_, [one]) => Ok(Village::Listed(one.id.clone())),
            _ => Err(self.no_village(text, &hits)),
        }
    }

    /// The villages that answer to a name, in the areas of this device first, else anywhere.
    pub(super) fn villages(&self, name: &str) -> Vec<&crate::reference::Village> {
        let scope = self.catalogue.scope_of(self.areas.iter().copied());
        let scope = (!self.areas.is_empty()).then_some(&scope);
        let near = self.catalogue.find_villages(name, scope, LISTED);
        if near.is_empty() { self.catalogue.find_villages(name, None, LISTED) } else { near }
    }

    fn no_village(&self, text: &str, hits: &[&crate::reference::Village]) -> FieldError {
        let listed: Vec<_> =
            hits.iter().map(|village| format!("id:{} ({})", village.id, self.village_name(village))).collect();
        let or_named = |en: &str, vi: &str| match listed.is_empty() {
            true => self.lang.pick(vi, en).to_owned(),
            false => listed.join(", "),
        };
        let vi = "tên thôn, bản, khu trong danh mục, hoặc name:<tên địa điểm> nếu chưa có trong danh mục";
        let en = "the name of a village of the list, or name:<place> for one that is not on it";
        FieldError::value("--village", text, or_named(vi, vi), or_named(en, en))
    }

    /// A village with its kind and commune.
    pub(super) fn village_name(&self, village: &crate::reference::Village) -> String {
        let unit = village.known().map(|area| self.catalogue.area_name(area)).unwrap_or_default();
        format!("{} {}, {unit}", village.kind, village.name)
    }

    /// The area a person means: `2025-06841` or the name of a commune.
    pub(super) fn area(&self, text: &str) -> Result<AreaId, FieldError> {
        if let Ok(area) = text.trim().parse::<AreaId>() {
            return Ok(area);
        }
        let generations = self.catalogue.generations();
        let hits: Vec<_> = generations
            .iter()
            .rev()
            .flat_map(|generation| self.catalogue.find_units(text, *generation, LISTED))
            .collect();
        let granted: Vec<_> = hits.iter().filter(|unit| self.areas.contains(&unit.area)).collect();
        match (&granted[..], &hits[..]) {
            ([one], _) => Ok(one.area),
            (_, [one]) => Ok(one.area),
            _ => {
                let listed: Vec<_> = hits.iter().map(|unit| format!("{} ({})", unit.area, unit.name)).collect();
                let listed = if listed.is_empty() { "2025-06841".to_owned() } else { listed.join(", ") };
                Err(FieldError::value("--area", text, listed.clone(), listed))
            }
        }
    }

    /// The area granted, when it is one.
    pub(super) fn only_area(&self) -> Result<AreaId, FieldError> {
        self.choose(self.areas.to_vec())
    }

    fn choose(&self, candidates: Vec<AreaId>) -> Result<AreaId, FieldError> {
        if let [one] = candidates[..] {
            return Ok(one);
        }
        let shown = if candidates.is_empty() { self.areas.to_vec() } else { candidates };
        let names = shown.iter().map(|area| format!("{area} ({})", self.catalogue.area_name(*area)));
        let mut names = names.collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            "2025-06841".clone_into(&mut names);
        }
        Err(FieldError::value("--area", "", names.clone(), names))
    }

    /// The granted area that holds what is registered under `area`: itself, or what it became.
    pub(super) fn granted_for(&self, area: AreaId) -> Result<AreaId, FieldError> {
        if self.areas.is_empty() || self.areas.contains(&area) {
            return Ok(area);
        }
        let holds = |granted: &AreaId| self.catalogue.scope(*granted).contains(&area);
        self.choose(self.areas.iter().copied().filter(holds).collect())
    }

    /// The area in which a record at this village belongs, among those granted.
    pub(super) fn area_of(&self, village: &Village) -> Result<AreaId, FieldError> {
        let choose = |candidates| self.choose(candidates);
        let Village::Listed(id) = village else { return self.only_area() };
        let Some(village) = self.catalogue.survivor(id) else { return self.only_area() };
        let lies_in =
            |area: &AreaId| self.catalogue.resolve_village(village, area.generation).unit() == Some(area.code);
        if self.areas.is_empty() {
            let newest = self.catalogue.newest_generation().unwrap_or_default();
            let code = self.catalogue.resolve_village(village, newest).unit();
            return choose(code.map(|code| AreaId { generation: newest, code }).into_iter().collect());
        }
        let mut granted: Vec<_> = self.areas.iter().copied().filter(lies_in).collect();
        granted.sort_unstable_by(|a, b| b.cmp(a));
        granted.truncate(1);
        choose(granted)
    }
}

/// The flag of a field.
pub(super) fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

fn value<T: FieldValue>(flag: &str, text: &str, parsed: Option<T>) -> Result<T, FieldError> {
    let parsed = parsed.filter(FieldValue::is_valid);
    parsed.ok_or_else(|| FieldError::value(flag, text, T::ACCEPTED.vi, T::ACCEPTED.en))
}

fn parsed<T: FieldValue + std::str::FromStr>(key: &str, text: &str) -> Result<Patch<T>, FieldError> {
    value(&flag(key), text, text.trim().parse().ok()).map(Patch::Set)
}

/// A whole number; dots and spaces between thousands are ignored.
pub(super) fn count(key: &str, text: &str) -> Result<u32, FieldError> {
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    value(&flag(key), text, digits.parse().ok())
}

/// `kind=count`, or `kind:count`.
fn tally<'a>(key: &str, text: &'a str) -> Result<(&'a str, u32), FieldError> {
    let split = text.split_once(['=', ':']).ok_or_else(|| {
        FieldError::value(&flag(key), text, "mã=số lượng, ví dụ leaflet=30", "code=count, for instance leaflet=30")
    });
    let (code, number) = split?;
    Ok((code.trim(), count(key, number.trim())?))
}

/// Takes one typed text into a session's edit.
pub(super) fn apply(edit: &mut SessionEdit, key: &str, text: &str, words: &Words<'_>) -> Result<(), FieldError> {
    let fields = &mut edit.fields;
    let number = || count(key, text).map(Patch::Set);
    match key {
        "date" => {
            let today = matches!(fold::fold(text).as_str(), "hom nay" | "today");
            let day = if today { day_of(words.now) } else { parse_date(text.trim()) };
            fields.date = Patch::Set(day.ok_or_else(|| {
                FieldError::value("--date", text, "ngày dạng dd/mm/yyyy", "a day as dd/mm/yyyy or yyyy-mm-dd")
            })?);
        }
        "start" => fields.start = parsed::<MinuteOfDay>(key, text)?,
        "duration" => {
            fields.duration = Patch::Set(value("--duration", text, text.trim().parse().ok().map(Minutes))?);
        }
        "village" => fields.village = Patch::Set(words.village(text)?),
        "place_kind" => fields.place_kind = Patch::Set(words.code(key, text)?),
        "gps" => fields.gps = gps(text)?,
        "format" => fields.format = Patch::Set(words.code(key, text)?),
        "setting" => {
            fields.setting = choice::<Setting>(key, text, &[("chuyen de", "standalone"), ("long ghep", "integrated")])?
        }
        "count_basis" => {
            fields.count_basis =
                choice::<CountBasis>(key, text, &[("dem truc tiep", "counted"), ("uoc luong", "estimated")])?;
        }
        "attendances" => fields.attendances = number()?,
        "women" => fields.women = number()?,
        "under_16" => fields.under_16 = number()?,
        "minority" => fields.minority = number()?,
        "households" => fields.households = number()?,
        "pledges" => fields.pledges = number()?,
        "broadcasts" => fields.broadcasts = number()?,
        "broadcast_minutes" => fields.broadcast_minutes = number()?,
        "lead_unit" => fields.lead_unit = Patch::Set(words.code(key, text)?),
        "topic" => add(&mut edit.topics, key, text, words)?,
        "language" => add(&mut edit.languages, key, text, words)?,
        "partner" => add(&mut edit.partners, key, text, words)?,
        "difficulty" => add(&mut edit.difficulties, key, text, words)?,
        "hotline" => add(&mut edit.hotlines, key, text, words)?,
        "material" => {
            for item in items(text) {
                let (kind, number) = tally(key, item)?;
                edit.material.insert(words.code(key, kind)?, Patch::Set(number));
            }
        }
        "team" => {
            for item in items(text) {
                let (role, number) = tally(key, item)?;
                edit.team.insert(words.code(key, role)?, Patch::Set(number));
            }
        }
        "note" => edit.note = Some(text.trim().to_owned()),
        _ => {}
    }
    Ok(())
}

/// Items with commas between them.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn add(set: &mut SetEdit, key: &str, text: &str, words: &Words<'_>) -> Result<(), FieldError> {
    for item in items(text) {
        set.add.insert(words.code(key, item)?);
    }
    Ok(())
}

fn gps(text: &str) -> Result<Patch<GpsFix>, FieldError> {
    let fix = text.split_once(',').and_then(|(latitude, longitude)| {
        GpsFix::from_degrees(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
    });
    value("--gps", text, fix).map(Patch::Set)
}

/// A value of a short closed list, by its stable text or its Vietnamese words without marks.
fn choice<T: FieldValue + std::str::FromStr>(
    key: &str,
    text: &str,
    words: &[(&str, &str)],
) -> Result<Patch<T>, FieldError> {
    let folded = fold::fold(text);
    let named = words.iter().find(|(word, _)| !folded.is_empty() && word.starts_with(&folded));
    parsed(key, named.map_or(text, |(_, name)| name))
}

/// The session that was typed, and where it belongs.
pub(super) fn session(typed: &Typed, words: &Words<'_>) -> Result<(SessionEdit, Option<AreaId>), FieldError> {
    let mut edit = SessionEdit::default();
    for (key, texts) in typed {
        for text in texts {
            apply(&mut edit, key, text, words)?;
        }
    }
    let area = match typed.get("area").and_then(|texts| texts.last()) {
        Some(text) => Some(words.area(text)?),
        None => None,
    };
    Ok((edit, area))
}

/// Takes `--clear FIELD` and `--remove LIST/CODE` into an edit.
pub(super) fn clear(edit: &mut SessionEdit, key: &str) -> Result<(), FieldError> {
    let fields = &mut edit.fields;
    let accepted = "start, duration, place_kind, gps, format, setting, attendances, women, under_16, minority, \
        count_basis, households, pledges, broadcasts, broadcast_minutes, lead_unit, void, note, topic/…, language/…, \
        partner/…, difficulty/…, hotline/…, material/…, team/…";
    let refused = || FieldError::value("--clear", key, accepted, accepted);
    if let Some((list, code)) = key.split_once('/') {
        let code: Code = code.parse().map_err(|_| refused())?;
        let set = match list {
            "topic" => &mut edit.topics,
            "language" => &mut edit.languages,
            "partner" => &mut edit.partners,
            "difficulty" => &mut edit.difficulties,
            "hotline" => &mut edit.hotlines,
            "material" => {
                edit.material.insert(code, Patch::Clear);
                return Ok(());
            }
            "team" => {
                edit.team.insert(code, Patch::Clear);
                return Ok(());
            }
            _ => return Err(refused()),
        };
        set.remove.insert(code);
        return Ok(());
    }
    match key {
        "start" => fields.start = Patch::Clear,
        "duration" => fields.duration = Patch::Clear,
        "place_kind" => fields.place_kind = Patch::Clear,
        "gps" => fields.gps = Patch::Clear,
        "format" => fields.format = Patch::Clear,
        "setting" => fields.setting = Patch::Clear,
        "attendances" => fields.attendances = Patch::Clear,
        "women" => fields.women = Patch::Clear,
        "under_16" => fields.under_16 = Patch::Clear,
        "minority" => fields.minority = Patch::Clear,
        "count_basis" => fields.count_basis = Patch::Clear,
        "households" => fields.households = Patch::Clear,
        "pledges" => fields.pledges = Patch::Clear,
        "broadcasts" => fields.broadcasts = Patch::Clear,
        "broadcast_minutes" => fields.broadcast_minutes = Patch::Clear,
        "lead_unit" => fields.lead_unit = Patch::Clear,
        "void" => fields.void = Patch::Clear,
        "note" => edit.note = Some(String::new()),
        _ => return Err(refused()),
    }
    Ok(())
}
