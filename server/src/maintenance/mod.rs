//! What keeps the stored batches safe and their caches true: snapshots, rebuild, verify, backup, restore.

mod backup;
mod certificates;
pub mod command;
mod file_body;
mod rebuild;
pub mod route;
pub mod snapshot;
mod verify;

pub use backup::{BackupError, backup, mark, mark_restored, restore};
pub use rebuild::{Rebuilt, rebuild};
pub use verify::{Finding, verify};
