//! `coverage`: a province over a year.

use std::time::Instant;

use server::coverage::testing::fill;

use super::super::expect::{failed, on_server};
use super::super::home::Home;
use super::super::people::{self, Person};
use super::super::wire::Ask;
use super::super::{Failure, Plan, Report};
use super::Measure;

/// How often it is asked; the report tells the median.
const TIMES: usize = 9;

/// Villages by month of a whole year, as a coordinator reads them. Only the read tables are filled: there are no
/// batches behind these sessions.
pub(in super::super) async fn run(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    home.init()?;
    let db = home.database().await?;
    let filled = fill(&db, plan.records, plan.seed).await?;
    let codes = people::hire(&db, &[Person::coordinator()]).await?;
    db.close().await;
    let mut phones = {
        let server = home.serve_preparing()?;
        people::enrol(home, &server, codes, plan.seed).await?
    };
    let mut coordinator = phones.pop().ok_or("no coordinator")?;

    let server = home.serve()?;
    coordinator.line.move_to(server.address);
    let ask = Ask::get("/v1/coverage?generation=2025&from=2026-01-01&to=2026-12-31&bucket=month");
    let measure = Measure::begin(home, &server)?;
    let mut seconds = Vec::with_capacity(TIMES);
    let mut wrong = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        let answer = coordinator.line.ask(&ask).await;
        seconds.push(began.elapsed().as_secs_f64());
        wrong += failed("coverage", &answer);
    }
    let mut report = measure.end(plan, plan.records, 1)?;
    seconds.sort_by(f64::total_cmp);
    report.seconds = seconds[TIMES / 2];
    report.records_per_second = plan.records as f64 / report.seconds.max(f64::EPSILON);
    report.failed = wrong;
    let counted = on_server(&mut coordinator).await.map(|counts| counts.sessions);
    if counted.as_ref().ok() != Some(&filled.sessions) {
        eprintln!("the server: expected {} sessions, found {counted:?}", filled.sessions);
        report.failed += 1;
    }
    Ok(report)
}
