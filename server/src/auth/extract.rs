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

use axum::body::{Body as AxumBody, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Principal;
use super::check::claim;
use crate::app::AppState;
use crate::layers::UnknownParameter;
use crate::problem::{Body, FIELD, Json, Problem};

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

/// The whole request, checked. The token is checked before the body is read.
async fn read(request: Request, app: &AppState) -> Result<(Parts, Principal, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let claimed = claim(app, &parts).await?;
    let mut reading = Request::new(body);
    // The limit on the body's size stands there.
    *reading.extensions_mut() = parts.extensions.clone();
    let Body(bytes) = Body::from_request(reading, app).await?;
    let principal = claimed.prove(app, &parts, &bytes)?;
    // Whether a request is the device's own comes before what is wrong with it.
    if let Some(parameter) = parts.extensions.get::<UnknownParameter>() {
        return Err(parameter.problem());
    }
    Ok((parts, principal, bytes))
}

impl FromRequest<AppState> for SignedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (_, principal, bytes) = read(request, app).await?;
        Ok(Self { principal, bytes })
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for SignedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (parts, principal, bytes) = read(request, app).await?;
        let Json(value) = Json::from_request(Request::from_parts(parts, AxumBody::from(bytes)), app).await?;
        Ok(Self { principal, value })
    }
}

impl FromRequest<AppState> for Principal {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (_, principal, bytes) = read(request, app).await?;
        if !bytes.is_empty() {
            return Err(FIELD.problem().field("body").accepted("no body on this route"));
        }
        Ok(principal)
    }
}
