//! What is wrong with a file, so that a clerk can act on it: line, column, what stands there, what is accepted.

use std::fmt;

use crate::cli::Lang;

/// One fault of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line number in the file, the first is 1.
    pub line: u64,
    /// The column's heading.
    pub column: String,
    /// What stands there, cut to 60 characters.
    pub value: String,
    /// What is accepted, in English.
    pub accepted: String,
    /// What is accepted, in Vietnamese.
    pub accepted_vi: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, value, accepted, .. } = self;
        write!(f, "line {line}, column {column}: {value:?} is not accepted; accepted: {accepted}")
    }
}

impl Fault {
    fn text(&self, lang: Lang) -> String {
        let Self { line, column, value, accepted_vi, .. } = self;
        match lang {
            Lang::En => self.to_string(),
            Lang::Vi if value.is_empty() => format!("dòng {line}, cột {column}: để trống; hãy ghi: {accepted_vi}"),
            Lang::Vi => format!("dòng {line}, cột {column}: “{value}” chưa đúng; hãy ghi: {accepted_vi}"),
        }
    }
}

/// A file could not be read as a sheet of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Not UTF-8.
    #[error("line {line}: the text is not UTF-8; save the file as CSV UTF-8")]
    Encoding {
        /// The line, the first is 1.
        line: usize,
    },
    /// No line but remarks.
    #[error("the file has no heading line; expected the columns {accepted}")]
    Empty {
        /// The headings.
        accepted: String,
    },
    /// A required column is missing.
    #[error("line {line}: column {column} is missing; accepted columns: {accepted}")]
    Missing {
        /// The heading line.
        line: u64,
        /// The heading.
        column: String,
        /// All headings.
        accepted: String,
    },
    /// A column is none of those accepted, or stands twice.
    #[error("line {line}: column {column:?} is unknown or stands twice; accepted columns: {accepted}")]
    Unknown {
        /// The heading line.
        line: u64,
        /// The heading.
        column: String,
        /// All headings.
        accepted: String,
    },
    /// A line that is not CSV, or has more or fewer cells than headings.
    #[error("line {line}: {cause}")]
    Shape {
        /// The line, the first is 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// Cells that are not accepted; never empty.
    #[error("{}", list(faults, *more))]
    Cells {
        /// The first faults.
        faults: Vec<Fault>,
        /// How many more there are.
        more: usize,
    },
}

impl SheetError {
    /// What is wrong with the file, in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::Encoding { line }, _) => format!("dòng {line}: không phải chữ UTF-8; hãy lưu tệp dạng CSV UTF-8"),
            (Self::Empty { accepted }, _) => format!("tệp không có dòng tiêu đề; cần các cột {accepted}"),
            (Self::Missing { line, column, accepted }, _) => {
                format!("dòng {line}: thiếu cột {column}; các cột được nhận: {accepted}")
            }
            (Self::Unknown { line, column, accepted }, _) => {
                format!("dòng {line}: không có cột “{column}” hoặc cột này ghi hai lần; các cột được nhận: {accepted}")
            }
            (Self::Shape { line, cause }, _) => {
                format!("dòng {line}: số ô không khớp dòng tiêu đề; ô có dấu phẩy phải đặt trong ngoặc kép ({cause})")
            }
            (Self::Cells { faults, more }, lang) => {
                let mut lines: Vec<_> = faults.iter().map(|fault| fault.text(lang)).collect();
                if *more > 0 {
                    lines.push(format!("và {more} chỗ nữa"));
                }
                lines.join("\n")
            }
        }
    }
}

impl SheetError {
    /// The faults one by one, and how many more there are. A fault of the file as a whole names the line it shows at.
    #[must_use]
    pub fn faults(&self) -> (Vec<Fault>, usize) {
        let one = |line: u64, column: &str, value: &str, vi: String, en: String| {
            let (column, value) = (column.to_owned(), value.chars().take(60).collect());
            (vec![Fault { line, column, value, accepted: en, accepted_vi: vi }], 0)
        };
        match self {
            Self::Encoding { line } => one(
                u64::try_from(*line).unwrap_or(u64::MAX),
                "",
                "",
                "chữ UTF-8; hãy lưu tệp dạng CSV UTF-8".to_owned(),
                "text in UTF-8; save the file as CSV UTF-8".to_owned(),
            ),
            Self::Empty { accepted } => one(
                1,
                "",
                "",
                format!("một dòng tiêu đề với các cột {accepted}"),
                format!("a heading line with the columns {accepted}"),
            ),
            Self::Missing { line, column, accepted } => one(
                *line,
                column,
                "",
                format!("phải có cột {column}; các cột được nhận: {accepted}"),
                format!("the column {column} must be there; accepted columns: {accepted}"),
            ),
            Self::Unknown { line, column, accepted } => one(
                *line,
                column,
                column,
                format!("mỗi cột một lần, trong các cột: {accepted}"),
                format!("each column once, of these: {accepted}"),
            ),
            Self::Shape { line, cause } => one(
                *line,
                "",
                "",
                format!("số ô như dòng tiêu đề; ô có dấu phẩy phải đặt trong ngoặc kép ({cause})"),
                format!("as many cells as the heading has; a cell that holds a comma in quotes ({cause})"),
            ),
            Self::Cells { faults, more } => (faults.clone(), *more),
        }
    }
}

fn list(faults: &[Fault], more: usize) -> String {
    let mut text = faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
    if more > 0 {
        text.push_str(&format!("\nand {more} more"));
    }
    text
}
