//! Writing inside a handler, whose future must be `Send`.
//!
//! The compiler cannot see that the future of [`Db::write`](super::Db::write) is `Send` when its body borrows: an async
//! closure has no name for the future it returns. [`write_tx!`](crate::write_tx) is the same loop, written out where it
//! is used.

use super::tx::{ATTEMPTS, pause};
use super::{DbError, Transient, Tx};

/// Runs the future in a transaction and commits it; runs it again when another transaction was in the way.
///
/// `write_tx!(app.db, |tx| enrol(tx, &request))`: like [`Db::write`](crate::db::Db::write), for handlers. The future has
/// no effect but those on the transaction. The value is a `Result` of the future's error.
#[macro_export]
macro_rules! write_tx {
    ($db:expr, |$tx:ident| $future:expr) => {{
        let mut retry = $crate::db::Retry::default();
        loop {
            let done = match $db.begin().await {
                Ok(mut owned) => {
                    let outcome = {
                        let $tx = &mut owned;
                        $future.await
                    };
                    $crate::db::Retry::settle(owned, outcome).await
                }
                Err(error) => Err(error.into()),
            };
            match retry.again(done).await {
                Some(done) => break done,
                None => {}
            }
        }
    }};
}

/// Counts the runs of one [`write_tx!`](crate::write_tx).
#[derive(Debug, Default)]
pub struct Retry {
    runs: u32,
}

impl Retry {
    /// Commits what succeeded, rolls back what failed.
    ///
    /// # Errors
    /// The body's, or that of the commit.
    pub async fn settle<T, E: From<DbError>>(tx: Tx, outcome: Result<T, E>) -> Result<T, E> {
        match outcome {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // The error that matters is the body's; a connection that cannot roll back is dropped by the pool.
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }

    /// What is to be reported, or `None` after a pause: run it again.
    pub async fn again<T, E: Transient>(&mut self, done: Result<T, E>) -> Option<Result<T, E>> {
        self.runs += 1;
        match done {
            Err(error) if error.is_transient() && self.runs < ATTEMPTS => {
                // The error is gone before the pause: it need not be `Send`.
                drop(error);
                pause(self.runs).await;
                None
            }
            done => Some(done),
        }
    }
}
