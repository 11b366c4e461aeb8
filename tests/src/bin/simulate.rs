//! `simulate --seed N --device-years Y`: one line of JSON; exits 1 on any violation, with the seed to replay.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tests::simulate::Simulation;
use tests::simulate::fault::{Bug, Faults};

/// Simulates devices, carriers and a server, and everything that can go wrong, in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    /// The seed: one seed is one trace.
    #[arg(long)]
    seed: u64,
    /// How long all devices together are used, in years.
    #[arg(long, default_value_t = 1.0, value_parser = years)]
    device_years: f64,
    /// What may go wrong: all, none, or names joined by commas, for instance loss,device-crash.
    #[arg(long, default_value = "all")]
    faults: Faults,
    /// A bug to plant in the model, to see that it is caught; for instance tally-added.
    #[arg(long)]
    plant: Option<Bug>,
    /// Prints every event to the standard error.
    #[arg(long)]
    trace: bool,
}

fn years(text: &str) -> Result<f64, String> {
    let accepted = || "a number of years from 0.01 to 10000".to_owned();
    let years: f64 = text.parse().map_err(|_| accepted())?;
    if (0.01..=10_000.0).contains(&years) { Ok(years) } else { Err(accepted()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let simulation = Simulation {
        seed: arguments.seed,
        device_years: arguments.device_years,
        faults: arguments.faults.clone(),
        bug: arguments.plant,
        shown: arguments.trace,
    };
    let outcome = simulation.run();
    let mut out = std::io::stdout().lock();
    let line = serde_json::to_string(&outcome).unwrap_or_default();
    if writeln!(out, "{line}").is_err() {
        return ExitCode::FAILURE;
    }
    if outcome.is_clean() {
        return ExitCode::SUCCESS;
    }
    for (world, violation) in outcome.violations.iter().take(20) {
        eprintln!("world {world}: {:?}: {}", violation.broken, violation.what);
    }
    let Arguments { seed, device_years, faults, .. } = arguments;
    eprintln!("to replay: simulate --seed {seed} --device-years {device_years} --faults {faults}");
    ExitCode::FAILURE
}
