//! Importing a file of reference data: checked whole, compared with what is there, written in one transaction.
//!
//! Idempotent: a file that changes nothing leaves the version as it was. Rows absent from a newer file are kept, since
//! records name them. Nothing recorded is touched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sync_core::id::{AreaId, UnixMs, to_hex};

use super::catalogue::{Catalogue, PendingChoice, Unit};
use super::items::{self, Hotline, Item, ListItem, Plan, Post, Site, Term};
use super::kind::Kind;
use super::lineage::{Edge, Lineage, Resolution};
use super::report::FieldChange;
pub use super::report::{Change, Detail, Line, Report};
use super::sheet::{Columns, Sheet, SheetError};
use super::village::{Basis, Village, VillageUnit};
use super::{store, units, villages};
use crate::audit::{self, Actor};
use crate::db::{Blob, Db, DbError, Transient, Tx};
use crate::{on_db, write_tx};

/// A file to import.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What it holds.
    pub kind: Kind,
    /// Its name, kept with the import.
    pub file_name: &'a str,
    /// Its bytes, CSV.
    pub bytes: &'a [u8],
    /// Who imports it.
    pub actor: Actor,
    /// When.
    pub at: UnixMs,
    /// Only say what would change.
    pub dry_run: bool,
    /// Whether every row is sample data, as a remark `# SAMPLE` in the file says too.
    pub sample: bool,
}

impl Source<'_> {
    fn sheet(&self, columns: Columns) -> Result<Sheet, SheetError> {
        let mut sheet = Sheet::read(self.bytes, columns)?;
        sheet.sample |= self.sample;
        Ok(sheet)
    }
}

/// A file was not imported; nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Transient for ImportError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_transient())
    }
}

/// Imports a file, or says what it would change.
///
/// # Errors
/// [`ImportError::Sheet`] with every faulty cell, before anything is written.
pub async fn import(db: &Db, source: Source<'_>) -> Result<Report, ImportError> {
    write_tx!(db, |tx| import_in(tx, source))
}

/// As [`import`], within a transaction of the caller.
///
/// # Errors
/// As [`import`].
pub async fn import_in(tx: &mut Tx, source: Source<'_>) -> Result<Report, ImportError> {
    let before = store::load(tx).await?;
    let (mut report, writes) = plan(&before, source)?;
    report.lines.sort_by(|a, b| (a.change, &a.id).cmp(&(b.change, &b.id)));
    if source.dry_run || writes.is_empty() {
        return Ok(report);
    }
    writes.apply(tx, source.kind).await?;
    let version = store::raise_version(tx, source.kind.name()).await?;
    record(tx, source, version, report.lines.len()).await?;
    report.version = Some(version);
    Ok(report)
}

async fn record(tx: &mut Tx, source: Source<'_>, version: i64, changes: usize) -> Result<(), DbError> {
    const IMPORT: &str = "insert into reference_import (kind, version, file_name, sha256, changes, account_id, \
                          imported_at_ms) values ($1, $2, $3, $4, $5, $6, $7)";
    let sha256: [u8; 32] = Sha256::digest(source.bytes).into();
    let changes = i64::try_from(changes).unwrap_or(i64::MAX);
    on_db!(tx, |c| {
        sqlx::query(IMPORT)
            .bind(source.kind.name())
            .bind(version)
            .bind(source.file_name)
            .bind(Blob(sha256))
            .bind(changes)
            .bind(account_of(source.actor))
            .bind(source.at.0)
            .execute(c)
            .await
            .map(drop)
    })?;
    let detail = json!({ "version": version, "changes": changes, "file": source.file_name, "sha256": to_hex(&sha256) });
    audit::record(tx, source.at, source.actor, "reference.imported", source.kind.name(), &detail).await
}

/// The account behind an actor; none at the command line.
pub(super) fn account_of(actor: Actor) -> Option<i64> {
    match actor {
        Actor::CommandLine => None,
        Actor::Person { account, .. } => Some(account),
    }
}

/// What has to be written.
#[derive(Debug, Default)]
struct Writes {
    units: Vec<Unit>,
    edges: Vec<(AreaId, Vec<Edge>)>,
    villages: Vec<Village>,
    items: Vec<(String, usize, String)>,
}

impl Writes {
    fn is_empty(&self) -> bool {
        self.units.is_empty() && self.edges.is_empty() && self.villages.is_empty() && self.items.is_empty()
    }

    async fn apply(&self, tx: &mut Tx, kind: Kind) -> Result<(), DbError> {
        for unit in &self.units {
            store::put_unit(tx, unit).await?;
        }
        for (from, edges) in &self.edges {
            store::put_edges(tx, *from, edges).await?;
        }
        for village in &self.villages {
            store::put_village(tx, village).await?;
        }
        for village in &self.villages {
            store::put_merger(tx, village).await?;
        }
        for (id, position, body) in &self.items {
            store::put_item(tx, kind, id, *position, body).await?;
        }
        Ok(())
    }
}

fn plan(before: &Catalogue, source: Source<'_>) -> Result<(Report, Writes), SheetError> {
    match source.kind {
        Kind::Units => plan_units(before, source),
        Kind::Villages => plan_villages(before, source),
        Kind::Hotlines => plan_items::<Hotline>(before, source, &before.items().hotlines),
        Kind::Posts => plan_items::<Post>(before, source, &before.items().posts),
        Kind::Panels => plan_items::<Site>(before, source, &before.items().panels),
        Kind::Clubs => plan_items::<Site>(before, source, &before.items().clubs),
        Kind::Plans => plan_items::<Plan>(before, source, &before.items().plans),
        kind => plan_items::<Term>(before, source, before.items().terms(kind)),
    }
}

fn report(source: Source<'_>, rows: usize, lines: Vec<Line>, kept: usize) -> Report {
    Report { kind: source.kind.name(), rows, lines, kept, choices: Vec::new(), version: None }
}

/// The choices that are open after an import, those that it opens marked.
fn choices(before: &Catalogue, after: &Catalogue) -> Vec<(PendingChoice, bool)> {
    let open: BTreeSet<String> = before.pending_choices().into_iter().map(|choice| choice.village).collect();
    let choices = after.pending_choices().into_iter();
    choices.map(|choice| (open.contains(&choice.village), choice)).map(|(was, choice)| (choice, !was)).collect()
}

fn plan_units(before: &Catalogue, source: Source<'_>) -> Result<(Report, Writes), SheetError> {
    let file = units::read(&source.sheet(units::COLUMNS)?)?;
    let (mut lines, mut writes) = (Vec::new(), Writes::default());
    for unit in file.units.values() {
        let name = unit.name.clone();
        let (change, detail) = match before.unit(unit.area) {
            None => (Change::Added, Detail::Name(name)),
            Some(old) if old == unit => continue,
            Some(old) if old.name != unit.name => (Change::Renamed, step(&name, &old.name, &unit.name)),
            Some(old) => (Change::Changed, Detail::Fields(name, fields(&json(old), &json(unit)))),
        };
        lines.push(Line { change, id: unit.area.to_string(), detail });
        writes.units.push(unit.clone());
    }
    let mut sources: BTreeMap<AreaId, usize> = BTreeMap::new();
    for edge in file.edges.values().flatten() {
        *sources.entry(edge.to).or_default() += 1;
    }
    let name = |area: AreaId| match file.units.get(&area).or_else(|| before.unit(area)) {
        Some(unit) => unit.name.clone(),
        None => area.to_string(),
    };
    for (from, edges) in &file.edges {
        let edges: Vec<_> = edges.iter().copied().collect();
        let old = before.lineage().successors(*from);
        if edges == old {
            continue;
        }
        let codes = |edges: &[Edge]| edges.iter().map(|edge| edge.to.to_string()).collect::<Vec<_>>().join(", ");
        let into = edges.iter().map(|edge| (edge.to.to_string(), name(edge.to))).collect();
        let into = Detail::Into { name: name(*from), into };
        let is_merged = edges.iter().any(|edge| sources.get(&edge.to).is_some_and(|sources| *sources > 1));
        let line = |change, detail| Line { change, id: from.to_string(), detail };
        match edges.len() {
            0 => {}
            1 if !old.is_empty() => {
                lines.push(line(Change::Moved, step(&name(*from), &codes(old), &codes(&edges))));
            }
            1 if is_merged => lines.push(line(Change::Merged, into)),
            1 => {}
            _ => lines.push(line(Change::Split, into)),
        }
        writes.edges.push((*from, edges));
    }
    let mut all: BTreeMap<_, _> = before.units().map(|unit| (unit.area, unit.clone())).collect();
    let kept = all.keys().filter(|area| !file.units.contains_key(area)).count();
    let unchanged = all.keys().filter(|area| !file.edges.contains_key(area));
    let edges = unchanged.flat_map(|area| before.lineage().successors(*area)).copied();
    let lineage = Lineage::new(edges.chain(file.edges.values().flatten().copied()).collect::<Vec<_>>());
    let rows = file.units.len();
    all.extend(file.units);
    let after = derive(before, all.into_values(), lineage, before.villages().cloned());
    writes.villages =
        after.villages().filter(|village| before.village(&village.id) != Some(village)).cloned().collect();
    let report = Report { choices: choices(before, &after), ..report(source, rows, lines, kept) };
    Ok((report, writes))
}

fn plan_villages(before: &Catalogue, source: Source<'_>) -> Result<(Report, Writes), SheetError> {
    let listed = villages::read(&source.sheet(villages::COLUMNS)?, before)?;
    let rows = listed.len();
    let kept = before.villages().filter(|village| !listed.contains_key(&village.id)).cloned().collect::<Vec<_>>();
    let kept_count = kept.len();
    let ids: Vec<_> = listed.keys().cloned().collect();
    let after =
        derive(before, before.units().cloned(), before.lineage().clone(), kept.into_iter().chain(listed.into_values()));
    let mut lines = Vec::new();
    for id in &ids {
        if let Some(village) = after.village(id) {
            lines.extend(village_lines(before.village(id), village, &after));
        }
    }
    let villages = after.villages().filter(|village| before.village(&village.id) != Some(village)).cloned().collect();
    let writes = Writes { villages, ..Writes::default() };
    let report = Report { choices: choices(before, &after), ..report(source, rows, lines, kept_count) };
    Ok((report, writes))
}

fn village_lines(old: Option<&Village>, new: &Village, after: &Catalogue) -> Vec<Line> {
    let line = |change, detail| Line { change, id: new.id.clone(), detail };
    let mut lines = Vec::new();
    match old {
        None => lines.push(line(Change::Added, Detail::Name(new.name.clone()))),
        Some(old) if old.name != new.name => {
            lines.push(line(Change::Renamed, step(&new.name, &old.name, &new.name)));
        }
        Some(_) => {}
    }
    if let Some(into) = new.merged_into.clone().filter(|_| old.is_none_or(|old| old.merged_into != new.merged_into)) {
        let whole = after.village(&into).map_or_else(|| into.clone(), |village| village.name.clone());
        lines.push(line(Change::Merged, Detail::Into { name: new.name.clone(), into: vec![(into, whole)] }));
    }
    if let Some(old) = old.filter(|old| *old != new) {
        let units = |village: &Village| village.areas().map(|area| area.to_string()).collect::<Vec<_>>().join(", ");
        if units(old) != units(new) {
            lines.push(line(Change::Moved, step(&new.name, &units(old), &units(new))));
        } else if lines.is_empty() {
            lines.push(line(Change::Changed, Detail::Fields(new.name.clone(), fields(&json(old), &json(new)))));
        }
    }
    lines
}

/// The catalogue of these units and villages, with the units of villages that follow from lineage worked out anew.
pub(super) fn derive(
    before: &Catalogue,
    units: impl IntoIterator<Item = Unit>,
    lineage: Lineage,
    villages: impl IntoIterator<Item = Village>,
) -> Catalogue {
    let certain = villages.into_iter().map(|mut village| {
        village.units.retain(|_, unit| unit.basis != Basis::Lineage);
        village
    });
    let bare = Catalogue::new(before.version(), units, lineage, certain, before.items().clone());
    let generations = bare.generations();
    let derived: Vec<_> = bare
        .villages()
        .map(|village| {
            let mut derived = village.clone();
            for generation in &generations {
                if let Resolution::Unit(code) = bare.resolve_village(village, *generation) {
                    derived.units.entry(*generation).or_insert(VillageUnit { code, basis: Basis::Lineage });
                }
            }
            derived
        })
        .collect();
    let units: Vec<_> = bare.units().cloned().collect();
    Catalogue::new(before.version(), units, bare.lineage().clone(), derived, before.items().clone())
}

fn plan_items<T: ListItem>(
    before: &Catalogue,
    source: Source<'_>,
    old: &[Item<T>],
) -> Result<(Report, Writes), SheetError> {
    let columns = items::columns(source.kind);
    let sheet = source.sheet(columns)?;
    let mut seen = BTreeMap::new();
    let new = sheet.rows(|row| {
        let item = T::read(row, source.kind, sheet.sample, before)?;
        if let Some(line) = seen.insert(item.id.clone(), row.line) {
            let column = columns.required[0];
            return row.fault(
                column,
                (
                    format!("mỗi mục một lần; {} đã có ở dòng {line}", item.id),
                    format!("each once; {} stands in line {line}", item.id),
                ),
            );
        }
        Some(item)
    })?;
    let places: BTreeMap<_, _> = old.iter().enumerate().map(|(at, item)| (&item.id, (at, &item.body))).collect();
    let (mut lines, mut writes) = (Vec::new(), Writes::default());
    for (at, item) in new.iter().enumerate() {
        let body = json(&item.body);
        let there = places.get(&item.id);
        match there {
            None => {
                lines.push(Line { change: Change::Added, id: item.id.clone(), detail: Detail::Name(title(&body)) });
            }
            Some((_, old)) if **old != item.body => lines.push(difference(&item.id, &json(*old), &body)),
            Some((place, _)) if *place != at => {
                let (from, to) = (format!("place {}", place + 1), (at + 1).to_string());
                let detail = step(&title(&body), &from, &to);
                lines.push(Line { change: Change::Moved, id: item.id.clone(), detail });
            }
            Some(_) => continue,
        }
        writes.items.push((item.id.clone(), at, body.to_string()));
    }
    let kept = old.iter().filter(|item| !seen.contains_key(&item.id)).count();
    Ok((report(source, new.len(), lines, kept), writes))
}

fn json<T: serde::Serialize>(body: &T) -> Value {
    // The types of the lists hold text, numbers and lists alone, which always have a JSON form.
    serde_json::to_value(body).unwrap_or(Value::Null)
}

fn title(body: &Value) -> String {
    let name = body.get("name").or_else(|| body.get("vi")).and_then(Value::as_str);
    name.map_or_else(|| body.to_string(), ToOwned::to_owned)
}

fn step(name: &str, from: &str, to: &str) -> Detail {
    Detail::Step { name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }
}

/// The fields in which two JSON objects differ.
fn fields(old: &Value, new: &Value) -> Vec<FieldChange> {
    let at = |value: &Value, field: &str| value.get(field).cloned().unwrap_or_default();
    let names: BTreeSet<&String> = [old, new].into_iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
    let change = |field: &String| FieldChange { field: field.clone(), from: at(old, field), to: at(new, field) };
    names.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

fn difference(id: &str, old: &Value, new: &Value) -> Line {
    let renamed = ["name", "vi"].iter().any(|field| old.get(field) != new.get(field));
    let change = if renamed { Change::Renamed } else { Change::Changed };
    Line { change, id: id.to_owned(), detail: Detail::Fields(title(new), fields(old, new)) }
}
