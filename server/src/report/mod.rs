//! The period report: "X buổi / Y lượt người", material, formats, topics, panels, clubs, broadcasts and difficulties, beside
//! the period before and the same period of the year before, with what is known to be missing.
//!
//! Sums come from the roll-up ([`crate::coverage`]), never from a walk over sessions.

mod completeness;
mod counts;
mod figures;
mod period;
mod register;
pub mod route;
mod sheet;
mod words;

pub use completeness::Completeness;
pub use figures::{Figure, Group};
pub use period::{Days, Periods, ReportKind, ReportParams};
pub use sheet::{SheetError, workbook};
pub use words::{Language, Words};

use serde::Serialize;
use sync_core::id::{AreaId, UnixMs};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::coverage::calendar::{Calendar, local_day};
use crate::coverage::{Reported, UnplacedTotals};
use crate::db::{DbError, Tx};
use crate::reference::Catalogue;

/// The report of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeriodReport {
    /// The generation of units.
    pub generation: u16,
    /// The unit; none: everything the caller may see.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// Its name; without a unit, that of the province or of the caller's units.
    pub unit_name: String,
    /// `month`, `quarter`, `half`, `nine_months`, `year` or `range`.
    pub kind: ReportKind,
    /// What the period is called.
    pub name: Words,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Whether the period is over; until then figures are provisional (số liệu sơ bộ).
    pub ended: bool,
    /// The day on which reporting months close; 0 is the calendar month.
    pub closing_day: u8,
    /// The period before of the same kind.
    pub before: Days,
    /// The same period of the year before (cùng kỳ năm trước).
    pub year_before: Days,
    /// The figures, by group.
    pub figures: Vec<Figure>,
    /// How complete they are.
    pub completeness: Completeness,
    /// Recorded in a unit that was split: a person chooses, once for each village. Not in the figures of a unit; in those
    /// of the province they are.
    pub needs_choice: Vec<UnplacedTotals>,
    /// When the report was made.
    #[schema(value_type = i64)]
    pub made_at_ms: UnixMs,
}

impl PeriodReport {
    /// One figure of the period, by its key; 0 when there is none.
    #[must_use]
    pub fn now(&self, key: &str) -> i64 {
        self.figures.iter().find(|figure| figure.key == key).and_then(|figure| figure.now).unwrap_or_default()
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The generation of units.
    pub generation: u16,
    /// The code of the unit.
    pub unit: Option<u32>,
    /// The periods.
    pub periods: Periods,
    /// Now.
    pub now: UnixMs,
}

/// The report of a period, of what the caller may see.
///
/// # Errors
/// The database's.
pub async fn report(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    asked: &Asked,
) -> Result<PeriodReport, DbError> {
    let reported = Reported { catalogue, scope, generation: asked.generation, unit: only_unit(scope, asked) };
    let periods = &asked.periods;
    let now = counts::read(tx, &reported, periods.now).await?;
    let before = counts::read(tx, &reported, periods.before).await?;
    let year_before = if periods.before == periods.year_before {
        before.clone()
    } else {
        counts::read(tx, &reported, periods.year_before).await?
    };
    let completeness = completeness::read(tx, &reported, &now, periods.now).await?;
    Ok(PeriodReport {
        generation: asked.generation,
        unit: reported.area(),
        unit_name: unit_name(&reported),
        kind: periods.kind,
        name: periods.name.clone(),
        from: periods.now.from_text(),
        to: periods.now.to_text(),
        ended: periods.now.to < local_day(asked.now.0),
        closing_day: calendar.closing_day(),
        before: periods.before,
        year_before: periods.year_before,
        figures: figures::figures(&reported, [&now, &before, &year_before]),
        completeness,
        needs_choice: now.needs_choice(catalogue),
        made_at_ms: asked.now,
    })
}

/// Who may see one unit only reports on it.
fn only_unit(scope: &Scope, asked: &Asked) -> Option<u32> {
    asked.unit.or_else(|| {
        let mut units = scope.areas()?.iter().filter(|area| area.generation == asked.generation);
        units.next().filter(|_| units.next().is_none()).map(|area| area.code)
    })
}

fn unit_name(reported: &Reported<'_>) -> String {
    const MOST_NAMED: usize = 3;
    if let Some(unit) = reported.area() {
        return reported.catalogue.area_name(unit);
    }
    let Some(areas) = reported.scope.areas() else { return "Tỉnh Quảng Ninh".to_owned() };
    let units = areas.iter().filter(|area| area.generation == reported.generation);
    let names: Vec<String> = units.map(|area| reported.catalogue.area_name(*area)).collect();
    match names.len() {
        0..=MOST_NAMED => names.join(", "),
        all => format!("{} … ({all})", names[..MOST_NAMED].join(", ")),
    }
}

#[cfg(test)]
mod tests;
