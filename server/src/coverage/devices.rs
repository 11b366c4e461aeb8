//! Which devices covered a village, and whether they have brought everything since.
//!
//! A device covers an area from the day it was certified for it until the certificate ends, the area is taken from its
//! owner, the owner is deactivated or the device is revoked. What then ends is the recording, not the silence: a phone
//! that was lost stays unheard of for the time it was carried.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::id::{AreaId, DeviceId};
use utoipa::ToSchema;

use super::calendar::end_of_day_ms;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::project::stored_area;
use crate::reference::{Catalogue, Resolution, Village};

/// A time, its end excluded, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from_ms: i64,
    until_ms: i64,
}

const ALWAYS: Span = Span { from_ms: i64::MIN, until_ms: i64::MAX };

impl Span {
    /// Local days, the last one included.
    fn of_days(from: i64, to: i64) -> Self {
        Self { from_ms: end_of_day_ms(from - 1), until_ms: end_of_day_ms(to) }
    }

    fn meets(self, other: Self) -> bool {
        self.from_ms < other.until_ms && other.from_ms < self.until_ms
    }
}

/// Devices that may hold records nobody has seen: those certified for guards and officers.
#[derive(Debug, Default)]
pub(crate) struct Covering {
    /// When each device last had nothing left to bring; `i64::MIN` when that never was.
    synced: Vec<i64>,
    by_area: BTreeMap<AreaId, Vec<(usize, Span)>>,
    /// Devices whose log of an area has a gap.
    gaps: BTreeMap<AreaId, BTreeSet<usize>>,
}

/// One device that covered a village.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Carried {
    synced_ms: i64,
    spans: Vec<Span>,
}

/// The devices of one village.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DevicesHeard {
    /// How many devices had the village in their areas at some time of the range; none means nobody was assigned to it.
    pub devices: usize,
    /// Of those, when the one that was silent longest last had nothing left to bring, in milliseconds since 1970; none
    /// when one never synced, or there is no device.
    pub longest_silent_since_ms: Option<i64>,
    /// Devices of which later batches arrived and earlier ones did not: what is missing is known to exist.
    pub devices_with_gaps: usize,
    #[serde(skip)]
    carried: Vec<Carried>,
}

/// How the devices of a village stand to some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Devices that covered the village then.
    pub(crate) devices: usize,
    /// Of which may still hold something recorded then.
    pub(crate) unheard: usize,
}

impl DevicesHeard {
    /// How the devices stand to the days from `from` to `to`, both included.
    pub(crate) fn over(&self, from: i64, to: i64) -> Heard {
        let days = Span::of_days(from, to);
        let mut heard = Heard::default();
        for device in &self.carried {
            let last = device.spans.iter().filter(|span| span.meets(days)).map(|span| span.until_ms).max();
            let Some(last) = last else { continue };
            heard.devices += 1;
            // What it recorded then, it recorded before both ended.
            heard.unheard += usize::from(device.synced_ms < last.min(days.until_ms));
        }
        heard
    }
}

impl Covering {
    /// Reads devices, when they covered which areas, and when they last had nothing left to bring.
    ///
    /// A device with a gap in a log of an area counts as never synced: what fills the gap is known to exist.
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, DbError> {
        const DEVICES: &str = "select d.id, d.synced_at_ms, c.issued_at_ms, c.expires_at_ms, ca.ended_at_ms, \
            d.revoked_at_ms, a.deactivated_at_ms, ca.generation, ca.code \
            from certificate_area ca join certificate c on c.device_id = ca.device_id and c.no = ca.no \
            join device d on d.id = c.device_id join account a on a.id = d.account_id \
            where c.role in ('guard', 'officer') order by d.id, c.no";
        type Row = (Blob<DeviceId>, Option<i64>, i64, i64, Option<i64>, Option<i64>, Option<i64>, i64, i64);
        let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(DEVICES).fetch_all(c).await)?;
        // The first condition is the one of the partial index.
        const GAPS: &str = "select distinct device_id, generation, code from batch \
            where state <> 'chained' and state = 'waiting'";
        let gaps: Vec<(Blob<DeviceId>, i64, i64)> = on_db!(tx, |c| sqlx::query_as(GAPS).fetch_all(c).await)?;
        let mut covering = Self::default();
        let mut places: BTreeMap<DeviceId, usize> = BTreeMap::new();
        for (Blob(device), synced, from_ms, expires, ended, revoked, deactivated, generation, code) in rows {
            let place = *places.entry(device).or_insert_with(|| {
                covering.synced.push(synced.unwrap_or(i64::MIN));
                covering.synced.len() - 1
            });
            let ends = [Some(expires), ended, revoked, deactivated];
            let span = Span { from_ms, until_ms: ends.into_iter().flatten().min().unwrap_or(i64::MAX) };
            covering.by_area.entry(stored_area(generation, code)?).or_default().push((place, span));
        }
        for (Blob(device), generation, code) in gaps {
            // Also of a device that never had the area.
            let place = *places.entry(device).or_insert_with(|| {
                covering.synced.push(i64::MIN);
                covering.synced.len() - 1
            });
            covering.gaps.entry(stored_area(generation, code)?).or_default().insert(place);
        }
        Ok(covering)
    }

    /// The devices that covered a village, under any of its units, certain or possible, in any generation, at some time
    /// of the days from `from` to `to`.
    pub(crate) fn of(&self, areas: &BTreeSet<AreaId>, from: i64, to: i64) -> DevicesHeard {
        let days = Span::of_days(from, to);
        let gaps: BTreeSet<usize> = areas.iter().filter_map(|area| self.gaps.get(area)).flatten().copied().collect();
        let mut spans: BTreeMap<usize, Vec<Span>> = gaps.iter().map(|place| (*place, vec![ALWAYS])).collect();
        for (place, span) in areas.iter().filter_map(|area| self.by_area.get(area)).flatten() {
            if span.meets(days) {
                spans.entry(*place).or_default().push(*span);
            }
        }
        let synced = |place: usize| if gaps.contains(&place) { i64::MIN } else { self.synced[place] };
        let carried: Vec<Carried> =
            spans.into_iter().map(|(place, spans)| Carried { synced_ms: synced(place), spans }).collect();
        let longest = carried.iter().map(|device| device.synced_ms).min();
        DevicesHeard {
            devices: carried.len(),
            longest_silent_since_ms: longest.filter(|synced| *synced != i64::MIN),
            devices_with_gaps: gaps.len(),
            carried,
        }
    }
}

/// The units a village lies in, in every generation; where a person has to choose, each that may be it.
pub(crate) fn areas_of(catalogue: &Catalogue, generations: &BTreeSet<u16>, village: &Village) -> BTreeSet<AreaId> {
    let mut areas = BTreeSet::new();
    for generation in generations {
        let area = |code| AreaId { generation: *generation, code };
        match catalogue.resolve_village(village, *generation) {
            Resolution::Unit(code) => {
                areas.insert(area(code));
            }
            Resolution::NeedsChoice { candidates, .. } => areas.extend(candidates.into_iter().map(area)),
            Resolution::Unknown => {}
        }
    }
    areas
}
