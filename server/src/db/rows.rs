//! Statements of many rows, so that a group of requests costs a few statements and not one a row.
//!
//! Rows are cut into chunks of few fixed sizes: each statement has few texts and stays prepared.

use sqlx::{AssertSqlSafe, FromRow, postgres::PgRow, sqlite::SqliteRow};

use super::{DbError, Dialect, Tx};
use crate::on_db;

/// Values in one statement at most; both engines accept far more.
const MAX_VALUES: usize = 2560;
/// Rows in one statement, descending; only those that stay within [`MAX_VALUES`] are used.
const CHUNKS: [usize; 5] = [256, 64, 16, 4, 1];

/// One value of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    OptInt(Option<i64>),
    Bool(bool),
    OptBool(Option<bool>),
    Text(&'a str),
    OptText(Option<&'a str>),
    Bytes(&'a [u8]),
    OptBytes(Option<&'a [u8]>),
}

macro_rules! bind_all {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match *value {
                Value::Int(value) => query.bind(value),
                Value::OptInt(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::OptBool(value) => query.bind(value),
                Value::Text(value) => query.bind(value.to_owned()),
                Value::OptText(value) => query.bind(value.map(str::to_owned)),
                Value::Bytes(value) => query.bind(value.to_vec()),
                Value::OptBytes(value) => query.bind(value.map(<[u8]>::to_vec)),
            };
        }
        query
    }};
}

/// Executes a statement with these values as `$1`, `$2` and so on.
pub(crate) async fn execute(tx: &mut Tx, text: &str, values: &[Value<'_>]) -> Result<(), DbError> {
    Ok(on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text.to_owned())), values).execute(c).await.map(drop))?)
}

/// Executes `with wanted (…) as (values …) {then}` over rows of these columns, as often as it takes.
pub(crate) async fn with(tx: &mut Tx, columns: &[&str], then: &str, values: &[Value<'_>]) -> Result<(), DbError> {
    write(tx, &format!("with wanted ({}) as (values", columns.join(", ")), columns.len(), &format!(") {then}"), values)
        .await
}

/// Executes `{head} (…), (…) {tail}` over rows of `width` values each, as often as it takes.
pub(crate) async fn write(
    tx: &mut Tx,
    head: &str,
    width: usize,
    tail: &str,
    values: &[Value<'_>],
) -> Result<(), DbError> {
    debug_assert_eq!(values.len() % width, 0, "whole rows");
    let dialect = tx.dialect();
    let mut rest = values;
    for rows in chunks(width) {
        while rest.len() >= rows * width {
            let (chunk, after) = rest.split_at(rows * width);
            rest = after;
            let text = format!("{head} {} {tail}", tuples(dialect, rows, width));
            on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text)), chunk).execute(c).await.map(drop))?;
        }
    }
    Ok(())
}

/// The rows of `{head} (…)` over single keys: `… where a in`.
pub(crate) async fn read<T>(tx: &mut Tx, head: &str, keys: &[Value<'_>]) -> Result<Vec<T>, DbError>
where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let dialect = tx.dialect();
    read_chunks(tx, 1, keys, |rows| format!("{head} {}", tuples(dialect, 1, rows))).await
}

/// Executes `{head} (…)` over single keys: `delete from t where a in`, or an update.
pub(crate) async fn over(tx: &mut Tx, head: &str, keys: &[Value<'_>]) -> Result<(), DbError> {
    let dialect = tx.dialect();
    let mut rest = keys;
    for rows in chunks(1) {
        while rest.len() >= rows {
            let (chunk, after) = rest.split_at(rows);
            rest = after;
            let text = format!("{head} {}", tuples(dialect, 1, rows));
            on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text)), chunk).execute(c).await.map(drop))?;
        }
    }
    Ok(())
}

/// What is read by keys of several columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Find<'a> {
    /// The columns to read.
    pub(crate) select: &'a str,
    /// The table.
    pub(crate) from: &'a str,
    /// The columns of a key; together they are the beginning of an index.
    pub(crate) by: &'a [&'a str],
    /// A further condition; `true` for none.
    pub(crate) and: &'a str,
}

/// The rows that have one of these keys. No key may come twice.
///
/// The keys are joined, in this order, and not compared as `(a, b) in (values …)`: of more than one such row value
/// SQLite uses the first columns of the index at best, and reads the whole table at worst.
pub(crate) async fn read_by<T>(tx: &mut Tx, find: Find<'_>, keys: &[Value<'_>]) -> Result<Vec<T>, DbError>
where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let dialect = tx.dialect();
    let Find { select, from, by, and } = find;
    let names: Vec<String> = (0..by.len()).map(|column| format!("key_{column}")).collect();
    let equal: Vec<String> = by.iter().zip(&names).map(|(column, name)| format!("{column} = {name}")).collect();
    let (names, equal) = (names.join(", "), equal.join(" and "));
    read_chunks(tx, by.len(), keys, |rows| {
        let values = tuples(dialect, rows, by.len());
        format!(
            "with wanted ({names}) as (values {values}) select {select} from wanted cross join {from} \
             where {equal} and {and}"
        )
    })
    .await
}

async fn read_chunks<T>(
    tx: &mut Tx,
    width: usize,
    keys: &[Value<'_>],
    text: impl Fn(usize) -> String,
) -> Result<Vec<T>, DbError>
where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    debug_assert_eq!(keys.len() % width, 0, "whole keys");
    let mut found = Vec::new();
    let mut rest = keys;
    for rows in chunks(width) {
        while rest.len() >= rows * width {
            let (chunk, after) = rest.split_at(rows * width);
            rest = after;
            let read: Vec<T> =
                on_db!(tx, |c| bind_all!(sqlx::query_as(AssertSqlSafe(text(rows))), chunk).fetch_all(c).await)?;
            found.extend(read);
        }
    }
    Ok(found)
}

fn chunks(width: usize) -> impl Iterator<Item = usize> {
    CHUNKS.into_iter().filter(move |rows| *rows == 1 || rows * width <= MAX_VALUES)
}

/// `(?, ?), (?, ?)`; on PostgreSQL `($1, $2), ($3, $4)`.
///
/// SQLite finds a named placeholder by walking all names before it, at each binding: there they have no names.
fn tuples(dialect: Dialect, rows: usize, width: usize) -> String {
    let mut text = String::with_capacity(rows * width * 6);
    let mut number = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            if column > 0 {
                text.push_str(", ");
            }
            number += 1;
            match dialect {
                Dialect::Sqlite => text.push('?'),
                Dialect::Postgres => {
                    text.push('$');
                    text.push_str(&number.to_string());
                }
            }
        }
        text.push(')');
    }
    text
}
