//! Kills `banlang field …` at any moment while it records, edits, syncs, exports and enrols.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use server::field::{Field, FieldError, OpenOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use sync_core::id::RecordId;
use sync_core::log::Stage;

use super::deployment::Deployment;
use super::disk::{Disk, Part, Power};
use super::examine::{self, Receipts};
use super::{Failure, Plan, Report};
use crate::harness::{Output, Program};
use crate::simulate::chance::Chance;

/// Devices that are killed in turn.
const DEVICES: usize = 3;
/// After so many kills every device syncs in peace and everything is compared.
const KILLS_A_PEACE: u64 = 20;
/// How often a new device is enrolled, in place of the oldest.
const ENROL_ONCE_IN: u64 = 25;

/// A device that is killed, and what it said.
#[derive(Debug)]
struct Handset {
    store: PathBuf,
    /// Recorded and said so: the attendances said last.
    said: BTreeMap<RecordId, u32>,
    /// Attendances of what may be recorded although it could not be said, by what was edited.
    unsaid: BTreeMap<u32, Option<RecordId>>,
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Record,
    Edit,
    Sync,
    Export,
    Enrol,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Edit => "edit",
            Self::Sync => "sync",
            Self::Export => "export",
            Self::Enrol => "enrol",
        }
    }
}

/// A run under way.
struct Terminal {
    site: Deployment,
    disk: Option<Disk>,
    handsets: Vec<Handset>,
    /// Devices that are used no more.
    aside: Vec<Handset>,
    /// How long each command takes when nobody kills it, by the slowest so far.
    takes: BTreeMap<Act, Duration>,
    /// Attendances are given out once: every record can be told by them.
    number: u32,
    chance: Chance,
    report: Report,
}

/// Kills as often as the plan says; `executable` is the program, or the one built beside a test.
///
/// # Errors
/// When the deployment itself cannot be made. What is found is in the report.
pub async fn run(plan: &Plan, executable: Option<&Path>) -> Result<Report, Failure> {
    let started = Instant::now();
    let mut site = Deployment::new(plan, executable).await?;
    let (serving, _) = site.serve()?;
    let report =
        Report { killed: "device", engine: site.engine(), power: plan.power, seed: plan.seed, ..Report::default() };
    std::fs::create_dir(site.place("stores"))?;
    let mut handsets = Vec::new();
    for number in 0..DEVICES {
        handsets.push(enrolled(&mut site, number)?);
    }
    let disk = if plan.power { Some(Disk::under(&site.place("stores"))?) } else { None };
    let chance = Chance::new(plan.seed);
    let mut run =
        Terminal { site, disk, handsets, aside: Vec::new(), takes: BTreeMap::new(), number: 0, chance, report };
    // The export before the sync: without anything to export there is no file.
    for act in [Act::Record, Act::Edit, Act::Export, Act::Sync] {
        run.undisturbed(0, act)?;
    }
    while run.report.kills < plan.kills && run.report.said.is_empty() {
        run.kill_one().await?;
        if run.report.kills.is_multiple_of(KILLS_A_PEACE) {
            run.peace().await?;
        }
    }
    if run.report.said.is_empty() {
        run.peace().await?;
        run.everything().await?;
    }
    serving.stop()?;
    run.report.deployments = 1;
    run.report.seconds = started.elapsed().as_secs();
    Ok(run.report)
}

fn enrolled(site: &mut Deployment, number: usize) -> Result<Handset, Failure> {
    let store = site.place("stores").join(format!("handset-{number}"));
    let (code, address) = (site.hire("guard")?, site.address());
    let words = ["field", "--store", &text(&store), "enrol", "--server", &address, "--code", &code];
    site.aside().ok(&words, "")?;
    Ok(Handset { store, said: BTreeMap::new(), unsaid: BTreeMap::new(), files: Vec::new() })
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

impl Terminal {
    /// The program, on the disk when the power is to go.
    fn program(&self) -> Result<Program, Failure> {
        let mut program = self.site.aside().clone();
        for (name, value) in self.disk.as_ref().map_or_else(|| Ok(Vec::new()), Disk::environment)? {
            program = program.with(&name, &value);
        }
        Ok(program)
    }

    /// The words of a command, and the attendances it writes to which record.
    fn words(&mut self, at: usize, act: Act) -> (Vec<String>, Option<(u32, Option<RecordId>)>) {
        let handset = &mut self.handsets[at];
        let mut words: Vec<String> = ["field", "--store", &text(&handset.store)].map(str::to_owned).to_vec();
        let ids: Vec<RecordId> = handset.said.keys().copied().collect();
        self.number += 1;
        let number = self.number.to_string();
        let (more, written): (Vec<&str>, _) = match (act, self.chance.pick(&ids)) {
            (Act::Edit, Some(id)) => {
                words.extend(["edit".to_owned(), id.to_string()]);
                (vec!["--attendances", &number], Some((self.number, Some(*id))))
            }
            (Act::Record | Act::Edit, _) => {
                let note = "Bà con hỏi nhiều về đường dây nóng 111.";
                let village = ["record", "--village", "na choong", "--note", note, "--json"];
                ([&village[..], &["--attendances", &number]].concat(), Some((self.number, None)))
            }
            (Act::Export, _) => {
                let file = handset.store.with_file_name(format!("carried-{number}.age"));
                words.extend(["export".to_owned(), text(&file)]);
                handset.files.push(file);
                (Vec::new(), None)
            }
            (Act::Sync | Act::Enrol, _) => (vec!["sync"], None),
        };
        words.extend(more.into_iter().map(str::to_owned));
        (words, written)
    }

    /// Runs a command that nobody kills, and keeps how long it took.
    fn undisturbed(&mut self, at: usize, act: Act) -> Result<(), Failure> {
        let (words, written) = self.words(at, act);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let started = Instant::now();
        let output = self.program()?.run(&words, "")?;
        if output.code != 0 {
            return Err(format!("{words:?}: {output:?}").into());
        }
        let took = started.elapsed();
        let slowest = self.takes.entry(act).or_insert(took);
        *slowest = took.max(*slowest);
        self.heard(at, written, &output);
        Ok(())
    }

    /// Keeps what a command said before it ended.
    fn heard(&mut self, at: usize, written: Option<(u32, Option<RecordId>)>, output: &Output) {
        let Some((number, edited)) = written else { return };
        let handset = &mut self.handsets[at];
        let id = match edited {
            Some(id) => output.out.contains("Recorded on this device").then_some(id),
            None => serde_json::from_str::<Value>(&output.out)
                .ok()
                .and_then(|said| serde_json::from_value(said["id"].clone()).ok()),
        };
        match id {
            Some(id) => {
                *(if edited.is_some() { &mut self.report.edited } else { &mut self.report.recorded }) += 1;
                handset.said.insert(id, number);
                // What was attempted on it before has been decided by now.
                handset.unsaid.retain(|_, of| *of != Some(id));
            }
            None => drop(handset.unsaid.insert(number, edited)),
        }
    }

    async fn kill_one(&mut self) -> Result<(), Failure> {
        if let Some(disk) = &mut self.disk {
            disk.rebase()?;
        }
        let at = self.chance.index(self.handsets.len());
        let act = match self.chance.between(0, 20) {
            _ if self.chance.once_in(ENROL_ONCE_IN) => Act::Enrol,
            0..8 => Act::Record,
            8..12 => Act::Edit,
            12..17 => Act::Sync,
            _ => Act::Export,
        };
        match act {
            Act::Enrol => return self.kill_enrolment().await,
            Act::Export => self.undisturbed(at, Act::Record)?,
            Act::Record | Act::Edit | Act::Sync => {}
        }
        let (words, written) = self.words(at, act);
        if let Some(disk) = self.disk.as_ref().filter(|_| self.chance.once_in(2)) {
            // One sync fails under way, and what it should have written is forgotten.
            disk.fail(Part::Sync, self.chance.between(0, 8) as u32, Some(1))?;
        }
        let (output, _) = self.run_killed(act, &words).await?;
        self.heard(at, written, &output);
        // Killed or not: the power goes, and what was said must be there.
        self.cut()?;
        self.examine(at).await
    }

    /// How many syncs failed that were not counted yet.
    fn failed_syncs(&mut self) -> Result<u64, Failure> {
        let Some(disk) = &mut self.disk else { return Ok(0) };
        let new = disk.hits()? - disk.seen;
        disk.seen += new;
        disk.heal()?;
        Ok(u64::try_from(new)?)
    }

    /// Runs a command and kills it at a moment of its usual length; whether it was still at work.
    async fn run_killed(&mut self, act: Act, words: &[String]) -> Result<(Output, bool), Failure> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut child = self.program()?.start(&words)?;
        let usual = self.takes.get(&act).copied().unwrap_or(Duration::from_millis(100));
        let micros = usual.as_micros() as u64;
        tokio::time::sleep(Duration::from_micros(self.chance.between(0, micros + micros / 4))).await;
        let killed = child.try_wait()?.is_none();
        child.kill()?;
        let output = child.wait_with_output()?;
        let failed = self.failed_syncs()?;
        self.report.syncs_failed += failed;
        if killed {
            self.report.kills += 1;
            *self.report.commands_killed.entry(act.name()).or_default() += 1;
        } else if output.status.code() != Some(0) && failed == 0 {
            self.report.say(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((Output { code: 0, out: said(&output.stdout), err: said(&output.stderr) }, killed))
    }

    fn cut(&mut self) -> Result<(), Failure> {
        let Some(disk) = &mut self.disk else { return Ok(()) };
        let powers = [Power::Forgets, Power::Picks, Power::Tears];
        let power = *self.chance.pick(&powers).unwrap_or(&Power::Forgets);
        let lost = disk.cut(power, &mut self.chance)?;
        self.report.forgotten += lost.forgotten;
        self.report.torn += lost.torn;
        Ok(())
    }

    /// Enrols a new device, is killed, and enrols again with the same code.
    async fn kill_enrolment(&mut self) -> Result<(), Failure> {
        let store = self.site.place("stores").join(format!("handset-{}", self.number + 1_000));
        self.number += 1;
        let (code, address) = (self.site.hire("guard")?, self.site.address());
        let words = ["field", "--store", &text(&store), "enrol", "--server", &address, "--code", &code];
        let words: Vec<String> = words.map(str::to_owned).to_vec();
        let (_, killed) = self.run_killed(Act::Enrol, &words).await?;
        if killed {
            self.cut()?;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let again = self.site.aside().run(&words, "")?;
        if again.code != 0 && !again.err.contains("enrolled in") {
            self.report.say(format!("the same code did not enrol the device again: {again:?}"));
        }
        // An enrolment that was cut short may lack the list of villages: it comes with the first sync.
        self.site.aside().ok(&["field", "--store", &text(&store), "sync"], "")?;
        // The oldest brings what it has and is laid aside: lists take longer the longer they are.
        self.site.aside().ok(&["field", "--store", &text(&self.handsets[0].store), "sync"], "")?;
        self.carry(0)?;
        let oldest = self.handsets.remove(0);
        self.aside.push(oldest);
        self.handsets.push(Handset { store, said: BTreeMap::new(), unsaid: BTreeMap::new(), files: Vec::new() });
        self.examine(self.handsets.len() - 1).await
    }

    /// The store opens, is whole, and holds everything that was said to be recorded, once.
    async fn examine(&mut self, at: usize) -> Result<(), Failure> {
        let handset = &self.handsets[at];
        let options = SqliteConnectOptions::new().filename(handset.store.join("store.sqlite"));
        let mut field = match Field::open(&handset.store, OpenOptions::default()).await {
            Ok(field) => field,
            Err(error) => {
                self.report.say(format!("{}: {error}", handset.store.display()));
                return Ok(());
            }
        };
        let me = field.who().device;
        let list = field.list().await?;
        field.close().await?;
        let mut connection = options.connect().await?;
        let whole: String = sqlx::query_scalar("select integrity_check from pragma_integrity_check limit 1")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        if whole != "ok" {
            self.report.say(format!("{}: {whole}", handset.store.display()));
        }
        let own: BTreeMap<RecordId, (u32, u64)> = list
            .iter()
            .filter(|found| found.summary.device == me)
            .map(|found| (found.summary.id, (found.summary.attendances.unwrap_or(0), found.summary.serial)))
            .collect();
        for (id, number) in &handset.said {
            let may_be =
                |found: u32| found == *number || handset.unsaid.get(&found).is_some_and(|edited| *edited == Some(*id));
            if !own.get(id).is_some_and(|(found, _)| may_be(*found)) {
                self.report.lost += 1;
                self.report.say(format!("{id} was recorded with {number}, found: {:?}", own.get(id)));
            }
        }
        let serials: BTreeSet<u64> = own.values().map(|(_, serial)| *serial).collect();
        let mut numbers = BTreeSet::new();
        let strange = own.iter().filter(|(id, (number, _))| {
            !handset.said.contains_key(*id) && (handset.unsaid.get(number) != Some(&None) || !numbers.insert(*number))
        });
        let doubled = strange.count() as u64 + (own.len() - serials.len()) as u64;
        if doubled > 0 {
            self.report.doubled += doubled;
            self.report.say(format!("{}: {doubled} records nobody recorded, or twice", handset.store.display()));
        }
        Ok(())
    }

    /// Every device syncs in peace, files are carried, and the server's receipts are honoured.
    async fn peace(&mut self) -> Result<(), Failure> {
        let mut claimed = Vec::new();
        for at in 0..self.handsets.len() {
            self.carry(at)?;
            let mut field = Field::open(&self.handsets[at].store, OpenOptions::default()).await?;
            match field.sync(&mut |_, _| {}).await {
                Ok(_) | Err(FieldError::Unreachable(_)) => {}
                Err(error) => self.report.say(format!("sync in peace: {error}")),
            }
            let mut receipts = Receipts::default();
            receipts.add(field.device().receipts(Stage::Stored).iter().map(|(log, head)| (*log, *head)));
            claimed.push(receipts);
            field.close().await?;
            self.examine(at).await?;
        }
        let db = self.site.open_db().await?;
        examine::receipts(&db, &claimed, &mut self.report).await?;
        examine::doubles(&db, &mut self.report).await?;
        db.close().await;
        examine::verify(&self.site, &mut self.report)
    }

    /// A file that is there under its name is whole: the server takes it from another device.
    fn carry(&mut self, at: usize) -> Result<(), Failure> {
        let carrier = text(&self.handsets[(at + 1) % self.handsets.len()].store);
        for file in std::mem::take(&mut self.handsets[at].files) {
            if !file.exists() {
                continue;
            }
            let (file, receipts) = (text(&file), text(&file.with_extension("receipts")));
            let output =
                self.site.aside().run(&["field", "--store", &carrier, "carry", &file, "--out", &receipts], "")?;
            if output.code == 0 {
                self.report.files_carried += 1;
            } else {
                self.report.say(format!("{file} was written and is not taken: {output:?}"));
            }
        }
        Ok(())
    }

    /// The server has what all devices said, once.
    async fn everything(&mut self) -> Result<(), Failure> {
        let mut recorded: BTreeMap<RecordId, BTreeSet<u32>> = BTreeMap::new();
        let mut unsaid = BTreeSet::new();
        for handset in self.handsets.iter().chain(&self.aside) {
            for (id, number) in &handset.said {
                let maybe = handset.unsaid.iter().filter(|(_, edited)| **edited == Some(*id));
                recorded.insert(*id, maybe.map(|(number, _)| *number).chain([*number]).collect());
            }
            unsaid.extend(handset.unsaid.keys().copied());
        }
        let db = self.site.open_db().await?;
        examine::sessions(&db, &recorded, &unsaid, &mut self.report).await?;
        db.close().await;
        self.site.rebuild()?;
        examine::verify(&self.site, &mut self.report)
    }
}
