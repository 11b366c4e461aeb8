//! Ed25519 verification. Signing is an effect: the core never sees a private key.

use ed25519_dalek::VerifyingKey;

use crate::id::PublicKey;

/// An Ed25519 signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({}…)", crate::id::to_hex(&self.0[..4]))
    }
}

/// Whether `signature` over `message` was made by the holder of `key`.
///
/// Strict verification: small-order keys and non-canonical signatures are refused, so one message has one
/// acceptable signature per key and signing.
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(&key.0)
        .is_ok_and(|key| key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok())
}
