//! `/v1/coverage`, `/v1/coverage/totals`, `/v1/coverage/trend`, `/v1/coverage/map`, `/v1/coverage/unreached`, `/v1/totals`.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::map::{CoverageMap, map};
use super::query::{RangeParams, SpanParams, UnreachedParams};
use super::totals::totals_of;
use super::trend::{Trend, trend};
use super::villages::coverage_of;
use super::{Coverage, TotalsReport, Unreached, unreached};
use crate::app::AppState;
use crate::auth::Principal;
use crate::problem::{Json, Problem, Query};
use crate::project;
use crate::setting;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_coverage))
        .routes(routes!(show_totals))
        .routes(routes!(show_report))
        .routes(routes!(show_trend))
        .routes(routes!(show_map))
        .routes(routes!(list_unreached))
}

/// Villages by period: planned, done, confirmed, zero, unheard or unassigned. Silence of a device is not zero.
#[utoipa::path(get, path = "/v1/coverage", tag = "coverage", params(RangeParams),
    responses((status = 200, description = "Coverage of villages", body = Coverage)))]
async fn show_coverage(
    State(app): State<AppState>,
    Query(params): Query<RangeParams>,
    principal: Principal,
) -> Result<Json<Coverage>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let filter = params.filter(&catalogue)?;
    let range = params.read(&catalogue, calendar, app.now())?;
    Ok(Json(coverage_of(&mut tx, &catalogue, calendar, &principal.areas, &range, filter.as_ref()).await?))
}

/// Sessions, attendances and material by unit of any generation; they add up to the same total in each.
#[utoipa::path(get, path = "/v1/coverage/totals", tag = "coverage", params(RangeParams),
    responses((status = 200, description = "Totals by unit", body = TotalsReport)))]
async fn show_totals(
    State(app): State<AppState>,
    Query(params): Query<RangeParams>,
    principal: Principal,
) -> Result<Json<TotalsReport>, Problem> {
    report(&app, &params, &principal).await
}

/// The numbers of the period report: the same as `/v1/coverage/totals`.
#[utoipa::path(get, path = "/v1/totals", tag = "coverage", params(RangeParams),
    responses((status = 200, description = "Totals by unit", body = TotalsReport)))]
async fn show_report(
    State(app): State<AppState>,
    Query(params): Query<RangeParams>,
    principal: Principal,
) -> Result<Json<TotalsReport>, Problem> {
    report(&app, &params, &principal).await
}

async fn report(app: &AppState, params: &RangeParams, principal: &Principal) -> Result<Json<TotalsReport>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let filter = params.filter(&catalogue)?;
    let range = params.read(&catalogue, calendar, app.now())?;
    Ok(Json(totals_of(&mut tx, &catalogue, &principal.areas, &range, filter.as_ref()).await?))
}

/// Coverage by reporting month, beside the same months of the year before.
#[utoipa::path(get, path = "/v1/coverage/trend", tag = "coverage", params(SpanParams),
    responses((status = 200, description = "Coverage by month", body = Trend)))]
async fn show_trend(
    State(app): State<AppState>,
    Query(params): Query<SpanParams>,
    principal: Principal,
) -> Result<Json<Trend>, Problem> {
    principal.expect_headquarters()?;
    let params = RangeParams::from(params);
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let filter = params.filter(&catalogue)?;
    let range = params.read(&catalogue, calendar, app.now())?;
    Ok(Json(trend(&mut tx, &catalogue, calendar, &principal.areas, &range, filter.as_ref()).await?))
}

/// Coverage as GeoJSON: units at the points of their labels, villages where a position is known.
#[utoipa::path(get, path = "/v1/coverage/map", tag = "coverage", params(SpanParams),
    responses((status = 200, description = "A FeatureCollection", body = CoverageMap)))]
async fn show_map(
    State(app): State<AppState>,
    Query(params): Query<SpanParams>,
    principal: Principal,
) -> Result<Json<CoverageMap>, Problem> {
    principal.expect_headquarters()?;
    let params = RangeParams::from(params);
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let filter = params.filter(&catalogue)?;
    let range = params.read(&catalogue, calendar, app.now())?;
    Ok(Json(map(&mut tx, &catalogue, calendar, &principal.areas, &range, filter.as_ref()).await?))
}

/// Villages in which no session was held for some days: never reached first, then the longest.
#[utoipa::path(get, path = "/v1/coverage/unreached", tag = "coverage", params(UnreachedParams),
    responses((status = 200, description = "Villages not reached", body = Unreached)))]
async fn list_unreached(
    State(app): State<AppState>,
    Query(params): Query<UnreachedParams>,
    principal: Principal,
) -> Result<Json<Unreached>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let (days, range) = params.read(&catalogue, setting::read(&mut tx).await?.unreached_days, app.now())?;
    Ok(Json(unreached(&mut tx, &catalogue, &principal.areas, &range, days).await?))
}
