//! What sessions of the periods were like: whole reporting months from the roll-up, ragged ends from the sessions themselves.
//!
//! One statement reads the roll-up for all periods, and of the province no village is told from another: the roll-up holds a
//! row a value, month and village.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sync_core::id::AreaId;

use super::period::Days;
use crate::coverage::calendar::Calendar;
use crate::coverage::{Belongs, Reported, area_condition};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::{Facet, ONLINE, Traits, stored_area};

/// The facets a report shows, in its order. Who recorded what is not among them.
pub(super) const FACETS: [Facet; 4] = [Facet::Format, Facet::Topic, Facet::Language, Facet::Difficulty];

/// What was counted under one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Sessions, without those on social media.
    pub(super) sessions: i64,
    /// Posts on social media.
    pub(super) posts: i64,
}

/// By facet and value.
pub(super) type Values = BTreeMap<Facet, BTreeMap<String, Counted>>;

/// No month and no day is in it.
const NOTHING: (i64, i64) = (1, 0);

/// What was counted in each of the periods.
pub(super) async fn read(
    tx: &mut Tx,
    reported: &Reported<'_>,
    calendar: Calendar,
    periods: [Days; 3],
) -> Result<[Values; 3], DbError> {
    let mut found: [Values; 3] = Default::default();
    let Some(within) = within(reported) else { return Ok(found) };
    let splits = periods.map(|days| calendar.split(days.from, days.to));
    let months = [0, 1, 2]
        .map(|at: usize| splits[at].months.as_ref().map_or(NOTHING, |months| (months.start().0, months.end().0)));
    if months != [NOTHING; 3] {
        whole_months(tx, reported, &within, months, &mut found).await?;
    }
    for (values, split) in found.iter_mut().zip(splits) {
        for stretch in [split.head, split.tail].into_iter().flatten() {
            days(tx, reported, &within, (*stretch.start(), *stretch.end()), values).await?;
        }
    }
    Ok(found)
}

/// The condition on the area as recorded, to be put after others; `None` when nothing can be found.
fn within(reported: &Reported<'_>) -> Option<String> {
    let Some(areas) = reported.areas() else { return Some(String::new()) };
    area_condition(&areas).map(|condition| format!("and {condition}"))
}

/// The columns that say where: of the province, one place for all.
fn place_columns(reported: &Reported<'_>) -> &'static str {
    if reported.is_province() {
        "cast(0 as bigint) as generation, cast(0 as bigint) as code, '' as village_id"
    } else {
        "generation, code, village_id"
    }
}

/// What `group by` adds for [`place_columns`].
fn place_groups(reported: &Reported<'_>) -> &'static str {
    if reported.is_province() { "" } else { ", generation, code, village_id" }
}

fn counts(reported: &Reported<'_>, generation: i64, code: i64, village: &str) -> Result<bool, DbError> {
    let counts = |area: AreaId| reported.belongs(area, village) == Belongs::Yes;
    Ok(reported.is_province() || counts(stored_area(generation, code)?))
}

#[derive(sqlx::FromRow)]
struct MonthsRow {
    facet: String,
    value: String,
    generation: i64,
    code: i64,
    village_id: String,
    sessions_0: i64,
    sessions_1: i64,
    sessions_2: i64,
    posts_0: i64,
    posts_1: i64,
    posts_2: i64,
}

async fn whole_months(
    tx: &mut Tx,
    reported: &Reported<'_>,
    within: &str,
    months: [(i64, i64); 3],
    found: &mut [Values; 3],
) -> Result<(), DbError> {
    let between = |at: usize| format!("month between ${} and ${}", 2 * at + 1, 2 * at + 2);
    let sums = ["sessions", "posts"].map(|sum| {
        let of = |at: usize| {
            let within = between(at);
            format!("cast(sum(case when {within} then {sum} else 0 end) as bigint) as {sum}_{at}")
        };
        [of(0), of(1), of(2)].join(", ")
    });
    let text = format!(
        "select facet, value, {}, {} from facet_month where facet in ('difficulty', 'format', 'language', 'topic') \
         and ({} or {} or {}) {within} group by facet, value{}",
        place_columns(reported),
        sums.join(", "),
        between(0),
        between(1),
        between(2),
        place_groups(reported)
    );
    let rows: Vec<MonthsRow> = on_db!(tx, |c| {
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for (first, last) in months {
            query = query.bind(first).bind(last);
        }
        query.fetch_all(c).await
    })?;
    for row in rows {
        let facet = FACETS.into_iter().find(|facet| facet.name() == row.facet);
        let (Some(facet), true) = (facet, counts(reported, row.generation, row.code, &row.village_id)?) else {
            continue;
        };
        let sessions = [row.sessions_0, row.sessions_1, row.sessions_2];
        let posts = [row.posts_0, row.posts_1, row.posts_2];
        for ((values, sessions), posts) in found.iter_mut().zip(sessions).zip(posts) {
            if sessions != 0 || posts != 0 {
                let counted = values.entry(facet).or_default().entry(row.value.clone()).or_default();
                counted.sessions += sessions;
                counted.posts += posts;
            }
        }
    }
    Ok(())
}

/// Sessions that are alike are read as one row: of the province few are left.
async fn days(
    tx: &mut Tx,
    reported: &Reported<'_>,
    within: &str,
    (from, to): (i64, i64),
    values: &mut Values,
) -> Result<(), DbError> {
    let text = format!(
        "select format, tags, {}, count(*) as sessions from session \
         where coalesce(held_day, -1) between $1 and $2 and not voided and counted_as is null {within} \
         group by format, tags{}",
        place_columns(reported),
        place_groups(reported)
    );
    let rows: Vec<(Option<String>, String, i64, i64, String, i64)> =
        on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?;
    for (format, tags, generation, code, village, sessions) in rows {
        if !counts(reported, generation, code, &village)? {
            continue;
        }
        let is_online = format.as_deref() == Some(ONLINE);
        for (facet, value) in Traits::of(0, format.as_deref(), &tags).each() {
            if FACETS.contains(&facet) {
                let counted = values.entry(facet).or_default().entry(value.to_owned()).or_default();
                if is_online { counted.posts += sessions } else { counted.sessions += sessions }
            }
        }
    }
    Ok(())
}
