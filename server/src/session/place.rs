//! What was recorded in a unit, by lineage: conditions on the area and the village of a row.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::AreaId;

use crate::auth::Scope;
use crate::coverage::area_condition;
use crate::reference::{Catalogue, Resolution};

/// The condition that a row belongs to `unit` by lineage: recorded in an area that lies in it whole, or in a village
/// of a split area that does.
pub(super) fn belongs_to(catalogue: &Catalogue, unit: AreaId) -> String {
    any_of(parts(catalogue, unit, "village_id", villages_in(catalogue, unit)))
}

/// The condition that a row belongs to `unit` by lineage: recorded in an area that lies in it whole, or, in a split
/// area, with one of the `column`'s values that are told for it.
pub(super) fn parts_belong_to<'a>(
    catalogue: &Catalogue,
    unit: AreaId,
    column: &str,
    of_split: impl Fn(AreaId) -> Vec<&'a str>,
) -> String {
    any_of(parts(catalogue, unit, column, of_split))
}

/// Conditions that each find some of the sessions a caller may see, of one unit when one is given: together all of
/// them, none twice. Each alone is answered from an index, which both engines do not manage for all at once.
pub(crate) fn slices(catalogue: &Catalogue, scope: &Scope, unit: Option<AreaId>) -> Vec<String> {
    let by_generation = |areas: &BTreeSet<AreaId>| {
        let generations: BTreeSet<u16> = areas.iter().map(|area| area.generation).collect();
        let of = |generation| areas.iter().copied().filter(|area| area.generation == generation).collect();
        generations.into_iter().filter_map(|generation| area_condition(&of(generation))).collect::<Vec<_>>()
    };
    let Some(unit) = unit else {
        return scope.areas().map_or_else(|| vec!["1 = 1".to_owned()], by_generation);
    };
    let Parts { mut whole, mut split } = parts(catalogue, unit, "village_id", villages_in(catalogue, unit));
    whole.retain(|area| scope.contains(*area));
    split.retain(|area, _| scope.contains(*area));
    by_generation(&whole).into_iter().chain(split.into_values()).collect()
}

/// The villages that, as recorded in an area, lie in `unit`.
fn villages_in<'a>(catalogue: &'a Catalogue, unit: AreaId) -> impl Fn(AreaId) -> Vec<&'a str> {
    move |area| {
        let here = |id: &&str| catalogue.resolve(area, Some(id), unit.generation) == Resolution::Unit(unit.code);
        catalogue.villages().map(|village| village.id.as_str()).filter(here).collect()
    }
}

/// What belongs to a unit.
struct Parts {
    /// Areas that lie in it whole.
    whole: BTreeSet<AreaId>,
    /// Of areas that were split, the condition on what was recorded there.
    split: BTreeMap<AreaId, String>,
}

fn parts<'a>(catalogue: &Catalogue, unit: AreaId, column: &str, of_split: impl Fn(AreaId) -> Vec<&'a str>) -> Parts {
    let lineage = catalogue.lineage();
    let mut related = lineage.ancestors(unit);
    related.extend(lineage.descendants(unit));
    related.insert(unit);
    let mut parts = Parts { whole: BTreeSet::new(), split: BTreeMap::new() };
    for area in related {
        if catalogue.resolve(area, None, unit.generation) == Resolution::Unit(unit.code) {
            parts.whole.insert(area);
            continue;
        }
        let quoted = |id: &str| format!("'{}'", id.replace('\'', "''"));
        let ids: Vec<String> = of_split(area).into_iter().map(quoted).collect();
        if !ids.is_empty() {
            let AreaId { generation, code } = area;
            let ids = ids.join(", ");
            let condition = format!("(generation = {generation} and code = {code} and {column} in ({ids}))");
            parts.split.insert(area, condition);
        }
    }
    parts
}

fn any_of(Parts { whole, split }: Parts) -> String {
    let any: Vec<String> = area_condition(&whole).into_iter().chain(split.into_values()).collect();
    if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" or ")) }
}
