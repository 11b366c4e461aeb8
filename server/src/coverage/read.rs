//! Reading the roll-up: whole reporting months from the monthly tables, ragged ends from the daily ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sqlx::AssertSqlSafe;
use sync_core::id::AreaId;

use super::calendar::Calendar;
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::{Sums, stored_area};

/// How finely the sums of a range are told apart in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// The whole range is one.
    Range,
    /// Each reporting month by itself.
    Month,
}

/// Sums of one village, as recorded under one area.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The first day of the stretch of days summed; it lies within one reporting month unless the grain is the range.
    pub(crate) day: i64,
    pub(crate) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(crate) village: String,
    pub(crate) sums: Sums,
}

/// Material of one kind handed out in one village, as recorded under one area.
#[derive(Debug, Clone)]
pub(crate) struct MaterialPart {
    pub(crate) area: AreaId,
    pub(crate) village: String,
    pub(crate) kind: String,
    pub(crate) quantity: i64,
}

#[derive(sqlx::FromRow)]
struct SumsRow {
    at: i64,
    generation: i64,
    code: i64,
    village_id: String,
    #[sqlx(flatten)]
    sums: Sums,
}

/// The sums of a range of days, for these areas as recorded; all areas when `areas` is `None`.
pub(crate) async fn sums(
    tx: &mut Tx,
    calendar: Calendar,
    days: RangeInclusive<i64>,
    grain: Grain,
    areas: Option<&BTreeSet<AreaId>>,
) -> Result<Vec<Part>, DbError> {
    let Some(within) = within(areas) else { return Ok(Vec::new()) };
    let split = calendar.split(*days.start(), *days.end());
    let summed = columns("cast(sum({}) as bigint) as {}");
    let mut parts = Vec::new();
    if let Some(months) = split.months {
        let text = match grain {
            Grain::Range => format!(
                "select cast($1 as bigint) as at, generation, code, village_id, {summed} from coverage_month \
                 where month between $1 and $2 {within} group by generation, code, village_id"
            ),
            Grain::Month => format!(
                "select month as at, generation, code, village_id, {} from coverage_month \
                 where month between $1 and $2 {within}",
                Sums::COLUMNS.join(", ")
            ),
        };
        for row in rows::<SumsRow>(tx, text, months.start().0, months.end().0).await? {
            let day = calendar.first_day(super::calendar::ReportMonth(row.at));
            parts.push(part(row, day)?);
        }
    }
    for stretch in [split.head, split.tail].into_iter().flatten() {
        let text = format!(
            "select cast($1 as bigint) as at, generation, code, village_id, {summed} from coverage_day \
             where held_day between $1 and $2 {within} group by generation, code, village_id"
        );
        for row in rows::<SumsRow>(tx, text, *stretch.start(), *stretch.end()).await? {
            let day = row.at;
            parts.push(part(row, day)?);
        }
    }
    Ok(parts)
}

/// The material handed out in a range of days, for these areas as recorded.
pub(crate) async fn material(
    tx: &mut Tx,
    calendar: Calendar,
    days: RangeInclusive<i64>,
    areas: Option<&BTreeSet<AreaId>>,
) -> Result<Vec<MaterialPart>, DbError> {
    let Some(within) = within(areas) else { return Ok(Vec::new()) };
    let split = calendar.split(*days.start(), *days.end());
    let months = split.months.map(|months| ("material_month", "month", months.start().0, months.end().0));
    let stretches = [split.head, split.tail].into_iter().flatten();
    let stretches = stretches.map(|days| ("material_day", "held_day", *days.start(), *days.end()));
    let mut found: BTreeMap<(AreaId, String, String), i64> = BTreeMap::new();
    for (table, at, from, to) in months.into_iter().chain(stretches) {
        let text = format!(
            "select generation, code, village_id, kind, cast(sum(quantity) as bigint) from {table} \
             where {at} between $1 and $2 {within} group by generation, code, village_id, kind"
        );
        for (generation, code, village, kind, quantity) in
            rows::<(i64, i64, String, String, i64)>(tx, text, from, to).await?
        {
            *found.entry((stored_area(generation, code)?, village, kind)).or_default() += quantity;
        }
    }
    let parts = found.into_iter();
    Ok(parts.map(|((area, village, kind), quantity)| MaterialPart { area, village, kind, quantity }).collect())
}

fn part(row: SumsRow, day: i64) -> Result<Part, DbError> {
    Ok(Part { day, area: stored_area(row.generation, row.code)?, village: row.village_id, sums: row.sums })
}

fn columns(each: &str) -> String {
    Sums::COLUMNS.iter().map(|sum| each.replace("{}", sum)).collect::<Vec<_>>().join(", ")
}

async fn rows<T>(tx: &mut Tx, text: String, from: i64, to: i64) -> Result<Vec<T>, DbError>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    Ok(on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(from).bind(to).fetch_all(c).await)?)
}

/// The same as [`area_condition`], to be put after other conditions; nothing for all areas.
pub(super) fn within(areas: Option<&BTreeSet<AreaId>>) -> Option<String> {
    areas.map_or_else(|| Some(String::new()), |areas| area_condition(areas).map(|condition| format!("and {condition}")))
}

/// A condition on `generation` and `code`, in a form for which both engines search an index; `None` for no area.
///
/// The numbers are written into the text: they are numbers, and there may be more of them than placeholders.
pub(crate) fn area_condition(areas: &BTreeSet<AreaId>) -> Option<String> {
    let mut codes: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for area in areas {
        codes.entry(area.generation).or_default().push(area.code.to_string());
    }
    let any: Vec<String> = codes
        .into_iter()
        .map(|(generation, codes)| format!("generation = {generation} and code in ({})", codes.join(", ")))
        .collect();
    (!any.is_empty()).then(|| format!("({})", any.join(" or ")))
}
