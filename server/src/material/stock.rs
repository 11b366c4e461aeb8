//! What should be left at each post: what was issued to it, less what its people handed out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::AssertSqlSafe;
use utoipa::ToSchema;

use super::people::stays;
use crate::auth::Scope;
use crate::coverage::area_condition;
use crate::coverage::calendar::{Calendar, day_text};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::reference::{Catalogue, Item, Post};

/// One kind of material at one post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindStock {
    /// The kind, for instance `leaflet`.
    pub kind: String,
    /// Issued to the post.
    pub issued: i64,
    /// Handed out by its people.
    pub handed_out: i64,
    /// What should be left; below zero when more was handed out than was entered as issued.
    pub left: i64,
}

/// One post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PostStock {
    /// The post.
    pub post: String,
    /// Its name.
    pub name: String,
    /// Sample data.
    pub sample: bool,
    /// By kind, those with nothing left out.
    pub kinds: Vec<KindStock>,
}

/// Material of one kind that no post accounts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unassigned {
    /// The kind.
    pub kind: String,
    /// Handed out by people who were at no post at the time.
    pub handed_out: i64,
}

/// The stock of the posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stock {
    /// The day up to which it counts: the last of a reporting month.
    pub to: String,
    /// The posts that work in the caller's areas.
    pub posts: Vec<PostStock>,
    /// Handed out by people of the caller's areas who were at no post.
    pub unassigned: Vec<Unassigned>,
}

/// The posts that work in any area of a scope; all of them for those who have every area.
pub(super) fn posts_of<'a>(catalogue: &'a Catalogue, scope: &Scope) -> Vec<&'a Item<Post>> {
    let works =
        |post: &&Item<Post>| scope.areas().is_none() || post.body.areas.iter().any(|area| scope.contains(*area));
    catalogue.items().posts.iter().filter(works).collect()
}

/// Stock at the end of the reporting month that holds `day`.
///
/// A person's whole month counts with the post of its last day, in whatever area the material was handed out.
///
/// # Errors
/// The database's.
pub async fn stock(
    tx: &mut Tx,
    catalogue: &Catalogue,
    calendar: Calendar,
    scope: &Scope,
    day: i64,
) -> Result<Stock, DbError> {
    let month = calendar.month_of(day);
    let to = calendar.last_day(month);
    let mut issued = issued(tx, to).await?;
    let mut handed_out = handed_out(tx, calendar, scope, month.0).await?;
    let mut posts = Vec::new();
    for post in posts_of(catalogue, scope) {
        let of_issues = issued.remove(&post.id).unwrap_or_default();
        let of_sessions = handed_out.remove(&Some(post.id.clone())).unwrap_or_default();
        let kinds: BTreeSet<&String> = of_issues.keys().chain(of_sessions.keys()).collect();
        let kinds = kinds.into_iter().map(|kind| {
            let (issued, handed_out) =
                (of_issues.get(kind).copied().unwrap_or(0), of_sessions.get(kind).copied().unwrap_or(0));
            KindStock { kind: kind.clone(), issued, handed_out, left: issued - handed_out }
        });
        let kinds = kinds.collect();
        posts.push(PostStock { post: post.id.clone(), name: post.body.name.clone(), sample: post.body.sample, kinds });
    }
    let unassigned = handed_out.remove(&None).unwrap_or_default().into_iter();
    let unassigned = unassigned.map(|(kind, handed_out)| Unassigned { kind, handed_out }).collect();
    Ok(Stock { to: day_text(to), posts, unassigned })
}

type ByKind = BTreeMap<String, i64>;

async fn issued(tx: &mut Tx, to: i64) -> Result<BTreeMap<String, ByKind>, DbError> {
    const ISSUED: &str = "select post_id, kind, cast(sum(quantity) as bigint) from material_issue \
        where void_reason is null and issued_day <= $1 group by post_id, kind";
    let rows: Vec<(String, String, i64)> = on_db!(tx, |c| sqlx::query_as(ISSUED).bind(to).fetch_all(c).await)?;
    let mut found: BTreeMap<String, ByKind> = BTreeMap::new();
    for (post, kind, quantity) in rows {
        found.entry(post).or_default().insert(kind, quantity);
    }
    Ok(found)
}

/// What was handed out up to a reporting month, by post; under `None` by people in scope who were at none.
///
/// The sums are made by the database: a row for each post and kind comes back, however many people and months there are.
async fn handed_out(
    tx: &mut Tx,
    calendar: Calendar,
    scope: &Scope,
    month: i64,
) -> Result<BTreeMap<Option<String>, ByKind>, DbError> {
    let stays = stays(tx, calendar).await?;
    let posts: Vec<&str> = stays.iter().map(|stay| stay.post.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut spans: Vec<String> = Vec::with_capacity(stays.len() + 1);
    // Nobody's: a list of values may not be empty.
    spans.push("(-1, 0, 0, 0)".to_owned());
    for stay in &stays {
        let post = posts.partition_point(|known| *known < stay.post.as_str());
        spans.push(format!("({}, {}, {}, {post})", stay.recorder.0, stay.first, stay.last));
    }
    // Who is at no post is told of by areas: of somebody else's people an officer learns nothing.
    let of_nobody = match scope.areas() {
        None => String::new(),
        Some(areas) => {
            let within = area_condition(areas).unwrap_or_else(|| "1 = 0".to_owned());
            format!("and (stay.post is not null or m.recorder in (select account_id from account_area where {within}))")
        }
    };
    let text = format!(
        "with stay (recorder, first, last, post) as (values {}) \
         select cast(coalesce(stay.post, -1) as bigint), m.kind, cast(sum(m.quantity) as bigint) \
         from material_recorder_month m left join stay \
         on stay.recorder = m.recorder and m.month >= stay.first and m.month <= stay.last \
         where m.month <= $1 {of_nobody} group by coalesce(stay.post, -1), m.kind",
        spans.join(", ")
    );
    let rows: Vec<(i64, String, i64)> =
        on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(month).fetch_all(c).await)?;
    let mut found: BTreeMap<Option<String>, ByKind> = BTreeMap::new();
    for (post, kind, quantity) in rows {
        let post = usize::try_from(post).ok().and_then(|at| posts.get(at)).map(|post| (*post).to_owned());
        *found.entry(post).or_default().entry(kind).or_default() += quantity;
    }
    Ok(found)
}
