//! Values that are text: codes of open lists, and single lines.

use std::fmt;
use std::str::FromStr;

use super::{Accepted, FieldValue, MAX_LINE_CHARS, ParseValueError, text_value};
use crate::record::state::Scalar;
use serde::Serialize;

/// A code of an open list: 1 to 40 of `a-z`, `0-9` and `_`.
///
/// The lists are open so that a code of a newer device survives on an older one. Known codes: [`super::codes`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Code {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has the form of a code.
    #[must_use]
    pub fn is_code(text: &str) -> bool {
        matches!(text.len(), 1..=40) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }
}

impl FromStr for Code {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        if Self::is_code(text) { Ok(Self(text.to_owned())) } else { Err(ParseValueError(Self::ACCEPTED)) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

text_value!(
    Code,
    Accepted { vi: "mã gồm 1 đến 40 ký tự a-z, 0-9, _", en: "a code of 1 to 40 characters a-z, 0-9 and _" }
);

/// One line of text: 1 to 200 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(String);

impl Line {
    /// The line as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_line(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= 4 * MAX_LINE_CHARS
            && text.chars().count() <= MAX_LINE_CHARS
            && text.trim().len() == text.len()
            && !text.chars().any(char::is_control)
    }
}

impl FromStr for Line {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        if Self::is_line(text) { Ok(Self(text.to_owned())) } else { Err(ParseValueError(Self::ACCEPTED)) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(
    Line,
    Accepted {
        vi: "một dòng từ 1 đến 200 ký tự, không có khoảng trắng ở đầu và cuối",
        en: "one line of 1 to 200 characters without spaces around it"
    }
);
