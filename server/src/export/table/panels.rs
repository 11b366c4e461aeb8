//! The register of panels, and how it stands in each unit on a map.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::id::AreaId;
use sync_core::record::codes;

use super::{Asked, Rows, Table};
use crate::coverage::calendar::local_day;
use crate::coverage::geo::{Feature, Point};
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::{geo_file, words};
use crate::panel::{Panel, PanelCounts, PanelParams, Panels, panels};
use crate::problem::Problem;
use crate::reference::{Catalogue, Kind};
use crate::setting;

async fn read(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Panels, Problem> {
    let params: PanelParams = asked.params()?;
    let usual = setting::read(tx).await?.panel_check_days;
    let question = params.read(catalogue, i64::from(usual))?;
    Ok(panels(tx, catalogue, &asked.scope, &question, local_day(asked.now.0)).await?)
}

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let found = read(tx, catalogue, asked).await?;
    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let mut headings = vec![
        head("Mã pano", "Panel, id"),
        head("Pano", "Panel"),
        head("Mã đơn vị khi đăng ký", "Unit as registered, code"),
        head("Đơn vị khi đăng ký", "Unit as registered"),
        head("Mã đơn vị", "Unit, code"),
        head("Đơn vị", "Unit"),
        head("Lần kiểm tra gần nhất", "Last check"),
        head("Số ngày từ đó", "Days since"),
        head("Tình trạng pano", "Condition"),
        head("Số đường dây nóng sai", "Wrong hotline number"),
        head("Quá hạn kiểm tra", "Overdue"),
        head("Dữ liệu mẫu", "Sample data"),
    ];
    let inside = !asked.leaves_province;
    if inside {
        headings.push(head("Người kiểm tra", "Checked by"));
    }
    let choose = head("Cần chọn đơn vị mới", "A unit must be chosen");
    let row = |panel: Panel| -> Row {
        let name = panel.unit_name.or_else(|| (!panel.candidates.is_empty()).then(|| choose.clone()));
        let last = panel.last_check.as_ref();
        let conditions = last.map(|last| last.conditions.iter().map(String::as_str)).into_iter().flatten();
        let conditions = words::terms(catalogue, lang, Kind::PanelConditions, codes::PANEL_CONDITIONS, conditions);
        let mut row = vec![
            Cell::text(panel.id),
            Cell::text(panel.name),
            Cell::text(panel.area.to_string()),
            Cell::text(panel.area_name),
            Cell::maybe(panel.unit.map(|unit| unit.to_string())),
            Cell::maybe(name),
            Cell::day(last.and_then(|last| last.day.as_deref())),
            Cell::number(last.and_then(|last| last.days)),
            Cell::text(conditions),
            Cell::maybe(last.and_then(|last| last.hotline_wrong).map(|wrong| words::yes_no(lang, wrong))),
            Cell::text(words::yes_no(lang, panel.overdue)),
            Cell::text(words::yes_no(lang, panel.sample)),
        ];
        if inside {
            row.push(Cell::maybe(last.and_then(|last| last.recorder_name.as_deref())));
        }
        row
    };
    let rows: Vec<Row> = found.panels.into_iter().map(row).collect();
    Ok(Table { title: head("Pano", "Panels"), headings, rows: Rows::Read(Box::new(rows.into_iter())) })
}

/// The panels of one unit.
#[derive(Debug, Serialize)]
struct UnitPanels {
    kind: &'static str,
    id: String,
    name: String,
    #[serde(flatten)]
    counts: PanelCounts,
}

/// A point for each unit in which a panel stands. One of which a person has to choose the unit is in none.
pub(super) async fn features(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Vec<String>, Problem> {
    let found = read(tx, catalogue, asked).await?;
    let mut by_unit: BTreeMap<AreaId, PanelCounts> = BTreeMap::new();
    for panel in &found.panels {
        if let Some(unit) = panel.unit {
            by_unit.entry(unit).or_default().count(panel);
        }
    }
    let mut features = Vec::new();
    for (area, counts) in by_unit {
        let Some(unit) = catalogue.unit(area) else { continue };
        let Some((lat, lon)) = unit.label_lat_e3.zip(unit.label_lon_e3) else { continue };
        let place = UnitPanels { kind: "unit", id: area.to_string(), name: unit.name.clone(), counts };
        let feature = Feature::new(Point::of_e3(lat, lon), place);
        features.push(geo_file::feature(&feature).map_err(Problem::internal)?);
    }
    Ok(features)
}
