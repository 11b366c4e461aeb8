//! Villages in which no session was held for some time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::calendar::day_text;
use super::devices::{Covering, DevicesHeard};
use super::query::Range;
use super::villages::{listed, unit_of};
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::reference::Catalogue;

/// A village not reached for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnreachedVillage {
    /// The village's id.
    pub village: String,
    /// Its name.
    pub name: String,
    /// `thôn`, `bản`, `khu` …
    pub kind: String,
    /// Sample data, no official list.
    pub sample: bool,
    /// The unit it lies in; none while a person has to choose.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// The day of the last session; none when there never was one.
    pub last_day: Option<String>,
    /// Days since then.
    pub days: Option<i64>,
    /// The devices that cover it.
    #[serde(flatten)]
    pub devices: DevicesHeard,
    /// How many of them may still hold a session from before those days: they have not brought everything since.
    pub unheard_devices: usize,
}

/// The villages not reached for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unreached {
    /// The day counted from.
    pub on: String,
    /// At least so many days without a session.
    pub days: i64,
    /// Villages looked at.
    pub of: usize,
    /// Never reached first, then the longest.
    pub villages: Vec<UnreachedVillage>,
}

/// The day of the last session of each village of today within these days; posts on social media are none.
///
/// # Errors
/// The database's.
pub(super) async fn last_held<'a>(
    tx: &mut Tx,
    catalogue: &'a Catalogue,
    days: RangeInclusive<i64>,
) -> Result<BTreeMap<&'a str, i64>, DbError> {
    // One descent of an index for each village, instead of a walk over every day. A session without a day counts as -1 there.
    const LAST: &str = "select id, (select coalesce(held_day, -1) from session where village_id = village.id \
        and coalesce(held_day, -1) between $1 and $2 and not voided and counted_as is null \
        and coalesce(format, '') <> 'online' order by coalesce(held_day, -1) desc limit 1) from village";
    let rows: Vec<(String, Option<i64>)> =
        on_db!(tx, |c| sqlx::query_as(LAST).bind(*days.start()).bind(*days.end()).fetch_all(c).await)?;
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for (village, day) in &rows {
        if let (Some(village), Some(day)) = (catalogue.survivor(village), day) {
            let latest = last.entry(&village.id).or_insert(*day);
            *latest = (*latest).max(*day);
        }
    }
    Ok(last)
}

/// The villages in scope without a session in the `days` days before the range's last day.
///
/// # Errors
/// The database's.
pub async fn unreached(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    range: &Range,
    days: i64,
) -> Result<Unreached, DbError> {
    let covering = Covering::read(tx).await?;
    let last = last_held(tx, catalogue, 0..=range.to).await?;
    let listed = listed(catalogue, scope, range);
    let of = listed.len();
    let mut villages = Vec::new();
    for (id, (village, areas)) in listed {
        let last_day = last.get(id).copied();
        if last_day.is_some_and(|day| range.to - day < days) {
            continue;
        }
        let (from, to) = (last_day.map_or(0, |day| day + 1), range.to - days);
        let devices = covering.of(&areas, from, range.to);
        villages.push(UnreachedVillage {
            village: id.to_owned(),
            name: village.name.clone(),
            kind: village.kind.clone(),
            sample: village.sample,
            unit: unit_of(catalogue, range.generation, village).0,
            last_day: last_day.map(day_text),
            days: last_day.map(|day| range.to - day),
            unheard_devices: devices.over(from.min(to), to).unheard,
            devices,
        });
    }
    // `None` sorts first: never reached, then by day ascending, which is the longest first.
    villages
        .sort_by(|a, b| (&a.last_day, a.unit, &a.name, &a.village).cmp(&(&b.last_day, b.unit, &b.name, &b.village)));
    Ok(Unreached { on: day_text(range.to), days, of, villages })
}
