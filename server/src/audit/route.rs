//! `/v1/audit`.

use axum::extract::State;
use sync_core::fold::fold;
use sync_core::id::{DeviceId, RecorderId, Role, UnixMs};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Filter, Row};
use crate::app::AppState;
use crate::auth::Principal;
use crate::coverage::calendar::end_of_day_ms;
use crate::coverage::query::refuse;
use crate::problem::{FORBIDDEN, Json, Problem, QUERY, Query};
use crate::register::entry::DayParams;

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
    /// Only what people of this role did, as it is now: `guard`, `officer`, `coordinator` or `administrator`.
    #[param(inline, value_type = Option<crate::openapi::RoleName>)]
    role: Option<Role>,
    /// Words in the action, the subject, the detail, the person's name or the device's label; tone marks do not matter.
    /// A search looks through 20,000 rows at a time: a page may hold few rows, or none, and still have a next one.
    #[param(max_length = 200, pattern = r"^[^\x00]*$")]
    q: Option<String>,
    /// First day.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    from: Option<String>,
    /// Last day, included.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    to: Option<String>,
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
    /// That person's name now.
    pub account_name: Option<String>,
    /// Through which device.
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// What its owner calls it.
    pub device_label: Option<String>,
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
        let Row { id, at, account, account_name, device, device_label, action, subject, detail } = row;
        Self { id, at_ms: at, account, account_name, device, device_label, action, subject, detail }
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
    let days = DayParams { from: query.from, to: query.to };
    let (from, to) = days.read()?;
    let words = query.q.as_deref().map(|text| {
        let words = fold(text);
        let fits = !words.is_empty() && text.chars().count() <= 200;
        fits.then_some(words).ok_or_else(|| refuse("q", text, "1 to 200 characters with at least one letter or digit"))
    });
    let filter = Filter {
        account: query.account.map(RecorderId),
        role: query.role,
        action: query.action,
        subject: query.subject,
        from_ms: days.from.is_some().then(|| end_of_day_ms(from - 1)),
        until_ms: days.to.is_some().then(|| end_of_day_ms(to)),
        before: query.before,
        words: words.transpose()?,
    };
    let page = store::list(&app.db, &filter, limit).await?;
    Ok(Json(AuditPage { rows: page.rows.into_iter().map(AuditRow::from).collect(), next_before: page.next }))
}
