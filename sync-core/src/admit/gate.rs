//! The verdict on one change.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Reason, rules};
use crate::id::{ChangeHash, DeviceId, RecordId, RecordKind, RecorderId, Role};
use crate::record::chunk::{Chunk, ScanError};
use crate::record::document::Document;
use crate::record::genesis;
use crate::record::state::State;
use crate::record::{MAX_NOTE_CHARS, RecordView, ViewError};

/// What the signed batch and its certificate say of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The record it was filed under.
    pub record_id: RecordId,
    /// The kind of that record.
    pub kind: RecordKind,
    /// The device that signed the batch.
    pub device: DeviceId,
    /// The person, from the certificate.
    pub recorder: RecorderId,
    /// The role, from the certificate.
    pub role: Role,
    /// Whether the server's own log carries the change after a person released it. Whose device made it, what that
    /// person's role was and whose tally it writes were then judged by the person.
    pub adopted: bool,
}

/// A record as it stands with the admitted change.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The record, for the read tables.
    pub view: RecordView,
    /// The hash of the admitted change.
    pub change: ChangeHash,
}

/// What the gate says of a change.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every verdict is an admission")]
pub enum Verdict {
    /// It belongs to the record.
    Admitted(Admission),
    /// It depends on changes that have not arrived. It is kept and judged again when they have.
    Waiting {
        /// The changes that are missing, ascending.
        missing: Vec<ChangeHash>,
    },
    /// It is kept and a person decides.
    Quarantined(Reason),
}

/// Judges a change against the admitted changes of its record, which are given in causal order.
///
/// A change that is already among them is admitted again, with the same view: judging is idempotent.
///
/// Automerge may panic on hostile bytes. A panic is caught here and becomes [`Reason::Panicked`]; nothing that was
/// shared is touched, because the scratch copy is dropped. The panic hook still runs: a server that wants quiet logs
/// installs one that looks at [`is_judging`].
#[must_use]
pub fn judge<B: AsRef<[u8]>>(existing: &[B], change: &[u8], binding: &Binding) -> Verdict {
    match judge_inner(existing, change, binding) {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::Quarantined(reason),
    }
}

thread_local! {
    static JUDGING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether this thread is inside [`judge`], where a panic is expected and contained.
///
/// For a panic hook, so that a hostile change does not fill the log of a server:
///
/// ```
/// let usual = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |info| {
///     if !sync_core::admit::is_judging() {
///         usual(info);
///     }
/// }));
/// ```
#[must_use]
pub fn is_judging() -> bool {
    JUDGING.get()
}

/// Runs what may panic; `None` when it did.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    let outer = JUDGING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work)).ok();
    JUDGING.set(outer);
    result
}

fn judge_inner<B: AsRef<[u8]>>(existing: &[B], change: &[u8], binding: &Binding) -> Result<Verdict, Reason> {
    let chunk = Chunk::parse(change).map_err(|error| match error {
        ScanError::TooLarge => Reason::ChangeTooLarge,
        ScanError::TooMany => Reason::TooManyOps,
        ScanError::Malformed(_) => Reason::ChangeMalformed,
    })?;
    let info = &chunk.info;
    if !binding.adopted && info.actor.device() != binding.device {
        return Err(Reason::ActorNotOfDevice);
    }
    let is_first = info.deps.is_empty();
    if is_first != (RecordId::of_first_change(&info.hash) == binding.record_id) {
        return Err(Reason::WrongRecord);
    }
    let mut known = BTreeSet::new();
    let (mut last_seq, mut next_op) = (0, 1);
    for bytes in existing {
        // What was admitted before is read again rather than trusted to be in order.
        let earlier = Chunk::parse(bytes.as_ref()).map_err(|_| Reason::Unreadable)?.info;
        if earlier.actor == info.actor && earlier.hash != info.hash {
            last_seq = last_seq.max(earlier.seq);
        }
        if info.deps.contains(&earlier.hash) || earlier.actor == info.actor {
            next_op = next_op.max(earlier.start_op + earlier.op_count as u64);
        }
        known.insert(earlier.hash);
    }
    rules::check(&chunk, is_first, binding)?;
    let again = known.contains(&info.hash);
    if !again {
        let missing: Vec<_> = info.deps.iter().filter(|dep| !known.contains(*dep)).copied().collect();
        if !missing.is_empty() {
            return Ok(Verdict::Waiting { missing });
        }
        if info.seq != last_seq + 1 || info.start_op < next_op {
            return Err(Reason::BrokenSequence);
        }
    }
    let hash = info.hash;
    if existing.is_empty()
        && let Some(state) = genesis::read(&chunk)
    {
        let view = RecordView::read(binding.kind, &state).map_err(reason)?;
        return admit(view, &state, hash, is_first, binding);
    }
    let scratch = contained(|| apply(existing, (!again).then_some(change), binding));
    let (view, state) = scratch.ok_or(Reason::Panicked)??;
    admit(view, &state, hash, is_first, binding)
}

/// The last rules, which need the content.
fn admit(
    view: RecordView,
    state: &State,
    change: ChangeHash,
    is_first: bool,
    binding: &Binding,
) -> Result<Verdict, Reason> {
    let note_chars = state.note.as_ref().map_or(0, |note| note.chars().count());
    // Two notes written at once may add up to more than one person may write.
    if note_chars > 4 * MAX_NOTE_CHARS || view.meta().unknown.len() > rules::MAX_UNKNOWN_KEYS {
        return Err(Reason::SchemaRule);
    }
    if is_first && !binding.adopted && view.meta().recorder != binding.recorder {
        return Err(Reason::ForeignRecorder);
    }
    Ok(Verdict::Admitted(Admission { view, change }))
}

/// The view and content of a scratch copy with the change applied.
fn apply<B: AsRef<[u8]>>(
    existing: &[B],
    change: Option<&[u8]>,
    binding: &Binding,
) -> Result<(RecordView, State), Reason> {
    let all: Vec<&[u8]> = existing.iter().map(AsRef::as_ref).chain(change).collect();
    let document = Document::load(&all).map_err(reason)?;
    let state = document.state().map_err(reason)?;
    let view = RecordView::read(binding.kind, &state).map_err(reason)?;
    if !document.saves_and_loads() {
        return Err(Reason::Unloadable);
    }
    Ok((view, state))
}

fn reason(error: ViewError) -> Reason {
    match error {
        ViewError::IllTyped { .. } | ViewError::Missing { .. } => Reason::SchemaRule,
        ViewError::UnknownSchema { .. } => Reason::UnknownSchema,
        ViewError::Empty | ViewError::Unreadable | ViewError::MissingDependency => Reason::Unreadable,
    }
}
