//! Reading the roll-up: what was held in some days, by village and area as recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sync_core::id::AreaId;

use super::Totals;
use super::calendar::Calendar;
use super::filter::{Filter, Narrow};
use crate::db::{DbError, Tx};
use crate::project::{Sums, scan};

/// What was held in one village, as recorded under one area.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(crate) village: String,
    pub(crate) totals: Totals,
}

/// What was held in one village in the days of one reporting month, as recorded under one area.
#[derive(Debug, Clone)]
pub(crate) struct MonthPart {
    /// The first day on which anything was held.
    pub(crate) day: i64,
    pub(crate) area: AreaId,
    /// The village of the register; empty for places outside it.
    pub(crate) village: String,
    pub(crate) sums: Sums,
}

/// What was held in a range of days, for these areas as recorded; all areas when `areas` is `None`.
///
/// # Errors
/// The database's.
pub(crate) async fn of_range(
    tx: &mut Tx,
    days: RangeInclusive<i64>,
    areas: Option<&BTreeSet<AreaId>>,
    filter: Option<&Filter>,
) -> Result<Vec<Part>, DbError> {
    let Some(within) = within(areas) else { return Ok(Vec::new()) };
    let narrow = Narrow::read(tx, filter).await?;
    let mut found: BTreeMap<AreaId, BTreeMap<String, Totals>> = BTreeMap::new();
    let mut handed_out: Vec<i64> = Vec::new();
    scan(tx, days, &within, |of| {
        let Some(wanted) = narrow.wanted(&of.pack) else { return Ok(()) };
        let mut sums = Sums::default();
        handed_out.clear();
        handed_out.resize(of.pack.words(), 0);
        let mut counts = false;
        for fact in of.facts() {
            let (day, fact) = fact?;
            if !wanted.has(day, &fact)? {
                continue;
            }
            counts = true;
            sums += fact.sums;
            for kind in fact.material() {
                let (kind, quantity) = kind?;
                if let Some(sum) = handed_out.get_mut(kind) {
                    *sum += quantity;
                }
            }
        }
        if !counts {
            return Ok(());
        }
        let totals = found.entry(of.area).or_default().entry(of.village.to_owned()).or_default();
        totals.sums += sums;
        for (place, quantity) in handed_out.iter().enumerate().filter(|(_, quantity)| **quantity != 0) {
            totals.add_material(of.pack.word(place)?, *quantity);
        }
        Ok(())
    })
    .await?;
    let parts = found
        .into_iter()
        .flat_map(|(area, villages)| villages.into_iter().map(move |(village, totals)| Part { area, village, totals }));
    Ok(parts.collect())
}

/// What was held in each reporting month of a range of days, for these areas as recorded.
///
/// # Errors
/// The database's.
pub(crate) async fn by_month(
    tx: &mut Tx,
    calendar: Calendar,
    days: RangeInclusive<i64>,
    areas: Option<&BTreeSet<AreaId>>,
    filter: Option<&Filter>,
) -> Result<Vec<MonthPart>, DbError> {
    let Some(within) = within(areas) else { return Ok(Vec::new()) };
    let narrow = Narrow::read(tx, filter).await?;
    let mut parts: Vec<MonthPart> = Vec::new();
    scan(tx, days, &within, |of| {
        let Some(wanted) = narrow.wanted(&of.pack) else { return Ok(()) };
        let part =
            |(day, _, sums): (i64, i64, Sums)| MonthPart { day, area: of.area, village: of.village.to_owned(), sums };
        let mut open: Option<(i64, i64, Sums)> = None;
        for fact in of.facts() {
            let (day, fact) = fact?;
            if !wanted.has(day, &fact)? {
                continue;
            }
            // Days ascend: a month of the calendar lies in one reporting month or in two, one after the other.
            match &mut open {
                Some((_, last, sums)) if day <= *last => *sums += fact.sums,
                _ => {
                    parts.extend(open.take().map(part));
                    open = Some((day, calendar.last_day(calendar.month_of(day)), fact.sums));
                }
            }
        }
        parts.extend(open.map(part));
        Ok(())
    })
    .await?;
    Ok(parts)
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
