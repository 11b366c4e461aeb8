//! `newcomer`: new devices receive everything, from a snapshot that was prepared once.

use super::super::expect::{Counts, differs, failed, on_device, on_server};
use super::super::home::Home;
use super::super::people::{self, Person};
use super::super::records::Source;
use super::super::{Failure, Plan, Report};
use super::{AUTHORS, Measure, put_on_file};

pub(in super::super) async fn run(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    home.init()?;
    let db = home.database().await?;
    let area = *people::areas(&db, 1).await?.first().ok_or("no area")?;
    let newcomers = usize::try_from(plan.devices)?;
    let mut staff = vec![Person::guard(area); AUTHORS + newcomers];
    staff.push(Person::coordinator());
    let codes = people::hire(&db, &staff).await?;
    db.close().await;
    let mut source = Source::new(plan.seed);
    let (mut phones, made) = {
        let server = home.serve_preparing()?;
        let mut phones = people::enrol(home, &server, codes, plan.seed).await?;
        let made = put_on_file(phones.get_mut(..AUTHORS).ok_or("too few authors")?, area, plan.records, &mut source);
        let made = made.await?;
        (phones.split_off(AUTHORS), made)
    };
    let mut coordinator = phones.pop().ok_or("no coordinator")?;
    home.banlang(&["snapshot", &area.to_string()])?;

    let server = home.serve()?;
    coordinator.line.move_to(server.address);
    let measure = Measure::begin(home, &server)?;
    let mut under_way = tokio::task::JoinSet::new();
    for mut phone in phones {
        phone.line.move_to(server.address);
        under_way.spawn(async move { (phone.sync().await, phone) });
    }
    let done = under_way.join_all().await;
    let mut report = measure.end(plan, plan.records, plan.devices)?;
    let expected: Counts = made.iter().map(|made| made.counts).sum();
    for (done, phone) in done {
        let wrong = failed("a newcomer", &done) + differs("a newcomer", &on_device(&phone), expected);
        report.failed += u64::from(wrong > 0 || !phone.complaints.is_empty());
    }
    report.failed += differs("the server", &on_server(&mut coordinator).await, expected);
    Ok(report)
}
