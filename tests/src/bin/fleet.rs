//! `fleet --scenario S --records N --devices D --per-device K --seed S`: one line of JSON; exits 1 when anything failed
//! or differs.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tests::fleet::{Failure, Home, Plan, Report, Scenario, program, run};

/// Starts a real server, drives it over loopback HTTP with real device code, reads the result back and compares it.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to drive.
    #[arg(long, value_enum)]
    scenario: Scenario,
    /// Records on file before the measured part; 10000, of coverage and headquarters 1000000, of fan-in always none.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    records: Option<u64>,
    /// Devices in the measured part: newcomers (1), or devices that bring records (500).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=65_000))]
    devices: Option<u64>,
    /// New records of each device that brings some.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    per_device: u64,
    /// An empty PostgreSQL database, postgres://user@host/name; SQLite in a directory of its own without it.
    #[arg(long)]
    database_url: Option<String>,
    /// One seed makes the same records.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { scenario, records, devices, per_device, database_url, seed } = Arguments::parse();
    let records = records.unwrap_or(match scenario {
        Scenario::Coverage | Scenario::Headquarters => 1_000_000,
        _ => 10_000,
    });
    let devices = devices.unwrap_or(if scenario == Scenario::FanIn { 500 } else { 1 });
    let plan = Plan { scenario, records, devices, per_device, seed };
    match measured(&plan, database_url).await {
        Ok(report) => {
            let line = serde_json::to_string(&report).unwrap_or_default();
            let written = writeln!(std::io::stdout(), "{line}").is_ok();
            if written && report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measured(plan: &Plan, database_url: Option<String>) -> Result<Report, Failure> {
    let home = Home::new(program()?, database_url)?;
    run(plan, &home).await.map_err(|error| format!("{error}\nthe server's log ends:\n{}", home.log()).into())
}
