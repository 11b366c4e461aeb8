//! What an import changes, as the page of an administrator shows it before it is done.

use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::catalogue::PendingChoice;
use super::import::{Change, Detail, Report};
use super::report::FieldChange;
use super::sheet::{Fault, SheetError};

/// Most entries of one list; the counts are always whole.
pub(super) const LISTED: usize = 500;

/// What an import changed, or would change.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, ToSchema)]
pub(super) struct ImportReport {
    /// The kind.
    kind: String,
    /// The kind's version now; absent when nothing changed or for a dry run.
    version: Option<i64>,
    /// Whether nothing was written in any case.
    dry_run: bool,
    /// Units, villages or items in the file.
    rows: usize,
    /// How many of each there are.
    counts: Counts,
    /// New ones.
    added: Vec<Named>,
    /// Those of which something else than the name changes.
    changed: Vec<Changed>,
    /// Those that get another name; ids stay.
    renamed: Vec<Renamed>,
    /// Villages and units that become part of another.
    merged: Vec<Merged>,
    /// Villages that lie in other units, units with another successor, items at another place of their list.
    moved: Vec<Moved>,
    /// Units with several successors: a person decides for each of their villages.
    split: Vec<Split>,
    /// The villages a person has to decide after this import.
    choices: Vec<OpenChoice>,
    /// Each list is cut there.
    listed_at_most: usize,
    /// What is not accepted, at most 20; then nothing else is said and nothing is written.
    faults: Vec<FaultView>,
    /// How many more faults there are.
    more_faults: usize,
}

/// How many of each there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportCounts)]
struct Counts {
    added: usize,
    changed: usize,
    renamed: usize,
    merged: usize,
    moved: usize,
    split: usize,
    /// In the file and on file alike.
    unchanged: usize,
    /// On file and not in the file: kept, since records name them.
    kept: usize,
    /// Villages a person has to decide.
    choices: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportNamed)]
struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, ToSchema)]
#[schema(as = ImportChanged)]
struct Changed {
    id: String,
    name: String,
    fields: Vec<FieldChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportRenamed)]
struct Renamed {
    id: String,
    from: String,
    to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportMerged)]
struct Merged {
    id: String,
    name: String,
    into: String,
    into_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportMoved)]
struct Moved {
    id: String,
    name: String,
    from: String,
    to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportSplit)]
struct Split {
    id: String,
    name: String,
    into: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportPart)]
struct Part {
    /// Generation and code.
    area: String,
    name: String,
}

/// A village of a split unit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportChoice)]
struct OpenChoice {
    village: String,
    name: String,
    /// The unit it is known to lie in.
    #[schema(value_type = String)]
    known: AreaId,
    /// The units it may lie in; at least two.
    #[schema(value_type = Vec<String>)]
    candidates: Vec<AreaId>,
    /// One of the candidates.
    #[schema(value_type = Option<String>)]
    suggested: Option<AreaId>,
    /// Whether this import opens it.
    is_new: bool,
}

/// What is not accepted in one cell, or in the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ImportFault)]
struct FaultView {
    /// The first is 1.
    line: u64,
    /// The heading; empty when the fault is the line's.
    column: String,
    /// What stands there, cut to 60 characters.
    got: String,
    /// What is accepted, in Vietnamese.
    accepted_vi: String,
    /// What is accepted, in English.
    accepted_en: String,
}

impl ImportReport {
    /// Of a file that is accepted.
    pub(super) fn of(report: &Report, dry_run: bool) -> Self {
        let count = |change| report.count(change);
        let mut view = Self {
            kind: report.kind.to_owned(),
            version: report.version,
            dry_run,
            rows: report.rows,
            counts: Counts {
                added: count(Change::Added),
                changed: count(Change::Changed),
                renamed: count(Change::Renamed),
                merged: count(Change::Merged),
                moved: count(Change::Moved),
                split: count(Change::Split),
                unchanged: report.unchanged(),
                kept: report.kept,
                choices: report.choices.len(),
            },
            choices: report.choices.iter().take(LISTED).map(open_choice).collect(),
            listed_at_most: LISTED,
            ..Self::default()
        };
        for line in &report.lines {
            view.take(line.change, line.id.clone(), &line.detail);
        }
        view
    }

    /// Of a file that is not accepted.
    pub(super) fn refused(kind: &str, error: &SheetError) -> Self {
        let (faults, more_faults) = error.faults();
        let faults = faults.into_iter().map(FaultView::from).collect();
        let kind = kind.to_owned();
        Self { kind, dry_run: true, listed_at_most: LISTED, faults, more_faults, ..Self::default() }
    }

    fn take(&mut self, change: Change, id: String, detail: &Detail) {
        let name = detail.name().to_owned();
        match (change, detail) {
            (Change::Added, _) => push(&mut self.added, Named { id, name }),
            (Change::Renamed, Detail::Step { from, to, .. }) => {
                push(&mut self.renamed, Renamed { id, from: from.clone(), to: to.clone() });
            }
            (Change::Renamed, Detail::Fields(_, fields)) => {
                let from = fields.iter().find(|change| matches!(change.field.as_str(), "name" | "vi"));
                let from = from.and_then(|change| change.from.as_str()).unwrap_or_default().to_owned();
                push(&mut self.renamed, Renamed { id: id.clone(), from, to: name.clone() });
                if fields.len() > 1 {
                    push(&mut self.changed, Changed { id, name, fields: fields.clone() });
                }
            }
            (Change::Merged, Detail::Into { into, .. }) => {
                for (into, into_name) in into.iter().cloned() {
                    push(&mut self.merged, Merged { id: id.clone(), name: name.clone(), into, into_name });
                }
            }
            (Change::Split, Detail::Into { into, .. }) => {
                let into = into.iter().cloned().map(|(area, name)| Part { area, name }).collect();
                push(&mut self.split, Split { id, name, into });
            }
            (Change::Moved, Detail::Step { from, to, .. }) => {
                push(&mut self.moved, Moved { id, name, from: from.clone(), to: to.clone() });
            }
            (_, Detail::Fields(_, fields)) => push(&mut self.changed, Changed { id, name, fields: fields.clone() }),
            _ => push(&mut self.changed, Changed { id, name, fields: Vec::new() }),
        }
    }
}

fn push<T>(list: &mut Vec<T>, entry: T) {
    if list.len() < LISTED {
        list.push(entry);
    }
}

fn open_choice((choice, is_new): &(PendingChoice, bool)) -> OpenChoice {
    let PendingChoice { village, name, known, candidates, suggested } = choice.clone();
    OpenChoice { village, name, known, candidates, suggested, is_new: *is_new }
}

impl From<Fault> for FaultView {
    fn from(fault: Fault) -> Self {
        let Fault { line, column, value, accepted, accepted_vi } = fault;
        Self { line, column, got: value, accepted_vi, accepted_en: accepted }
    }
}
