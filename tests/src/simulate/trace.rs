//! What happened, as one hash: two runs of a seed are the same run exactly when it is equal.

use sha2::{Digest, Sha256};
use sync_core::id::to_hex;

/// Takes in every event, in order.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    hasher: Sha256,
    shown: bool,
}

impl Trace {
    /// A trace of nothing; `shown` also prints each event to the standard error.
    #[must_use]
    pub fn new(shown: bool) -> Self {
        Self { hasher: Sha256::new(), shown }
    }

    /// Takes in one event at its virtual time.
    pub fn event(&mut self, now: i64, event: std::fmt::Arguments<'_>) {
        let line = format!("{now} {event}\n");
        if self.shown {
            eprint!("{line}");
        }
        self.hasher.update(line.as_bytes());
    }

    /// Takes in bytes that are too many to show.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.update((bytes.len() as u64).to_be_bytes());
        self.hasher.update(bytes);
    }

    /// The hash so far, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        to_hex(&self.hasher.clone().finalize())
    }
}
