//! One plan set or taken back by hand, in the version of the whole reference data.

use sync_core::id::UnixMs;

use super::items::Plan;
use super::kind::Kind;
use super::store;
use crate::audit::{self, Actor};
use crate::db::{DbError, Tx};
use crate::on_db;

/// Sets the plan of this id (a village, a unit or a rule), or takes it back: what it was for then follows the next wider
/// plan. Leaves an audit row. False: there was nothing to take back, or it stood so already.
///
/// # Errors
/// The database's.
pub(crate) async fn set_plan(
    tx: &mut Tx,
    actor: Actor,
    now: UnixMs,
    id: &str,
    plan: Option<&Plan>,
) -> Result<bool, DbError> {
    const TAKE: &str = "delete from reference_item where kind = 'plans' and id = $1";
    const STANDS: &str = "select body from reference_item where kind = 'plans' and id = $1";
    const PLACE: &str = "select coalesce(max(position), 0) + 1 from reference_item where kind = 'plans'";
    let stands: Option<String> = on_db!(tx, |c| sqlx::query_scalar(STANDS).bind(id).fetch_optional(c).await)?;
    let before: Option<Plan> = stands.and_then(|body| serde_json::from_str(&body).ok());
    if before.as_ref() == plan {
        return Ok(false);
    }
    match plan {
        None => on_db!(tx, |c| sqlx::query(TAKE).bind(id).execute(c).await.map(drop))?,
        Some(plan) => {
            let place: i64 = on_db!(tx, |c| sqlx::query_scalar(PLACE).fetch_one(c).await)?;
            let body = serde_json::json!(plan).to_string();
            store::put_item(tx, Kind::Plans, id, usize::try_from(place).unwrap_or_default(), &body).await?;
        }
    }
    store::raise_version(tx, Kind::Plans.name()).await?;
    let shown =
        |plan: Option<&Plan>| plan.map(|plan| serde_json::json!({ "sessions": plan.sessions, "per": plan.per }));
    let detail = serde_json::json!({ "from": shown(before.as_ref()), "to": shown(plan) });
    audit::record(tx, now, actor, "plan.set", id, &detail).await?;
    Ok(true)
}
