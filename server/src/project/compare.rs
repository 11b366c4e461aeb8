//! Where two databases' read tables differ: a rebuilt one from the live one, on the same engine or not.
//!
//! Rows are read in pages by their keys, so a million of them take no more memory than a thousand.

use std::cmp::Ordering;
use std::collections::VecDeque;

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, FromRow, Row};
use sync_core::id::to_hex;

use super::facts;
use crate::db::{DbError, Dialect, Tx};
use crate::on_db;

const PAGE_ROWS: i64 = 1_000;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Int,
    Bool,
    Text,
    /// Never null.
    Bytes,
    /// As [`Kind::Bytes`]; of two that differ it is said what differs in them.
    Facts,
    OptBytes,
}

/// A read table: its columns, the keys first.
struct Table {
    name: &'static str,
    keys: usize,
    columns: Vec<(&'static str, Kind)>,
}

fn tables() -> Vec<Table> {
    use Kind::{Bool, Bytes, Int, OptBytes, Text};
    let provenance = [
        ("conflict_count", Int),
        ("schema_number", Int),
        ("recorder", Int),
        ("device_id", Bytes),
        ("claimed_at_ms", Int),
        ("received_at_ms", Int),
        ("updated_at_ms", Int),
        ("updated_device_id", Bytes),
        ("heads", Bytes),
    ];
    let record = |columns: &[(&'static str, Kind)]| {
        let mut all = vec![("record_id", Bytes), ("generation", Int), ("code", Int)];
        all.extend_from_slice(columns);
        all.extend_from_slice(&[("voided", Bool), ("void_reason", Text)]);
        all.extend_from_slice(&provenance);
        all
    };
    let session = record(&[
        ("village_id", Text),
        ("place", Text),
        ("place_kind", Text),
        ("held_day", Int),
        ("start_minute", Int),
        ("duration_minutes", Int),
        ("format", Text),
        ("setting", Text),
        ("attendances", Int),
        ("women", Int),
        ("under16", Int),
        ("minority", Int),
        ("count_basis", Text),
        ("households", Int),
        ("pledges", Int),
        ("broadcasts", Int),
        ("broadcast_minutes", Int),
        ("lead_unit", Text),
        ("tags", Text),
        ("notes", Text),
        ("folded", Text),
        ("review_state", Text),
        ("counted_as", OptBytes),
    ]);
    let panel_check =
        record(&[("site", Text), ("checked_day", Int), ("hotline_wrong", Bool), ("conditions", Text), ("notes", Text)]);
    let review = record(&[
        ("session_id", Bytes),
        ("decision", Text),
        ("comment", Text),
        ("read_heads", Bytes),
        ("supersedes", Bytes),
    ]);
    let conflict = vec![
        ("record_id", Bytes),
        ("field", Text),
        ("kind", Int),
        ("generation", Int),
        ("code", Int),
        ("claims", Text),
    ];
    let material = vec![("record_id", Bytes), ("kind", Text), ("quantity", Int)];
    let suspect = vec![("record_a", Bytes), ("record_b", Bytes)];
    let facts = vec![("month", Int), ("generation", Int), ("code", Int), ("village_id", Text), ("facts", Kind::Facts)];
    vec![
        Table { name: "session", keys: 1, columns: session },
        Table { name: "session_material", keys: 2, columns: material },
        Table { name: "panel_check", keys: 1, columns: panel_check },
        Table { name: "review", keys: 1, columns: review },
        Table { name: "conflict", keys: 2, columns: conflict },
        Table { name: "session_facts", keys: 4, columns: facts },
        Table { name: "duplicate_suspect", keys: 2, columns: suspect },
    ]
}

/// A column of one row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: &'static str,
    /// What the first database holds; bytes as hexadecimal text.
    pub first: Option<String>,
    /// What the second database holds.
    pub second: Option<String>,
}

/// A row that is not the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// Only the first database has the row.
    OnlyInFirst {
        /// The table.
        table: &'static str,
        /// The row's key, as `column=value`.
        key: String,
    },
    /// Only the second database has the row.
    OnlyInSecond {
        /// The table.
        table: &'static str,
        /// The row's key, as `column=value`.
        key: String,
    },
    /// Both have the row, with other values.
    Values {
        /// The table.
        table: &'static str,
        /// The row's key, as `column=value`.
        key: String,
        /// The columns that differ.
        columns: Vec<ColumnDifference>,
    },
}

impl Difference {
    /// The table and the row.
    #[must_use]
    pub fn subject(&self) -> String {
        let (Self::OnlyInFirst { table, key } | Self::OnlyInSecond { table, key } | Self::Values { table, key, .. }) =
            self;
        format!("{table} {key}")
    }

    /// What differs, when the first database is the one that stands and the second was made from the batches.
    #[must_use]
    pub fn against_batches(&self) -> String {
        match self {
            Self::OnlyInFirst { .. } => "the row is there, and the batches make none".to_owned(),
            Self::OnlyInSecond { .. } => "the batches make a row, and it is not there".to_owned(),
            Self::Values { columns, .. } => {
                let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "null".to_owned(), short);
                let column = |of: &ColumnDifference| {
                    format!("{} is {}, the batches make {}", of.column, shown(&of.first), shown(&of.second))
                };
                columns.iter().map(column).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// At most so many characters of a value, in quotes.
fn short(text: &str) -> String {
    const SHOWN: usize = 200;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// One read table in short: equal tables have equal digests, on both engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableDigest {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over its rows in the order of their keys, as hexadecimal text.
    pub sha256: String,
}

/// The first differences, at most `limit`, between the read tables of two databases; empty when they are equal.
///
/// # Errors
/// The databases'.
pub async fn compare(first: &mut Tx, second: &mut Tx, limit: usize) -> Result<Vec<Difference>, DbError> {
    let mut differences = Vec::new();
    for table in tables() {
        let (mut left, mut right) = (Pages::default(), Pages::default());
        while differences.len() < limit {
            let (a, b) = (left.peek(first, &table).await?, right.peek(second, &table).await?);
            let order = match (&a, &b) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => table.key(a).cmp(&table.key(b)),
            };
            match order {
                Ordering::Less => {
                    differences
                        .extend(a.map(|row| Difference::OnlyInFirst { table: table.name, key: table.shown(&row) }));
                    left.take();
                }
                Ordering::Greater => {
                    differences
                        .extend(b.map(|row| Difference::OnlyInSecond { table: table.name, key: table.shown(&row) }));
                    right.take();
                }
                Ordering::Equal => {
                    if let (Some(a), Some(b)) = (a, b)
                        && a != b
                    {
                        let columns = table.columns.iter().zip(a.iter().zip(&b));
                        let columns = columns.filter(|(_, (a, b))| a != b).map(|((column, kind), (a, b))| {
                            let (first, second) = match kind {
                                Kind::Facts => facts::differing(a.as_deref(), b.as_deref()),
                                _ => (a.clone(), b.clone()),
                            };
                            ColumnDifference { column, first, second }
                        });
                        let columns = columns.collect();
                        differences.push(Difference::Values { table: table.name, key: table.shown(&a), columns });
                    }
                    left.take();
                    right.take();
                }
            }
        }
    }
    Ok(differences)
}

/// Every read table in short.
///
/// # Errors
/// The database's.
pub async fn digest(tx: &mut Tx) -> Result<Vec<TableDigest>, DbError> {
    let mut digests = Vec::new();
    for table in tables() {
        let mut pages = Pages::default();
        let (mut rows, mut hash) = (0, Sha256::new());
        while let Some(row) = pages.peek(tx, &table).await? {
            rows += 1;
            for cell in &row {
                // A length before each cell, so that no two tables read alike.
                hash.update(cell.as_ref().map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
                hash.update(cell.as_deref().unwrap_or_default());
            }
            pages.take();
        }
        digests.push(TableDigest { table: table.name, rows, sha256: to_hex(&hash.finalize()) });
    }
    Ok(digests)
}

/// A row's cells as text; bytes as hexadecimal text.
type Cells = Vec<Option<String>>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum KeyPart {
    Int(i64),
    /// Also bytes: hexadecimal text sorts as they do.
    Text(String),
}

/// The rows of one table, a page at a time.
#[derive(Debug, Default)]
struct Pages {
    page: VecDeque<Cells>,
    last: Option<Cells>,
    ended: bool,
}

impl Pages {
    async fn peek(&mut self, tx: &mut Tx, table: &Table) -> Result<Option<Cells>, DbError> {
        if self.page.is_empty() && !self.ended {
            self.page = table.page(tx, self.last.as_ref()).await?.into();
            self.ended = self.page.is_empty();
        }
        Ok(self.page.front().cloned())
    }

    fn take(&mut self) {
        self.last = self.page.pop_front();
    }
}

impl Table {
    fn key(&self, cells: &Cells) -> Vec<KeyPart> {
        let part = |(cell, (_, kind)): (&Option<String>, &(&str, Kind))| {
            let text = cell.clone().unwrap_or_default();
            match kind {
                Kind::Int | Kind::Bool => KeyPart::Int(text.parse().unwrap_or_default()),
                Kind::Text | Kind::Bytes | Kind::Facts | Kind::OptBytes => KeyPart::Text(text),
            }
        };
        cells.iter().zip(&self.columns).take(self.keys).map(part).collect()
    }

    fn shown(&self, cells: &Cells) -> String {
        let part = |(cell, (column, _)): (&Option<String>, &(&str, Kind))| {
            format!("{column}={}", cell.as_deref().unwrap_or("null"))
        };
        cells.iter().zip(&self.columns).take(self.keys).map(part).collect::<Vec<_>>().join(" ")
    }

    async fn page(&self, tx: &mut Tx, after: Option<&Cells>) -> Result<Vec<Cells>, DbError> {
        let text = self.select(tx.dialect(), after.is_some());
        let keys = after.map(|cells| self.key(cells)).unwrap_or_default();
        let rows: Vec<Read> = on_db!(tx, |c| {
            let mut query = sqlx::query_as(AssertSqlSafe(text));
            for key in &keys {
                query = match key {
                    KeyPart::Int(value) => query.bind(*value),
                    KeyPart::Text(value) => query.bind(value.clone()),
                };
            }
            query.fetch_all(c).await
        })?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    fn select(&self, dialect: Dialect, after: bool) -> String {
        let cells: Vec<String> = self
            .columns
            .iter()
            .map(|(column, kind)| match (kind, dialect) {
                (Kind::Text, _) => (*column).to_owned(),
                (Kind::Int, _) | (Kind::Bool, Dialect::Sqlite) => format!("cast({column} as text)"),
                (Kind::Bool, Dialect::Postgres) => format!("cast(cast({column} as integer) as text)"),
                (Kind::Bytes | Kind::Facts, Dialect::Sqlite) => format!("lower(hex({column}))"),
                // `lower(hex(null))` is ''.
                (Kind::OptBytes, Dialect::Sqlite) => {
                    format!("case when {column} is null then null else lower(hex({column})) end")
                }
                (Kind::Bytes | Kind::Facts | Kind::OptBytes, Dialect::Postgres) => format!("encode({column}, 'hex')"),
            })
            .collect();
        let keys: Vec<&str> = self.columns.iter().take(self.keys).map(|(column, _)| *column).collect();
        let bound: Vec<String> = self.columns[..self.keys]
            .iter()
            .enumerate()
            .map(|(at, (_, kind))| match (kind, dialect) {
                (Kind::Bytes, Dialect::Sqlite) => format!("unhex(${})", at + 1),
                (Kind::Bytes, Dialect::Postgres) => format!("decode(${}, 'hex')", at + 1),
                _ => format!("${}", at + 1),
            })
            .collect();
        let begin = if after { format!("where ({}) > ({})", keys.join(", "), bound.join(", ")) } else { String::new() };
        // By the table's name: alone, a key would name the text that PostgreSQL calls by the same name, and 10 comes before 9.
        let order: Vec<String> = keys.iter().map(|key| format!("{}.{key}", self.name)).collect();
        let (cells, name, order) = (cells.join(", "), self.name, order.join(", "));
        format!("select {cells} from {name} {begin} order by {order} limit {PAGE_ROWS}")
    }
}

/// Any row whose columns are all text.
struct Read(Cells);

impl<'r, R: Row> FromRow<'r, R> for Read
where
    usize: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        (0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>().map(Self)
    }
}
