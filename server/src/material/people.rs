//! Who worked at which post in which reporting month.

use sync_core::id::RecorderId;

use crate::coverage::calendar::Calendar;
use crate::db::{DbError, Tx};
use crate::on_db;

/// Later than every reporting month there is: a stay that has not ended.
const OPEN: i64 = 1 << 20;

/// Reporting months in which a person counts with a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stay {
    /// The person.
    pub(crate) recorder: RecorderId,
    /// The post.
    pub(crate) post: String,
    /// The first month.
    pub(crate) first: i64,
    /// The last month.
    pub(crate) last: i64,
}

/// Every stay at a post, by person. The roll-up knows months, not days: a whole month counts with the post at which the
/// person was on its last day.
pub(crate) async fn stays(tx: &mut Tx, calendar: Calendar) -> Result<Vec<Stay>, DbError> {
    const POSTED: &str = "select account_id, since_day, post_id from account_post order by account_id, since_day";
    let rows: Vec<(i64, i64, Option<String>)> = on_db!(tx, |c| sqlx::query_as(POSTED).fetch_all(c).await)?;
    let mut stays = Vec::new();
    for (at, (account, since, post)) in rows.iter().enumerate() {
        let next = rows.get(at + 1).filter(|next| next.0 == *account);
        let first = calendar.month_of(*since).0;
        let last = next.map_or(OPEN, |next| calendar.month_of(next.1).0 - 1);
        let recorder = u32::try_from(*account).map(RecorderId);
        if let (Some(post), Ok(recorder)) = (post, recorder)
            && first <= last
        {
            stays.push(Stay { recorder, post: post.clone(), first, last });
        }
    }
    Ok(stays)
}
