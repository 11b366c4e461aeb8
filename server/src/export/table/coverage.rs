//! Villages by period, and the same on a map.

use sync_core::id::AreaId;

use super::{Asked, Rows, Table};
use crate::coverage::query::{RangeParams, SpanParams};
use crate::coverage::{coverage_of, map};
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::geo_file;
use crate::export::words;
use crate::problem::Problem;
use crate::project;
use crate::reference::Catalogue;

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let params: RangeParams = asked.params()?;
    let calendar = project::calendar(tx).await?;
    let filter = params.filter(catalogue)?;
    let range = params.read(catalogue, calendar, asked.now)?;
    let coverage = coverage_of(tx, catalogue, calendar, &asked.scope, &range, filter.as_ref()).await?;

    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let mut headings = vec![
        head("Mã đơn vị", "Unit, code"),
        head("Đơn vị", "Unit"),
        head("Mã thôn, bản, khu", "Village, id"),
        head("Thôn, bản, khu", "Village"),
        head("Kỳ báo cáo", "Period"),
        head("Từ ngày", "From"),
        head("Đến ngày", "To"),
        head("Tình trạng", "State"),
        head("Số buổi theo kế hoạch", "Sessions planned"),
        head("Số buổi", "Sessions"),
        head("Trong đó: đã duyệt", "of which confirmed"),
        head("Lượt người nghe", "Attendances"),
        head("Dữ liệu mẫu", "Sample data"),
    ];
    let inside = !asked.leaves_province;
    if inside {
        headings.push(head("Số thiết bị chưa gửi đủ", "Devices not heard of"));
    }
    let names: std::collections::BTreeMap<AreaId, String> =
        catalogue.units_of(range.generation).map(|unit| (unit.area, unit.name.clone())).collect();
    let choose = head("Cần chọn đơn vị mới", "A unit must be chosen");
    let periods = coverage.periods;
    let rows = coverage.villages.into_iter().flat_map(move |village| {
        let name = village.unit.and_then(|unit| names.get(&unit).cloned());
        let name = name.or_else(|| (!village.candidates.is_empty()).then(|| choose.clone()));
        let cells = village.periods.into_iter().zip(&periods).map(|(cell, period)| {
            let mut row: Row = vec![
                Cell::maybe(village.unit.map(|unit| unit.to_string())),
                Cell::maybe(name.clone()),
                Cell::text(village.village.as_str()),
                Cell::text(format!("{} {}", village.kind, village.name)),
                Cell::text(period.label.as_str()),
                Cell::day(Some(&period.from)),
                Cell::day(Some(&period.to)),
                Cell::text(words::village_state(lang, cell.state)),
                Cell::number(cell.planned.map(i64::from)),
                Cell::Number(cell.done),
                Cell::Number(cell.confirmed),
                Cell::Number(cell.attendances),
                Cell::text(words::yes_no(lang, village.sample)),
            ];
            if inside {
                row.push(Cell::count(cell.unheard_devices));
            }
            row
        });
        cells.collect::<Vec<_>>()
    });
    let title = head("Độ phủ địa bàn", "Coverage");
    Ok(Table { title, headings, rows: Rows::Read(Box::new(rows)) })
}

pub(super) async fn features(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Vec<String>, Problem> {
    let params: SpanParams = asked.params()?;
    let calendar = project::calendar(tx).await?;
    let params = RangeParams::from(params);
    let filter = params.filter(catalogue)?;
    let range = params.read(catalogue, calendar, asked.now)?;
    let map = map::map(tx, catalogue, calendar, &asked.scope, &range, filter.as_ref()).await?;
    let features: std::io::Result<Vec<String>> = map.features.iter().map(geo_file::feature).collect();
    features.map_err(Problem::internal)
}
