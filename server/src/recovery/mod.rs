//! A forgotten PIN loses no record.
//!
//! A field app encrypts all it stores under a data key, and that under a key made of the PIN. At enrolment it also seals
//! the data key to this server's carry key and keeps the envelope. To recover, the device shows the server the envelope and
//! a key made for one answer ([`route`]); its owner reads out a check code that covers both; whoever manages the account
//! approves that code; only then does the server open the envelope and seal the data key to the device's new key, in one
//! transaction with the audit row ([`approve`]).
//!
//! So neither a stolen phone nor a stolen server database opens anything alone, and nobody approves a key they were not
//! told of.

mod approve;
mod envelope;
pub mod route;
mod store;
#[cfg(test)]
mod tests;

pub use approve::{RecoveryError, approve};
pub use store::{Recovery, open};
