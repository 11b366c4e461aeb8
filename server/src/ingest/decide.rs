//! What the core's ledger is told of here: where a change's row is, and where its bytes are.
//!
//! How batches and changes stand is decided by [`sync_core::admit::ledger`]. The simulator runs the same code.

use std::sync::Arc;

use sync_core::admit::ledger;
use sync_core::log::Batch;

/// Where a change's row is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) batch_id: i64,
    pub(crate) ordinal: usize,
}

/// The framed bytes of a change, without a copy where they are part of a batch in memory.
#[derive(Debug, Clone)]
pub(crate) enum Bytes {
    Of(Arc<Batch>, usize),
    Read(Arc<Vec<u8>>),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Of(batch, ordinal) => batch.bodies()[*ordinal].as_ref().map_or(&[], |change| change.framed()),
            Self::Read(bytes) => bytes,
        }
    }
}

/// A change that is part of its record.
pub(crate) type Admitted = ledger::Admitted<Bytes>;
/// A change to be judged.
pub(crate) type Candidate = ledger::Candidate<Place, Bytes>;
/// A stored or judged change that may still become part of its record.
pub(crate) type Open = ledger::Open<Place, Bytes>;
/// A record as far as judging needs it.
pub(crate) type Record = ledger::Record<Place, Bytes>;
/// A change that becomes part of its record by a batch of the server's own log.
pub(crate) type Adoption = ledger::Adoption<Bytes>;
