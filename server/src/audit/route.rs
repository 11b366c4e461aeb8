//! `/v1/audit`.

use axum::extract::State;
use sync_core::id::{DeviceId, RecorderId, Role, UnixMs};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Filter, Row};
use crate::app::AppState;
use crate::auth::Principal;
use crate::problem::{FORBIDDEN, Json, Problem, QUERY, Query};

/// Rows of a page unless the caller asks for fewer or more.
const PAGE: u16 = 100;
/// Most rows of a page.
const LONGEST_PAGE: u16 = 1000;

/// `/v1/audit`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which rows are asked for.
#[derive(Debug, serde::Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only what this account did.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4294967295_u64)]
    account: Option<u32>,
    /// Only this action, for instance `account.created`.
    #[param(pattern = r"^[^\x00]*$")]
    action: Option<String>,
    /// Only what was done to this subject.
    #[param(pattern = r"^[^\x00]*$")]
    subject: Option<String>,
    /// Only rows older than this one: `next_before` of the page before.
    before: Option<i64>,
    /// Rows of a page, 1 to 1000; 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// What was done, newest first.
#[derive(Debug, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before: Option<i64>,
}

/// One administrative write.
#[derive(Debug, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct AuditRow {
    /// Ascends with time.
    pub id: i64,
    /// When.
    #[schema(value_type = i64)]
    pub at_ms: UnixMs,
    /// Who; absent: somebody with a shell on the server.
    #[schema(value_type = Option<u32>)]
    pub account: Option<RecorderId>,
    /// Through which device.
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// What, for instance `device.revoked`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What changed.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

impl From<Row> for AuditRow {
    fn from(row: Row) -> Self {
        let Row { id, at, account, device, action, subject, detail } = row;
        Self { id, at_ms: at, account, device, action, subject, detail }
    }
}

/// What was done, newest first: for coordinators and administrators.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of rows", body = AuditPage)))]
async fn list(
    State(app): State<AppState>,
    Query(query): Query<AuditQuery>,
    principal: Principal,
) -> Result<Json<AuditPage>, Problem> {
    if !principal.has_role(&[Role::Coordinator, Role::Administrator]) {
        return Err(FORBIDDEN.problem().accepted("coordinator or administrator").detail("your role may not read this"));
    }
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return Err(QUERY.problem().field("limit").accepted("1 to 1000"));
    }
    let filter = Filter {
        account: query.account.map(RecorderId),
        action: query.action,
        subject: query.subject,
        before: query.before,
    };
    let rows = store::list(&app.db, &filter, limit).await?;
    let next_before = if rows.len() == usize::from(limit) { rows.last().map(|row| row.id) } else { None };
    Ok(Json(AuditPage { rows: rows.into_iter().map(AuditRow::from).collect(), next_before }))
}
