//! Kills `banlang field …` at any moment while it records, edits, syncs, exports and enrols.

mod command;
mod promise;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use command::Act;
use sync_core::id::RecordId;

use super::deployment::Deployment;
use super::disk::{Disk, Part, Power};
use super::{Failure, Plan, Report};
use crate::harness::Output;
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
        // The oldest brings what it has and is laid aside: lists take longer the longer they are.
        self.site.aside().ok(&["field", "--store", &text(&self.handsets[0].store), "sync"], "")?;
        self.carry(0)?;
        let oldest = self.handsets.remove(0);
        self.aside.push(oldest);
        self.handsets.push(Handset { store, said: BTreeMap::new(), unsaid: BTreeMap::new(), files: Vec::new() });
        // An enrolment that was cut short may lack the list of villages: the first command that needs it fetches it.
        let newest = self.handsets.len() - 1;
        self.undisturbed(newest, Act::Record)?;
        self.examine(newest).await
    }
}
