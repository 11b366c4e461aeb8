//! What an import changed, or would change.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::catalogue::PendingChoice;
use crate::cli::Lang;

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// New.
    Added,
    /// Has another name.
    Renamed,
    /// Became part of another village or unit.
    Merged,
    /// Lies in another unit, or a unit has other successors.
    Moved,
    /// A unit has several successors, so a person chooses for each of its villages.
    Split,
    /// Anything else differs.
    Changed,
}

impl Change {
    const ALL: [Self; 6] = [Self::Added, Self::Renamed, Self::Merged, Self::Moved, Self::Split, Self::Changed];

    /// The word in a Vietnamese report.
    fn name_vi(self) -> &'static str {
        match self {
            Self::Added => "thêm",
            Self::Renamed => "đổi tên",
            Self::Merged => "nhập vào",
            Self::Moved => "chuyển",
            Self::Split => "chia",
            Self::Changed => "sửa",
        }
    }

    /// The word in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Renamed => "renamed",
            Self::Merged => "merged",
            Self::Moved => "moved",
            Self::Split => "split",
            Self::Changed => "changed",
        }
    }
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = ImportField)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What stood there; null: nothing.
    #[schema(value_type = Option<Object>)]
    pub from: Value,
    /// What stands in the file.
    #[schema(value_type = Option<Object>)]
    pub to: Value,
}

/// Particulars of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Its name.
    Name(String),
    /// Its name, and the fields that differ.
    Fields(String, Vec<FieldChange>),
    /// One text in the place of another: names, units, places in a list.
    Step {
        /// Its name.
        name: String,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// What it became, or became part of: ids with their names.
    Into {
        /// Its name.
        name: String,
        /// One when it became part of another, several when it was split.
        into: Vec<(String, String)>,
    },
}

impl Detail {
    /// The name of what the line is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Fields(name, _) | Self::Step { name, .. } | Self::Into { name, .. } => name,
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Fields(_, fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|change| format!("{}: {} → {}", change.field, change.from, change.to)).collect();
                f.write_str(&fields.join("; "))
            }
            Self::Step { from, to, .. } => write!(f, "{from} → {to}"),
            Self::Into { name, into } => {
                let ids: Vec<_> = into.iter().map(|(id, _)| id.as_str()).collect();
                write!(f, "{name} → {}", ids.join(", "))
            }
        }
    }
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub change: Change,
    /// Its id.
    pub id: String,
    /// Particulars.
    pub detail: Detail,
}

/// What an import changed, or would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The kind's name.
    pub kind: &'static str,
    /// Rows in the file, as units, villages or items.
    pub rows: usize,
    /// Every change, sorted; empty when the file changes nothing.
    pub lines: Vec<Line>,
    /// Rows that are there but not in the file; they are kept.
    pub kept: usize,
    /// Villages whose unit a person has to choose after this import, and whether that is new. Of units and villages.
    pub choices: Vec<(PendingChoice, bool)>,
    /// The kind's version after this import; `None` when nothing changed or for a dry run.
    pub version: Option<i64>,
}

impl Report {
    /// The report as a person reads it.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&format!("{:<9} {}  {}\n", line.change.name_vi(), line.id, line.detail));
        }
        let counts = Change::ALL.into_iter().map(|change| (self.count(change), change.name_vi()));
        let counts = counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
        let counts: Vec<_> = counts.collect();
        let counts = if counts.is_empty() { "không có gì thay đổi".to_owned() } else { counts.join(", ") };
        text.push_str(&format!(
            "{}: {} mục trong tệp, {counts}, {} mục không có trong tệp được giữ lại",
            self.kind, self.rows, self.kept
        ));
        if !self.choices.is_empty() {
            text.push_str(&format!("; {} thôn, bản của đơn vị bị chia chờ người chọn", self.choices.len()));
        }
        text
    }

    /// Rows of the file that are on file as they stand.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        let changed: BTreeSet<&str> = self.lines.iter().map(|line| line.id.as_str()).collect();
        self.rows.saturating_sub(changed.len())
    }

    /// How many changes there are of one sort.
    #[must_use]
    pub fn count(&self, change: Change) -> usize {
        self.lines.iter().filter(|line| line.change == change).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{:<8} {}  {}", line.change.name(), line.id, line.detail)?;
        }
        let counts: Vec<_> = Change::ALL
            .into_iter()
            .map(|change| (self.count(change), change.name()))
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let counts = if counts.is_empty() { "nothing changes".to_owned() } else { counts.join(", ") };
        write!(f, "{}: {} in the file, {counts}, {} kept that the file lacks", self.kind, self.rows, self.kept)?;
        if !self.choices.is_empty() {
            write!(f, "; {} villages of split units wait for a person's choice", self.choices.len())?;
        }
        Ok(())
    }
}
