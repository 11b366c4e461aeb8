//! Reading outreach sessions, their history and open conflicts, and panel checks.
//!
//! A person reads what was recorded in their areas, expanded by lineage; what lies outside does not exist for them.

mod condition;
mod conflict;
mod cursor;
mod detail;
mod filter;
mod list;
mod panel_check;
mod place;
pub mod route;

pub use conflict::{Author, Conflict, ConflictParams, ConflictValue, Conflicts, conflicts};
pub use detail::{FieldChange, HistoryChange, SessionDetail, SessionReview, detail};
pub use filter::{ListFilter, SessionParams, Sort};
pub(crate) use filter::{area as known_area, limit};
pub(crate) use list::of_ids;
pub use list::{Session, SessionPage, list};
pub use panel_check::{PanelCheck, PanelCheckPage, PanelCheckParams, panel_checks};
pub(crate) use place::slices;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
