//! Reading the file of units: one row a pair of an old unit and the unit it lies in since 2025-07-01.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::AreaId;

use super::catalogue::Unit;
use super::lineage::Edge;
use super::sheet::{Columns, Row, Sheet, SheetError};

/// The headings.
pub(super) const COLUMNS: Columns = Columns {
    required: &[
        "unit_2023_code",
        "unit_2023_name",
        "unit_2023_district",
        "unit_2024_code",
        "unit_2024_name",
        "unit_2024_district",
        "relation_2024_2025",
        "main_successor",
        "unit_2025_code",
        "unit_2025_name",
        "unit_2025_kind",
    ],
    optional: &["change_2023_2024", "land_border_2025", "lat", "lon"],
};

/// Days since 1970 of 2024-11-01 and 2025-07-01, on which units changed.
const CHANGE_2024_DAY: i32 = 20_028;
const CHANGE_2025_DAY: i32 = 20_270;

const KINDS: [&str; 4] = ["thị trấn", "đặc khu", "phường", "xã"];

/// What a file of units says.
#[derive(Debug, Default)]
pub(super) struct UnitsFile {
    pub(super) units: BTreeMap<AreaId, Unit>,
    pub(super) edges: BTreeMap<AreaId, BTreeSet<Edge>>,
}

/// Reads and checks the whole file: a code names one unit in each generation, a unit is whole only with one successor,
/// and just one of several successors is the main one.
pub(super) fn read(sheet: &Sheet) -> Result<UnitsFile, SheetError> {
    let mut file = UnitsFile::default();
    sheet.rows(|row| read_row(row, &mut file))?;
    Ok(file)
}

fn read_row(row: &mut Row<'_>, file: &mut UnitsFile) -> Option<()> {
    let old = old_unit(row, 2023, ["unit_2023_code", "unit_2023_name", "unit_2023_district"]);
    let middle = old_unit(row, 2024, ["unit_2024_code", "unit_2024_name", "unit_2024_district"]);
    let new = new_unit(row);
    let whole = row.one_of("relation_2024_2025", &[("whole", true), ("unchanged", true), ("part", false)]);
    let main = row.one_of("main_successor", &[("1", true), ("0", false)]);
    let (old, middle, new, whole, main) = (old?, middle?, new?, whole?, main?);
    let first = Edge { from: old.area, to: middle.area, whole: true, main: true };
    let second = Edge { from: middle.area, to: new.area, whole, main };
    put_unit(row, file, old, "unit_2023_name")?;
    put_unit(row, file, middle, "unit_2024_name")?;
    put_unit(row, file, new, "unit_2025_name")?;
    put_edge(row, file, first, "unit_2024_code")?;
    put_edge(row, file, second, "relation_2024_2025")
}

fn put_unit(row: &mut Row<'_>, file: &mut UnitsFile, unit: Unit, column: &str) -> Option<()> {
    match file.units.get(&unit.area) {
        Some(there) if *there != unit => row.fault(
            column,
            (
                format!("như ở dòng trước: {} là {}", unit.area, there.name),
                format!("as in an earlier row, {} is {}", unit.area, there.name),
            ),
        ),
        _ => {
            file.units.insert(unit.area, unit);
            Some(())
        }
    }
}

fn put_edge(row: &mut Row<'_>, file: &mut UnitsFile, edge: Edge, column: &str) -> Option<()> {
    let edges = file.edges.entry(edge.from).or_default();
    let others = || edges.iter().filter(|other| other.to != edge.to);
    if others().any(|other| other.whole || edge.whole) {
        return row.fault(
            column,
            (
                format!("một đơn vị kế tiếp của {}, hoặc ghi part ở mọi dòng của đơn vị đó", edge.from),
                format!("one successor of {}, or part in each of its rows", edge.from),
            ),
        );
    }
    if edge.main && others().any(|other| other.main) {
        return row.fault(
            "main_successor",
            (
                format!("1 cho chỉ một đơn vị kế tiếp của {}", edge.from),
                format!("1 for one successor of {} only", edge.from),
            ),
        );
    }
    if edges.iter().any(|other| other.to == edge.to && *other != edge) {
        return row.fault(
            column,
            (
                format!("như ở dòng trước của {} và {}", edge.from, edge.to),
                format!("as in an earlier row of {} and {}", edge.from, edge.to),
            ),
        );
    }
    edges.insert(edge);
    Some(())
}

fn old_unit(row: &mut Row<'_>, generation: u16, [code, name, district]: [&str; 3]) -> Option<Unit> {
    let (code, full) = (row.unit_code(code), row.required(name, 80));
    let lower = full.as_ref()?.to_lowercase();
    let kind = KINDS.into_iter().find(|kind| lower.starts_with(kind));
    if kind.is_none() {
        return row.fault(
            name,
            (
                "tên bắt đầu bằng Xã, Phường, Thị trấn hoặc Đặc khu",
                "a name that begins with Xã, Phường, Thị trấn or Đặc khu",
            ),
        );
    }
    let (from, to) =
        if generation == 2023 { (None, CHANGE_2024_DAY - 1) } else { (Some(CHANGE_2024_DAY), CHANGE_2025_DAY - 1) };
    Some(Unit {
        area: AreaId { generation, code: code? },
        name: full?,
        kind: kind?.to_owned(),
        district: row.optional(district),
        land_border: None,
        label_lat_e3: None,
        label_lon_e3: None,
        valid_from_day: from,
        valid_to_day: Some(to),
    })
}

fn new_unit(row: &mut Row<'_>) -> Option<Unit> {
    let code = row.unit_code("unit_2025_code");
    let name = row.required("unit_2025_name", 80);
    let kind = row.one_of("unit_2025_kind", &KINDS.map(|kind| (kind, kind)));
    let border = [("", None), ("yes", Some("yes")), ("map-only", Some("map-only"))];
    let land_border =
        if row.text("land_border_2025").is_empty() { None } else { row.one_of("land_border_2025", &border)? };
    let (lat, lon) = (degrees_e3(row, "lat", 90.0), degrees_e3(row, "lon", 180.0));
    Some(Unit {
        area: AreaId { generation: 2025, code: code? },
        name: name?,
        kind: kind?.to_owned(),
        district: None,
        land_border: land_border.map(str::to_owned),
        label_lat_e3: lat?,
        label_lon_e3: lon?,
        valid_from_day: Some(CHANGE_2025_DAY),
        valid_to_day: None,
    })
}

/// Thousandths of a degree; `Some(None)` when the cell is empty.
fn degrees_e3(row: &mut Row<'_>, column: &str, limit: f64) -> Option<Option<i32>> {
    let text = row.text(column);
    if text.is_empty() {
        return Some(None);
    }
    match text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "at most 180,000")]
        Ok(degrees) if degrees.abs() <= limit => Some(Some((degrees * 1000.0).round() as i32)),
        _ => row.fault(
            column,
            (
                format!("số độ có dấu chấm thập phân, từ -{limit} đến {limit}, hoặc để trống"),
                format!("degrees with a point, from -{limit} to {limit}, or empty"),
            ),
        ),
    }
}
