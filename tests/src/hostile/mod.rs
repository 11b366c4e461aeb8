//! Hostile bytes through the real endpoints: what a device whose key fell into wrong hands may sign and send.
//!
//! The server is a process of its own. Beside the hostile devices a quiet one goes on recording and an officer looks what
//! waits in another area; their requests are timed. Afterwards everything the server admitted is read back.

pub mod bombs;
mod bystander;
mod read_back;
mod report;
mod sender;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use fuzz::Draws;
use sync_core::id::Role;

pub use report::Report;

use crate::harness::{BINH_LIEU, Deployment, Engine, Failure, HOANH_MO};
use bystander::{Bystander, Doing};
use sender::{Sender, Tally};

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One seed makes the same cases, but for keys.
    pub seed: u64,
    /// How many cases at least.
    pub cases: u64,
    /// How many hostile devices send at once.
    pub devices: u32,
    /// The program; without it the one that was built beside the tests.
    pub program: Option<PathBuf>,
}

/// Sends so many cases and reads everything back.
///
/// # Errors
/// When something around the cases fails; what the cases do is in the report.
pub async fn run(engine: Engine, plan: &Plan) -> Result<Report, Failure> {
    let settings = [("BANLANG_ACCESS_TOKEN_MINUTES", "60"), ("BANLANG_DEVICE_DAY_BYTES", "1099511627776")];
    let mut deployment = Deployment::start(engine, plan.program.clone(), &settings).await?;
    let mut draws = Draws::new(plan.seed);
    let guard = Bystander::new(deployment.hand("quiet", Role::Guard, &[BINH_LIEU]).await?, Doing::Recording);
    let officer = Bystander::new(deployment.hand("officer", Role::Officer, &[BINH_LIEU]).await?, Doing::Looking);
    let mut senders = Vec::new();
    for number in 0..plan.devices {
        let hand = deployment.hand(&format!("hostile-{number}"), Role::Guard, &[HOANH_MO]).await?;
        senders.push(Sender::new(hand, Draws::new(draws.next_u64())));
    }
    let at_once = Arc::new(AtomicBool::new(true));
    let ((guard, guard_alone), (officer, officer_alone)) =
        tokio::try_join!(guard.watch(at_once.clone()), officer.watch(at_once))?;
    deployment.serving.forget_peak()?;
    let before = deployment.serving.resident()?;

    let (left, done) = (Arc::new(AtomicU64::new(plan.cases)), Arc::new(AtomicBool::new(false)));
    let ended = done.clone();
    let began = Instant::now();
    let watching = tokio::spawn(async move { tokio::try_join!(guard.watch(done.clone()), officer.watch(done)) });
    let sending: Vec<_> = senders.into_iter().map(|sender| tokio::spawn(sender.run(left.clone()))).collect();
    let mut tally = Tally::default();
    let mut failed = None;
    for task in sending {
        match task.await? {
            Ok(sent) => tally.add(sent),
            Err(error) => failed = Some(error),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    ended.store(true, Ordering::Relaxed);
    let beside = watching.await?.map(|((_, guard), (_, officer))| (guard, officer));
    let crashed = !deployment.serving.is_running();
    if let Some(error) = failed.filter(|_| !crashed) {
        return Err(error);
    }
    if crashed {
        return Ok(Report::of_a_crash(plan, &tally));
    }
    let after = deployment.serving.resident()?;
    let found = read_back::all(&deployment).await?;
    let (guard_beside, officer_beside) = beside?;
    let waits = [&guard_alone, &guard_beside, &officer_alone, &officer_beside];
    Ok(Report::new(plan, &tally, (before, after), waits, found, seconds))
}
