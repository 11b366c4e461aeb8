//! `/v1/duplicates`.

use axum::extract::State;
use sync_core::id::UnixMs;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Decision, DuplicateParams, Pair, Pairs, decide, pairs};
use crate::app::AppState;
use crate::auth::{Principal, SignedJson, check_again};
use crate::db::Tx;
use crate::problem::{Json, Problem, Query};
use crate::reference::Catalogue;
use crate::write_tx;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, settle))
}

/// Pairs of sessions that may be one event, with what speaks for it, or of which a person said what they are
///
/// For officers, coordinators and administrators; both sessions lie in the caller's areas.
#[utoipa::path(get, path = "/v1/duplicates", tag = "sessions", params(DuplicateParams),
    responses((status = 200, description = "A page of pairs", body = Pairs)))]
async fn list(
    State(app): State<AppState>,
    Query(params): Query<DuplicateParams>,
    principal: Principal,
) -> Result<Json<Pairs>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(pairs(&mut tx, &catalogue, &principal.areas, &params).await?))
}

/// Links two sessions that tell of one event, declares them distinct, or takes either back
///
/// For officers of both areas and coordinators. A link decides which of the two counts; when that one is voided, the other
/// counts again. Nothing is deleted.
#[utoipa::path(post, path = "/v1/duplicates", tag = "sessions", request_body = Decision,
    responses((status = 200, description = "The pair as it stands now", body = Pair)))]
async fn settle(State(app): State<AppState>, signed: SignedJson<Decision>) -> Result<Json<Pair>, Problem> {
    let SignedJson { principal, value } = signed;
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let now = app.now();
    Ok(Json(write_tx!(app.db, |tx| settle_in(tx, &catalogue, &principal, &value, now))?))
}

async fn settle_in(
    tx: &mut Tx,
    catalogue: &Catalogue,
    principal: &Principal,
    decision: &Decision,
    now: UnixMs,
) -> Result<Pair, Problem> {
    check_again(tx, principal, now).await?;
    decide(tx, catalogue, principal, decision, now).await
}
