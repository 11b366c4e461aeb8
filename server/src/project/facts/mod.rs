//! The roll-up: what was held in each village in each month of the calendar, by day and by what the sessions were like.
//!
//! One row holds all sessions of a village and month, packed (see [`pack`]): a session changes one row, whatever it was
//! like, and what is read of a year is a row a village and month. Days stay apart, so that any range of days, any closing
//! day of reporting months and any filters are answered exactly.

mod pack;
mod shown;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecordId};
use sync_core::wire::WireError;

pub(super) use pack::{Changes, Counts};
pub(crate) use pack::{Fact, Pack};
pub(super) use shown::differing;

use super::stored::{area as stored_area, sessions};
use super::sums::Deltas;
use crate::coverage::calendar::{Calendar, ReportMonth};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

/// A month of the calendar: year × 12 + month, January being 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(i64);

impl Month {
    /// The month of a day, and which day of it that is, from 1.
    pub(super) fn of(day: i64) -> (Self, u8) {
        let month = Calendar::default().month_of(day);
        let day_of_month = day - Calendar::default().first_day(month) + 1;
        (Self(month.0), u8::try_from(day_of_month).unwrap_or_default())
    }
}

/// What one row is about, in the order of the stored keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Village {
    pub(super) month: Month,
    /// The unit as recorded.
    pub(super) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(super) village: String,
}

fn damaged(error: WireError) -> DbError {
    DbError::Damaged { column: "session_facts.facts", why: error.to_string() }
}

/// Writes changes of the roll-up. Rows are touched in ascending order of their keys, as by every other writer.
pub(super) async fn apply(tx: &mut Tx, deltas: &Deltas) -> Result<(), DbError> {
    const FIND: Find<'_> = Find {
        select: "month, generation, code, village_id, facts",
        from: "session_facts",
        by: &["month", "generation", "code", "village_id"],
        and: "true",
    };
    const INSERT: &str = "insert into session_facts (month, generation, code, village_id, facts) values";
    const REPLACE: &str = "on conflict (month, generation, code, village_id) do update set facts = excluded.facts";
    const DELETE: &str =
        "delete from session_facts where month = $1 and generation = $2 and code = $3 and village_id = $4";
    type Row = (i64, i64, i64, String, Vec<u8>);

    let changed = deltas.by_village();
    let keys: Vec<Value<'_>> = changed.keys().flat_map(key).collect();
    let mut stored: BTreeMap<Village, Vec<u8>> = BTreeMap::new();
    for (month, generation, code, village, facts) in rows::read_by::<Row>(tx, FIND, &keys).await? {
        stored.insert(Village { month: Month(month), area: stored_area(generation, code)?, village }, facts);
    }
    let mut merged: Vec<(&Village, Vec<u8>)> = Vec::with_capacity(changed.len());
    for (village, changes) in changed {
        let before = stored.get(village);
        match pack::merged(before.map(Vec::as_slice), changes).map_err(damaged)? {
            Some(after) if before != Some(&after) => merged.push((village, after)),
            None if before.is_some() => rows::execute(tx, DELETE, &key(village)).await?,
            Some(_) | None => {}
        }
    }
    let values: Vec<Value<'_>> =
        merged.iter().flat_map(|(village, facts)| key(village).into_iter().chain([Value::Bytes(facts)])).collect();
    rows::write(tx, INSERT, 5, REPLACE, &values).await
}

fn key(village: &Village) -> [Value<'_>; 4] {
    [
        Value::Int(village.month.0),
        Value::Int(village.area.generation.into()),
        Value::Int(village.area.code.into()),
        Value::Text(&village.village),
    ]
}

/// One row of the roll-up as it is read: a village and month, and of it the days that were asked for.
#[derive(Debug)]
pub(crate) struct VillageMonth<'a> {
    /// The unit as recorded.
    pub(crate) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(crate) village: &'a str,
    /// What the sessions were like.
    pub(crate) pack: Pack<'a>,
    before_first: i64,
    days: RangeInclusive<i64>,
}

impl<'a> VillageMonth<'a> {
    /// What was held on the days asked for, each with its day, ascending.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Result<(i64, Fact<'a>), WireError>> {
        self.pack.facts().filter_map(|fact| match fact {
            Ok(fact) => {
                let day = self.before_first + i64::from(fact.day_of_month);
                self.days.contains(&day).then_some(Ok((day, fact)))
            }
            Err(error) => Some(Err(error)),
        })
    }
}

/// Reads the roll-up of these days, a month at a time: `within` is a further condition on the area, begun with `and`, or
/// nothing.
///
/// # Errors
/// The database's, and what of a pack does not follow its layout.
pub(crate) async fn scan(
    tx: &mut Tx,
    days: RangeInclusive<i64>,
    within: &str,
    mut each: impl FnMut(VillageMonth<'_>) -> Result<(), WireError>,
) -> Result<(), DbError> {
    const SPAN: &str = "select min(month), max(month) from session_facts where month between $1 and $2";
    if days.is_empty() {
        return Ok(());
    }
    let (first, last) = (Month::of(*days.start()).0, Month::of(*days.end()).0);
    let span: (Option<i64>, Option<i64>) =
        on_db!(tx, |c| sqlx::query_as(SPAN).bind(first.0).bind(last.0).fetch_one(c).await)?;
    let (Some(first), Some(last)) = span else { return Ok(()) };
    for month in first..=last {
        let text = format!("select generation, code, village_id, facts from session_facts where month = $1 {within}");
        let rows: Vec<(i64, i64, String, Vec<u8>)> =
            on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(month).fetch_all(c).await)?;
        let before_first = Calendar::default().first_day(ReportMonth(month)) - 1;
        for (generation, code, village, facts) in &rows {
            let area = stored_area(*generation, *code)?;
            let pack = Pack::read(facts).map_err(damaged)?;
            each(VillageMonth { area, village, pack, before_first, days: days.clone() }).map_err(damaged)?;
        }
    }
    Ok(())
}

/// Makes the roll-up of a database that was migrated from a schema without it.
///
/// # Errors
/// The database's; then nothing of it holds.
pub(super) async fn fill(db: &Db) -> Result<(), DbError> {
    const IS_EMPTY: &str = "select not exists (select 1 from session_facts)";
    // By village, so that what goes into one row comes together.
    const NEXT: &str = "select village_id, coalesce(held_day, -1), record_id from session \
        where (village_id, coalesce(held_day, -1), record_id) > ($1, $2, $3) \
        order by village_id, coalesce(held_day, -1), record_id limit 4096";
    db.write(async |tx| {
        let is_empty: bool = on_db!(tx, |c| sqlx::query_scalar(IS_EMPTY).fetch_one(c).await)?;
        if !is_empty {
            return Ok(());
        }
        let (mut village, mut day, mut record) = (String::new(), i64::MIN, Blob(RecordId([0; 16])));
        loop {
            let page: Vec<(String, i64, Blob<RecordId>)> =
                on_db!(tx, |c| sqlx::query_as(NEXT).bind(&village).bind(day).bind(record).fetch_all(c).await)?;
            let Some(last) = page.last() else { return Ok(()) };
            (village, day, record) = last.clone();
            let ids: Vec<RecordId> = page.into_iter().map(|(.., Blob(id))| id).collect();
            let mut deltas = Deltas::default();
            for session in sessions(tx, &ids).await?.values() {
                if let Some((slot, contribution)) = session.contribution() {
                    deltas.add(slot, contribution);
                }
            }
            apply(tx, &deltas).await?;
        }
    })
    .await
}
