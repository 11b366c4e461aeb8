//! What a run came to, as one line of JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Plan;
use super::bystander::Waits;
use super::read_back::Found;
use super::sender::Tally;
use crate::harness::Resident;

/// What becomes of changes that the gate never sees, by verdict or reason.
const BEFORE_THE_GATE: [&str; 9] = [
    "absent",
    "unjudged",
    "duplicate",
    "quota",
    "forked-log",
    "unknown-schema",
    "certificate-unknown",
    "area-out-of-scope",
    "area-mismatch",
];

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Hostile changes, headers and pages that were sent.
    pub cases: u64,
    /// Hostile changes that passed signature, checksum and chain, and were judged by the gate.
    pub at_the_gate: u64,
    /// Requests they took.
    pub requests: u64,
    /// Hostile devices that sent at once.
    pub devices: u32,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers of 500 and above.
    pub server_errors: u64,
    /// Whether the server process ended.
    pub crashed: bool,
    /// Stored changes by verdict, or by the reason they lie in quarantine.
    pub verdicts: BTreeMap<String, u64>,
    /// Records with admitted changes.
    pub documents: u64,
    /// Of those, records that do not load.
    pub unloadable: u64,
    /// What `banlang verify` said that differs.
    pub verify: String,
    /// Memory of the server process before the first case.
    pub resident_before_bytes: u64,
    /// The most memory since.
    pub resident_peak_bytes: u64,
    /// Memory after the last case.
    pub resident_after_bytes: u64,
    /// Requests of a quiet device while it was alone.
    pub quiet_alone: Percentiles,
    /// Requests of the same device beside the hostile ones.
    pub quiet_beside: Percentiles,
    /// The middle of the latter, over the middle of the former.
    pub quiet_ratio_p50: f64,
    /// Requests of an officer of another area without the hostile devices: the inbox and the quarantine in turn.
    pub officer_alone: Percentiles,
    /// The same beside the hostile devices.
    pub officer_beside: Percentiles,
    /// As for the quiet device.
    pub officer_ratio_p50: f64,
    /// How long the cases took.
    pub seconds: f64,
    /// Cases a second.
    pub cases_per_second: f64,
}

/// How long requests took, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Percentiles {
    /// How many requests.
    pub requests: usize,
    /// The middle.
    pub p50_ms: f64,
    /// What 99 of 100 did not exceed.
    pub p99_ms: f64,
}

impl Percentiles {
    fn of(waits: &Waits) -> Self {
        Self { requests: waits.count(), p50_ms: rounded(waits.at(50)), p99_ms: rounded(waits.at(99)) }
    }
}

/// Two decimals are told.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        tally: &Tally,
        (before, after): (Resident, Resident),
        [quiet_alone, quiet_beside, officer_alone, officer_beside]: [&Waits; 4],
        found: Found,
        seconds: f64,
    ) -> Self {
        let Found { verdicts, documents, unloadable, verify } = found;
        let judged = verdicts.iter().filter(|(verdict, _)| !BEFORE_THE_GATE.contains(&verdict.as_str()));
        let judged: u64 = judged.map(|(_, count)| count).sum();
        // The quiet device's changes are in order too, one a request.
        let in_order = tally.in_order + (quiet_alone.count() + quiet_beside.count()) as u64;
        Self {
            at_the_gate: judged.saturating_sub(in_order),
            verdicts,
            documents,
            unloadable,
            verify,
            crashed: false,
            resident_before_bytes: before.now_bytes,
            resident_peak_bytes: after.peak_bytes,
            resident_after_bytes: after.now_bytes,
            quiet_alone: Percentiles::of(quiet_alone),
            quiet_beside: Percentiles::of(quiet_beside),
            quiet_ratio_p50: quiet_beside.over(quiet_alone),
            officer_alone: Percentiles::of(officer_alone),
            officer_beside: Percentiles::of(officer_beside),
            officer_ratio_p50: officer_beside.over(officer_alone),
            seconds: rounded(seconds),
            cases_per_second: (tally.cases as f64 / seconds).round(),
            ..Self::of_a_crash(plan, tally)
        }
    }

    /// When the server is gone nothing can be read back.
    pub(super) fn of_a_crash(plan: &Plan, tally: &Tally) -> Self {
        Self {
            seed: plan.seed,
            cases: tally.cases,
            at_the_gate: 0,
            requests: tally.requests,
            devices: plan.devices,
            statuses: tally.statuses.clone(),
            server_errors: tally.statuses.range(500..).map(|(_, count)| count).sum(),
            crashed: true,
            verdicts: BTreeMap::new(),
            documents: 0,
            unloadable: 0,
            verify: String::new(),
            resident_before_bytes: 0,
            resident_peak_bytes: 0,
            resident_after_bytes: 0,
            quiet_alone: Percentiles::default(),
            quiet_beside: Percentiles::default(),
            quiet_ratio_p50: 0.0,
            officer_alone: Percentiles::default(),
            officer_beside: Percentiles::default(),
            officer_ratio_p50: 0.0,
            seconds: 0.0,
            cases_per_second: 0.0,
        }
    }

    /// By how much memory grew at most, in bytes.
    #[must_use]
    pub fn growth_bytes(&self) -> u64 {
        self.resident_peak_bytes.saturating_sub(self.resident_before_bytes)
    }

    /// Whether everything held that must hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.crashed && self.server_errors == 0 && self.unloadable == 0 && self.verify.is_empty()
    }
}
