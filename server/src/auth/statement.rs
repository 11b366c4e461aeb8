//! The header that proves a request. What is signed is laid out in [`sync_core::statement`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use sync_core::log::Signature;
pub use sync_core::statement::*;

/// The header that carries a request's proof.
pub const PROOF_HEADER: &str = "banlang-proof";

/// The value of the `banlang-proof` header: base64url without padding of counter (8, big-endian) ‖ signature (64).
#[must_use]
pub fn proof_header(
    key: &SigningKey,
    method: &str,
    path_and_query: &str,
    body: &[u8],
    token: &str,
    counter: u64,
) -> String {
    let signature = key.sign(&proof(method, path_and_query, body, token, counter));
    URL_SAFE_NO_PAD.encode([counter.to_be_bytes().as_slice(), &signature.to_bytes()].concat())
}

/// The counter and signature of a `banlang-proof` header; `None` when it is not 72 bytes in base64url.
#[must_use]
pub fn parse_proof_header(text: &str) -> Option<(u64, Signature)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (counter, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*counter), Signature(rest.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use sync_core::id::PublicKey;
    use sync_core::log::verify;

    use super::*;

    #[test]
    fn a_proof_header_round_trips_and_verifies() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let public = PublicKey(key.verifying_key().to_bytes());
        let header = proof_header(&key, "POST", "/v1/sync?x=1", b"body", "token", 7);
        assert_eq!(header.len(), 96);
        let (counter, signature) = parse_proof_header(&header).expect("well formed");
        assert_eq!(counter, 7);
        assert!(verify(&public, &proof("POST", "/v1/sync?x=1", b"body", "token", 7), &signature));
        for altered in [
            proof("GET", "/v1/sync?x=1", b"body", "token", 7),
            proof("POST", "/v1/sync?x=2", b"body", "token", 7),
            proof("POST", "/v1/sync?x=1", b"bodY", "token", 7),
            proof("POST", "/v1/sync?x=1", b"body", "tokem", 7),
            proof("POST", "/v1/sync?x=1", b"body", "token", 8),
        ] {
            assert!(!verify(&public, &altered, &signature));
        }
    }

    #[test]
    fn a_malformed_proof_header_is_none() {
        for text in ["", "AA", "not base64 ệ", &"A".repeat(95), &"A".repeat(97), &"=".repeat(96)] {
            assert_eq!(parse_proof_header(text), None, "{text}");
        }
    }
}
