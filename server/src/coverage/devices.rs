//! Which devices cover a village, and whether they have been heard of since.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::id::{AreaId, DeviceId};
use utoipa::ToSchema;

use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::project::stored_area;
use crate::reference::{Catalogue, Resolution, Village};

/// Devices that may hold records nobody has seen: of active guards and officers, not revoked.
#[derive(Debug, Default)]
pub(crate) struct Covering {
    /// Last contact by device; `i64::MIN` when there was none.
    contacts: Vec<i64>,
    by_area: BTreeMap<AreaId, Vec<usize>>,
    /// Devices whose log of an area has a gap.
    gaps: BTreeMap<AreaId, BTreeSet<usize>>,
}

/// The devices of one village.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DevicesHeard {
    /// How many devices have the village in their areas; none means nobody is assigned to it.
    pub devices: usize,
    /// The last contact of the one that was silent longest, in milliseconds since 1970; none when a device was never
    /// heard of, or there is no device.
    pub longest_silent_since_ms: Option<i64>,
    /// Devices of which later batches arrived and earlier ones did not: what is missing is known to exist.
    pub devices_with_gaps: usize,
    /// Last contacts, ascending.
    #[serde(skip)]
    contacts: Vec<i64>,
}

impl DevicesHeard {
    /// How many of the devices have not been in contact since this instant.
    #[must_use]
    pub fn unheard_since(&self, instant_ms: i64) -> usize {
        self.contacts.partition_point(|contact| *contact < instant_ms)
    }
}

impl Covering {
    /// Reads devices, their areas and last contacts.
    ///
    /// A device with a gap in a log of an area counts as never heard of: what fills the gap is known to exist.
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, DbError> {
        const DEVICES: &str = "select device.id, device.last_contact_ms, account_area.generation, account_area.code \
            from device join account on account.id = device.account_id \
            join account_area on account_area.account_id = account.id \
            where device.revoked_at_ms is null and account.active and account.role in ('guard', 'officer') \
            order by device.id";
        let rows: Vec<(Blob<DeviceId>, Option<i64>, i64, i64)> =
            on_db!(tx, |c| sqlx::query_as(DEVICES).fetch_all(c).await)?;
        // The first condition is the one of the partial index.
        const GAPS: &str = "select distinct device_id, generation, code from batch \
            where state <> 'chained' and state = 'waiting'";
        let gaps: Vec<(Blob<DeviceId>, i64, i64)> = on_db!(tx, |c| sqlx::query_as(GAPS).fetch_all(c).await)?;
        let mut covering = Self::default();
        let mut places: BTreeMap<DeviceId, usize> = BTreeMap::new();
        for (Blob(device), contact, generation, code) in rows {
            let place = *places.entry(device).or_insert_with(|| {
                covering.contacts.push(contact.unwrap_or(i64::MIN));
                covering.contacts.len() - 1
            });
            covering.by_area.entry(stored_area(generation, code)?).or_default().push(place);
        }
        for (Blob(device), generation, code) in gaps {
            // Also of a device that is revoked, or was assigned elsewhere since.
            let place = *places.entry(device).or_insert_with(|| {
                covering.contacts.push(i64::MIN);
                covering.contacts.len() - 1
            });
            covering.gaps.entry(stored_area(generation, code)?).or_default().insert(place);
        }
        Ok(covering)
    }

    /// The devices that cover a village under any of its units, certain or possible, in any generation.
    pub(crate) fn of(&self, areas: &BTreeSet<AreaId>) -> DevicesHeard {
        let gaps: BTreeSet<usize> = areas.iter().filter_map(|area| self.gaps.get(area)).flatten().copied().collect();
        let mut places: BTreeSet<usize> =
            areas.iter().filter_map(|area| self.by_area.get(area)).flatten().copied().collect();
        places.extend(&gaps);
        let contact = |place: usize| if gaps.contains(&place) { i64::MIN } else { self.contacts[place] };
        let mut contacts: Vec<i64> = places.into_iter().map(contact).collect();
        contacts.sort_unstable();
        let longest_silent_since_ms = contacts.first().copied().filter(|contact| *contact != i64::MIN);
        DevicesHeard { devices: contacts.len(), longest_silent_since_ms, devices_with_gaps: gaps.len(), contacts }
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
