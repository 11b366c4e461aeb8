//! Enrolment codes: what an officer reads to a guard, once.
//!
//! The database holds the SHA-256 of a code alone. That hides it from a casual reader of the table; whoever may read
//! the server keys beside it needs no code.

pub use sync_core::code::*;

use super::random;

/// A fresh code.
#[must_use]
pub fn fresh() -> EnrolmentCode {
    EnrolmentCode::of_bytes(random::bytes())
}
