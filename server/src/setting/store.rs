//! Settings in the database: one row each in `setting`, named `hq.…`, as text.

use std::collections::BTreeMap;

use super::{PANEL_CHECK_DAYS, SMALL_COUNT, Settings, UNREACHED_DAYS};
use crate::coverage::calendar::Calendar;
use crate::db::{DbError, Tx};
use crate::{on_db, project};

pub(super) const CLOSING_DAY: &str = "hq.closing_day";
pub(super) const PANEL_CHECKS: &str = "hq.panel_check_days";
pub(super) const UNREACHED: &str = "hq.unreached_days";
pub(super) const SMALL: &str = "hq.small_count";
pub(super) const BASEMAP: &str = "hq.basemap_style_url";
pub(super) const ISSUER: &str = "hq.report_issuer";

/// The settings in force.
///
/// # Errors
/// [`DbError::Damaged`] for a stored value that another hand made.
pub async fn read(tx: &mut Tx) -> Result<Settings, DbError> {
    const ALL: &str = "select name, value from setting where name like 'hq.%'";
    let rows: Vec<(String, String)> = on_db!(tx, |c| sqlx::query_as(ALL).fetch_all(c).await)?;
    let mut rows: BTreeMap<String, String> = rows.into_iter().collect();
    let number = |name: &str, default| match rows.get(name) {
        None => Ok(default),
        Some(text) => text.parse::<u16>().map_err(|_| damaged(name, text)),
    };
    Ok(Settings {
        panel_check_days: number(PANEL_CHECKS, PANEL_CHECK_DAYS)?,
        unreached_days: number(UNREACHED, UNREACHED_DAYS)?,
        small_count: number(SMALL, SMALL_COUNT)?,
        basemap_style_url: rows.remove(BASEMAP),
        report_issuer: rows.remove(ISSUER).unwrap_or_default(),
        // What reports are made by, whoever said so: this, the configuration, or nobody yet.
        closing_day: project::calendar(tx).await?.closing_day(),
    })
}

/// The closing day somebody set; none while the configuration's holds.
///
/// # Errors
/// As [`read`].
pub(crate) async fn closing_day(tx: &mut Tx) -> Result<Option<Calendar>, DbError> {
    let stored = value(tx, CLOSING_DAY).await?;
    let calendar = |text: String| {
        let day = text.parse().ok().and_then(|day| Calendar::closing_on(day).ok());
        day.ok_or_else(|| damaged(CLOSING_DAY, &text))
    };
    stored.map(calendar).transpose()
}

/// The stored text of a setting.
pub(super) async fn value(tx: &mut Tx, name: &str) -> Result<Option<String>, DbError> {
    const ONE: &str = "select value from setting where name = $1";
    Ok(on_db!(tx, |c| sqlx::query_scalar(ONE).bind(name).fetch_optional(c).await)?)
}

/// Keeps a setting; none removes it, so that its default holds again.
pub(super) async fn put(tx: &mut Tx, name: &str, value: Option<&str>) -> Result<(), DbError> {
    const PUT: &str = "insert into setting (name, value) values ($1, $2) \
                       on conflict (name) do update set value = excluded.value";
    const REMOVE: &str = "delete from setting where name = $1";
    match value {
        Some(value) => on_db!(tx, |c| sqlx::query(PUT).bind(name).bind(value).execute(c).await.map(drop))?,
        None => on_db!(tx, |c| sqlx::query(REMOVE).bind(name).execute(c).await.map(drop))?,
    }
    Ok(())
}

fn damaged(name: &str, value: &str) -> DbError {
    DbError::Damaged { column: "setting.value", why: format!("{name} is {value:?}") }
}
