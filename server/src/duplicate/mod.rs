//! Sessions that may tell of one event twice: suggested with the reasons, linked or declared distinct by a person.
//!
//! Nothing is linked by itself. What a person said stands in `session_pair` with who, when and why; which session then
//! counts follows in [`crate::project`], in the same transaction.

mod decide;
mod list;
mod pair;
pub mod route;

pub use decide::{CIRCLE, Decision, decide};
pub use list::{DuplicateParams, Pairs, pairs};
pub(crate) use list::{count_open, count_open_in};
pub use pair::{Pair, PairStanding, Reason};

#[cfg(test)]
mod tests;
