//! What headquarters enters by hand beside the records of devices: club meetings, media and context figures.
//!
//! Counts only: never who came. A row is not changed and never deleted; it is voided, with a reason, and stays listed.

mod club;
#[cfg(test)]
pub(crate) mod desk;
pub mod entry;
mod figure;
mod media;
pub mod route;
#[cfg(test)]
mod tests;

pub use club::{Club, ClubMeeting, Clubs};
pub use figure::{FIGURES, Figure, FigureCode, Figures};
pub use media::{Media, MediaItem, MediaTotals};
