//! What keeps the stored batches safe and their caches true: snapshots, rebuild, verify, backup, restore.

mod backup;
mod certificates;
pub mod command;
mod file_body;
mod rebuild;
mod restore;
pub mod route;
pub mod snapshot;
mod verify;

pub use backup::{BackupError, backup, mark};
pub use rebuild::{Rebuilt, rebuild, rebuild_recorded};
pub use restore::{mark_restored, restore};
pub use verify::{Finding, verify};
