//! Reading a CSV file whose errors a clerk can act on: each names the line, the column and what is accepted.
//!
//! Accepted: UTF-8 with or without a byte order mark; comma, or semicolon as some spreadsheets write; lines that begin
//! with `#` are remarks; columns in any order. A remark that begins with `# SAMPLE` marks every row as sample data.

use std::collections::BTreeMap;

use sync_core::fold::tidy;

pub use super::fault::{Fault, SheetError};

/// How many faults of one file are listed before the rest is only counted.
const LISTED_FAULTS: usize = 20;

/// The headings of one kind of file.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// Must all be there.
    pub required: &'static [&'static str],
    /// May be there.
    pub optional: &'static [&'static str],
}

impl Columns {
    fn accepted(self) -> String {
        let optional = self.optional.iter().map(|name| format!("{name} (optional)"));
        self.required.iter().map(ToString::to_string).chain(optional).collect::<Vec<_>>().join(", ")
    }
}

/// The rows of a file, cells tidied, headings checked.
#[derive(Debug)]
pub struct Sheet {
    places: BTreeMap<String, usize>,
    lines: Vec<(u64, Vec<String>)>,
    /// A remark says that this is sample data.
    pub sample: bool,
}

impl Sheet {
    /// Reads `bytes` as a file with these headings.
    ///
    /// # Errors
    /// Any [`SheetError`] but [`SheetError::Cells`].
    pub fn read(bytes: &[u8], columns: Columns) -> Result<Self, SheetError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let good = &bytes[..error.valid_up_to()];
            SheetError::Encoding { line: 1 + good.iter().filter(|byte| **byte == b'\n').count() }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let accepted = columns.accepted();
        let heading = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty());
        let heading = heading.ok_or_else(|| SheetError::Empty { accepted: accepted.clone() })?;
        let delimiter = if heading.contains(';') && !heading.contains(',') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .delimiter(delimiter)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut sheet = Self {
            places: BTreeMap::new(),
            lines: Vec::new(),
            sample: text.lines().any(|line| line.starts_with("# SAMPLE")),
        };
        let mut lines = Lines { text, at: 0, line: 1 };
        for (at, record) in reader.records().enumerate() {
            let record = record.map_err(|error| shape(&error, &mut lines))?;
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            if at == 0 {
                sheet.places = headings(line, &record, columns, &accepted)?;
            } else if record.iter().any(|cell| !cell.trim().is_empty()) {
                sheet.lines.push((line, record.iter().map(tidy).collect()));
            }
        }
        Ok(sheet)
    }

    /// Makes one `T` of each row. Every faulty cell is reported, not only the first.
    ///
    /// # Errors
    /// [`SheetError::Cells`].
    pub fn rows<T>(&self, mut make: impl FnMut(&mut Row<'_>) -> Option<T>) -> Result<Vec<T>, SheetError> {
        let mut faults = Vec::new();
        let mut rows = Vec::with_capacity(self.lines.len());
        for (line, cells) in &self.lines {
            let mut row = Row { line: *line, cells, places: &self.places, faults: &mut faults };
            rows.extend(make(&mut row));
        }
        if faults.is_empty() {
            return Ok(rows);
        }
        let more = faults.len().saturating_sub(LISTED_FAULTS);
        faults.truncate(LISTED_FAULTS);
        Err(SheetError::Cells { faults, more })
    }
}

/// Line numbers of ascending places. The reader's own number of a row is that of the remarks before it.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, byte: u64) -> u64 {
        let mut to = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.at, self.text.len());
        while self.text[to..].starts_with(['#', '\n', '\r']) {
            to += self.text[to..].find('\n').map_or(self.text.len() - to, |end| end + 1);
        }
        self.line += self.text[self.at..to].bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.at = to;
        self.line
    }
}

fn shape(error: &csv::Error, lines: &mut Lines<'_>) -> SheetError {
    let line = lines.of(error.position().map_or(0, csv::Position::byte));
    let cause = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the heading has {expected_len}; put a cell that holds a comma in quotes")
        }
        _ => error.to_string(),
    };
    SheetError::Shape { line, cause }
}

fn headings(
    line: u64,
    record: &csv::StringRecord,
    columns: Columns,
    accepted: &str,
) -> Result<BTreeMap<String, usize>, SheetError> {
    let mut places = BTreeMap::new();
    for (at, heading) in record.iter().enumerate() {
        let heading = tidy(heading);
        let known = columns.required.iter().chain(columns.optional).any(|name| *name == heading);
        if !known || places.insert(heading.clone(), at).is_some() {
            return Err(SheetError::Unknown { line, column: heading, accepted: accepted.to_owned() });
        }
    }
    match columns.required.iter().find(|name| !places.contains_key(**name)) {
        None => Ok(places),
        Some(name) => Err(SheetError::Missing { line, column: (*name).to_owned(), accepted: accepted.to_owned() }),
    }
}

/// One row while it is read. A method that returns `None` for a cell that must hold something has noted the fault.
#[derive(Debug)]
pub struct Row<'a> {
    /// Line number in the file.
    pub line: u64,
    cells: &'a [String],
    places: &'a BTreeMap<String, usize>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Row<'a> {
    /// The cell's text; empty when the column is not there.
    #[must_use]
    pub fn text(&self, column: &str) -> &'a str {
        self.places.get(column).and_then(|at| self.cells.get(*at)).map_or("", String::as_str)
    }

    /// The cell's text, or `None` when it is empty.
    #[must_use]
    pub fn optional(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
    }

    /// Text of 1 to `limit` characters.
    pub fn required(&mut self, column: &str, limit: usize) -> Option<String> {
        let text = self.text(column);
        if text.is_empty() || text.chars().count() > limit {
            return self
                .fault(column, (format!("chữ, 1 đến {limit} ký tự"), format!("text of 1 to {limit} characters")));
        }
        Some(text.to_owned())
    }

    /// An identifier: 1 to 40 of `a-z`, `0-9`, `_`, `-`, `.`.
    pub fn code(&mut self, column: &str) -> Option<String> {
        let text = self.text(column);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        if text.is_empty() || text.len() > 40 || !text.chars().all(fits) {
            return self.fault(column, ("1 đến 40 ký tự a-z, 0-9, _, -, .", "1 to 40 characters of a-z, 0-9, _, -, ."));
        }
        Some(text.to_owned())
    }

    /// A number within `range`.
    pub fn number(&mut self, column: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        match self.text(column).parse::<u32>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = (range.start(), range.end());
                let vi = format!("số nguyên từ {least} đến {most}");
                self.fault(column, (vi, format!("a whole number from {least} to {most}")))
            }
        }
    }

    /// A unit's code of up to five digits, with or without leading zeros (spreadsheets eat them).
    pub fn unit_code(&mut self, column: &str) -> Option<u32> {
        let text = self.text(column);
        if text.is_empty() || text.len() > 5 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.fault(
                column,
                ("mã đơn vị năm chữ số, ví dụ 06841", "the unit's code of five digits, for instance 06841"),
            );
        }
        text.parse().ok()
    }

    /// As [`Row::unit_code`]; `Some(None)` when the cell is empty.
    pub fn optional_unit_code(&mut self, column: &str) -> Option<Option<u32>> {
        if self.text(column).is_empty() { Some(None) } else { self.unit_code(column).map(Some) }
    }

    /// One of the values listed.
    pub fn one_of<T: Copy>(&mut self, column: &str, values: &[(&str, T)]) -> Option<T> {
        let text = self.text(column);
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names = |empty: &str| {
            let shown = values.iter().map(|(name, _)| if name.is_empty() { empty } else { name });
            shown.collect::<Vec<_>>().join(", ")
        };
        self.fault(column, (names("để trống"), names("empty")))
    }

    /// A date `yyyy-mm-dd`, or `Some(None)` when the cell is empty.
    pub fn optional_date(&mut self, column: &str) -> Option<Option<String>> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(None);
        }
        let format = time::macros::format_description!("[year]-[month]-[day]");
        match time::Date::parse(text, &format) {
            Ok(_) => Some(Some(text.to_owned())),
            Err(_) => self.fault(column, ("ngày dạng yyyy-mm-dd, hoặc để trống", "a date as yyyy-mm-dd, or empty")),
        }
    }

    /// Thousandths of a degree from degrees in decimals, with a point or a comma; `Some(None)` when the cell is empty.
    pub fn optional_degrees(&mut self, column: &str, range: std::ops::RangeInclusive<i32>) -> Option<Option<i32>> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(None);
        }
        let degrees = text.replace(',', ".").parse::<f64>().ok().map(|degrees| degrees * 1000.0);
        let within = |value: &f64| (f64::from(*range.start())..=f64::from(*range.end())).contains(value);
        match degrees.filter(within) {
            #[expect(clippy::cast_possible_truncation, reason = "within a range of whole numbers")]
            Some(value) => Some(Some(value.round() as i32)),
            None => {
                let (least, most) = (f64::from(*range.start()) / 1000.0, f64::from(*range.end()) / 1000.0);
                let vi = format!("độ thập phân từ {least} đến {most}, ví dụ 21.535, hoặc để trống");
                self.fault(
                    column,
                    (vi, format!("decimal degrees from {least} to {most}, for instance 21.535, or empty")),
                )
            }
        }
    }

    /// Notes that this cell is not accepted; always `None`.
    ///
    /// `accepted` says what is, in Vietnamese and in English.
    pub fn fault<T>(&mut self, column: &str, accepted: (impl Into<String>, impl Into<String>)) -> Option<T> {
        let value = self.text(column).chars().take(60).collect();
        let (accepted_vi, accepted) = (accepted.0.into(), accepted.1.into());
        self.faults.push(Fault { line: self.line, column: column.to_owned(), value, accepted, accepted_vi });
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { required: &["code", "name"], optional: &["note"] };

    #[test]
    fn lines_are_counted_with_remarks_and_columns_may_stand_in_any_order() {
        let sheet = Sheet::read("# remark\n# SAMPLE\nname,code\n\"Nà\nLý\",06841\nx,9\n".as_bytes(), COLUMNS);
        let sheet = sheet.expect("reads");
        assert!(sheet.sample);
        let rows = sheet.rows(|row| Some((row.line, row.unit_code("code")?, row.required("name", 9)?)));
        assert_eq!(rows.expect("good"), [(4, 6841, "Nà Lý".to_owned()), (6, 9, "x".to_owned())]);
    }

    #[test]
    fn every_fault_names_line_column_value_and_accepted() {
        let sheet = Sheet::read(b"code,name\n0684x,\n6841,good\n", COLUMNS).expect("reads");
        let error = sheet.rows(|row| (row.unit_code("code"), row.required("name", 9)).0).expect_err("faults");
        let text = error.to_string();
        assert!(text.contains("line 2, column code: \"0684x\" is not accepted; accepted: the unit's code"), "{text}");
        assert!(text.contains("line 2, column name: \"\" is not accepted; accepted: text of 1 to 9"), "{text}");
    }

    #[test]
    fn an_unknown_or_missing_column_lists_the_accepted_ones() {
        let error = Sheet::read(b"code,nam\n", COLUMNS).expect_err("unknown");
        assert_eq!(
            error.to_string(),
            "line 1: column \"nam\" is unknown or stands twice; accepted columns: code, name, note (optional)"
        );
        assert!(matches!(Sheet::read(b"#x\ncode\n", COLUMNS), Err(SheetError::Missing { line: 2, .. })));
    }

    #[test]
    fn wrong_encoding_names_the_line() {
        let bytes = b"code,name\n1,\xff\n";
        assert_eq!(Sheet::read(bytes, COLUMNS).expect_err("not UTF-8"), SheetError::Encoding { line: 2 });
    }

    #[test]
    fn a_row_with_too_many_cells_is_named() {
        let error = Sheet::read(b"code,name\n1,a,b\n", COLUMNS).expect_err("too long");
        assert!(matches!(error, SheetError::Shape { line: 2, .. }), "{error}");
    }

    #[test]
    fn byte_order_mark_and_semicolons_are_accepted() {
        let sheet = Sheet::read("\u{feff}code;name\n1;a\n".as_bytes(), COLUMNS).expect("reads");
        assert_eq!(sheet.rows(|row| row.unit_code("code")).expect("good"), [1]);
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert!(matches!(Sheet::read(b"# only\n", COLUMNS), Err(SheetError::Empty { .. })));
    }
}
