//! What a server spends on callers before it works for them: connections, bodies that arrive, memory to unpack them.
//!
//! Three rules, so that nobody holds what others need by being slow, and nothing that is small on the wire is large in
//! memory:
//!
//! 1. Who is waited for holds no place of work. While a body arrives its request gives its place back ([`Turn`]) and
//!    queues for one again when the body is whole.
//! 2. Bytes of bodies come out of one budget ([`Arrivals`]), connections out of another ([`Connections`]). Where a budget
//!    is used up, the one that has kept the server waiting longest makes room.
//! 3. What a body unpacks and expands to is worked out first and held in a third budget ([`Memory`]) until its batches
//!    are stored.

mod arrivals;
mod body;
mod connections;
mod memory;
mod turn;
mod workers;

use std::time::Duration;

pub(crate) use arrivals::Arrivals;
pub use body::SMALL_BYTES;
pub(crate) use body::{Way, read};
pub(crate) use connections::{Connection, Connections};
pub use memory::Held;
pub(crate) use memory::Memory;
pub(crate) use turn::{Turn, Turns};
pub(crate) use workers::Workers;

use crate::config::Config;

/// How long a caller may be slow before others may take what it holds, when there is nothing else left.
const PATIENCE: Duration = Duration::from_secs(1);

/// The budgets of one server process.
#[derive(Debug)]
pub struct Intake {
    pub(crate) arrivals: Arrivals,
    pub(crate) memory: Memory,
    pub(crate) turns: Turns,
    pub(crate) workers: Workers,
}

impl Intake {
    /// The budgets of these settings: two of the largest bodies may arrive at once, and what is unpacked and read may
    /// take as much as four.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            arrivals: Arrivals::new(config.max_body_bytes.saturating_mul(2)),
            memory: Memory::new(config.max_body_bytes.saturating_mul(4)),
            turns: Turns::of(config),
            workers: Workers::start(),
        }
    }
}
