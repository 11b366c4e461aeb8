//! Valid changes to begin from: sessions with everything a session may hold, edits of them, panel checks.

use std::collections::BTreeSet;

use sync_core::id::RecordKind;
use sync_core::log::RawChange;
use sync_core::record::{
    self, Author, CivilDate, Draft, Edit, PanelCheckEdit, PanelCheckFieldsEdit, Patch, SessionEdit, SessionFieldsEdit,
    SetEdit, Village,
};

use crate::{Change, Draws, Failure};

const TOPICS: [&str; 5] = ["tricks", "hotline", "victims", "law", "khac_moi"];
const WORDS: [&str; 8] = ["Bà con", "hỏi", "việc nhẹ", "lương cao", "đường dây nóng", "111", "🌿", "thôn"];

/// A record that is in order, and edits of it that are.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    /// Its changes, the first one first.
    pub(crate) changes: Vec<Change>,
    /// What may come next, each made without knowing of the others.
    pub(crate) next: Vec<Change>,
}

fn set(draws: &mut Draws) -> Result<SetEdit, Failure> {
    let count = draws.below(4);
    let add: Result<BTreeSet<_>, _> = (0..count).map(|_| TOPICS[draws.below(TOPICS.len())].parse()).collect();
    Ok(SetEdit { add: add?, remove: BTreeSet::new() })
}

fn note(draws: &mut Draws) -> String {
    let count = draws.below(6);
    let words: Vec<&str> = (0..count).map(|_| WORDS[draws.below(WORDS.len())]).collect();
    words.join(" ")
}

fn number(draws: &mut Draws) -> u32 {
    u32::try_from(draws.below(400)).unwrap_or(0)
}

fn session(draws: &mut Draws) -> Result<SessionEdit, Failure> {
    let date = CivilDate::from_day_number(20_500 + i32::try_from(draws.below(300))?);
    let mut edit = SessionEdit {
        fields: SessionFieldsEdit {
            date: date.into(),
            village: Village::Listed("06841-na-choong".to_owned()).into(),
            attendances: number(draws).into(),
            ..Default::default()
        },
        topics: set(draws)?,
        languages: set(draws)?,
        partners: set(draws)?,
        note: Some(note(draws)),
        ..Default::default()
    };
    if draws.below(2) == 0 {
        edit.material.insert("leaflet".parse()?, Patch::Set(number(draws)));
    }
    Ok(edit)
}

pub(crate) fn correction(draws: &mut Draws) -> Result<SessionEdit, Failure> {
    let mut edit = SessionEdit::default();
    match draws.below(4) {
        0 => edit.fields.attendances = Patch::Set(1000 + number(draws)),
        1 => edit.note = Some(format!("{} {}", note(draws), number(draws))),
        2 => {
            edit.note = Some(note(draws));
            edit.topics = SetEdit { add: ["moi".parse()?].into(), remove: [TOPICS[0].parse()?].into() };
        }
        _ => {
            edit.material.insert("leaflet".parse()?, Patch::Set(1000 + number(draws)));
            edit.fields.households = Patch::Set(number(draws));
        }
    }
    Ok(edit)
}

/// A first change of its own record.
pub(crate) fn first(draws: &mut Draws, by: &Author, serial: u64) -> Result<Change, Failure> {
    let (kind, draft) = if draws.below(8) == 0 {
        let date = CivilDate::from_day_number(20_500 + i32::try_from(draws.below(300))?);
        let fields =
            PanelCheckFieldsEdit { site: Patch::Set("QN-0001".parse()?), date: date.into(), ..Default::default() };
        let conditions = SetEdit { add: ["good".parse()?].into(), remove: BTreeSet::new() };
        let check = PanelCheckEdit { fields, conditions, note: Some(note(draws)) };
        (RecordKind::PanelCheck, Draft::PanelCheck(check))
    } else {
        (RecordKind::Session, Draft::Session(Box::new(session(draws)?)))
    };
    let new = record::create(&draft, by, serial)?;
    Ok((kind, new.id, RawChange::from_framed(&new.change.bytes)?))
}

impl Seed {
    /// A session, and `edits` edits of it by authors of their own.
    pub(crate) fn new(
        draws: &mut Draws,
        serial: u64,
        edits: usize,
        mut author: impl FnMut() -> Author,
    ) -> Result<Self, Failure> {
        let by = author();
        let new = record::create(&Draft::Session(Box::new(session(draws)?)), &by, serial)?;
        let first = (RecordKind::Session, new.id, RawChange::from_framed(&new.change.bytes)?);
        let mut changes = vec![first];
        let mut make = |changes: &[Change], by: &Author| -> Result<Option<Change>, Failure> {
            let existing: Vec<&[u8]> = changes.iter().map(|(_, _, change)| change.framed()).collect();
            let edit = Edit::Session(Box::new(correction(draws)?));
            let made = record::edit(&existing, &edit, by)?;
            made.map(|made| Ok((RecordKind::Session, new.id, RawChange::from_framed(&made.bytes)?))).transpose()
        };
        // The second by the same hand, so that sequence numbers above one occur too.
        changes.extend(make(&changes, &by)?);
        let mut next = Vec::new();
        for turn in 0..edits {
            let by = if turn % 4 == 0 { by } else { author() };
            next.extend(make(&changes, &by)?);
        }
        Ok(Self { changes, next })
    }
}
