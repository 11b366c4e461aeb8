//! Compact JWTs of this server, and nothing else that calls itself one.
//!
//! Accepted is exactly what [`encode`] makes: algorithm EdDSA, the expected `typ`, a `kid` that the table of server
//! keys knows for the expected purpose, and no other header. So a token cannot bring its own key (`jwk`, `jku`,
//! `x5u`), choose another algorithm, or stand in for one of another kind.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_core::id::UnixMs;

use super::key::{Keyring, ServerKey};
use crate::auth::key::Purpose;

/// Longer texts are refused unread: a certificate of an officer with 60 areas takes about 1,700 bytes.
const MOST_BYTES: usize = 8192;

/// One kind of token.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The header `typ`.
    pub typ: &'static str,
    /// The claim `aud`.
    pub audience: &'static str,
    /// Which keys sign it.
    pub purpose: Purpose,
}

/// A text is not a token of the expected kind. The variants are for logs and tests: a client learns only that the
/// token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Too long, not three parts, or a header beyond `typ`, `alg` and `kid`.
    #[error("not a compact token of this server")]
    Form,
    /// Another algorithm than EdDSA.
    #[error("algorithm is not EdDSA")]
    Algorithm,
    /// Another `typ`.
    #[error("typ is not the expected one")]
    Type,
    /// The `kid` is unknown, retired or of another purpose.
    #[error("kid names no key in force for this purpose")]
    Key,
    /// The signature, the audience or the presence and form of a claim.
    #[error("signature or claims: {0:?}")]
    Claims(jsonwebtoken::errors::ErrorKind),
}

impl From<jsonwebtoken::errors::Error> for JwtError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::Claims(error.into_kind())
    }
}

/// The only header accepted.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    typ: String,
    alg: String,
    kid: String,
}

/// Signs `claims` as a token of `kind`. The claims must hold `aud` and `exp`.
///
/// # Errors
/// [`JwtError::Key`] when `key` cannot sign, [`JwtError::Claims`] when the claims cannot be written.
pub fn encode<T: Serialize>(kind: Kind, key: &ServerKey, claims: &T) -> Result<String, JwtError> {
    let (encoding, _) = key.jwt_keys().filter(|_| key.purpose == kind.purpose).ok_or(JwtError::Key)?;
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(kind.typ.to_owned());
    header.kid = Some(key.kid.clone());
    Ok(jsonwebtoken::encode(&header, claims, encoding)?)
}

/// The claims of a token of `kind`, its signature and audience checked. Its times are for the caller to judge, by the
/// server's clock or by the time a batch was sealed; `now` decides only which keys are believed.
///
/// # Errors
/// [`JwtError`].
pub fn decode<T: DeserializeOwned>(kind: Kind, ring: &Keyring, text: &str, now: UnixMs) -> Result<T, JwtError> {
    if text.len() > MOST_BYTES {
        return Err(JwtError::Form);
    }
    let (header, _) = text.split_once('.').ok_or(JwtError::Form)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwtError::Form)?;
    let header: StrictHeader = serde_json::from_slice(&header).map_err(|_| JwtError::Form)?;
    if header.alg != "EdDSA" {
        return Err(JwtError::Algorithm);
    }
    if header.typ != kind.typ {
        return Err(JwtError::Type);
    }
    let key = ring.find(kind.purpose, &header.kid, now).ok_or(JwtError::Key)?;
    let (_, decoding) = key.jwt_keys().ok_or(JwtError::Key)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[kind.audience]);
    validation.set_required_spec_claims(&["aud", "exp"]);
    validation.validate_exp = false;
    Ok(jsonwebtoken::decode(text, decoding, &validation)?.claims)
}
