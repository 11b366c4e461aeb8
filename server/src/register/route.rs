//! `/v1/clubs`, `/v1/club-meetings`, `/v1/media`, `/v1/figures`.

use axum::extract::State;
use axum::http::StatusCode;
use sync_core::id::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::club::{self, ClubMeeting, Clubs, NewClubMeeting};
use super::entry::{DayParams, VoidEntry, reason};
use super::figure::{self, Figure, Figures, NewFigure};
use super::media::{self, Media, MediaItem, NewMedia};
use crate::app::AppState;
use crate::auth::{Principal, SignedJson};
use crate::problem::{Json, Path, Problem, Query};
use crate::write_tx;

/// Who enters what happened in an area.
const ENTER: &[Role] = &[Role::Officer, Role::Coordinator];

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_clubs))
        .routes(routes!(enter_meeting))
        .routes(routes!(void_meeting))
        .routes(routes!(list_media, enter_media))
        .routes(routes!(void_media))
        .routes(routes!(list_figures, enter_figure))
        .routes(routes!(void_figure))
}

/// Clubs of the caller's areas and their meetings.
#[utoipa::path(get, path = "/v1/clubs", tag = "registers", params(DayParams),
    responses((status = 200, description = "Clubs and meetings", body = Clubs)))]
async fn list_clubs(
    State(app): State<AppState>,
    Query(params): Query<DayParams>,
    principal: Principal,
) -> Result<Json<Clubs>, Problem> {
    principal.expect_headquarters()?;
    let days = params.read()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(club::list(&mut tx, &catalogue, &principal.areas, days).await?))
}

/// Enters meetings of a club of the caller's areas: how many, never who.
#[utoipa::path(post, path = "/v1/clubs/{id}/meetings", tag = "registers", request_body = NewClubMeeting,
    params(("id" = String, Path, description = "The club's id in the register", pattern = r"^[^\x00]*$")),
    responses((status = 201, description = "The row", body = ClubMeeting)))]
async fn enter_meeting(
    State(app): State<AppState>,
    Path(id): Path<String>,
    SignedJson { principal, value }: SignedJson<NewClubMeeting>,
) -> Result<(StatusCode, Json<ClubMeeting>), Problem> {
    principal.expect_role(ENTER, "officer or coordinator")?;
    let catalogue = app.reference.current().await?;
    let made = write_tx!(app.db, |tx| club::enter(tx, &app, &catalogue, &principal, &id, &value))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Voids a row of club meetings: it stays listed and counts no more.
#[utoipa::path(post, path = "/v1/club-meetings/{id}/void", tag = "registers", request_body = VoidEntry,
    params(("id" = i64, Path, description = "The row", minimum = 1)),
    responses((status = 200, description = "The row", body = ClubMeeting)))]
async fn void_meeting(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    SignedJson { principal, value }: SignedJson<VoidEntry>,
) -> Result<Json<ClubMeeting>, Problem> {
    principal.expect_role(ENTER, "officer or coordinator")?;
    let reason = reason(&value.reason)?;
    let catalogue = app.reference.current().await?;
    Ok(Json(write_tx!(app.db, |tx| club::void(tx, &app, &catalogue, &principal, id, &reason))?))
}

/// News items, articles and broadcasts: for an officer those of units of the officer's areas.
#[utoipa::path(get, path = "/v1/media", tag = "registers", params(DayParams),
    responses((status = 200, description = "Media rows", body = Media)))]
async fn list_media(
    State(app): State<AppState>,
    Query(params): Query<DayParams>,
    principal: Principal,
) -> Result<Json<Media>, Problem> {
    principal.expect_headquarters()?;
    let days = params.read()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(media::list(&mut tx, &catalogue, &principal.areas, days).await?))
}

/// Enters news items, articles or broadcasts. They are never added to attendances.
#[utoipa::path(post, path = "/v1/media", tag = "registers", request_body = NewMedia,
    responses((status = 201, description = "The row", body = MediaItem)))]
async fn enter_media(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<NewMedia>,
) -> Result<(StatusCode, Json<MediaItem>), Problem> {
    principal.expect_role(ENTER, "officer or coordinator")?;
    let catalogue = app.reference.current().await?;
    let made = write_tx!(app.db, |tx| media::enter(tx, &app, &catalogue, &principal, &value))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Voids a media row: it stays listed and counts no more.
#[utoipa::path(post, path = "/v1/media/{id}/void", tag = "registers", request_body = VoidEntry,
    params(("id" = i64, Path, description = "The row", minimum = 1)),
    responses((status = 200, description = "The row", body = MediaItem)))]
async fn void_media(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    SignedJson { principal, value }: SignedJson<VoidEntry>,
) -> Result<Json<MediaItem>, Problem> {
    principal.expect_role(ENTER, "officer or coordinator")?;
    let reason = reason(&value.reason)?;
    let catalogue = app.reference.current().await?;
    Ok(Json(write_tx!(app.db, |tx| media::void(tx, &app, &catalogue, &principal, id, &reason))?))
}

/// Context figures of the province that cover any of the days.
#[utoipa::path(get, path = "/v1/figures", tag = "registers", params(DayParams),
    responses((status = 200, description = "Context figures", body = Figures)))]
async fn list_figures(
    State(app): State<AppState>,
    Query(params): Query<DayParams>,
    principal: Principal,
) -> Result<Json<Figures>, Problem> {
    principal.expect_headquarters()?;
    let days = params.read()?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(figure::list(&mut tx, days).await?))
}

/// Enters a context figure of the province.
#[utoipa::path(post, path = "/v1/figures", tag = "registers", request_body = NewFigure,
    responses((status = 201, description = "The figure", body = Figure)))]
async fn enter_figure(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<NewFigure>,
) -> Result<(StatusCode, Json<Figure>), Problem> {
    principal.expect_role(&[Role::Coordinator], "coordinator")?;
    let made = write_tx!(app.db, |tx| figure::enter(tx, &app, &principal, &value))?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Voids a context figure: it stays listed and counts no more.
#[utoipa::path(post, path = "/v1/figures/{id}/void", tag = "registers", request_body = VoidEntry,
    params(("id" = i64, Path, description = "The row", minimum = 1)),
    responses((status = 200, description = "The figure", body = Figure)))]
async fn void_figure(
    State(app): State<AppState>,
    Path(id): Path<i64>,
    SignedJson { principal, value }: SignedJson<VoidEntry>,
) -> Result<Json<Figure>, Problem> {
    principal.expect_role(&[Role::Coordinator], "coordinator")?;
    let reason = reason(&value.reason)?;
    Ok(Json(write_tx!(app.db, |tx| figure::void(tx, &app, &principal, id, &reason))?))
}
