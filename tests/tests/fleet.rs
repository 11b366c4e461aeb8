//! Each scenario of the load tool, small: the tool itself works, and what it reads back is what it put in.
//!
//! No numbers are compared: what is fast enough is the matter of benchmarks.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;

use tests::fleet::{Home, Plan, Report, Scenario, program, run};

const KEYS: [&str; 11] = [
    "scenario",
    "records",
    "devices",
    "requests",
    "bytes_up",
    "bytes_down",
    "seconds",
    "records_per_second",
    "server_peak_rss_bytes",
    "server_cpu_seconds",
    "failed",
];

async fn driven(scenario: Scenario, records: u64, devices: u64) -> Report {
    let home = Home::new(program().unwrap(), None).unwrap();
    let plan = Plan { scenario, records, devices, per_device: 5, seed: 7 };
    let report = run(&plan, &home).await.unwrap_or_else(|error| panic!("{error}\n{}", home.log()));
    let json = serde_json::to_value(&report).unwrap();
    let keys: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let pages = (scenario == Scenario::Headquarters).then_some("pages_ms");
    assert_eq!(keys, KEYS.into_iter().chain(pages).collect());
    assert_eq!(report.failed, 0, "{report:?}\n{}", home.log());
    assert_eq!(report.scenario, scenario.to_string());
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_in_agreement_asks_once() {
    let report = driven(Scenario::Nothing, 50, 1).await;
    assert_eq!(report.requests, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_both_sides_cross_in_one_round_trip() {
    let report = driven(Scenario::Changes, 50, 1).await;
    assert_eq!(report.requests, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_receive_everything_from_the_snapshot() {
    let report = driven(Scenario::Newcomer, 60, 3).await;
    assert!(report.requests <= 3 * 4, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_devices_bring_at_once_is_acknowledged_and_counted() {
    let report = driven(Scenario::FanIn, 0, 12).await;
    assert_eq!(report.records, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_of_a_filled_province_is_read() {
    driven(Scenario::Coverage, 2_000, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_headquarters_answers_over_a_filled_province() {
    let report = driven(Scenario::Headquarters, 2_000, 4).await;
    assert!(report.pages_ms.len() > 100, "{report:?}");
}
