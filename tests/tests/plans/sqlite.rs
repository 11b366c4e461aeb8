//! SQLite: how it would read, said by `explain query plan`.

use std::collections::BTreeMap;

use server::db::{Db, Engine};
use server::on_db;
use sqlx::AssertSqlSafe;
use tests::harness::Failure;

use super::LARGE;
use super::heard::Statement;

/// How SQLite would read, line by line.
pub(crate) async fn plan(db: &Db, text: &str) -> Result<Vec<String>, Failure> {
    let explain = format!("explain query plan {text}");
    let plan: Vec<(i64, i64, i64, String)> = on_db!(db, |c| sqlx::query_as(AssertSqlSafe(explain)).fetch_all(c).await)?;
    Ok(plan.into_iter().map(|(_, _, _, line)| line).collect())
}

/// The large tables a statement reads from end to end. A walk along an index is none where the statement ends it by a
/// limit, nor one along an index with a condition: that holds only what waits for somebody.
pub(crate) async fn faults(db: &Db, statement: &Statement) -> Result<Vec<String>, Failure> {
    let Statement::Text(text) = statement else { return Ok(Vec::new()) };
    let plain = text.trim_start().to_lowercase();
    if !(plain.starts_with("select") || plain.starts_with("with")) {
        return Ok(Vec::new());
    }
    let plan = plan(db, text).await?;
    const PARTIAL: &str = "select name from sqlite_master where type = 'index' and sql like '% where %'";
    let partial: Vec<String> = match db.engine() {
        Engine::Sqlite(pool) => sqlx::query_scalar(PARTIAL).fetch_all(pool).await?,
        Engine::Postgres(_) => Vec::new(),
    };
    let names = names(&plain);
    let walks = plain.contains("limit");
    let scanned = plan.into_iter().filter_map(|line| {
        let rest = line.strip_prefix("SCAN ")?;
        let name = rest.split(' ').next()?.to_lowercase();
        let table = names.get(&name)?;
        let in_order = walks && rest.contains("USING");
        // Counting the entries of an index costs a fraction of reading its rows.
        let counts = plain.starts_with("select count(*) from") && rest.contains("USING COVERING INDEX");
        let few = rest.split(' ').next_back().is_some_and(|index| partial.iter().any(|name| name == index));
        (!in_order && !counts && !few).then(|| format!("{line}: all of {table}, in {text}"))
    });
    Ok(scanned.collect())
}

/// The large tables by the names a statement gives them.
fn names(text: &str) -> BTreeMap<String, &'static str> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut names = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        let Some((table, _)) = LARGE.iter().find(|(table, _)| table == word) else { continue };
        names.insert((*table).to_owned(), *table);
        let follows = words.get(at + 1).filter(|next| **next == "as").map_or(at + 1, |_| at + 2);
        if let Some(alias) = words.get(follows).filter(|alias| alias.len() <= 2) {
            names.insert((*alias).to_owned(), *table);
        }
    }
    names
}
