//! What an import changed, or would change.

use std::fmt;

use crate::cli::Lang;

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// New.
    Added,
    /// Has another name.
    Renamed,
    /// Became part of another village.
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

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// What became of it.
    pub change: Change,
    /// Its id.
    pub id: String,
    /// Particulars: a name, or `before → after`.
    pub detail: String,
}

/// What an import changed, or would change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// The kind's name.
    pub kind: &'static str,
    /// Rows in the file, as units, villages or items.
    pub rows: usize,
    /// Every change, sorted; empty when the file changes nothing.
    pub lines: Vec<Line>,
    /// Rows that are there but not in the file; they are kept.
    pub kept: usize,
    /// Villages whose unit a person has to choose, after this import.
    pub pending_choices: usize,
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
        if self.pending_choices > 0 {
            text.push_str(&format!("; {} thôn, bản của đơn vị bị chia chờ người chọn", self.pending_choices));
        }
        text
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
        if self.pending_choices > 0 {
            write!(f, "; {} villages of split units wait for a person's choice", self.pending_choices)?;
        }
        Ok(())
    }
}
