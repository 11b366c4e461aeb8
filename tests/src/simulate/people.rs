//! What people do with a device: they record, correct, void, settle conflicts and review.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::device::PendingChange;
use sync_core::id::{AreaId, ChangeHash, RecordId, RecordKind, Role};
use sync_core::log::RawChange;
use sync_core::record::{
    self, Author, CivilDate, Code, Decision, Draft, Edit, Line, PanelCheckEdit, PanelCheckFieldsEdit, Patch,
    RecordView, ReviewDraft, SessionEdit, SessionFieldsEdit, Village,
};

use super::chance::Chance;
use super::fault::Bug;
use super::phone::Phone;
use super::shadow::Shadow;

const MATERIAL: [&str; 2] = ["leaflet", "folder"];

/// A change somebody made.
pub struct Made {
    /// The area of its record.
    pub area: AreaId,
    /// The change.
    pub change: PendingChange,
    /// What of the record its author had.
    seen: BTreeSet<ChangeHash>,
    /// What they meant to write.
    fields: Vec<(String, String)>,
}

impl Made {
    /// Notes what was meant.
    pub fn note(&mut self, shadow: &mut Shadow) {
        let fields = std::mem::take(&mut self.fields);
        shadow.note(self.change.record, self.change.change.hash(), &self.seen, fields);
    }
}

/// What a person sees of one record.
struct Seen {
    area: AreaId,
    record: RecordId,
    view: RecordView,
    changes: BTreeMap<ChangeHash, RawChange>,
}

/// Does one thing on a device; `None` when there was nothing to do.
#[must_use]
pub fn act(phone: &Phone, area: AreaId, now: i64, chance: &mut Chance, bug: Option<Bug>) -> Option<Made> {
    let author = Author { actor: phone.actor, recorder: phone.identity.recorder, claimed_at: phone.clock(now) };
    let dice = chance.between(0, 100);
    if dice < 50 {
        return create(phone, area, &author, &session(chance), Vec::new());
    }
    if dice < 55 {
        return check_panel(phone, area, &author, chance);
    }
    let seen = look(phone, area, chance)?;
    let officer = phone.identity.role == Role::Officer;
    if officer && dice < 75 {
        return review(phone, &author, &seen, chance);
    }
    if let Some(made) = settle(&author, &seen, chance, bug) {
        return Some(made);
    }
    correct(&author, &seen, dice, chance, bug)
}

fn code(text: &str) -> Option<Code> {
    text.parse().ok()
}

/// A session with the fields the shadow account follows.
struct Session {
    attendances: u32,
    material: (&'static str, u32),
    note: String,
}

fn session(chance: &mut Chance) -> Session {
    Session {
        attendances: chance.between(1, 200) as u32,
        material: (MATERIAL[chance.index(2)], chance.between(1, 60) as u32),
        note: format!("Tuyên truyền tại nhà văn hóa, lượt {}", chance.between(1, 1_000)),
    }
}

fn create(
    phone: &Phone,
    area: AreaId,
    author: &Author,
    session: &Session,
    mut fields: Vec<(String, String)>,
) -> Option<Made> {
    let (kind, count) = session.material;
    let edit = SessionEdit {
        fields: SessionFieldsEdit {
            date: CivilDate::new(2026, 7, 30).into(),
            village: Village::Listed("QN-0042".to_owned()).into(),
            attendances: session.attendances.into(),
            ..Default::default()
        },
        material: [(code(kind)?, Patch::Set(count))].into(),
        note: Some(session.note.clone()),
        ..Default::default()
    };
    fields.push(("attendances".to_owned(), session.attendances.to_string()));
    fields.push((format!("material/{kind}/{}", author.recorder), count.to_string()));
    first(phone, area, author, &Draft::Session(Box::new(edit)), fields)
}

fn first(phone: &Phone, area: AreaId, author: &Author, draft: &Draft, fields: Vec<(String, String)>) -> Option<Made> {
    let new = record::create(draft, author, phone.serial).ok()?;
    let change = RawChange::from_framed(&new.change.bytes).ok()?;
    let change = PendingChange { kind: draft.kind(), record: new.id, change };
    Some(Made { area, change, seen: BTreeSet::new(), fields })
}

fn check_panel(phone: &Phone, area: AreaId, author: &Author, chance: &mut Chance) -> Option<Made> {
    let edit = PanelCheckEdit {
        fields: PanelCheckFieldsEdit {
            site: format!("P-{}", chance.between(1, 177)).parse::<Line>().ok().into(),
            date: CivilDate::new(2026, 9, 2).into(),
            ..Default::default()
        },
        conditions: [code("good")?].into_iter().collect(),
        note: None,
    };
    first(phone, area, author, &Draft::PanelCheck(edit), Vec::new())
}

/// A session of this area as it shows on the device.
fn look(phone: &Phone, area: AreaId, chance: &mut Chance) -> Option<Seen> {
    let here: BTreeSet<RecordId> = phone
        .disk
        .changes()
        .filter(|(at, kind, ..)| *at == area && *kind == RecordKind::Session)
        .map(|(_, _, record, _)| record)
        .collect();
    let here: Vec<RecordId> = here.into_iter().collect();
    // People mostly touch what was touched before: that is where conflicts come from.
    let few = &here[..here.len().min(6)];
    let record = *if chance.once_in(2) { chance.pick(few) } else { chance.pick(&here) }?;
    let changes = phone.disk.record(record);
    let bytes: Vec<&RawChange> = changes.values().collect();
    let view = record::view(RecordKind::Session, &bytes).ok()?;
    Some(Seen { area, record, view, changes })
}

impl Seen {
    fn made(&self, change: record::RawChange, fields: Vec<(String, String)>) -> Option<Made> {
        let change = RawChange::from_framed(&change.bytes).ok()?;
        let change = PendingChange { kind: RecordKind::Session, record: self.record, change };
        Some(Made { area: self.area, change, seen: self.changes.keys().copied().collect(), fields })
    }

    fn bytes(&self) -> Vec<&RawChange> {
        self.changes.values().collect()
    }
}

fn review(phone: &Phone, author: &Author, seen: &Seen, chance: &mut Chance) -> Option<Made> {
    let decision = if chance.once_in(4) { Decision::Return } else { Decision::Confirm };
    let draft = ReviewDraft {
        session: seen.record,
        heads: seen.view.meta().heads.clone(),
        decision,
        comment: "đề nghị bổ sung số hộ".to_owned(),
        supersedes: BTreeSet::new(),
    };
    first(phone, seen.area, author, &Draft::Review(draft), Vec::new())
}

/// Ends a conflict by choosing one of its values.
fn settle(author: &Author, seen: &Seen, chance: &mut Chance, bug: Option<Bug>) -> Option<Made> {
    let conflicts = seen.view.conflicts();
    let foreign = |field: &str| field.starts_with("material/") && !field.ends_with(&format!("/{}", author.recorder));
    let open: Vec<_> = conflicts.iter().filter(|conflict| !foreign(&conflict.field)).collect();
    let conflict = chance.pick(&open)?;
    let meant = chance.pick(&conflict.values)?;
    let newest = conflict.values.iter().max_by_key(|claim| claim.claimed_at);
    let written = if bug == Some(Bug::ClockDecides) { newest? } else { meant };
    let change = record::resolve(RecordKind::Session, &seen.bytes(), &conflict.field, &written.value, author).ok()?;
    seen.made(change, vec![(conflict.field.clone(), meant.value.to_text())])
}

fn correct(author: &Author, seen: &Seen, dice: u64, chance: &mut Chance, bug: Option<Bug>) -> Option<Made> {
    let mut edit = SessionEdit::default();
    let mut fields = Vec::new();
    if dice < 80 {
        let attendances = chance.between(1, 200) as u32;
        edit.fields.attendances = attendances.into();
        fields.push(("attendances".to_owned(), attendances.to_string()));
    } else if dice < 95 {
        let (kind, count) = (MATERIAL[chance.index(2)], chance.between(1, 60) as u32);
        let RecordView::Session(view) = &seen.view else { return None };
        let tally = view.material.get(&code(kind)?).and_then(|material| material.tallies.get(&author.recorder));
        let before = tally.and_then(|tally| tally.value().copied()).unwrap_or(0);
        let written = if bug == Some(Bug::TallyAdded) { before + count } else { count };
        edit.material.insert(code(kind)?, Patch::Set(written));
        fields.push((format!("material/{kind}/{}", author.recorder), count.to_string()));
    } else {
        let reason = format!("ghi trùng {}", author.recorder);
        edit.fields.void = reason.parse::<Line>().ok().into();
        fields.push(("void".to_owned(), reason));
    }
    if chance.once_in(3) {
        edit.note = Some(format!("Bổ sung ngày {}", chance.between(1, 31)));
    }
    let change = record::edit(&seen.bytes(), &Edit::Session(Box::new(edit)), author).ok()??;
    seen.made(change, fields)
}
