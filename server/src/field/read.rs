//! Reading what is here: lists, whole records, names of people and places. Nothing here needs the server.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use sync_core::admit::may_write;
use sync_core::id::{AreaId, BatchSeq, DeviceId, RecordId, RecordKind};
use sync_core::log::Stage;
use sync_core::record::{self, HistoryEntry, RecordView, ReviewState, ReviewView, ViewError, review_state};

use super::store::{Held, Place};
use super::summary::Summary;
use super::{Field, FieldError, HeldBack};

/// How far a record's changes that were made on this device have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Only here.
    Here,
    /// Sent, and no receipt came yet.
    Sent,
    /// The server has it.
    Stored,
    /// The server has it, and a backup of the server too.
    BackedUp,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// What it says.
    #[serde(flatten)]
    pub summary: Summary,
    /// How far the least far of this device's own changes has come; `stored` when all changes are others'.
    pub standing: Standing,
    /// Where a session stands in review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_state: Option<ReviewState>,
    /// Why something of it that was made here does not count, as the server last said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBack>,
}

/// Everything that is here of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Whole {
    /// The record as it stands.
    pub view: RecordView,
    /// The area it belongs to, as recorded.
    pub area: AreaId,
    /// Changes that wait for others which have not arrived; the view is without them.
    pub waiting: usize,
    /// How far the least far of this device's own changes has come.
    pub standing: Standing,
    /// The reviews of a session.
    pub reviews: Vec<ReviewView>,
    /// Where a session stands in review.
    pub review_state: Option<ReviewState>,
    /// Who changed what.
    pub history: Vec<HistoryEntry>,
    /// The fields on which people disagree, with every value and its author.
    pub conflicts: Vec<record::Conflict>,
    /// Why something of it that was made here does not count, as the server last said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBack>,
}

/// The changes of a record that can be read.
pub(super) struct Ready {
    pub(super) kind: RecordKind,
    pub(super) area: AreaId,
    pub(super) ready: Vec<Vec<u8>>,
    pub(super) waiting: usize,
    pub(super) standing: Standing,
}

impl Field {
    /// What is here of a record, without changes that wait for others.
    pub(super) async fn held(&mut self, id: RecordId) -> Result<Ready, FieldError> {
        let held = self.store.changes_of(id).await?;
        let first = held.iter().find(|held| RecordId::of_first_change(&held.hash) == id);
        let Some(first) = first else {
            return Err(match held.is_empty() {
                true => FieldError::NoRecord(id.to_string()),
                false => FieldError::View(ViewError::MissingDependency),
            });
        };
        let kind = first.kind.ok_or(FieldError::View(ViewError::Unreadable))?;
        let area = first.place.area();
        let standing = held.iter().map(|held| self.standing(&held.place)).min().unwrap_or(Standing::Stored);
        let record::Ready { changes, waiting } =
            record::ready(held.into_iter().map(|held: Held| (held.hash, held.bytes)));
        Ok(Ready { kind, area, ready: changes, waiting, standing })
    }

    fn standing(&self, place: &Place) -> Standing {
        let Place::Sealed(log, seq) = place else { return Standing::Here };
        if log.device != self.device.identity().device {
            Standing::Stored
        } else if *seq <= self.device.receipts(Stage::BackedUp).head(log).seq {
            Standing::BackedUp
        } else if *seq <= self.device.receipts(Stage::Stored).head(log).seq {
            Standing::Stored
        } else if *seq <= self.device.sent().head(log).seq {
            Standing::Sent
        } else {
            Standing::Here
        }
    }

    /// Every record that is here and readable, newest day first. Unreadable ones (of a newer program) are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&mut self) -> Result<Vec<Found>, FieldError> {
        let records = self.store.records().await?;
        let kept = self.store.summaries().await?;
        let mut unsent = self.store.pending_records().await?;
        unsent.extend(self.own_records_after(Some(Stage::Stored)).await?);
        let not_backed_up = self.own_records_after(Some(Stage::BackedUp)).await?;
        let own = self.own_records_after(None).await?;
        let mut news = Vec::new();
        let mut summaries: Vec<Summary> = Vec::with_capacity(records.len());
        for (id, changes) in records {
            let current = kept.get(&id).filter(|(of, _)| *of == changes);
            let known = current.and_then(|(_, body)| serde_json::from_str::<Summary>(body).ok());
            let summary = match known {
                Some(summary) => summary,
                None => match self.summarise(id).await {
                    Ok(summary) => {
                        let body = serde_json::to_string(&summary).unwrap_or_default();
                        news.push((id, changes, body));
                        summary
                    }
                    Err(FieldError::View(_) | FieldError::NoRecord(_)) => continue,
                    Err(error) => return Err(error),
                },
            };
            summaries.push(summary);
        }
        // What is here can be read on a full disk too: the cache can wait.
        self.store.put_summaries(&news).await.ok();
        let mut reviews: BTreeMap<RecordId, Vec<ReviewView>> = BTreeMap::new();
        let officers = summaries.iter().filter(|summary| self.may_review(summary.device));
        for review in officers.filter_map(Summary::as_review) {
            reviews.entry(review.session).or_default().push(review);
        }
        let mut held_back = self.held_back().await?;
        let mut found = Vec::with_capacity(summaries.len());
        for summary in summaries {
            let of_session = reviews.get(&summary.id).map(|list| list.iter().collect::<Vec<_>>()).unwrap_or_default();
            let review_state = (summary.kind == RecordKind::Session).then(|| review_state(&summary.heads, &of_session));
            let standing = match unsent.contains(&summary.id) {
                true => self.held(summary.id).await?.standing,
                false if own.contains(&summary.id) && !not_backed_up.contains(&summary.id) => Standing::BackedUp,
                false => Standing::Stored,
            };
            let held = held_back.remove(&summary.id);
            found.push(Found { summary, standing, review_state, held });
        }
        found.sort_by(|a, b| {
            let key = |found: &Found| (found.summary.date, found.summary.created_at, found.summary.id);
            key(b).cmp(&key(a))
        });
        Ok(found)
    }

    async fn summarise(&mut self, id: RecordId) -> Result<Summary, FieldError> {
        let held = self.held(id).await?;
        let view = contained(|| record::view(held.kind, &held.ready))?;
        Ok(Summary::of(&view, held.area, held.waiting))
    }

    /// The records of which something was made on this device and sealed after what the server signed for at a stage.
    async fn own_records_after(&mut self, stage: Option<Stage>) -> Result<BTreeSet<RecordId>, FieldError> {
        let me = self.device.identity().device;
        let inventory = self.device.inventory();
        let mut records = BTreeSet::new();
        for (log, _) in inventory.iter().filter(|(log, _)| log.device == me) {
            let after = stage.map_or(BatchSeq(0), |stage| self.device.receipts(stage).head(log).seq);
            records.extend(self.store.records_after(log, after).await?);
        }
        Ok(records)
    }

    /// Everything that is here of one record.
    ///
    /// # Errors
    /// [`FieldError::NoRecord`], [`FieldError::View`].
    pub async fn whole(&mut self, id: RecordId) -> Result<Whole, FieldError> {
        let held = self.held(id).await?;
        let view = contained(|| record::view(held.kind, &held.ready))?;
        let history = contained(|| record::history(&held.ready))?;
        let mut reviews = Vec::new();
        if held.kind == RecordKind::Session {
            let of_session: Vec<RecordId> = self
                .list()
                .await?
                .iter()
                .filter(|found| found.summary.review.as_ref().is_some_and(|review| review.session == id))
                .filter(|found| self.may_review(found.summary.device))
                .map(|found| found.summary.id)
                .collect();
            for review in of_session {
                let held = self.held(review).await?;
                if let RecordView::Review(review) = contained(|| record::view(held.kind, &held.ready))? {
                    reviews.push(review);
                }
            }
        }
        let review_state = (held.kind == RecordKind::Session)
            .then(|| review_state(&view.meta().heads, &reviews.iter().collect::<Vec<_>>()));
        let conflicts = view.conflicts();
        let (area, waiting, standing) = (held.area, held.waiting, held.standing);
        let held = self.held_back().await?.remove(&id);
        Ok(Whole { view, area, waiting, standing, reviews, review_state, history, conflicts, held })
    }

    /// Whether what a device writes as a review counts. One the directory does not know wrote through the server, which
    /// judged it.
    fn may_review(&self, device: DeviceId) -> bool {
        self.device.directory().get(&device).is_none_or(|entry| may_write(entry.role, RecordKind::Review))
    }

    /// A record's state as one digest: two devices share it exactly when they hold the same changes.
    ///
    /// # Errors
    /// As [`Field::whole`].
    pub async fn digest(&mut self, id: RecordId) -> Result<[u8; 32], FieldError> {
        let held = self.held(id).await?;
        contained(|| record::digest(&held.ready))
    }

    /// The record that a person means: its whole id, the beginning of it (four digits or more), or the serial number of
    /// a record made on this device.
    ///
    /// # Errors
    /// [`FieldError::NoRecord`], [`FieldError::ManyRecords`].
    pub async fn find(&mut self, name: &str) -> Result<RecordId, FieldError> {
        let name = name.trim().to_lowercase();
        let me = self.device.identity().device;
        if let Ok(serial) = name.trim_start_matches('#').parse::<u64>() {
            let own = |found: &&Found| found.summary.serial == serial && found.summary.device == me;
            if let Some(found) = self.list().await?.iter().find(own) {
                return Ok(found.summary.id);
            }
        }
        let is_prefix = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let matches: Vec<RecordId> = match is_prefix {
            true => self.store.records().await?.into_keys().filter(|id| id.to_string().starts_with(&name)).collect(),
            false => Vec::new(),
        };
        match matches[..] {
            [id] => Ok(id),
            [] => Err(FieldError::NoRecord(name)),
            _ => Err(FieldError::ManyRecords { name, count: matches.len() }),
        }
    }

    /// The name of the person behind a device, or the device's id.
    #[must_use]
    pub fn name_of(&self, device: DeviceId) -> String {
        if device == self.profile.device {
            return self.profile.display_name.clone();
        }
        self.device.directory().get(&device).map_or_else(|| device.to_string(), |entry| entry.name.clone())
    }
}

/// Reads a document; a panic inside Automerge is a record that cannot be read, not the end of the program.
fn contained<T>(read: impl FnOnce() -> Result<T, ViewError>) -> Result<T, FieldError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => Ok(result?),
        Err(_) => Err(FieldError::View(ViewError::Unreadable)),
    }
}
