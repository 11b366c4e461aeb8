//! The routes of the exchange: `POST /v1/sync` and `POST /v1/deposits`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use sync_core::sync::Request;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::answer;
use super::deposit::{Deposit, deposit, unreadable};
use super::encoding::{expect_media, media, respond, unpack};
use crate::app::AppState;
use crate::auth::SignedBody;
use crate::problem::{Body, MEDIA, Problem};

/// The media type of both messages of an exchange.
pub const SYNC: &str = "application/vnd.banlang.sync";
/// The media type of a bare page of batches.
pub const PAGE: &str = "application/vnd.banlang.page";
/// The media type of a carried file, encrypted to the server.
pub const CARRIED: &str = "application/vnd.banlang.carried";
/// The media type of a file of receipts.
pub const RECEIPTS: &str = "application/vnd.banlang.receipts";
/// How many times the largest body may grow when it is unpacked.
const UNPACKED: usize = 4;

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(sync)).routes(routes!(deposits))
}

/// One round of the exchange
///
/// The body is a request, the answer a response, as laid out in docs/sync-protocol.md; either may be compressed with
/// zstd. Batches in the request are durably stored before the answer is made.
#[utoipa::path(
    post,
    path = "/v1/sync",
    tag = "sync",
    request_body(content = crate::openapi::Binary, content_type = "application/vnd.banlang.sync"),
    responses((status = 200, description = "A response", body = crate::openapi::Binary, content_type = "application/vnd.banlang.sync")),
)]
async fn sync(State(app): State<AppState>, headers: HeaderMap, body: SignedBody) -> Result<Response, Problem> {
    expect_media(&headers, SYNC)?;
    let bytes = unpack(&headers, body.bytes, app.config.max_body_bytes.saturating_mul(UNPACKED))?;
    let request = Request::from_bytes(&bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error))?;
    let answer = answer(&app, &body.principal, request).await?;
    let in_agreement = matches!(answer, sync_core::sync::Response::InAgreement { .. });
    let mut response = respond(&headers, SYNC, answer.to_bytes());
    if in_agreement {
        // The most frequent answer, of some ten bytes: there a media type would be most of it.
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    Ok(response)
}

/// Batches without a sign-in
///
/// Takes a page, or a carried file encrypted to the server. Each batch stands on its own signature, also when the
/// sign-in has expired or the device was revoked; nothing can be read here. The answer is a file of receipts.
#[utoipa::path(
    post,
    path = "/v1/deposits",
    tag = "sync",
    security(()),
    request_body(content = crate::openapi::Binary, content_type = "application/vnd.banlang.page"),
    responses(
        (status = 200, description = "Receipts", body = crate::openapi::Binary, content_type = "application/vnd.banlang.receipts")
    ),
)]
async fn deposits(State(app): State<AppState>, headers: HeaderMap, Body(body): Body) -> Result<Response, Problem> {
    let limit = app.config.max_body_bytes.saturating_mul(UNPACKED);
    let came = match media(&headers) {
        PAGE => Deposit::of_page(&unpack(&headers, body, limit)?)?,
        CARRIED => {
            let known = app.auth.known(&app.db, app.now()).await?;
            Deposit::of_file(&unpack(&headers, body, limit)?, &known.ring, limit)?
        }
        _ => {
            let accepted = "application/vnd.banlang.page or application/vnd.banlang.carried";
            return Err(MEDIA.problem().field("content-type").accepted(accepted));
        }
    };
    let receipts = deposit(&app, came).await?;
    Ok(respond(&headers, RECEIPTS, receipts.to_bytes()))
}
