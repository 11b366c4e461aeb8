//! After an upgrade: what an older version kept because it did not know its schema is judged again.

use serde_json::json;
use sync_core::admit::{Binding, Reason};
use sync_core::id::RecordKind;
use sync_core::log::SCHEMA;

use super::decide::{At, adopt};
use super::problems::STILL_REFUSED;
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::db::Tx;
use crate::ingest::Standing;
use crate::ingest::adoption::{Context, Rights, change_at, context, credentials_of_row, lock, row_binding};
use crate::on_db;
use crate::problem::Problem;

/// Admits every change whose only fault was that this server did not know its schema or kind, and now does; returns how
/// many. Everything else the gate asks for is asked for again; what it refuses stays where it is.
///
/// # Errors
/// The database's. What was admitted until then stays so; the next call goes on.
pub async fn readmit(app: &AppState) -> Result<usize, Problem> {
    const KEPT: &str = "select c.batch_id, c.ordinal, c.kind from change c join batch b on b.id = c.batch_id \
                        where c.verdict = 'quarantined' and c.reason = $1 and b.schema_number <= $2 \
                        and b.state = 'chained' order by c.batch_id, c.ordinal";
    let reason = Reason::UnknownSchema.code();
    let kept: Vec<(i64, i64, i64)> =
        on_db!(app.db, |c| sqlx::query_as(KEPT).bind(reason).bind(i64::from(SCHEMA)).fetch_all(c).await)?;
    let is_known = |kind: i64| u8::try_from(kind).is_ok_and(|kind| RecordKind::from_code(kind).is_some());
    let mut admitted = 0;
    for at in kept.into_iter().filter(|row| is_known(row.2)).map(|(batch, ordinal, _)| (batch, ordinal)) {
        let context = context(app).await?;
        match crate::write_tx!(app.db, |tx| readmit_one(tx, at, &context)) {
            Ok(()) => admitted += 1,
            Err(problem) if problem.kind() == STILL_REFUSED => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(admitted)
}

async fn readmit_one(tx: &mut Tx, at: At, context: &Context) -> Result<(), Problem> {
    lock(tx).await?;
    let Some(row) = change_at(tx, at.0, at.1).await? else { return Err(STILL_REFUSED.problem()) };
    if !matches!(row.standing, Standing::Quarantined(Reason::UnknownSchema)) {
        return Err(STILL_REFUSED.problem());
    }
    // Nobody vouches for it: what device, account and certificate do not allow now stays for a person to decide.
    let credentials = credentials_of_row(&row);
    let known = context.signers.find(tx, &credentials).await?;
    let rights = Rights::read(tx, &credentials).await?;
    if rights.shut_out(row.log.device).is_some() || !rights.cover(&row.log, &context.lineage) {
        return Err(STILL_REFUSED.problem());
    }
    let as_sealed = row_binding(&row, &known, false);
    let binding = as_sealed.map(|binding| Binding { role: rights.role(binding.device, binding.role), ..binding });
    adopt(tx, &row, binding, context).await?;
    let detail = json!({ "area": row.log.area, "record": row.record, "device": row.log.device,
        "reason": row.standing.reason(), "note": "its schema is known since an upgrade" });
    let subject = format!("{}/{}", at.0, at.1);
    audit::record(tx, context.now, Actor::CommandLine, "change.released", &subject, &detail).await?;
    Ok(())
}
