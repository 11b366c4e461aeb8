//! Who worked at which post on which days.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecorderId};

use crate::coverage::area_condition;
use crate::db::{DbError, Tx};
use crate::on_db;

/// Days on which a person counts with a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay {
    /// The person.
    pub(crate) recorder: RecorderId,
    /// The post.
    pub(crate) post: String,
    /// From the day of arrival; without an end while nothing came after.
    pub(crate) days: RangeInclusive<i64>,
}

/// Every stay at a post, by person.
pub(crate) async fn stays(tx: &mut Tx) -> Result<Vec<Stay>, DbError> {
    const POSTED: &str = "select account_id, since_day, post_id from account_post order by account_id, since_day";
    let rows: Vec<(i64, i64, Option<String>)> = on_db!(tx, |c| sqlx::query_as(POSTED).fetch_all(c).await)?;
    let mut stays = Vec::new();
    for (at, (account, since, post)) in rows.iter().enumerate() {
        let next = rows.get(at + 1).filter(|next| next.0 == *account);
        let last = next.map_or(i64::MAX, |next| next.1 - 1);
        if let (Some(post), Ok(recorder)) = (post, u32::try_from(*account).map(RecorderId)) {
            stays.push(Stay { recorder, post: post.clone(), days: *since..=last });
        }
    }
    Ok(stays)
}

/// The accounts that may work in any of these areas, as the roll-up names recorders.
pub(super) async fn working_in(tx: &mut Tx, areas: &BTreeSet<AreaId>) -> Result<BTreeSet<String>, DbError> {
    let Some(within) = area_condition(areas) else { return Ok(BTreeSet::new()) };
    let text = format!("select distinct account_id from account_area where {within}");
    let rows: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|account| account.to_string()).collect())
}
