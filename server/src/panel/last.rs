//! The newest check of each site.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecordId};
use utoipa::ToSchema;

use crate::coverage::area_condition;
use crate::coverage::calendar::day_text;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// The newest check of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastCheck {
    /// Its record.
    #[schema(value_type = String)]
    pub record: RecordId,
    /// The day of the visit; none when the record does not say.
    pub day: Option<String>,
    /// What was found.
    pub conditions: Vec<String>,
    /// Whether the panel shows a wrong hotline number.
    pub hotline_wrong: Option<bool>,
    /// Who was there.
    pub recorder_name: Option<String>,
    /// Days since then.
    pub days: Option<i64>,
}

impl LastCheck {
    /// Whether anything but a good condition was found.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.conditions.iter().any(|condition| condition != "good")
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    site: String,
    record_id: Blob<RecordId>,
    checked_day: Option<i64>,
    conditions: String,
    hotline_wrong: Option<bool>,
    display_name: Option<String>,
}

/// The newest check of each site, made in these areas; of two on one day the one with the greater id.
///
/// One descent of an index for each site of the register, however many checks there are. The register is in the
/// database, so no list of sites has to be sent.
pub(super) async fn last_checks(
    tx: &mut Tx,
    areas: Option<&BTreeSet<AreaId>>,
    today: i64,
) -> Result<BTreeMap<String, LastCheck>, DbError> {
    let within = match areas {
        None => String::new(),
        Some(areas) => format!("and {}", area_condition(areas).unwrap_or_else(|| "1 = 0".to_owned())),
    };
    let text = format!(
        "select p.site, p.record_id, p.checked_day, p.conditions, p.hotline_wrong, account.display_name \
         from reference_item i join panel_check p on p.record_id = (select record_id from panel_check \
         where site = i.id and not voided and coalesce(checked_day, -1) <= $1 {within} \
         order by coalesce(checked_day, -1) desc, record_id desc limit 1) \
         left join account on account.id = p.recorder where i.kind = 'panels'"
    );
    let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).bind(today).fetch_all(c).await)?;
    rows.into_iter()
        .map(|row| {
            let damaged = |error: serde_json::Error| DbError::Damaged {
                column: "panel_check.conditions",
                why: error.to_string(),
            };
            let last = LastCheck {
                record: row.record_id.0,
                day: row.checked_day.map(day_text),
                conditions: serde_json::from_str(&row.conditions).map_err(damaged)?,
                hotline_wrong: row.hotline_wrong,
                recorder_name: row.display_name,
                days: row.checked_day.map(|day| today - day),
            };
            Ok((row.site, last))
        })
        .collect()
}
