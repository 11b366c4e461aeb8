//! `nothing` and `changes`: a device and a server that know each other.

use super::super::expect::{Counts, differs, failed, on_device, on_server};
use super::super::home::Home;
use super::super::people::{self, Person};
use super::super::phone::Phone;
use super::super::records::Source;
use super::super::{Failure, Plan, Report};
use super::{AUTHORS, Made, Measure, put_on_file};

/// Edits on each side.
const EDITS: usize = 10;

struct Prepared {
    area: sync_core::id::AreaId,
    /// Two authors and a coordinator.
    first: Phone,
    second: Phone,
    coordinator: Phone,
    made: Vec<Made>,
    source: Source,
}

async fn prepare(plan: &Plan, home: &Home) -> Result<Prepared, Failure> {
    home.init()?;
    let db = home.database().await?;
    let area = *people::areas(&db, 1).await?.first().ok_or("no area")?;
    let mut staff = vec![Person::guard(area); AUTHORS];
    staff.push(Person::coordinator());
    let codes = people::hire(&db, &staff).await?;
    db.close().await;
    let server = home.serve_preparing()?;
    let mut phones = people::enrol(home, &server, codes, plan.seed).await?;
    let mut coordinator = phones.pop().ok_or("no coordinator")?;
    let mut source = Source::new(plan.seed);
    let made = put_on_file(&mut phones, area, plan.records, &mut source).await?;
    let mut phones = phones.into_iter();
    let (mut first, mut second) = phones.next().zip(phones.next()).ok_or("too few authors")?;
    first.sync().await?;
    second.sync().await?;
    on_server(&mut coordinator).await?;
    Ok(Prepared { area, first, second, coordinator, made, source })
}

/// A device that has everything asks once more.
pub(in super::super) async fn nothing(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    let Prepared { mut first, mut coordinator, made, .. } = prepare(plan, home).await?;
    let server = home.serve()?;
    first.line.move_to(server.address);
    coordinator.line.move_to(server.address);
    let measure = Measure::begin(home, &server)?;
    let done = first.sync().await;
    let mut report = measure.end(plan, plan.records, 1)?;
    let expected: Counts = made.iter().map(|made| made.counts).sum();
    report.failed += failed("the device", &done);
    report.failed += differs("the device", &on_device(&first), expected);
    report.failed += differs("the server", &on_server(&mut coordinator).await, expected);
    Ok(report)
}

/// Ten records are edited on the server's side, ten others on the device's; then the device syncs.
pub(in super::super) async fn changes(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    let Prepared { area, mut first, mut second, mut coordinator, mut made, mut source } = prepare(plan, home).await?;
    let edits = EDITS.min(made.len() / 2);
    // Spread over all of them, so that the edited records have nothing in common.
    let every = (made.len() / (2 * edits).max(1)).max(1);
    let server = home.serve()?;
    for phone in [&mut first, &mut second, &mut coordinator] {
        phone.line.move_to(server.address);
    }
    for at in 0..2 * edits {
        let (edit, households) = source.correction();
        let record = made.get_mut(at * every).ok_or("too few records")?;
        record.counts.households = households.into();
        let phone = if at % 2 == 0 { &mut first } else { &mut second };
        phone.edit(area, record.id, &edit)?;
    }
    second.sync().await?;
    let measure = Measure::begin(home, &server)?;
    let done = first.sync().await;
    let mut report = measure.end(plan, plan.records, 1)?;
    let expected: Counts = made.iter().map(|made| made.counts).sum();
    report.failed += failed("the device", &done);
    report.failed += u64::from(!first.is_acknowledged());
    report.failed += differs("the device", &on_device(&first), expected);
    report.failed += failed("the other device", &second.sync().await);
    report.failed += differs("the other device", &on_device(&second), expected);
    report.failed += differs("the server", &on_server(&mut coordinator).await, expected);
    Ok(report)
}
