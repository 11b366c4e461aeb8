//! `hostile --seed N --cases N`: one line of JSON; exits 1 when the server crashed, failed, admitted what does not load, or
//! does not verify.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tests::harness::{Engine, Failure};
use tests::hostile::{Plan, Report, run};

/// Starts a real server and sends it hostile changes, correctly signed, while a quiet device goes on recording.
#[derive(Debug, Parser)]
struct Arguments {
    /// One seed makes the same cases, but for keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many hostile changes, headers and pages.
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Hostile devices that send at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    devices: u32,
    /// On PostgreSQL, where BANLANG_TEST_POSTGRES_URL says; else on SQLite.
    #[arg(long)]
    postgres: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measured(Arguments::parse()).await {
        Ok(report) => {
            let line = serde_json::to_string(&report).unwrap_or_default();
            let written = writeln!(std::io::stdout(), "{line}").is_ok();
            if written && report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("hostile: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measured(Arguments { seed, cases, devices, postgres }: Arguments) -> Result<Report, Failure> {
    let program = tests::fleet::program().map_err(|error| error.to_string())?;
    let engine = if postgres { Engine::Postgres } else { Engine::Sqlite };
    run(engine, &Plan { seed, cases, devices, program: Some(program) }).await
}
