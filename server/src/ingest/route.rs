//! The routes of the exchange: `POST /v1/sync` and `POST /v1/deposits`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use sync_core::sync::Request;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::answer;
use super::deposit::{Deposit, decrypt, deposit, unreadable};
use super::encoding::{expect_media, media, respond};
use super::unpack::{Layout, unpack};
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
const REQUEST: Layout<Request> = Layout {
    weigh: |bytes| Request::weigh(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error)),
    read: |bytes| Request::from_bytes(bytes).map_err(|error| unreadable(error.is_unknown_layout(), &error)),
};

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
    let SignedBody { principal, bytes } = body;
    let (request, held) = unpack(&app, &headers, bytes, None, REQUEST).await?;
    let answer = answer(&app, &principal, request, held).await?;
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
    let (came, held) = match media(&headers) {
        PAGE => unpack(&app, &headers, body, None, Deposit::OF_PAGE).await?,
        CARRIED => {
            let known = app.auth.known(&app.db, app.now()).await?;
            let envelope = Box::new(move |bytes: &[u8]| decrypt(bytes, &known.ring));
            unpack(&app, &headers, body, Some(envelope), Deposit::OF_FILE).await?
        }
        _ => {
            let accepted = "application/vnd.banlang.page or application/vnd.banlang.carried";
            return Err(MEDIA.problem().field("content-type").accepted(accepted));
        }
    };
    let receipts = deposit(&app, came, held).await?;
    Ok(respond(&headers, RECEIPTS, receipts.to_bytes()))
}
