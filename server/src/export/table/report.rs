//! The period report as a plain table: a line a figure, for other programs. The sheet that is printed and signed is
//! `GET /v1/reports/period.xlsx`, and is an export too.

use super::{Asked, Rows, Table};
use crate::cli::Lang;
use crate::db::Tx;
use crate::export::cell::{Cell, Row};
use crate::export::suppress::{Part, alone};
use crate::export::words;
use crate::problem::Problem;
use crate::reference::Catalogue;
use crate::report::{Figure, Language, PeriodReport, ReportParams, report, workbook};
use crate::{project, setting};

/// The figures that are breakdowns, and the figure they are parts of.
const BREAKDOWNS: &[(&str, Option<&str>)] = &[
    ("results.women", Some("results.attendances")),
    ("results.under16", Some("results.attendances")),
    ("results.minority", Some("results.attendances")),
    ("results.households", None),
];

/// One of the three periods of a figure.
type Of = fn(&Figure) -> Option<i64>;

async fn read(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<(PeriodReport, Language), Problem> {
    let params: ReportParams = asked.params()?;
    let calendar = project::calendar(tx).await?;
    let question = params.read(catalogue, calendar, asked.now)?;
    let language = match asked.lang {
        Lang::Vi => Language::Vi,
        Lang::En => Language::En,
    };
    Ok((report(tx, catalogue, calendar, &asked.scope, &question).await?, language))
}

/// The workbook that is printed and signed.
pub(super) async fn sheet(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Vec<u8>, Problem> {
    let (report, language) = read(tx, catalogue, asked).await?;
    let issuer = setting::read(tx).await?.report_issuer;
    workbook(&report, &issuer, language).map_err(Problem::internal)
}

pub(super) async fn table(tx: &mut Tx, catalogue: &Catalogue, asked: &Asked) -> Result<Table, Problem> {
    let (report, language) = read(tx, catalogue, asked).await?;
    let lang = asked.lang;
    let head = |vi: &str, en: &str| lang.pick(vi, en).to_owned();
    let headings = vec![
        head("Mã chỉ tiêu", "Key"),
        head("Nhóm", "Group"),
        head("Chỉ tiêu", "Figure"),
        head("Đơn vị tính", "Unit of measure"),
        head("Kỳ báo cáo", "Period"),
        head("Kỳ trước", "Period before"),
        head("Cùng kỳ năm trước", "Same period last year"),
        head("Đơn vị báo cáo", "Reporting unit"),
        head("Từ ngày", "From"),
        head("Đến ngày", "To"),
    ];
    let periods: [Of; 3] = [|figure| figure.now, |figure| figure.before, |figure| figure.year_before];
    let row = |figure: &Figure| -> Row {
        let mut row = vec![
            Cell::text(figure.key.as_str()),
            Cell::text(figure.group.heading().get(language)),
            Cell::text(figure.label.get(language)),
            Cell::text(figure.unit.get(language)),
        ];
        row.extend(periods.map(|of| cell(asked, &report, figure, of)));
        row.extend([Cell::text(report.unit_name.as_str()), Cell::day(Some(&report.from)), Cell::day(Some(&report.to))]);
        row
    };
    let rows: Vec<Row> = report.figures.iter().map(row).collect();
    Ok(Table { title: head("Báo cáo", "Report"), headings, rows: Rows::Read(Box::new(rows.into_iter())) })
}

/// A figure of one period; hidden where it is small and the file leaves the province.
fn cell(asked: &Asked, report: &PeriodReport, figure: &Figure, of: Of) -> Cell {
    let Some(value) = of(figure) else { return Cell::Empty };
    let breakdown = BREAKDOWNS.iter().find(|(key, _)| *key == figure.key).filter(|_| asked.leaves_province);
    let Some((_, whole)) = breakdown else { return Cell::Number(value) };
    let whole = whole.and_then(|key| report.figures.iter().find(|figure| figure.key == key)).and_then(of);
    Cell::shown(alone(asked.threshold, Part { value, of: whole }), words::hidden(asked.lang))
}
