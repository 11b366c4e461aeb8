//! XLSX in constant memory: rows go to a private file as they come. Texts are written as texts, never as formulas.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::cell::{Cell, Row};
use super::made::Abandoned;

/// Rows of a sheet, the heading's among them: what the format allows.
const MOST_ROWS: u32 = 1_048_576;
/// Characters of a cell: what the format allows.
const MOST_CHARACTERS: usize = 32_767;
/// 1970-01-01 as spreadsheets count days.
const EPOCH: i64 = 25_569;
/// Width of a column, in characters.
const WIDTH: f64 = 18.0;

/// What the sheets say.
#[derive(Debug, Clone)]
pub(super) struct Headed {
    /// The name of the first sheet; others get a number.
    pub(super) name: String,
    /// Headings of the columns.
    pub(super) headings: Vec<String>,
    /// A last sheet that says what the file is: its name, then pairs.
    pub(super) about: (String, Vec<(String, String)>),
}

struct Formats {
    heading: Format,
    number: Format,
    day: Format,
}

/// Writes rows to a workbook at `path`, work files beside it, until `next` gives no more. Ends early, also while the file
/// is put together at last, when nobody wants it any more.
///
/// # Errors
/// The library's, for instance of a full disk; an I/O error when it is abandoned.
pub(super) fn write(
    path: &Path,
    headed: &Headed,
    abandoned: &Abandoned,
    mut next: impl FnMut() -> Option<Vec<Row>>,
) -> Result<(), XlsxError> {
    let mut next = || {
        let rows = next();
        abandoned.check().map(|()| rows)
    };
    let mut workbook = Workbook::new();
    workbook.set_tempdir(path.parent().unwrap_or(Path::new(".")))?;
    let formats = Formats {
        heading: Format::new().set_bold().set_text_wrap(),
        number: Format::new().set_num_format("#,##0"),
        day: Format::new().set_num_format("dd/mm/yyyy"),
    };
    let mut page = next()?;
    for number in 1.. {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        let name = if number == 1 { headed.name.clone() } else { format!("{} {number}", headed.name) };
        sheet.set_name(name)?;
        begin(sheet, headed, &formats)?;
        let mut at = 1;
        while let Some(rows) = &mut page {
            let room = (MOST_ROWS - at) as usize;
            for row in rows.drain(..rows.len().min(room)) {
                put(sheet, at, &row, &formats)?;
                at += 1;
            }
            if !rows.is_empty() {
                break;
            }
            page = next()?;
        }
        if page.is_none() {
            break;
        }
    }
    let (name, pairs) = &headed.about;
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(name)?.set_column_width(0, 2.0 * WIDTH)?.set_column_width(1, 4.0 * WIDTH)?;
    for (at, (what, value)) in (0..).zip(pairs) {
        sheet.write_string_with_format(at, 0, what, &formats.heading)?;
        sheet.write_string(at, 1, cut(value))?;
    }
    let mut file = Wanted { file: BufWriter::new(File::create(path)?), abandoned: abandoned.clone() };
    workbook.save_to_writer(&mut file)?;
    Ok(file.flush()?)
}

/// A file that takes bytes only while somebody wants it.
struct Wanted {
    file: BufWriter<File>,
    abandoned: Abandoned,
}

impl Write for Wanted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.abandoned.check()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Wanted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

fn begin(sheet: &mut Worksheet, headed: &Headed, formats: &Formats) -> Result<(), XlsxError> {
    sheet.set_freeze_panes(1, 0)?;
    for (column, _) in (0..).zip(&headed.headings) {
        sheet.set_column_width(column, WIDTH)?;
    }
    for (column, heading) in (0..).zip(&headed.headings) {
        sheet.write_string_with_format(0, column, heading, &formats.heading)?;
    }
    Ok(())
}

fn put(sheet: &mut Worksheet, at: u32, row: &Row, formats: &Formats) -> Result<(), XlsxError> {
    for (column, cell) in (0..).zip(row) {
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                sheet.write_string(at, column, cut(text))?;
            }
            Cell::Number(number) => {
                sheet.write_number_with_format(at, column, *number as f64, &formats.number)?;
            }
            Cell::Day(day) => {
                sheet.write_number_with_format(at, column, (day + EPOCH) as f64, &formats.day)?;
            }
        }
    }
    Ok(())
}

/// The text, as far as a cell holds it; an ellipsis says that there was more.
fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}
