//! Test vectors of whole records, one of each kind: what a person typed becomes exactly these bytes, and these bytes are
//! read as exactly that.

use std::collections::BTreeSet;

use sync_core::id::{ActorId, ChangeHash, DeviceId, RecordId, RecordKind, RecorderId, UnixMs};
use sync_core::record::{
    Author, Decision, Draft, Edit, Minutes, PanelCheckEdit, Patch, ReviewDraft, SessionEdit, SetEdit, create, edit,
    view,
};

use super::filed::check;

const AT: UnixMs = UnixMs(1_790_000_000_000);

fn author(device: u8, recorder: u32) -> Author {
    let device = DeviceId([device; 8]);
    Author { actor: ActorId::new(device, [7; 8]), recorder: RecorderId(recorder), claimed_at: AT }
}

fn set<T: std::str::FromStr>(text: &str) -> Patch<T>
where
    T::Err: std::fmt::Debug,
{
    Patch::Set(text.parse().unwrap())
}

fn codes(list: &[&str]) -> SetEdit {
    SetEdit { add: list.iter().map(|code| code.parse().unwrap()).collect(), remove: BTreeSet::new() }
}

/// A session with every field but the reason it is void.
fn session() -> SessionEdit {
    let mut session = SessionEdit::default();
    let fields = &mut session.fields;
    fields.date = set("2026-11-20");
    fields.start = Patch::Set("14:30".parse().unwrap());
    fields.duration = Patch::Set(Minutes(90));
    fields.village = set("id:2025-06841-01");
    fields.place_kind = set("culture_house");
    fields.gps = set("21.56,107.41");
    fields.format = set("village_meeting");
    fields.setting = set("standalone");
    fields.attendances = Patch::Set(42);
    fields.women = Patch::Set(25);
    fields.under_16 = Patch::Set(6);
    fields.minority = Patch::Set(40);
    fields.count_basis = set("counted");
    fields.households = Patch::Set(31);
    fields.pledges = Patch::Set(28);
    fields.broadcasts = Patch::Set(2);
    fields.broadcast_minutes = Patch::Set(15);
    fields.lead_unit = set("post");
    session.topics = codes(&["tricks", "hotline"]);
    session.languages = codes(&["dao"]);
    session.partners = codes(&["womens_union"]);
    session.difficulties = codes(&["weather"]);
    session.hotlines = codes(&["111"]);
    session.team.insert("post".parse().unwrap(), Patch::Set(3));
    session.material.insert("leaflet".parse().unwrap(), Patch::Set(30));
    session.note = Some("Bà con hỏi nhiều về đường dây nóng 111.".to_owned());
    session
}

#[test]
fn a_session_and_an_edit_of_it_are_as_filed() {
    let new = create(&Draft::Session(Box::new(session())), &author(1, 17), 1).unwrap();
    check("record-session", &new.change.bytes);
    assert_eq!(new.id, RecordId::of_first_change(&new.change.hash));
    let mut change = SessionEdit::default();
    change.fields.attendances = Patch::Set(45);
    change.fields.women = Patch::Clear;
    change.topics.remove.insert("hotline".parse().unwrap());
    change.note = Some("Bà con hỏi nhiều về đường dây nóng 111 và 113.".to_owned());
    let history = [new.change.bytes];
    let second = edit(&history, &Edit::Session(Box::new(change)), &author(2, 18)).unwrap().unwrap();
    check("record-session-edit", &second.bytes);
    let read = view(RecordKind::Session, &[history[0].clone(), second.bytes]).unwrap();
    let text = serde_json::to_value(&read).unwrap();
    assert_eq!(text["note"], "Bà con hỏi nhiều về đường dây nóng 111 và 113.");
    assert_eq!(text["topics"], serde_json::json!(["tricks"]));
}

#[test]
fn a_panel_check_is_as_filed() {
    let mut visit = PanelCheckEdit::default();
    visit.fields.site = set("Chợ Hoành Mô");
    visit.fields.date = set("2026-11-20");
    visit.fields.hotline_wrong = Patch::Set(true);
    visit.conditions = codes(&["faded", "torn"]);
    visit.note = Some("Số cũ 18001567 còn trên pano.".to_owned());
    let new = create(&Draft::PanelCheck(visit), &author(1, 17), 2).unwrap();
    check("record-panel-check", &new.change.bytes);
    view(RecordKind::PanelCheck, &[new.change.bytes]).unwrap();
}

#[test]
fn a_review_is_as_filed() {
    let draft = ReviewDraft {
        session: RecordId([5; 16]),
        heads: vec![ChangeHash([6; 32])],
        decision: Decision::Return,
        comment: "Ghi rõ số tờ rơi đã phát.".to_owned(),
        supersedes: BTreeSet::from([RecordId([8; 16])]),
    };
    let new = create(&Draft::Review(draft), &author(3, 21), 1).unwrap();
    check("record-review", &new.change.bytes);
    view(RecordKind::Review, &[new.change.bytes]).unwrap();
}
