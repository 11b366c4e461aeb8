//! Kills `banlang serve` under load, at any moment, also while it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use server::field::{Field, FieldError};
use sync_core::id::RecordId;
use sync_core::log::{Batch, Stage};
use sync_core::record::{CivilDate, Draft, Edit, Patch, SessionEdit, Village};
use tokio::sync::Notify;

use super::deployment::Deployment;
use super::disk::{Part, Power};
use super::examine::{self, Receipts};
use super::{Failure, Plan, Report};
use crate::harness::{HOANH_MO, Hand, NA_CHOONG};
use crate::simulate::chance::Chance;

/// Kills of one deployment: checking all of a database takes longer the more there is.
const KILLS_A_DEPLOYMENT: u64 = 25;
const DEVICES: usize = 5;
/// Each writes attendances of a range of its own, so that every record can be told by its number.
const RANGE: u32 = 100_000;
const HANDS: usize = 2;

/// What goes on while a server lives.
#[derive(Debug, Default)]
struct Moment {
    over: AtomicBool,
    answered: AtomicU64,
    interrupted: AtomicU64,
    news: Notify,
}

impl Moment {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn note(&self, answered: bool) {
        let count = if answered { &self.answered } else { &self.interrupted };
        count.fetch_add(1, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Waits until the server has answered so often, or has fallen silent before.
    async fn answers(&self, wanted: u64) {
        while self.answered.load(Ordering::Relaxed) < wanted && self.interrupted.load(Ordering::Relaxed) < 200 {
            self.news.notified().await;
        }
    }
}

/// A device at work and what it said.
struct Worker {
    field: Field,
    number: u32,
    recorded: BTreeMap<RecordId, u32>,
    edited: u64,
}

/// A key that deposits, with what it has no receipt for.
struct Depositor {
    hand: Hand,
    number: u32,
    unacknowledged: Vec<Batch>,
    recorded: BTreeMap<RecordId, u32>,
    receipts: Receipts,
}

/// Kills as often as the plan says; `executable` is the program, or the one built beside a test.
///
/// # Errors
/// When the deployment itself cannot be made. What is found is in the report.
pub async fn run(plan: &Plan, executable: Option<&Path>) -> Result<Report, Failure> {
    let started = Instant::now();
    let mut chance = Chance::new(plan.seed);
    let mut report = Report { killed: "server", power: plan.power, seed: plan.seed, ..Report::default() };
    while report.kills < plan.kills && report.said.is_empty() {
        let kills = KILLS_A_DEPLOYMENT.min(plan.kills - report.kills);
        deployment(plan, executable, kills, &mut chance, &mut report).await?;
        report.deployments += 1;
    }
    report.seconds = started.elapsed().as_secs();
    Ok(report)
}

async fn deployment(
    plan: &Plan,
    executable: Option<&Path>,
    kills: u64,
    chance: &mut Chance,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut site = Deployment::new(plan, executable).await?;
    report.engine = site.engine();
    let (serving, _) = site.serve()?;
    let (mut workers, mut depositors) = (Vec::new(), Vec::new());
    for number in 0..DEVICES {
        let field = site.device("guard").await?;
        workers.push(Worker { field, number: number as u32 * RANGE, recorded: BTreeMap::new(), edited: 0 });
    }
    for number in 0..HANDS {
        let (hand, receipts) = (site.hand().await?, Receipts::default());
        let number = (DEVICES + number) as u32 * RANGE;
        depositors.push(Depositor { hand, number, unacknowledged: Vec::new(), recorded: BTreeMap::new(), receipts });
    }
    serving.stop()?;
    if plan.power {
        site.put_on_disk()?;
    }
    for _ in 0..kills {
        if chance.once_in(6) {
            kill_at_start(&mut site, chance, report).await?;
        }
        (workers, depositors) = round(plan, &mut site, workers, depositors, chance, report).await?;
        match check(&site, &workers, &depositors, report).await {
            // A disk that lies may leave no database at all: no receipt is honoured then.
            Err(error) if plan.lying => {
                report.receipts_broken += 1;
                report.say(format!("the database cannot be read: {error}"));
                break;
            }
            checked => checked?,
        }
        if !report.said.is_empty() && !plan.lying {
            break;
        }
    }
    if !plan.lying {
        settle(&site, workers, depositors, report).await?;
    }
    Ok(())
}

/// One life of a server, ended at a moment nobody chose.
async fn round(
    plan: &Plan,
    site: &mut Deployment,
    workers: Vec<Worker>,
    depositors: Vec<Depositor>,
    chance: &mut Chance,
    report: &mut Report,
) -> Result<(Vec<Worker>, Vec<Depositor>), Failure> {
    if let Some(disk) = &mut site.disk {
        disk.rebase()?;
        if plan.lying {
            disk.lie()?;
        }
    }
    let (serving, took) = site.serve()?;
    report.slowest_restart_ms = report.slowest_restart_ms.max(took.as_millis() as u64);
    if let Some(disk) = site.disk.as_ref().filter(|_| !plan.lying && chance.once_in(2)) {
        // One sync fails under way, of a commit or of a checkpoint, and what it should have written is forgotten.
        disk.fail(Part::Sync, chance.between(0, 80) as u32, Some(1))?;
    }
    let moment = Arc::new(Moment::default());
    let working: Vec<_> = workers.into_iter().map(|worker| tokio::spawn(work(worker, moment.clone()))).collect();
    let depositing: Vec<_> = depositors.into_iter().map(|one| tokio::spawn(deposit(one, moment.clone()))).collect();
    // Now and then long enough for the write-ahead log to be folded into the database under way.
    let wanted = if chance.once_in(5) { chance.between(60, 400) } else { chance.between(0, 60) };
    moment.answers(wanted).await;
    tokio::time::sleep(Duration::from_micros(chance.between(0, 20_000))).await;
    serving.kill()?;
    moment.over.store(true, Ordering::Relaxed);
    report.kills += 1;
    let (mut workers, mut depositors) = (Vec::new(), Vec::new());
    for task in working {
        workers.push(task.await??);
    }
    for task in depositing {
        depositors.push(task.await??);
    }
    report.interrupted += moment.interrupted.load(Ordering::Relaxed);
    cut(site, chance, report)?;
    Ok((workers, depositors))
}

fn cut(site: &mut Deployment, chance: &mut Chance, report: &mut Report) -> Result<(), Failure> {
    let Some(disk) = &mut site.disk else { return Ok(()) };
    report.syncs_failed += u64::try_from(disk.hits()? - disk.seen)?;
    disk.seen = disk.hits()?;
    disk.heal()?;
    let power = *chance.pick(&[Power::Forgets, Power::Picks, Power::Tears]).unwrap_or(&Power::Forgets);
    let lost = disk.cut(power, chance)?;
    report.forgotten += lost.forgotten;
    report.torn += lost.torn;
    Ok(())
}

/// Kills a server that has perhaps not come to answer: in the middle of recovery.
async fn kill_at_start(site: &mut Deployment, chance: &mut Chance, report: &mut Report) -> Result<(), Failure> {
    if let Some(disk) = &mut site.disk {
        disk.rebase()?;
    }
    let mut child = site.start()?;
    tokio::time::sleep(Duration::from_micros(chance.between(0, 60_000))).await;
    child.kill()?;
    child.wait()?;
    report.kills_at_start += 1;
    cut(site, chance, report)
}

fn session(attendances: u32) -> Result<SessionEdit, Failure> {
    let mut edit = SessionEdit::default();
    edit.fields.date = Patch::Set("2026-11-20".parse::<CivilDate>()?);
    edit.fields.village = Patch::Set(Village::Listed(NA_CHOONG.to_owned()));
    edit.fields.attendances = Patch::Set(attendances);
    edit.note = Some("Bà con hỏi nhiều về đường dây nóng 111.".to_owned());
    Ok(edit)
}

/// Records, edits and syncs until the moment is over.
async fn work(mut worker: Worker, moment: Arc<Moment>) -> Result<Worker, Failure> {
    while !moment.is_over() {
        worker.number += 1;
        let draft = Draft::Session(Box::new(session(worker.number)?));
        let id = worker.field.record(HOANH_MO, &draft).await?;
        worker.recorded.insert(id, worker.number);
        if worker.number.is_multiple_of(3) {
            worker.number += 1;
            let mut edit = SessionEdit::default();
            edit.fields.attendances = Patch::Set(worker.number);
            worker.field.edit(id, &Edit::Session(Box::new(edit))).await?;
            worker.recorded.insert(id, worker.number);
            worker.edited += 1;
        }
        match worker.field.sync(&mut |_, _| {}).await {
            Ok(_) => moment.note(true),
            Err(FieldError::Unreachable(_) | FieldError::Refused(_)) => {
                moment.note(false);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(worker)
}

/// Seals and deposits until the moment is over; what has no receipt is deposited again.
async fn deposit(mut one: Depositor, moment: Arc<Moment>) -> Result<Depositor, Failure> {
    while !moment.is_over() {
        one.number += 1;
        let change = one.hand.session(one.number)?;
        one.recorded.insert(change.1, one.number);
        one.unacknowledged.push(one.hand.seal(HOANH_MO, &[change])?);
        match one.hand.deposit(one.unacknowledged.clone()).await {
            // Its disk failed, and it said so: no receipt.
            Ok(answer) if answer.code().starts_with("server.storage-") => moment.note(false),
            Ok(answer) => {
                let file = answer.receipts()?;
                for receipt in file.receipts {
                    one.receipts.add(receipt.heads);
                    one.receipts.held.extend(receipt.held);
                }
                one.unacknowledged.clear();
                moment.note(true);
            }
            Err(_) => {
                moment.note(false);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    Ok(one)
}

async fn check(
    site: &Deployment,
    workers: &[Worker],
    depositors: &[Depositor],
    report: &mut Report,
) -> Result<(), Failure> {
    examine::verify(site, report)?;
    let mut claimed: Vec<Receipts> = depositors.iter().map(|one| one.receipts.clone()).collect();
    for worker in workers {
        let mut receipts = Receipts::default();
        receipts.add(worker.field.device().receipts(Stage::Stored).iter().map(|(log, head)| (*log, *head)));
        claimed.push(receipts);
    }
    let db = site.open_db().await?;
    examine::receipts(&db, &claimed, report).await?;
    examine::doubles(&db, report).await?;
    db.close().await;
    Ok(())
}

/// Everybody brings what is left: then the server has exactly what was recorded.
async fn settle(
    site: &Deployment,
    workers: Vec<Worker>,
    depositors: Vec<Depositor>,
    report: &mut Report,
) -> Result<(), Failure> {
    let serving = site.aside().serve_at(site.address().trim_start_matches("http://"))?;
    let mut recorded: BTreeMap<RecordId, BTreeSet<u32>> = BTreeMap::new();
    for mut worker in workers {
        worker.field.sync(&mut |_, _| {}).await?;
        recorded.extend(worker.recorded.iter().map(|(id, number)| (*id, BTreeSet::from([*number]))));
        report.edited += worker.edited;
    }
    for mut one in depositors {
        if !one.unacknowledged.is_empty() {
            one.hand.deposit(one.unacknowledged.clone()).await?.receipts()?;
        }
        recorded.extend(one.recorded.iter().map(|(id, number)| (*id, BTreeSet::from([*number]))));
    }
    serving.stop()?;
    report.recorded += recorded.len() as u64;
    let db = site.open_db().await?;
    examine::sessions(&db, &recorded, &BTreeSet::new(), report).await?;
    db.close().await;
    examine::verify(site, report)?;
    site.rebuild()?;
    examine::verify(site, report)
}
