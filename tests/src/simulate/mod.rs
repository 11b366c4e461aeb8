//! The simulator: devices, carriers and a server in virtual time, everything that can go wrong, and one seed for it all.
//!
//! The devices run the product's own state machine and record API over a disk that keeps what was persisted and nothing
//! else. The server is a model on the product's own decisions: see [`server`]. A simulation is a row of *worlds*; each is
//! a few devices for a few weeks of work, then [quiet](world::World::come_to_rest), then the check:
//!
//! - every change that was reported as recorded on a device whose store survived, that has a receipt, or that a device
//!   held when the server was restored, is on the server or visible in its quarantine;
//! - every device in use finishes its sync, and its inventory and documents are the server's;
//! - every field shows exactly what people entered, by a second account of the edits; nothing is counted twice.
//!
//! One seed is one trace: no clock, no other randomness, no order of a hash map.

pub mod chance;
pub mod disk;
mod enrolment;
pub mod fate;
pub mod fault;
pub mod people;
pub mod phone;
pub mod quiet;
pub mod server;
pub mod shadow;
pub mod trace;
mod traffic;
pub mod world;

use fault::{Bug, Faults};
use serde::Serialize;
use trace::Trace;
use world::{Broken, DAY, START, Size, Violation, World, seed_of};

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The seed.
    pub seed: u64,
    /// How long all devices together are used.
    pub device_years: f64,
    /// What may go wrong.
    pub faults: Faults,
    /// A planted bug.
    pub bug: Option<Bug>,
    /// Whether every event is printed.
    pub shown: bool,
}

/// What came of it; printed as one line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// How long all devices together were used.
    pub device_years: f64,
    /// How many misfortunes there were.
    pub faults: u64,
    /// How many batches reached the server, repeated ones too.
    pub batches: u64,
    /// How many prepared snapshots devices received.
    pub snapshots: u64,
    /// How many batches were over the quota of their device and day.
    pub over_quota: u64,
    /// Changes or acknowledgements that are gone.
    pub lost: u64,
    /// Things that count twice or otherwise than people entered.
    pub doubled: u64,
    /// Replicas that differ, and syncs that do not end.
    pub divergent: u64,
    /// The hash of everything that happened.
    pub trace_hash: String,
    /// What was seen, in words, each with its world.
    #[serde(skip)]
    pub violations: Vec<(u64, Violation)>,
}

impl Outcome {
    /// Whether every promise held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Simulation {
    /// Runs it to its end.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let mut trace = Trace::new(self.shown);
        let mut outcome = Outcome {
            seed: self.seed,
            device_years: 0.0,
            faults: 0,
            batches: 0,
            snapshots: 0,
            over_quota: 0,
            lost: 0,
            doubled: 0,
            divergent: 0,
            trace_hash: String::new(),
            violations: Vec::new(),
        };
        let wanted_days = (self.device_years * 365.0).ceil() as u64;
        let mut days = 0;
        for number in 0.. {
            if days >= wanted_days {
                break;
            }
            let seed = seed_of(self.seed, number);
            let devices = 4 + seed % 5;
            let each = (30 + seed / 8 % 60).min((wanted_days - days).div_ceil(devices));
            days += devices * each;
            let size = Size { devices: devices as usize, days: each };
            let mut world = World::new(seed, size, self.faults.clone(), self.bug, trace);
            world.run_until(START + each as i64 * DAY);
            world.come_to_rest();
            outcome.faults += world.misfortunes;
            outcome.batches += world.server.batches;
            outcome.snapshots += world.snapshots;
            outcome.over_quota += world.server.over_quota;
            for violation in world.violations {
                *match violation.broken {
                    Broken::Lost => &mut outcome.lost,
                    Broken::Doubled => &mut outcome.doubled,
                    Broken::Divergent => &mut outcome.divergent,
                } += 1;
                outcome.violations.push((number, violation));
            }
            trace = world.trace;
        }
        outcome.device_years = days as f64 / 365.0;
        outcome.trace_hash = trace.hash();
        outcome
    }
}

#[cfg(test)]
mod tests;
