//! Villages not reached for a while.

use super::{Asked, Rows, Table};
use crate::coverage::query::UnreachedParams;
use crate::coverage::unreached;
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::words;
use crate::problem::Problem;
use crate::reference::Catalogue;
use crate::setting;

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let params: UnreachedParams = asked.params()?;
    let (days, range) = params.read(catalogue, setting::read(tx).await?.unreached_days, asked.now)?;
    let found = unreached(tx, catalogue, &asked.scope, &range, days).await?;
    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let inside = !asked.leaves_province;
    let mut headings = vec![
        head("Mã đơn vị", "Unit, code"),
        head("Đơn vị", "Unit"),
        head("Mã thôn, bản, khu", "Village, id"),
        head("Thôn, bản, khu", "Village"),
        head("Ngày tuyên truyền gần nhất", "Last session"),
        head("Số ngày từ đó", "Days since"),
        head("Dữ liệu mẫu", "Sample data"),
    ];
    if inside {
        headings.push(head("Số thiết bị", "Devices"));
        headings.push(head("Số thiết bị chưa gửi đủ", "Devices not heard of"));
    }
    let rows: Vec<Row> = found
        .villages
        .into_iter()
        .map(|village| {
            let mut row = vec![
                Cell::maybe(village.unit.map(|unit| unit.to_string())),
                Cell::maybe(village.unit.map(|unit| catalogue.area_name(unit))),
                Cell::text(village.village.as_str()),
                Cell::text(format!("{} {}", village.kind, village.name)),
                Cell::day(village.last_day.as_deref()),
                Cell::number(village.days),
                Cell::text(words::yes_no(lang, village.sample)),
            ];
            if inside {
                row.extend([Cell::count(village.devices.devices), Cell::count(village.unheard_devices)]);
            }
            row
        })
        .collect();
    let title = format!("{} {days} {}", lang.pick("Chưa tuyên truyền", "Not reached for"), lang.pick("ngày", "days"));
    Ok(Table { title, headings, rows: Rows::Read(Box::new(rows.into_iter())) })
}
