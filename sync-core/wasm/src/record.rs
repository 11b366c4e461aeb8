//! Making, editing and reading records. Every function is stateless: changes in, a change or a view out.

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use sync_core::id::{RecordKind, RecorderId, UnixMs};
use sync_core::log;
use sync_core::record::{
    self, Author, Draft, Edit, EditError, Line, NewRecord, PanelCheckEdit, Patch, RawChange, Ready, RecordView,
    ReviewDraft, ReviewEdit, Scalar, SessionEdit,
};
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::fault::{Fault, FieldProblem, parse};
use crate::form::{PanelCheckForm, SessionForm, panel_check_edit, session_edit};
use crate::line::{Detail, ReviewSummary, Standing, Summary};

/// Who makes a change.
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct ChangeAuthor {
    /// Device id and eight random bytes of this opening, 32 hexadecimal digits.
    pub actor: String,
    /// The person.
    pub recorder: u32,
    /// What the clock says, in milliseconds.
    pub at: i64,
}

impl ChangeAuthor {
    fn author(&self) -> Result<Author, Fault> {
        Ok(Author { actor: parse(&self.actor)?, recorder: RecorderId(self.recorder), claimed_at: UnixMs(self.at) })
    }
}

/// A change that was just made, to be given to [`crate::device::Core::recorded`].
#[derive(Debug, Clone, Serialize, Deserialize, Tsify)]
pub struct Made {
    /// Its record.
    pub record: String,
    /// The kind of its record, by number.
    pub kind: u8,
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    #[tsify(type = "Uint8Array")]
    pub bytes: Vec<u8>,
}

impl Made {
    fn new(kind: RecordKind, record: &impl ToString, change: RawChange) -> Self {
        Self { record: record.to_string(), kind: kind.code(), bytes: change.bytes }
    }
}

pub(crate) fn kind_of(code: u8) -> Result<RecordKind, Fault> {
    RecordKind::from_code(code).ok_or_else(|| Fault::unreadable(format!("kind {code} is newer than this version")))
}

/// The changes that can be read, in an order in which they can.
fn ready(changes: &[Uint8Array]) -> Ready<Vec<u8>> {
    let mut broken = 0;
    let framed = changes.iter().filter_map(|bytes| match log::RawChange::from_framed(&bytes.to_vec()) {
        Ok(change) => Some((change.hash(), change.framed().to_vec())),
        Err(_) => {
            broken += 1;
            None
        }
    });
    let mut ready = record::ready(framed.collect::<Vec<_>>());
    ready.waiting += broken;
    ready
}

fn made(draft: &Draft, author: &ChangeAuthor, serial: u64) -> Result<Ts<Made>, Fault> {
    let NewRecord { id, change } = record::create(draft, &author.author()?, serial)?;
    Ok(Made::new(draft.kind(), &id, change).into_ts()?)
}

fn edited(record: &str, changes: &[Uint8Array], edit: &Edit, author: &ChangeAuthor) -> Result<Option<Ts<Made>>, Fault> {
    let change = record::edit(&ready(changes).changes, edit, &author.author()?)?;
    Ok(change.map(|change| Made::new(edit.kind(), &record, change).into_ts()).transpose()?)
}

/// Nothing when neither the fields nor the rules between them are at fault.
fn all(fields: Vec<FieldProblem>, faults: Vec<EditError>) -> Result<(), Fault> {
    let mut problems = fields;
    match Fault::from(faults) {
        Fault::Fields { fields } => {
            // A field that could not be read counts as empty between the fields: its own problem says it all.
            let known = |problem: &FieldProblem| problems.iter().any(|other| other.field == problem.field);
            let more: Vec<_> = fields.into_iter().filter(|problem| !known(problem)).collect();
            problems.extend(more);
        }
        other => return Err(other),
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Fields { fields: problems }) }
}

fn session(changes: &[Uint8Array], base: &SessionForm, form: &SessionForm) -> Result<SessionEdit, Fault> {
    let (edit, problems) = session_edit(base, form);
    let before = match changes {
        [] => None,
        _ => match record::view(RecordKind::Session, &ready(changes).changes)? {
            RecordView::Session(view) => Some(view),
            _ => return Err(Fault::unreadable("not a session")),
        },
    };
    all(problems, edit.faults(before.as_ref()))?;
    Ok(edit)
}

fn panel_check(changes: &[Uint8Array], base: &PanelCheckForm, form: &PanelCheckForm) -> Result<PanelCheckEdit, Fault> {
    let (edit, problems) = panel_check_edit(base, form);
    let before = match changes {
        [] => None,
        _ => match record::view(RecordKind::PanelCheck, &ready(changes).changes)? {
            RecordView::PanelCheck(view) => Some(view),
            _ => return Err(Fault::unreadable("not a panel check")),
        },
    };
    all(problems, edit.faults(before.as_ref()))?;
    Ok(edit)
}

/// Throws the faults of every field at once when the form cannot be recorded. No changes: a new session.
#[wasm_bindgen(js_name = checkSession)]
pub fn check_session(changes: Vec<Uint8Array>, base: Ts<SessionForm>, form: Ts<SessionForm>) -> Result<(), Fault> {
    session(&changes, &base.to_rust()?, &form.to_rust()?).map(drop)
}

/// As `checkSession`, for a panel check.
#[wasm_bindgen(js_name = checkPanelCheck)]
pub fn check_panel_check(
    changes: Vec<Uint8Array>,
    base: Ts<PanelCheckForm>,
    form: Ts<PanelCheckForm>,
) -> Result<(), Fault> {
    panel_check(&changes, &base.to_rust()?, &form.to_rust()?).map(drop)
}

/// Makes a session. `serial` numbers the device's records.
#[wasm_bindgen(js_name = createSession)]
pub fn create_session(form: Ts<SessionForm>, author: Ts<ChangeAuthor>, serial: u64) -> Result<Ts<Made>, Fault> {
    let edit = session(&[], &SessionForm::default(), &form.to_rust()?)?;
    made(&Draft::Session(Box::new(edit)), &author.to_rust()?, serial)
}

/// Makes a panel check.
#[wasm_bindgen(js_name = createPanelCheck)]
pub fn create_panel_check(form: Ts<PanelCheckForm>, author: Ts<ChangeAuthor>, serial: u64) -> Result<Ts<Made>, Fault> {
    let edit = panel_check(&[], &PanelCheckForm::default(), &form.to_rust()?)?;
    made(&Draft::PanelCheck(edit), &author.to_rust()?, serial)
}

/// Writes what differs between what was opened and what the form says now; nothing when the record stands so already.
#[wasm_bindgen(js_name = editSession)]
pub fn edit_session(
    record: &str,
    changes: Vec<Uint8Array>,
    base: Ts<SessionForm>,
    form: Ts<SessionForm>,
    author: Ts<ChangeAuthor>,
) -> Result<Option<Ts<Made>>, Fault> {
    let edit = session(&changes, &base.to_rust()?, &form.to_rust()?)?;
    edited(record, &changes, &Edit::Session(Box::new(edit)), &author.to_rust()?)
}

/// As `editSession`, for a panel check.
#[wasm_bindgen(js_name = editPanelCheck)]
pub fn edit_panel_check(
    record: &str,
    changes: Vec<Uint8Array>,
    base: Ts<PanelCheckForm>,
    form: Ts<PanelCheckForm>,
    author: Ts<ChangeAuthor>,
) -> Result<Option<Ts<Made>>, Fault> {
    let edit = panel_check(&changes, &base.to_rust()?, &form.to_rust()?)?;
    edited(record, &changes, &Edit::PanelCheck(edit), &author.to_rust()?)
}

/// Makes a record void with a reason, or, without one, no longer void.
#[wasm_bindgen(js_name = voidRecord)]
pub fn void_record(
    kind: u8,
    record: &str,
    changes: Vec<Uint8Array>,
    reason: Option<String>,
    author: Ts<ChangeAuthor>,
) -> Result<Option<Ts<Made>>, Fault> {
    let void: Patch<Line> = match reason.as_deref().map(str::trim) {
        None => Patch::Clear,
        Some(reason) => {
            let line = reason.parse().map_err(|_| Fault::Fields { fields: vec![FieldProblem::of::<Line>("void")] })?;
            Patch::Set(line)
        }
    };
    let edit = match kind_of(kind)? {
        RecordKind::Session => {
            let mut edit = SessionEdit::default();
            edit.fields.void = void;
            Edit::Session(Box::new(edit))
        }
        RecordKind::PanelCheck => {
            let mut edit = PanelCheckEdit::default();
            edit.fields.void = void;
            Edit::PanelCheck(edit)
        }
        RecordKind::Review => Edit::Review(ReviewEdit { void }),
    };
    edited(record, &changes, &edit, &author.to_rust()?)
}

/// Ends a conflict with the value that `change` wrote.
#[wasm_bindgen]
pub fn resolve(
    kind: u8,
    record: &str,
    changes: Vec<Uint8Array>,
    field: &str,
    change: &str,
    author: Ts<ChangeAuthor>,
) -> Result<Ts<Made>, Fault> {
    let kind = kind_of(kind)?;
    let changes = ready(&changes).changes;
    let view = record::view(kind, &changes)?;
    let conflict = view.conflicts().into_iter().find(|conflict| conflict.field == field);
    let values = conflict.map(|conflict| conflict.values).unwrap_or_default();
    let chosen = values.into_iter().find(|claim| claim.change.to_string() == change).map(|claim| claim.value);
    // A choice that is gone is refused by the core, which says which there are.
    let chosen = chosen.unwrap_or(Scalar::Other);
    let change = record::resolve(kind, &changes, field, &chosen, &author.to_rust()?.author()?)?;
    Ok(Made::new(kind, &record, change).into_ts()?)
}

/// An officer's decision on a session, bound to the heads that were read.
#[wasm_bindgen]
pub fn review(
    session: &str,
    heads: Vec<String>,
    decision: &str,
    comment: String,
    supersedes: Vec<String>,
    author: Ts<ChangeAuthor>,
    serial: u64,
) -> Result<Ts<Made>, Fault> {
    let draft = ReviewDraft {
        session: parse(session)?,
        heads: heads.iter().map(|head| parse(head)).collect::<Result<_, _>>()?,
        decision: parse(decision)?,
        comment,
        supersedes: supersedes.iter().map(|id| parse(id)).collect::<Result<_, _>>()?,
    };
    made(&Draft::Review(draft), &author.to_rust()?, serial)
}

/// The line of a record, from all of its changes that are here.
#[wasm_bindgen]
pub fn summarise(kind: u8, changes: Vec<Uint8Array>) -> Result<Ts<Summary>, Fault> {
    let ready = ready(&changes);
    Ok(Summary::of(&record::view(kind_of(kind)?, &ready.changes)?, ready.waiting).into_ts()?)
}

/// Everything a screen shows of a record.
#[wasm_bindgen]
pub fn detail(kind: u8, changes: Vec<Uint8Array>, area: &str, recorder: u32) -> Result<Ts<Detail>, Fault> {
    let ready = ready(&changes);
    let view = record::view(kind_of(kind)?, &ready.changes)?;
    let history = record::history(&ready.changes)?;
    Ok(Detail::of(&view, history, ready.waiting, area, RecorderId(recorder)).into_ts()?)
}

/// Where a session with these heads stands, given every review of it.
#[wasm_bindgen(js_name = reviewStanding)]
pub fn review_standing(heads: Vec<String>, reviews: Vec<Ts<ReviewSummary>>) -> Result<Ts<Standing>, Fault> {
    let reviews = reviews.iter().map(Ts::to_rust).collect::<Result<Vec<_>, _>>()?;
    Ok(Standing::of(&heads, &reviews)?.into_ts()?)
}
