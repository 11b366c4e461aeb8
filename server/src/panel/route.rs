//! `/v1/panels`.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::register::{PanelParams, Panels, panels};
use crate::app::AppState;
use crate::auth::Principal;
use crate::coverage::calendar::local_day;
use crate::problem::{Json, Problem, Query};
use crate::setting;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The register of panels in the caller's areas: the newest check of each, what is damaged, what is overdue.
#[utoipa::path(get, path = "/v1/panels", tag = "panels", params(PanelParams),
    responses((status = 200, description = "The register", body = Panels)))]
async fn list(
    State(app): State<AppState>,
    Query(params): Query<PanelParams>,
    principal: Principal,
) -> Result<Json<Panels>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let usual = setting::read(&mut tx).await?.panel_check_days;
    let asked = params.read(&catalogue, i64::from(usual))?;
    Ok(Json(panels(&mut tx, &catalogue, &principal.areas, &asked, local_day(app.now().0)).await?))
}
