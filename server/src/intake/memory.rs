//! Memory for what bodies unpack and expand to, over all requests.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted: a byte each would be more than a semaphore counts.
const UNIT_BYTES: usize = 1024;
/// Work up to this size has a quarter of the budget to itself, so that it does not queue behind a few large bodies.
const SMALL_WORK_BYTES: usize = 256 * 1024;

/// The budget: two lanes, each first come, first served.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    small: Lane,
    large: Lane,
}

#[derive(Debug, Clone)]
struct Lane {
    units: Arc<Semaphore>,
    total: usize,
}

/// A part of the budget; it comes back when this is dropped.
#[derive(Debug, Default)]
pub struct Held(Option<OwnedSemaphorePermit>);

impl Memory {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { small: Lane::new(bytes / 4), large: Lane::new(bytes - bytes / 4) }
    }

    /// The most bytes that can be held at once.
    pub(crate) fn most(&self) -> usize {
        self.large.total * UNIT_BYTES
    }

    /// Waits for so many bytes; more than there are counts as all there are, and then it has them alone.
    pub(crate) async fn hold(&self, bytes: usize) -> Held {
        let lane = if bytes <= SMALL_WORK_BYTES { &self.small } else { &self.large };
        // The semaphore is never closed, so a permit is always found in the end.
        Held(lane.units.clone().acquire_many_owned(lane.units_of(bytes)).await.ok())
    }
}

impl Lane {
    fn new(bytes: usize) -> Self {
        let total = (bytes / UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self { units: Arc::new(Semaphore::new(total)), total }
    }

    fn units_of(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT_BYTES).clamp(1, self.total)).unwrap_or(u32::MAX)
    }
}

impl Held {
    /// Splits so many bytes off, which are then held for themselves; all there are when they are fewer.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let units = |permit: &OwnedSemaphorePermit| bytes.div_ceil(UNIT_BYTES).min(permit.num_permits());
        Self(self.0.as_mut().and_then(|permit| permit.split(units(permit))))
    }

    /// Gives back all above so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.0 {
            let keep = bytes.div_ceil(UNIT_BYTES);
            drop(permit.split(permit.num_permits().saturating_sub(keep)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn small_work_does_not_queue_behind_large() {
        let memory = Memory::new(4 << 20);
        let first = memory.hold(64 << 20).await;
        let mut waiting = Box::pin(memory.hold(1 << 20));
        assert!(timeout(Duration::from_secs(9), &mut waiting).await.is_err(), "the large lane is taken");
        let _small = memory.hold(1 << 10).await;
        drop(first);
        waiting.await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_split_off_comes_back_by_itself() {
        let memory = Memory::new(4 << 20);
        let mut first = memory.hold(3 << 20).await;
        let part = first.split(1 << 20);
        drop(first);
        let mut waiting = Box::pin(memory.hold(3 << 20));
        assert!(timeout(Duration::from_secs(9), &mut waiting).await.is_err(), "a part is held still");
        drop(part);
        waiting.await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_back_serves_others() {
        let memory = Memory::new(4 << 20);
        let mut first = memory.hold(3 << 20).await;
        first.shrink_to(1 << 20);
        let _second = memory.hold(2 << 20).await;
        drop(first);
        let _third = memory.hold(1 << 20).await;
    }
}
