//! Extractors whose rejection is a [`Problem`] that names the field. Use these, not axum's.

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::whole_number::whole_numbers;
use super::{FIELD, INTERNAL, MEDIA, PATH, Problem, QUERY, SYNTAX};
use crate::app::AppState;
use crate::intake;

/// A request's body as bytes, at most `max_body_bytes` of them.
#[derive(Debug, Clone)]
pub struct Body(pub Bytes);

impl FromRequest<AppState> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        intake::read(request, app.config.max_body_bytes).await.map(Self)
    }
}

/// A JSON body, which is always an object, at most [`intake::SMALL_BYTES`] of it; as a response, a JSON document.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        Self::expect(&headers)?;
        Self::read(&headers, &intake::read(request, intake::SMALL_BYTES).await?)
    }
}

impl<T> Json<T> {
    fn expect(headers: &HeaderMap) -> Result<(), Problem> {
        if is_json(headers) { Ok(()) } else { Err(MEDIA.problem().field("content-type").accepted("application/json")) }
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// What a body holds that came with these headers.
    ///
    /// # Errors
    /// A [`Problem`] that names the field at fault.
    pub(crate) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Problem> {
        Self::expect(headers)?;
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            // Serde would take the fields in their order, and a list of nothings for a change of nothing.
            return Err(FIELD.problem().field("body").accepted("a JSON object"));
        }
        match whole_numbers(bytes) {
            Some(plain) => read(&plain),
            None => read(bytes),
        }
        .map(Self)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let kind = if inner.is_data() { FIELD } else { SYNTAX };
        kind.problem().field(field_of(&path, &inner.to_string())).detail(inner.to_string())
    })?;
    text.end().map_err(|error| SYNTAX.problem().field("body").detail(error.to_string()))?;
    Ok(value)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// Tells null, which removes, from an absent field, which leaves: `Some(None)` from `None`, with `#[serde(default)]`.
pub(crate) fn given<'de, T, D>(value: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(value).map(Some)
}

/// The field a message of serde is about: one that is missing or unknown is named in the message, not in the path.
fn field_of(path: &str, message: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    // A question mark stands where the text ended before a name did.
    let path = path.trim_end_matches('?').trim_end_matches('.');
    match (path, named) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => "body".to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    }
}

/// The query's parameters.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        if let Some((name, _)) = form_urlencoded::parse(text.as_bytes()).find(|(_, value)| value.contains('\0')) {
            return Err(QUERY.problem().field(name).accepted(PLAIN_TEXT));
        }
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let field = field_of(&path, &message);
            let problem = QUERY.problem().field(if field == "body" { "query".to_owned() } else { field });
            // serde's own words for a text that is no number.
            match message.contains("invalid digit") || message.contains("to fit in target type") {
                true => problem.accepted("a whole number").detail(message),
                false => problem.detail(message),
            }
        })
    }
}

/// A type of Rust as a caller understands it.
fn plain(expected_type: &str) -> &str {
    match expected_type {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "bool" => "true or false",
        other => other,
    }
}

/// The name of the part of the route at this place.
fn placeholder(parts: &Parts, index: usize) -> Option<String> {
    let route = parts.extensions.get::<MatchedPath>()?;
    let name = route.as_str().split('{').nth(index + 1)?.split('}').next()?;
    Some(name.to_owned())
}

/// What every text accepts: PostgreSQL stores no other.
pub(super) const PLAIN_TEXT: &str = "text without the character U+0000";

/// The parts of the path a route names.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let rejection = match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => return Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(rejection)) => rejection,
            Err(_) => return Err(INTERNAL.problem()),
        };
        let problem = PATH.problem();
        Err(match rejection.into_kind() {
            ErrorKind::ParseErrorAtKey { key, value, expected_type } => {
                problem.field(key).accepted(plain(expected_type)).detail(format!("{value:?} is not accepted"))
            }
            ErrorKind::ParseErrorAtIndex { index, value, expected_type } => {
                let name = placeholder(parts, index).unwrap_or_else(|| "path".to_owned());
                problem.field(name).accepted(plain(expected_type)).detail(format!("{value:?} is not accepted"))
            }
            ErrorKind::DeserializeError { key, value, message } => {
                problem.field(key).accepted(message).detail(format!("{value:?} is not accepted"))
            }
            ErrorKind::InvalidUtf8InPathParam { key } => problem.field(key).accepted("UTF-8, percent-encoded"),
            ErrorKind::ParseError { value, expected_type } => {
                problem.field("path").accepted(plain(expected_type)).detail(format!("{value:?} is not accepted"))
            }
            other => problem.field("path").detail(other.to_string()),
        })
    }
}
