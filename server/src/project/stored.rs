//! What the read tables hold already of records that are written again.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{ActorId, AreaId, ChangeHash, RecordId, RecorderId, UnixMs};
use sync_core::record::{Claim, Decision, Line, Meta, Register, ReviewState, ReviewView};

use super::facet::Traits;
use super::ids as keys;
use super::pairs::Occasion;
use super::session_row::{Counted, ONLINE};
use super::sums::{Contribution, Slot};
use crate::db::{Blob, DbError, Tx, rows};
use crate::on_db;

/// Of a stored session, what decides how it counts.
#[derive(Debug, Clone, sqlx::FromRow)]
struct CountedColumns {
    record_id: Blob<RecordId>,
    generation: i64,
    code: i64,
    village_id: String,
    held_day: Option<i64>,
    format: Option<String>,
    setting: Option<String>,
    attendances: Option<i64>,
    women: Option<i64>,
    under16: Option<i64>,
    minority: Option<i64>,
    households: Option<i64>,
    pledges: Option<i64>,
    broadcasts: Option<i64>,
    broadcast_minutes: Option<i64>,
    voided: bool,
    review_state: String,
    tags: String,
    recorder: i64,
    counted_as: Option<Blob<RecordId>>,
    heads: Vec<u8>,
}

const SESSIONS: &str = "select record_id, generation, code, village_id, held_day, format, setting, attendances, women, \
    under16, minority, households, pledges, broadcasts, broadcast_minutes, voided, review_state, tags, \
    recorder, counted_as, heads \
    from session where record_id in";

/// A session as stored.
#[derive(Debug, Clone)]
pub(super) struct StoredSession {
    columns: CountedColumns,
    area: AreaId,
    material: BTreeMap<String, i64>,
    pub(super) heads: Vec<u8>,
}

impl StoredSession {
    /// What it was counted as.
    pub(super) fn contribution(&self) -> Option<(Slot, Contribution)> {
        let columns = &self.columns;
        let counted = Counted {
            area: self.area,
            village: &columns.village_id,
            held_day: columns.held_day,
            uncounted: columns.voided || columns.counted_as.is_some(),
            online: columns.format.as_deref() == Some(ONLINE),
            review_state: &columns.review_state,
            integrated: columns.setting.as_deref() == Some("integrated"),
            numbers: [
                columns.attendances,
                columns.women,
                columns.under16,
                columns.minority,
                columns.households,
                columns.pledges,
                columns.broadcasts,
                columns.broadcast_minutes,
            ],
        };
        let traits = Traits::of(columns.recorder, columns.format.as_deref(), &columns.tags);
        counted.contribution(self.material.clone(), traits)
    }

    pub(super) fn voided(&self) -> bool {
        self.columns.voided
    }

    /// The occasion on which others may tell of the same event; `None` when nobody could know.
    pub(super) fn occasion(&self) -> Option<Occasion> {
        let CountedColumns { village_id, held_day, voided, .. } = &self.columns;
        let known = !voided && !village_id.is_empty();
        known.then_some((village_id.clone(), (*held_day)?))
    }

    /// The same session in another state of review, counted as another or by itself.
    pub(super) fn standing(&self, state: ReviewState, counted_as: Option<RecordId>) -> Self {
        let mut changed = self.clone();
        changed.columns.review_state = state.name().to_owned();
        changed.columns.counted_as = counted_as.map(Blob);
        changed
    }
}

/// Those of the sessions that are stored.
pub(super) async fn sessions(tx: &mut Tx, ids: &[RecordId]) -> Result<BTreeMap<RecordId, StoredSession>, DbError> {
    const MATERIAL: &str = "select record_id, kind, quantity from session_material where record_id in";
    let rows: Vec<CountedColumns> = rows::read(tx, SESSIONS, &keys(ids)).await?;
    let found: Vec<RecordId> = rows.iter().map(|row| row.record_id.0).collect();
    let mut sessions = BTreeMap::new();
    for mut columns in rows {
        let area = area(columns.generation, columns.code)?;
        let heads = std::mem::take(&mut columns.heads);
        let id = columns.record_id.0;
        sessions.insert(id, StoredSession { columns, area, material: BTreeMap::new(), heads });
    }
    let material: Vec<(Blob<RecordId>, String, i64)> = rows::read(tx, MATERIAL, &keys(&found)).await?;
    for (Blob(id), kind, quantity) in material {
        if let Some(session) = sessions.get_mut(&id) {
            session.material.insert(kind, quantity);
        }
    }
    Ok(sessions)
}

/// Writes how sessions stand when only what others say of them changed: a review, a link, the session that counts.
pub(super) async fn restate(tx: &mut Tx, states: &[(RecordId, ReviewState, Option<RecordId>)]) -> Result<(), DbError> {
    const UPDATE: &str = "update session set review_state = $1, counted_as = $2 where record_id = $3";
    for (id, state, counted_as) in states {
        on_db!(tx, |c| {
            let query = sqlx::query(UPDATE).bind(state.name()).bind(counted_as.map(Blob));
            query.bind(Blob(*id)).execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// A stored review, as far as it decides the state of its session.
#[derive(Debug, sqlx::FromRow)]
struct ReviewColumns {
    record_id: Blob<RecordId>,
    session_id: Blob<RecordId>,
    decision: String,
    comment: String,
    read_heads: Vec<u8>,
    supersedes: Vec<u8>,
    void_reason: Option<String>,
    heads: Vec<u8>,
    recorder: i64,
    claimed_at_ms: i64,
}

/// The stored reviews of these sessions. What a review's state does not depend on, its author for one, is left blank.
pub(super) async fn reviews(tx: &mut Tx, sessions: &[RecordId]) -> Result<Vec<ReviewView>, DbError> {
    const REVIEWS: &str = "select record_id, session_id, decision, comment, read_heads, supersedes, void_reason, heads, \
        recorder, claimed_at_ms from review where session_id in";
    let rows: Vec<ReviewColumns> = rows::read(tx, REVIEWS, &keys(sessions)).await?;
    rows.into_iter().map(review).collect()
}

fn review(row: ReviewColumns) -> Result<ReviewView, DbError> {
    let damaged = |column: &'static str, why: &str| DbError::Damaged { column, why: why.to_owned() };
    let decision: Decision = row.decision.parse().map_err(|_| damaged("review.decision", &row.decision))?;
    let (ids, _) = row.supersedes.as_chunks::<16>();
    let author = ActorId([0; 16]);
    let mut void = Register::<Line>::default();
    if let Some(reason) = &row.void_reason {
        let value = reason.parse().map_err(|_| damaged("review.void_reason", "not a line of text"))?;
        let claimed_at = UnixMs(row.claimed_at_ms);
        void.shown = Some(Claim { value, author, change: ChangeHash([0; 32]), claimed_at });
    }
    Ok(ReviewView {
        meta: Meta {
            id: row.record_id.0,
            schema: 1,
            serial: 0,
            recorder: RecorderId(u32::try_from(row.recorder).unwrap_or_default()),
            created_by: author,
            created_at: UnixMs(row.claimed_at_ms),
            heads: hashes(&row.heads),
            changes: 1,
            unknown: BTreeSet::new(),
        },
        session: row.session_id.0,
        read_heads: hashes(&row.read_heads),
        decision,
        comment: row.comment,
        supersedes: ids.iter().map(|id| RecordId(*id)).collect(),
        void,
    })
}

/// Hashes stored one after the other.
pub(super) fn hashes(bytes: &[u8]) -> Vec<ChangeHash> {
    bytes.as_chunks::<32>().0.iter().map(|hash| ChangeHash(*hash)).collect()
}

/// The area of two columns.
pub(crate) fn area(generation: i64, code: i64) -> Result<AreaId, DbError> {
    let damaged = || DbError::Damaged { column: "generation, code", why: format!("{generation}, {code}") };
    Ok(AreaId {
        generation: u16::try_from(generation).map_err(|_| damaged())?,
        code: u32::try_from(code).map_err(|_| damaged())?,
    })
}
