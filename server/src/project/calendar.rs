//! The closing day of reporting months that every process goes by.

use crate::coverage::calendar::Calendar;
use crate::db::{DbError, Tx};
use crate::on_db;

/// The calendar in force.
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

/// Puts another calendar in force. The roll-up keeps days apart, so nothing else follows.
pub(crate) async fn change_calendar(tx: &mut Tx, calendar: Calendar) -> Result<(), DbError> {
    const STORE: &str = "insert into coverage_calendar (id, closing_day) values (1, $1) \
                         on conflict (id) do update set closing_day = excluded.closing_day";
    Ok(on_db!(tx, |c| sqlx::query(STORE).bind(i64::from(calendar.closing_day())).execute(c).await.map(drop))?)
}
