//! Site visits to panels.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, DeviceId, RecordId};
use utoipa::{IntoParams, ToSchema};

use super::condition::{Bound, Conditions, bind};
use super::cursor::Cursor;
use super::filter::{area, days, limit};
use super::place::parts_belong_to;
use crate::auth::Scope;
use crate::coverage::calendar::day_text;
use crate::coverage::query::refuse;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::problem::Problem;
use crate::project::stored_area;
use crate::reference::{Catalogue, Resolution};

/// The number that stands for this list in a cursor.
const LIST: u8 = 16;

/// Parameters of the list of panel checks.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PanelCheckParams {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became; of a unit
    /// that was split, by the village of the site.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    pub area: Option<String>,
    /// The site in the register of panels.
    pub site: Option<String>,
    /// First day of the visit.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub from: Option<String>,
    /// Last day of the visit, included.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub to: Option<String>,
    /// Rows in a page: 1 to 500; 50 unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500)]
    pub limit: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-fA-F]{50}$")]
    pub cursor: Option<String>,
}

/// A site visit to a panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PanelCheck {
    /// The record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// The unit as recorded.
    #[schema(value_type = String, example = "2025-06841")]
    pub area: AreaId,
    /// The site in the register of panels.
    pub site: Option<String>,
    /// The day of the visit.
    pub date: Option<String>,
    /// Whether it shows a wrong hotline number.
    pub hotline_wrong: Option<bool>,
    /// What was found.
    pub conditions: Vec<String>,
    /// The note.
    pub note: String,
    /// Open conflicts.
    pub conflicts: i64,
    /// The account that recorded it.
    pub recorder: i64,
    /// The device that made it.
    #[schema(value_type = String)]
    pub device: DeviceId,
    /// When that device's clock said it was made.
    pub claimed_at_ms: i64,
    /// When the server received it.
    pub received_at_ms: i64,
}

/// A page of panel checks, newest first, without voided ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PanelCheckPage {
    /// The checks.
    pub panel_checks: Vec<PanelCheck>,
    /// Give it as `cursor` for the next page; none at the end.
    pub next: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    record_id: Blob<RecordId>,
    generation: i64,
    code: i64,
    site: Option<String>,
    checked_day: Option<i64>,
    hotline_wrong: Option<bool>,
    conditions: String,
    notes: String,
    conflict_count: i64,
    recorder: i64,
    device_id: Blob<DeviceId>,
    claimed_at_ms: i64,
    received_at_ms: i64,
}

/// A page of the panel checks that the caller may see.
///
/// # Errors
/// A problem that names the parameter, or the database's.
pub async fn panel_checks(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    params: &PanelCheckParams,
) -> Result<PanelCheckPage, Problem> {
    let mut conditions = Conditions::default();
    conditions.add("not voided");
    if let Some(areas) = scope.areas() {
        conditions.within(areas);
    }
    if let Some(text) = &params.area {
        conditions.by_area(checked_in(catalogue, area(catalogue, text)?));
    }
    if let Some(site) = &params.site {
        conditions.with("site = {}", Bound::Text(site.clone()));
    }
    days(&mut conditions, "coalesce(checked_day, -1)", params.from.as_deref(), params.to.as_deref())?;
    let limit = limit(params.limit.as_deref())?;
    if let Some(text) = &params.cursor {
        let cursor = Cursor::parse(text, LIST);
        let cursor = cursor.ok_or_else(|| refuse("cursor", text, "next of the page before, unchanged"))?;
        let record = Bound::Bytes(cursor.record.0.to_vec());
        let after = "coalesce(checked_day, -1) <= {0} and (coalesce(checked_day, -1), record_id) < ({0}, {1})";
        conditions.with_two(after, Bound::Int(cursor.value), record);
    }
    let text = format!(
        "select record_id, generation, code, site, checked_day, hotline_wrong, conditions, notes, conflict_count, \
         recorder, device_id, claimed_at_ms, received_at_ms from panel_check {} \
         order by {} desc, record_id desc limit {}",
        conditions.text(),
        conditions.order("coalesce(checked_day, -1)"),
        limit + 1
    );
    let mut rows: Vec<Row> =
        on_db!(tx, |c| bind!(sqlx::query_as(AssertSqlSafe(text)), &conditions.bound).fetch_all(c).await)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| Cursor { list: LIST, value: row.checked_day.unwrap_or(-1), record: row.record_id.0 }.text());
    let panel_checks = rows.into_iter().map(check).collect::<Result<_, DbError>>()?;
    Ok(PanelCheckPage { panel_checks, next })
}

/// The condition that a check belongs to `unit`: made in an area that lies in it whole, or, in a split area, at a site
/// whose village does. Where nobody has said in which half the village lies, it is in neither.
fn checked_in(catalogue: &Catalogue, unit: AreaId) -> String {
    parts_belong_to(catalogue, unit, "site", |area| {
        let of_site = |village: Option<&str>| catalogue.resolve(area, village, unit.generation);
        let panels = catalogue.items().panels.iter();
        let here = panels.filter(|site| of_site(site.body.village_id.as_deref()) == Resolution::Unit(unit.code));
        here.map(|site| site.id.as_str()).collect()
    })
}

fn check(row: Row) -> Result<PanelCheck, DbError> {
    let damaged =
        |error: serde_json::Error| DbError::Damaged { column: "panel_check.conditions", why: error.to_string() };
    Ok(PanelCheck {
        id: row.record_id.0,
        area: stored_area(row.generation, row.code)?,
        site: row.site,
        date: row.checked_day.map(day_text),
        hotline_wrong: row.hotline_wrong,
        conditions: serde_json::from_str(&row.conditions).map_err(damaged)?,
        note: row.notes,
        conflicts: row.conflict_count,
        recorder: row.recorder,
        device: row.device_id.0,
        claimed_at_ms: row.claimed_at_ms,
        received_at_ms: row.received_at_ms,
    })
}
