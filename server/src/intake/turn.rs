//! Places of work, and until when a request may take.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::config::Config;
use crate::problem::{BUSY, Problem, TIMEOUT};

/// How many seconds a caller that found no place is told to wait.
const AGAIN_S: u64 = 5;

/// Places for requests that are worked on at once. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    work: Duration,
    arrival: Duration,
    quiet: Duration,
}

/// One request's place and deadline.
///
/// A request has a place while it is worked on. While its body arrives it has none, and its own deadline rests: what
/// counts then is how long a body may take.
#[derive(Debug, Clone)]
pub(crate) struct Turn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    turns: Turns,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    deadline: watch::Sender<Deadline>,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    allowed: Duration,
}

impl Deadline {
    fn in_(allowed: Duration) -> Self {
        Self { at: Instant::now() + allowed, allowed }
    }
}

impl Turns {
    /// The places and times of these settings.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            places: Arc::new(Semaphore::new(config.concurrency_limit)),
            work: Duration::from_secs(config.request_timeout_seconds),
            arrival: Duration::from_secs(config.body_timeout_seconds),
            quiet: Duration::from_secs(config.header_timeout_seconds),
        }
    }

    /// A place, as soon as there is one.
    ///
    /// # Errors
    /// `server.busy` when there is none in the time a request may take.
    pub(crate) async fn take(&self) -> Result<Turn, Problem> {
        let deadline = Deadline::in_(self.work);
        let place = self.place(deadline).await?;
        let (deadline, _) = watch::channel(deadline);
        Ok(Turn(Arc::new(Inner { turns: self.clone(), place: Mutex::new(Some(place)), deadline })))
    }

    async fn place(&self, by: Deadline) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout_at(by.at, self.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(BUSY.problem().retry_after_s(AGAIN_S)),
        }
    }
}

impl Turn {
    /// The body is waited for: others may have the place.
    pub(crate) fn rest(&self) {
        drop(self.0.place.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.0.deadline.send_replace(Deadline::in_(self.0.turns.arrival));
    }

    /// The body is whole: a place again, as soon as there is one.
    ///
    /// # Errors
    /// As [`Turns::take`].
    pub(crate) async fn resume(&self) -> Result<(), Problem> {
        let deadline = Deadline::in_(self.0.turns.work);
        self.0.deadline.send_replace(deadline);
        let place = self.0.turns.place(deadline).await?;
        *self.0.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(())
    }

    /// How long a body may stand still.
    pub(crate) fn quiet(&self) -> Duration {
        self.0.turns.quiet
    }

    /// What becomes of a request within its time.
    ///
    /// # Errors
    /// `request.timeout` when the deadline in force passes first.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        let mut deadline = self.0.deadline.subscribe();
        tokio::pin!(work);
        loop {
            let Deadline { at, allowed } = *deadline.borrow_and_update();
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                // The sender lives as long as this turn.
                _ = deadline.changed() => {}
                () = sleep_until(at) => {
                    return Err(TIMEOUT.problem().accepted(format!("at most {} seconds", allowed.as_secs())));
                }
            }
        }
    }
}
