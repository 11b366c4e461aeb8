//! What words stand for: codes of lists, villages, communes and days, found by name without tone marks.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::fold;
use sync_core::id::AreaId;
use sync_core::record::codes::{self, KnownCode};
use sync_core::record::{CivilDate, Code, Line, Village};

use super::super::text::parse_date;
use super::super::today::Today;
use super::super::{Field, FieldError};
use super::form::{flag, value};
use crate::cli::Lang;
use crate::reference::{Catalogue, Kind};

/// How many villages or codes an error lists.
const LISTED: usize = 12;

/// What this device knows of words, places and the day, apart from the device itself.
pub(super) struct Known {
    catalogue: Arc<Catalogue>,
    areas: Vec<AreaId>,
    scope: Option<Vec<AreaId>>,
    today: Today,
}

impl Known {
    pub(super) async fn by(field: &mut Field) -> Result<Self, FieldError> {
        let today = field.today().await?;
        let profile = &field.profile;
        let (areas, scope) = (profile.areas.clone(), profile.scope.clone());
        Ok(Self { catalogue: Arc::clone(&field.reference), areas, scope, today })
    }

    /// To understand what is typed; `date_anyway` takes a day that has not come by the device's clock.
    pub(super) fn words(&self, lang: Lang, date_anyway: bool) -> Words<'_> {
        let (catalogue, areas, scope) = (&*self.catalogue, &self.areas[..], self.scope.as_deref());
        Words { catalogue, areas, scope, today: self.today, date_anyway, lang }
    }
}

/// The words and places of this device.
pub(super) struct Words<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// The areas granted; empty when the role has every area.
    pub(super) areas: &'a [AreaId],
    /// The same with every unit related by lineage; none when the role has every area.
    pub(super) scope: Option<&'a [AreaId]>,
    pub(super) today: Today,
    /// The person insists on a day that has not come by the device's clock.
    pub(super) date_anyway: bool,
    pub(super) lang: Lang,
}

impl Words<'_> {
    /// The codes of a list that are offered, with their words: telephone lines only while they answer.
    pub(super) fn list(&self, name: &str) -> Vec<(String, String)> {
        let lines = &self.catalogue.items().hotlines;
        let Some(today) = self.today.day.filter(|_| name == "hotline" && !lines.is_empty()) else {
            return self.all(name);
        };
        let today = today.to_string();
        let answers = |line: &&crate::reference::Item<crate::reference::Hotline>| {
            line.body.valid_from.as_ref().is_none_or(|from| *from <= today)
                && line.body.valid_to.as_ref().is_none_or(|to| *to >= today)
        };
        let shown = lines.iter().filter(answers);
        shown.map(|line| (line.id.clone(), self.lang.pick(&line.body.vi, &line.body.en).to_owned())).collect()
    }

    /// The codes of a list with their words: the server's list when there is one, else this program's.
    fn all(&self, name: &str) -> Vec<(String, String)> {
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
        let found = self.all(list).into_iter().find(|(known, _)| known == code);
        found.map_or_else(|| code.to_owned(), |(_, word)| word)
    }

    /// The code a person means: the code itself, its number in the list, or words of its name without marks.
    pub(super) fn code(&self, list: &str, text: &str) -> Result<Code, FieldError> {
        let (known, all) = (self.list(list), self.all(list));
        let typed = text.trim();
        // What is offered no more may still be named: it was so on the day of the session.
        let exact = all.iter().find(|(code, _)| code == typed);
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
        self.villages_and_more(name).0
    }

    /// As [`Words::villages`], and how many more there are.
    pub(super) fn villages_and_more(&self, name: &str) -> (Vec<&crate::reference::Village>, usize) {
        let scope = self.catalogue.scope_of(self.areas.iter().copied());
        let scope = (!self.areas.is_empty()).then_some(&scope);
        let near = self.catalogue.find_villages(name, scope, usize::MAX);
        let mut hits = if near.is_empty() { self.catalogue.find_villages(name, None, usize::MAX) } else { near };
        let more = hits.len().saturating_sub(LISTED);
        hits.truncate(LISTED);
        (hits, more)
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

    /// The day a person means: dd/mm/yyyy, "hôm nay" or "hôm qua". One that has not come is refused, unless the person
    /// insists.
    pub(super) fn day(&self, flag: &str, text: &str) -> Result<CivilDate, FieldError> {
        let known = || self.today.day.ok_or(FieldError::ClockWrong { clock: self.today.clock });
        let day = match fold::fold(text).as_str() {
            "hom nay" | "today" => known()?,
            "hom qua" | "yesterday" => {
                let today = known()?;
                CivilDate::from_day_number(today.day_number() - 1).unwrap_or(today)
            }
            _ => parse_date(text.trim()).ok_or_else(|| {
                FieldError::value(
                    flag,
                    text,
                    "ngày có thật, từ 01/01/2000 đến ngày mai, dạng dd/mm/yyyy, hoặc “hôm nay”, “hôm qua”",
                    "a day that exists, from 01/01/2000 to tomorrow, as dd/mm/yyyy or yyyy-mm-dd, or today, yesterday",
                )
            })?,
        };
        if self.today.is_future(day) && !self.date_anyway {
            return Err(FieldError::Future { flag: flag.to_owned(), day, clock: self.today.clock });
        }
        Ok(day)
    }

    /// Every unit a name or a code stands for, in any generation.
    fn units(&self, text: &str) -> Vec<&crate::reference::Unit> {
        let generations = self.catalogue.generations();
        let named = generations.iter().rev();
        named.flat_map(|generation| self.catalogue.find_units(text, *generation, LISTED)).collect()
    }

    /// The areas of which somebody speaks who looks for records: a code, or a name in every generation.
    pub(super) fn areas_named(&self, text: &str) -> Result<BTreeSet<AreaId>, FieldError> {
        if let Ok(area) = text.trim().parse::<AreaId>() {
            return Ok(BTreeSet::from([area]));
        }
        let found: BTreeSet<_> = self.units(text).into_iter().map(|unit| unit.area).collect();
        if found.is_empty() { Err(self.no_area(text)) } else { Ok(found) }
    }

    fn no_area(&self, text: &str) -> FieldError {
        let granted = self.areas.iter().map(|area| format!("{area} ({})", self.catalogue.area_name(*area)));
        let granted = granted.collect::<Vec<_>>().join(", ");
        if granted.is_empty() {
            let (vi, en) =
                ("tên xã, phường hoặc mã như 2025-06841", "the name of a commune, or a code such as 2025-06841");
            return FieldError::value("--area", text, vi, en);
        }
        FieldError::value("--area", text, granted.clone(), granted)
    }

    /// Succeeds for an area that exists and that this device may record in: the server would keep anything else in
    /// quarantine.
    fn allowed(&self, area: AreaId, text: &str) -> Result<AreaId, FieldError> {
        let granted = self.scope.is_none_or(|scope| scope.contains(&area));
        // Without reference data nothing is known of units.
        let exists = self.catalogue.units().next().is_none() || self.catalogue.unit(area).is_some();
        if granted && exists { Ok(area) } else { Err(self.no_area(text)) }
    }

    /// The area a person means to record in: `2025-06841` or the name of a commune.
    pub(super) fn area(&self, text: &str) -> Result<AreaId, FieldError> {
        if let Ok(area) = text.trim().parse::<AreaId>() {
            return self.allowed(area, text);
        }
        let hits = self.units(text);
        let granted: Vec<_> = hits.iter().filter(|unit| self.areas.contains(&unit.area)).collect();
        match (&granted[..], &hits[..]) {
            ([one], _) => Ok(one.area),
            (_, [one]) => self.allowed(one.area, text),
            (_, []) => Err(self.no_area(text)),
            _ => {
                let listed: Vec<_> = hits.iter().map(|unit| format!("{} ({})", unit.area, unit.name)).collect();
                let listed = listed.join(", ");
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
