//! The load tool: a real server process, driven over loopback HTTP by real device code, and read back.
//!
//! What is made up beforehand (keys, records, sealed batches, accounts, enrolments) lies outside what is measured. The
//! server is started anew between the two, so that its memory and its processor time are those of the work measured,
//! with the settings it is delivered with.

mod expect;
mod home;
mod meter;
mod pages;
mod people;
mod phone;
mod process;
mod records;
mod scenario;
mod store;
mod wire;

use std::collections::BTreeMap;
use std::fmt;

pub use home::{Home, program};
pub use pages::{Known, Page, Who, pages};

/// Whatever ended a run; said as text.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// A device that has everything syncs once more.
    Nothing,
    /// Ten edits on each side of what both have.
    Changes,
    /// New devices receive everything, from a prepared snapshot.
    Newcomer,
    /// Every device brings new records at the same time.
    FanIn,
    /// Coverage of a province over a year.
    Coverage,
    /// What every page of headquarters asks, as an officer and as a coordinator.
    Headquarters,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Changes => "changes",
            Self::Newcomer => "newcomer",
            Self::FanIn => "fan-in",
            Self::Coverage => "coverage",
            Self::Headquarters => "headquarters",
        })
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is driven.
    pub scenario: Scenario,
    /// Records on file before the measured part.
    pub records: u64,
    /// Devices in the measured part.
    pub devices: u64,
    /// New records of each device, where devices bring some.
    pub per_device: u64,
    /// One seed makes the same records.
    pub seed: u64,
}

/// What a run measured: one line of JSON.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// What was driven.
    pub scenario: String,
    /// Records the measured part is about: read, received or brought.
    pub records: u64,
    /// Devices in the measured part.
    pub devices: u64,
    /// Requests in the measured part.
    pub requests: u64,
    /// Bytes written to sockets by all devices, headers included.
    pub bytes_up: u64,
    /// Bytes read from sockets by all devices, headers included.
    pub bytes_down: u64,
    /// How long the measured part took; the median where it is repeated.
    pub seconds: f64,
    /// Records by seconds.
    pub records_per_second: f64,
    /// The most memory the server process held since it was started for the measured part.
    pub server_peak_rss_bytes: u64,
    /// Processor time of the server process over the measured part, all repetitions together.
    pub server_cpu_seconds: f64,
    /// Devices whose work failed, and things read back that differ.
    pub failed: u64,
    /// Of each page's question the median time in milliseconds from the request to the head of the answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pages_ms: BTreeMap<String, f64>,
}

/// Prepares, drives, reads back and compares.
///
/// # Errors
/// When something cannot be prepared or measured at all; what failed within the measured part is counted instead.
pub async fn run(plan: &Plan, home: &Home) -> Result<Report, Failure> {
    match plan.scenario {
        Scenario::Nothing => scenario::exchange::nothing(plan, home).await,
        Scenario::Changes => scenario::exchange::changes(plan, home).await,
        Scenario::Newcomer => scenario::newcomer::run(plan, home).await,
        Scenario::FanIn => scenario::fan_in::run(plan, home).await,
        Scenario::Coverage => scenario::coverage::run(plan, home).await,
        Scenario::Headquarters => scenario::headquarters::run(plan, home).await,
    }
}
