//! Village × period: planned, done, confirmed, zero, unheard or unassigned.
//!
//! Silence is not zero: a village without a session counts as `zero` only when somebody was to record there and every
//! device that covered it in the period has since brought everything it had.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::calendar::{Calendar, Period, day_text};
use super::devices::{Covering, DevicesHeard, areas_of};
use super::filter::Filter;
use super::query::Range;
use super::read::{MonthPart, by_month};
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::project::Sums;
use crate::reference::{Catalogue, Resolution, Village};

/// Where a village stands in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VillageState {
    /// At least one session, of which an officer confirmed at least one as it stands.
    Confirmed,
    /// At least one session, none confirmed.
    Done,
    /// No session, and every device that covered the village in the period has since brought everything it had.
    Zero,
    /// No session arrived, and a device that covered the village in the period may still hold one: it has not brought
    /// everything since. So it is while the period lasts, and so it stays for a device that was lost or shut out.
    Unheard,
    /// No session arrived, and no device covered the village in the period: there was nobody to record one.
    Unassigned,
}

/// One village in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VillagePeriod {
    /// Where it stands.
    pub state: VillageState,
    /// Sessions planned; none under a filter.
    pub planned: Option<u32>,
    /// Sessions held.
    pub done: i64,
    /// Of which confirmed as they stand.
    pub confirmed: i64,
    /// Attendances (lượt người).
    pub attendances: i64,
    /// Devices that covered the village in the period and have not brought everything since.
    pub unheard_devices: usize,
}

/// One village over the range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VillageCoverage {
    /// The village's id.
    pub village: String,
    /// Its name.
    pub name: String,
    /// `thôn`, `bản`, `khu` …
    pub kind: String,
    /// Sample data, no official list.
    pub sample: bool,
    /// The unit it lies in; none while a person has to choose.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// The units it may lie in, when a person has to choose.
    #[schema(value_type = Vec<String>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<AreaId>,
    /// The devices that cover it.
    #[serde(flatten)]
    pub devices: DevicesHeard,
    /// In the order of the periods.
    pub periods: Vec<VillagePeriod>,
}

/// A period, and how the villages stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeriodSummary {
    /// `2026-03`, `2026-Q1` or `2026`.
    pub label: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Whether it is over.
    pub ended: bool,
    /// Villages with at least one session, confirmed or not.
    pub reached: usize,
    /// Of which with a confirmed one.
    pub confirmed: usize,
    /// Villages known to have had none.
    pub zero: usize,
    /// Villages of which nobody knows.
    pub unheard: usize,
    /// Villages without a session that no device covered.
    pub unassigned: usize,
    /// Sessions planned; none under a filter.
    pub planned: Option<u64>,
    /// Sessions and attendances in the villages listed.
    pub in_villages: Sums,
    /// Sessions at places outside the register of villages, or in villages it does not know.
    pub elsewhere: Sums,
}

/// Coverage of villages over a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Coverage {
    /// The generation in whose units the villages are shown.
    pub generation: u16,
    /// The day on which months close; 0 is the calendar month.
    pub closing_day: u8,
    /// The periods.
    pub periods: Vec<PeriodSummary>,
    /// The villages, by unit and name.
    pub villages: Vec<VillageCoverage>,
}

/// Coverage of the villages in `scope` over a range.
///
/// # Errors
/// The database's.
pub async fn coverage(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    range: &Range,
) -> Result<Coverage, DbError> {
    coverage_of(tx, catalogue, calendar, scope, range, None).await
}

/// As [`coverage`], of the sessions a filter leaves.
pub(crate) async fn coverage_of(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    range: &Range,
    filter: Option<&Filter>,
) -> Result<Coverage, DbError> {
    let parts = by_month(tx, calendar, range.from..=range.to, scope.areas(), filter).await?;
    coverage_from(tx, catalogue, calendar, scope, range, filter, &parts).await
}

/// As [`coverage_of`], of what was read already: every reporting month of the range under the same filter.
pub(super) async fn coverage_from(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    range: &Range,
    filter: Option<&Filter>,
    parts: &[MonthPart],
) -> Result<Coverage, DbError> {
    let covering = Covering::read(tx).await?;
    let periods = calendar.periods(range.from, range.to, range.bucket);
    let listed = listed(catalogue, scope, range);
    let mut cells: BTreeMap<&str, Vec<Sums>> = BTreeMap::new();
    let mut elsewhere = vec![Sums::default(); periods.len()];
    for part in parts {
        let at = periods.partition_point(|period| period.to < part.day);
        let village = catalogue.survivor(&part.village).map(|village| village.id.as_str());
        if let Some(village) = village.filter(|id| listed.contains_key(id)) {
            cells.entry(village).or_insert_with(|| vec![Sums::default(); periods.len()])[at] += part.sums;
        } else if village.is_none() && is_asked(catalogue, range, part.area) {
            elsewhere[at] += part.sums;
        }
    }

    let mut summaries: Vec<PeriodSummary> =
        periods.iter().zip(elsewhere).map(|(period, elsewhere)| summary(period, range, elsewhere, filter)).collect();
    let mut villages = Vec::with_capacity(listed.len());
    for (id, (village, areas)) in listed {
        let devices = covering.of(&areas, range.from, range.to);
        // What was planned says nothing of a topic or of a post.
        let planned = filter.is_none().then(|| catalogue.plan_for(id));
        let counted = cells.remove(id);
        let mut shown = Vec::with_capacity(periods.len());
        for (at, period) in periods.iter().enumerate() {
            let sums = counted.as_ref().map_or_else(Sums::default, |cells| cells[at]);
            let first = calendar.month_of(period.from).0;
            let last = calendar.month_of(period.to).0;
            let planned = planned.map(|plan| plan.map_or(0, |plan| plan.due(first, last)));
            let cell = cell(&sums, planned, &devices, period);
            summaries[at].count(&cell, &sums);
            shown.push(cell);
        }
        villages.push(village_coverage(catalogue, range, village, devices, shown));
    }
    villages.sort_by(|a, b| (a.unit, &a.name, &a.village).cmp(&(b.unit, &b.name, &b.village)));
    Ok(Coverage { generation: range.generation, closing_day: calendar.closing_day(), periods: summaries, villages })
}

/// The villages of today within scope and unit, with the areas they lie or may lie in.
pub(crate) fn listed<'a>(
    catalogue: &'a Catalogue,
    scope: &Scope,
    range: &Range,
) -> BTreeMap<&'a str, (&'a Village, BTreeSet<AreaId>)> {
    let generations = catalogue.generations();
    let today = catalogue.villages().filter(|village| village.merged_into.is_none());
    let with_areas = today.map(|village| (village.id.as_str(), (village, areas_of(catalogue, &generations, village))));
    with_areas
        .filter(|(_, (_, areas))| {
            let in_scope = scope.areas().is_none_or(|scope| !scope.is_disjoint(areas));
            let asked = |code| areas.contains(&AreaId { generation: range.generation, code });
            in_scope && range.unit.is_none_or(asked)
        })
        .collect()
}

/// Whether what was recorded in an area, in no village of the register, may belong to the unit asked for.
fn is_asked(catalogue: &Catalogue, range: &Range, area: AreaId) -> bool {
    range.unit.is_none_or(|unit| catalogue.resolve(area, None, range.generation).unit() == Some(unit))
}

fn summary(period: &Period, range: &Range, elsewhere: Sums, filter: Option<&Filter>) -> PeriodSummary {
    PeriodSummary {
        label: period.label.clone(),
        from: day_text(period.from),
        to: day_text(period.to),
        ended: period.to < range.today,
        reached: 0,
        confirmed: 0,
        zero: 0,
        unheard: 0,
        unassigned: 0,
        planned: filter.is_none().then_some(0),
        in_villages: Sums::default(),
        elsewhere,
    }
}

impl PeriodSummary {
    fn count(&mut self, cell: &VillagePeriod, sums: &Sums) {
        match cell.state {
            VillageState::Confirmed => {
                self.reached += 1;
                self.confirmed += 1;
            }
            VillageState::Done => self.reached += 1,
            VillageState::Zero => self.zero += 1,
            VillageState::Unheard => self.unheard += 1,
            VillageState::Unassigned => self.unassigned += 1,
        }
        self.planned = self.planned.zip(cell.planned).map(|(sum, planned)| sum + u64::from(planned));
        self.in_villages += *sums;
    }
}

fn cell(sums: &Sums, planned: Option<u32>, devices: &DevicesHeard, period: &Period) -> VillagePeriod {
    let heard = devices.over(period.from, period.to);
    let state = match (sums.sessions > 0, sums.confirmed > 0) {
        (true, true) => VillageState::Confirmed,
        (true, false) => VillageState::Done,
        (false, _) if heard.unheard > 0 => VillageState::Unheard,
        (false, _) if heard.devices == 0 => VillageState::Unassigned,
        (false, _) => VillageState::Zero,
    };
    VillagePeriod {
        state,
        planned,
        done: sums.sessions,
        confirmed: sums.confirmed,
        attendances: sums.attendances,
        unheard_devices: heard.unheard,
    }
}

fn village_coverage(
    catalogue: &Catalogue,
    range: &Range,
    village: &Village,
    devices: DevicesHeard,
    periods: Vec<VillagePeriod>,
) -> VillageCoverage {
    let (unit, candidates) = unit_of(catalogue, range.generation, village);
    VillageCoverage {
        village: village.id.clone(),
        name: village.name.clone(),
        kind: village.kind.clone(),
        sample: village.sample,
        unit,
        candidates,
        devices,
        periods,
    }
}

/// The unit of a village in a generation, or those it may lie in.
pub(crate) fn unit_of(catalogue: &Catalogue, generation: u16, village: &Village) -> (Option<AreaId>, Vec<AreaId>) {
    let area = |code| AreaId { generation, code };
    match catalogue.resolve_village(village, generation) {
        Resolution::Unit(code) => (Some(area(code)), Vec::new()),
        Resolution::NeedsChoice { candidates, .. } => (None, candidates.into_iter().map(area).collect()),
        Resolution::Unknown => (None, Vec::new()),
    }
}
