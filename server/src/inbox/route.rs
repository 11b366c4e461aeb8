//! `/v1/inbox`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::id::AreaId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Inbox, count};
use crate::app::AppState;
use crate::auth::Principal;
use crate::device;
use crate::problem::{Json, Problem, Query};
use crate::recovery;
use crate::reference::Catalogue;
use crate::session::known_area;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Parameters of the inbox.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InboxParams {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    area: Option<String>,
}

/// What waits in the caller's areas, by state, and how long the oldest has waited
///
/// For officers, coordinators and administrators.
#[utoipa::path(get, path = "/v1/inbox", tag = "sessions", params(InboxParams),
    responses((status = 200, description = "Counts", body = Inbox)))]
async fn show(
    State(app): State<AppState>,
    Query(params): Query<InboxParams>,
    principal: Principal,
) -> Result<Json<Inbox>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let unit = params.area.as_deref().map(|text| known_area(&catalogue, text)).transpose()?;
    let mut tx = app.db.snapshot().await?;
    let mut inbox = count(&mut tx, &catalogue, &principal.areas, unit).await?;
    drop(tx);
    inbox.recoveries.count = recoveries(&app, &catalogue, &principal, unit).await?;
    Ok(Json(inbox))
}

/// Forgotten PINs of people the caller sees; of a unit, of those who work in any area related to it.
async fn recoveries(
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    unit: Option<AreaId>,
) -> Result<i64, Problem> {
    let open = recovery::open(&app.db, app.now()).await?;
    if open.is_empty() {
        return Ok(0);
    }
    let related = unit.map(|unit| catalogue.scope(unit));
    let works_there = |areas: &[AreaId]| {
        related.as_ref().is_none_or(|related| areas.is_empty() || areas.iter().any(|area| related.contains(area)))
    };
    let seen = device::route::visible(app, principal).await?;
    let waits = |id| open.iter().any(|recovery| recovery.device == id);
    let waiting = seen.iter().filter(|(device, account)| waits(device.id) && works_there(&account.areas));
    Ok(waiting.count() as i64)
}
