//! Reading the roll-up by what sessions were like: whole reporting months from the roll-up, ragged ends from the sessions
//! themselves, which are few there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sqlx::AssertSqlSafe;
use sync_core::id::AreaId;

use super::calendar::{Calendar, ReportMonth};
use super::read::{Grain, within};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::{CONFIRMED, Facet, FacetSums, ONLINE, Traits, stored_area};

/// What was counted of one value of a facet in one village, as recorded under one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FacetPlace {
    /// The first day of the stretch of days summed; it lies within one reporting month unless the grain is the range.
    pub(crate) day: i64,
    pub(crate) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(crate) village: String,
    /// The value: a code, of recorders the account's number.
    pub(crate) value: String,
}

#[derive(sqlx::FromRow)]
struct MonthRow {
    at: i64,
    generation: i64,
    code: i64,
    village_id: String,
    value: String,
    #[sqlx(flatten)]
    sums: FacetSums,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    generation: i64,
    code: i64,
    village_id: String,
    format: Option<String>,
    recorder: i64,
    tags: String,
    review_state: String,
    attendances: Option<i64>,
}

/// The sums of a range of days by the values of one facet, or of one `value` of it, for these areas as recorded; all areas
/// when `areas` is `None`. A session counts once under each value it has.
pub(crate) async fn facets(
    tx: &mut Tx,
    calendar: Calendar,
    days: RangeInclusive<i64>,
    grain: Grain,
    (facet, value): (Facet, Option<&str>),
    areas: Option<&BTreeSet<AreaId>>,
) -> Result<BTreeMap<FacetPlace, FacetSums>, DbError> {
    let mut found: BTreeMap<FacetPlace, FacetSums> = BTreeMap::new();
    let Some(within) = within(areas) else { return Ok(found) };
    let split = calendar.split(*days.start(), *days.end());
    if let Some(months) = &split.months {
        let at = match grain {
            Grain::Range => "cast($1 as bigint)",
            Grain::Month => "month",
        };
        let text = format!(
            "select {at} as at, generation, code, village_id, value, cast(sum(sessions) as bigint) as sessions, \
             cast(sum(confirmed) as bigint) as confirmed, cast(sum(attendances) as bigint) as attendances, \
             cast(sum(posts) as bigint) as posts from facet_month \
             where facet = $3 {} and month between $1 and $2 {within} group by 1, generation, code, village_id, value",
            if value.is_some() { "and value = $4" } else { "" }
        );
        let rows: Vec<MonthRow> = on_db!(tx, |c| {
            let query = sqlx::query_as(AssertSqlSafe(text));
            let query = query.bind(months.start().0).bind(months.end().0).bind(facet.name());
            match value {
                Some(value) => query.bind(value).fetch_all(c).await,
                None => query.fetch_all(c).await,
            }
        })?;
        for row in rows {
            let day = calendar.first_day(ReportMonth(row.at));
            let area = stored_area(row.generation, row.code)?;
            found.insert(FacetPlace { day, area, village: row.village_id, value: row.value }, row.sums);
        }
    }
    for stretch in [split.head, split.tail].into_iter().flatten() {
        let text = format!(
            "select generation, code, village_id, format, recorder, tags, review_state, attendances from session \
             where coalesce(held_day, -1) between $1 and $2 and not voided and counted_as is null {within}"
        );
        let rows: Vec<SessionRow> = on_db!(tx, |c| {
            sqlx::query_as(AssertSqlSafe(text)).bind(*stretch.start()).bind(*stretch.end()).fetch_all(c).await
        })?;
        let day = match (grain, &split.months) {
            (Grain::Range, Some(months)) => calendar.first_day(*months.start()),
            (Grain::Range, None) => *days.start(),
            (Grain::Month, _) => *stretch.start(),
        };
        for row in rows {
            let area = stored_area(row.generation, row.code)?;
            let sums = row.sums();
            for (of, is) in Traits::of(row.recorder, row.format.as_deref(), &row.tags).each() {
                if of == facet && value.is_none_or(|value| value == is) {
                    let place = FacetPlace { day, area, village: row.village_id.clone(), value: is.to_owned() };
                    *found.entry(place).or_default() += sums;
                }
            }
        }
    }
    Ok(found)
}

impl SessionRow {
    fn sums(&self) -> FacetSums {
        if self.format.as_deref() == Some(ONLINE) {
            return FacetSums { posts: 1, ..FacetSums::default() };
        }
        FacetSums {
            sessions: 1,
            confirmed: i64::from(self.review_state == CONFIRMED),
            attendances: self.attendances.unwrap_or_default(),
            posts: 0,
        }
    }
}
