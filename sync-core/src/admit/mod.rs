//! The gate that hostile bytes meet.
//!
//! A change is looked at in the order of what it costs: [`scan`] reads its bytes strictly and bounds everything before
//! Automerge sees them; [`judge`] then applies it to a scratch copy, contained, and checks the rules of its kind.

mod gate;
pub mod ledger;
mod reason;
mod rules;
#[cfg(test)]
mod tests;

pub use gate::{Admission, Binding, Verdict, is_judging, judge};
pub use reason::Reason;
pub use rules::{may_correct_others, may_write};

pub use crate::record::chunk::{ChangeInfo, MAX_CHANGE_BYTES, MAX_DEPS, MAX_OPS, ScanError, scan};
