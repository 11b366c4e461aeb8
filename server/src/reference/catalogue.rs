//! The reference data in memory: units of every generation, their lineage, villages, and the small lists.
//!
//! A [`Catalogue`] is one consistent version, never changed after it was made; [`super::Catalogues`] replaces it when
//! the database holds a newer one, whoever wrote it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::fold;
use sync_core::id::AreaId;

use super::items::{Items, Plan};
use super::lineage::{Lineage, Resolution};
use super::village::Village;

/// A commune-level unit of one generation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Unit {
    /// Generation and code; a code alone is no key.
    #[schema(value_type = String, example = "2025-06841")]
    pub area: AreaId,
    /// Name with its kind, as published: `Xã Hoành Mô`.
    pub name: String,
    /// `xã`, `phường`, `thị trấn` or `đặc khu`.
    pub kind: String,
    /// The district it lay in; none since 2025-07-01.
    pub district: Option<String>,
    /// `yes` when a public page names it as a border unit, `map-only` when only a map says so.
    pub land_border: Option<String>,
    /// Latitude in thousandths of a degree, for labels and ordering only.
    pub label_lat_e3: Option<i32>,
    /// Longitude in thousandths of a degree, for labels and ordering only.
    pub label_lon_e3: Option<i32>,
    /// First day in force, days since 1970; none: since before the data begin.
    pub valid_from_day: Option<i32>,
    /// Last day in force, days since 1970; none: still in force.
    pub valid_to_day: Option<i32>,
}

impl Unit {
    /// The name without its kind: `Hoành Mô`.
    #[must_use]
    pub fn bare_name(&self) -> &str {
        let kind = self.kind.chars().count();
        let mut chars = self.name.chars();
        let begins = chars.by_ref().take(kind).flat_map(char::to_lowercase).eq(self.kind.chars());
        if begins { chars.as_str().trim_start() } else { &self.name }
    }

    /// Whether it was in force on this day.
    #[must_use]
    pub fn in_force(&self, day: i32) -> bool {
        self.valid_from_day.is_none_or(|from| from <= day) && self.valid_to_day.is_none_or(|to| day <= to)
    }
}

/// A village whose unit a person has to choose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct PendingChoice {
    /// The village.
    pub village: String,
    /// Its name.
    pub name: String,
    /// The unit it is known to lie in.
    #[schema(value_type = String, example = "2024-06853")]
    pub known: AreaId,
    /// The units it may lie in now; at least two.
    #[schema(value_type = Vec<String>)]
    pub candidates: Vec<AreaId>,
    /// The suggestion, one of the candidates.
    #[schema(value_type = Option<String>)]
    pub suggested: Option<AreaId>,
}

/// One version of all reference data.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    version: u64,
    units: BTreeMap<AreaId, Unit>,
    lineage: Lineage,
    villages: BTreeMap<String, Village>,
    items: Items,
}

impl Catalogue {
    /// Puts a version together.
    #[must_use]
    pub fn new(
        version: u64,
        units: impl IntoIterator<Item = Unit>,
        lineage: Lineage,
        villages: impl IntoIterator<Item = Village>,
        items: Items,
    ) -> Self {
        Self {
            version,
            units: units.into_iter().map(|unit| (unit.area, unit)).collect(),
            lineage,
            villages: villages.into_iter().map(|village| (village.id.clone(), village)).collect(),
            items,
        }
    }

    /// Grows with each change of any kind of reference data; 0 is an empty catalogue.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Which unit became which.
    #[must_use]
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The small lists: posts, materials, topics and the rest.
    #[must_use]
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// One unit.
    #[must_use]
    pub fn unit(&self, area: AreaId) -> Option<&Unit> {
        self.units.get(&area)
    }

    /// All units, by generation, then code.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// The units of one generation, by code.
    pub fn units_of(&self, generation: u16) -> impl Iterator<Item = &Unit> {
        let all = AreaId { generation, code: 0 }..=AreaId { generation, code: u32::MAX };
        self.units.range(all).map(|(_, unit)| unit)
    }

    /// The generations there are, oldest first.
    #[must_use]
    pub fn generations(&self) -> BTreeSet<u16> {
        self.units.keys().map(|area| area.generation).collect()
    }

    /// The generation in force now: the newest.
    #[must_use]
    pub fn newest_generation(&self) -> Option<u16> {
        self.units.keys().next_back().map(|area| area.generation)
    }

    /// The generation in force on a day, or the newest when none says so.
    #[must_use]
    pub fn generation_on(&self, day: i32) -> Option<u16> {
        let in_force = self.units.values().find(|unit| unit.in_force(day)).map(|unit| unit.area.generation);
        in_force.or_else(|| self.newest_generation())
    }

    /// One village, merged ones too.
    #[must_use]
    pub fn village(&self, id: &str) -> Option<&Village> {
        self.villages.get(id)
    }

    /// All villages by id, merged ones too.
    pub fn villages(&self) -> impl Iterator<Item = &Village> {
        self.villages.values()
    }

    /// The village that `id` is part of today: itself, or what it was merged into, over any number of mergers.
    #[must_use]
    pub fn survivor(&self, id: &str) -> Option<&Village> {
        let mut village = self.villages.get(id)?;
        // An import refuses a circle; the bound keeps a hand-edited database from hanging the server.
        for _ in 0..self.villages.len() {
            match village.merged_into.as_deref().and_then(|into| self.villages.get(into)) {
                Some(next) => village = next,
                None => break,
            }
        }
        Some(village)
    }

    /// The villages of today (no merged ones) that certainly lie in `area`, by id.
    pub fn villages_of(&self, area: AreaId) -> impl Iterator<Item = &Village> {
        self.villages.values().filter(move |village| {
            village.merged_into.is_none()
                && self.resolve_village(village, area.generation) == Resolution::Unit(area.code)
        })
    }

    /// The unit of generation `to` in which lies what was recorded in `area` (and `village`).
    ///
    /// A village narrows the choice only when its known units agree with the recorded area; the area as recorded is
    /// never overruled. Without a village an area maps back only when one unit was its only source.
    #[must_use]
    pub fn resolve(&self, area: AreaId, village: Option<&str>, to: u16) -> Resolution {
        if !self.units.contains_key(&area) {
            return Resolution::Unknown;
        }
        let candidates = self.lineage.candidates(area, to);
        if let Some(code) = only(&candidates) {
            return Resolution::Unit(code);
        }
        if candidates.is_empty() {
            return Resolution::Unknown;
        }
        let recorded = village.and_then(|id| self.villages.get(id));
        let survivor = village.and_then(|id| self.survivor(id));
        for village in [recorded, survivor].into_iter().flatten() {
            if let Some(code) = self.narrow(&candidates, village, to) {
                return Resolution::Unit(code);
            }
        }
        if recorded.is_none() && to < area.generation {
            return Resolution::Unknown;
        }
        let suggested = recorded.and_then(|village| village.suggested.get(&to).copied());
        let suggested = suggested.or_else(|| {
            let known = recorded.and_then(Village::known).unwrap_or(area);
            self.lineage.main(known, to).or_else(|| self.lineage.main(area, to))
        });
        Resolution::NeedsChoice {
            suggested: suggested.filter(|code| candidates.contains(code)),
            candidates: candidates.into_iter().collect(),
        }
    }

    /// The unit of generation `to` in which a village lies.
    #[must_use]
    pub fn resolve_village(&self, village: &Village, to: u16) -> Resolution {
        if let Some(unit) = village.units.get(&to) {
            return Resolution::Unit(unit.code);
        }
        village.known().map_or(Resolution::Unknown, |known| self.resolve(known, Some(&village.id), to))
    }

    /// One of `candidates` when the units in which the village is known to lie leave only it.
    fn narrow(&self, candidates: &BTreeSet<u32>, village: &Village, to: u16) -> Option<u32> {
        if let Some(unit) = village.units.get(&to).filter(|unit| candidates.contains(&unit.code)) {
            return Some(unit.code);
        }
        let mut left = candidates.clone();
        for (generation, unit) in &village.units {
            let known = AreaId { generation: *generation, code: unit.code };
            let possible = self.lineage.candidates(known, to);
            if *generation != to && !possible.is_disjoint(&left) {
                left = left.intersection(&possible).copied().collect();
            }
        }
        only(&left)
    }

    /// The earlier units of which `area` holds at least a part, without itself.
    #[must_use]
    pub fn ancestors(&self, area: AreaId) -> BTreeSet<AreaId> {
        self.lineage.ancestors(area)
    }

    /// What a person responsible for `area` may read and record: the area, every earlier unit it came from and every
    /// later one it became part of. The same as [`crate::auth::Scope::expand`], which knows the lineage alone.
    #[must_use]
    pub fn scope(&self, area: AreaId) -> BTreeSet<AreaId> {
        let mut scope = self.lineage.ancestors(area);
        scope.extend(self.lineage.descendants(area));
        scope.insert(area);
        scope
    }

    /// The union of [`Catalogue::scope`] over several areas.
    #[must_use]
    pub fn scope_of(&self, areas: impl IntoIterator<Item = AreaId>) -> BTreeSet<AreaId> {
        areas.into_iter().flat_map(|area| self.scope(area)).collect()
    }

    /// Villages of today whose unit of the newest generation a person has to choose, by id.
    #[must_use]
    pub fn pending_choices(&self) -> Vec<PendingChoice> {
        let Some(to) = self.newest_generation() else { return Vec::new() };
        let of_today = self.villages.values().filter(|village| village.merged_into.is_none());
        of_today.filter_map(|village| self.pending(village, to)).collect()
    }

    /// The choice that is open for a village towards generation `to`, if one is.
    #[must_use]
    pub fn pending(&self, village: &Village, to: u16) -> Option<PendingChoice> {
        let unit = |code| AreaId { generation: to, code };
        match self.resolve_village(village, to) {
            Resolution::NeedsChoice { candidates, suggested } => Some(PendingChoice {
                village: village.id.clone(),
                name: village.name.clone(),
                known: village.known()?,
                candidates: candidates.into_iter().map(unit).collect(),
                suggested: suggested.map(unit),
            }),
            Resolution::Unit(_) | Resolution::Unknown => None,
        }
    }

    /// Villages of today whose name, or a former name, answers the query; best first.
    #[must_use]
    pub fn find_villages(&self, query: &str, scope: Option<&BTreeSet<AreaId>>, limit: usize) -> Vec<&Village> {
        let mut names: Vec<(&str, &Village)> = Vec::new();
        for village in self.villages.values() {
            let within = scope.is_none_or(|scope| village.areas().any(|area| scope.contains(&area)));
            if !within {
                continue;
            }
            let today = self.survivor(&village.id).unwrap_or(village);
            names.push((&village.name, today));
            names.extend(village.former_names.iter().map(|name| (name.as_str(), today)));
        }
        let mut seen = BTreeSet::new();
        let hits = fold::search(query, &names, |(name, _)| name, usize::MAX);
        hits.into_iter().map(|(_, village)| *village).filter(|village| seen.insert(&village.id)).take(limit).collect()
    }

    /// Units of one generation whose name, without its kind, answers the query; best first.
    #[must_use]
    pub fn find_units(&self, query: &str, generation: u16, limit: usize) -> Vec<&Unit> {
        let units: Vec<_> = self.units_of(generation).collect();
        let named = fold::search(query, &units, |unit| unit.bare_name(), limit);
        let hits = if named.is_empty() { fold::search(query, &units, |unit| &unit.name, limit) } else { named };
        hits.into_iter().copied().collect()
    }

    /// The name to show for an area; the area itself when it is unknown.
    #[must_use]
    pub fn area_name(&self, area: AreaId) -> String {
        self.units.get(&area).map_or_else(|| area.to_string(), |unit| unit.name.clone())
    }

    /// Whether the village's unit of the newest generation is named as one on the land border, by a public page or a map.
    fn is_on_land_border(&self, village: &str) -> bool {
        let unit = self.villages.get(village).zip(self.newest_generation()).and_then(|(village, generation)| {
            let code = self.resolve_village(village, generation).unit()?;
            self.unit(AreaId { generation, code })
        });
        unit.is_some_and(|unit| unit.land_border.is_some())
    }

    /// How many sessions the village should have: its own plan, else its unit's (newest generation first), else that of
    /// the land border when its unit of the newest generation lies there, else the plan for all.
    #[must_use]
    pub fn plan_for(&self, village: &str) -> Option<&Plan> {
        let plans = || self.items.plans.iter().map(|item| &item.body);
        let own = plans().find(|plan| plan.village_id.as_deref() == Some(village));
        own.or_else(|| {
            let village = self.villages.get(village)?;
            self.generations().into_iter().rev().find_map(|generation| {
                let code = self.resolve_village(village, generation).unit()?;
                plans().find(|plan| plan.area == Some(AreaId { generation, code }))
            })
        })
        .or_else(|| plans().find(|plan| plan.rule.is_some() && self.is_on_land_border(village)))
        .or_else(|| plans().find(|plan| plan.village_id.is_none() && plan.area.is_none() && plan.rule.is_none()))
    }
}

fn only(codes: &BTreeSet<u32>) -> Option<u32> {
    codes.first().copied().filter(|_| codes.len() == 1)
}
