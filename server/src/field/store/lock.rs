//! One program on one store.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::super::error::FieldError;

/// How often a waiting program looks again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Held for as long as the store is open. The operating system lets go of it when the program ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Lock {
    /// Takes the lock, or waits for it for at most `wait`.
    pub(super) async fn take(directory: &Path, wait: Duration) -> Result<Self, FieldError> {
        let path = directory.join("lock");
        let failed = |error| FieldError::io(path.display().to_string(), error);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let mut left = wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if left.is_zero() => {
                    return Err(FieldError::Locked { directory: directory.display().to_string() });
                }
                Err(TryLockError::WouldBlock) => {
                    let pause = left.min(LOOK_EVERY);
                    tokio::time::sleep(pause).await;
                    left -= pause;
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
