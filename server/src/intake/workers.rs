//! Two threads for work that takes much memory for a moment: unpacking and reading large bodies.
//!
//! Not the runtime's own pool of hundreds of threads: allocators keep what a thread gave back for that thread, so memory
//! used for a moment on each of many threads adds up and stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How many.
const THREADS: usize = 2;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when this is dropped and what they were given is done.
#[derive(Debug)]
pub(crate) struct Workers(Mutex<Sender<Job>>);

/// The work panicked, or its thread could not be started.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("work on a body ended without a result")]
pub(crate) struct Ended;

impl Workers {
    /// Starts the threads.
    pub(crate) fn start() -> Self {
        let (sender, jobs) = channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..THREADS {
            let jobs = jobs.clone();
            let worker = std::thread::Builder::new().name("body".to_owned()).spawn(move || work(&jobs));
            if let Err(error) = worker {
                tracing::error!(%error, "cannot start a thread");
            }
        }
        Self(Mutex::new(sender))
    }

    /// Does this on one of the threads.
    ///
    /// # Errors
    /// [`Ended`] when the work panics.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Ended> {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            reply.send(work()).ok();
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).send(job).map_err(|_| Ended)?;
        result.await.map_err(|_| Ended)
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let Ok(job) = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        // Who waits for it hears of it: the sender of the result is dropped.
        catch_unwind(AssertUnwindSafe(job)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_work_and_not_the_thread() {
        let workers = Workers::start();
        for _ in 0..2 * THREADS {
            assert!(workers.run(|| -> u8 { panic!("on purpose") }).await.is_err());
        }
        assert_eq!(workers.run(|| 7).await.ok(), Some(7));
    }
}
