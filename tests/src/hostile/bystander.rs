//! Who goes on working beside hostile devices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sync_core::record::{CivilDate, Draft, Patch, SessionEdit, Village};

use super::report::rounded;
use crate::harness::{Answer, BINH_LIEU, Change, Failure, Hand, NA_CHOONG};

/// How long a turn is.
const PACE: Duration = Duration::from_millis(50);
/// The days of its sessions, the first as the day number of a date.
const FIRST_DAY: i32 = 20_000;
const DAYS: i32 = 700;
/// Fewer requests than this say nothing about a middle or a tail.
const LEAST: usize = 100;

/// What a bystander does at each turn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    /// A guard syncs a new session.
    Recording,
    /// An officer looks what waits: the inbox, then the quarantine.
    Looking,
}

/// One device of another area than the hostile ones.
#[derive(Debug)]
pub(super) struct Bystander {
    hand: Hand,
    doing: Doing,
    sessions: i32,
}

/// How long its requests took, in milliseconds, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits(Vec<f64>);

impl Waits {
    /// The wait that so many of a hundred requests did not exceed.
    pub(super) fn at(&self, percent: usize) -> f64 {
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).copied().unwrap_or(0.0)
    }

    /// The middle of these over the middle of those.
    pub(super) fn over(&self, those: &Self) -> f64 {
        rounded(self.at(50) / those.at(50).max(0.01))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Bystander {
    pub(super) fn new(hand: Hand, doing: Doing) -> Self {
        Self { hand, doing, sessions: 0 }
    }

    /// Does its part at each turn, until others are done and there is enough to say.
    ///
    /// On a thread of its own: the hostile devices work out what they send on the others, and what a request waits for
    /// them there is nothing the server could change.
    ///
    /// # Errors
    /// When one of its requests is not answered as it should be.
    pub(super) async fn watch(mut self, done: Arc<AtomicBool>) -> Result<(Self, Waits), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let watching = tokio::task::spawn_blocking(move || {
            let waits = runtime.block_on(self.requests(&done))?;
            Ok((self, waits))
        });
        watching.await?
    }

    /// A session on another day than the one before: of many on one day each is compared with all others.
    fn session(&mut self) -> Result<Change, Failure> {
        self.sessions += 1;
        let date = CivilDate::from_day_number(FIRST_DAY + self.sessions % DAYS).ok_or("a day")?;
        let mut session = SessionEdit::default();
        session.fields.date = Patch::Set(date);
        session.fields.village = Patch::Set(Village::Listed(NA_CHOONG.to_owned()));
        session.fields.attendances = Patch::Set(10);
        self.hand.create(&Draft::Session(Box::new(session)))
    }

    async fn requests(&mut self, done: &AtomicBool) -> Result<Waits, Failure> {
        // A connection belongs to the threads it was opened on.
        self.hand.reconnect()?;
        let mut pace = tokio::time::interval(PACE);
        let mut waits = Vec::new();
        while !done.load(Ordering::Relaxed) || waits.len() < LEAST {
            pace.tick().await;
            let (waited, answer) = match self.doing {
                Doing::Recording => {
                    let session = self.session()?;
                    let batch = self.hand.seal(BINH_LIEU, &[session])?;
                    timed(self.hand.sync(BINH_LIEU, vec![batch])).await?
                }
                Doing::Looking => {
                    let page = if waits.len() % 2 == 0 { "/v1/inbox" } else { "/v1/quarantine" };
                    timed(self.hand.send("GET", page, "", Vec::new(), true)).await?
                }
            };
            waits.push(waited);
            if answer.status != 200 {
                return Err(format!("{:?} was told {}: {}", self.doing, answer.status, answer.code()).into());
            }
        }
        waits.sort_by(f64::total_cmp);
        Ok(Waits(waits))
    }
}

/// How long an answer took, in milliseconds.
async fn timed(request: impl Future<Output = Result<Answer, Failure>>) -> Result<(f64, Answer), Failure> {
    let began = Instant::now();
    let answer = request.await?;
    Ok((began.elapsed().as_secs_f64() * 1e3, answer))
}
