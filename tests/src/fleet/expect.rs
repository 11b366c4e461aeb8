//! What was recorded, and whether server and devices have exactly that.

use std::ops::{Add, AddAssign};

use sync_core::record::RecordView;

use super::Failure;
use super::phone::Phone;
use super::wire::Ask;

/// Totals over sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) sessions: u64,
    pub(super) attendances: u64,
    pub(super) households: u64,
    /// Of every kind together.
    pub(super) material: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.attendances += other.attendances;
        self.households += other.households;
        self.material += other.material;
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

#[derive(serde::Deserialize)]
struct Answer {
    total: Totals,
}

#[derive(serde::Deserialize)]
struct Totals {
    sessions: u64,
    attendances: u64,
    households: u64,
    material: std::collections::BTreeMap<String, u64>,
}

/// What the server counts over the year of the records, asked by somebody who sees every area.
pub(super) async fn on_server(coordinator: &mut Phone) -> Result<Counts, Failure> {
    let ask = Ask::get("/v1/coverage/totals?generation=2025&from=2026-01-01&to=2026-12-31");
    let answer: Answer = serde_json::from_slice(&coordinator.line.ask(&ask).await?)?;
    let Totals { sessions, attendances, households, material } = answer.total;
    Ok(Counts { sessions, attendances, households, material: material.values().sum() })
}

/// What a device counts over the records it holds.
pub(super) fn on_device(phone: &Phone) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    for view in phone.store.sessions()? {
        let RecordView::Session(session) = view else { return Err("a record that is no session".into()) };
        counts += Counts {
            sessions: 1,
            attendances: session.fields.attendances.value().copied().unwrap_or(0).into(),
            households: session.fields.households.value().copied().unwrap_or(0).into(),
            material: session.material.values().map(|material| material.total).sum(),
        };
    }
    Ok(counts)
}

/// 0 when both are equal and nothing was complained of, else 1; says what differs.
pub(super) fn differs(what: &str, found: &Result<Counts, Failure>, expected: Counts) -> u64 {
    match found {
        Ok(found) if *found == expected => 0,
        Ok(found) => {
            eprintln!("{what}: expected {expected:?}, found {found:?}");
            1
        }
        Err(error) => {
            eprintln!("{what}: {error}");
            1
        }
    }
}

/// 1 and a line on standard error when this failed.
pub(super) fn failed<T>(what: &str, done: &Result<T, Failure>) -> u64 {
    match done {
        Ok(_) => 0,
        Err(error) => {
            eprintln!("{what}: {error}");
            1
        }
    }
}
