//! The merge rules, as properties and as single facts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::document::Document;
use super::*;
use crate::admit::{Binding, Verdict, judge};
use crate::id::{ActorId, DeviceId, RecordId, RecorderId, Role, UnixMs};
use crate::log::limits;

pub(crate) fn author(device: u8, recorder: u32) -> Author {
    Author {
        actor: ActorId::new(DeviceId([device; 8]), [1; 8]),
        recorder: RecorderId(recorder),
        claimed_at: UnixMs(1_790_000_000_123),
    }
}

pub(crate) fn code(text: &str) -> Code {
    text.parse().expect("a code")
}

pub(crate) fn session() -> SessionEdit {
    SessionEdit {
        fields: SessionFieldsEdit {
            date: CivilDate::new(2026, 7, 30).into(),
            village: Village::Listed("QN-0042".to_owned()).into(),
            format: code("village_meeting").into(),
            attendances: 42.into(),
            women: 20.into(),
            ..Default::default()
        },
        topics: [code("tricks"), code("hotline")].into_iter().collect(),
        material: [(code("leaflet"), Patch::Set(30))].into(),
        note: Some("Bà con hỏi nhiều về việc nhẹ, lương cao".to_owned()),
        ..Default::default()
    }
}

pub(crate) fn binding(record: RecordId, kind: RecordKind, author: &Author, role: Role) -> Binding {
    Binding { record_id: record, kind, device: author.actor.device(), recorder: author.recorder, role, adopted: false }
}

pub(crate) fn as_session(view: RecordView) -> SessionView {
    match view {
        RecordView::Session(view) => view,
        other => panic!("not a session: {other:?}"),
    }
}

#[test]
fn a_session_reads_back_as_it_was_recorded_and_is_admitted() {
    let author = author(7, 3);
    let new = create(&Draft::Session(Box::new(session())), &author, 1).expect("valid");
    let view = as_session(view(RecordKind::Session, &[&new.change.bytes]).expect("readable"));
    assert_eq!(view.fields.attendances.value(), Some(&42));
    assert_eq!(view.note, "Bà con hỏi nhiều về việc nhẹ, lương cao");
    assert_eq!(view.material[&code("leaflet")].total, 30);
    assert_eq!(view.meta.id, new.id);
    assert_eq!(view.meta.recorder, RecorderId(3));
    assert_eq!(view.meta.created_at, UnixMs(1_790_000_000_000));
    let binding = binding(new.id, RecordKind::Session, &author, Role::Guard);
    match judge::<&[u8]>(&[], &new.change.bytes, &binding) {
        Verdict::Admitted(admission) => assert_eq!(admission.view, RecordView::Session(view)),
        other => panic!("{other:?}"),
    }
}

/// Any session a person could record.
pub(crate) fn any_session() -> impl Strategy<Value = SessionEdit> {
    let codes = || btree_set("[a-z0-9_]{1,12}".prop_map(|text| code(&text)), 0..5);
    let set = move || codes().prop_map(|add| SetEdit { add, remove: BTreeSet::new() });
    let count = || option::of(0..=MAX_COUNT);
    let tallies = || btree_map("[a-z]{1,8}".prop_map(|text| code(&text)), (0..=MAX_COUNT).prop_map(Patch::Set), 0..4);
    let place = prop_oneof![
        "[A-Za-z0-9._-]{1,64}".prop_map(Village::Listed),
        "[\\p{Latin}][\\p{Latin} ]{0,60}[\\p{Latin}]".prop_map(|name| Village::Named(name.parse().expect("a line"))),
    ];
    let fields = (
        0..36_000_i32,
        option::of(0..1440_u16),
        place,
        option::of((-9000..=9000_i16, -18000..=18000_i16)),
        count(),
        count(),
    );
    let rest = (set(), set(), set(), tallies(), tallies(), option::of("[\\PC\n]{0,60}"), any::<bool>());
    (fields, rest).prop_map(
        |(
            (days, start, place, gps, attendances, households),
            (topics, languages, hotlines, team, material, note, estimated),
        )| SessionEdit {
            fields: SessionFieldsEdit {
                date: CivilDate::from_day_number(10_957 + days).into(),
                village: place.into(),
                start: start.map(MinuteOfDay).into(),
                gps: gps.map(|(latitude_e2, longitude_e2)| GpsFix { latitude_e2, longitude_e2 }).into(),
                attendances: attendances.into(),
                women: attendances.map(|total| total / 2).into(),
                households: households.into(),
                count_basis: if estimated { CountBasis::Estimated.into() } else { Patch::Keep },
                ..Default::default()
            },
            topics,
            languages,
            hotlines,
            team,
            material,
            note,
            ..Default::default()
        },
    )
}

fn new_session(edit: SessionEdit, by: &Author, serial: u64) -> Vec<Vec<u8>> {
    vec![create(&Draft::Session(Box::new(edit)), by, serial).expect("valid").change.bytes]
}

fn edited(changes: &[Vec<u8>], change: SessionEdit, by: &Author) -> Vec<Vec<u8>> {
    let made = edit(changes, &Edit::Session(Box::new(change)), by).expect("valid");
    changes.iter().cloned().chain(made.map(|change| change.bytes)).collect()
}

fn union(a: &[Vec<u8>], b: &[Vec<u8>]) -> Vec<Vec<u8>> {
    a.iter().chain(b).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn seen(changes: &[Vec<u8>]) -> SessionView {
    as_session(view(RecordKind::Session, changes).expect("readable"))
}

fn attendances(count: u32) -> SessionEdit {
    SessionEdit { fields: SessionFieldsEdit { attendances: count.into(), ..Default::default() }, ..Default::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_first_change_reads_the_same_without_a_document(session in any_session(), serial: u64) {
        let changes = new_session(session, &author(7, 3), serial);
        let chunk = chunk::Chunk::parse(&changes[0]).expect("strict");
        let fast = genesis::read(&chunk).expect("the plain form");
        let slow = Document::load(&changes).expect("readable").state().expect("readable");
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn the_order_in_which_changes_arrive_does_not_matter(
        first in any_session(),
        edits in vec((0..3_usize, any_session(), any::<bool>()), 1..7),
        order in any::<u64>(),
    ) {
        let authors = [author(1, 1), author(2, 2), author(3, 3)];
        let start = new_session(first, &authors[0], 1);
        let mut replicas = [start.clone(), start.clone(), start];
        for (who, change, meets) in edits {
            replicas[who] = edited(&replicas[who], change, &authors[who]);
            if meets {
                let other = (who + 1) % 3;
                let both = union(&replicas[who], &replicas[other]);
                (replicas[who], replicas[other]) = (both.clone(), both);
            }
        }
        let mut all = union(&union(&replicas[0], &replicas[1]), &replicas[2]);
        let (expected, expected_digest) = (seen(&all), digest(&all).expect("readable"));
        let turn = (order % all.len() as u64) as usize;
        all.rotate_left(turn);
        if order.is_multiple_of(2) {
            all.reverse();
        }
        prop_assert_eq!(seen(&all), expected);
        prop_assert_eq!(digest(&all).expect("readable"), expected_digest);
        prop_assert_eq!(history(&all).expect("readable").len(), all.len());
    }
}

#[test]
fn concurrent_values_are_kept_with_their_authors_until_a_person_decides() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let both = union(&edited(&start, attendances(50), &a), &edited(&start, attendances(60), &b));
    let view = seen(&both);
    let conflict = &view.conflicts()[0];
    assert_eq!(conflict.field, "attendances");
    let claims: BTreeMap<_, _> = conflict.values.iter().map(|c| (c.author.device(), c.value.clone())).collect();
    assert_eq!(claims[&DeviceId([1; 8])], Scalar::Uint(50));
    assert_eq!(claims[&DeviceId([2; 8])], Scalar::Uint(60));
    let decided = resolve(RecordKind::Session, &both, "attendances", &Scalar::Uint(50), &b).expect("in conflict");
    let after = seen(&[both.clone(), vec![decided.bytes]].concat());
    assert_eq!(after.fields.attendances.value(), Some(&50));
    assert_eq!(after.conflicts(), vec![]);
    let wrong = resolve(RecordKind::Session, &both, "attendances", &Scalar::Uint(55), &b).expect_err("no such value");
    assert!(
        matches!(wrong, EditError::Field { accepted_en, .. } if accepted_en.contains("50") && accepted_en.contains("60"))
    );
    assert!(resolve(RecordKind::Session, &both, "women", &Scalar::Uint(20), &b).is_err());
}

#[test]
fn an_edit_of_one_field_leaves_a_conflict_about_another_open() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let both = union(&edited(&start, attendances(50), &a), &edited(&start, attendances(60), &b));
    let households =
        SessionEdit { fields: SessionFieldsEdit { households: 9.into(), ..Default::default() }, ..Default::default() };
    assert_eq!(seen(&edited(&both, households, &a)).conflicts().len(), 1);
}

#[test]
fn two_who_write_the_same_value_agree() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let both = union(&edited(&start, attendances(50), &a), &edited(&start, attendances(50), &b));
    assert_eq!(seen(&both).conflicts(), vec![]);
}

#[test]
fn sets_are_united_and_adding_wins_over_removing() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let topics = |add: &[&str], remove: &[&str]| SessionEdit {
        topics: SetEdit {
            add: add.iter().map(|text| code(text)).collect(),
            remove: remove.iter().map(|text| code(text)).collect(),
        },
        ..Default::default()
    };
    let removed = edited(&start, topics(&["law"], &["tricks", "hotline"]), &a);
    let again = edited(&edited(&start, topics(&[], &["tricks"]), &b), topics(&["tricks", "marriage"], &[]), &b);
    let expected: BTreeSet<_> = ["law", "marriage", "tricks"].map(code).into();
    assert_eq!(seen(&union(&removed, &again)).topics, expected);
}

#[test]
fn tallies_of_several_recorders_add_up_and_a_correction_is_not_counted_twice() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let leaflets =
        |count: u32| SessionEdit { material: [(code("leaflet"), Patch::Set(count))].into(), ..Default::default() };
    let corrected = edited(&edited(&start, leaflets(35), &a), leaflets(35), &a);
    let both = union(&corrected, &edited(&start, leaflets(10), &b));
    let material = &seen(&both).material[&code("leaflet")];
    assert_eq!(material.total, 45);
    assert_eq!(material.tallies[&RecorderId(2)].value(), Some(&10));
    assert_eq!(seen(&both).conflicts(), vec![]);
}

#[test]
fn notes_written_at_once_merge_by_character() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(SessionEdit { note: Some("họp thôn".to_owned()), ..session() }, &a, 1);
    let note = |text: &str| SessionEdit { note: Some(text.to_owned()), ..Default::default() };
    let both = union(&edited(&start, note("Sáng nay họp thôn"), &a), &edited(&start, note("họp thôn đông đủ"), &b));
    assert_eq!(seen(&both).note, "Sáng nay họp thôn đông đủ");
}

#[test]
fn a_void_session_stays_on_file_with_its_reason() {
    let a = author(1, 1);
    let void = SessionEdit {
        fields: SessionFieldsEdit {
            void: "Nhập nhầm".parse::<Line>().expect("a line").into(), ..Default::default()
        },
        ..Default::default()
    };
    let view = seen(&edited(&new_session(session(), &a, 1), void, &a));
    assert!(view.is_void());
    assert_eq!(view.fields.attendances.value(), Some(&42));
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let a = author(1, 1);
    let start = new_session(session(), &a, 1);
    assert_eq!(edit(&start, &Edit::Session(Box::new(session())), &a), Ok(None));
}

#[test]
fn otherwise_equal_records_of_one_device_differ_by_serial() {
    let a = author(1, 1);
    assert_ne!(new_session(session(), &a, 1), new_session(session(), &a, 2));
    assert_eq!(new_session(session(), &a, 1), new_session(session(), &a, 1));
}

#[test]
fn history_says_who_changed_what_from_what() {
    let (a, b) = (author(1, 1), author(2, 2));
    let changes = edited(&new_session(session(), &a, 1), attendances(50), &b);
    let history = history(&changes).expect("readable");
    let change = FieldChange { field: "attendances".into(), before: Some("42".into()), after: Some("50".into()) };
    assert_eq!(history[1].fields, vec![change]);
    assert_eq!(history[1].author, b.actor);
}

#[test]
fn refused_edits_name_the_field() {
    let a = author(1, 1);
    let refused = |change: SessionEdit| match create(&Draft::Session(Box::new(change)), &a, 1) {
        Err(EditError::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let with = |fields: SessionFieldsEdit| SessionEdit { fields, ..session() };
    let fields = || session().fields;
    assert_eq!(refused(SessionEdit::default()), "date");
    assert_eq!(refused(with(SessionFieldsEdit { village: Patch::Keep, ..fields() })), "village");
    assert_eq!(refused(with(SessionFieldsEdit { women: 43.into(), ..fields() })), "women");
    assert_eq!(refused(with(SessionFieldsEdit { households: 1_000_001.into(), ..fields() })), "households");
    assert_eq!(refused(with(SessionFieldsEdit { start: MinuteOfDay(1440).into(), ..fields() })), "start");
    assert_eq!(refused(with(SessionFieldsEdit { duration: Minutes(0).into(), ..fields() })), "duration");
    assert_eq!(
        refused(with(SessionFieldsEdit { village: Village::Listed("a b".into()).into(), ..fields() })),
        "village"
    );
    assert_eq!(refused(SessionEdit { note: Some("a".repeat(2_001)), ..session() }), "note");
    assert_eq!(refused(SessionEdit { note: Some("a\u{7}".into()), ..session() }), "note");
    assert_eq!(
        refused(SessionEdit { material: [(code("leaflet"), Patch::Set(MAX_COUNT + 1))].into(), ..session() }),
        "material/leaflet/1"
    );
}

#[test]
fn keys_of_newer_versions_are_kept_through_edits() {
    use automerge::transaction::Transactable;
    let a = author(1, 1);
    let changes = new_session(session(), &a, 1);
    let mut doc = automerge::AutoCommit::new().with_actor([9; 16].as_slice().into());
    doc.apply_changes([automerge::Change::try_from(&changes[0][..]).expect("readable")]).expect("applies");
    doc.put(automerge::ROOT, "mood", "hào hứng").expect("written");
    let newer = doc.get_last_local_change().expect("written").raw_bytes().to_vec();
    let after = edited(&[changes, vec![newer]].concat(), attendances(50), &a);
    assert_eq!(seen(&after).meta.unknown, BTreeSet::from(["mood".to_owned()]));
    assert_eq!(history(&after).expect("readable")[1].fields[0].after.as_deref(), Some("hào hứng"));
}

#[test]
fn a_view_is_written_as_json_with_its_fields_side_by_side() {
    let changes = new_session(session(), &author(1, 1), 1);
    let json = serde_json::to_value(view(RecordKind::Session, &changes).expect("readable")).expect("writable");
    assert_eq!(json["kind"], "session");
    assert_eq!(json["date"]["shown"]["value"], "2026-07-30");
    assert_eq!(json["village"]["shown"]["value"], "id:QN-0042");
    assert_eq!(json["material"]["leaflet"]["tallies"]["1"]["shown"]["value"], 30);
    assert_eq!(json["topics"], serde_json::json!(["hotline", "tricks"]));
    assert_eq!(json["attendances"]["others"], serde_json::json!([]));
}

#[test]
fn a_note_that_merging_made_long_can_still_be_replaced() {
    let (a, b) = (author(1, 1), author(2, 2));
    let start = new_session(session(), &a, 1);
    let note = |text: String| SessionEdit { note: Some(text), ..Default::default() };
    let both = union(&edited(&start, note("á".repeat(2_000)), &a), &edited(&start, note("ỡ".repeat(2_000)), &b));
    assert_eq!(seen(&both).note.chars().count(), 4_000);
    let all = edited(&both, note("ê".repeat(2_000)), &a);
    let info = crate::admit::scan(all.last().expect("written")).expect("within the limits");
    assert_eq!(info.op_count, 6_000);
}

#[test]
fn what_no_batch_could_carry_is_not_written() {
    let by = author(1, 1);
    let start = new_session(session(), &by, 1);
    let topics = |range: std::ops::Range<u32>| SessionEdit {
        topics: SetEdit { add: range.map(|n| code(&format!("topic_{n:030x}"))).collect(), remove: [].into() },
        ..Default::default()
    };
    let whole = edit(&start, &Edit::Session(Box::new(topics(0..4_000))), &by);
    assert!(matches!(whole, Err(EditError::TooLarge { bytes }) if bytes > limits::CHANGE_BYTES), "{whole:?}");
    let part = edit(&start, &Edit::Session(Box::new(topics(0..100))), &by)
        .expect("a part fits")
        .expect("something is written");
    assert!(part.bytes.len() < limits::CHANGE_BYTES);
}
