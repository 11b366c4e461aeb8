//! Every reason of the gate, reached with real bytes; and that no bytes make it fail.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::id::{ActorId, DeviceId, RecordId, RecordKind, RecorderId, Role};
use crate::record::document::Document;
use crate::record::tests::{any_session, author, binding, code, session};
use crate::record::{
    Author, Decision, Draft, Edit, NewRecord, Patch, RecordView, ReviewDraft, ReviewEdit, SessionEdit, create, edit,
};

fn made(by: &Author) -> NewRecord {
    create(&Draft::Session(Box::new(session())), by, 1).expect("valid")
}

fn guard(record: RecordId, by: &Author) -> Binding {
    binding(record, RecordKind::Session, by, Role::Guard)
}

fn reason(existing: &[&[u8]], change: &[u8], binding: &Binding) -> Option<Reason> {
    match judge(existing, change, binding) {
        Verdict::Quarantined(reason) => Some(reason),
        _ => None,
    }
}

fn admitted(existing: &[&[u8]], change: &[u8], binding: &Binding) -> RecordView {
    match judge(existing, change, binding) {
        Verdict::Admitted(admission) => admission.view,
        other => panic!("{other:?}"),
    }
}

/// Makes the checksum right again after the body was tampered with, as a hostile device would.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() > 8 {
        let hash: [u8; 32] = Sha256::digest(&bytes[8..]).into();
        bytes[4..8].copy_from_slice(&hash[..4]);
    }
    bytes
}

/// A change of any content, made with Automerge itself.
fn foreign(by: &Author, base: &[&[u8]], write: impl FnOnce(&mut AutoCommit)) -> Vec<u8> {
    let mut doc = AutoCommit::new().with_actor(by.actor.0.as_slice().into());
    doc.apply_changes(base.iter().map(|bytes| automerge::Change::try_from(*bytes).expect("readable")))
        .expect("applies");
    write(&mut doc);
    doc.commit_with(CommitOptions::default().with_time(0));
    doc.get_last_local_change().expect("written").raw_bytes().to_vec()
}

fn bound(change: &[u8], kind: RecordKind, by: &Author, role: Role) -> Binding {
    binding(RecordId::of_first_change(&scan(change).expect("strict").hash), kind, by, role)
}

/// A chunk with this body.
fn chunk(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1];
    let mut length = crate::wire::Writer::new();
    length.number(body.len() as u64);
    bytes.extend_from_slice(&length.0);
    bytes.extend_from_slice(body);
    resealed(bytes)
}

#[test]
fn codes_of_reasons_are_unique_and_read_back() {
    for reason in Reason::ALL {
        assert_eq!(reason.code().parse(), Ok(*reason));
        assert!(!reason.vi().is_empty() && !reason.en().is_empty());
    }
}

#[test]
fn a_change_over_the_size_limit_is_quarantined() {
    let by = author(7, 3);
    let new = made(&by);
    let framed = |contents: usize| crate::log::RawChange::from_contents(&vec![0; contents]);
    let most = framed(crate::log::limits::CHANGE_BYTES);
    assert_eq!(most.framed().len(), MAX_CHANGE_BYTES);
    let binding = guard(new.id, &by);
    assert_ne!(reason(&[], most.framed(), &binding), Some(Reason::ChangeTooLarge), "a batch may carry it");
    let more = framed(crate::log::limits::CHANGE_BYTES + 1);
    assert_eq!(reason(&[], more.framed(), &binding), Some(Reason::ChangeTooLarge));
}

#[test]
fn bytes_that_are_no_change_are_quarantined() {
    let by = author(7, 3);
    let new = made(&by);
    let binding = guard(new.id, &by);
    let bytes = new.change.bytes;
    let mut wrong_checksum = bytes.clone();
    wrong_checksum[4] ^= 1;
    let mut other_type = bytes.clone();
    other_type[8] = 0;
    let deflated = automerge::Change::try_from(&bytes[..]).expect("readable").bytes().into_owned();
    assert_eq!(deflated[8], 2, "long enough to be deflated");
    for change in [vec![], vec![0; 40], wrong_checksum, resealed(other_type), deflated, [&bytes[..], &[0]].concat()] {
        assert_eq!(reason(&[], &change, &binding), Some(Reason::ChangeMalformed));
    }
}

#[test]
fn a_tiny_change_that_stands_for_a_million_operations_is_quarantined_before_it_is_expanded() {
    let mut body = vec![0, 16];
    body.extend_from_slice(&[7; 16]);
    body.extend_from_slice(&[1, 1, 0, 0, 0]);
    // One run each of a million times: insert, action "put", value null, no predecessors.
    let million = [0xc0, 0x84, 0x3d];
    let columns: [(u8, Vec<u8>); 4] = [
        (0x34, [&[0][..], &million].concat()),
        (0x42, [&million[..], &[1]].concat()),
        (0x56, [&million[..], &[0]].concat()),
        (0x70, [&million[..], &[0]].concat()),
    ];
    body.push(columns.len() as u8);
    for (spec, data) in &columns {
        body.extend_from_slice(&[*spec, data.len() as u8]);
    }
    body.extend(columns.iter().flat_map(|(_, data)| data));
    let change = chunk(&body);
    assert!(change.len() < 80);
    assert_eq!(scan(&change), Err(ScanError::TooMany));
    let by = author(7, 3);
    assert_eq!(reason(&[], &change, &guard(made(&by).id, &by)), Some(Reason::TooManyOps));
}

#[test]
fn an_actor_of_another_device_is_quarantined_unless_the_change_was_adopted() {
    let by = author(7, 3);
    let new = made(&by);
    let mut binding = Binding { device: DeviceId([8; 8]), recorder: RecorderId(9), ..guard(new.id, &by) };
    assert_eq!(reason(&[], &new.change.bytes, &binding), Some(Reason::ActorNotOfDevice));
    binding.adopted = true;
    admitted(&[], &new.change.bytes, &binding);
}

#[test]
fn a_change_filed_under_another_record_is_quarantined() {
    let by = author(7, 3);
    let new = made(&by);
    assert_eq!(reason(&[], &new.change.bytes, &guard(RecordId([1; 16]), &by)), Some(Reason::WrongRecord));
}

#[test]
fn a_change_waits_for_what_it_depends_on_and_is_admitted_then() {
    let by = author(7, 3);
    let new = made(&by);
    let binding = guard(new.id, &by);
    let note = SessionEdit { note: Some("thêm".to_owned()), ..Default::default() };
    let second = edit(&[&new.change.bytes], &Edit::Session(Box::new(note)), &by).expect("valid").expect("differs");
    assert_eq!(judge::<&[u8]>(&[], &second.bytes, &binding), Verdict::Waiting { missing: vec![new.change.hash] });
    let view = admitted(&[&new.change.bytes], &second.bytes, &binding);
    assert_eq!(view.meta().heads, vec![second.hash]);
    assert_eq!(admitted(&[&new.change.bytes, &second.bytes], &second.bytes, &binding), view, "judging is idempotent");
}

#[test]
fn an_actor_that_numbers_two_changes_alike_is_quarantined() {
    let by = author(7, 3);
    let new = made(&by);
    let write = |text: &str| {
        let note = SessionEdit { note: Some(text.to_owned()), ..Default::default() };
        edit(&[&new.change.bytes], &Edit::Session(Box::new(note)), &by).expect("valid").expect("differs")
    };
    let (second, copy) = (write("một"), write("hai"));
    let existing = [&new.change.bytes[..], &second.bytes];
    assert_eq!(reason(&existing, &copy.bytes, &guard(new.id, &by)), Some(Reason::BrokenSequence));
}

#[test]
fn only_officers_and_coordinators_review_and_administrators_record_nothing() {
    let by = author(7, 3);
    let session = made(&by);
    let draft = ReviewDraft {
        session: session.id,
        heads: vec![session.change.hash],
        decision: Decision::Confirm,
        comment: String::new(),
        supersedes: [].into(),
    };
    let review = create(&Draft::Review(draft), &by, 2).expect("valid");
    let as_role = |role| binding(review.id, RecordKind::Review, &by, role);
    assert_eq!(reason(&[], &review.change.bytes, &as_role(Role::Guard)), Some(Reason::RoleMayNotWrite));
    admitted(&[], &review.change.bytes, &as_role(Role::Officer));
    admitted(&[], &review.change.bytes, &as_role(Role::Coordinator));
    let administrator = binding(session.id, RecordKind::Session, &by, Role::Administrator);
    assert_eq!(reason(&[], &session.change.bytes, &administrator), Some(Reason::RoleMayNotWrite));
}

#[test]
fn a_review_can_be_withdrawn_and_not_rewritten() {
    let by = author(7, 3);
    let session = made(&by);
    let draft = ReviewDraft {
        session: session.id,
        heads: vec![session.change.hash],
        decision: Decision::Confirm,
        comment: String::new(),
        supersedes: [].into(),
    };
    let review = create(&Draft::Review(draft), &by, 2).expect("valid");
    let binding = binding(review.id, RecordKind::Review, &by, Role::Officer);
    let first = &review.change.bytes[..];
    let withdrawal = ReviewEdit { void: Patch::Set("Nhầm buổi".parse().expect("a line")) };
    let void = edit(&[first], &Edit::Review(withdrawal), &by).expect("valid").expect("differs");
    assert!(admitted(&[first], &void.bytes, &binding).is_void());
    let rewritten = foreign(&by, &[first], |doc| doc.put(ROOT, "decision", "return").expect("written"));
    assert_eq!(reason(&[first], &rewritten, &binding), Some(Reason::SchemaRule));
}

#[test]
fn another_recorders_tally_is_corrected_by_officers_only() {
    let (guard_author, other) = (author(7, 3), author(8, 4));
    let new = made(&guard_author);
    let first = &new.change.bytes[..];
    let correction =
        SessionEdit { material_of: [((code("leaflet"), RecorderId(3)), Patch::Set(31))].into(), ..Default::default() };
    let change = edit(&[first], &Edit::Session(Box::new(correction)), &other).expect("valid").expect("differs");
    let as_role = |role| binding(new.id, RecordKind::Session, &other, role);
    assert_eq!(reason(&[first], &change.bytes, &as_role(Role::Guard)), Some(Reason::ForeignTally));
    admitted(&[first], &change.bytes, &as_role(Role::Officer));
}

#[test]
fn a_record_in_another_persons_name_is_quarantined() {
    let by = author(7, 3);
    let session = SessionEdit { material: [].into(), ..session() };
    let new = create(&Draft::Session(Box::new(session)), &by, 1).expect("valid");
    let binding = Binding { recorder: RecorderId(4), ..guard(new.id, &by) };
    assert_eq!(reason(&[], &new.change.bytes, &binding), Some(Reason::ForeignRecorder));
}

#[test]
fn values_and_keys_against_the_rules_are_quarantined() {
    let by = author(7, 3);
    let new = made(&by);
    let first = &new.change.bytes[..];
    let binding = guard(new.id, &by);
    let writes: [fn(&mut AutoCommit); 11] = [
        |doc| {
            let (_, note) = doc.get(ROOT, "note").expect("read").expect("made with the record");
            doc.splice_text(note, 0, 0, "\0").expect("written");
        },
        |doc| doc.delete(ROOT, "date").expect("written"),
        |doc| doc.put(ROOT, "date", "2026-02-30").expect("written"),
        |doc| doc.put(ROOT, "attendances", -1).expect("written"),
        |doc| doc.put(ROOT, "attendances", 1_000_001_u64).expect("written"),
        |doc| doc.put(ROOT, "topic/Hát then", true).expect("written"),
        |doc| doc.put(ROOT, "material/leaflet/03", 1_u64).expect("written"),
        |doc| doc.put(ROOT, "schema", 2_u64).expect("written"),
        |doc| doc.put(ROOT, "a".repeat(121), true).expect("written"),
        |doc| drop(doc.put_object(ROOT, "note", ObjType::Text).expect("written")),
        |doc| drop(doc.put_object(ROOT, "roster", ObjType::Map).expect("written")),
    ];
    for (index, write) in writes.into_iter().enumerate() {
        let change = foreign(&by, &[first], write);
        assert_eq!(reason(&[first], &change, &binding), Some(Reason::SchemaRule), "write {index}");
    }
    let dateless = foreign(&by, &[], |doc| doc.put(ROOT, "village", "id:QN-1").expect("written"));
    let no_date = bound(&dateless, RecordKind::Session, &by, Role::Guard);
    assert_eq!(reason(&[], &dateless, &no_date), Some(Reason::SchemaRule));
    let many = foreign(&by, &[first], |doc| (0..65).for_each(|n| doc.put(ROOT, format!("x{n}"), n).expect("written")));
    assert_eq!(reason(&[first], &many, &binding), Some(Reason::SchemaRule));
}

#[test]
fn a_record_of_an_unknown_schema_is_quarantined() {
    let by = author(7, 3);
    let change = foreign(&by, &[], |doc| {
        doc.put(ROOT, "schema", 2_u64).expect("written");
        doc.put(ROOT, "date", "tomorrow").expect("written");
        doc.put(ROOT, "village", 7).expect("written");
        doc.put(ROOT, "serial", 1_u64).expect("written");
        doc.put(ROOT, "recorder", 3_u64).expect("written");
    });
    let binding = bound(&change, RecordKind::Session, &by, Role::Guard);
    assert_eq!(reason(&[], &change, &binding), Some(Reason::UnknownSchema));
}

#[test]
fn a_panic_inside_the_gate_is_contained() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_judging() {
            usual(info);
        }
    }));
    assert_eq!(super::gate::contained(|| -> u8 { panic!("hostile") }), None);
    assert!(!is_judging());
}

/// What a record of this one change is when it is read through a document.
fn slow_view(change: &[u8]) -> Option<RecordView> {
    super::gate::contained(|| {
        let document = Document::load(&[change]).ok()?;
        document.saves_and_loads().then_some(())?;
        RecordView::read(RecordKind::Session, &document.state().ok()?).ok()
    })?
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_scanned_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = scan(&bytes);
        let _ = scan(&chunk(&bytes));
    }

    #[test]
    fn a_tampered_change_never_escapes_the_gate_and_what_is_admitted_loads(
        session in any_session(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let by = author(7, 3);
        let new = create(&Draft::Session(Box::new(session)), &by, 1).expect("valid");
        let mut bytes = new.change.bytes;
        for (index, value) in edits {
            let at = 9 + index.index(bytes.len() - 9);
            bytes[at] = value;
        }
        let bytes = resealed(bytes);
        if let Ok(info) = scan(&bytes) {
            let binding = Binding { device: info.actor.device(), ..bound(&bytes, RecordKind::Session, &by, Role::Guard) };
            if let Verdict::Admitted(admission) = judge::<&[u8]>(&[], &bytes, &binding) {
                prop_assert_eq!(Some(admission.view), slow_view(&bytes));
            }
        }
    }

    #[test]
    fn what_a_change_says_of_itself_is_what_automerge_reads(session in any_session()) {
        let by = author(7, 3);
        let new = create(&Draft::Session(Box::new(session)), &by, 1).expect("valid");
        let info = scan(&new.change.bytes).expect("strict");
        let change = automerge::Change::try_from(&new.change.bytes[..]).expect("readable");
        prop_assert_eq!(info.hash.0, change.hash().0);
        prop_assert_eq!(info.actor, ActorId::from_slice(change.actor_id().to_bytes()).expect("16 bytes"));
        prop_assert_eq!((info.seq, info.start_op), (change.seq(), change.start_op().get()));
        prop_assert_eq!(info.op_count, change.len());
        prop_assert_eq!(info.time.0, change.timestamp() * 1_000);
        prop_assert_eq!(info.hash, new.change.hash);
    }
}
