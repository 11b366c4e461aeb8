//! Files for other programs: CSV, XLSX and GeoJSON of what a person may see, each told of in the audit.
//!
//! A file goes out while it is made, in bounded memory: rows are read in pages of one snapshot. Only XLSX, which ends with
//! its table of contents, is finished in a private work directory first. The audit row is committed before the first byte.
//!
//! What leaves the province names nobody and hides small breakdowns: see [`suppress`].

mod body;
mod cell;
mod csv_file;
mod geo_file;
mod made;
pub mod route;
pub mod suppress;
mod table;
#[cfg(test)]
mod tests;
mod words;
mod xlsx_file;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{BUSY, Problem};

/// Files that are made at once: each holds a reading connection for as long as its receiver takes.
const AT_ONCE: usize = 2;

/// Places for files that are made.
#[derive(Debug, Clone)]
pub(crate) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Exports {
    /// Every place, as soon as none is held.
    #[cfg(test)]
    async fn all_places(&self) -> Result<OwnedSemaphorePermit, tokio::sync::AcquireError> {
        self.0.clone().acquire_many_owned(AT_ONCE as u32).await
    }

    /// A place, held until it is dropped.
    ///
    /// # Errors
    /// `server.busy` while others make files.
    fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.0.clone().try_acquire_owned().map_err(|_| BUSY.problem().retry_after_s(10))
    }
}
