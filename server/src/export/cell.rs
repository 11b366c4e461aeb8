//! What stands in a file: headings and cells, before they are written in any format.

use super::suppress::Shown;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing is known.
    Empty,
    /// A text, never a formula.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A day, counted from 1970.
    Day(i64),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    pub(super) fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    pub(super) fn number(value: Option<i64>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }

    pub(super) fn count(value: usize) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// A day given as `yyyy-mm-dd`.
    pub(super) fn day(text: Option<&str>) -> Self {
        text.and_then(crate::coverage::calendar::parse_day).map_or(Self::Empty, Self::Day)
    }

    /// A figure that may have to be hidden: `hidden` is the word for one that would give another away.
    pub(super) fn shown(shown: Shown, hidden: &str) -> Self {
        match shown {
            Shown::Value(value) => Self::Number(value),
            Shown::Few { below } => Self::Text(format!("<{below}")),
            Shown::Hidden => Self::Text(hidden.to_owned()),
        }
    }
}

/// A row.
pub(super) type Row = Vec<Cell>;
