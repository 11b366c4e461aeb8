//! Logs: what a device has recorded, in order, signed.
//!
//! A log belongs to one device and one area and is append-only: batch `n` names the hash of batch `n − 1`. The hash and
//! the signature cover the *hashes* of the changes, not their bytes, so a batch whose bytes were purged or withheld
//! still verifies and a gap or an edit is visible to everybody who holds the chain.

mod batch;
mod change;
mod checkpoint;
mod inventory;
mod journal;
mod key;
mod receipt;

pub(crate) use batch::EntryFlags;
pub use batch::{Batch, BatchError, BatchHeader, Body, Entry, SCHEMA, limits, seal};
pub use change::{RawChange, RawChangeError};
pub use checkpoint::{Checkpoint, JournalPage};
pub use inventory::{Digest16, Head, Inventory, LogId};
pub(crate) use inventory::{MAX_HEADS, read_heads, skip_heads, write_heads};
pub use journal::{Arrival, Decision, JournalEntry, Judgement, Mark, Move, Position, Tip};
pub use key::{Signature, verify};
pub use receipt::{Receipt, Stage};
