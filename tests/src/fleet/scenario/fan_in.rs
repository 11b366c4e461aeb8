//! `fan-in`: after a week without signal every device brings its records at the same time.

use std::sync::Arc;

use super::super::expect::{Counts, differs, failed, on_server};
use super::super::home::Home;
use super::super::people::{self, Person};
use super::super::phone::Phone;
use super::super::records::Source;
use super::super::{Failure, Plan, Report};
use super::Measure;

/// The devices lie in the communes of the province in turn. Measured is from the first connection until each device
/// has the server's signed receipt for everything it brought; what other devices of its commune brought meanwhile comes
/// with the same answers.
pub(in super::super) async fn run(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    home.init()?;
    let db = home.database().await?;
    let areas = people::areas(&db, usize::try_from(plan.devices)?).await?;
    let mut staff: Vec<Person> = areas.iter().map(|area| Person::guard(*area)).collect();
    staff.push(Person::coordinator());
    let codes = people::hire(&db, &staff).await?;
    db.close().await;
    let mut phones = {
        let server = home.serve_preparing()?;
        people::enrol(home, &server, codes, plan.seed).await?
    };
    let mut coordinator = phones.pop().ok_or("no coordinator")?;
    let mut source = Source::new(plan.seed);
    let mut expected = Counts::default();
    for (phone, area) in phones.iter_mut().zip(&areas) {
        for _ in 0..plan.per_device {
            let (draft, counts) = source.session(*area)?;
            phone.record(*area, &draft)?;
            expected += counts;
        }
        phone.prepare()?;
    }

    let server = home.serve()?;
    coordinator.line.move_to(server.address);
    let before = on_server(&mut coordinator).await?;
    let start = Arc::new(tokio::sync::Semaphore::new(0));
    let mut under_way = tokio::task::JoinSet::new();
    let devices = u32::try_from(phones.len())?;
    for mut phone in phones {
        phone.line.move_to(server.address);
        let start = start.clone();
        under_way.spawn(async move {
            let _turn = start.acquire().await;
            (phone.bring().await, phone)
        });
    }
    let measure = Measure::begin(home, &server)?;
    start.add_permits(usize::try_from(devices)?);
    let done = under_way.join_all().await;
    let mut report = measure.end(plan, plan.devices * plan.per_device, plan.devices)?;
    for (brought, mut phone) in done {
        report.failed += u64::from(!is_kept(brought, &mut phone).await);
    }
    report.failed += differs("the server before", &Ok(before), Counts::default());
    report.failed += differs("the server", &on_server(&mut coordinator).await, expected);
    Ok(report)
}

/// Whether the first answer signed for everything, and the sync then comes to its end.
async fn is_kept(brought: Result<super::super::phone::Outcome, Failure>, phone: &mut Phone) -> bool {
    let outcome = match brought {
        Ok(outcome) => outcome,
        Err(error) => return failed::<()>("a device", &Err(error)) == 0,
    };
    let acknowledged = outcome.is_acknowledged;
    let ended = failed("a device, after its receipt", &phone.finish(outcome).await) == 0;
    acknowledged && ended && phone.is_acknowledged() && phone.complaints.is_empty()
}
