//! Pages of pairs, and how many are open.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecordId};
use utoipa::{IntoParams, ToSchema};

use super::pair::{Pair, PairStanding, Posts, Said};
use crate::auth::Scope;
use crate::coverage::query::refuse;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::problem::Problem;
use crate::project::stored_area;
use crate::reference::Catalogue;
use crate::session::{known_area, limit, of_ids, slices};

/// Parameters of the list of pairs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateParams {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    pub area: Option<String>,
    /// `open` (the default): nobody has looked at the pair; `linked` or `distinct`: a person said so.
    #[param(pattern = "^(open|linked|distinct)$")]
    pub standing: Option<String>,
    /// Pairs in a page: 1 to 500; 50 unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500)]
    pub limit: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-fA-F]{64}$")]
    pub cursor: Option<String>,
}

/// A page of pairs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SessionPairs)]
pub struct Pairs {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// Give it as `cursor` for the next page; none at the end.
    pub next: Option<String>,
}

type Ids = (RecordId, RecordId);

/// A page of the pairs of which the caller may see both sessions.
///
/// # Errors
/// A problem that names the parameter, or the database's.
pub async fn pairs(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    params: &DuplicateParams,
) -> Result<Pairs, Problem> {
    let unit = params.area.as_deref().map(|text| known_area(catalogue, text)).transpose()?;
    let standing = match params.standing.as_deref() {
        None => PairStanding::Open,
        Some(text) => PairStanding::of_name(text).ok_or_else(|| refuse("standing", text, PairStanding::ACCEPTED))?,
    };
    let limit = limit(params.limit.as_deref())?;
    let after = match params.cursor.as_deref() {
        None => (RecordId([0; 16]), RecordId([0; 16])),
        Some(text) => cursor(text).ok_or_else(|| refuse("cursor", text, "next of the page before, unchanged"))?,
    };
    let mut ids = page(tx, catalogue, scope, unit, standing, after, limit + 1).await?;
    let more = ids.len() > limit;
    ids.truncate(limit);
    let next = ids.last().filter(|_| more).map(|(a, b)| format!("{a}{b}"));
    Ok(Pairs { pairs: read(tx, catalogue, &ids).await?, next })
}

fn cursor(text: &str) -> Option<Ids> {
    let (a, b) = text.split_at_checked(32)?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

/// The pairs of these ids, in their order; without those of which a session is not on file.
pub(super) async fn read(tx: &mut Tx, catalogue: &Catalogue, ids: &[Ids]) -> Result<Vec<Pair>, DbError> {
    let both: BTreeSet<RecordId> = ids.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let sessions = of_ids(tx, catalogue, &both).await?;
    let posts = Posts::read(tx, sessions.values()).await?;
    let mut said = said(tx, ids).await?;
    let mut pairs = Vec::with_capacity(ids.len());
    for (a, b) in ids {
        if let (Some(one), Some(other)) = (sessions.get(a), sessions.get(b)) {
            pairs.push(Pair::of(one.clone(), other.clone(), said.remove(&(*a, *b)), &posts)?);
        }
    }
    Ok(pairs)
}

/// What people said of these pairs.
async fn said(tx: &mut Tx, ids: &[Ids]) -> Result<BTreeMap<Ids, Said>, DbError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<String> = (0..ids.len()).map(|at| format!("(${}, ${})", 2 * at + 1, 2 * at + 2)).collect();
    let text = format!("{} where (record_a, record_b) in (values {})", Said::SELECT, places.join(", "));
    let rows: Vec<Said> = on_db!(tx, |c| {
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for (a, b) in ids {
            query = query.bind(Blob(*a)).bind(Blob(*b));
        }
        query.fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|row| ((row.record_a.0, row.record_b.0), row)).collect())
}

/// The ids of a page. Where few sessions are the caller's, they are found first and their pairs by them: a walk over all
/// pairs would look at most of them in vain.
async fn page(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    unit: Option<AreaId>,
    standing: PairStanding,
    (a, b): Ids,
    limit: usize,
) -> Result<Vec<Ids>, DbError> {
    let any = any_of(&slices(catalogue, scope, unit));
    let (table, of_standing) = match standing {
        PairStanding::Open => ("duplicate_suspect", String::new()),
        said => ("session_pair", format!("and d.standing = '{}'", said.name())),
    };
    let after = "(d.record_a, d.record_b) > ($1, $2)";
    let other = format!("exists (select 1 from session where record_id = d.record_b and {any})");
    let text = if all_of(scope, unit) || standing != PairStanding::Open {
        format!(
            "select d.record_a, d.record_b from {table} d where {after} {of_standing} \
             and exists (select 1 from session where record_id = d.record_a and {any}) and {other} \
             order by d.record_a, d.record_b limit {limit}"
        )
    } else {
        format!(
            "select d.record_a, d.record_b from session cross join {table} d \
             where {any} and d.record_a = session.record_id and {after} and {other} \
             order by d.record_a, d.record_b limit {limit}"
        )
    };
    let rows: Vec<(Blob<RecordId>, Blob<RecordId>)> =
        on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(Blob(a)).bind(Blob(b)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(Blob(a), Blob(b))| (a, b)).collect())
}

fn any_of(slices: &[String]) -> String {
    if slices.is_empty() { "1 = 0".to_owned() } else { format!("({})", slices.join(" or ")) }
}

fn all_of(scope: &Scope, unit: Option<AreaId>) -> bool {
    scope.areas().is_none() && unit.is_none()
}

/// How many pairs nobody has looked at, of which the caller may see both sessions.
///
/// # Errors
/// The database's.
pub(crate) async fn count_open(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    unit: Option<AreaId>,
) -> Result<i64, DbError> {
    if all_of(scope, unit) {
        // Suspects are sessions on file.
        const ALL: &str = "select count(*) from duplicate_suspect";
        return Ok(on_db!(tx, |c| sqlx::query_scalar(ALL).fetch_one(c).await)?);
    }
    let any = any_of(&slices(catalogue, scope, unit));
    let text = format!(
        "select count(*) from session cross join duplicate_suspect d where {any} \
         and d.record_a = session.record_id \
         and exists (select 1 from session where record_id = d.record_b and {any})"
    );
    Ok(on_db!(tx, |c| sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(c).await)?)
}

/// How many pairs nobody has looked at were held in these days, by area as recorded and village of the first of the two.
///
/// # Errors
/// The database's.
pub(crate) async fn count_open_in(
    tx: &mut Tx,
    areas: Option<&BTreeSet<AreaId>>,
    (from, to): (i64, i64),
) -> Result<Vec<(AreaId, String, i64)>, DbError> {
    let within = match areas {
        None => "1 = 1".to_owned(),
        Some(areas) => crate::coverage::area_condition(areas).unwrap_or_else(|| "1 = 0".to_owned()),
    };
    let text = format!(
        // From the pairs, which are few, to their sessions: SQLite would walk over the sessions of the days instead.
        "select generation, code, village_id, count(*) from duplicate_suspect d cross join session \
         where session.record_id = d.record_a and {within} and coalesce(held_day, -1) between $1 and $2 group by generation, code, village_id"
    );
    let rows: Vec<(i64, i64, String, i64)> =
        on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?;
    rows.into_iter().map(|(generation, code, village, n)| Ok((stored_area(generation, code)?, village, n))).collect()
}
