//! What a device signs when it speaks to the server; the layouts are `sync_core::statement`'s.

use sync_core::code::EnrolmentCode;
use sync_core::id::{DeviceId, PublicKey};
use sync_core::statement;
use wasm_bindgen::prelude::*;

use crate::fault::{Fault, fixed, parse};

/// The id of the device that holds this public key.
#[wasm_bindgen(js_name = deviceOfKey)]
pub fn device_of_key(key: &[u8]) -> Result<String, Fault> {
    Ok(DeviceId::of_key(&PublicKey(fixed(key, "public key")?)).to_string())
}

/// What is signed to enrol.
#[wasm_bindgen(js_name = enrolmentStatement)]
pub fn enrolment(code: &str, key: &[u8]) -> Result<Vec<u8>, Fault> {
    let code: EnrolmentCode = parse(code)?;
    Ok(statement::enrolment(&code, &PublicKey(fixed(key, "public key")?)))
}

/// What is signed to receive an access token.
#[wasm_bindgen(js_name = tokenStatement)]
pub fn token(device: &str, nonce: &[u8]) -> Result<Vec<u8>, Fault> {
    Ok(statement::token(parse(device)?, &fixed(nonce, "nonce")?))
}

/// What is signed to sign in.
#[wasm_bindgen(js_name = signInStatement)]
pub fn sign_in(device: &str, username: &str, password: &str) -> Result<Vec<u8>, Fault> {
    Ok(statement::sign_in(parse(device)?, username, password))
}

/// What is signed to prove one request.
#[wasm_bindgen(js_name = proofStatement)]
#[must_use]
pub fn proof(method: &str, path_and_query: &str, body: &[u8], token: &str, counter: u64) -> Vec<u8> {
    statement::proof(method, path_and_query, body, token, counter)
}

/// What the owner of a device reads to headquarters when the PIN is forgotten.
#[wasm_bindgen(js_name = recoveryCheckCode)]
pub fn recovery_check_code(device: &str, envelope: &[u8], recipient: &str) -> Result<String, Fault> {
    Ok(statement::recovery_check(parse(device)?, envelope, recipient).shown())
}

/// Ed25519 by a 32-byte seed: for browsers whose WebCrypto lacks it.
#[wasm_bindgen(js_name = signWithSeed)]
pub fn sign_with_seed(seed: &[u8], message: &[u8]) -> Result<Vec<u8>, Fault> {
    use ed25519_dalek::{Signer, SigningKey};
    Ok(SigningKey::from_bytes(&fixed(seed, "seed")?).sign(message).to_bytes().to_vec())
}

/// The public key of a 32-byte seed.
#[wasm_bindgen(js_name = publicKeyOfSeed)]
pub fn public_key_of_seed(seed: &[u8]) -> Result<Vec<u8>, Fault> {
    Ok(ed25519_dalek::SigningKey::from_bytes(&fixed(seed, "seed")?).verifying_key().to_bytes().to_vec())
}
