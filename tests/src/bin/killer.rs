//! `killer --seed N --kills N [--of server|device] [--power] [--postgres URL]`: one line of JSON; exits 1 when anything
//! was lost, doubled or found differing.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tests::crash::deployment::AS_PROGRAM;
use tests::crash::{Failure, Plan, Report, server, terminal};

/// Kills the real program at random moments, with or without the power, and checks what is left after each kill.
#[derive(Debug, Parser)]
struct Arguments {
    /// One seed makes the same choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often to kill.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    kills: u64,
    /// What to kill.
    #[arg(long, value_enum, default_value = "server")]
    of: Of,
    /// The power goes with each kill: what was not synced is lost, in part or as a whole. Not for PostgreSQL.
    #[arg(long, conflicts_with = "database_url")]
    power: bool,
    /// The disk lies about syncing: then acknowledged data must get lost, and the run must end with 1.
    #[arg(long, requires = "power")]
    lying: bool,
    /// A PostgreSQL on which databases may be made, postgres://user@host/name; SQLite without it.
    #[arg(long)]
    database_url: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    Server,
    Device,
}

fn main() -> ExitCode {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return ::server::cli::main();
    }
    let arguments = Arguments::parse();
    match killed(&arguments) {
        Ok(report) => {
            let line = serde_json::to_string(&report).unwrap_or_default();
            let written = writeln!(std::io::stdout(), "{line}").is_ok();
            if written && report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("killer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn killed(arguments: &Arguments) -> Result<Report, Failure> {
    let Arguments { seed, kills, power, lying, .. } = *arguments;
    let plan = Plan { seed, kills, postgres: arguments.database_url.clone(), power, lying };
    let myself = std::env::current_exe()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.of {
            Of::Server => server::run(&plan, Some(&myself)).await,
            Of::Device => terminal::run(&plan, Some(&myself)).await,
        }
    })
}
