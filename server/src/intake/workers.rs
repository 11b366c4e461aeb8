//! Two threads for work that takes long or much memory for a moment: unpacking and reading large bodies, checking what
//! large submissions bring. They give way to all others of the process, which serve everybody.
//!
//! Not the runtime's own pool of hundreds of threads: allocators keep what a thread gave back for that thread, so memory
//! used for a moment on each of many threads adds up and stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// How many.
const THREADS: usize = 2;
/// By how much their priority is lower, in steps of nice(2): beside a busy thread of the usual priority each has about a
/// tenth of a core.
#[cfg(target_os = "linux")]
const LOWER: i32 = 10;

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

    /// Does this on one of the threads; it is in their queue when this returns, whether anybody waits for it or not.
    ///
    /// # Errors
    /// [`Ended`] when the work panics.
    pub(crate) fn run<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Ended>> + use<T, W> {
        let (reply, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            reply.send(work()).ok();
        });
        // A job that nobody takes is dropped, and the sender of its result with it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).send(job).ok();
        async move { result.await.map_err(|_| Ended) }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    give_way();
    loop {
        let Ok(job) = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        // Who waits for it hears of it: the sender of the result is dropped.
        catch_unwind(AssertUnwindSafe(job)).ok();
    }
}

/// Lowers the priority of this thread. Where a priority is the whole process's it stays as it is.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(LOWER) {
        tracing::warn!(%error, "cannot lower a thread's priority");
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
