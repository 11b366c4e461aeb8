//! Short runs of the killer: `banlang serve` and `banlang field …` are killed at random moments, with and without the
//! power. Long runs: see docs/reliability.md.

use tests::crash::{Failure, Plan, Report, server, terminal};
use tests::harness::Engine;

fn plan(seed: u64, kills: u64) -> Plan {
    Plan { seed, kills, postgres: None, power: false, lying: false }
}

fn clean(report: Report, kills: u64) -> Result<(), Failure> {
    assert!(report.is_clean(), "{report:#?}");
    assert!(report.kills >= kills && report.recorded > 0 && report.receipts_checked > 0, "{report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_honours_every_receipt() -> Result<(), Failure> {
    clean(server::run(&plan(1, 8), None).await?, 8)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_on_postgres_honours_every_receipt() -> Result<(), Failure> {
    if Engine::Postgres.is_left_out() {
        return Ok(());
    }
    let postgres = std::env::var("BANLANG_TEST_POSTGRES_URL").map_err(|_| "run by tests/with-postgres")?;
    clean(server::run(&Plan { postgres: Some(postgres), ..plan(2, 4) }, None).await?, 4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_power_goes_honours_every_receipt() -> Result<(), Failure> {
    let report = server::run(&Plan { power: true, ..plan(3, 8) }, None).await?;
    assert!(report.forgotten > 0, "the disk forgot nothing: {report:#?}");
    clean(report, 8)
}

/// The same run on a disk that only says that it synced: if this were clean, the one before would prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_that_lies_about_syncing_receipts_are_seen_to_break() -> Result<(), Failure> {
    let report = server::run(&Plan { power: true, lying: true, ..plan(4, 4) }, None).await?;
    assert!(report.receipts_broken > 0, "{report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_killed_at_any_moment_keeps_what_it_said() -> Result<(), Failure> {
    let report = terminal::run(&plan(5, 16), None).await?;
    assert!(report.files_carried > 0, "no file was written whole: {report:#?}");
    clean(report, 16)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_whose_power_goes_keeps_what_it_said() -> Result<(), Failure> {
    let report = terminal::run(&Plan { power: true, ..plan(6, 16) }, None).await?;
    assert!(report.forgotten > 0, "the disk forgot nothing: {report:#?}");
    clean(report, 16)
}
