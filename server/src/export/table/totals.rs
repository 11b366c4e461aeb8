//! Units and their sums, with a total. Here small breakdowns could be subtracted from: see `suppress::column`.

use std::collections::BTreeSet;

use sync_core::record::codes;

use super::{Asked, Rows, Table};
use crate::coverage::query::RangeParams;
use crate::coverage::{Totals, totals_of};
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::suppress::{Part, Shown, column};
use crate::export::words;
use crate::problem::Problem;
use crate::project::{self, Sums};
use crate::reference::{Catalogue, Kind};

/// The sums that are breakdowns, and whether they are parts of attendances.
const BREAKDOWNS: &[(&str, bool)] = &[("women", true), ("under16", true), ("minority", true), ("households", false)];

struct Line {
    code: String,
    name: String,
    remark: String,
    totals: Totals,
}

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let params: RangeParams = asked.params()?;
    let calendar = project::calendar(tx).await?;
    let filter = params.filter(catalogue)?;
    let range = params.read(catalogue, calendar, asked.now)?;
    let report = totals_of(tx, catalogue, &asked.scope, &range, filter.as_ref()).await?;

    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let shown = Sums::COLUMNS;
    let materials: BTreeSet<String> = report.total.material.keys().cloned().collect();
    let mut headings = vec![head("Mã đơn vị", "Unit, code"), head("Đơn vị", "Unit"), head("Ghi chú", "Remark")];
    headings.extend(shown.iter().map(|name| words::sum(lang, name).to_owned()));
    headings.extend(materials.iter().map(|kind| {
        let word = words::term(catalogue, lang, Kind::Materials, codes::MATERIALS, kind);
        format!("{}: {word}", lang.pick("Đã phát", "Handed out"))
    }));

    let mut lines: Vec<Line> = Vec::new();
    for unit in report.units {
        lines.push(Line { code: unit.unit.to_string(), name: unit.name, remark: String::new(), totals: unit.totals });
    }
    let choose = head("Cần chọn đơn vị mới", "A unit must be chosen");
    let unknown = head("Chưa rõ đơn vị", "The unit is not known");
    for (parts, remark) in [(report.needs_choice, choose), (report.unknown, unknown)] {
        for part in parts {
            let village = part.village.as_deref().and_then(|id| catalogue.village(id));
            let name = village.map_or(part.name.clone(), |village| format!("{}, {}", village.name, part.name));
            lines.push(Line { code: part.recorded.to_string(), name, remark: remark.clone(), totals: part.totals });
        }
    }
    let total =
        Line { code: String::new(), name: head("Tổng cộng", "Total"), remark: String::new(), totals: report.total };
    let rows = rows(asked, shown, &materials, lines, total);
    let title = head("Tổng hợp theo đơn vị", "Totals by unit");
    Ok(Table { title, headings, rows: Rows::Read(Box::new(rows.into_iter())) })
}

fn value(sums: &Sums, name: &str) -> i64 {
    let at = Sums::COLUMNS.iter().position(|column| *column == name);
    at.and_then(|at| sums.values().get(at).copied()).unwrap_or_default()
}

/// A row a line and one for the total, column by column.
fn rows(
    asked: &Asked,
    shown: &[&'static str],
    materials: &BTreeSet<String>,
    lines: Vec<Line>,
    total: Line,
) -> Vec<Row> {
    let begin = |line: &Line| -> Row {
        vec![Cell::text(line.code.as_str()), Cell::text(line.name.as_str()), Cell::text(line.remark.as_str())]
    };
    let mut rows: Vec<Row> = lines.iter().chain([&total]).map(begin).collect();
    for name in shown {
        let breakdown = BREAKDOWNS.iter().find(|(breakdown, _)| breakdown == name);
        let part = |line: &Line| {
            let of = breakdown.filter(|(_, of_attendances)| *of_attendances).map(|_| line.totals.sums.attendances);
            Part { value: value(&line.totals.sums, name), of }
        };
        let parts: Vec<Part> = lines.iter().map(part).collect();
        let (cells, sum) = match breakdown.filter(|_| asked.leaves_province) {
            Some(_) => column(asked.threshold, &parts, part(&total)),
            None => (parts.iter().map(|part| Shown::Value(part.value)).collect(), Shown::Value(part(&total).value)),
        };
        for (row, shown) in rows.iter_mut().zip(cells.into_iter().chain([sum])) {
            row.push(Cell::shown(shown, words::hidden(asked.lang)));
        }
    }
    for kind in materials {
        for (row, line) in rows.iter_mut().zip(lines.iter().chain([&total])) {
            row.push(Cell::Number(line.totals.material.get(kind).copied().unwrap_or_default()));
        }
    }
    rows
}
