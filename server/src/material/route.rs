//! `/v1/material/stock`, `/v1/material/issues`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::id::Role;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::issue::{self, Issue, IssuePage, IssueParams, NewIssue};
use super::stock::{Stock, stock};
use crate::app::AppState;
use crate::auth::{Principal, SignedJson};
use crate::coverage::calendar::{local_day, parse_day};
use crate::coverage::query::refuse;
use crate::problem::{Json, Path, Problem, Query};
use crate::register::entry::{VoidEntry, reason};
use crate::write_tx;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show_stock)).routes(routes!(list, enter)).routes(routes!(void))
}

/// Up to when.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StockParams {
    /// The last day, included; today unless given.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub(crate) to: Option<String>,
}

impl StockParams {
    /// The day asked for.
    pub(crate) fn read(&self, today: i64) -> Result<i64, Problem> {
        let Some(text) = self.to.as_deref() else { return Ok(today) };
        parse_day(text).ok_or_else(|| refuse("to", text, "a day yyyy-mm-dd from 2000 to 2099"))
    }
}

/// What was issued to each post that works in the caller's areas, what its people handed out, and what should be left.
#[utoipa::path(get, path = "/v1/material/stock", tag = "material", params(StockParams),
    responses((status = 200, description = "Stock by post", body = Stock)))]
async fn show_stock(
    State(app): State<AppState>,
    Query(params): Query<StockParams>,
    principal: Principal,
) -> Result<Json<Stock>, Problem> {
    principal.expect_headquarters()?;
    let day = params.read(local_day(app.now().0))?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(stock(&mut tx, &catalogue, &principal.areas, day).await?))
}

/// Material issued to posts that work in the caller's areas, the latest first.
#[utoipa::path(get, path = "/v1/material/issues", tag = "material", params(IssueParams),
    responses((status = 200, description = "A page of issues", body = IssuePage)))]
async fn list(
    State(app): State<AppState>,
    Query(params): Query<IssueParams>,
    principal: Principal,
) -> Result<Json<IssuePage>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(issue::list(&mut tx, &catalogue, &principal.areas, &params).await?))
}

/// Enters material issued to a post.
#[utoipa::path(post, path = "/v1/material/issues", tag = "material", request_body = NewIssue,
    responses((status = 201, description = "The row", body = Issue)))]
async fn enter(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<NewIssue>,
) -> Result<(StatusCode, Json<Issue>), Problem> {
    principal.expect_role(&[Role::Coordinator], "coordinator")?;
    let catalogue = app.reference.current().await?;
    let made = write_tx!(app.db, |tx| issue::enter(tx, &app, &catalogue, &principal, &value))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Voids an issue: it stays listed and counts no more.
#[utoipa::path(post, path = "/v1/material/issues/{id}/void", tag = "material", request_body = VoidEntry,
    params(("id" = i64, Path, description = "The row", minimum = 1)),
    responses((status = 200, description = "The row", body = Issue)))]
async fn void(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    SignedJson { principal, value }: SignedJson<VoidEntry>,
) -> Result<Json<Issue>, Problem> {
    principal.expect_role(&[Role::Coordinator], "coordinator")?;
    let reason = reason(&value.reason)?;
    let catalogue = app.reference.current().await?;
    Ok(Json(write_tx!(app.db, |tx| issue::void(tx, &app, &catalogue, &principal, id, &reason))?))
}
