//! `headquarters`: what every page of an officer and of a coordinator asks of a province that is full.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use server::coverage::testing::fill_headquarters;
use server::db::{Db, Dialect};
use server::on_db;
use sync_core::id::{AreaId, DeviceId};

use super::super::home::Home;
use super::super::pages::{Known, Page, Who, closing_days, pages};
use super::super::people::{self, Person};
use super::super::phone::Phone;
use super::super::records::Source;
use super::super::wire::Ask;
use super::super::{Failure, Plan, Report};
use super::{Measure, put_on_file};

/// How often each question is asked; the report tells the median.
const TIMES: usize = 5;
/// Sessions with their content, made by a real device: what one session's page reads.
const WITH_CONTENT: u64 = 20;

struct Callers {
    officer: Phone,
    coordinator: Phone,
    administrator: Phone,
}

impl Callers {
    fn of(&mut self, who: Who) -> &mut Phone {
        match who {
            Who::Officer => &mut self.officer,
            Who::Coordinator => &mut self.coordinator,
            Who::Administrator => &mut self.administrator,
        }
    }
}

/// Only the read tables and the outlines of logs are filled, but for a few sessions that a device really brought.
pub(in super::super) async fn run(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    home.init()?;
    let db = home.database().await?;
    let filled = fill_headquarters(&db, plan.records, plan.seed).await?;
    let area = people::areas(&db, 1).await?[0];
    let hired = [Person::guard(area), Person::officer(area), Person::coordinator(), Person::administrator()];
    let codes = people::hire(&db, &hired).await?;
    let mut phones = {
        let server = home.serve_preparing()?;
        let mut phones = people::enrol(home, &server, codes, plan.seed).await?;
        put_on_file(&mut phones[..1], area, WITH_CONTENT, &mut Source::new(plan.seed)).await?;
        phones
    };
    settle(&db).await?;
    db.close().await;
    let mut next = || phones.pop().ok_or("too few devices");
    let (administrator, coordinator, officer) = (next()?, next()?, next()?);
    let guard = next()?.id();
    let mut callers = Callers { officer, coordinator, administrator };

    let server = home.serve()?;
    for who in [Who::Officer, Who::Coordinator, Who::Administrator] {
        callers.of(who).line.move_to(server.address);
    }
    let pages = pages(area, &known(&mut callers.officer, area, guard).await?);
    let measure = Measure::begin(home, &server)?;
    let (mut pages_ms, mut wrong) = (BTreeMap::new(), 0);
    for page in pages.iter().chain(&closing_days()) {
        match median(&mut callers, page).await {
            Ok(time) => {
                pages_ms.insert(format!("{} {}", page.who.name(), page.name), ms(time));
            }
            Err(error) => {
                eprintln!("{} {}: {error}", page.who.name(), page.name);
                wrong += 1;
            }
        }
    }
    let mut report = measure.end(plan, plan.records, 3)?;
    report.failed = wrong + differs(&mut callers, filled.sessions + WITH_CONTENT).await?;
    report.pages_ms = pages_ms;
    let slowest = report.pages_ms.values().copied().fold(0.0, f64::max);
    // The slowest page, and how many sessions that is a second.
    report.seconds = slowest / 1000.0;
    report.records_per_second = plan.records as f64 / report.seconds.max(f64::EPSILON);
    Ok(report)
}

/// What PostgreSQL learns of its tables by itself, after a while. SQLite plans without.
async fn settle(db: &Db) -> Result<(), Failure> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    on_db!(db, |c| sqlx::query("vacuum analyze").execute(c).await.map(drop))?;
    Ok(())
}

/// Ids that pages lead to: a session that a device really brought.
async fn known(officer: &mut Phone, area: AreaId, device: DeviceId) -> Result<Known, Failure> {
    let mut cursor = String::new();
    loop {
        let list = Ask::get(format!("/v1/sessions?area={area}&device={device}&limit=1{cursor}"));
        let page: Value = serde_json::from_slice(&officer.line.ask(&list).await?)?;
        if let Some(session) = page["sessions"].get(0) {
            let id = session["id"].as_str().ok_or("an id")?.to_owned();
            return Ok(Known { session: id, device: device.to_string(), recorder: session["recorder"].to_string() });
        }
        // A page may be short and not be the last.
        cursor = format!("&cursor={}", page["next"].as_str().ok_or("no session of the device")?);
    }
}

async fn median(callers: &mut Callers, page: &Page) -> Result<Duration, Failure> {
    let ask = page.ask()?;
    // What is set is set by the first time, and a file is long.
    let times_asked = if page.body.is_some() { 1 } else { TIMES };
    let mut times = Vec::with_capacity(times_asked);
    for _ in 0..times_asked {
        times.push(callers.of(page.who).line.ask_timed(&ask).await?.0);
    }
    times.sort();
    Ok(times[times_asked / 2])
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Whether the pages agree about how much is on file: what the inbox counts, what reports sum, what was filled in.
async fn differs(callers: &mut Callers, sessions: u64) -> Result<u64, Failure> {
    let mut ask = async |target: &str| -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&callers.coordinator.line.ask(&Ask::get(target)).await?)?)
    };
    let inbox = ask("/v1/inbox").await?;
    let counts: u64 =
        inbox["states"].as_object().into_iter().flatten().filter_map(|(_, state)| state["count"].as_u64()).sum();
    let mut wrong = 0;
    let mut same = |what: &str, found: Option<u64>, expected: u64| {
        if found != Some(expected) {
            eprintln!("{what}: expected {expected}, found {found:?}");
            wrong += 1;
        }
    };
    same("sessions of the inbox", Some(counts), sessions);
    let voided = inbox["states"]["voided"]["count"].as_u64().unwrap_or_default();
    let range = "generation=2025&from=2025-06-01&to=2027-01-31";
    let totals = ask(&format!("/v1/coverage/totals?{range}")).await?;
    same("sessions of the totals", totals["total"]["sessions"].as_u64(), sessions - voided);
    Ok(wrong)
}
