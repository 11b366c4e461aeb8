//! One session: as it stands, who changed what, open conflicts, and reviews.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::id::{ChangeHash, DeviceId, RecordId, to_hex};
use sync_core::record;
use utoipa::ToSchema;

use super::conflict::{self, Author, Conflict, author, authors};
use super::list::{Session, one};
use crate::auth::Scope;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;
use crate::reference::Catalogue;

/// What one change did to one field, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// What its author saw before; none when the field was empty.
    pub before: Option<String>,
    /// What it stood at afterwards; none when it was emptied.
    pub after: Option<String>,
}

/// One change of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryChange {
    /// The change.
    #[schema(value_type = String)]
    pub change: ChangeHash,
    /// Who made it, on which device.
    #[serde(flatten)]
    pub author: Author,
    /// When that device's clock said it was made.
    pub claimed_at_ms: i64,
    /// When the server received it.
    pub received_at_ms: i64,
    /// How it came: `sync`, `deposit`, `file` or `server`.
    pub via: String,
    /// What it did.
    pub fields: Vec<FieldChange>,
}

/// A decision of an officer on the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionReview {
    /// The review's record.
    #[schema(value_type = String)]
    pub id: RecordId,
    /// `confirm` or `return` (trả lại để bổ sung).
    pub decision: String,
    /// What the officer says about it.
    pub comment: String,
    /// Who decided, on which device.
    #[serde(flatten)]
    pub author: Author,
    /// Whether it was bound to the session exactly as it stands now.
    pub current: bool,
    /// The reason, when it was withdrawn.
    pub withdrawn: Option<String>,
    /// When the officer's device said it was decided.
    pub claimed_at_ms: i64,
    /// When the server received it.
    pub received_at_ms: i64,
}

/// One session with all that is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SessionDetail {
    /// As it stands.
    #[serde(flatten)]
    pub session: Session,
    /// Fields on which people disagree.
    pub open_conflicts: Vec<Conflict>,
    /// Decisions on it, the newest received first.
    pub reviews: Vec<SessionReview>,
    /// Every change, causes before effects.
    pub history: Vec<HistoryChange>,
    /// Whether changes were purged, so that the history does not say what they did.
    pub history_incomplete: bool,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    change_hash: Blob<ChangeHash>,
    bytes: Option<Vec<u8>>,
    device_id: Blob<DeviceId>,
    sealed_at_ms: i64,
    received_at_ms: i64,
    via: String,
}

#[derive(sqlx::FromRow)]
struct ReviewRow {
    record_id: Blob<RecordId>,
    decision: String,
    comment: String,
    read_heads: Vec<u8>,
    void_reason: Option<String>,
    device_id: Blob<DeviceId>,
    claimed_at_ms: i64,
    received_at_ms: i64,
}

/// The session of this id, when the caller may see it; `None` as if it did not exist otherwise.
///
/// # Errors
/// The database's.
pub async fn detail(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    id: RecordId,
) -> Result<Option<SessionDetail>, DbError> {
    const CHANGES: &str = "select change_hash, bytes, device_id, sealed_at_ms, received_at_ms, via from change \
        join batch on batch.id = change.batch_id where record_id = $1 and verdict in ('admitted', 'purged') \
        order by batch.id, ordinal";
    const REVIEWS: &str = "select record_id, decision, comment, read_heads, void_reason, device_id, claimed_at_ms, \
        received_at_ms from review where session_id = $1 order by received_at_ms desc, record_id";
    let Some(session) = one(tx, catalogue, id).await?.filter(|session| scope.contains(session.area)) else {
        return Ok(None);
    };
    let changes: Vec<ChangeRow> = on_db!(tx, |c| sqlx::query_as(CHANGES).bind(Blob(id)).fetch_all(c).await)?;
    let reviews: Vec<ReviewRow> = on_db!(tx, |c| sqlx::query_as(REVIEWS).bind(Blob(id)).fetch_all(c).await)?;
    let open_conflicts = conflict::of_record(tx, id).await?;

    let bytes: Vec<&Vec<u8>> = changes.iter().filter_map(|change| change.bytes.as_ref()).collect();
    let entries = record::history(&bytes).ok().filter(|_| bytes.len() == changes.len());
    let mut devices: BTreeSet<DeviceId> = changes.iter().map(|change| change.device_id.0).collect();
    devices.extend(entries.iter().flatten().map(|entry| entry.author.device()));
    devices.extend(reviews.iter().map(|review| review.device_id.0));
    let people = authors(tx, &devices).await?;

    let history_incomplete = entries.is_none();
    let history = match entries {
        Some(entries) => told(entries, &changes, &people),
        None => changes.iter().map(|change| untold(change, &people)).collect(),
    };
    let heads = session.heads.concat();
    let review = |row: ReviewRow| SessionReview {
        id: row.record_id.0,
        decision: row.decision,
        comment: row.comment,
        author: author(&people, row.device_id.0),
        current: to_hex(&row.read_heads) == heads,
        withdrawn: row.void_reason,
        claimed_at_ms: row.claimed_at_ms,
        received_at_ms: row.received_at_ms,
    };
    let reviews = reviews.into_iter().map(review).collect();
    Ok(Some(SessionDetail { session, open_conflicts, reviews, history, history_incomplete }))
}

/// The history with what each change did.
fn told(
    entries: Vec<record::HistoryEntry>,
    changes: &[ChangeRow],
    people: &BTreeMap<DeviceId, Author>,
) -> Vec<HistoryChange> {
    let mut arrivals: BTreeMap<ChangeHash, &ChangeRow> = BTreeMap::new();
    for change in changes {
        // The first arrival counts: rows come in the order in which their batches arrived.
        arrivals.entry(change.change_hash.0).or_insert(change);
    }
    let field =
        |change: record::FieldChange| FieldChange { field: change.field, before: change.before, after: change.after };
    let entries = entries.into_iter().map(|entry| {
        let arrival = arrivals.get(&entry.change);
        HistoryChange {
            change: entry.change,
            author: author(people, entry.author.device()),
            claimed_at_ms: entry.claimed_at.0,
            received_at_ms: arrival.map_or(0, |change| change.received_at_ms),
            via: arrival.map(|change| change.via.clone()).unwrap_or_default(),
            fields: entry.fields.into_iter().map(field).collect(),
        }
    });
    entries.collect()
}

/// A change of which only the arrival is known. The signer of its batch stands for its author.
fn untold(change: &ChangeRow, people: &BTreeMap<DeviceId, Author>) -> HistoryChange {
    HistoryChange {
        change: change.change_hash.0,
        author: author(people, change.device_id.0),
        claimed_at_ms: change.sealed_at_ms,
        received_at_ms: change.received_at_ms,
        via: change.via.clone(),
        fields: Vec::new(),
    }
}
