//! Coverage: which villages were reached, which were not, and of which nobody knows yet.
//!
//! Everything is read from the roll-up that [`crate::project`] keeps, never from the sessions themselves. Units are resolved by lineage when a question
//! is asked; nothing recorded is rewritten.

pub mod calendar;
mod devices;
pub mod filter;
pub mod geo;
pub mod map;
mod place;
pub mod query;
mod read;
pub mod route;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod totals;
pub mod trend;
mod unreached;
mod villages;

pub use devices::DevicesHeard;
pub(crate) use devices::{Covering, areas_of};
pub(crate) use place::{Belongs, Place, Reported};
pub(crate) use read::area_condition;
pub use totals::{Totals, TotalsReport, UnitTotals, UnplacedTotals, totals};
pub(crate) use totals::{totals_of, year_before};
pub use unreached::{Unreached, UnreachedVillage, unreached};
pub use villages::{Coverage, PeriodSummary, VillageCoverage, VillagePeriod, VillageState, coverage};
pub(crate) use villages::{coverage_of, unit_of};

use calendar::Calendar;
use sync_core::id::UnixMs;

use crate::audit::{self, Actor};
use crate::db::{Db, DbError, Tx};
use crate::{project, setting};

/// Makes reporting months follow the configured closing day, or the one an administrator set, which goes before it:
/// so processes that are configured otherwise agree. Cheap when nothing changed. Called at start, before requests are
/// served.
///
/// # Errors
/// The database's.
pub async fn adopt_calendar(db: &Db, configured: Calendar, now: UnixMs) -> Result<(), DbError> {
    db.write(async |tx| {
        let calendar = setting::closing_day(tx).await?.unwrap_or(configured);
        adopt_calendar_in(tx, calendar, Actor::CommandLine, now).await
    })
    .await
}

/// Makes reporting months follow this closing day, within a transaction of the caller. Does nothing when they do
/// already.
///
/// # Errors
/// The database's.
pub(crate) async fn adopt_calendar_in(
    tx: &mut Tx,
    calendar: Calendar,
    actor: Actor,
    now: UnixMs,
) -> Result<(), DbError> {
    let before = project::calendar(tx).await?;
    if before == calendar {
        return Ok(());
    }
    project::change_calendar(tx, calendar).await?;
    let detail = serde_json::json!({ "before": before.closing_day(), "after": calendar.closing_day() });
    audit::record(tx, now, actor, "coverage.closing-day-changed", "", &detail).await
}

#[cfg(test)]
pub(crate) mod tests;
