//! What a handler takes to be called by an enrolled device only.
//!
//! Each of the three reads the whole request, so a handler has at most one of them, as its last argument, and no other
//! extractor can read a body that was not signed:
//!
//! | Extractor | The request |
//! |---|---|
//! | [`Principal`] | has no body |
//! | [`SignedBody`] | has a body of bytes, as signed |
//! | [`SignedJson`] | has a body of JSON |

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Principal;
use super::check::claim;
use crate::app::AppState;
use crate::intake;
use crate::problem::{FIELD, Json, Problem};

/// A signed request's body, byte for byte, and who signed it.
#[derive(Debug, Clone)]
pub struct SignedBody {
    /// Who asks.
    pub principal: Principal,
    /// The body as it was signed.
    pub bytes: Bytes,
}

/// A signed request's JSON body, and who signed it.
#[derive(Debug, Clone)]
pub struct SignedJson<T> {
    /// Who asks.
    pub principal: Principal,
    /// The body.
    pub value: T,
}

/// The whole request, checked. The token is checked before the body is read, at most so many bytes of it.
async fn read(request: Request, app: &AppState, most: usize) -> Result<(Parts, Principal, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let claimed = claim(app, &parts).await?;
    let mut reading = Request::new(body);
    // What a body is read by stands there.
    *reading.extensions_mut() = parts.extensions.clone();
    let bytes = intake::read(reading, most).await?;
    let principal = claimed.prove(app, &parts, &bytes)?;
    Ok((parts, principal, bytes))
}

impl FromRequest<AppState> for SignedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (_, principal, bytes) = read(request, app, app.config.max_body_bytes).await?;
        Ok(Self { principal, bytes })
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for SignedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (parts, principal, bytes) = read(request, app, intake::SMALL_BYTES).await?;
        let Json(value) = Json::read(&parts.headers, &bytes)?;
        Ok(Self { principal, value })
    }
}

impl FromRequest<AppState> for Principal {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (_, principal, bytes) = read(request, app, intake::SMALL_BYTES).await?;
        if !bytes.is_empty() {
            return Err(FIELD.problem().field("body").accepted("no body on this route"));
        }
        Ok(principal)
    }
}
