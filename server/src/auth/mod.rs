//! Who may do what: passwords, enrolment codes, certificates, access tokens, proofs.
//!
//! Every client is an enrolled device. It enrols once with a code ([`route`]), receives a certificate
//! ([`certificate`]), and fetches an access token of ten minutes whenever it needs one, by its key alone ([`token`]).
//! Each request carries the token and a proof by the device key over method, path and body ([`statement`]); handlers
//! take [`Principal`], [`SignedBody`] or [`SignedJson`] and so cannot be reached without. What a token says is only
//! which sign-in it belongs to: sign-in, device, account, role and areas are read at each request, and again by
//! [`check_again`] inside the transaction that writes, so a revocation holds from its commit on.

pub mod certificate;
mod check;
pub mod cli;
pub mod code;
pub mod enrolment_code;
mod extract;
pub mod jwt;
pub mod key;
pub mod password;
mod policy;
mod principal;
pub mod problems;
mod random;
pub mod rate;
pub mod replay;
pub(crate) mod restored;
pub mod route;
pub mod sign_in;
mod state;
pub mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod token;

pub use check::check_again;
pub(crate) use check::missing as token_missing;
pub use extract::{SignedBody, SignedJson};
pub use policy::Policy;
pub use principal::{Principal, Scope, has_every_area};
pub(crate) use random::bytes as random_bytes;
pub use state::{Auth, Known};
