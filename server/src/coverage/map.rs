//! Coverage on a map: units at the points of their labels, villages where a position is known.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::calendar::{Calendar, day_text};
use super::filter::Filter;
use super::geo::{Feature, Point};
use super::place::{Place, place};
use super::query::Range;
use super::read::by_month;
use super::unreached::last_held;
use super::villages::{VillageCoverage, VillageState, coverage_from};
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::Sums;
use crate::reference::{Catalogue, Unit};

/// What stands at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A unit, at the point of its label.
    Unit,
    /// A village.
    Village,
}

/// One place over the range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MapPlace {
    /// `unit` or `village`.
    pub kind: PlaceKind,
    /// The unit (`2025-06841`) or the village's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The unit a village lies in; of a unit itself.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// Sessions held; of a unit also those outside its villages.
    pub sessions: i64,
    /// Of which confirmed as they stand.
    pub confirmed: i64,
    /// Attendances (lượt người).
    pub attendances: i64,
    /// Sessions planned; none under a filter.
    pub planned: Option<u64>,
    /// The day of the last session in the range; of a unit in any of its villages. None under a filter.
    pub last_day: Option<String>,
    /// Where it stands over the range; of a unit: the best of its villages' when any was reached, else `unheard` when any
    /// is.
    pub state: VillageState,
    /// Villages: 1, or those of the unit.
    pub villages: usize,
    /// Of which reached.
    pub reached: usize,
    /// Of which nobody knows.
    pub unheard: usize,
    /// Sample data, no official list.
    pub sample: bool,
}

/// The map.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoverageMap {
    /// `FeatureCollection`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Units first, then villages.
    pub features: Vec<Feature<MapPlace>>,
}

/// The places of a scope over a range.
///
/// # Errors
/// The database's.
pub(crate) async fn map(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    range: &Range,
    filter: Option<&Filter>,
) -> Result<CoverageMap, DbError> {
    let parts = by_month(tx, calendar, range.from..=range.to, scope.areas(), filter).await?;
    let coverage = coverage_from(tx, catalogue, calendar, scope, range, filter, &parts).await?;
    // By unit everything counts that was held there, in villages or elsewhere.
    let mut counted: BTreeMap<AreaId, Sums> = BTreeMap::new();
    for part in &parts {
        if let Place::Unit(code) = place(catalogue, range.generation, part.area, &part.village) {
            *counted.entry(AreaId { generation: range.generation, code }).or_default() += part.sums;
        }
    }
    let last = match filter {
        None => last_held(tx, catalogue, range.from..=range.to).await?,
        // The sums know no days of their own.
        Some(_) => BTreeMap::new(),
    };
    let villages: Vec<MapPlace> = coverage
        .villages
        .iter()
        .map(|village| of_village(village, last.get(village.village.as_str()).copied()))
        .collect();

    let mut features = Vec::new();
    for unit in catalogue.units_of(range.generation) {
        let asked = range.unit.is_none_or(|code| code == unit.area.code) && scope.contains(unit.area);
        let Some(point) = unit.label_lat_e3.zip(unit.label_lon_e3).filter(|_| asked) else { continue };
        let inside = villages.iter().filter(|village| village.unit == Some(unit.area));
        let mut place = of_unit(unit, inside, filter.is_none().then_some(0));
        if let Some(sums) = counted.get(&unit.area) {
            (place.sessions, place.confirmed, place.attendances) = (sums.sessions, sums.confirmed, sums.attendances);
            place.state = match (place.sessions > 0, place.confirmed > 0) {
                (true, true) => VillageState::Confirmed,
                (true, false) => VillageState::Done,
                (false, _) => place.state,
            };
        }
        features.push(Feature::new(Point::of_e3(point.0, point.1), place));
    }
    let positions = positions(tx).await?;
    for village in villages {
        if let Some((lat, lon)) = positions.get(&village.id) {
            features.push(Feature::new(Point::of_e3(*lat, *lon), village));
        }
    }
    Ok(CoverageMap { kind: "FeatureCollection", features })
}

fn of_village(village: &VillageCoverage, last_day: Option<i64>) -> MapPlace {
    let periods = &village.periods;
    // Over a range a place stands as at its best; silence in one part leaves the whole unknown.
    let state = periods.iter().map(|period| period.state).min_by_key(|state| rank(*state));
    let state = state.unwrap_or(VillageState::Unassigned);
    MapPlace {
        kind: PlaceKind::Village,
        id: village.village.clone(),
        name: village.name.clone(),
        unit: village.unit,
        sessions: periods.iter().map(|period| period.done).sum(),
        confirmed: periods.iter().map(|period| period.confirmed).sum(),
        attendances: periods.iter().map(|period| period.attendances).sum(),
        planned: periods.iter().map(|period| period.planned.map(u64::from)).sum(),
        last_day: last_day.map(day_text),
        state,
        villages: 1,
        reached: usize::from(matches!(state, VillageState::Confirmed | VillageState::Done)),
        unheard: usize::from(state == VillageState::Unheard),
        sample: village.sample,
    }
}

fn of_unit<'a>(unit: &Unit, villages: impl Iterator<Item = &'a MapPlace>, planned: Option<u64>) -> MapPlace {
    let mut place = MapPlace {
        kind: PlaceKind::Unit,
        id: unit.area.to_string(),
        name: unit.name.clone(),
        unit: Some(unit.area),
        sessions: 0,
        confirmed: 0,
        attendances: 0,
        planned,
        last_day: None,
        state: VillageState::Unassigned,
        villages: 0,
        reached: 0,
        unheard: 0,
        sample: false,
    };
    for village in villages {
        place.planned = place.planned.zip(village.planned).map(|(planned, more)| planned + more);
        place.villages += 1;
        place.reached += village.reached;
        place.unheard += village.unheard;
        place.sample |= village.sample;
        place.last_day = place.last_day.take().max(village.last_day.clone());
        if rank(village.state) < rank(place.state) {
            place.state = village.state;
        }
    }
    place
}

/// Which of two states stands for both.
fn rank(state: VillageState) -> u8 {
    match state {
        VillageState::Confirmed => 0,
        VillageState::Done => 1,
        VillageState::Unheard => 2,
        VillageState::Zero => 3,
        VillageState::Unassigned => 4,
    }
}

/// Where villages lie, as far as the imported list says.
async fn positions(tx: &mut Tx) -> Result<BTreeMap<String, (i32, i32)>, DbError> {
    const PLACED: &str = "select id, lat_e3, lon_e3 from village where lat_e3 is not null and lon_e3 is not null";
    let rows: Vec<(String, i64, i64)> = on_db!(tx, |c| sqlx::query_as(PLACED).fetch_all(c).await)?;
    let place = |(id, lat, lon): (String, i64, i64)| Some((id, (i32::try_from(lat).ok()?, i32::try_from(lon).ok()?)));
    Ok(rows.into_iter().filter_map(place).collect())
}
