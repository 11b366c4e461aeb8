//! PostgreSQL: what the plan that ran really read, told by `auto_explain` beside each answer.

use std::collections::BTreeMap;

use serde_json::Value;
use server::db::Db;
use server::on_db;
use sqlx::AssertSqlSafe;
use tests::harness::Failure;

use super::heard::Statement;
use super::{LARGE, STRETCH};

/// Whole tables of fewer rows cost as much as looking for one.
const FEW: u64 = 1_000;

/// Lets every later connection to this database tell its plans, and lets the planner know the tables.
pub(crate) async fn tell_plans(db: &Db) -> Result<(), Failure> {
    let name: String =
        on_db!(db, |c| sqlx::query_scalar("select cast(current_database() as text)").fetch_one(c).await)?;
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_format = 'json'",
        "auto_explain.log_level = 'notice'",
    ] {
        let text = format!("alter database {name} set {setting}");
        on_db!(db, |c| sqlx::query(AssertSqlSafe(text)).execute(c).await.map(drop))?;
    }
    // As it does by itself after a while; with it an index alone answers what it holds.
    on_db!(db, |c| sqlx::query("vacuum analyze").execute(c).await.map(drop))?;
    Ok(())
}

/// What a statement read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Rows by table, those it left out too.
    pub(crate) rows: BTreeMap<String, u64>,
    /// The statement.
    pub(crate) text: String,
}

/// What a plan says that was told beside an answer; nothing when this is none.
pub(crate) fn read(notice: &str) -> Result<Read, Failure> {
    let Some(at) = notice.find('{').filter(|_| notice.contains("plan:")) else { return Ok(Read::default()) };
    let told: Value = serde_json::from_str(&notice[at..])?;
    let mut rows = BTreeMap::new();
    add(&told["Plan"], &mut rows);
    Ok(Read { rows, text: told["Query Text"].to_string() })
}

/// The large tables of which a statement read more than its part.
pub(crate) fn faults(rows: &BTreeMap<&'static str, u64>, statement: &Statement) -> Result<Vec<String>, Failure> {
    let Statement::Notice(notice) = statement else { return Ok(Vec::new()) };
    let read = read(notice)?;
    let mut faults = Vec::new();
    for (table, percent) in LARGE {
        let (whole, came) =
            (rows.get(table).copied().unwrap_or_default(), read.rows.get(table).copied().unwrap_or_default());
        let bounded = table == "session" && came <= STRETCH;
        if whole > FEW && !bounded && came * 100 > whole * percent {
            faults.push(format!("{came} of {whole} rows of {table}, in {}", read.text));
        }
    }
    Ok(faults)
}

/// Adds the rows each node took from its table, those it then left out too.
fn add(node: &Value, read: &mut BTreeMap<String, u64>) {
    if let Some(table) = node["Relation Name"].as_str() {
        let number = |name: &str| node[name].as_f64().unwrap_or_default();
        let once = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
        let rows = (once * number("Actual Loops") * cost(node)) as u64;
        *read.entry(table.to_owned()).or_default() += rows;
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        add(child, read);
    }
}

/// Of what a row costs that is read: an entry of an index alone is a tenth of it, and the next to it.
fn cost(node: &Value) -> f64 {
    if node["Node Type"] == "Index Only Scan" { 0.1 } else { 1.0 }
}
