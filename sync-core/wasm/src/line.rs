//! What lists and screens show of a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::RecorderId;
use sync_core::record::{Conflict, HistoryEntry, RecordView, ReviewState, Verdict};
use tsify::Tsify;

use crate::fault::{Fault, parse};
use crate::form::{PanelCheckForm, SessionForm};

/// A record in one line, as the store keeps it beside the changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null, hashmap_as_object)]
pub struct Summary {
    /// `session`, `review` or `panel_check`.
    #[tsify(type = "'session' | 'review' | 'panel_check'")]
    pub kind: String,
    /// Its number on the device that created it.
    pub serial: u64,
    /// Who created it.
    pub recorder: u32,
    /// The device that created it.
    pub device: String,
    /// When that device's clock said so, in milliseconds.
    pub created_at: i64,
    /// The changes nothing else depends on, ascending.
    pub heads: Vec<String>,
    /// Changes that wait for others.
    pub waiting: u32,
    /// Fields on which people disagree.
    pub conflicts: Vec<String>,
    /// The reason, when it is void.
    pub void: Option<String>,
    /// The day it was held or visited.
    pub date: Option<String>,
    /// `id:…` or `name:…` of a session, the site of a panel check.
    pub place: Option<String>,
    /// The form of a session.
    pub format: Option<String>,
    /// Attendances of a session.
    pub attendances: Option<u32>,
    /// Material handed out, by kind, of everybody.
    pub material: BTreeMap<String, u64>,
    /// What was found at a panel.
    pub conditions: Vec<String>,
    /// What a review says.
    pub review: Option<ReviewSummary>,
}

/// A review in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct ReviewSummary {
    /// The review.
    pub review: String,
    /// The session it decides on.
    pub session: String,
    /// The heads that were read.
    pub read_heads: Vec<String>,
    /// The decision.
    #[tsify(type = "'confirm' | 'return'")]
    pub decision: String,
    /// What the officer says.
    pub comment: String,
    /// The reviews it takes the place of.
    pub supersedes: Vec<String>,
    /// Whether it was withdrawn.
    pub void: bool,
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

impl Summary {
    pub(crate) fn of(view: &RecordView, waiting: usize) -> Self {
        let meta = view.meta();
        let mut out = Self {
            kind: String::new(),
            serial: meta.serial,
            recorder: meta.recorder.0,
            device: meta.created_by.device().to_string(),
            created_at: meta.created_at.0,
            heads: texts(&meta.heads),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            conflicts: view.conflicts().into_iter().map(|conflict| conflict.field).collect(),
            void: None,
            date: None,
            place: None,
            format: None,
            attendances: None,
            material: BTreeMap::new(),
            conditions: Vec::new(),
            review: None,
        };
        match view {
            RecordView::Session(session) => {
                let fields = &session.fields;
                out.kind = "session".to_owned();
                out.void = fields.void.value().map(ToString::to_string);
                out.date = fields.date.value().map(ToString::to_string);
                out.place = fields.village.value().map(ToString::to_string);
                out.format = fields.format.value().map(ToString::to_string);
                out.attendances = fields.attendances.value().copied();
                out.material = session.material.iter().map(|(kind, of)| (kind.to_string(), of.total)).collect();
            }
            RecordView::PanelCheck(check) => {
                out.kind = "panel_check".to_owned();
                out.void = check.fields.void.value().map(ToString::to_string);
                out.date = check.fields.date.value().map(ToString::to_string);
                out.place = check.fields.site.value().map(ToString::to_string);
                out.conditions = texts(&check.conditions);
            }
            RecordView::Review(review) => {
                out.kind = "review".to_owned();
                out.void = review.void.value().map(ToString::to_string);
                out.review = Some(ReviewSummary {
                    review: meta.id.to_string(),
                    session: review.session.to_string(),
                    read_heads: texts(&review.read_heads),
                    decision: review.decision.to_string(),
                    comment: review.comment.clone(),
                    supersedes: texts(&review.supersedes),
                    void: review.is_void(),
                });
            }
        }
        out
    }
}

/// Where a session stands in review, and which reviews count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Tsify)]
pub struct Standing {
    /// `new`, `confirmed`, `returned`, `amended` or `disputed`.
    #[tsify(type = "'new' | 'confirmed' | 'returned' | 'amended' | 'disputed'")]
    pub state: String,
    /// The reviews that were neither withdrawn nor superseded.
    pub live: Vec<String>,
}

impl Standing {
    pub(crate) fn of(heads: &[String], reviews: &[ReviewSummary]) -> Result<Self, Fault> {
        let heads = heads.iter().map(|head| parse(head)).collect::<Result<Vec<_>, _>>()?;
        let verdicts = reviews.iter().map(verdict).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            state: ReviewState::of(&heads, &verdicts).name().to_owned(),
            live: Verdict::live(&verdicts).into_iter().map(|verdict| verdict.review.to_string()).collect(),
        })
    }
}

fn verdict(review: &ReviewSummary) -> Result<Verdict, Fault> {
    Ok(Verdict {
        review: parse(&review.review)?,
        read_heads: review.read_heads.iter().map(|head| parse(head)).collect::<Result<_, _>>()?,
        decision: parse(&review.decision)?,
        supersedes: review.supersedes.iter().map(|id| parse(id)).collect::<Result<_, _>>()?,
        void: review.void,
    })
}

/// Everything one screen shows of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null, hashmap_as_object)]
pub struct Detail {
    /// The line.
    pub summary: Summary,
    /// A session as a form.
    pub session: Option<SessionForm>,
    /// A panel check as a form.
    pub panel_check: Option<PanelCheckForm>,
    /// Each kind of material with everybody's tally.
    pub material: Vec<Tally>,
    /// Who changed what, in an order that respects cause.
    pub history: Vec<HistoryLine>,
    /// The fields on which people disagree.
    pub conflicts: Vec<ConflictField>,
    /// Keys of newer versions.
    pub unknown: Vec<String>,
}

/// One recorder's tally of one kind of material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct Tally {
    /// The kind of material.
    pub kind: String,
    /// Whose.
    pub recorder: u32,
    /// How many.
    pub count: u32,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct HistoryLine {
    /// Its hash.
    pub change: String,
    /// The device that made it.
    pub device: String,
    /// When its clock said so.
    pub at: i64,
    /// What it did.
    pub fields: Vec<HistoryField>,
}

/// What one change did to one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
#[tsify(missing_as_null)]
pub struct HistoryField {
    /// The field's key.
    pub field: String,
    /// Before.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}

/// A field on which people disagree; the value that shows comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct ConflictField {
    /// The field's key.
    pub field: String,
    /// Every value.
    pub values: Vec<ConflictValue>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tsify)]
pub struct ConflictValue {
    /// The change that wrote it.
    pub change: String,
    /// As text.
    pub text: String,
    /// The device that wrote it.
    pub device: String,
    /// When its clock said so.
    pub at: i64,
}

impl Detail {
    pub(crate) fn of(
        view: &RecordView,
        history: Vec<HistoryEntry>,
        waiting: usize,
        area: &str,
        recorder: RecorderId,
    ) -> Self {
        let (mut session, mut panel_check, mut material) = (None, None, Vec::new());
        match view {
            RecordView::Session(view) => {
                session = Some(SessionForm::of(view, area, recorder));
                for (kind, of) in &view.material {
                    material.extend(of.tallies.iter().filter_map(|(recorder, tally)| {
                        Some(Tally { kind: kind.to_string(), recorder: recorder.0, count: *tally.value()? })
                    }));
                }
            }
            RecordView::PanelCheck(view) => panel_check = Some(PanelCheckForm::of(view, area)),
            RecordView::Review(_) => {}
        }
        Self {
            summary: Summary::of(view, waiting),
            session,
            panel_check,
            material,
            history: history.into_iter().map(HistoryLine::from).collect(),
            conflicts: view.conflicts().into_iter().map(ConflictField::from).collect(),
            unknown: view.meta().unknown.iter().cloned().collect(),
        }
    }
}

impl From<HistoryEntry> for HistoryLine {
    fn from(entry: HistoryEntry) -> Self {
        let field =
            |of: sync_core::record::FieldChange| HistoryField { field: of.field, before: of.before, after: of.after };
        Self {
            change: entry.change.to_string(),
            device: entry.author.device().to_string(),
            at: entry.claimed_at.0,
            fields: entry.fields.into_iter().map(field).collect(),
        }
    }
}

impl From<Conflict> for ConflictField {
    fn from(conflict: Conflict) -> Self {
        let values = conflict.values.into_iter().map(|claim| ConflictValue {
            change: claim.change.to_string(),
            text: claim.value.to_text(),
            device: claim.author.device().to_string(),
            at: claim.claimed_at.0,
        });
        Self { field: conflict.field, values: values.collect() }
    }
}
