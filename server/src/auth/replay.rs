//! Each proof counts once.
//!
//! A proof's counter ascends within one access token. A window of 64 counters below the highest one seen lets requests
//! that overtake each other pass, each once. No clock is needed on the device.
//!
//! The memory is the process's own. After a restart, or at another process of the same deployment, a request that
//! somebody recorded inside TLS could be sent again until its token ends, at most ten minutes later. It does then what
//! it did before: it cannot be altered, and what devices send is idempotent.
//!
//! Memory is bounded: [`PER_SIGN_IN`] tokens a sign-in; what is over is forgotten with the oldest token, and every
//! token of that sign-in that ends no later is refused from then on. Sign-ins are bounded by the devices that were
//! enrolled, and leave when their tokens have ended.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sync_core::id::UnixMs;

/// Tokens of one sign-in that may be in use at once.
pub const PER_SIGN_IN: usize = 8;
/// How far below the highest counter a late request is still taken.
pub const WINDOW: u64 = 64;
/// Ended tokens are looked for after so many requests.
const SWEEP_EVERY: u32 = 1024;

/// Why a proof does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// This counter was used already with this token, or lies below the window.
    #[error("the counter was used already")]
    Used,
    /// The token was forgotten in favour of newer ones: ask for a new one.
    #[error("too many newer tokens of this sign-in are in use")]
    Superseded,
}

/// What one token used: the highest counter, and bit `i` for the counter that many below it.
#[derive(Debug)]
struct Used {
    token: [u8; 32],
    expires_at: UnixMs,
    highest: u64,
    below: u64,
}

impl Used {
    fn take(&mut self, counter: u64) -> bool {
        if counter > self.highest {
            let ahead = counter - self.highest;
            self.below = if ahead >= WINDOW { 0 } else { self.below << ahead } | 1;
            self.highest = counter;
            return true;
        }
        let behind = self.highest - counter;
        if behind >= WINDOW || self.below & (1 << behind) != 0 {
            return false;
        }
        self.below |= 1 << behind;
        true
    }
}

#[derive(Debug)]
struct SignIn {
    tokens: Vec<Used>,
    /// A token that is not in `tokens` and ends no later than this was forgotten.
    forgotten: UnixMs,
}

#[derive(Debug, Default)]
struct Memory {
    sign_ins: HashMap<i64, SignIn>,
    since_sweep: u32,
}

/// Remembers the counters of all tokens in use.
#[derive(Debug, Default)]
pub struct ReplayGuard(Mutex<Memory>);

impl ReplayGuard {
    /// Takes a counter. Call it last, when the proof's signature holds: nobody else may use up a device's counters.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn take(
        &self,
        sign_in: i64,
        token: [u8; 32],
        expires_at: UnixMs,
        counter: u64,
        now: UnixMs,
    ) -> Result<(), ReplayError> {
        // A panic while the lock was held cannot have left a counter half taken.
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.since_sweep += 1;
        if memory.since_sweep >= SWEEP_EVERY {
            memory.since_sweep = 0;
            memory.sign_ins.retain(|_, entry| {
                entry.tokens.retain(|used| now < used.expires_at);
                !entry.tokens.is_empty() || now < entry.forgotten
            });
        }
        let entry = memory
            .sign_ins
            .entry(sign_in)
            .or_insert_with(|| SignIn { tokens: Vec::new(), forgotten: UnixMs(i64::MIN) });
        if let Some(used) = entry.tokens.iter_mut().find(|used| used.token == token) {
            return if used.take(counter) { Ok(()) } else { Err(ReplayError::Used) };
        }
        if expires_at <= entry.forgotten {
            return Err(ReplayError::Superseded);
        }
        entry.tokens.push(Used { token, expires_at, highest: counter, below: 1 });
        if entry.tokens.len() > PER_SIGN_IN
            && let Some(oldest) = (0..entry.tokens.len()).min_by_key(|&i| entry.tokens[i].expires_at)
        {
            let gone = entry.tokens.swap_remove(oldest);
            entry.forgotten = entry.forgotten.max(gone.expires_at);
            if gone.token == token {
                return Err(ReplayError::Superseded);
            }
        }
        Ok(())
    }

    /// How many sign-ins are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sign_ins.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const END: UnixMs = UnixMs(600_000);

    proptest! {
        #[test]
        fn no_counter_counts_twice(counters in proptest::collection::vec(0..200_u64, 1..300)) {
            let guard = ReplayGuard::default();
            let mut seen = HashSet::new();
            let mut highest = 0;
            for counter in counters {
                let taken = guard.take(1, [1; 32], END, counter, UnixMs(0)).is_ok();
                let in_window = seen.is_empty() || counter > highest || highest - counter < WINDOW;
                prop_assert_eq!(taken, in_window && !seen.contains(&counter));
                if taken {
                    seen.insert(counter);
                    highest = highest.max(counter);
                }
            }
        }
    }

    #[test]
    fn the_greatest_counter_is_no_special_case() {
        let guard = ReplayGuard::default();
        for counter in [0, u64::MAX, u64::MAX - 63] {
            assert_eq!(guard.take(1, [1; 32], END, counter, UnixMs(0)), Ok(()));
            assert_eq!(guard.take(1, [1; 32], END, counter, UnixMs(0)), Err(ReplayError::Used));
        }
        assert_eq!(guard.take(1, [1; 32], END, u64::MAX - 64, UnixMs(0)), Err(ReplayError::Used));
    }

    #[test]
    fn tokens_count_apart() {
        let guard = ReplayGuard::default();
        assert_eq!(guard.take(1, [1; 32], END, 5, UnixMs(0)), Ok(()));
        assert_eq!(guard.take(1, [2; 32], END, 5, UnixMs(0)), Ok(()));
    }

    #[test]
    fn a_forgotten_token_cannot_be_replayed() {
        let guard = ReplayGuard::default();
        let tokens = PER_SIGN_IN as u8 + 3;
        for n in 0..tokens {
            assert_eq!(guard.take(1, [n; 32], UnixMs(1000 + i64::from(n)), 1, UnixMs(0)), Ok(()));
        }
        for n in 0..tokens {
            assert!(guard.take(1, [n; 32], UnixMs(1000 + i64::from(n)), 1, UnixMs(0)).is_err(), "{n}");
        }
        assert_eq!(guard.take(2, [0; 32], UnixMs(1000), 1, UnixMs(0)), Ok(()));
    }

    #[test]
    fn ended_tokens_leave_memory() {
        let guard = ReplayGuard::default();
        for n in 0..i64::from(SWEEP_EVERY) * 2 {
            assert_eq!(guard.take(n, [1; 32], UnixMs(n + 10), 1, UnixMs(n)), Ok(()));
        }
        assert!(guard.len() < SWEEP_EVERY as usize + 20);
    }
}
