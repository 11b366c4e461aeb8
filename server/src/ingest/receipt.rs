//! Receipts: signed only after the commit that makes them true.

use ed25519_dalek::Signer as _;
use sync_core::id::{BatchHash, UnixMs};
use sync_core::log::{Head, LogId, Receipt, Signature, Stage};

use crate::auth::key::{Keyring, Purpose};
use crate::problem::Problem;

/// A receipt signed with the newest receipt key. Heads ascend by log.
///
/// # Errors
/// When no receipt key is in force.
pub(crate) fn sign(
    ring: &Keyring,
    stage: Stage,
    heads: Vec<(LogId, Head)>,
    held: Vec<BatchHash>,
    now: UnixMs,
) -> Result<Receipt, Problem> {
    let key = ring.newest(Purpose::Receipt, now).map_err(Problem::internal)?;
    let mut receipt = Receipt { stage, kid: key.kid.clone(), at: now, heads, held, signature: Signature([0; 64]) };
    let signing = key.signing().ok_or_else(|| Problem::internal(crate::auth::key::NoKey(Purpose::Receipt)))?;
    receipt.signature = Signature(signing.sign(&receipt.signing_bytes()).to_bytes());
    Ok(receipt)
}
