mod numbers;
mod periods;
mod sheet;

use std::sync::Arc;

use sync_core::id::UnixMs;
use sync_core::record::Decision;

use super::{PeriodReport, ReportParams, report};
use crate::auth::Scope;
use crate::coverage::adopt_calendar;
use crate::coverage::calendar::{Calendar, end_of_day_ms, parse_day};
use crate::coverage::tests::prepare;
use crate::db::Db;
use crate::db::testing::Failure;
use crate::project;
use crate::reference::Catalogue;
use crate::session::testing::{Told, area};

fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// October 2026 of a calendar that closes on the 14th.
fn october() -> ReportParams {
    ReportParams { kind: given("month"), of: given("2026-10"), ..ReportParams::default() }
}

/// Four units of which one was split, and sessions around October 2026, which runs from 15 September to 14 October.
async fn filled(db: &Db) -> Result<Arc<Catalogue>, Failure> {
    let catalogue = prepare(db).await?;
    adopt_calendar(db, Calendar::closing_on(14)?, UnixMs(0)).await?;
    let (one, two, split) = (area(2025, 1), area(2024, 2), area(2024, 3));
    let first = Told::new(one, "a", "2026-09-15", 1, 40)?;
    let first = first.about(&["tricks", "hotline"], &["dao"], &["weather"])?.handing_out("leaflet", 30)?;
    first.store(db, 1).await?.review(db, Decision::Confirm).await?;
    let last = Told::new(two, "b", "2026-10-14", 2, 20)?.of_format("market")?;
    last.about(&["tricks"], &["tay"], &[])?.store(db, 2).await?;
    Told::new(split, "d", "2026-10-01", 1, 15)?.store(db, 3).await?;
    Told::new(split, "c", "2026-10-02", 1, 7)?.store(db, 4).await?;
    Told::new(one, "a", "2026-10-03", 1, 900)?.of_format("online")?.store(db, 5).await?;
    Told::new(one, "a", "2026-10-15", 1, 99)?.store(db, 6).await?;
    Told::new(one, "a", "2026-09-14", 1, 33)?.store(db, 7).await?;
    Told::new(area(2024, 1), "a", "2025-10-01", 1, 12)?.store(db, 8).await?;
    Told::new(area(2024, 1), "a", "2025-10-02", 1, 13)?.store(db, 9).await?;
    Ok(catalogue)
}

/// The report as made on 20 October 2026.
async fn made(db: &Db, catalogue: &Catalogue, scope: &Scope, params: &ReportParams) -> Result<PeriodReport, Failure> {
    let now = UnixMs(end_of_day_ms(parse_day("2026-10-20").ok_or("a day")?) - 1);
    let mut tx = db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let asked = params.read(catalogue, calendar, now).map_err(|problem| problem.code())?;
    Ok(report(&mut tx, catalogue, calendar, scope, &asked).await?)
}

/// The three values of a line.
fn line(report: &PeriodReport, key: &str) -> (Option<i64>, Option<i64>, Option<i64>) {
    let figure = report.figures.iter().find(|figure| figure.key == key);
    figure.map_or((None, None, None), |figure| (figure.now, figure.before, figure.year_before))
}
