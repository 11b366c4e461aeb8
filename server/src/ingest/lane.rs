//! Two lanes to the one transaction at a time, so that who brings little does not wait for a flood of somebody else's.
//!
//! The quick lane takes submissions that are small, one of each device at a time. Everything else takes the bulk lane.
//! Each lane is prepared by itself, the bulk lane where it gives way to everybody else. Quick groups are stored first, and
//! while anybody is in the quick lane the bulk lane stores half of the time at most, and a fifth where most of what it
//! brings is refused. Whoever takes it loses nothing but time, and not even that while nobody is in the quick one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::id::DeviceId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// So many quick groups in a row are stored while a bulk group waits; then it has its turn.
const QUICK_IN_A_ROW: usize = 4;

/// So many times as long as it stored the bulk lane rests when most of what it brought lies in quarantine.
const REST_IF_REFUSED: u32 = 4;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// For what is small.
    Quick,
    /// For what is large, or more of a device that is served already.
    Bulk,
}

/// Who brings a submission. A device that proved its key is told apart from one that is only named, so that nobody takes
/// another's place by naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bringer {
    /// Signed in.
    Proven(DeviceId),
    /// As the batches say.
    Named(DeviceId),
}

/// So long after somebody was in the quick lane the next one is expected.
const IN_USE: Duration = Duration::from_secs(5);

/// Who is in the quick lane.
#[derive(Debug, Default)]
pub(super) struct QuickLane(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    taken: HashSet<Bringer>,
    /// When the last one was taken.
    last: Option<Instant>,
}

/// One submission's place in the quick lane; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    lane: Arc<Mutex<Places>>,
    bringer: Bringer,
}

impl QuickLane {
    /// A place, unless this device has one.
    pub(super) fn enter(&self, bringer: Bringer) -> Option<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = places.taken.insert(bringer);
        if is_new {
            places.last = Some(Instant::now());
        }
        is_new.then(|| Place { lane: self.0.clone(), bringer })
    }

    /// Whether anybody is or was there within a few seconds: then what takes the bulk lane goes in smaller steps.
    pub(super) fn is_in_use(&self) -> bool {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.last.is_some_and(|last| last.elapsed() < IN_USE)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).taken.remove(&self.bringer);
    }
}

/// What is ready to be stored, in the order in which it is.
#[derive(Debug)]
pub(super) struct Ready<T> {
    quick: mpsc::Receiver<T>,
    bulk: mpsc::Receiver<T>,
    in_a_row: usize,
    /// Until then the bulk lane rests.
    rests_until: Instant,
}

impl<T> Ready<T> {
    /// What these two bring.
    pub(super) fn new(quick: mpsc::Receiver<T>, bulk: mpsc::Receiver<T>) -> Self {
        Self { quick, bulk, in_a_row: 0, rests_until: Instant::now() }
    }

    /// Leaves the next moments to the quick lane alone: as long as the bulk lane has just kept it waiting, and
    /// [longer](REST_IF_REFUSED) where most of what it brought is refused.
    pub(super) fn rest(&mut self, stored_in: Duration, is_refused: bool) {
        self.rests_until = Instant::now() + stored_in * if is_refused { REST_IF_REFUSED } else { 1 };
    }

    /// The next one and its lane; `None` when nothing comes any more.
    pub(super) async fn next(&mut self) -> Option<(Lane, T)> {
        if self.in_a_row >= QUICK_IN_A_ROW
            && Instant::now() >= self.rests_until
            && let Ok(waiting) = self.bulk.try_recv()
        {
            self.in_a_row = 0;
            return Some((Lane::Bulk, waiting));
        }
        let rested = async {
            sleep_until(self.rests_until).await;
            self.bulk.recv().await
        };
        tokio::select! {
            biased;
            Some(next) = self.quick.recv() => {
                self.in_a_row += 1;
                Some((Lane::Quick, next))
            }
            Some(next) = rested => {
                self.in_a_row = 0;
                Some((Lane::Bulk, next))
            }
            else => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId([7; 8]);

    #[test]
    fn a_device_has_one_place_in_the_quick_lane() {
        let lane = QuickLane::default();
        let first = lane.enter(Bringer::Proven(DEVICE));
        assert!(first.is_some() && lane.enter(Bringer::Proven(DEVICE)).is_none());
        assert!(lane.enter(Bringer::Proven(DeviceId([8; 8]))).is_some(), "another has its own");
        drop(first);
        assert!(lane.enter(Bringer::Proven(DEVICE)).is_some());
    }

    #[test]
    fn who_only_names_a_device_takes_nothing_from_it() {
        let lane = QuickLane::default();
        let _named = lane.enter(Bringer::Named(DEVICE));
        assert!(lane.enter(Bringer::Proven(DEVICE)).is_some());
    }

    #[tokio::test]
    async fn quick_goes_first_and_bulk_is_not_starved() {
        let (quick, from_quick) = mpsc::channel(16);
        let (bulk, from_bulk) = mpsc::channel(16);
        for number in 0..2 {
            bulk.try_send(("bulk", number)).expect("there is room");
        }
        for number in 0..6 {
            quick.try_send(("quick", number)).expect("there is room");
        }
        drop((quick, bulk));
        let mut ready = Ready::new(from_quick, from_bulk);
        let mut order = Vec::new();
        while let Some((_, next)) = ready.next().await {
            order.push(next);
        }
        let (quick, bulk) = (|number| ("quick", number), |number| ("bulk", number));
        assert_eq!(order, [quick(0), quick(1), quick(2), quick(3), bulk(0), quick(4), quick(5), bulk(1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_bulk_lane_rests_only_the_quick_one_is_served() {
        let (quick, from_quick) = mpsc::channel(16);
        let (bulk, from_bulk) = mpsc::channel(16);
        bulk.try_send("bulk").expect("there is room");
        let mut ready = Ready::new(from_quick, from_bulk);
        ready.rest(Duration::from_secs(9), false);
        let nothing = tokio::time::timeout(Duration::from_secs(8), ready.next()).await;
        assert!(nothing.is_err(), "it rests");
        for _ in 0..=QUICK_IN_A_ROW {
            quick.try_send("quick").expect("there is room");
            assert_eq!(ready.next().await, Some((Lane::Quick, "quick")));
        }
        assert_eq!(ready.next().await, Some((Lane::Bulk, "bulk")), "then it has its turn");
    }
}
