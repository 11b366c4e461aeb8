//! What a device signs when it speaks to the server, byte by byte. These layouts are frozen.
//!
//! Every statement begins with a text of its own, so that a signature made for one can never serve as another. All
//! signatures are Ed25519 (RFC 8032) by the device key over exactly these bytes:
//!
//! | Statement | Bytes |
//! |---|---|
//! | enrolment | `banlang enrol v1` ‖ SHA-256(code) ‖ public key (32) |
//! | sign-in | `banlang sign-in v1` ‖ device id (8) ‖ SHA-256(username ‖ `00` ‖ password) |
//! | token | `banlang token v1` ‖ device id (8) ‖ nonce (16) |
//! | proof | `banlang proof v1` ‖ SHA-256(method ‖ `0a` ‖ path and query ‖ `0a` ‖ SHA-256(body)) ‖ SHA-256(token) ‖ counter (8, big-endian) |
//!
//! The code is taken in its canonical form: ten upper-case characters without hyphens ([`crate::code::EnrolmentCode`]).
//! Username and password are taken as sent, in UTF-8.

use sha2::{Digest, Sha256};

use crate::code::EnrolmentCode;
use crate::id::{DeviceId, PublicKey};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What a device signs to enrol: it holds the key, and it was given the code.
#[must_use]
pub fn enrolment(code: &EnrolmentCode, key: &PublicKey) -> Vec<u8> {
    [b"banlang enrol v1".as_slice(), &sha256(code.as_str().as_bytes()), &key.0].concat()
}

/// What a device signs to begin a new sign-in with its owner's password.
#[must_use]
pub fn sign_in(device: DeviceId, username: &str, password: &str) -> Vec<u8> {
    let secret = [username.as_bytes(), &[0], password.as_bytes()].concat();
    [b"banlang sign-in v1".as_slice(), &device.0, &sha256(&secret)].concat()
}

/// What a device signs to receive an access token. The nonce is fresh for each attempt.
#[must_use]
pub fn token(device: DeviceId, nonce: &[u8; 16]) -> Vec<u8> {
    [b"banlang token v1".as_slice(), &device.0, nonce].concat()
}

/// What a device signs to prove that one request is its own.
///
/// `path_and_query` is the request target exactly as it stands in the request line; a proxy in between must not
/// rewrite it.
#[must_use]
pub fn proof(method: &str, path_and_query: &str, body: &[u8], token: &str, counter: u64) -> Vec<u8> {
    let request = [method.as_bytes(), b"\n", path_and_query.as_bytes(), b"\n", sha256(body).as_slice()].concat();
    [b"banlang proof v1".as_slice(), &sha256(&request), &sha256(token.as_bytes()), &counter.to_be_bytes()].concat()
}

/// What a device's owner reads to headquarters when the PIN is forgotten: it covers the envelope and the key the answer
/// goes to, so nobody can have another key approved in its place.
///
/// The first nine bytes of SHA-256(`banlang recovery v1` ‖ device id (8) ‖ SHA-256(envelope) ‖ recipient), as a code.
#[must_use]
pub fn recovery_check(device: DeviceId, envelope: &[u8], recipient: &str) -> EnrolmentCode {
    let parts = [b"banlang recovery v1".as_slice(), &device.0, &sha256(envelope), recipient.as_bytes()];
    let digest = sha256(&parts.concat());
    EnrolmentCode::of_bytes(std::array::from_fn(|at| digest[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_statement_is_a_prefix_of_another() {
        let code = EnrolmentCode::of_bytes(*b"ninebytes");
        let device = DeviceId([1; 8]);
        let all = [
            enrolment(&code, &PublicKey([2; 32])),
            sign_in(device, "a", "b"),
            token(device, &[3; 16]),
            proof("GET", "/", b"", "t", 1),
        ];
        for (i, one) in all.iter().enumerate() {
            for (j, other) in all.iter().enumerate() {
                assert!(i == j || !one.starts_with(&other[..16]), "{i} {j}");
            }
        }
    }

    /// Worked out from the table above by another program.
    #[test]
    fn the_statements_are_what_the_table_says() {
        let code: EnrolmentCode = "G8PS-NDRC-9P".parse().expect("a code");
        let device = DeviceId([1; 8]);
        for (statement, digest) in [
            (enrolment(&code, &PublicKey([2; 32])), "3a84dbb9615be79d5ffc7e0a20c70962c1575fa801a006d98c5e004493ceea87"),
            (
                sign_in(device, "binh", "suối reo 2026"),
                "e0025d784ef8076d8669469510ac1a0a339a33b8b969004d73f2e4fe5ca0d9e5",
            ),
            (token(device, &[3; 16]), "e88f7f69ad1b859396294a6f0cc643ea8eb80d35c01ff7367f4a9f503c80a656"),
            (
                proof("POST", "/v1/sync", b"body", "token", 7),
                "3f8e38c760cb7e986e7530a921b5b36b2bec46041a5775f2eab31c651db13c59",
            ),
        ] {
            assert_eq!(crate::id::to_hex(&sha256(&statement)), digest);
        }
    }

    #[test]
    fn the_check_code_of_a_recovery_covers_device_envelope_and_recipient() {
        let code = |device, envelope, recipient| recovery_check(DeviceId([device; 8]), envelope, recipient).shown();
        assert_eq!(code(1, b"envelope", "age1xyz"), "XQBC-0WPJ-TS");
        for other in [code(2, b"envelope", "age1xyz"), code(1, b"envelopf", "age1xyz"), code(1, b"envelope", "age1xyy")]
        {
            assert_ne!(other, "XQBC-0WPJ-TS");
        }
    }

    #[test]
    fn the_separator_keeps_username_and_password_apart() {
        let device = DeviceId([1; 8]);
        assert_ne!(sign_in(device, "ab", "c"), sign_in(device, "a", "bc"));
    }
}
