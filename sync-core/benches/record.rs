//! What a record costs: making it, scanning it, judging it, reading it.
//!
//! `cargo bench -p sync-core --bench record`

#![expect(clippy::expect_used, reason = "a benchmark of fixed, valid input")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sync_core::admit::{Binding, Verdict, judge, scan};
use sync_core::id::{ActorId, DeviceId, RecordKind, RecorderId, Role, UnixMs};
use sync_core::record::{
    Author, CivilDate, Code, CountBasis, Draft, Edit, MinuteOfDay, Minutes, NewRecord, Patch, SessionEdit,
    SessionFieldsEdit, Setting, Village, create, edit, view,
};

fn code(text: &str) -> Code {
    text.parse().expect("a code")
}

/// A record as a guard makes it: some 30 fields and a note of 230 characters.
fn session() -> SessionEdit {
    let codes = |list: &[&str]| list.iter().map(|text| code(text)).collect();
    SessionEdit {
        fields: SessionFieldsEdit {
            date: CivilDate::new(2026, 7, 30).into(),
            start: MinuteOfDay(19 * 60 + 30).into(),
            duration: Minutes(75).into(),
            village: Village::Listed("QN-06841-03".to_owned()).into(),
            place_kind: code("culture_house").into(),
            format: code("village_meeting").into(),
            setting: Setting::Integrated.into(),
            attendances: 64.into(),
            women: 35.into(),
            under_16: 6.into(),
            minority: 60.into(),
            count_basis: CountBasis::Counted.into(),
            households: 31.into(),
            pledges: 28.into(),
            lead_unit: code("mass_team").into(),
            ..Default::default()
        },
        topics: codes(&["tricks", "easy_job", "hotline", "law"]),
        languages: codes(&["vi", "dao"]),
        partners: codes(&["women", "elder"]),
        hotlines: codes(&["111", "18001769"]),
        team: [(code("border_guard"), Patch::Set(3)), (code("village_head"), Patch::Set(1))].into(),
        material: [(code("leaflet"), Patch::Set(60)), (code("handbook"), Patch::Set(12))].into(),
        note: Some(
            "Bà con tham gia đông đủ, nhiều câu hỏi về việc nhẹ lương cao ở bên kia biên giới và cách nhận biết môi \
             giới. Đề nghị cấp thêm tờ rơi bằng tiếng Dao cho lần sau; loa của nhà văn hóa bị hỏng, cần mang theo loa \
             kéo khi quay lại thôn."
                .to_owned(),
        ),
        ..Default::default()
    }
}

fn record(c: &mut Criterion) {
    let author = Author {
        actor: ActorId::new(DeviceId([7; 8]), [1; 8]),
        recorder: RecorderId(3),
        claimed_at: UnixMs(1_790_000_000_000),
    };
    let draft = Draft::Session(Box::new(session()));
    let NewRecord { id, change: first } = create(&draft, &author, 1).expect("valid");
    let binding = Binding {
        record_id: id,
        kind: RecordKind::Session,
        device: author.actor.device(),
        recorder: author.recorder,
        role: Role::Guard,
        adopted: false,
    };
    let correction = Edit::Session(Box::new(SessionEdit {
        fields: SessionFieldsEdit { attendances: 70.into(), women: 38.into(), ..Default::default() },
        ..Default::default()
    }));
    let second = edit(&[&first.bytes], &correction, &author).expect("valid").expect("differs");
    assert!(matches!(judge::<&[u8]>(&[], &first.bytes, &binding), Verdict::Admitted(_)));
    assert!(matches!(judge(&[&first.bytes], &second.bytes, &binding), Verdict::Admitted(_)));
    println!("first change: {} bytes, edit: {} bytes", first.bytes.len(), second.bytes.len());

    c.bench_function("record/create", |b| b.iter(|| create(&draft, &author, 1)));
    c.bench_function("record/edit", |b| {
        b.iter_batched(|| [&first.bytes], |changes| edit(&changes, &correction, &author), BatchSize::SmallInput);
    });
    c.bench_function("record/scan", |b| b.iter(|| scan(&first.bytes)));
    c.bench_function("record/judge-new", |b| b.iter(|| judge::<&[u8]>(&[], &first.bytes, &binding)));
    c.bench_function("record/judge-edit", |b| b.iter(|| judge(&[&first.bytes], &second.bytes, &binding)));
    c.bench_function("record/view-one-change", |b| b.iter(|| view(RecordKind::Session, &[&first.bytes])));
    c.bench_function("record/view-two-changes", |b| {
        b.iter(|| view(RecordKind::Session, &[&first.bytes, &second.bytes]));
    });
}

criterion_group!(benches, record);
criterion_main!(benches);
