//! Totals by unit of any generation. Records keep the unit as recorded; each counts in exactly one place of a report.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::Serialize;
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::calendar::day_text;
use super::filter::Filter;
use super::place::{Place, place};
use super::query::Range;
use super::read::of_range;
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::project::Sums;
use crate::reference::Catalogue;

/// Sums and material.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Sessions, attendances and the rest.
    #[serde(flatten)]
    pub sums: Sums,
    /// Material handed out, by kind.
    pub material: BTreeMap<String, i64>,
}

impl Totals {
    pub(crate) fn add_material(&mut self, kind: &str, quantity: i64) {
        *self.material.entry(kind.to_owned()).or_default() += quantity;
    }
}

impl AddAssign<&Self> for Totals {
    fn add_assign(&mut self, other: &Self) {
        self.sums += other.sums;
        for (kind, quantity) in &other.material {
            self.add_material(kind, *quantity);
        }
    }
}

/// The totals of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnitTotals {
    /// The unit.
    #[schema(value_type = String, example = "2025-06841")]
    pub unit: AreaId,
    /// Its name.
    pub name: String,
    /// The totals.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What was recorded in a unit that was split, or is not in the reference data, and belongs to no unit yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnplacedTotals {
    /// The unit as recorded.
    #[schema(value_type = String, example = "2024-06853")]
    pub recorded: AreaId,
    /// Its name.
    pub name: String,
    /// The village, when the record names one of the register.
    pub village: Option<String>,
    /// The units it may belong to; empty when nothing is known of it.
    #[schema(value_type = Vec<String>)]
    pub candidates: Vec<AreaId>,
    /// The totals.
    #[serde(flatten)]
    pub totals: Totals,
}

/// Totals over a range, in the units of one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TotalsReport {
    /// The generation.
    pub generation: u16,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Everything: the sum of `units`, `needs_choice` and `unknown`, and the same in each generation.
    pub total: Totals,
    /// The same days of the year before (so với cùng kỳ).
    pub year_before: Totals,
    /// By unit, those with nothing left out.
    pub units: Vec<UnitTotals>,
    /// Recorded in a unit that was split: a person chooses, once for each village.
    pub needs_choice: Vec<UnplacedTotals>,
    /// Recorded in a unit of which the reference data does not say what it became or was.
    pub unknown: Vec<UnplacedTotals>,
}

/// Totals of what lies in `scope`, as recorded, in the units of the range's generation.
///
/// # Errors
/// The database's.
pub async fn totals(tx: &mut Tx, catalogue: &Catalogue, scope: &Scope, range: &Range) -> Result<TotalsReport, DbError> {
    totals_of(tx, catalogue, scope, range, None).await
}

/// As [`totals`], of the sessions a filter leaves.
pub(crate) async fn totals_of(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    range: &Range,
    filter: Option<&Filter>,
) -> Result<TotalsReport, DbError> {
    let places = by_place(tx, catalogue, scope, range, (range.from, range.to), filter).await?;
    let before = (year_before(range.from), year_before(range.to));
    let before = by_place(tx, catalogue, scope, range, before, filter).await?;
    let mut report = TotalsReport {
        generation: range.generation,
        from: day_text(range.from),
        to: day_text(range.to),
        total: sum(places.values()),
        year_before: sum(before.values()),
        units: Vec::new(),
        needs_choice: Vec::new(),
        unknown: Vec::new(),
    };
    for (place, totals) in places {
        match place {
            Place::Unit(code) => {
                let unit = AreaId { generation: range.generation, code };
                report.units.push(UnitTotals { unit, name: catalogue.area_name(unit), totals });
            }
            Place::Unplaced { recorded, village, candidates } => {
                let list = if candidates.is_empty() { &mut report.unknown } else { &mut report.needs_choice };
                let name = catalogue.area_name(recorded);
                list.push(UnplacedTotals { recorded, name, village, candidates, totals });
            }
        }
    }
    Ok(report)
}

/// The totals of some days by place; those that cannot belong to the unit asked for are left out.
async fn by_place(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    range: &Range,
    (from, to): (i64, i64),
    filter: Option<&Filter>,
) -> Result<BTreeMap<Place, Totals>, DbError> {
    let mut places: BTreeMap<Place, Totals> = BTreeMap::new();
    for part in of_range(tx, from..=to, scope.areas(), filter).await? {
        *places.entry(place(catalogue, range.generation, part.area, &part.village)).or_default() += &part.totals;
    }
    if let Some(asked) = range.unit {
        let asked_area = AreaId { generation: range.generation, code: asked };
        places.retain(|place, _| match place {
            Place::Unit(code) => *code == asked,
            Place::Unplaced { candidates, .. } => candidates.contains(&asked_area),
        });
    }
    Ok(places)
}

fn sum<'a>(parts: impl Iterator<Item = &'a Totals>) -> Totals {
    let mut total = Totals::default();
    for part in parts {
        total += part;
    }
    total
}

/// The same day a year before; 28 February for the 29th.
pub(crate) fn year_before(day: i64) -> i64 {
    let text = day_text(day);
    let year: i64 = text.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
    let rest = text.get(4..).unwrap_or_default();
    let rest = if rest == "-02-29" { "-02-28" } else { rest };
    super::calendar::parse_day(&format!("{:04}{rest}", year - 1)).unwrap_or(day - 365)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::calendar::parse_day;

    #[test]
    fn the_year_before_a_leap_day_ends_on_the_28th() {
        let before = |text| parse_day(text).map(|day| day_text(year_before(day)));
        assert_eq!(before("2024-02-29").as_deref(), Some("2023-02-28"));
        assert_eq!(before("2026-11-23").as_deref(), Some("2025-11-23"));
    }
}
