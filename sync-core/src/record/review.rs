//! Reviews: an officer's decision on a session, bound to exactly what was read.

use std::collections::BTreeSet;

use serde::Serialize;

use super::edit::{EditError, Patch, Writes};
use super::register::Register;
use super::state::{Scalar, State};
use super::value::{Accepted, FieldValue, Line, ParseValueError, closed_value, text_value};
use super::view::{Conflict, Meta, ViewError};
use crate::id::{ChangeHash, RecordId};

/// The most heads a review may name.
const MAX_HEADS: usize = 64;
/// The most characters of a review's comment.
const MAX_COMMENT_CHARS: usize = 1_000;

closed_value!(
    /// What an officer decided.
    Decision {
        /// The session stands (đã duyệt).
        Confirm = "confirm",
        /// Returned for completion (trả lại để bổ sung).
        Return = "return",
    },
    Accepted { vi: "confirm (duyệt) hoặc return (trả lại để bổ sung)", en: "confirm or return" }
);

/// A new review. It is written once; later it can only be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDraft {
    /// The session.
    pub session: RecordId,
    /// The session's heads as they were read, at least one.
    pub heads: Vec<ChangeHash>,
    /// The decision.
    pub decision: Decision,
    /// What the officer says about it; required when the session is returned.
    pub comment: String,
    /// The reviews of this session the officer saw, which this one takes the place of.
    pub supersedes: BTreeSet<RecordId>,
}

/// A change to a review that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewEdit {
    /// Withdraws the review, with the reason.
    pub void: Patch<Line>,
}

/// A review as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewView {
    /// What every record has.
    #[serde(flatten)]
    pub meta: Meta,
    /// The session it decides on.
    pub session: RecordId,
    /// The session's heads that were read, ascending.
    pub read_heads: Vec<ChangeHash>,
    /// The decision.
    pub decision: Decision,
    /// What the officer says about it.
    pub comment: String,
    /// The reviews it takes the place of.
    pub supersedes: BTreeSet<RecordId>,
    /// Present when the review was withdrawn: the reason.
    pub void: Register<Line>,
}

/// Where a session stands in review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Nobody decided yet.
    New,
    /// Confirmed as it stands.
    Confirmed,
    /// Returned for completion as it stands.
    Returned,
    /// It changed after it was reviewed: it returns to the inbox.
    Amended,
    /// Officers who had not seen each other's review decided differently.
    Disputed,
}

impl ReviewState {
    /// The stable text of the state.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Confirmed => "confirmed",
            Self::Returned => "returned",
            Self::Amended => "amended",
            Self::Disputed => "disputed",
        }
    }
}

/// What a review counts for when a session's state is decided: as much of it as a list keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The review.
    pub review: RecordId,
    /// The session's heads that were read, ascending.
    pub read_heads: Vec<ChangeHash>,
    /// The decision.
    pub decision: Decision,
    /// The reviews it takes the place of.
    pub supersedes: BTreeSet<RecordId>,
    /// Whether it was withdrawn.
    pub void: bool,
}

impl From<&ReviewView> for Verdict {
    fn from(view: &ReviewView) -> Self {
        Self {
            review: view.meta.id,
            read_heads: view.read_heads.clone(),
            decision: view.decision,
            supersedes: view.supersedes.clone(),
            void: view.is_void(),
        }
    }
}

/// Where a session with these heads stands, given every review of it.
///
/// Withdrawn reviews and those another review of the session supersedes do not count. A withdrawn review supersedes
/// nothing. Of the others, those bound to exactly these heads decide; if none is, the session is amended.
#[must_use]
pub fn review_state(session_heads: &[ChangeHash], reviews: &[&ReviewView]) -> ReviewState {
    let verdicts: Vec<_> = reviews.iter().map(|review| Verdict::from(*review)).collect();
    ReviewState::of(session_heads, &verdicts)
}

impl ReviewState {
    /// As [`review_state`], from what a list keeps of each review.
    #[must_use]
    pub fn of(session_heads: &[ChangeHash], verdicts: &[Verdict]) -> Self {
        let mut heads = session_heads.to_vec();
        heads.sort_unstable();
        let live = Verdict::live(verdicts);
        let bound = |decision| live.iter().any(|verdict| verdict.read_heads == heads && verdict.decision == decision);
        match (bound(Decision::Confirm), bound(Decision::Return)) {
            (true, true) => Self::Disputed,
            (true, false) => Self::Confirmed,
            (false, true) => Self::Returned,
            (false, false) if live.is_empty() => Self::New,
            (false, false) => Self::Amended,
        }
    }
}

impl Verdict {
    /// Those that were neither withdrawn nor superseded.
    #[must_use]
    pub fn live(verdicts: &[Self]) -> Vec<&Self> {
        let standing: Vec<_> = verdicts.iter().filter(|verdict| !verdict.void).collect();
        // Supersession cannot run in a circle: an id is the hash of a change that names the ids it supersedes.
        let superseded: BTreeSet<RecordId> =
            standing.iter().flat_map(|verdict| verdict.supersedes.iter().copied()).collect();
        standing.into_iter().filter(|verdict| !superseded.contains(&verdict.review)).collect()
    }
}

/// Fixed-length items one after the other, ascending, as one value of bytes.
#[derive(Clone, PartialEq)]
struct Sorted<const N: usize>(Vec<[u8; N]>);

impl<const N: usize> FieldValue for Sorted<N> {
    const ACCEPTED: Accepted = Accepted { vi: "tối đa 64 mã, tăng dần", en: "at most 64 ids, ascending" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        let Scalar::Bytes(bytes) = scalar else { return None };
        let (items, rest) = bytes.as_chunks::<N>();
        let valid = rest.is_empty() && items.len() <= MAX_HEADS && items.is_sorted_by(|a, b| a < b);
        valid.then(|| Self(items.to_vec()))
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Bytes(self.0.concat())
    }
}

/// The comment: free text over several lines, bounded.
#[derive(Clone, PartialEq)]
struct Comment(String);

impl FieldValue for Comment {
    const ACCEPTED: Accepted = Accepted { vi: "tối đa 1.000 ký tự", en: "at most 1,000 characters" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => {
                let has_control = text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
                (text.chars().count() <= MAX_COMMENT_CHARS && !has_control).then(|| Self(text.clone()))
            }
            _ => None,
        }
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Text(self.0.clone())
    }
}

const KEYS: [&str; 6] = ["session", "heads", "decision", "comment", "supersedes", "void"];

/// Keys that every review has.
pub(crate) const REQUIRED: &[&str] = &["session", "heads", "decision"];

/// Whether a key belongs to the reviews of this version.
pub(crate) fn is_known_key(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Whether a key of a review may be written after its first change.
pub(crate) fn is_key_open(key: &str) -> bool {
    key == "void" || !is_known_key(key)
}

impl ReviewView {
    pub(crate) fn read(state: &State) -> Result<Self, ViewError> {
        let meta = Meta::read(state, is_known_key)?;
        let session: Sorted<16> = state.required("session")?;
        let [session] = session.0[..] else { return Err(ViewError::IllTyped { key: "session".to_owned() }) };
        let heads: Sorted<32> = state.required("heads")?;
        let supersedes: Option<Sorted<16>> = state.register("supersedes")?.shown.map(|claim| claim.value);
        let comment: Option<Comment> = state.register("comment")?.shown.map(|claim| claim.value);
        Ok(Self {
            meta,
            session: RecordId(session),
            read_heads: heads.0.into_iter().map(ChangeHash).collect(),
            decision: state.required("decision")?,
            comment: comment.map_or_else(String::new, |comment| comment.0),
            supersedes: supersedes.map(|ids| ids.0.into_iter().map(RecordId).collect()).unwrap_or_default(),
            void: state.register("void")?,
        })
    }

    /// Whether the review was withdrawn.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.void.shown.is_some()
    }

    pub(crate) fn conflicts(&self) -> Vec<Conflict> {
        Conflict::of("void", &self.void).into_iter().collect()
    }
}

impl ReviewDraft {
    pub(crate) fn write(&self, out: &mut Writes) -> Result<(), EditError> {
        let comment = super::edit::normal_text(&self.comment);
        if self.decision == Decision::Return && comment.trim().is_empty() {
            return Err(EditError::field("comment", "bắt buộc khi trả lại để bổ sung", "required when returning"));
        }
        if self.heads.is_empty() {
            return Err(EditError::field("heads", "phiên bản đã đọc của buổi", "the heads of the session as read"));
        }
        let mut heads: Vec<[u8; 32]> = self.heads.iter().map(|hash| hash.0).collect();
        heads.sort_unstable();
        heads.dedup();
        out.put("session", &Sorted(vec![self.session.0]))?;
        out.put("heads", &Sorted(heads))?;
        out.put("decision", &self.decision)?;
        if !comment.is_empty() {
            out.put("comment", &Comment(comment))?;
        }
        if !self.supersedes.is_empty() {
            out.put("supersedes", &Sorted(self.supersedes.iter().map(|id| id.0).collect()))?;
        }
        Ok(())
    }
}

impl ReviewEdit {
    pub(crate) fn write(&self, out: &mut Writes) -> Result<(), EditError> {
        out.patch("void", &self.void)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordKind;
    use crate::record::tests::author;
    use crate::record::{Draft, Edit, EditError, RecordView, create, edit, view};

    const READ: [ChangeHash; 2] = [ChangeHash([2; 32]), ChangeHash([1; 32])];

    fn draft(decision: Decision, heads: &[ChangeHash], supersedes: &[&ReviewView]) -> ReviewDraft {
        ReviewDraft {
            session: RecordId([9; 16]),
            heads: heads.to_vec(),
            decision,
            comment: "Đề nghị bổ sung số tờ rơi".to_owned(),
            supersedes: supersedes.iter().map(|review| review.meta.id).collect(),
        }
    }

    fn review_changes(serial: u64, draft: ReviewDraft) -> Vec<Vec<u8>> {
        vec![create(&Draft::Review(draft), &author(4, 4), serial).expect("valid").change.bytes]
    }

    fn seen(changes: &[Vec<u8>]) -> ReviewView {
        match view(RecordKind::Review, changes).expect("readable") {
            RecordView::Review(view) => view,
            other => panic!("{other:?}"),
        }
    }

    fn review(serial: u64, decision: Decision, heads: &[ChangeHash], supersedes: &[&ReviewView]) -> ReviewView {
        seen(&review_changes(serial, draft(decision, heads, supersedes)))
    }

    #[test]
    fn a_review_reads_back_as_it_was_written() {
        let earlier = review(1, Decision::Return, &READ, &[]);
        let later = review(2, Decision::Confirm, &READ, &[&earlier]);
        assert_eq!(later.session, RecordId([9; 16]));
        assert_eq!(later.read_heads, [ChangeHash([1; 32]), ChangeHash([2; 32])]);
        assert_eq!(later.comment, "Đề nghị bổ sung số tờ rơi");
        assert_eq!(later.supersedes, [earlier.meta.id].into());
    }

    #[test]
    fn a_session_without_review_is_new_and_with_one_stands_as_decided() {
        assert_eq!(review_state(&READ, &[]), ReviewState::New);
        assert_eq!(review_state(&READ, &[&review(1, Decision::Confirm, &READ, &[])]), ReviewState::Confirmed);
        assert_eq!(review_state(&READ, &[&review(1, Decision::Return, &READ, &[])]), ReviewState::Returned);
    }

    #[test]
    fn a_session_that_changed_after_its_review_is_amended() {
        let confirmed = review(1, Decision::Confirm, &READ, &[]);
        assert_eq!(review_state(&[ChangeHash([3; 32])], &[&confirmed]), ReviewState::Amended);
        assert_eq!(review_state(&READ[..1], &[&confirmed]), ReviewState::Amended);
    }

    #[test]
    fn officers_who_had_not_seen_each_other_dispute_and_one_who_had_decides() {
        let (a, b) = (review(1, Decision::Confirm, &READ, &[]), review(2, Decision::Return, &READ, &[]));
        assert_eq!(review_state(&READ, &[&a, &b]), ReviewState::Disputed);
        let last = review(3, Decision::Return, &READ, &[&a, &b]);
        assert_eq!(review_state(&READ, &[&last, &a, &b]), ReviewState::Returned);
    }

    #[test]
    fn a_withdrawn_review_counts_for_nothing_and_supersedes_nothing() {
        let first = review(1, Decision::Confirm, &READ, &[]);
        let mut changes = review_changes(2, draft(Decision::Return, &READ, &[&first]));
        let withdrawal = ReviewEdit { void: Patch::Set("Nhầm buổi".parse().expect("a line")) };
        let void = edit(&changes, &Edit::Review(withdrawal), &author(5, 5)).expect("valid").expect("differs");
        changes.push(void.bytes);
        assert_eq!(review_state(&READ, &[&first, &seen(&changes)]), ReviewState::Confirmed);
        assert_eq!(review_state(&READ, &[&seen(&changes)]), ReviewState::New);
    }

    #[test]
    fn a_return_without_comment_is_refused() {
        let silent = ReviewDraft { comment: " ".to_owned(), ..draft(Decision::Return, &READ, &[]) };
        let refused = create(&Draft::Review(silent), &author(4, 4), 1);
        assert!(matches!(refused, Err(EditError::Field { field, .. }) if field == "comment"));
    }
}
