//! Keeps the read tables: plain rows made of admitted records, and the roll-up that coverage is read from.
//!
//! Everything here is a cache of the batches. Ingest and `banlang rebuild` both feed a [`Projector`], which knows only
//! records as they stand, so what they leave behind is the same; [`compare()`] says where two databases differ.
//!
//! ```no_run
//! # use server::{db::{Db, DbError}, project::{Projected, Projector}};
//! # async fn ingest(db: &Db, records: &[Projected<'_>]) -> Result<(), DbError> {
//! let mut projector = Projector::default();
//! for record in records {
//!     projector.add(record);
//! }
//! db.write(async |tx| projector.flush(tx).await).await
//! # }
//! ```

mod calendar;
mod compare;
mod facet;
mod facts;
mod other_rows;
mod pairs;
mod session_row;
mod stored;
mod sums;

pub(crate) use calendar::{calendar, change_calendar};
pub use compare::{Difference, TableDigest, compare, digest};
pub use facet::Facet;
pub(crate) use facts::{Fact, Pack, VillageMonth, scan};
pub(crate) use session_row::ONLINE;
pub(crate) use stored::area as stored_area;
pub use sums::Sums;

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{AreaId, DeviceId, RecordId, UnixMs};
use sync_core::record::{RecordView, ReviewState, ReviewView, review_state};

use crate::db::rows::{self, Value};
use crate::db::{Db, DbError, Tx};
use crate::on_db;
use other_rows::{ConflictRow, PanelCheckRow, ReviewRow};
use pairs::{Links, Occasion};
use session_row::SessionRow;
use sums::Deltas;

/// The review state in which a session counts as confirmed.
pub(crate) const CONFIRMED: &str = "confirmed";

/// An admitted record as it stands, and when the server got it.
#[derive(Debug, Clone, Copy)]
pub struct Projected<'a> {
    /// The area of the log that brought its first change: the unit as recorded.
    pub area: AreaId,
    /// The record.
    pub view: &'a RecordView,
    /// When the batch with its first change was received.
    pub received_at: UnixMs,
    /// When the batch with its newest admitted change was received; the latest of all its changes.
    pub updated_at: UnixMs,
    /// The device that authored the change of `updated_at`.
    pub updated_by: DeviceId,
}

/// What every row of a record says about where it came from.
#[derive(Debug, Clone)]
struct Provenance {
    record: RecordId,
    schema: i64,
    recorder: i64,
    device: DeviceId,
    claimed_at: UnixMs,
    received_at: UnixMs,
    updated_at: UnixMs,
    updated_by: DeviceId,
    heads: Vec<u8>,
}

impl Provenance {
    fn of(projected: &Projected<'_>) -> Self {
        let meta = projected.view.meta();
        Self {
            record: meta.id,
            schema: meta.schema.into(),
            recorder: meta.recorder.0.into(),
            device: meta.created_by.device(),
            claimed_at: meta.created_at,
            received_at: projected.received_at,
            updated_at: projected.updated_at,
            updated_by: projected.updated_by,
            heads: meta.heads.iter().flat_map(|head| head.0).collect(),
        }
    }
}

/// Collects records and writes all their rows at once.
///
/// Adding a record is pure work without the database; of two views of one record the one added last holds. Flushing
/// costs a few statements for each 64 records, whether they are new or not.
#[derive(Debug, Clone, Default)]
pub struct Projector {
    sessions: BTreeMap<RecordId, SessionRow>,
    reviews: BTreeMap<RecordId, ReviewRow>,
    panel_checks: BTreeMap<RecordId, PanelCheckRow>,
    conflicts: BTreeMap<RecordId, Vec<ConflictRow>>,
}

impl Projector {
    /// How many records wait to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.reviews.len() + self.panel_checks.len()
    }

    /// Whether no record waits to be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a record to be written at the next flush.
    pub fn add(&mut self, projected: &Projected<'_>) {
        let id = projected.view.meta().id;
        let conflicts = ConflictRow::all(projected);
        let count = i64::try_from(conflicts.len()).unwrap_or(i64::MAX);
        match projected.view {
            RecordView::Session(view) => {
                self.sessions.insert(id, SessionRow::new(projected, view, count));
            }
            RecordView::Review(view) => {
                self.reviews.insert(id, ReviewRow::new(projected, view, count));
            }
            RecordView::PanelCheck(view) => {
                self.panel_checks.insert(id, PanelCheckRow::new(projected, view, count));
            }
        }
        if conflicts.is_empty() {
            self.conflicts.remove(&id);
        } else {
            self.conflicts.insert(id, conflicts);
        }
    }

    /// Writes what was added: rows, review states and the roll-up, all in the caller's transaction.
    ///
    /// Idempotent: writing a record again as it stands changes nothing. What was added stays, so that a transaction
    /// that has to be tried again can flush again; drop the projector, or [`Projector::clear`] it, after the commit.
    ///
    /// # Errors
    /// The database's; nothing is to be committed then.
    pub async fn flush(&self, tx: &mut Tx) -> Result<(), DbError> {
        if self.is_empty() {
            return Ok(());
        }
        let mut touched: BTreeSet<RecordId> = self.sessions.keys().copied().collect();
        touched.extend(self.reviews.values().map(ReviewRow::session));
        self.settle(tx, touched).await
    }

    /// Writes what was added, and makes every sum, state and suspicion follow for the sessions that it touches.
    async fn settle(&self, tx: &mut Tx, mut touched: BTreeSet<RecordId>) -> Result<(), DbError> {
        let links = Links::read(tx, &mut touched).await?;
        let reviewed: Vec<RecordId> = touched.iter().copied().collect();
        let reviews = self.reviews_of(tx, &reviewed).await?;
        let mut read = touched.clone();
        read.extend(links.counted());
        let read: Vec<RecordId> = read.into_iter().collect();
        let old = stored::sessions(tx, &read).await?;
        let stands = |id: RecordId| match self.sessions.get(&id) {
            Some(row) => !row.voided(),
            None => old.get(&id).is_some_and(|session| !session.voided()),
        };

        let mut deltas = Deltas::default();
        let mut rows = self.sessions.clone();
        let mut restated = Vec::new();
        let mut occasions: BTreeSet<Occasion> = BTreeSet::new();
        for id in &touched {
            let of_session = reviews.get(id).map_or(&[][..], Vec::as_slice);
            let counted_as = links.counted_as(*id, stands);
            let before = old.get(id);
            if let Some(before) = before {
                occasions.extend(before.occasion());
                if let Some((slot, contribution)) = before.contribution() {
                    deltas.subtract(slot, contribution);
                }
            }
            let after = if let Some(row) = rows.get_mut(id) {
                row.review_state = state_of(&row.provenance.heads, of_session).name();
                row.counted_as = counted_as;
                occasions.extend(row.occasion());
                row.contribution()
            } else if let Some(before) = before {
                let state = state_of(&before.heads, of_session);
                restated.push((*id, state, counted_as));
                before.standing(state, counted_as).contribution()
            } else {
                // A review that arrived before its session: its state is found when the session comes.
                None
            };
            if let Some((slot, contribution)) = after {
                deltas.add(slot, contribution);
            }
        }

        session_row::write_rows(tx, rows.values()).await?;
        stored::restate(tx, &restated).await?;
        let known: Vec<RecordId> = rows.keys().filter(|id| old.contains_key(*id)).copied().collect();
        rows::over(tx, "delete from session_material where record_id in", &ids(&known)).await?;
        session_row::write_material(tx, rows.values()).await?;
        other_rows::write_reviews(tx, self.reviews.values()).await?;
        other_rows::write_panel_checks(tx, self.panel_checks.values()).await?;
        self.write_conflicts(tx, known.clone()).await?;
        let fresh: BTreeSet<RecordId> = rows.keys().filter(|id| !old.contains_key(*id)).copied().collect();
        pairs::suspect(tx, &occasions, &known, &fresh).await?;
        facts::apply(tx, &deltas).await
    }

    /// Forgets what was added.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every review of these sessions: those stored, with those to be written in their place.
    async fn reviews_of(
        &self,
        tx: &mut Tx,
        sessions: &[RecordId],
    ) -> Result<BTreeMap<RecordId, Vec<ReviewView>>, DbError> {
        let mut by_session: BTreeMap<RecordId, Vec<ReviewView>> = BTreeMap::new();
        for review in stored::reviews(tx, sessions).await? {
            if !self.reviews.contains_key(&review.meta.id) {
                by_session.entry(review.session).or_default().push(review);
            }
        }
        for row in self.reviews.values() {
            by_session.entry(row.session()).or_default().push(row.view.clone());
        }
        Ok(by_session)
    }

    /// Replaces the conflicts of the records written. `known` are the sessions that had rows before.
    async fn write_conflicts(&self, tx: &mut Tx, mut known: Vec<RecordId>) -> Result<(), DbError> {
        known.extend(self.reviews.keys().chain(self.panel_checks.keys()));
        rows::over(tx, "delete from conflict where record_id in", &ids(&known)).await?;
        let values: Vec<Value<'_>> = self.conflicts.values().flatten().flat_map(ConflictRow::values).collect();
        const INSERT: &str = "insert into conflict (record_id, field, kind, generation, code, claims) values";
        rows::write(tx, INSERT, ConflictRow::WIDTH, "", &values).await
    }
}

/// Writes one record; for many use a [`Projector`].
///
/// # Errors
/// As [`Projector::flush`].
pub async fn apply(tx: &mut Tx, projected: &Projected<'_>) -> Result<(), DbError> {
    let mut projector = Projector::default();
    projector.add(projected);
    projector.flush(tx).await
}

/// Makes everything follow that depends on what people said of pairs of sessions (`session_pair`): which of them count,
/// and which pairs nobody has looked at yet. For the caller who wrote there, in the same transaction; `sessions` are both
/// of each pair.
///
/// # Errors
/// The database's; nothing is to be committed then.
pub async fn relink(tx: &mut Tx, sessions: &[RecordId]) -> Result<(), DbError> {
    Projector::default().settle(tx, sessions.iter().copied().collect()).await
}

/// Applies the migrations that are missing, and makes what a new read table holds that no migration can make.
///
/// # Errors
/// As [`Db::migrate`]. What was made in part before the program was stopped is made whole the next time.
pub async fn migrate(db: &Db) -> Result<(), DbError> {
    db.migrate().await?;
    facts::fill(db).await
}

/// Empties every read table, so that they can be filled again. The closing day of reporting months stays.
///
/// # Errors
/// The database's.
pub async fn clear(tx: &mut Tx) -> Result<(), DbError> {
    for delete in [
        "delete from session",
        "delete from session_material",
        "delete from panel_check",
        "delete from review",
        "delete from conflict",
        "delete from session_facts",
        "delete from duplicate_suspect",
    ] {
        on_db!(tx, |c| sqlx::query(delete).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Ids as keys.
fn ids<'a>(ids: impl IntoIterator<Item = &'a RecordId>) -> Vec<Value<'a>> {
    ids.into_iter().map(|id| Value::Bytes(id.as_bytes())).collect()
}

fn state_of(heads: &[u8], reviews: &[ReviewView]) -> ReviewState {
    review_state(&stored::hashes(heads), &reviews.iter().collect::<Vec<_>>())
}

/// Inserts rows, or puts them in the place of those with the same `record_id`, the first column.
async fn upsert(tx: &mut Tx, table: &str, columns: &[&str], values: &[Value<'_>]) -> Result<(), DbError> {
    let replaced: Vec<String> = columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let head = format!("insert into {table} ({}) values", columns.join(", "));
    let tail = format!("on conflict (record_id) do update set {}", replaced.join(", "));
    rows::write(tx, &head, columns.len(), &tail, values).await
}

#[cfg(test)]
mod tests;
