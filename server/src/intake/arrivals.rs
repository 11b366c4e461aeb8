//! The bytes of bodies that arrive, over all requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::PATIENCE;

/// The budget. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever bytes come back.
    freed: Notify,
}

#[derive(Debug)]
struct State {
    free: usize,
    next: u64,
    /// Bodies that are not whole yet, the oldest first.
    arriving: BTreeMap<u64, Arriving>,
}

#[derive(Debug)]
struct Arriving {
    since: Instant,
    make_room: Arc<Notify>,
}

/// The budget's part that one body holds; it comes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Arrival {
    shared: Arc<Shared>,
    id: u64,
    make_room: Arc<Notify>,
    bytes: usize,
}

/// Others needed the bytes of a body that had been arriving for longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MakeRoom;

impl Arrivals {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let state = State { free: bytes, next: 0, arriving: BTreeMap::new() };
        Self(Arc::new(Shared { state: Mutex::new(state), freed: Notify::new() }))
    }

    /// A body begins to arrive.
    pub(crate) fn begin(&self) -> Arrival {
        let mut state = self.0.lock();
        let (id, make_room) = (state.next, Arc::new(Notify::new()));
        state.next += 1;
        state.arriving.insert(id, Arriving { since: Instant::now(), make_room: make_room.clone() });
        Arrival { shared: self.0.clone(), id, make_room, bytes: 0 }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    /// Takes so many bytes more. When there are none, the body that began to arrive longest ago loses its place.
    ///
    /// # Errors
    /// [`MakeRoom`] when that is this one.
    pub(crate) async fn grow(&mut self, bytes: usize) -> Result<(), MakeRoom> {
        let shared = self.shared.clone();
        loop {
            let freed = shared.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let Some(again_at) = self.try_grow(bytes) else { return Ok(()) };
            tokio::select! {
                () = freed => {}
                () = sleep_until(again_at) => {}
                () = self.make_room.notified() => return Err(MakeRoom),
            }
        }
    }

    /// `None` when the bytes were there; else when it makes sense to try again, at the latest.
    fn try_grow(&mut self, bytes: usize) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        if state.free >= bytes {
            state.free -= bytes;
            self.bytes += bytes;
            return None;
        }
        let oldest = state.arriving.iter().find(|(id, _)| **id != self.id);
        match oldest.map(|(id, arriving)| (*id, arriving.since + PATIENCE)) {
            Some((id, patience_ends)) if patience_ends <= now => {
                if let Some(arriving) = state.arriving.remove(&id) {
                    arriving.make_room.notify_one();
                }
                Some(now + PATIENCE)
            }
            Some((_, patience_ends)) => Some(patience_ends),
            None => Some(now + PATIENCE),
        }
    }

    /// Done when others need what this body holds.
    pub(crate) async fn must_make_room(&self) {
        self.make_room.notified().await;
    }

    /// The body is whole: its bytes stay held, and nobody takes them any more.
    pub(crate) fn is_whole(&mut self) {
        self.shared.lock().arriving.remove(&self.id);
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.arriving.remove(&self.id);
        state.free += self.bytes;
        drop(state);
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_makes_room_and_a_whole_body_never_does() {
        let arrivals = Arrivals::new(100);
        let mut whole = arrivals.begin();
        whole.grow(40).await.expect("free");
        whole.is_whole();
        let mut slow = arrivals.begin();
        slow.grow(40).await.expect("free");
        tokio::time::advance(PATIENCE).await;
        let mut younger = arrivals.begin();
        younger.grow(10).await.expect("free");
        let mut quick = arrivals.begin();
        let (asked, ()) = tokio::join!(quick.grow(30), async {
            slow.must_make_room().await;
            drop(slow);
        });
        assert_eq!((asked, whole.bytes, younger.bytes), (Ok(()), 40, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_cut_before_patience_ends() {
        let arrivals = Arrivals::new(100);
        let mut first = arrivals.begin();
        first.grow(90).await.expect("free");
        let mut second = arrivals.begin();
        let began = Instant::now();
        let (asked, ()) = tokio::join!(second.grow(20), async {
            first.must_make_room().await;
            drop(first);
        });
        assert_eq!((asked, began.elapsed()), (Ok(()), PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_dropped_body_held_is_free_again() {
        let arrivals = Arrivals::new(100);
        let mut first = arrivals.begin();
        first.grow(100).await.expect("free");
        drop(first);
        assert_eq!(arrivals.begin().grow(100).await, Ok(()));
    }
}
