//! Settings of headquarters, kept in the table `setting` under `hq.<name>`.

use crate::db::{DbError, Tx};
use crate::on_db;

/// The number a setting holds, or `default` while nobody set it.
pub(crate) async fn number(tx: &mut Tx, name: &str, default: i64) -> Result<i64, DbError> {
    const READ: &str = "select value from setting where name = $1";
    let name = format!("hq.{name}");
    let stored: Option<String> = on_db!(tx, |c| sqlx::query_scalar(READ).bind(&name).fetch_optional(c).await)?;
    stored.map_or(Ok(default), |text| {
        text.parse().map_err(|_| DbError::Damaged { column: "setting.value", why: format!("{name}: {text:?}") })
    })
}
