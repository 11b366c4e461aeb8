//! News items, articles and loudspeaker broadcasts. They reach nobody who can be counted: never added to attendances.

use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, Role};
use utoipa::ToSchema;

use super::entry::{self, Book, ENTERED, ENTRY_UNKNOWN, Entered};
use crate::app::AppState;
use crate::auth::{Principal, Scope, check_again};
use crate::coverage::area_condition;
use crate::coverage::calendar::day_text;
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::problem::{FIELD, Problem};
use crate::project::stored_area;
use crate::reference::Catalogue;

/// The kinds of media.
const KINDS: [&str; 3] = ["news_item", "article", "broadcast"];

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MediaItem {
    /// The row.
    pub id: i64,
    /// `news_item` (tin), `article` (bài) or `broadcast` (lần phát thanh).
    pub kind: String,
    /// The day, or the last of several.
    pub published_on: String,
    /// How many.
    pub quantity: i64,
    /// Minutes in all, of broadcasts.
    pub minutes: Option<i64>,
    /// The unit whose own it was; none: the province's.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// That unit's name.
    pub unit_name: Option<String>,
    /// A remark.
    pub note: String,
    /// Who entered it.
    #[serde(flatten)]
    pub entered: Entered,
}

/// Sums of the rows that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MediaTotals {
    /// News items.
    pub news_item: i64,
    /// Articles.
    pub article: i64,
    /// Broadcasts.
    pub broadcast: i64,
    /// Minutes of broadcasts.
    pub minutes: i64,
}

/// The rows of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Media {
    /// The latest day first, at most 1,000 rows.
    pub media: Vec<MediaItem>,
    /// Of every row that counts, listed or not.
    pub totals: MediaTotals,
}

/// A row to be entered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMedia {
    /// `news_item`, `article` or `broadcast`.
    #[schema(pattern = "^(news_item|article|broadcast)$")]
    kind: String,
    /// The day, or the last of several; not after today.
    #[schema(value_type = crate::openapi::Day)]
    published_on: String,
    /// How many: 1 to 10000.
    #[schema(minimum = 1, maximum = 10000)]
    quantity: i64,
    /// Minutes in all, 1 to 100000; of broadcasts only.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100000)]
    minutes: Option<i64>,
    /// The unit whose own it was, `2025-06841`; an officer gives one of the officer's areas.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::Area>)]
    unit: Option<AreaId>,
    /// A remark, at most 300 characters; no names.
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    published_day: i64,
    quantity: i64,
    minutes: Option<i64>,
    generation: Option<i64>,
    code: Option<i64>,
    note: String,
    #[sqlx(flatten)]
    entered: Entered,
}

const COLUMNS: &str = "e.id, e.kind, e.published_day, e.quantity, e.minutes, e.generation, e.code, e.note";

/// The condition that a row is in scope: the province's own rows are for those who have every area.
fn within(scope: &Scope) -> String {
    match scope.areas() {
        None => String::new(),
        Some(areas) => format!("and {}", area_condition(areas).unwrap_or_else(|| "1 = 0".to_owned())),
    }
}

/// The rows in scope of the days from `from` to `to`.
pub(super) async fn list(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    (from, to): (i64, i64),
) -> Result<Media, DbError> {
    let within = within(scope);
    let text = format!(
        "select {COLUMNS}, {ENTERED} from media_item e left join account a on a.id = e.entered_by \
         where e.published_day between $1 and $2 {within} order by e.published_day desc, e.id desc limit 1000"
    );
    let rows: Vec<Row> =
        on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?;
    let sums = format!(
        "select kind, cast(sum(quantity) as bigint), cast(coalesce(sum(minutes), 0) as bigint) from media_item \
         where void_reason is null and published_day between $1 and $2 {within} group by kind"
    );
    let sums: Vec<(String, i64, i64)> =
        on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(sums)).bind(from).bind(to).fetch_all(c).await)?;
    let mut totals = MediaTotals::default();
    for (kind, quantity, minutes) in sums {
        match kind.as_str() {
            "news_item" => totals.news_item += quantity,
            "article" => totals.article += quantity,
            _ => totals.broadcast += quantity,
        }
        totals.minutes += minutes;
    }
    let media = rows.into_iter().map(|row| item(catalogue, row)).collect::<Result<_, _>>()?;
    Ok(Media { media, totals })
}

fn item(catalogue: &Catalogue, row: Row) -> Result<MediaItem, DbError> {
    let unit = row.generation.zip(row.code).map(|(generation, code)| stored_area(generation, code)).transpose()?;
    Ok(MediaItem {
        id: row.id,
        kind: row.kind,
        published_on: day_text(row.published_day),
        quantity: row.quantity,
        minutes: row.minutes,
        unit,
        unit_name: unit.map(|unit| catalogue.area_name(unit)),
        note: row.note,
        entered: row.entered,
    })
}

/// The row, when the caller may see it.
async fn visible(tx: &mut Tx, catalogue: &Catalogue, scope: &Scope, id: i64) -> Result<MediaItem, Problem> {
    let text = format!(
        "select {COLUMNS}, {ENTERED} from media_item e left join account a on a.id = e.entered_by where e.id = $1 {}",
        within(scope)
    );
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).fetch_optional(c).await)?;
    Ok(item(catalogue, row.ok_or_else(|| ENTRY_UNKNOWN.problem().field("id"))?)?)
}

/// Enters a row. An officer's is of a unit of the officer's own.
pub(super) async fn enter(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    new: &NewMedia,
) -> Result<MediaItem, Problem> {
    const INSERT: &str = "insert into media_item (kind, published_day, quantity, minutes, generation, code, note, \
        entered_by, entered_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id";
    let now = app.now();
    check_again(tx, principal, now).await?;
    if !KINDS.contains(&new.kind.as_str()) {
        return Err(FIELD.problem().field("kind").accepted("news_item, article or broadcast"));
    }
    let day = entry::past_day("published_on", &new.published_on, now)?;
    let quantity = entry::number("quantity", new.quantity, 1, 10_000)?;
    let minutes = new.minutes.map(|minutes| entry::number("minutes", minutes, 1, 100_000)).transpose()?;
    if minutes.is_some() && new.kind != "broadcast" {
        return Err(FIELD.problem().field("minutes").accepted("nothing, unless the kind is broadcast"));
    }
    let known = |unit: &AreaId| catalogue.unit(*unit).is_some() && principal.areas.contains(*unit);
    if !new.unit.as_ref().map_or(principal.role != Role::Officer, known) {
        return Err(FIELD.problem().field("unit").accepted("a unit of your areas, for instance 2025-06841"));
    }
    let note = entry::line("note", &new.note, 0, 300)?;
    let id: i64 = on_db!(tx, |c| {
        sqlx::query_scalar(INSERT)
            .bind(&new.kind)
            .bind(day)
            .bind(quantity)
            .bind(minutes)
            .bind(new.unit.map(|unit| i64::from(unit.generation)))
            .bind(new.unit.map(|unit| i64::from(unit.code)))
            .bind(&note)
            .bind(principal.account)
            .bind(now.0)
            .fetch_one(c)
            .await
    })?;
    let detail = serde_json::json!({ "kind": new.kind, "published_on": day_text(day), "quantity": quantity,
        "minutes": minutes, "unit": new.unit });
    entry::entered(tx, Book::Media, principal, now, id, &detail).await?;
    visible(tx, catalogue, &principal.areas, id).await
}

/// Voids a row of the caller's areas.
pub(super) async fn void(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    id: i64,
    reason: &str,
) -> Result<MediaItem, Problem> {
    visible(tx, catalogue, &principal.areas, id).await?;
    entry::void(tx, Book::Media, principal, app.now(), id, reason).await?;
    visible(tx, catalogue, &principal.areas, id).await
}
