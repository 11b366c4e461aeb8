//! CSV as spreadsheets read it: UTF-8 with a mark, a comma, CRLF. No cell is taken for a formula.

use super::cell::{Cell, Row};
use crate::coverage::calendar::day_text;

/// By it spreadsheets know UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Rows as CSV, handed out in pieces.
pub(super) struct CsvFile(csv::Writer<Vec<u8>>);

impl CsvFile {
    /// A file that begins with a mark and the headings.
    pub(super) fn new(headings: &[String]) -> std::io::Result<Self> {
        let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
        let mut file = Self(writer);
        file.0.write_record(headings.iter().map(|heading| harmless(heading)))?;
        Ok(file)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: &Row) -> std::io::Result<()> {
        let field = |cell: &Cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Number(number) => number.to_string(),
            Cell::Day(day) => day_text(*day),
        };
        Ok(self.0.write_record(row.iter().map(field))?)
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> std::io::Result<Vec<u8>> {
        self.0.flush()?;
        let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let written = std::mem::replace(&mut self.0, writer);
        written.into_inner().map_err(|error| error.into_error())
    }
}

/// The text with an apostrophe before whatever a spreadsheet would take for the beginning of a formula: at its own
/// beginning, and after what some spreadsheets take for the end of a cell, a semicolon, a tab, the end of a line.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        // Tab and carriage return are refused at the beginning of the text too: programs strip them.
        if begins && matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠') {
            harmless.push('\'');
        }
        begins = match c {
            ';' | '\t' | '\n' | '\r' => true,
            ' ' | '\u{a0}' | '"' | '\'' => begins && c != '\'',
            _ => false,
        };
        harmless.push(c);
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_a_formula() {
        for (text, expected) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+84", "'+84"),
            ("-1+2", "'-1+2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("  =1", "  '=1"),
            ("＝1", "'＝1"),
            ("a;=1", "a;'=1"),
            ("a\n=1", "a\n'=1"),
            ("\"=1", "\"'=1"),
            ("Nà Choòng - bản 2 = 3", "Nà Choòng - bản 2 = 3"),
            ("'=1", "'=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn pieces_put_together_are_one_file() -> std::io::Result<()> {
        let mut file = CsvFile::new(&["Ngày".to_owned(), "Số".to_owned()])?;
        let mut bytes = file.take()?;
        file.row(&vec![Cell::Day(20_780), Cell::Number(-3)])?;
        bytes.extend(file.take()?);
        file.row(&vec![Cell::Text("có \"ngoặc\", phẩy".to_owned()), Cell::Empty])?;
        bytes.extend(file.take()?);
        let expected = "\u{feff}Ngày,Số\r\n2026-11-23,-3\r\n\"có \"\"ngoặc\"\", phẩy\",\r\n";
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        Ok(())
    }
}
