//! Devices: which keys speak for whom, and until when.

pub mod cli;
mod gaps;
mod revoke;
pub mod route;
mod store;

pub(crate) use cli::when;
pub(crate) use gaps::waiting_changes;
pub use gaps::{Gaps, gaps, missing};
pub use revoke::{RevokeError, revoke};
pub(crate) use store::insert;
pub use store::{Contact, Device, find, list, note_contact};
