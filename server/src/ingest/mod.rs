//! Batches come in: verified, stored, judged, projected, acknowledged. In that order, in one transaction.
//!
//! Sync, deposit, carried files and restored devices all end in [`Ingest::submit`]:
//!
//! 1. **prepare** (no transaction, by [lane](lane)): the signing device must be enrolled and its signature must hold,
//!    else nothing of the batch is stored; changes meet the gate, upon their records as they are then.
//! 2. **place**: a batch follows its log (chained), leaves a gap (waiting), or finds its place taken (forked).
//! 3. **decide**: each change of a chained batch is admitted, waits for another change, or is kept in quarantine.
//! 4. **write**: batches, changes, heads, records and the read tables, many rows a statement; one commit for all
//!    requests of a group; only then receipts.
//!
//! What a batch looks like to others never changes once it is chained: a change that becomes part of its record later
//! (released by a person, or because what it depends on arrived) travels in a batch of the server's own log.

mod adopt;
mod agreement;
mod answer;
mod change_row;
mod commit;
mod decide;
mod deposit;
mod encoding;
pub(crate) mod epoch;
mod foresee;
mod group;
mod inventory;
mod lane;
mod load;
pub(crate) mod open_change;
mod page;
mod prepare;
mod queue;
mod receipt;
mod rights;
pub mod route;
mod signer;
mod size;
mod standing;
mod store;
mod unpack;
mod usage;

pub(crate) use answer::directory;
pub use answer::{BATCH_DEVICE, BATCH_SIGNATURE};
pub use commit::Outcome;
pub use deposit::{CARRIED_KEY, Deposit, deposit};
pub(crate) use encoding::{accepts, expect_media, respond};
pub use prepare::Refusal;
pub use queue::{Incoming, Ingest};
pub(crate) use signer::area;
pub(crate) use standing::stored_standing;
pub use standing::{Standing, State, Via};
pub use unpack::CONTENT_ENCODING;

/// What a release shares with ingest: it is the admission of one change, late.
pub(crate) mod adoption {
    pub(crate) use super::change_row::{ChangeRow, change_at};
    pub(crate) use super::decide::{Bytes, Candidate};
    pub(crate) use super::group::{Context, Group};
    pub(crate) use super::load::row_binding;
    pub(crate) use super::queue::context;
    pub(crate) use super::rights::Rights;
    pub(crate) use super::signer::credentials_of_row;
    pub(crate) use super::store::{heads, lock, next_batch_id};
}

/// What rebuild, verify and snapshots share with ingest: reading what is stored.
pub(crate) mod stored {
    pub(crate) use super::decide::Record;
    pub(crate) use super::load::records;
    pub(crate) use super::page::{Range, read as read_page};
    pub(crate) use super::signer::Signers;
    pub(crate) use super::store::{lock, set_records};
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
