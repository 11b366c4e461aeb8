//! What a list shows of a record. Kept in the store, so that a list of ten thousand records loads no documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::{ActorId, AreaId, ChangeHash, DeviceId, RecordId, RecordKind, RecorderId, UnixMs};
use sync_core::record::{CivilDate, Code, Decision, Meta, RecordView, Register, ReviewView, SessionView, Village};

/// A record in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The record.
    pub id: RecordId,
    /// What it is.
    pub kind: RecordKind,
    /// The area it belongs to, as recorded.
    pub area: AreaId,
    /// Its number on the device that created it.
    pub serial: u64,
    /// Who created it.
    pub recorder: RecorderId,
    /// The device that created it.
    pub device: DeviceId,
    /// When the creating device's clock said it was made.
    pub created_at: UnixMs,
    /// The changes nothing else depends on.
    pub heads: Vec<ChangeHash>,
    /// How many changes are here.
    pub changes: u32,
    /// Changes that wait for others which have not arrived.
    pub waiting: usize,
    /// Fields on which people disagree.
    pub conflicts: Vec<String>,
    /// Void: kept, out of every count.
    pub void: bool,
    /// The day it was held or visited.
    pub date: Option<CivilDate>,
    /// Where: `id:…` or `name:…` of a session, the site of a panel check.
    pub place: Option<String>,
    /// The form of a session.
    pub format: Option<Code>,
    /// Attendances of a session (lượt người).
    pub attendances: Option<u32>,
    /// Material handed out, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub material: BTreeMap<Code, u64>,
    /// What a review says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewSummary>,
}

/// A review in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewSummary {
    /// The session it decides on.
    pub session: RecordId,
    /// The heads that were read.
    pub read_heads: Vec<ChangeHash>,
    /// The decision.
    pub decision: Decision,
    /// What the officer says.
    pub comment: String,
    /// The reviews it takes the place of.
    pub supersedes: Vec<RecordId>,
}

impl Summary {
    /// The line of a record as it stands.
    #[must_use]
    pub(super) fn of(view: &RecordView, area: AreaId, waiting: usize) -> Self {
        let meta = view.meta();
        let mut summary = Self {
            id: meta.id,
            kind: view.kind(),
            area,
            serial: meta.serial,
            recorder: meta.recorder,
            device: meta.created_by.device(),
            created_at: meta.created_at,
            heads: meta.heads.clone(),
            changes: meta.changes,
            waiting,
            conflicts: view.conflicts().into_iter().map(|conflict| conflict.field).collect(),
            void: view.is_void(),
            date: None,
            place: None,
            format: None,
            attendances: None,
            material: BTreeMap::new(),
            review: None,
        };
        match view {
            RecordView::Session(session) => summary.take_session(session),
            RecordView::PanelCheck(check) => {
                summary.date = check.fields.date.value().copied();
                summary.place = check.fields.site.value().map(ToString::to_string);
            }
            RecordView::Review(review) => {
                summary.review = Some(ReviewSummary {
                    session: review.session,
                    read_heads: review.read_heads.clone(),
                    decision: review.decision,
                    comment: review.comment.clone(),
                    supersedes: review.supersedes.iter().copied().collect(),
                });
            }
        }
        summary
    }

    fn take_session(&mut self, session: &SessionView) {
        self.date = session.fields.date.value().copied();
        self.place = session.fields.village.value().map(Village::to_string);
        self.format = session.fields.format.value().cloned();
        self.attendances = session.fields.attendances.value().copied();
        self.material = session.material.iter().map(|(kind, material)| (kind.clone(), material.total)).collect();
    }

    /// The review as far as deciding a session's state needs it.
    pub(super) fn as_review(&self) -> Option<ReviewView> {
        let review = self.review.as_ref()?;
        let void = match self.void {
            // Only whether it is void matters here.
            true => Register { shown: Some(self.claim()?), others: Vec::new() },
            false => Register::default(),
        };
        Some(ReviewView {
            meta: Meta {
                id: self.id,
                schema: sync_core::record::SCHEMA,
                serial: self.serial,
                recorder: self.recorder,
                created_by: self.actor(),
                created_at: self.created_at,
                heads: self.heads.clone(),
                changes: self.changes,
                unknown: std::collections::BTreeSet::new(),
            },
            session: review.session,
            read_heads: review.read_heads.clone(),
            decision: review.decision,
            comment: review.comment.clone(),
            supersedes: review.supersedes.iter().copied().collect(),
            void,
        })
    }

    fn actor(&self) -> ActorId {
        ActorId::new(self.device, [0; 8])
    }

    fn claim(&self) -> Option<sync_core::record::Claim<sync_core::record::Line>> {
        Some(sync_core::record::Claim {
            value: "void".parse().ok()?,
            author: self.actor(),
            change: *self.heads.first()?,
            claimed_at: self.created_at,
        })
    }
}
