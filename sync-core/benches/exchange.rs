//! What the exchange costs: sealing and verifying batches, packing and unpacking pages, comparing inventories.
//!
//! `cargo bench -p sync-core --bench exchange`

#![expect(clippy::expect_used, reason = "a benchmark of fixed, valid input")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use sync_core::admit::scan;
use sync_core::id::{
    ActorId, AreaId, BatchHash, BatchSeq, CertificateNo, DeviceId, PublicKey, RecordId, RecordKind, RecorderId, UnixMs,
};
use sync_core::log::{Batch, Head, Inventory, LogId, RawChange, Signature, seal};
use sync_core::record::{Author, CivilDate, Draft, SessionEdit, SessionFieldsEdit, Village, create};
use sync_core::sync::{Page, plan};

const AREA: AreaId = AreaId { generation: 2025, code: 6841 };
const NOTE: &str = "Bà con tham gia đông đủ, nhiều câu hỏi về việc nhẹ lương cao ở bên kia biên giới và cách nhận \
                    biết môi giới. Đề nghị cấp thêm tờ rơi bằng tiếng Dao cho lần sau; loa của nhà văn hóa bị hỏng.";
/// Records in one batch.
const BATCH: usize = 20;
/// Records in one page.
const PAGE: usize = 1_000;
/// Logs in an inventory: every device of a province.
const LOGS: u16 = 500;

type Change = (RecordKind, RecordId, RawChange);

fn changes(device: DeviceId, count: usize) -> Vec<Change> {
    let author =
        Author { actor: ActorId::new(device, [1; 8]), recorder: RecorderId(3), claimed_at: UnixMs(1_790_000_000_000) };
    (0..count)
        .map(|serial| {
            let number = u32::try_from(serial).expect("few");
            let edit = SessionEdit {
                fields: SessionFieldsEdit {
                    date: CivilDate::new(2026, 7, 30).into(),
                    village: Village::Listed(format!("2025-06841-thon-{}", serial % 14)).into(),
                    attendances: (20 + number % 90).into(),
                    households: (5 + number % 40).into(),
                    ..Default::default()
                },
                note: Some(NOTE.chars().skip(serial % 40).collect::<String>().trim().to_owned()),
                ..Default::default()
            };
            let new = create(&Draft::Session(Box::new(edit)), &author, u64::from(number)).expect("valid");
            (RecordKind::Session, new.id, RawChange::from_framed(&new.change.bytes).expect("framed"))
        })
        .collect()
}

fn batches(key: &SigningKey, changes: &[Change]) -> Vec<Batch> {
    let log = LogId { area: AREA, device: DeviceId::of_key(&PublicKey(key.verifying_key().to_bytes())) };
    let mut head = Head::EMPTY;
    let mut list = Vec::new();
    for part in changes.chunks(BATCH) {
        let header = seal(log, head, CertificateNo(1), UnixMs(1_790_000_000_000), part).expect("within limits");
        let signature = Signature(key.sign(&header.signing_bytes()).to_bytes());
        let bodies = part.iter().map(|(_, _, change)| Some(change.clone())).collect();
        let batch = Batch::new(header, signature, bodies).expect("sealed");
        head = batch.head();
        list.push(batch);
    }
    list
}

fn exchange(c: &mut Criterion) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = PublicKey(key.verifying_key().to_bytes());
    let device = DeviceId::of_key(&public);
    let log = LogId { area: AREA, device };
    let changes = changes(device, PAGE);
    let page = Page { batches: batches(&key, &changes) };
    let bytes = page.to_bytes();
    println!("a page of {PAGE} records in batches of {BATCH}: {} bytes before compression", bytes.len());

    let mut group = c.benchmark_group("batch of 20 records");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("seal and sign", |b| {
        b.iter(|| {
            let header = seal(log, Head::EMPTY, CertificateNo(1), UnixMs(0), &changes[..BATCH]).expect("within limits");
            key.sign(&header.signing_bytes())
        });
    });
    group.bench_function("verify the signature", |b| b.iter(|| page.batches[0].verify(&public)));
    group.bench_function("scan its changes", |b| {
        b.iter(|| changes[..BATCH].iter().filter(|(_, _, change)| scan(change.framed()).is_ok()).count());
    });
    group.finish();

    let mut group = c.benchmark_group("page of 1000 records");
    group.throughput(Throughput::Elements(PAGE as u64));
    group.bench_function("encode", |b| b.iter(|| page.to_bytes()));
    group.bench_function("decode", |b| b.iter(|| Page::from_bytes(&bytes)));
    group.finish();

    let head = |seq: u64| Head { seq: BatchSeq(seq), hash: BatchHash([u8::try_from(seq % 251).expect("small"); 32]) };
    let log_of = |number: u16| {
        let mut id = [0; 8];
        id[..2].copy_from_slice(&number.to_be_bytes());
        LogId { area: AREA, device: DeviceId(id) }
    };
    let ours: Inventory = (0..LOGS).map(|number| (log_of(number), head(u64::from(number) + 2))).collect();
    let known: Inventory = (0..LOGS)
        .map(|number| (log_of(number), head(u64::from(number) + if number % 50 == 0 { 1 } else { 2 })))
        .collect();
    let mut group = c.benchmark_group("inventory of 500 logs");
    group.bench_function("digest", |b| b.iter(|| ours.digest()));
    group.bench_function("plan, ten logs ahead", |b| b.iter(|| plan(&ours, &known, |_, _| true)));
    group.bench_function("difference and apply", |b| {
        b.iter_batched(|| known.clone(), |mut known| known.apply(&ours.difference(&known)), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, exchange);
criterion_main!(benches);
