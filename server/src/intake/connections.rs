//! Connections, and which of them makes room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::PATIENCE;

/// How many connections may be open. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    free: usize,
    next: u64,
    /// Connections whose peer is waited for: to send a head, to send a body, to read an answer. Longest first.
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    make_room: Arc<Notify>,
}

/// One open connection. Cheap to clone; its place comes back when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<Place>);

#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    /// Its number among those that wait for their peer.
    waits_as: Mutex<Option<u64>>,
    make_room: Arc<Notify>,
}

impl Connections {
    /// Places for so many.
    pub(crate) fn new(places: usize) -> Self {
        let state = State { free: places, next: 0, waiting: BTreeMap::new() };
        Self(Arc::new(Shared { state: Mutex::new(state), freed: Notify::new() }))
    }

    /// A place for a connection just accepted. When there is none, the connection whose peer has kept the server
    /// waiting longest is closed; when no peer is waited for, this waits.
    pub(crate) async fn enter(&self) -> Connection {
        loop {
            let freed = self.0.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let Some(again_at) = self.0.try_enter() else { break };
            tokio::select! {
                () = freed => {}
                () = sleep_until(again_at) => {}
            }
        }
        let place = Place { shared: self.0.clone(), waits_as: Mutex::new(None), make_room: Arc::new(Notify::new()) };
        let connection = Connection(Arc::new(place));
        connection.waits();
        connection
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_enter(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return None;
        }
        let patience_ends = state.waiting.first_key_value().map(|(_, waiting)| waiting.since + PATIENCE);
        if patience_ends.is_some_and(|ends| ends <= now)
            && let Some((_, longest)) = state.waiting.pop_first()
        {
            longest.make_room.notify_one();
        }
        Some(patience_ends.filter(|ends| *ends > now).unwrap_or(now + PATIENCE))
    }
}

impl Connection {
    /// The peer is waited for, from now on.
    pub(crate) fn waits(&self) {
        let mut waits_as = self.0.waits_as.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.0.shared.lock();
        if let Some(before) = waits_as.take() {
            state.waiting.remove(&before);
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number, Waiting { since: Instant::now(), make_room: self.0.make_room.clone() });
        *waits_as = Some(number);
    }

    /// The server works: nobody else gets this place.
    pub(crate) fn works(&self) {
        let mut waits_as = self.0.waits_as.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = waits_as.take() {
            self.0.shared.lock().waiting.remove(&number);
        }
    }

    /// Done when others need the place.
    pub(crate) async fn must_make_room(&self) {
        self.0.make_room.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.waits_as.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let mut state = self.shared.lock();
        if let Some(number) = number {
            state.waiting.remove(&number);
        }
        state.free += 1;
        drop(state);
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{advance, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_server_waiting_longest_makes_room() {
        let connections = Connections::new(2);
        let slow = connections.enter().await;
        advance(PATIENCE).await;
        let younger = connections.enter().await;
        let (_third, ()) = tokio::join!(connections.enter(), async {
            slow.must_make_room().await;
            drop(slow);
        });
        assert!(timeout(Duration::ZERO, younger.must_make_room()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_worked_for_keeps_its_place() {
        let connections = Connections::new(1);
        let working = connections.enter().await;
        working.works();
        let mut next = Box::pin(connections.enter());
        assert!(timeout(Duration::from_secs(60), &mut next).await.is_err());
        working.waits();
        let (_next, ()) = tokio::join!(next, async {
            working.must_make_room().await;
            drop(working);
        });
    }
}
