//! The exchange: frozen message layouts, and what to send to whom.
//!
//! A server, a hub and a file import use the same code. Nothing here knows how a message travels or where a batch is
//! kept.

mod carry;
mod directory;
mod message;
mod page;
mod plan;
mod snapshot;

pub use carry::{Carried, FileError, ReceiptFile, Snapshot, pages};
pub use directory::DirectoryEntry;
pub use message::{Exchange, MessageError, Request, Response, SnapshotOffer, Withheld};
pub use page::{Page, PageError};
pub use plan::{Epoch, Plan, Proposal, differs, plan};
pub use snapshot::{is_outgrown, is_worth_fetching};
