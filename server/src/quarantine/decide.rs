//! Releasing a change, or leaving it out, in one transaction with its audit row.

use std::collections::BTreeSet;

use serde_json::json;
use sync_core::admit::ledger::Placer;
use sync_core::admit::{Binding, Reason, scan};
use sync_core::log::LogId;

use super::problems::{DECIDED, NOT_YOURS, STILL_REFUSED, UNKNOWN};
use crate::audit::{self, Actor};
use crate::auth::{Principal, check_again};
use crate::db::{DbError, Tx};
use crate::ingest::Standing;
use crate::ingest::adoption::{
    Bytes, Candidate, ChangeRow, Context, Group, change_at, credentials_of_row, heads, lock, next_batch_id, row_binding,
};
use crate::ingest::open_change;
use crate::journal::Draft;
use crate::on_db;
use crate::problem::Problem;

/// Where a change stands: its batch and its place in it.
pub type At = (i64, i64);

/// Makes a change part of its record by a batch of the server's own log; returns how it stands now. A change that was
/// left out may still be released: leaving is no loss.
///
/// # Errors
/// [`Problem`] of [`super::problems`]; then nothing changed.
pub(crate) async fn release_in(
    tx: &mut Tx,
    principal: &Principal,
    at: At,
    note: Option<&str>,
    context: &Context,
) -> Result<Standing, Problem> {
    let row = change_of(tx, principal, at, context).await?;
    if !matches!(row.standing, Standing::Quarantined(_) | Standing::Left) {
        return Err(decided(row.standing));
    }
    let known = context.signers.find(tx, &credentials_of_row(&row)).await?;
    // The person vouches for what the certificate would not allow.
    let standing = adopt(tx, &row, row_binding(&row, &known, true), context).await?;
    note_decision(tx, principal, (at, standing), note, context).await?;
    let detail = json!({ "area": row.log.area, "record": row.record, "device": row.log.device,
        "reason": row.standing.reason(), "was": row.standing.name(), "note": note });
    let subject = format!("{}/{}", at.0, at.1);
    audit::record(tx, context.now, Actor::from(principal), "change.released", &subject, &detail).await?;
    Ok(standing)
}

/// Admits a change that was kept out, by a batch of the server's own log; how it stands now. It is judged as one bound like
/// this.
///
/// # Errors
/// [`STILL_REFUSED`]; then the transaction is not to be committed.
pub(super) async fn adopt(
    tx: &mut Tx,
    row: &ChangeRow,
    binding: Option<Binding>,
    context: &Context,
) -> Result<Standing, Problem> {
    let claims_another = |bytes: &Vec<u8>| scan(bytes).is_ok_and(|info| info.actor.device() != row.log.device);
    if row.log.device != context.server_device && row.bytes.as_deref().is_some_and(claims_another) {
        // It would stand in another's name, and might take the number of that device's next change.
        return Err(STILL_REFUSED.problem().field("ordinal").detail(Reason::ActorNotOfDevice.en()));
    }
    let server = LogId { area: row.log.area, device: context.server_device };
    let heads = heads(tx, &BTreeSet::from([server])).await?;
    let next = next_batch_id(tx).await?;
    let mut group = Group::new(Placer::new(heads, Default::default()), next, Default::default());
    let place = row.place;
    let candidate = Candidate {
        place,
        area: row.log.area,
        record: row.record,
        hash: row.hash,
        bytes: row.bytes.clone().map(Bytes::Read),
        binding,
        obstacle: None,
        foreseen: Vec::new(),
        received_at: context.now,
        late: true,
    };
    group.run(tx, vec![candidate], context).await?;
    let standing = group.restandings.get(&place).map_or(row.standing, |(standing, _)| *standing);
    if !matches!(standing, Standing::Released | Standing::Duplicate) {
        let why = match standing {
            Standing::Quarantined(reason) => reason.en().to_owned(),
            Standing::Waiting => "a change it depends on has not arrived".to_owned(),
            _ => "its bytes are not here".to_owned(),
        };
        return Err(STILL_REFUSED.problem().field("ordinal").detail(why));
    }
    group.write(tx, context.now).await?;
    Ok(standing)
}

/// Notes that a change stays out of its record.
///
/// # Errors
/// [`Problem`] of [`super::problems`]; then nothing changed.
pub(crate) async fn leave_in(
    tx: &mut Tx,
    principal: &Principal,
    at: At,
    why: &str,
    context: &Context,
) -> Result<Standing, Problem> {
    const LEAVE: &str = "update change set verdict = 'left' where batch_id = $1 and ordinal = $2";
    let row = change_of(tx, principal, at, context).await?;
    if !matches!(row.standing, Standing::Quarantined(_)) {
        return Err(decided(row.standing));
    }
    on_db!(tx, |c| sqlx::query(LEAVE).bind(at.0).bind(at.1).execute(c).await.map(drop)).map_err(DbError::from)?;
    open_change::remove(tx, row.place).await?;
    note_decision(tx, principal, (at, Standing::Left), Some(why), context).await?;
    let detail = json!({ "area": row.log.area, "record": row.record, "device": row.log.device,
        "reason": row.standing.reason(), "why": why });
    let subject = format!("{}/{}", at.0, at.1);
    audit::record(tx, context.now, Actor::from(principal), "change.left", &subject, &detail).await?;
    Ok(Standing::Left)
}

fn decided(standing: Standing) -> Problem {
    DECIDED.problem().detail(format!("it is {}", standing.name()))
}

/// The change, when this person decides there.
async fn change_of(
    tx: &mut Tx,
    principal: &Principal,
    (batch, ordinal): At,
    context: &Context,
) -> Result<ChangeRow, Problem> {
    lock(tx).await?;
    check_again(tx, principal, context.now).await?;
    let unknown = || UNKNOWN.problem().field("batch");
    let row = change_at(tx, batch, ordinal).await?.ok_or_else(unknown)?;
    if !principal.areas.contains(row.log.area) {
        return Err(unknown());
    }
    if !principal.decides_in(row.log.area) {
        return Err(NOT_YOURS.problem());
    }
    Ok(row)
}

async fn note_decision(
    tx: &mut Tx,
    principal: &Principal,
    (at, standing): (At, Standing),
    note: Option<&str>,
    context: &Context,
) -> Result<(), DbError> {
    const NOTE: &str = "update change set decided_by = $3, decided_at_ms = $4, note = $5 \
                        where batch_id = $1 and ordinal = $2";
    on_db!(tx, |c| sqlx::query(NOTE)
        .bind(at.0)
        .bind(at.1)
        .bind(principal.account)
        .bind(context.now.0)
        .bind(note)
        .execute(c)
        .await
        .map(drop))?;
    let mut journal = Draft::at(context.now);
    journal.decided(at, standing, principal.account, note);
    journal.append(tx).await
}

/// Releases a change: see [`crate::quarantine`].
///
/// # Errors
/// [`Problem`] of [`super::problems`].
pub async fn release(
    app: &crate::app::AppState,
    principal: &Principal,
    at: At,
    note: Option<&str>,
) -> Result<Standing, Problem> {
    let context = crate::ingest::adoption::context(app).await?;
    crate::write_tx!(app.db, |tx| release_in(tx, principal, at, note, &context))
}

/// Leaves a change out of its record, for a reason.
///
/// # Errors
/// [`Problem`] of [`super::problems`].
pub async fn leave(app: &crate::app::AppState, principal: &Principal, at: At, why: &str) -> Result<Standing, Problem> {
    let context = crate::ingest::adoption::context(app).await?;
    crate::write_tx!(app.db, |tx| leave_in(tx, principal, at, why, &context))
}
