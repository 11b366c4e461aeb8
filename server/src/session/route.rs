//! `/v1/sessions`, `/v1/conflicts`, `/v1/panel-checks`.

use axum::extract::State;
use sync_core::id::{RecordId, Role};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conflict::ConflictParams;
use super::{
    Conflicts, PanelCheckPage, PanelCheckParams, SessionDetail, SessionPage, SessionParams, conflicts, detail, list,
    panel_checks,
};
use crate::app::AppState;
use crate::audit::seen;
use crate::auth::Principal;
use crate::problem::{Json, PATH, Path, Problem, ProblemKind, Query};

/// No session of this id that the caller may see.
pub const SESSION_UNKNOWN: ProblemKind =
    ProblemKind::new(404, "session.unknown", "No such session", "Không có buổi tuyên truyền này");

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_sessions))
        .routes(routes!(show_session))
        .routes(routes!(list_conflicts))
        .routes(routes!(list_panel_checks))
}

/// Outreach sessions in the caller's areas, a page at a time. Rows that arrive between two pages neither repeat nor
/// hide another.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(SessionParams),
    responses((status = 200, description = "A page of sessions", body = SessionPage)))]
async fn list_sessions(
    State(app): State<AppState>,
    Query(params): Query<SessionParams>,
    principal: Principal,
) -> Result<Json<SessionPage>, Problem> {
    let catalogue = app.reference.current().await?;
    let filter = params.read(&catalogue, &principal.areas)?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(list(&mut tx, &catalogue, &filter).await?))
}

/// One session: as it stands, its open conflicts, its reviews, and who changed what, when, on which device. That an
/// officer, coordinator or administrator opened it is left in the audit, once a day.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = inline(crate::openapi::Hex32), Path, description = "32 hexadecimal digits")),
    responses((status = 200, description = "The session", body = SessionDetail)))]
async fn show_session(
    State(app): State<AppState>,
    Path(id): Path<String>,
    principal: Principal,
) -> Result<Json<SessionDetail>, Problem> {
    let id: RecordId = id.parse().map_err(|_| PATH.problem().field("id").accepted("32 hexadecimal digits"))?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let found = detail(&mut tx, &catalogue, &principal.areas, id).await?;
    drop(tx);
    let found = found.ok_or_else(|| SESSION_UNKNOWN.problem().field("id"))?;
    if principal.role != Role::Guard {
        seen::session(&app, &principal, id).await?;
    }
    Ok(Json(found))
}

/// Open conflicts in the caller's areas: fields on which people disagree, with every value and its author.
#[utoipa::path(get, path = "/v1/conflicts", tag = "sessions", params(ConflictParams),
    responses((status = 200, description = "A page of open conflicts", body = Conflicts)))]
async fn list_conflicts(
    State(app): State<AppState>,
    Query(params): Query<ConflictParams>,
    principal: Principal,
) -> Result<Json<Conflicts>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(conflicts(&mut tx, &catalogue, &principal.areas, &params).await?))
}

/// Site visits to panels in the caller's areas, newest first.
#[utoipa::path(get, path = "/v1/panel-checks", tag = "sessions", params(PanelCheckParams),
    responses((status = 200, description = "A page of panel checks", body = PanelCheckPage)))]
async fn list_panel_checks(
    State(app): State<AppState>,
    Query(params): Query<PanelCheckParams>,
    principal: Principal,
) -> Result<Json<PanelCheckPage>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(panel_checks(&mut tx, &catalogue, &principal.areas, &params).await?))
}
