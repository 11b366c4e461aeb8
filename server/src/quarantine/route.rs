//! The routes of the quarantine.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, DeviceId, Role};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::device_log::{DeviceLog, device_log};
use super::list::{Item, Which, list};
use super::own::{Held, own};
use super::problems::NOT_YOURS;
use super::{decide, problems};
use crate::app::AppState;
use crate::auth::{Principal, SignedJson};
use crate::device;
use crate::device::route::DEVICE_UNKNOWN;
use crate::inbox::may_lie_in;
use crate::problem::{FIELD, Json, Path, Problem, Query};
use crate::session::known_area;

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(quarantine))
        .routes(routes!(held))
        .routes(routes!(release))
        .routes(routes!(leave))
        .routes(routes!(log))
}

/// Which part of the list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Part {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    area: Option<String>,
    /// `open` (the default: `quarantined` and `waiting`), one of these, or what was decided: `left`, `released`.
    #[param(pattern = "^(open|quarantined|waiting|left|released)$")]
    standing: Option<String>,
    /// After this batch …
    #[param(minimum = 0)]
    #[serde(default)]
    after_batch: i64,
    /// … and this ordinal in it.
    #[param(minimum = 0)]
    #[serde(default)]
    after_ordinal: i64,
    /// At most so many, 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    #[serde(default = "hundred")]
    limit: usize,
}

fn hundred() -> usize {
    100
}

/// Changes that were kept and not admitted.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Items {
    /// In the order of arrival.
    items: Vec<Item>,
}

/// Changes of the caller's device that do not count.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct OwnHeld {
    /// Oldest first, at most 500.
    held: Vec<Held>,
}

/// What a person says about a decision.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// Why, at most 500 characters; required to leave a change out.
    #[schema(max_length = 500)]
    #[serde(default)]
    reason: Option<String>,
}

impl Decision {
    fn reason(&self) -> Result<Option<&str>, Problem> {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > 500) {
            return Err(FIELD.problem().field("reason").accepted("1 to 500 characters"));
        }
        Ok(reason)
    }
}

/// How a change stands after a decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Decided {
    /// `released`, `duplicate` or `left`.
    standing: &'static str,
}

/// What lies in quarantine in the caller's areas
#[utoipa::path(get, path = "/v1/quarantine", tag = "quarantine", params(Part),
    responses((status = 200, description = "The list", body = Items)))]
async fn quarantine(
    State(app): State<AppState>,
    Query(part): Query<Part>,
    principal: Principal,
) -> Result<Json<Items>, Problem> {
    if principal.role == Role::Guard {
        return Err(NOT_YOURS.problem());
    }
    if !(1..=500).contains(&part.limit) {
        return Err(crate::problem::QUERY.problem().field("limit").accepted("1 to 500"));
    }
    for (field, after) in [("after_batch", part.after_batch), ("after_ordinal", part.after_ordinal)] {
        if after < 0 {
            return Err(crate::problem::QUERY.problem().field(field).accepted("a number from 0"));
        }
    }
    // Ordinals count from 0: nothing comes before the first batch.
    let which = match part.standing.as_deref() {
        None => Which::Open,
        Some(name) => Which::of_name(name).ok_or_else(|| {
            crate::problem::QUERY.problem().field("standing").accepted("open, quarantined, waiting, left or released")
        })?,
    };
    let after = (part.after_batch, if part.after_batch == 0 { -1 } else { part.after_ordinal });
    let catalogue = app.reference.current().await?;
    let unit = part.area.as_deref().map(|text| known_area(&catalogue, text)).transpose()?;
    // A change that was not admitted names no village that could be trusted.
    let seen = |area: &AreaId| may_lie_in(&catalogue, &principal.areas, unit, *area);
    let areas: Option<BTreeSet<AreaId>> = match (principal.areas.areas(), unit) {
        (None, None) => None,
        (None, Some(_)) => Some(catalogue.units().map(|unit| unit.area).filter(seen).collect()),
        (Some(areas), _) => Some(areas.iter().copied().filter(seen).collect()),
    };
    Ok(Json(Items { items: list(&app.db, areas.as_ref(), which, after, part.limit).await? }))
}

/// What of the caller's own device is kept and does not count, with the reasons
///
/// For every role: whoever recorded something may know what became of it.
#[utoipa::path(get, path = "/v1/quarantine/own", tag = "quarantine",
    responses((status = 200, description = "The list", body = OwnHeld)))]
async fn held(State(app): State<AppState>, principal: Principal) -> Result<Json<OwnHeld>, Problem> {
    Ok(Json(OwnHeld { held: own(&app.db, principal.device).await? }))
}

/// Makes a change part of its record, also one that was left out before
///
/// The server adopts it: a batch in the server's own log of the area carries it to every device.
#[utoipa::path(post, path = "/v1/quarantine/{batch}/{ordinal}/release", tag = "quarantine", request_body = Decision,
    params(("batch" = i64, Path, minimum = 0), ("ordinal" = i64, Path, minimum = 0)),
    responses((status = 200, description = "How it stands now", body = Decided)))]
async fn release(
    State(app): State<AppState>,
    Path(at): Path<(i64, i64)>,
    body: SignedJson<Decision>,
) -> Result<Json<Decided>, Problem> {
    let standing = decide::release(&app, &body.principal, at, body.value.reason()?).await?;
    Ok(Json(Decided { standing: standing.name() }))
}

/// Leaves a change out of its record, for a reason
///
/// It is kept, is listed with `standing=left` and can be released later; nothing recorded is dropped.
#[utoipa::path(post, path = "/v1/quarantine/{batch}/{ordinal}/leave", tag = "quarantine", request_body = Decision,
    params(("batch" = i64, Path, minimum = 0), ("ordinal" = i64, Path, minimum = 0)),
    responses((status = 200, description = "How it stands now", body = Decided)))]
async fn leave(
    State(app): State<AppState>,
    Path(at): Path<(i64, i64)>,
    body: SignedJson<Decision>,
) -> Result<Json<Decided>, Problem> {
    let why = body.value.reason()?.ok_or_else(|| FIELD.problem().field("reason").accepted("1 to 500 characters"))?;
    let standing = decide::leave(&app, &body.principal, at, why).await?;
    Ok(Json(Decided { standing: standing.name() }))
}

/// What of a device's logs.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Logs {
    /// By area.
    logs: Vec<DeviceLog>,
}

/// What of a device's logs has arrived, and what is missing
#[utoipa::path(get, path = "/v1/devices/{id}/log", tag = "devices", params(("id" = inline(crate::openapi::Hex16), Path)),
    responses((status = 200, description = "Its logs", body = Logs)))]
async fn log(
    State(app): State<AppState>,
    Path(id): Path<DeviceId>,
    principal: Principal,
) -> Result<Json<Logs>, Problem> {
    let visible = device::route::visible(&app, &principal).await?;
    let seen = id == principal.device || visible.iter().any(|(device, _)| device.id == id);
    if !seen {
        return Err(DEVICE_UNKNOWN.problem().field("id"));
    }
    let mut logs = device_log(&app.db, id).await?;
    logs.retain(|log| id == principal.device || principal.areas.contains(log.area));
    Ok(Json(Logs { logs }))
}

/// The kinds of problem of these routes, for the catalogue.
pub const PROBLEMS: [crate::problem::ProblemKind; 4] =
    [problems::UNKNOWN, problems::DECIDED, problems::STILL_REFUSED, problems::NOT_YOURS];
