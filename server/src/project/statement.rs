//! Statements of many rows, so that a batch of records costs a few statements and not one each.
//!
//! The rows are cut into chunks of few fixed sizes: so each statement has few texts, and stays prepared.

use sqlx::{AssertSqlSafe, FromRow, postgres::PgRow, sqlite::SqliteRow};
use sync_core::id::RecordId;

use crate::db::{DbError, Dialect, Tx};
use crate::on_db;

/// Rows in one statement, descending.
const CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// One value of a row to be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(i64),
    OptInt(Option<i64>),
    Bool(bool),
    OptBool(Option<bool>),
    Text(&'a str),
    OptText(Option<&'a str>),
    Bytes(&'a [u8]),
    OptBytes(Option<&'a [u8]>),
}

/// Binds values to a query, whatever its engine.
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
pub(super) async fn execute(tx: &mut Tx, text: &str, values: &[Value<'_>]) -> Result<(), DbError> {
    Ok(on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text.to_owned())), values).execute(c).await.map(drop))?)
}

/// Executes `{head} (…), (…) {tail}` over rows of `width` values each, as many rows at a time as fit.
pub(super) async fn write(
    tx: &mut Tx,
    head: &str,
    width: usize,
    tail: &str,
    values: &[Value<'_>],
) -> Result<(), DbError> {
    debug_assert_eq!(values.len() % width, 0, "whole rows");
    let dialect = tx.dialect();
    let mut rest = values;
    for rows in CHUNKS {
        while rest.len() >= rows * width {
            let (chunk, after) = rest.split_at(rows * width);
            rest = after;
            let text = format!("{head} {} {tail}", tuples(dialect, rows, width));
            on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text)), chunk).execute(c).await.map(drop))?;
        }
    }
    Ok(())
}

/// The rows of `{head} (…) {tail}`, the ids in the parentheses.
pub(super) async fn read_by_id<T>(tx: &mut Tx, head: &str, tail: &str, ids: &[RecordId]) -> Result<Vec<T>, DbError>
where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let dialect = tx.dialect();
    let mut found = Vec::new();
    let mut rest = ids;
    for rows in CHUNKS {
        while rest.len() >= rows {
            let (chunk, after) = rest.split_at(rows);
            rest = after;
            let text = format!("{head} {} {tail}", tuples(dialect, 1, rows));
            let values: Vec<Value<'_>> = chunk.iter().map(|id| Value::Bytes(id.as_bytes())).collect();
            let read: Vec<T> =
                on_db!(tx, |c| { bind_all!(sqlx::query_as(AssertSqlSafe(text)), &values).fetch_all(c).await })?;
            found.extend(read);
        }
    }
    Ok(found)
}

/// Executes `{head} (…)`, the ids in the parentheses.
pub(super) async fn delete_by_id(tx: &mut Tx, head: &str, ids: &[RecordId]) -> Result<(), DbError> {
    let dialect = tx.dialect();
    let mut rest = ids;
    for rows in CHUNKS {
        while rest.len() >= rows {
            let (chunk, after) = rest.split_at(rows);
            rest = after;
            let text = format!("{head} {}", tuples(dialect, 1, rows));
            let values: Vec<Value<'_>> = chunk.iter().map(|id| Value::Bytes(id.as_bytes())).collect();
            on_db!(tx, |c| bind_all!(sqlx::query(AssertSqlSafe(text)), &values).execute(c).await.map(drop))?;
        }
    }
    Ok(())
}

/// `(?, ?), (?, ?)`; on PostgreSQL `($1, $2), ($3, $4)`.
///
/// SQLite finds a named placeholder by walking all names before it, at each binding: rows of many columns would cost
/// the square of their number, so there the placeholders have no names.
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
