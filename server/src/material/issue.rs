//! Material issued to posts.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use utoipa::{IntoParams, ToSchema};

use super::stock::posts_of;
use crate::app::AppState;
use crate::auth::{Principal, Scope, check_again};
use crate::coverage::calendar::day_text;
use crate::coverage::query::refuse;
use crate::db::Tx;
use crate::on_db;
use crate::problem::{FIELD, Problem};
use crate::reference::{Catalogue, Kind};
use crate::register::entry::{self, Book, DayParams, ENTERED, ENTRY_UNKNOWN, Entered};

/// Material issued to a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Issue {
    /// The row.
    pub id: i64,
    /// The post.
    pub post: String,
    /// Its name.
    pub post_name: String,
    /// The kind of material.
    pub kind: String,
    /// How many.
    pub quantity: i64,
    /// The day it was issued.
    pub issued_on: String,
    /// A remark.
    pub note: String,
    /// Who entered it.
    #[serde(flatten)]
    pub entered: Entered,
}

/// A page of issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IssuePage {
    /// The latest day first.
    pub issues: Vec<Issue>,
    /// Give it as `cursor` for the next page; none at the end.
    pub next: Option<String>,
}

/// Which issues.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct IssueParams {
    /// Only those to this post.
    #[param(pattern = r"^[^\x00]*$")]
    pub(super) post: Option<String>,
    /// First day.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub(super) from: Option<String>,
    /// Last day, included.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub(super) to: Option<String>,
    /// Rows of a page: 1 to 500; 100 unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500)]
    pub(super) limit: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9]{1,9}\\.[0-9]{1,18}$")]
    pub(super) cursor: Option<String>,
}

/// Material that a post was issued.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIssue {
    /// The post's id in the reference data.
    #[schema(pattern = r"^[^\x00]*$")]
    pub(super) post: String,
    /// The kind of material, for instance `leaflet`.
    #[schema(pattern = r"^[^\x00]*$")]
    pub(super) kind: String,
    /// How many: 1 to 10000000.
    #[schema(minimum = 1, maximum = 10000000)]
    pub(super) quantity: i64,
    /// The day; not after today.
    #[schema(value_type = crate::openapi::Day)]
    pub(super) issued_on: String,
    /// A remark, at most 300 characters; no names.
    #[serde(default)]
    #[schema(max_length = 300)]
    pub(super) note: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    post_id: String,
    kind: String,
    quantity: i64,
    issued_day: i64,
    note: String,
    #[sqlx(flatten)]
    entered: Entered,
}

const COLUMNS: &str = "e.id, e.post_id, e.kind, e.quantity, e.issued_day, e.note";

fn issue(catalogue: &Catalogue, row: Row) -> Issue {
    let name = catalogue.items().posts.iter().find(|post| post.id == row.post_id).map(|post| post.body.name.clone());
    Issue {
        id: row.id,
        post_name: name.unwrap_or_else(|| row.post_id.clone()),
        post: row.post_id,
        kind: row.kind,
        quantity: row.quantity,
        issued_on: day_text(row.issued_day),
        note: row.note,
        entered: row.entered,
    }
}

/// The condition that a row's post works in the scope.
fn within(catalogue: &Catalogue, scope: &Scope) -> String {
    if scope.areas().is_none() {
        return String::new();
    }
    let posts = posts_of(catalogue, scope).into_iter().map(|post| format!("'{}'", post.id.replace('\'', "''")));
    let posts: Vec<String> = posts.collect();
    if posts.is_empty() { "and 1 = 0".to_owned() } else { format!("and e.post_id in ({})", posts.join(", ")) }
}

/// A page of the issues to posts in scope.
pub(super) async fn list(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    params: &IssueParams,
) -> Result<IssuePage, Problem> {
    let days = DayParams { from: params.from.clone(), to: params.to.clone() };
    let (from, to) = days.read()?;
    let limit: usize = match params.limit.as_deref() {
        None => 100,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=500).contains(limit))
            .ok_or_else(|| refuse("limit", text, "a whole number from 1 to 500"))?,
    };
    let (day, id): (i64, i64) = match params.cursor.as_deref() {
        None => (i64::MAX, i64::MAX),
        Some(text) => text
            .split_once('.')
            .and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)))
            .ok_or_else(|| refuse("cursor", text, "next of the page before, unchanged"))?,
    };
    let text = format!(
        "select {COLUMNS}, {ENTERED} from material_issue e left join account a on a.id = e.entered_by \
         where e.issued_day between $1 and $2 and (e.issued_day < $3 or e.issued_day = $3 and e.id < $4) \
         and ($5 is null or e.post_id = $5) {} order by e.issued_day desc, e.id desc limit {}",
        within(catalogue, scope),
        limit + 1
    );
    let mut rows: Vec<Row> = on_db!(tx, |c| {
        sqlx::query_as(AssertSqlSafe(text)).bind(from).bind(to).bind(day).bind(id).bind(&params.post).fetch_all(c).await
    })?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.issued_day, row.id));
    Ok(IssuePage { issues: rows.into_iter().map(|row| issue(catalogue, row)).collect(), next })
}

async fn one(tx: &mut Tx, catalogue: &Catalogue, id: i64) -> Result<Issue, Problem> {
    let text = format!(
        "select {COLUMNS}, {ENTERED} from material_issue e left join account a on a.id = e.entered_by where e.id = $1"
    );
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(id).fetch_optional(c).await)?;
    Ok(issue(catalogue, row.ok_or_else(|| ENTRY_UNKNOWN.problem().field("id"))?))
}

/// Enters what a post was issued.
pub(super) async fn enter(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    new: &NewIssue,
) -> Result<Issue, Problem> {
    const INSERT: &str = "insert into material_issue (post_id, kind, quantity, issued_day, note, entered_by, \
        entered_at_ms) values ($1, $2, $3, $4, $5, $6, $7) returning id";
    let now = app.now();
    check_again(tx, principal, now).await?;
    if !catalogue.items().posts.iter().any(|post| post.id == new.post) {
        return Err(FIELD.problem().field("post").accepted("the id of a post, see /v1/reference/posts"));
    }
    if !catalogue.items().has_term(Kind::Materials, &new.kind) {
        return Err(FIELD.problem().field("kind").accepted("a code, see /v1/reference/materials"));
    }
    let quantity = entry::number("quantity", new.quantity, 1, 10_000_000)?;
    let day = entry::past_day("issued_on", &new.issued_on, now)?;
    let note = entry::line("note", &new.note, 0, 300)?;
    let id: i64 = on_db!(tx, |c| {
        sqlx::query_scalar(INSERT)
            .bind(&new.post)
            .bind(&new.kind)
            .bind(quantity)
            .bind(day)
            .bind(&note)
            .bind(principal.account)
            .bind(now.0)
            .fetch_one(c)
            .await
    })?;
    let detail = serde_json::json!({ "post": new.post, "kind": new.kind, "quantity": quantity,
        "issued_on": day_text(day) });
    entry::entered(tx, Book::MaterialIssue, principal, now, id, &detail).await?;
    one(tx, catalogue, id).await
}

/// Voids a row.
pub(super) async fn void(
    tx: &mut Tx,
    app: &AppState,
    catalogue: &Catalogue,
    principal: &Principal,
    id: i64,
    reason: &str,
) -> Result<Issue, Problem> {
    one(tx, catalogue, id).await?;
    entry::void(tx, Book::MaterialIssue, principal, app.now(), id, reason).await?;
    one(tx, catalogue, id).await
}
