//! Reading a list of villages against the catalogue: which are new, renamed, merged, moved.
//!
//! A row is matched to a village by `village_id`; without one by its name, or `former_name`, among the villages that lie
//! in its unit or, where a unit was split, may lie in it; a name that fits several is a fault. Else it is new and gets a
//! derived id. A village absent from the list is kept, and so is what is known of generations a row does not name. The unit of 2025 in the list is what a person
//! decided only when `new_commune_basis` says `official`; else it is a suggestion where the old unit was split.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sync_core::fold::fold;
use sync_core::id::AreaId;

use super::catalogue::Catalogue;
use super::choice::open_to_choice;
use super::lineage::Resolution;
use super::sheet::{Columns, Row, Sheet, SheetError};
use super::village::{Basis, Village, VillageUnit, derive_id};

/// The headings.
pub(super) const COLUMNS: Columns = Columns {
    required: &["village_name", "kind", "source"],
    optional: &[
        "village_id",
        "former_name",
        "merged_into",
        "old_commune_code",
        "old_commune_name",
        "new_commune_code",
        "new_commune_basis",
        "lat",
        "lon",
    ],
};

/// Where villages of Vietnam lie, its islands included, in thousandths of a degree.
const LATITUDES: RangeInclusive<i32> = 6_500..=23_500;
const LONGITUDES: RangeInclusive<i32> = 102_000..=117_500;
/// The generation `old_commune_code` is of.
const OLD: u16 = 2024;
/// The generation `new_commune_code` is of.
const NEW: u16 = 2025;

/// The villages as they are to be, those of the list only, by id.
pub(super) fn read(sheet: &Sheet, catalogue: &Catalogue) -> Result<BTreeMap<String, Village>, SheetError> {
    let names = Names::of(catalogue);
    let mut listed: BTreeMap<String, Village> = BTreeMap::new();
    let ids = sheet.rows(|row| {
        let village = read_row(row, sheet.sample, catalogue, &names)?;
        if let Some(twin) = listed.get(&village.id) {
            let (id, name) = (&twin.id, &twin.name);
            let vi = format!("mỗi thôn, bản một lần; {id} ({name}) đã có ở trên: hãy ghi village_id");
            let en = format!("each village once; {id} ({name}) stands above: give a village_id");
            return row.fault("village_name", (vi, en));
        }
        let id = village.id.clone();
        listed.insert(id.clone(), village);
        Some(id)
    })?;
    // A merger may name a village further down, so it is checked when all are known.
    let mut at = 0;
    sheet.rows(|row| {
        let id = ids.get(at);
        at += 1;
        let Some(into) = row.optional("merged_into") else { return Some(()) };
        let known = listed.contains_key(&into) || catalogue.village(&into).is_some();
        if !known || id.is_none_or(|id| circular(id, &listed, catalogue)) {
            let vi = "mã của thôn, bản khác, không nhập ngược lại vào đây";
            return row.fault("merged_into", (vi, "the id of another village that is not merged back here"));
        }
        Some(())
    })?;
    Ok(listed)
}

fn circular(id: &str, listed: &BTreeMap<String, Village>, catalogue: &Catalogue) -> bool {
    let into =
        |id: &str| listed.get(id).or_else(|| catalogue.village(id)).and_then(|village| village.merged_into.clone());
    let mut at = into(id);
    let mut left = listed.len() + catalogue.villages().count();
    while let Some(next) = at {
        if next == id || left == 0 {
            return true;
        }
        left -= 1;
        at = into(&next);
    }
    false
}

fn read_row(row: &mut Row<'_>, sample: bool, catalogue: &Catalogue, names: &Names) -> Option<Village> {
    let old = unit(row, "old_commune_code", OLD, catalogue);
    let new = unit(row, "new_commune_code", NEW, catalogue);
    let (name, kind, source) =
        (row.required("village_name", 80), row.required("kind", 20), row.required("source", 400));
    let basis = [("", false), ("assumed", false), ("official", true)];
    let official = row.one_of("new_commune_basis", &basis);
    let position = position(row);
    let (old, new, name) = (old?, new?, name?);
    let Some(home) = old.or(new) else {
        return row
            .fault("old_commune_code", ("mã ở đây hoặc ở new_commune_code", "a code here or in new_commune_code"));
    };
    check_name(row, old, catalogue)?;
    let other = new.filter(|new| *new != home);
    let id = identify(row, (home, other), &name, names, catalogue)?;
    let before = catalogue.village(&id);
    let (lat_e3, lon_e3) = position?.or_else(|| before.and_then(|b| Some((b.lat_e3?, b.lon_e3?)))).unzip();
    let mut village = Village {
        id,
        name,
        kind: kind?,
        sample,
        source: source?,
        merged_into: row.optional("merged_into").or_else(|| before.and_then(|village| village.merged_into.clone())),
        former_names: before.map(|village| village.former_names.clone()).unwrap_or_default(),
        lat_e3,
        lon_e3,
        units: certain(before),
        suggested: BTreeMap::new(),
    };
    let former = before.map(|village| village.name.clone()).into_iter().chain(row.optional("former_name"));
    for former in former {
        if former != village.name && !village.former_names.contains(&former) {
            village.former_names.push(former);
        }
    }
    village.former_names.retain(|former| *former != village.name);
    village.former_names.sort();
    // Of a village that is known from elsewhere, only an official list settles the unit of today.
    let assumed = before.filter(|_| old.is_none() && official == Some(false));
    match assumed.map(|before| catalogue.resolve_village(before, home.generation)) {
        Some(Resolution::Unit(_)) => {}
        Some(Resolution::NeedsChoice { .. }) => {
            village.suggested.insert(home.generation, home.code);
        }
        Some(Resolution::Unknown) | None => {
            village.units.insert(home.generation, VillageUnit { code: home.code, basis: Basis::Listed });
        }
    }
    if let (Some(old), Some(new)) = (old, new) {
        let possible = catalogue.lineage().candidates(old, NEW);
        if !possible.contains(&new.code) {
            let codes: Vec<_> = possible.iter().map(|code| format!("{code:05}")).collect();
            let codes = codes.join(", ");
            let vi = format!("với {old}: {codes}, hoặc để trống");
            return row.fault("new_commune_code", (vi, format!("for {old}: {codes}, or empty")));
        }
        if official? {
            village.units.insert(NEW, VillageUnit { code: new.code, basis: Basis::Listed });
        } else if possible.len() > 1 && !village.units.contains_key(&NEW) {
            village.suggested.insert(NEW, new.code);
        }
    }
    Some(village)
}

/// Latitude and longitude, both or neither; a row without leaves what is known.
fn position(row: &mut Row<'_>) -> Option<Option<(i32, i32)>> {
    let lat = row.optional_degrees("lat", LATITUDES);
    let lon = row.optional_degrees("lon", LONGITUDES);
    match (lat?, lon?) {
        (Some(lat), Some(lon)) => Some(Some((lat, lon))),
        (None, None) => Some(None),
        (given, _) => {
            let column = if given.is_none() { "lat" } else { "lon" };
            row.fault(column, ("cả hai: lat và lon, hoặc để trống cả hai", "both lat and lon, or neither"))
        }
    }
}

/// What a person decided or a list said stands until a row speaks of that generation. The rest follows from lineage.
fn certain(before: Option<&Village>) -> BTreeMap<u16, VillageUnit> {
    let units = before.into_iter().flat_map(|village| &village.units);
    units.filter(|(_, unit)| unit.basis != Basis::Lineage).map(|(generation, unit)| (*generation, *unit)).collect()
}

/// The villages of each name, also a former one, by the units they lie in and those they may lie in.
#[derive(Debug, Default)]
struct Names {
    certain: BTreeMap<(AreaId, String), BTreeSet<String>>,
    possible: BTreeMap<(AreaId, String), BTreeSet<String>>,
}

impl Names {
    fn of(catalogue: &Catalogue) -> Self {
        let mut names = Self::default();
        for village in catalogue.villages() {
            let all: Vec<String> =
                std::iter::once(&village.name).chain(&village.former_names).map(|name| fold(name)).collect();
            for area in village.areas() {
                for name in &all {
                    names.certain.entry((area, name.clone())).or_default().insert(village.id.clone());
                }
            }
            for generation in catalogue.generations() {
                let mut candidates = open_to_choice(catalogue, &village.id, generation);
                if let Resolution::NeedsChoice { candidates: open, .. } = catalogue.resolve_village(village, generation)
                {
                    candidates.extend(open);
                }
                for code in candidates {
                    for name in &all {
                        let key = (AreaId { generation, code }, name.clone());
                        names.possible.entry(key).or_default().insert(village.id.clone());
                    }
                }
            }
        }
        names
    }

    /// The villages a name may mean in a unit; of those that only may lie there, the ones that do or may lie in `other`.
    fn find(&self, home: AreaId, other: Option<AreaId>, name: &str, catalogue: &Catalogue) -> BTreeSet<&String> {
        let key = (home, fold(name));
        let fits = |id: &&String| {
            let Some(other) = other else { return true };
            let village = catalogue.village(id);
            match village.map(|village| catalogue.resolve_village(village, other.generation)) {
                Some(Resolution::Unit(code)) => code == other.code,
                Some(Resolution::NeedsChoice { candidates, .. }) => candidates.contains(&other.code),
                Some(Resolution::Unknown) | None => false,
            }
        };
        let certain = self.certain.get(&key).into_iter().flatten();
        certain.chain(self.possible.get(&key).into_iter().flatten().filter(fits)).collect()
    }
}

fn unit(row: &mut Row<'_>, column: &str, generation: u16, catalogue: &Catalogue) -> Option<Option<AreaId>> {
    let Some(code) = row.optional_unit_code(column)? else { return Some(None) };
    let area = AreaId { generation, code };
    if catalogue.unit(area).is_none() {
        return row.fault(
            column,
            (
                format!("mã của đơn vị năm {generation} đã nhập"),
                format!("the code of an imported unit of {generation}"),
            ),
        );
    }
    Some(Some(area))
}

/// Codes are re-used under other names, so a name beside a code must be that unit's.
fn check_name(row: &mut Row<'_>, old: Option<AreaId>, catalogue: &Catalogue) -> Option<()> {
    let given = fold(row.text("old_commune_name"));
    let Some(unit) = old.and_then(|area| catalogue.unit(area)) else { return Some(()) };
    if given.is_empty() || given.contains(&fold(unit.bare_name())) {
        return Some(());
    }
    row.fault(
        "old_commune_name",
        (format!("{} là {}", unit.area, unit.name), format!("{} is {}", unit.area, unit.name)),
    )
}

fn identify(
    row: &mut Row<'_>,
    (home, other): (AreaId, Option<AreaId>),
    name: &str,
    names: &Names,
    catalogue: &Catalogue,
) -> Option<String> {
    if row.optional("village_id").is_some() {
        return row.code("village_id");
    }
    let former = row.optional("former_name");
    for known in std::iter::once(name).chain(former.as_deref()) {
        let found: Vec<String> = names.find(home, other, known, catalogue).into_iter().cloned().collect();
        match found.as_slice() {
            [] => {}
            [id] => return Some(id.clone()),
            several => {
                let vi = format!("ghi village_id; tên này ứng với {}", several.join(" và "));
                let en = format!("a village_id; the name fits {}", several.join(" and "));
                return row.fault("village_name", (vi, en));
            }
        }
    }
    Some(derive_id(home, former.as_deref().unwrap_or(name)))
}
