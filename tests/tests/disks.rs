//! Full and failing disks under the real programs: an honest error, no false receipt, and no hand needed afterwards.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use server::field::{Field, FieldError};
use server::on_db;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use sync_core::id::Role;
use tests::crash::deployment::Deployment;
use tests::crash::disk::{Disk, Part, Power};
use tests::crash::examine::{self, Receipts};
use tests::crash::{Failure, Plan, Report};
use tests::harness::{Answer, Engine, HOANH_MO, Hand, Program, Serving, Site};
use tests::simulate::chance::Chance;

const PLAN: Plan = Plan { seed: 1, kills: 1, postgres: None, power: true, lying: false };
const ROWS: usize = 40;

/// Rows of a plain SQLite program that are there after the power went, of [`ROWS`] it said were committed.
async fn rows_left(mode: &str, power: Power, seed: u64) -> Result<usize, Failure> {
    let dir = tempfile::tempdir()?;
    let mut disk = Disk::under(dir.path())?;
    let file = dir.path().canonicalize()?.join("rows.db");
    let mut program = std::env::current_exe()?;
    program.pop();
    program.pop();
    let mut child = Command::new(program.join("rows"))
        .args([&file.display().to_string(), mode, &ROWS.to_string()])
        .envs(disk.environment()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(child.stdout.take().ok_or("no output")?).lines().take(ROWS).count();
    child.kill()?;
    child.wait()?;
    assert_eq!(said, ROWS);
    disk.cut(power, &mut Chance::new(seed))?;
    let mut connection = SqliteConnectOptions::new().filename(&file).create_if_missing(true).connect().await?;
    let left: Result<i64, _> = sqlx::query_scalar("select count(*) from row").fetch_one(&mut connection).await;
    connection.close().await?;
    Ok(usize::try_from(left.unwrap_or(0))?)
}

#[tokio::test]
async fn with_synchronous_off_committed_rows_are_lost_and_with_full_none() -> Result<(), Failure> {
    assert_eq!(rows_left("off", Power::Forgets, 0).await?, 0, "nothing was ever synced");
    for seed in 1..4 {
        assert!(rows_left("off", Power::Tears, seed).await? < ROWS);
        for power in [Power::Forgets, Power::Picks, Power::Tears] {
            assert_eq!(rows_left("full", power, seed).await?, ROWS, "{power:?} {seed}");
        }
    }
    Ok(())
}

/// A server on a disk, a hand that deposits and a device that syncs.
struct Served {
    site: Deployment,
    serving: Serving,
    hand: Hand,
    field: Field,
    receipts: Receipts,
}

impl Served {
    async fn new() -> Result<Self, Failure> {
        let mut served = Self::begun().await?;
        // The write-ahead log has begun, and the device has a token.
        served.deposit(1).await?;
        served.field.sync(&mut |_, _| {}).await?;
        Ok(served)
    }

    /// A server that has just started.
    async fn begun() -> Result<Self, Failure> {
        let mut site = Deployment::new(&PLAN, None).await?;
        let (serving, _) = site.serve()?;
        let (hand, field) = (site.hand().await?, site.device("officer").await?);
        serving.stop()?;
        site.put_on_disk()?;
        let (serving, _) = site.serve()?;
        Ok(Self { site, serving, hand, field, receipts: Receipts::default() })
    }

    fn disk(&self) -> Result<&Disk, Failure> {
        self.site.disk.as_ref().ok_or_else(|| "no disk".into())
    }

    /// Deposits a new session; keeps the receipts, when there are any.
    async fn deposit(&mut self, attendances: u32) -> Result<Answer, Failure> {
        let before = self.hand.head;
        let change = self.hand.session(attendances)?;
        let batch = self.hand.seal(HOANH_MO, &[change])?;
        let answer = self.hand.deposit(vec![batch]).await?;
        if answer.status == 200 {
            for receipt in answer.receipts()?.receipts {
                self.receipts.add(receipt.heads);
                self.receipts.held.extend(receipt.held);
            }
        } else {
            self.hand.head = before;
        }
        Ok(answer)
    }

    /// The power goes; every receipt that was given is honoured, and `verify` finds nothing.
    async fn ends(self, power: Power, seed: u64) -> Result<(), Failure> {
        let Self { mut site, serving, receipts, .. } = self;
        serving.kill()?;
        site.disk.as_mut().ok_or("no disk")?.cut(power, &mut Chance::new(seed))?;
        let mut report = Report::default();
        let db = site.open_db().await?;
        examine::receipts(&db, &[receipts], &mut report).await?;
        examine::doubles(&db, &mut report).await?;
        db.close().await;
        examine::verify(&site, &mut report)?;
        assert!(report.is_clean() && report.receipts_checked > 0, "{report:#?}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_to_the_device_and_needs_no_restart() -> Result<(), Failure> {
    let mut served = Served::new().await?;
    served.disk()?.fill()?;
    for attendances in 2..5 {
        let answer = served.deposit(attendances).await?;
        assert_eq!((answer.status, answer.code().as_str()), (507, "server.storage-full"), "{answer:?}");
    }
    assert!(served.disk()?.hits()? > 0);
    let refused = served.field.sync(&mut |_, _| {}).await;
    if let Err(FieldError::Refused(refusal)) = &refused {
        assert_eq!(refusal.code, "server.storage-full");
    }
    // Whoever only reads is served.
    served.field.call("GET", "/v1/sessions", None).await?;
    served.disk()?.heal()?;
    assert_eq!(served.deposit(5).await?.status, 200);
    served.field.sync(&mut |_, _| {}).await?;
    served.ends(Power::Tears, 1).await
}

/// Wherever one sync fails, and whatever the disk made of what it should have written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_no_receipt_is_false() -> Result<(), Failure> {
    for (after, power) in [(0, Power::Forgets), (0, Power::Picks), (1, Power::Tears), (2, Power::Forgets)] {
        let mut served = Served::new().await?;
        served.disk()?.fail(Part::Sync, after, Some(1))?;
        let mut failed = 0;
        for attendances in 2..8 {
            let answer = served.deposit(attendances).await?;
            if answer.status != 200 {
                assert_eq!((answer.status, answer.code().as_str()), (503, "server.storage-failed"), "{answer:?}");
                failed += 1;
            }
        }
        assert_eq!((failed, served.disk()?.hits()?), (1, 1), "one failed, the next went through");
        served.ends(power, after.into()).await?;
    }
    Ok(())
}

/// The first sync after a start also makes the name of the write-ahead log safe, and SQLite does not say when that fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_sync_fails_first_after_a_start_no_receipt_is_false() -> Result<(), Failure> {
    for after in 0..4 {
        let mut served = Served::begun().await?;
        served.disk()?.fail(Part::Sync, after, Some(1))?;
        for attendances in 1..6 {
            served.deposit(attendances).await?;
        }
        assert_eq!(served.disk()?.hits()?, 1, "{after}");
        served.ends(Power::Forgets, after.into()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_no_write_succeeds_nothing_is_acknowledged() -> Result<(), Failure> {
    for part in [Part::Write, Part::Sync] {
        let mut served = Served::new().await?;
        served.disk()?.fail(part, 0, None)?;
        for attendances in 2..5 {
            let answer = served.deposit(attendances).await?;
            assert_eq!((answer.status, answer.code().as_str()), (503, "server.storage-failed"), "{part:?} {answer:?}");
        }
        served.disk()?.heal()?;
        assert_eq!(served.deposit(5).await?.status, 200, "{part:?}: it goes on without a hand");
        served.ends(Power::Picks, 3).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_read_is_said_and_read_again_later() -> Result<(), Failure> {
    let mut served = Served::new().await?;
    served.disk()?.fail(Part::Read, 0, None)?;
    let paths = ["/v1/sessions", "/v1/devices", "/v1/audit", "/v1/coverage/totals?from=2026-01-01&to=2026-12-31"];
    for path in paths {
        match served.field.call("GET", path, None).await {
            Ok(_) => {}
            Err(FieldError::Refused(refusal)) => {
                assert!(matches!(refusal.code.as_str(), "server.storage-failed" | "request.forbidden"), "{refusal:?}");
            }
            Err(error) => return Err(error.into()),
        }
    }
    assert!(served.disk()?.hits()? > 0, "something was read");
    served.disk()?.heal()?;
    served.field.call("GET", "/v1/sessions", None).await?;
    assert_eq!(served.deposit(2).await?.status, 200);
    served.ends(Power::Forgets, 1).await
}

/// PostgreSQL says itself that its disk is full or failed; the layer above must understand it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_postgres_says_of_its_disk_is_told_to_the_device() -> Result<(), Failure> {
    if Engine::Postgres.is_left_out() {
        return Ok(());
    }
    let site = Site::new(Engine::Postgres).await?;
    let served = site.serve().await?;
    let mut hand = Hand::enrol(&served, "lan", Role::Guard, &[HOANH_MO]).await?;
    let change = hand.session(7)?;
    let batch = hand.seal(HOANH_MO, &[change])?;
    for (state, status, code) in [("53100", 507, "server.storage-full"), ("58030", 503, "server.storage-failed")] {
        let raise = format!(
            "create or replace function refuse() returns trigger language plpgsql as \
             $$ begin raise exception 'a test' using errcode = '{state}'; end $$; \
             create or replace trigger refuse before insert on batch execute function refuse()"
        );
        on_db!(served.app.db, |c| sqlx::raw_sql(sqlx::AssertSqlSafe(raise)).execute(c).await.map(drop))?;
        let answer = hand.deposit(vec![batch.clone()]).await?;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
    }
    on_db!(served.app.db, |c| sqlx::raw_sql("drop trigger refuse on batch").execute(c).await.map(drop))?;
    hand.deposit(vec![batch]).await?.receipts()?;
    served.verify().await
}

/// A device's store on a disk.
struct Carried {
    _site: Deployment,
    _serving: Serving,
    disk: Disk,
    program: Program,
    store: String,
}

const NOTE: &str = "Bà con hỏi \"111\" là số gì; em Lan's nhóm";

impl Carried {
    async fn new() -> Result<Self, Failure> {
        let mut site = Deployment::new(&PLAN, None).await?;
        let (serving, _) = site.serve()?;
        let place = site.place("stores");
        std::fs::create_dir(&place)?;
        let store = place.join("phone").display().to_string();
        let (code, address) = (site.hire("guard")?, site.address());
        site.aside().ok(&["field", "--store", &store, "enrol", "--server", &address, "--code", &code], "")?;
        let disk = Disk::under(&place)?;
        let mut program = site.aside().clone();
        for (name, value) in disk.environment()? {
            program = program.with(&name, &value);
        }
        let carried = Self { _site: site, _serving: serving, disk, program, store };
        carried.record(1)?;
        Ok(carried)
    }

    fn field(&self, words: &[&str]) -> Result<tests::harness::Output, Failure> {
        self.program.run(&[&["field", "--store", &self.store], words].concat(), "")
    }

    fn record(&self, attendances: u32) -> Result<tests::harness::Output, Failure> {
        let number = attendances.to_string();
        self.field(&["record", "--village", "na choong", "--attendances", &number, "--note", NOTE])
    }

    fn listed(&self) -> Result<Vec<u64>, Failure> {
        let output = self.field(&["list", "--json"])?;
        assert_eq!(output.code, 0, "{output:?}");
        let list: Vec<Value> = serde_json::from_str(&output.out)?;
        Ok(list.iter().filter_map(|found| found["attendances"].as_u64()).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_device_shows_what_was_typed_and_records_it_later() -> Result<(), Failure> {
    let carried = Carried::new().await?;
    carried.disk.fill()?;
    let output = carried.record(2)?;
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.err.contains("NOT recorded") && output.err.contains("the disk is full"), "{output:?}");
    let line = output.out.lines().find(|line| line.contains("banlang field record")).ok_or("no command")?;
    assert!(line.contains("'na choong'") && line.contains("Bà con hỏi"), "{line}");
    assert!(carried.disk.hits()? > 0);
    assert_eq!(carried.listed()?, [1], "what is here can be read on a full disk");
    let file = Path::new(&carried.store).with_file_name("out.age");
    let export = carried.field(&["export", &file.display().to_string()])?;
    assert!(export.code == 1 && !file.exists(), "{export:?}");
    carried.disk.heal()?;
    // The line that was shown, pasted into a shell.
    let words = Command::new("sh").arg("-c").arg(format!("printf '%s\\n' {}", line.trim())).output()?;
    let words = String::from_utf8(words.stdout)?;
    let words: Vec<&str> = words.lines().skip(2).collect();
    let output = carried.field(&words)?;
    assert!(output.code == 0 && output.out.contains("Recorded"), "{output:?}");
    assert_eq!(carried.listed()?.len(), 2);
    let shown = carried.field(&["show", "2"])?;
    assert!(shown.out.contains(NOTE), "{shown:?}");
    assert_eq!(carried.field(&["sync"])?.code, 0);
    Ok(())
}

/// Whichever call fails, "recorded" is true through a loss of power, and "not recorded" too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_with_a_failing_disk_tells_the_truth() -> Result<(), Failure> {
    let mut carried = Carried::new().await?;
    let (mut number, mut refused, mut said) = (1, 0, vec![1]);
    for (part, always) in [(Part::Sync, Some(Power::Forgets)), (Part::Sync, None), (Part::Write, None)] {
        for after in 0..9 {
            carried.disk.rebase()?;
            number += 1;
            let times = if number % 3 == 0 { None } else { Some(1) };
            carried.disk.fail(part, after, times)?;
            let output = carried.record(number)?;
            carried.disk.heal()?;
            let power = always.unwrap_or([Power::Forgets, Power::Picks, Power::Tears][number as usize % 3]);
            carried.disk.cut(power, &mut Chance::new(number.into()))?;
            let listed = carried.listed()?;
            let is_there = listed.iter().filter(|found| **found == u64::from(number)).count();
            let what = format!("{part:?} {after} {times:?} {power:?}: {output:?}");
            if output.out.contains("Recorded on this device") {
                assert_eq!(is_there, 1, "{what}");
                said.push(number.into());
            } else if output.err.contains("NOT recorded") {
                refused += 1;
                assert_eq!((is_there, output.code), (0, 1), "{what}");
                assert!(output.out.contains("banlang field record"), "{what}");
            } else {
                assert!(output.code == 1 && output.err.starts_with("Error"), "{what}");
                if is_there == 1 {
                    said.push(number.into());
                }
            }
            assert!(said.iter().all(|number| listed.contains(number)), "{what}: {listed:?}");
        }
    }
    assert!(refused > 3 && said.len() > 2, "{refused} refused, {} recorded", said.len());
    Ok(())
}
