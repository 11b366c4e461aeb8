//! Access tokens: compact, ten minutes, useless without the device key.
//!
//! A token says only which sign-in it belongs to. Who that is, what they may do and whether the device was revoked is
//! read from the database at each request.

use serde::{Deserialize, Serialize};
use sync_core::id::UnixMs;

use super::jwt::{self, JwtError, Kind};
use super::key::{Keyring, Purpose};
use super::policy::Policy;
use super::random;

/// Header and audience of an access token. Short, since it travels with each request.
pub const KIND: Kind = Kind { typ: "at+jwt", audience: "api", purpose: Purpose::Token };

/// The claims of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Claims<'a> {
    /// The row in `sign_in`.
    sid: i64,
    /// Seconds since the epoch.
    exp: i64,
    aud: &'a str,
    /// Random: two tokens of one second are two, so that a device may count its proofs from 1 with each.
    n: u16,
}

/// The same as it is read. A claim this server never issues, for instance `nbf`, is not passed over in silence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    sid: i64,
    exp: i64,
    #[serde(rename = "aud")]
    _audience: String,
    #[serde(rename = "n")]
    _random: u16,
}

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessToken {
    /// The row in `sign_in`.
    pub sign_in: i64,
    /// From then on it is refused.
    pub expires_at: UnixMs,
}

/// An access token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is none of this server's.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// Its time is over.
    #[error("expired")]
    Expired,
}

/// A token for a sign-in, and when it ends.
///
/// # Errors
/// [`JwtError`] when no key is in force.
pub fn issue(ring: &Keyring, policy: &Policy, sign_in: i64, now: UnixMs) -> Result<(String, UnixMs), JwtError> {
    let key = ring.newest(Purpose::Token, now).map_err(|_| JwtError::Key)?;
    let exp = now.0 / 1000 + policy.token_life.as_secs() as i64;
    let token = jwt::encode(
        KIND,
        key,
        &Claims { sid: sign_in, exp, aud: KIND.audience, n: u16::from_be_bytes(random::bytes()) },
    )?;
    Ok((token, UnixMs(exp * 1000)))
}

/// What a token says, when it is this server's and its time is not over.
///
/// # Errors
/// [`TokenError`].
pub fn read(ring: &Keyring, text: &str, now: UnixMs) -> Result<AccessToken, TokenError> {
    let Read { sid, exp, .. } = jwt::decode(KIND, ring, text, now)?;
    let expires_at = UnixMs(exp.saturating_mul(1000));
    if now >= expires_at {
        return Err(TokenError::Expired);
    }
    Ok(AccessToken { sign_in: sid, expires_at })
}
