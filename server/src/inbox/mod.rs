//! What waits for an officer: counts by state, and how long the oldest has waited.

pub mod route;

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::AssertSqlSafe;
use sync_core::id::{AreaId, RecordKind};
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::db::rows::{self, Find, Value};
use crate::db::{DbError, Tx};
use crate::ingest::open_change::batch_and_ordinal;
use crate::on_db;
use crate::project::stored_area;
use crate::reference::{Catalogue, Resolution};
use crate::session::slices;

/// How many, and since when the oldest waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = InboxWaiting)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// When the server received the oldest; none where there is none, and of what is confirmed.
    pub oldest_received_at_ms: Option<i64>,
}

impl Waiting {
    fn add(&mut self, count: i64, oldest: Option<i64>) {
        self.count += count;
        self.oldest_received_at_ms = self.oldest_received_at_ms.into_iter().chain(oldest).min();
    }
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = InboxNumber)]
pub struct Number {
    /// How many.
    pub count: i64,
}

/// Sessions by state. Voided ones are in no other state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = InboxStates)]
pub struct States {
    /// Nobody has reviewed them.
    pub new: Waiting,
    /// Changed after a review.
    pub amended: Waiting,
    /// Reviewers disagree.
    pub disputed: Waiting,
    /// Returned for completion (trả lại để bổ sung).
    pub returned: Waiting,
    /// Confirmed as they stand.
    pub confirmed: Waiting,
    /// Void.
    pub voided: Waiting,
}

/// What waits in the caller's areas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Inbox {
    /// Sessions by state.
    pub states: States,
    /// Sessions, not voided, with a field on which people disagree.
    pub conflicts: Waiting,
    /// Panel checks and reviews with such a field.
    pub other_conflicts: Number,
    /// Pairs of sessions that may be one event and that nobody has looked at.
    pub duplicates: Number,
    /// Changes that were kept and not admitted.
    pub quarantined: Waiting,
    /// Forgotten PINs that wait for approval.
    pub recoveries: Number,
}

/// What is counted in the database; all but the recoveries.
///
/// # Errors
/// The database's.
pub async fn count(tx: &mut Tx, catalogue: &Catalogue, scope: &Scope, unit: Option<AreaId>) -> Result<Inbox, DbError> {
    let mut inbox = Inbox::default();
    for slice in slices(catalogue, scope, unit) {
        count_states(tx, &slice, &mut inbox.states).await?;
        let conflicts = format!(
            "select count(*), min(received_at_ms) from session where {slice} and not voided and conflict_count > 0"
        );
        let (sessions, oldest) = waiting(tx, conflicts).await?;
        inbox.conflicts.add(sessions, oldest);
    }
    inbox.other_conflicts.count = other_conflicts(tx, catalogue, scope, unit).await?;
    inbox.duplicates.count = crate::duplicate::count_open(tx, catalogue, scope, unit).await?;
    for (area, found) in quarantined(tx, scope).await? {
        if may_lie_in(catalogue, scope, unit, area) {
            inbox.quarantined.add(found.count, found.oldest_received_at_ms);
        }
    }
    Ok(inbox)
}

/// What is confirmed is the rest: it is most of the table, and nothing of it is looked at.
async fn count_states(tx: &mut Tx, slice: &str, states: &mut States) -> Result<(), DbError> {
    let open = format!(
        "select review_state, count(*), min(received_at_ms) from session \
         where {slice} and not voided and review_state <> 'confirmed' group by review_state"
    );
    let rows: Vec<(String, i64, Option<i64>)> = on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(open)).fetch_all(c).await)?;
    let mut other = 0;
    for (state, count, oldest) in rows {
        let of_state = match state.as_str() {
            "new" => &mut states.new,
            "amended" => &mut states.amended,
            "disputed" => &mut states.disputed,
            "returned" => &mut states.returned,
            _ => return Err(DbError::Damaged { column: "session.review_state", why: state }),
        };
        of_state.add(count, oldest);
        other += count;
    }
    let voided = format!("select count(*), min(received_at_ms) from session where {slice} and voided");
    let (voided, oldest) = waiting(tx, voided).await?;
    states.voided.add(voided, oldest);
    let all = format!("select count(*) from session where {slice}");
    let all: i64 = on_db!(tx, |c| sqlx::query_scalar(AssertSqlSafe(all)).fetch_one(c).await)?;
    states.confirmed.add(all - voided - other, None);
    Ok(())
}

async fn waiting(tx: &mut Tx, text: String) -> Result<(i64, Option<i64>), DbError> {
    Ok(on_db!(tx, |c| sqlx::query_as(AssertSqlSafe(text)).fetch_one(c).await)?)
}

/// Panel checks and reviews do not name a village: of a split unit they are found under the unit as recorded.
async fn other_conflicts(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    unit: Option<AreaId>,
) -> Result<i64, DbError> {
    const COUNT: &str = "select generation, code, count(distinct record_id) from conflict where kind <> $1 \
        group by generation, code";
    let session = i64::from(RecordKind::Session.code());
    let rows: Vec<(i64, i64, i64)> = on_db!(tx, |c| sqlx::query_as(COUNT).bind(session).fetch_all(c).await)?;
    let mut conflicts = 0;
    for (generation, code, count) in rows {
        if may_lie_in(catalogue, scope, unit, stored_area(generation, code)?) {
            conflicts += count;
        }
    }
    Ok(conflicts)
}

/// Changes in quarantine, by the area of their log. What lies in areas the caller does not see costs nothing.
pub(crate) async fn quarantined(tx: &mut Tx, scope: &Scope) -> Result<BTreeMap<AreaId, Waiting>, DbError> {
    const EVERYWHERE: &str = "select generation, code, count(*), min(place) from open_change \
        where verdict = 'quarantined' group by generation, code";
    const IN_AREAS: Find<'_> = Find {
        select: "generation, code, count(*), min(place)",
        from: "open_change",
        by: &["generation", "code"],
        and: "verdict = 'quarantined' group by generation, code",
    };
    const ARRIVED: &str = "select id, received_at_ms from batch where id in";
    type Row = (i64, i64, i64, i64);
    let rows: Vec<Row> = match scope.areas() {
        None => on_db!(tx, |c| sqlx::query_as(EVERYWHERE).fetch_all(c).await)?,
        Some(areas) => {
            let keys = areas.iter().flat_map(|area| [Value::Int(area.generation.into()), Value::Int(area.code.into())]);
            rows::read_by(tx, IN_AREAS, &keys.collect::<Vec<_>>()).await?
        }
    };
    // Batches are numbered as they arrive.
    let first: Vec<Value<'_>> = rows.iter().map(|row| Value::Int(batch_and_ordinal(row.3).0)).collect();
    let arrived: BTreeMap<i64, i64> = rows::read(tx, ARRIVED, &first).await?.into_iter().collect();
    rows.iter()
        .map(|(generation, code, count, first)| {
            let oldest_received_at_ms = arrived.get(&batch_and_ordinal(*first).0).copied();
            Ok((stored_area(*generation, *code)?, Waiting { count: *count, oldest_received_at_ms }))
        })
        .collect()
}

/// Whether what was recorded in an area, in a village nobody names, is the caller's and may belong to the unit.
pub(crate) fn may_lie_in(catalogue: &Catalogue, scope: &Scope, unit: Option<AreaId>, area: AreaId) -> bool {
    let of_unit = |unit: AreaId| match catalogue.resolve(area, None, unit.generation) {
        Resolution::Unit(code) => code == unit.code,
        Resolution::NeedsChoice { candidates, .. } => candidates.contains(&unit.code),
        Resolution::Unknown => false,
    };
    scope.contains(area) && unit.is_none_or(of_unit)
}

#[cfg(test)]
mod tests;
