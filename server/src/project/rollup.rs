//! The roll-up tables: sums by village and day and by village and reporting month.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sync_core::id::AreaId;

use super::facet::{Facet, FacetSums};
use super::statement::{Value, execute, write};
use super::sums::{Deltas, Sums};
use crate::coverage::calendar::{Calendar, ReportMonth};
use crate::db::{DbError, Tx};
use crate::on_db;

/// The texts that write one roll-up table.
struct Table {
    insert: String,
    add: String,
    width: usize,
    sweep: String,
    key_width: usize,
}

impl Table {
    fn new(name: &str, keys: &[&str], sums: &[&str], empty: &str) -> Self {
        let added: Vec<String> = sums.iter().map(|sum| format!("{sum} = {name}.{sum} + excluded.{sum}")).collect();
        let keys_text = keys.join(", ");
        let named: Vec<String> = keys.iter().enumerate().map(|(at, key)| format!("{key} = ${}", at + 1)).collect();
        Self {
            insert: format!("insert into {name} ({keys_text}, {}) values", sums.join(", ")),
            add: format!("on conflict ({keys_text}) do update set {}", added.join(", ")),
            width: keys.len() + sums.len(),
            sweep: format!("delete from {name} where {empty} and {}", named.join(" and ")),
            key_width: keys.len(),
        }
    }

    async fn add(&self, tx: &mut Tx, values: &[Value<'_>]) -> Result<(), DbError> {
        write(tx, &self.insert, self.width, &self.add, values).await
    }

    /// Removes those of the rows just added to that count nothing any more. Only a row of which something was taken
    /// can be one, so that few are looked at: one search by the whole key each.
    async fn sweep(&self, tx: &mut Tx, values: &[Value<'_>]) -> Result<(), DbError> {
        for row in values.chunks(self.width) {
            let (key, sums) = row.split_at(self.key_width);
            if sums.iter().any(|sum| matches!(sum, Value::Int(..0))) {
                execute(tx, &self.sweep, key).await?;
            }
        }
        Ok(())
    }
}

const UNCOUNTED: &str = "sessions = 0 and posts = 0";

static COVERAGE_DAY: LazyLock<Table> = LazyLock::new(|| {
    Table::new("coverage_day", &["held_day", "generation", "code", "village_id"], Sums::COLUMNS, UNCOUNTED)
});
static COVERAGE_MONTH: LazyLock<Table> = LazyLock::new(|| {
    Table::new("coverage_month", &["month", "generation", "code", "village_id"], Sums::COLUMNS, UNCOUNTED)
});
static MATERIAL_DAY: LazyLock<Table> = LazyLock::new(|| {
    let keys = ["held_day", "generation", "code", "village_id", "kind"];
    Table::new("material_day", &keys, &["quantity"], "quantity = 0")
});
static MATERIAL_MONTH: LazyLock<Table> = LazyLock::new(|| {
    Table::new("material_month", &["month", "generation", "code", "village_id", "kind"], &["quantity"], "quantity = 0")
});

static FACET_MONTH: LazyLock<Table> = LazyLock::new(|| {
    let keys = ["facet", "value", "month", "generation", "code", "village_id"];
    Table::new("facet_month", &keys, FacetSums::COLUMNS, UNCOUNTED)
});
static MATERIAL_RECORDER_MONTH: LazyLock<Table> = LazyLock::new(|| {
    Table::new("material_recorder_month", &["month", "recorder", "kind"], &["quantity"], "quantity = 0")
});

/// Adds the deltas to all six tables. Rows are touched in ascending order of their keys, as by every other writer.
pub(super) async fn apply(tx: &mut Tx, calendar: Calendar, deltas: &Deltas) -> Result<(), DbError> {
    let mut days = Vec::new();
    let mut months: BTreeMap<(ReportMonth, AreaId, &str), Sums> = BTreeMap::new();
    for (slot, sums) in deltas.changed() {
        days.extend(key(slot.day, slot.area, &slot.village));
        days.extend(sums.values().into_iter().map(Value::Int));
        *months.entry((calendar.month_of(slot.day), slot.area, &slot.village)).or_default() += sums;
    }
    let mut month_values = Vec::new();
    for ((month, area, village), sums) in &months {
        month_values.extend(key(month.0, *area, village));
        month_values.extend(sums.values().into_iter().map(Value::Int));
    }
    let mut material_days = Vec::new();
    let mut material_months: BTreeMap<(ReportMonth, AreaId, &str, &str), i64> = BTreeMap::new();
    for (slot, kind, quantity) in deltas.changed_material() {
        material_days.extend(key(slot.day, slot.area, &slot.village));
        material_days.extend([Value::Text(kind), Value::Int(quantity)]);
        *material_months.entry((calendar.month_of(slot.day), slot.area, &slot.village, kind)).or_default() += quantity;
    }
    let mut material_month_values = Vec::new();
    for ((month, area, village, kind), quantity) in &material_months {
        material_month_values.extend(key(month.0, *area, village));
        material_month_values.extend([Value::Text(kind), Value::Int(*quantity)]);
    }
    let mut facets: BTreeMap<(Facet, &str, ReportMonth, AreaId, &str), FacetSums> = BTreeMap::new();
    for (slot, facet, value, sums) in deltas.changed_facets() {
        let month = calendar.month_of(slot.day);
        *facets.entry((facet, value, month, slot.area, &slot.village)).or_default() += sums;
    }
    let mut facet_values = Vec::new();
    for ((facet, value, month, area, village), sums) in &facets {
        facet_values.extend([Value::Text(facet.name()), Value::Text(value)]);
        facet_values.extend(key(month.0, *area, village));
        facet_values.extend(sums.values().into_iter().map(Value::Int));
    }
    let mut by_recorder: BTreeMap<(ReportMonth, i64, &str), i64> = BTreeMap::new();
    for (slot, recorder, kind, quantity) in deltas.changed_by_recorder() {
        *by_recorder.entry((calendar.month_of(slot.day), recorder, kind)).or_default() += quantity;
    }
    let mut by_recorder_values = Vec::new();
    for ((month, recorder, kind), quantity) in &by_recorder {
        let row = [Value::Int(month.0), Value::Int(*recorder), Value::Text(kind), Value::Int(*quantity)];
        by_recorder_values.extend(row);
    }
    for (table, values) in [
        (&*COVERAGE_DAY, &days),
        (&*COVERAGE_MONTH, &month_values),
        (&*MATERIAL_DAY, &material_days),
        (&*MATERIAL_MONTH, &material_month_values),
        (&*FACET_MONTH, &facet_values),
        (&*MATERIAL_RECORDER_MONTH, &by_recorder_values),
    ] {
        table.add(tx, values).await?;
        if deltas.shrinks() {
            table.sweep(tx, values).await?;
        }
    }
    Ok(())
}

fn key<'a>(first: i64, area: AreaId, village: &'a str) -> [Value<'a>; 4] {
    [Value::Int(first), Value::Int(area.generation.into()), Value::Int(area.code.into()), Value::Text(village)]
}

/// The calendar the monthly roll-up is kept in.
pub(crate) async fn calendar(tx: &mut Tx) -> Result<Calendar, DbError> {
    const READ: &str = "select closing_day from coverage_calendar where id = 1";
    let stored: Option<i64> = on_db!(tx, |c| sqlx::query_scalar(READ).fetch_optional(c).await)?;
    stored.map_or_else(|| Ok(Calendar::default()), stored_calendar)
}

/// The calendar of a stored closing day.
fn stored_calendar(closing_day: i64) -> Result<Calendar, DbError> {
    u8::try_from(closing_day)
        .ok()
        .and_then(|day| Calendar::closing_on(day).ok())
        .ok_or_else(|| DbError::Damaged { column: "coverage_calendar.closing_day", why: closing_day.to_string() })
}

/// Makes the monthly roll-up again for another closing day: sums and material from the daily one, what is kept by month
/// alone from the sessions.
pub(crate) async fn change_calendar(tx: &mut Tx, calendar: Calendar) -> Result<(), DbError> {
    const STORE: &str = "insert into coverage_calendar (id, closing_day) values (1, $1) \
                         on conflict (id) do update set closing_day = excluded.closing_day";
    const SPAN: &str = "select min(held_day), max(held_day) from \
                        (select held_day from coverage_day union all select held_day from material_day) days";
    static SUM_MONTH: LazyLock<String> = LazyLock::new(|| {
        let sums: Vec<String> = Sums::COLUMNS.iter().map(|sum| format!("cast(sum({sum}) as bigint)")).collect();
        format!(
            "insert into coverage_month (month, generation, code, village_id, {}) \
             select cast($1 as bigint), generation, code, village_id, {} from coverage_day \
             where held_day between $2 and $3 group by generation, code, village_id",
            Sums::COLUMNS.join(", "),
            sums.join(", ")
        )
    });
    const SUM_MATERIAL: &str = "insert into material_month (month, generation, code, village_id, kind, quantity) \
         select cast($1 as bigint), generation, code, village_id, kind, cast(sum(quantity) as bigint) \
         from material_day where held_day between $2 and $3 group by generation, code, village_id, kind";
    on_db!(tx, |c| sqlx::query(STORE).bind(i64::from(calendar.closing_day())).execute(c).await.map(drop))?;
    on_db!(tx, |c| sqlx::query("delete from coverage_month").execute(c).await.map(drop))?;
    on_db!(tx, |c| sqlx::query("delete from material_month").execute(c).await.map(drop))?;
    for text in ["delete from facet_month", "delete from material_recorder_month"] {
        on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    let dialect = tx.dialect();
    let by_month = [
        dialect.pick(include_str!("facet_month.sqlite.sql"), include_str!("facet_month.postgres.sql")),
        dialect.pick(
            include_str!("material_recorder_month.sqlite.sql"),
            include_str!("material_recorder_month.postgres.sql"),
        ),
    ];
    for text in by_month {
        on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    let span: (Option<i64>, Option<i64>) = on_db!(tx, |c| sqlx::query_as(SPAN).fetch_one(c).await)?;
    let (Some(first), Some(last)) = span else { return Ok(()) };
    for month in calendar.month_of(first).0..=calendar.month_of(last).0 {
        let (from, to) = (calendar.first_day(ReportMonth(month)), calendar.last_day(ReportMonth(month)));
        for text in [SUM_MONTH.as_str(), SUM_MATERIAL] {
            on_db!(tx, |c| {
                let query = sqlx::query(sqlx::AssertSqlSafe(text));
                query.bind(month).bind(from).bind(to).execute(c).await.map(drop)
            })?;
        }
    }
    Ok(())
}
