//! Hostile changes, correctly signed, through the real endpoints of a real server process: nothing crashes, nothing fails,
//! nothing is admitted that does not load. The long form is `cargo run --release -p tests --bin hostile`.

use tests::harness::{Engine, Failure};
use tests::hostile::{Plan, Report, run};

/// Memory that hostile changes may cost, over what the server has after its first requests: most of them are stored, as
/// real ones are. Bombs, which are refused, have less.
const GROWTH_BYTES: u64 = 96 << 20;

fn holds(report: &Report, at_the_gate: u64) {
    let line = serde_json::to_string(report).unwrap_or_default();
    println!("{line}");
    assert!(report.holds(), "{line}");
    assert!(report.growth_bytes() <= GROWTH_BYTES, "{} bytes: {line}", report.growth_bytes());
    // What the run is for did occur.
    assert!(report.at_the_gate >= at_the_gate, "only {} were judged: {line}", report.at_the_gate);
    for reason in ["admitted", "waiting", "panicked", "unloadable", "too-many-ops", "broken-sequence", "forked-log"] {
        assert!(report.verdicts.get(reason).is_some_and(|count| *count > 0), "no {reason}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_hostile_changes_harm_nothing() -> Result<(), Failure> {
    holds(&run(Engine::Sqlite, &Plan { seed: 1, cases: 204_000, devices: 2, program: None }).await?, 200_000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_changes_harm_nothing_on_postgres() -> Result<(), Failure> {
    if Engine::Postgres.is_left_out() {
        return Ok(());
    }
    holds(&run(Engine::Postgres, &Plan { seed: 2, cases: 10_000, devices: 1, program: None }).await?, 9_500);
    Ok(())
}
