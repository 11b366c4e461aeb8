//! Hostile bytes: a generator of changes that are correctly framed and wrong inside, and what must hold of any bytes at
//! the gate and at every wire layout.
//!
//! Three things use it: the fuzzer (`sync-core/fuzz/run`), a plain test that replays the fuzzer's corpus, and the tests
//! that send hostile changes to a server.

mod chunks;
mod deck;
mod draws;
pub mod gate;
mod mutate;
mod parts;
mod runs;
mod seeds;
pub mod wire;

pub use deck::Deck;
pub use draws::Draws;

use sync_core::id::{RecordId, RecordKind};
use sync_core::log::RawChange;

/// What ends a run: something that should be in order was not.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A change with what it is filed under.
pub type Change = (RecordKind, RecordId, RawChange);

/// The name of a target, and what must hold of any bytes there.
pub type Target = (&'static str, fn(&[u8]));

/// Every target: the gate, and each wire layout.
pub fn targets() -> impl Iterator<Item = Target> {
    [("gate", gate::any as fn(&[u8]))].into_iter().chain(wire::LAYOUTS.iter().copied())
}

/// What must hold of any bytes at the target of this name.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    targets().find(|(target, _)| *target == name).map(|(_, run)| run)
}
