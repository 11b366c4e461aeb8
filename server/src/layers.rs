//! What happens to every request around its handler.
//!
//! Of a request is logged: its id, method, route as declared (`/v1/sessions/{id}`, not the address called), status, the
//! code of the problem and duration. Never: headers, tokens, proofs, bodies, query strings, notes, positions, addresses of callers.

use std::any::Any;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sync_core::id::to_hex;
use tokio::time::Instant;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tracing::Instrument;

use crate::app::AppState;
use crate::auth;
use crate::intake::Way;
use crate::problem::{self, Cause, Code, Problem, QUERY};

/// The header that names a request in the log and to the caller.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Marks an answer of the exchange: binary, read by devices alone, often over a slow link. It goes out without the
/// headers that are for browsers and for people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terse;

/// Outermost: names the request, logs one line about it, counts it, sets the headers all responses have.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown".to_owned(), |path| path.as_str().to_owned());
    let docs = route.starts_with("/docs");
    let in_flight = metrics::gauge!("banlang_requests_in_flight");
    in_flight.increment(1.0);
    let started = Instant::now();
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span.clone()).await;
    let seconds = started.elapsed().as_secs_f64();
    in_flight.decrement(1.0);

    let status = response.status();
    let _entered = span.enter();
    if let Some(Cause(cause)) = response.extensions_mut().remove::<Cause>() {
        tracing::error!(%method, route, cause = %Chain(&*cause), "failed");
    }
    let ms = (seconds * 1e3).round() as u64;
    match response.extensions_mut().remove::<Code>() {
        Some(Code(code)) => tracing::info!(%method, route, status = status.as_u16(), code, ms, "answered"),
        None => tracing::info!(%method, route, status = status.as_u16(), ms, "answered"),
    }
    let labels = [("route", route), ("method", label(&method).to_owned())];
    metrics::histogram!("banlang_request_seconds", &labels).record(seconds);
    let [route, method_label] = labels;
    let labels = [route, method_label, ("status", status.as_u16().to_string())];
    metrics::counter!("banlang_requests_total", &labels).increment(1);

    set_headers(&mut response, id, docs, method == Method::GET);
    response
}

/// The caller's id when it is a plain short one, else a fresh one.
fn request_id(request: &Request) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        (1..=64).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
    };
    request.headers().get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| {
        HeaderValue::from_str(&to_hex(&rand::random::<[u8; 8]>())).unwrap_or(HeaderValue::from_static("none"))
    })
}

/// Only methods that exist become labels: a caller cannot make new time series.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Few bytes for what devices exchange, everything a browser heeds for what it may show.
fn set_headers(response: &mut Response, id: HeaderValue, docs: bool, get: bool) {
    if response.extensions_mut().remove::<Terse>().is_some() {
        return;
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let shown = docs || media.starts_with("text/") || media.contains("json");
    if shown {
        let policy = if docs {
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        } else {
            "default-src 'none'; frame-ancestors 'none'"
        };
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if get && !docs {
            headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
    }
}

/// Gives the request a place, a deadline and a way to read its body. A request that finds no place before its deadline
/// is told to come again.
pub(crate) async fn admit(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let turn = match app.intake.turns.take().await {
        Ok(turn) => turn,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(Way { arrivals: app.intake.arrivals.clone(), turn: turn.clone() });
    turn.within(next.run(request)).await.unwrap_or_else(IntoResponse::into_response)
}

/// Routes that take no parameters, as (method, route as declared).
pub(crate) type Bare = Arc<BTreeSet<(String, String)>>;

/// Refuses parameters where none is declared: a misspelt or misplaced one would be passed over silently.
pub(crate) async fn refuse_parameters(State(bare): State<Bare>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let is_bare = route.is_some_and(|route| bare.contains(&(request.method().as_str().to_owned(), route)));
    match form_urlencoded::parse(query.as_bytes()).next() {
        Some((name, _)) if is_bare => QUERY.problem().field(name).accepted("no parameters").into_response(),
        _ => next.run(request).await,
    }
}

/// Asks for an access token before anything else of the request is looked at, but for operations that need no sign-in.
/// Whether the token counts, the handler decides.
pub(crate) async fn token_first(
    State(closed): State<Arc<HashSet<(Method, String)>>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let is_closed = route.is_some_and(|route| closed.contains(&(method, route)));
    if is_closed && !request.headers().contains_key(header::AUTHORIZATION) {
        return auth::token_missing().into_response();
    }
    next.run(request).await
}

/// Puts a problem in place of any error that is none: unknown routes and methods, rejections of axum itself.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let media = response.headers().get(header::CONTENT_TYPE);
    if status.as_u16() < 400 || media.is_some_and(|media| media.as_bytes().starts_with(problem::MEDIA_TYPE.as_bytes()))
    {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = media_is_text(&parts.headers).then(|| to_bytes(body, 1024));
    let said = match text {
        Some(reading) if !status.is_server_error() => reading.await.ok(),
        _ => None,
    };
    let mut problem = problem::of_status(status.as_u16()).problem();
    if let Some(said) = said.as_deref().and_then(|said| std::str::from_utf8(said).ok()).filter(|said| !said.is_empty())
    {
        problem = problem.detail(said);
    }
    let mut explained = problem.into_response();
    explained.extensions_mut().extend(parts.extensions);
    explained
}

fn media_is_text(headers: &axum::http::HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/plain"))
}

/// A handler panicked: one request fails, the server goes on.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(Panicked(said.unwrap_or_default())).into_response()
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// JSON and text of more than 1 KiB. What devices exchange is compressed already.
pub(crate) fn compressible() -> impl Predicate {
    let textual = |_: axum::http::StatusCode,
                   _: axum::http::Version,
                   headers: &axum::http::HeaderMap,
                   _: &axum::http::Extensions| {
        let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        media.starts_with("text/") || media.contains("json")
    };
    SizeAbove::new(1024).and(textual)
}

/// An error and what led to it, on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
