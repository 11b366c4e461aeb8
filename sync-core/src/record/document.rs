//! The only place that touches Automerge.
//!
//! Documents are read by code point on every platform. The actor is always given: Automerge's own random actor is
//! never used.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, TextEncoding, ValueRef};

use super::chunk::MAX_CHANGE_BYTES;
use super::edit::{Author, EditError, RawChange, Writes};
use super::state::{Claim, Scalar, State};
use super::view::ViewError;
use crate::id::{ActorId, ChangeHash, UnixMs};

/// The key of the note's text object.
pub(crate) const NOTE: &str = "note";

/// A change of a document, as far as claims need it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangeMeta {
    pub(crate) hash: ChangeHash,
    pub(crate) actor: ActorId,
    pub(crate) first_op: u64,
    pub(crate) ops: u64,
    pub(crate) claimed_at: UnixMs,
}

/// A loaded record.
pub(crate) struct Document {
    doc: Automerge,
    changes: Vec<ChangeMeta>,
    first: ChangeMeta,
}

impl From<automerge::AutomergeError> for EditError {
    fn from(error: automerge::AutomergeError) -> Self {
        Self::Write(error.to_string())
    }
}

fn new_doc() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint)
}

/// The time of a change, from its whole seconds.
pub(crate) fn claimed_at(seconds: i64) -> UnixMs {
    UnixMs(seconds.saturating_mul(1_000))
}

impl ChangeMeta {
    fn of(change: &Change) -> Option<Self> {
        Some(Self {
            hash: ChangeHash(change.hash().0),
            actor: ActorId::from_slice(change.actor_id().to_bytes())?,
            first_op: change.start_op().get(),
            ops: change.len() as u64,
            claimed_at: claimed_at(change.timestamp()),
        })
    }
}

impl Document {
    /// The document of these changes, given in any order.
    pub(crate) fn load<B: AsRef<[u8]>>(changes: &[B]) -> Result<Self, ViewError> {
        let mut parsed = Vec::with_capacity(changes.len());
        for bytes in changes {
            parsed.push(Change::try_from(bytes.as_ref()).map_err(|_| ViewError::Unreadable)?);
        }
        let known: BTreeSet<_> = parsed.iter().map(Change::hash).collect();
        if parsed.iter().any(|change| change.deps().iter().any(|dep| !known.contains(dep))) {
            return Err(ViewError::MissingDependency);
        }
        let metas = parsed.iter().map(ChangeMeta::of).collect::<Option<Vec<_>>>().ok_or(ViewError::Unreadable)?;
        let mut roots = parsed.iter().zip(&metas).filter(|(change, _)| change.deps().is_empty());
        let first = match (roots.next(), roots.next()) {
            (Some((_, first)), None) => *first,
            (Some((_, first)), Some((_, again))) if again.hash == first.hash => *first,
            (None, _) => return Err(ViewError::Empty),
            _ => return Err(ViewError::Unreadable),
        };
        let mut doc = new_doc();
        doc.apply_changes(parsed).map_err(|_| ViewError::Unreadable)?;
        Ok(Self { doc, changes: metas, first })
    }

    /// Whether the document saves to bytes that load again as the same document.
    pub(crate) fn saves_and_loads(&self) -> bool {
        self.doc.save_and_verify().is_ok()
    }

    /// The actor and hash of the change that made an operation.
    fn claim<T>(&self, value: T, op: &ObjId) -> Result<Claim<T>, ViewError> {
        let ObjId::Id(counter, actor, _) = op else { return Err(ViewError::Unreadable) };
        let made = |meta: &&ChangeMeta| {
            meta.actor.0 == actor.to_bytes() && (meta.first_op..meta.first_op + meta.ops).contains(counter)
        };
        let meta = self.changes.iter().find(made).ok_or(ViewError::Unreadable)?;
        Ok(Claim { value, author: meta.actor, change: meta.hash, claimed_at: meta.claimed_at })
    }

    pub(crate) fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self.doc.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).collect();
        heads.sort_unstable();
        heads
    }

    pub(crate) fn state(&self) -> Result<State, ViewError> {
        self.state_at(None)
    }

    /// The content at some heads, or now.
    pub(crate) fn state_at(&self, heads: Option<&[automerge::ChangeHash]>) -> Result<State, ViewError> {
        let unreadable = |_| ViewError::Unreadable;
        let mut entries = BTreeMap::new();
        let mut note = None;
        let items = match heads {
            None => self.doc.map_range(ROOT, ..),
            Some(heads) => self.doc.map_range_at(ROOT, .., heads),
        };
        for item in items {
            let id = item.id();
            if item.key == NOTE && item.value == ValueRef::Object(ObjType::Text) {
                let text = match heads {
                    None => self.doc.text(&id),
                    Some(heads) => self.doc.text_at(&id, heads),
                };
                note = Some(text.map_err(unreadable)?);
                continue;
            }
            let key = item.key.into_owned();
            let claims = if item.conflict {
                let all = match heads {
                    None => self.doc.get_all(ROOT, key.as_str()),
                    Some(heads) => self.doc.get_all_at(ROOT, key.as_str(), heads),
                };
                let mut claims = Vec::new();
                // Automerge lists them by ascending operation id; the last one shows.
                for (value, op) in all.map_err(unreadable)?.into_iter().rev() {
                    claims.push(self.claim(value.as_scalar().map_or(Scalar::Other, scalar), &op)?);
                }
                claims
            } else {
                let value = match item.value {
                    ValueRef::Scalar(value) => scalar(&value.into()),
                    ValueRef::Object(_) => Scalar::Other,
                };
                vec![self.claim(value, &id)?]
            };
            entries.insert(key, claims);
        }
        let created =
            Claim { value: (), author: self.first.actor, change: self.first.hash, claimed_at: self.first.claimed_at };
        let changes = u32::try_from(self.changes.len()).unwrap_or(u32::MAX);
        Ok(State { entries, note, heads: self.heads(), created, changes })
    }

    /// The first change of a new document. Keys are written in ascending order.
    pub(crate) fn create(writes: &Writes, note: Option<&str>, author: &Author) -> Result<RawChange, EditError> {
        let mut doc = new_doc().with_actor(author.actor.0.as_slice().into());
        let mut tx = doc.transaction();
        for (key, value) in &writes.entries {
            if let Some(value) = value {
                tx.put(ROOT, key.as_str(), automerge_value(value)?)?;
            }
        }
        if let Some(note) = note {
            let text = tx.put_object(ROOT, NOTE, ObjType::Text)?;
            if !note.is_empty() {
                tx.splice_text(&text, 0, 0, note)?;
            }
        }
        let (hash, _) = tx.commit_with(options(author));
        raw_change(&doc, hash)?.ok_or_else(|| EditError::Write("nothing was written".to_owned()))
    }

    /// Writes what differs, as one change; `None` when nothing does.
    pub(crate) fn write(&mut self, writes: &Writes, author: &Author) -> Result<Option<RawChange>, EditError> {
        let state = self.state()?;
        self.doc.set_actor(author.actor.0.as_slice().into());
        let mut tx = self.doc.transaction();
        for (key, value) in &writes.entries {
            let claims = state.entries.get(key).map_or(&[][..], Vec::as_slice);
            match (claims, value) {
                ([], None) => {}
                ([claim], Some(value)) if claim.value == *value => {}
                // Both say the set member is there: nothing to decide.
                ([claim, ..], Some(Scalar::Bool(true))) if claim.value == Scalar::Bool(true) && key.contains('/') => {}
                (_, None) => tx.delete(ROOT, key.as_str())?,
                // Automerge would only take the others away and write nothing: whoever changes the shown value meanwhile
                // would silently undo this decision. Written anew it stands beside theirs.
                ([shown, _, ..], Some(value)) if shown.value == *value => {
                    tx.delete(ROOT, key.as_str())?;
                    tx.put(ROOT, key.as_str(), automerge_value(value)?)?;
                }
                (_, Some(value)) => tx.put(ROOT, key.as_str(), automerge_value(value)?)?,
            }
        }
        if let Some(note) = &writes.note
            && let Some((_, text)) = tx.get(ROOT, NOTE)?
            && state.note.as_ref() != Some(note)
        {
            tx.update_text(&text, note)?;
        }
        if tx.pending_ops() == 0 {
            tx.rollback();
            return Ok(None);
        }
        let (hash, _) = tx.commit_with(options(author));
        raw_change(&self.doc, hash)
    }

    /// Every change in causal order, with the heads just before it.
    pub(crate) fn steps(&self) -> Vec<(ChangeMeta, Vec<automerge::ChangeHash>)> {
        let steps = self.doc.get_changes(&[]);
        steps.iter().filter_map(|change| Some((ChangeMeta::of(change)?, change.deps().to_vec()))).collect()
    }
}

fn options(author: &Author) -> CommitOptions {
    CommitOptions::default().with_time(author.claimed_at.0.div_euclid(1_000))
}

/// The change just committed, as one uncompressed chunk.
fn raw_change(doc: &Automerge, hash: Option<automerge::ChangeHash>) -> Result<Option<RawChange>, EditError> {
    let Some(hash) = hash else { return Ok(None) };
    let change = doc.get_change_by_hash(&hash).ok_or_else(|| EditError::Write("the change is gone".to_owned()))?;
    let bytes = change.raw_bytes().to_vec();
    if bytes.len() > MAX_CHANGE_BYTES {
        return Err(EditError::TooLarge { bytes: bytes.len() });
    }
    Ok(Some(RawChange { hash: ChangeHash(hash.0), bytes }))
}

fn scalar(value: &ScalarValue) -> Scalar {
    match value {
        ScalarValue::Boolean(value) => Scalar::Bool(*value),
        ScalarValue::Uint(value) => Scalar::Uint(*value),
        ScalarValue::Int(value) => Scalar::Int(*value),
        ScalarValue::Str(value) => Scalar::Text(value.to_string()),
        ScalarValue::Bytes(value) => Scalar::Bytes(value.clone()),
        _ => Scalar::Other,
    }
}

fn automerge_value(scalar: &Scalar) -> Result<ScalarValue, EditError> {
    Ok(match scalar {
        Scalar::Bool(value) => ScalarValue::Boolean(*value),
        Scalar::Uint(value) => ScalarValue::Uint(*value),
        Scalar::Int(value) => ScalarValue::Int(*value),
        Scalar::Text(value) => ScalarValue::Str(value.as_str().into()),
        Scalar::Bytes(value) => ScalarValue::Bytes(value.clone()),
        Scalar::Other => return Err(EditError::Write("a value without a type".to_owned())),
    })
}
