//! What is not recorded in sessions: panels, clubs, media, and figures of the province.

use std::collections::{BTreeMap, BTreeSet};

use super::period::Days;
use crate::coverage::{Belongs, Reported};
use crate::db::{DbError, Tx};
use crate::on_db;
use crate::project::stored_area;
use crate::reference::{Item, Site};

/// The condition of a panel that needs nothing.
const GOOD: &str = "good";

/// Panels of the register that were visited, by what the newest visit of the period found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Panels {
    /// Visited at least once.
    pub(super) checked: i64,
    /// Of which in good condition.
    pub(super) sound: i64,
    /// Of which faded, torn, missing or to be replaced.
    pub(super) damaged: i64,
    /// Of which with a wrong telephone number.
    pub(super) hotline_wrong: i64,
}

/// The sites of a register that belong to what is reported on. Of a unit that was split those count of which the village
/// is known.
fn sites<'a>(reported: &'a Reported<'_>, register: &'a [Item<Site>]) -> impl Iterator<Item = &'a Item<Site>> {
    register.iter().filter(|site| {
        let village = site.body.village_id.as_deref().unwrap_or_default();
        reported.is_province() || reported.belongs(site.body.area, village) == Belongs::Yes
    })
}

/// How many panels there are.
pub(super) fn panel_sites(reported: &Reported<'_>) -> i64 {
    sites(reported, &reported.catalogue.items().panels).count() as i64
}

/// How many clubs there are.
pub(super) fn club_sites(reported: &Reported<'_>) -> i64 {
    sites(reported, &reported.catalogue.items().clubs).count() as i64
}

pub(super) async fn panels(tx: &mut Tx, reported: &Reported<'_>, days: Days) -> Result<Panels, DbError> {
    const CHECKS: &str = "select site, conditions, hotline_wrong from panel_check \
        where not voided and site is not null and coalesce(checked_day, -1) between $1 and $2 \
        order by coalesce(checked_day, -1), record_id";
    let rows: Vec<(String, String, Option<bool>)> =
        on_db!(tx, |c| sqlx::query_as(CHECKS).bind(days.from).bind(days.to).fetch_all(c).await)?;
    let known: BTreeSet<&str> =
        sites(reported, &reported.catalogue.items().panels).map(|site| site.id.as_str()).collect();
    // Of several visits the newest says how the panel stands.
    let mut newest: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    for (site, conditions, hotline_wrong) in rows {
        if known.contains(site.as_str()) {
            let damaged = |error: serde_json::Error| DbError::Damaged {
                column: "panel_check.conditions",
                why: error.to_string(),
            };
            let conditions = serde_json::from_str(&conditions).map_err(damaged)?;
            newest.insert(site, (conditions, hotline_wrong.unwrap_or_default()));
        }
    }
    let mut panels = Panels::default();
    for (conditions, hotline_wrong) in newest.into_values() {
        let is_damaged = conditions.iter().any(|condition| condition != GOOD);
        panels.checked += 1;
        panels.damaged += i64::from(is_damaged);
        panels.sound += i64::from(!is_damaged && !conditions.is_empty());
        panels.hotline_wrong += i64::from(hotline_wrong);
    }
    Ok(panels)
}

/// Meetings of the clubs.
pub(super) async fn club_meetings(tx: &mut Tx, reported: &Reported<'_>, days: Days) -> Result<i64, DbError> {
    const MEETINGS: &str = "select club_id, cast(sum(meetings) as bigint) from club_meeting \
        where void_reason is null and held_day between $1 and $2 group by club_id";
    let rows: Vec<(String, i64)> =
        on_db!(tx, |c| sqlx::query_as(MEETINGS).bind(days.from).bind(days.to).fetch_all(c).await)?;
    let known: BTreeSet<&str> =
        sites(reported, &reported.catalogue.items().clubs).map(|site| site.id.as_str()).collect();
    Ok(rows.iter().filter(|(club, _)| known.contains(club.as_str())).map(|(_, meetings)| meetings).sum())
}

/// What was published: entered at headquarters, never added to attendances or to broadcasts of sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) news_items: i64,
    pub(super) articles: i64,
    pub(super) broadcasts: i64,
    pub(super) broadcast_minutes: i64,
}

/// Rows without a unit are the province's.
pub(super) async fn media(tx: &mut Tx, reported: &Reported<'_>, days: Days) -> Result<Media, DbError> {
    const ROWS: &str = "select kind, generation, code, cast(sum(quantity) as bigint), \
        cast(coalesce(sum(minutes), 0) as bigint) from media_item \
        where void_reason is null and published_day between $1 and $2 group by kind, generation, code";
    type Row = (String, Option<i64>, Option<i64>, i64, i64);
    let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(ROWS).bind(days.from).bind(days.to).fetch_all(c).await)?;
    let mut media = Media::default();
    for (kind, generation, code, quantity, minutes) in rows {
        let counts = match generation.zip(code) {
            _ if reported.is_province() => true,
            Some((generation, code)) => reported.belongs(stored_area(generation, code)?, "") == Belongs::Yes,
            None => false,
        };
        if !counts {
            continue;
        }
        match kind.as_str() {
            "news_item" => media.news_items += quantity,
            "article" => media.articles += quantity,
            "broadcast" => {
                media.broadcasts += quantity;
                media.broadcast_minutes += minutes;
            }
            _ => return Err(DbError::Damaged { column: "media_item.kind", why: kind }),
        }
    }
    Ok(media)
}

/// Figures that say how many there are, and not how many there were in some days.
const STOCKS: &[&str] = &["support_agencies", "target_population", "key_communes", "key_communes_with_model"];

/// The figures of the province, by code. What happened is the sum of the figures that lie within the days; where one covers
/// what others do, for instance a quarter beside its months, the longest counts. How many there are is what the newest
/// figure says that covers any of the days.
pub(super) async fn context(tx: &mut Tx, days: Days) -> Result<BTreeMap<String, i64>, DbError> {
    // Of two for the same days the one entered last.
    const ROWS: &str = "select code, from_day, to_day, quantity from context_figure \
        where void_reason is null and from_day <= $2 and to_day >= $1 order by code, from_day, to_day desc, id desc";
    let rows: Vec<(String, i64, i64, i64)> =
        on_db!(tx, |c| sqlx::query_as(ROWS).bind(days.from).bind(days.to).fetch_all(c).await)?;
    let mut context: BTreeMap<String, i64> = BTreeMap::new();
    let mut covered: BTreeMap<String, i64> = BTreeMap::new();
    for (code, from, to, quantity) in rows {
        let until = covered.entry(code.clone()).or_insert(i64::MIN);
        if STOCKS.contains(&code.as_str()) {
            if from > *until {
                *until = from;
                context.insert(code, quantity);
            }
        } else if from >= days.from && to <= days.to && from > *until {
            *until = to;
            *context.entry(code).or_default() += quantity;
        }
    }
    Ok(context)
}
