//! How complete the figures of a report are: a figure without that says less than it seems to.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::counts::Counts;
use super::period::Days;
use crate::coverage::{Belongs, Covering, Reported, areas_of, unit_of};
use crate::db::{DbError, Tx};
use crate::device::waiting_changes;
use crate::duplicate::count_open_in;
use crate::inbox::{may_lie_in, quarantined};

/// What is known to be missing, and what nobody has decided on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReportCompleteness)]
pub struct Completeness {
    /// Villages of what is reported on.
    pub villages: usize,
    /// Of which with a session in the period.
    pub reached: usize,
    /// Sessions of the period.
    pub sessions: i64,
    /// Of which an officer confirmed as they stand.
    pub confirmed_sessions: i64,
    /// Villages without a session of which a device may still hold one.
    pub unheard_villages: usize,
    /// Devices that covered any of the villages in the period and have not brought everything since.
    pub unheard_devices: usize,
    /// Changes that arrived and wait for others, today.
    pub waiting_changes: i64,
    /// Changes in quarantine, today.
    pub quarantined: i64,
    /// Pairs of sessions of the period that may be one event and that nobody has looked at.
    pub open_duplicates: i64,
}

pub(super) async fn read(
    tx: &mut Tx,
    reported: &Reported<'_>,
    counts: &Counts,
    days: Days,
) -> Result<Completeness, DbError> {
    let Reported { catalogue, scope, .. } = *reported;
    let mut completeness = Completeness {
        sessions: counts.totals.sums.sessions,
        confirmed_sessions: counts.totals.sums.confirmed,
        ..Completeness::default()
    };
    let covering = Covering::read(tx).await?;
    let generations = catalogue.generations();
    let mut all: BTreeSet<AreaId> = BTreeSet::new();
    for village in catalogue.villages().filter(|village| village.merged_into.is_none()) {
        let (unit, candidates) = unit_of(catalogue, reported.generation, village);
        if !reported.is_province() && !unit.iter().chain(&candidates).any(|unit| reported.holds(*unit)) {
            continue;
        }
        completeness.villages += 1;
        let areas = areas_of(catalogue, &generations, village);
        if counts.reached.contains(&village.id) {
            completeness.reached += 1;
        } else if covering.of(&areas, days.from, days.to).over(days.from, days.to).unheard > 0 {
            completeness.unheard_villages += 1;
        }
        all.extend(areas);
    }
    completeness.unheard_devices = covering.of(&all, days.from, days.to).over(days.from, days.to).unheard;
    let here = |area| may_lie_in(catalogue, scope, reported.area(), area);
    for (_, area, changes) in waiting_changes(tx).await? {
        completeness.waiting_changes += if here(area) { changes } else { 0 };
    }
    for (area, waiting) in quarantined(tx, scope).await? {
        completeness.quarantined += if here(area) { waiting.count } else { 0 };
    }
    for (area, village, pairs) in count_open_in(tx, reported.areas().as_ref(), (days.from, days.to)).await? {
        completeness.open_duplicates += if reported.belongs(area, &village) == Belongs::No { 0 } else { pairs };
    }
    Ok(completeness)
}
