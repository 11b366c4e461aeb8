//! Real faults on the real program: processes that are killed, power that goes, disks that fill up and fail.
//!
//! | Module | What |
//! |---|---|
//! | [`disk`] | a disk under a process that forgets what was not synced, tears writes, fills up and fails |
//! | [`deployment`] | `banlang` with a database, accounts and devices, as processes |
//! | [`server`] | kills `banlang serve` under load, with or without the power |
//! | [`terminal`] | kills `banlang field …` while it records, edits, syncs, exports and enrols |
//! | [`examine`] | what must hold after each kill |
//!
//! The killer (`src/bin/killer.rs`) makes long runs, the tests short ones of the same code.

pub mod deployment;
pub mod disk;
pub mod examine;
pub mod server;
pub mod terminal;

/// What ends a run.
pub type Failure = crate::harness::Failure;

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One seed makes the same choices; when the killed process was where remains its own affair.
    pub seed: u64,
    /// How often to kill.
    pub kills: u64,
    /// An administrator's address of a PostgreSQL that may make databases; SQLite without it.
    pub postgres: Option<String>,
    /// The power goes with each kill: what was not synced is lost.
    pub power: bool,
    /// The disk only pretends to sync, as `synchronous=OFF` would: acknowledged data must be seen to get lost.
    pub lying: bool,
}

/// What a run found, as one line of JSON. A run is clean when nothing was lost, doubled or found differing.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Report {
    /// What was killed: `server` or `device`.
    pub killed: &'static str,
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// Whether the power went with each kill.
    pub power: bool,
    /// The seed.
    pub seed: u64,
    /// Kills of a process that was at work.
    pub kills: u64,
    /// Kills while it was starting, before it answered.
    pub kills_at_start: u64,
    /// Fresh deployments used.
    pub deployments: u64,
    /// Records devices said were recorded.
    pub recorded: u64,
    /// Edits devices said were recorded.
    pub edited: u64,
    /// Heads and batches receipts spoke of, checked against the database after a kill.
    pub receipts_checked: u64,
    /// Requests that were under way, or refused, when a server died.
    pub interrupted: u64,
    /// Commands of the device by name and how often each was killed before it ended.
    pub commands_killed: std::collections::BTreeMap<&'static str, u64>,
    /// Files a device had written whole when it was killed, brought in afterwards.
    pub files_carried: u64,
    /// Writes and names the disk forgot, and writes of which it kept some sectors.
    pub forgotten: u64,
    /// See `forgotten`.
    pub torn: u64,
    /// Syncs that were made to fail.
    pub syncs_failed: u64,
    /// Receipts the database does not honour.
    pub receipts_broken: u64,
    /// Recorded and said so, and not there.
    pub lost: u64,
    /// There twice, or there and never recorded.
    pub doubled: u64,
    /// What `banlang verify` found.
    pub verify_findings: u64,
    /// What went wrong, in words; at most twenty.
    pub said: Vec<String>,
    /// The longest a killed server took to answer again, in milliseconds.
    pub slowest_restart_ms: u64,
    /// How long the run took, in seconds.
    pub seconds: u64,
}

impl Report {
    /// Whether everything held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.receipts_broken + self.lost + self.doubled + self.verify_findings == 0 && self.said.is_empty()
    }

    pub(crate) fn say(&mut self, what: impl Into<String>) {
        if self.said.len() < 20 {
            self.said.push(what.into());
        }
    }
}
