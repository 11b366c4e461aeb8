//! Errors as callers see them: RFC 9457 problem details with a stable code.
//!
//! A feature lists its kinds as constants and makes problems of them:
//!
//! ```
//! use server::problem::{Problem, ProblemKind};
//!
//! const UNKNOWN_DEVICE: ProblemKind =
//!     ProblemKind::new(404, "device.unknown", "No such device", "Không có thiết bị này");
//!
//! fn find(id: &str) -> Result<(), Problem> {
//!     Err(UNKNOWN_DEVICE.problem().field("id").detail(format!("{id} is not enrolled")))
//! }
//! ```
//!
//! A 5xx hides its cause from the caller; it is logged once, with the request's id.

mod extract;
mod kinds;
mod vietnamese;
mod whole_number;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::db::{DbError, Transient};

pub(crate) use extract::given;
pub use extract::{Body, Json, Path, Query};
pub use kinds::*;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem. Its code is stable: programs branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemKind {
    /// The HTTP status.
    pub status: u16,
    /// The stable code, `noun.cause`.
    pub code: &'static str,
    /// What it means, in English.
    pub title: &'static str,
    /// What it means, in Vietnamese.
    pub title_vi: &'static str,
}

impl ProblemKind {
    /// A kind.
    #[must_use]
    pub const fn new(status: u16, code: &'static str, title: &'static str, title_vi: &'static str) -> Self {
        Self { status, code, title, title_vi }
    }

    /// A problem of this kind, without particulars.
    #[must_use]
    pub fn problem(self) -> Problem {
        Problem { kind: self, particulars: Box::default() }
    }
}

/// Why a request was not done.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: ProblemKind,
    /// Boxed: a result that may be a problem is passed on often and is one rarely.
    particulars: Box<Particulars>,
}

#[derive(Debug, Clone, Default)]
struct Particulars {
    detail: Option<String>,
    detail_vi: Option<String>,
    field: Option<String>,
    accepted: Option<String>,
    retry_after_s: Option<u64>,
    cause: Option<Cause>,
    again: bool,
}

/// What led to a 5xx; travels in the response's extensions to where it is logged.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<dyn std::error::Error + Send + Sync>);

/// The code of a problem; travels in the response's extensions to the log line of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) &'static str);

impl Problem {
    /// What went wrong this time. Never a secret, a note or a position.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.particulars.detail = Some(detail.into());
        self
    }

    /// The same in Vietnamese, where no pattern of this server translates it.
    #[must_use]
    pub fn detail_vi(mut self, detail: impl Into<String>) -> Self {
        self.particulars.detail_vi = Some(detail.into());
        self
    }

    /// The field, parameter or header at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.particulars.field = Some(field.into());
        self
    }

    /// What the field accepts.
    #[must_use]
    pub fn accepted(mut self, accepted: impl Into<String>) -> Self {
        self.particulars.accepted = Some(accepted.into());
        self
    }

    /// After how many seconds it makes sense to try again.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.particulars.retry_after_s = Some(seconds);
        self
    }

    /// A failure inside the server. The caller sees only that; the cause is logged.
    #[must_use]
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        let mut problem = INTERNAL.problem();
        problem.particulars.cause = Some(Cause(Arc::new(cause)));
        problem
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Whether the cause lies in the server's storage and not in this request: the next one would meet it too.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        [STORAGE_FULL, STORAGE_FAILED].contains(&self.kind)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code
    }

    /// The document as it is sent.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("urn:banlang:problem:{}", self.kind.code),
            status: self.kind.status,
            code: self.kind.code.to_owned(),
            title: self.kind.title.to_owned(),
            title_vi: self.kind.title_vi.to_owned(),
            detail: self.particulars.detail.clone(),
            detail_vi: match &self.particulars.detail_vi {
                Some(detail) => Some(detail.clone()),
                None => self.particulars.detail.as_deref().and_then(vietnamese::vietnamese),
            },
            field: self.particulars.field.clone(),
            accepted: self.particulars.accepted.clone(),
            accepted_vi: self.particulars.accepted.as_deref().and_then(vietnamese::vietnamese),
        }
    }
}

/// A problem as it is sent (RFC 9457), media type `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:banlang:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, for instance `record.too-large`: branch on this.
    pub code: String,
    /// What it means, in English.
    pub title: String,
    /// What it means, in Vietnamese.
    pub title_vi: String,
    /// What went wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The same in Vietnamese, where it is a text of this server and not of a library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_vi: Option<String>,
    /// The field, parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What that field accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The same in Vietnamese, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_vi: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.document())).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.particulars.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Code(self.kind.code));
        if let Some(cause) = self.particulars.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let again = error.is_transient();
        let mut problem = match &error {
            DbError::Unavailable(_) | DbError::Contended(_) => BUSY.problem().retry_after_s(5),
            DbError::Full(_) => {
                metrics::counter!("banlang_storage_failures_total", "kind" => "full").increment(1);
                STORAGE_FULL.problem().retry_after_s(60)
            }
            DbError::Storage(_) => {
                metrics::counter!("banlang_storage_failures_total", "kind" => "failed").increment(1);
                STORAGE_FAILED.problem().retry_after_s(30)
            }
            DbError::Text(_) => return FIELD.problem().field("body").accepted(extract::PLAIN_TEXT),
            _ => INTERNAL.problem(),
        };
        problem.particulars.cause = Some(Cause(Arc::new(error)));
        problem.particulars.again = again;
        problem
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}

impl Transient for Problem {
    fn is_transient(&self) -> bool {
        self.particulars.again
    }
}

#[cfg(test)]
mod tests;
