//! What was kept but not admitted: who sees it, and how a person releases it or leaves it.
//!
//! Nothing recorded is dropped. A release makes the server adopt the change: it seals a batch in its own log of the
//! area that carries the foreign change, so that it travels like any other. What still breaks the rules of its record
//! cannot be released: it stays, with the reason why.

mod decide;
mod device_log;
mod list;
mod own;
pub mod problems;
mod readmit;
pub mod route;

pub use decide::{At, leave, release};
pub use device_log::{DeviceLog, device_log};
pub use list::{Item, Which, list};
pub use own::{Held, own};
pub use readmit::readmit;
