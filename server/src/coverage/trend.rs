//! Coverage by reporting month, beside the same months of the year before.

use serde::Serialize;
use utoipa::ToSchema;

use super::calendar::{Calendar, ReportMonth};
use super::filter::Filter;
use super::query::Range;
use super::totals::year_before;
use super::villages::{Coverage, coverage_of};
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::reference::Catalogue;

/// One reporting month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrendPeriod {
    /// `2026-03`.
    pub label: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Whether it is over.
    pub ended: bool,
    /// Sessions, in villages and elsewhere.
    pub sessions: i64,
    /// Of which confirmed as they stand.
    pub confirmed: i64,
    /// Attendances (lượt người).
    pub attendances: i64,
    /// Sessions planned; none under a filter.
    pub planned: Option<u64>,
    /// Villages.
    pub villages: usize,
    /// Of which with at least one session.
    pub reached: usize,
    /// Of which nobody knows: a device may still hold a session.
    pub unheard: usize,
    /// Of which no device covered.
    pub unassigned: usize,
}

/// Coverage by reporting month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trend {
    /// The generation of units.
    pub generation: u16,
    /// The day on which months close; 0 is the calendar month.
    pub closing_day: u8,
    /// The months, in order.
    pub periods: Vec<TrendPeriod>,
    /// The same months of the year before (so với cùng kỳ).
    pub year_before: Vec<TrendPeriod>,
}

/// Coverage by reporting month of what lies in `scope`.
///
/// # Errors
/// The database's.
pub(crate) async fn trend(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    range: &Range,
    filter: Option<&Filter>,
) -> Result<Trend, DbError> {
    let now = coverage_of(tx, catalogue, calendar, scope, range, filter).await?;
    let (from, to) = (a_year_before(calendar, range.from), a_year_before(calendar, range.to));
    let before = Range { from, to, ..range.clone() };
    let before = coverage_of(tx, catalogue, calendar, scope, &before, filter).await?;
    Ok(Trend {
        generation: range.generation,
        closing_day: calendar.closing_day(),
        periods: periods(&now),
        year_before: periods(&before),
    })
}

/// The same day of the year before; of the last day of a reporting month the last one, also of a February.
fn a_year_before(calendar: Calendar, day: i64) -> i64 {
    let month = calendar.month_of(day);
    let then = ReportMonth(month.0 - 12);
    if day == calendar.last_day(month) { calendar.last_day(then) } else { year_before(day) }
}

fn periods(coverage: &Coverage) -> Vec<TrendPeriod> {
    let villages = coverage.villages.len();
    let period = |period: &super::PeriodSummary| TrendPeriod {
        label: period.label.clone(),
        from: period.from.clone(),
        to: period.to.clone(),
        ended: period.ended,
        sessions: period.in_villages.sessions + period.elsewhere.sessions,
        confirmed: period.in_villages.confirmed + period.elsewhere.confirmed,
        attendances: period.in_villages.attendances + period.elsewhere.attendances,
        planned: period.planned,
        villages,
        reached: period.reached,
        unheard: period.unheard,
        unassigned: period.unassigned,
    };
    coverage.periods.iter().map(period).collect()
}
