//! Test vectors of every frozen wire layout.
//!
//! The files under `tests/vectors/` are what another implementation has to reproduce; `docs/sync-protocol.md` walks
//! through them. A layout is frozen: when one of these tests fails, the code is wrong, not the file. New layouts get new
//! files, written by running this test with `BANLANG_WRITE_VECTORS=1`; `FROZEN` holds the digest of each, and one that is
//! listed there is never made anew.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod filed;
mod journal;
mod layouts;
mod records;
mod refused;

use filed::{SEALING, check, place, sealed};

use ed25519_dalek::{Signer, SigningKey};
use sync_core::id::{
    ActorId, AreaId, BatchSeq, CertificateNo, DeviceId, PublicKey, RecordId, RecordKind, RecorderId, Role, UnixMs,
};
use sync_core::log::{
    Batch, BatchHeader, Digest16, Entry, Head, Inventory, LogId, RawChange, Receipt, Signature, Stage, seal,
};
use sync_core::sync::{
    Carried, DirectoryEntry, Epoch, Exchange, Page, Proposal, ReceiptFile, Request, Response, Snapshot, SnapshotOffer,
};
use sync_core::wire::{Reader, Writer};

const AREA: AreaId = AreaId { generation: 2025, code: 6841 };
const EPOCH: Epoch = Epoch([3; 8]);
const AT: UnixMs = UnixMs(1_790_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

fn device(seed: u8) -> DeviceId {
    DeviceId::of_key(&public(&key(seed)))
}

fn sign(seed: u8, message: &[u8]) -> Signature {
    Signature(key(seed).sign(message).to_bytes())
}

/// A record with one register, and an edit of it: `{"serial": 1}`, then `{"serial": 1, "date": "2026-11-09"}`.
fn changes() -> (RawChange, RawChange) {
    use automerge::transaction::{CommitOptions, Transactable};
    let actor = ActorId::new(device(1), [7; 8]);
    let mut doc = automerge::AutoCommit::new().with_actor(automerge::ActorId::from(actor.0));
    doc.put(automerge::ROOT, "serial", 1_u64).unwrap();
    doc.commit_with(CommitOptions::default().with_time(1_790_000_000));
    let first = RawChange::from_framed(doc.get_last_local_change().unwrap().raw_bytes()).unwrap();
    doc.put(automerge::ROOT, "date", "2026-11-09").unwrap();
    doc.commit_with(CommitOptions::default().with_time(1_790_000_060));
    let second = RawChange::from_framed(doc.get_last_local_change().unwrap().raw_bytes()).unwrap();
    (first, second)
}

fn batches() -> [Batch; 2] {
    let (first, second) = changes();
    let record = RecordId::of_first_change(&first.hash());
    let log = LogId { area: AREA, device: device(1) };
    let put = |head: Head, at: UnixMs, change: &RawChange| {
        let header = seal(log, head, CertificateNo(1), at, &[(RecordKind::Session, record, change.clone())]).unwrap();
        let signature = sign(1, &header.signing_bytes());
        Batch::new(header, signature, vec![Some(change.clone())]).unwrap()
    };
    let one = put(Head::EMPTY, AT, &first);
    let two = put(one.head(), UnixMs(AT.0 + 60_000), &second);
    [one, two]
}

/// A batch of the server's log that adopts the second change, and has its own body withheld.
fn adoption() -> Batch {
    let (first, second) = changes();
    let header = BatchHeader {
        log: LogId { area: AREA, device: device(9) },
        seq: BatchSeq(1),
        prev: sync_core::id::BatchHash::NONE,
        certificate: CertificateNo(0),
        sealed_at: AT,
        schema: 1,
        entries: vec![Entry {
            kind: 1,
            record: RecordId::of_first_change(&first.hash()),
            adopted: true,
            change: second.hash(),
        }],
    };
    let signature = sign(9, &header.signing_bytes());
    Batch::new(header, signature, vec![None]).unwrap()
}

fn inventory() -> Inventory {
    batches().iter().map(|batch| (batch.log(), batch.head())).collect()
}

fn receipt() -> Receipt {
    let mut receipt = Receipt {
        stage: Stage::Stored,
        kid: "receipt-1".into(),
        at: AT,
        heads: inventory().iter().map(|(log, head)| (*log, *head)).collect(),
        held: vec![adoption().hash()],
        signature: Signature([0; 64]),
    };
    receipt.signature = sign(9, &receipt.signing_bytes());
    receipt
}

/// Stands for a certificate: the core carries the text and does not read it.
const CERTIFICATE: &str = "header.claims.signature";

fn directory() -> Vec<DirectoryEntry> {
    vec![DirectoryEntry {
        key: public(&key(1)),
        recorder: RecorderId(17),
        role: Role::Guard,
        name: "Đồn Biên phòng Hoành Mô".into(),
        certificate: CERTIFICATE.into(),
    }]
}

fn request() -> Request {
    Request {
        clock: AT,
        agreement: Proposal { epoch: EPOCH, inventory: Inventory::new(), backed_up: Inventory::new() }.digest(),
        page_bytes: 4 << 20,
        take_snapshots: true,
        heads: inventory().iter().map(|(log, head)| (*log, *head)).collect(),
        withheld: [(LogId { area: AREA, device: device(1) }, [(BatchSeq(2), 0)].into())].into(),
        certificates: vec![CERTIFICATE.into()],
        page: Page { batches: batches().to_vec() },
    }
}

fn exchange() -> Response {
    Response::Exchange {
        at: AT,
        exchange: Box::new(Exchange {
            epoch: EPOCH,
            agreement: Proposal { epoch: EPOCH, inventory: inventory(), backed_up: Inventory::new() }.digest(),
            more: false,
            heads: vec![(adoption().log(), adoption().head())],
            receipts: vec![receipt()],
            outside: vec![AreaId { generation: 2024, code: 6838 }],
            wanted: vec![(LogId { area: AREA, device: device(1) }, BatchSeq(1))],
            differs: vec![LogId { area: AREA, device: device(1) }],
            directory: directory(),
            snapshots: vec![SnapshotOffer { area: AREA, digest: Digest16([5; 16]), bytes: 1_700_000 }],
            page: Page { batches: vec![adoption()] },
        }),
    }
}

fn written<F: FnOnce(&mut Writer)>(write: F) -> Vec<u8> {
    let mut out = Writer::new();
    write(&mut out);
    out.0
}

#[test]
fn identities_are_as_filed() {
    check("device-id", &[public(&key(1)).0.as_slice(), &device(1).0].concat());
}

#[test]
fn changes_are_as_filed() {
    let (first, second) = changes();
    check("change-first", first.framed());
    check("change-second", second.framed());
}

#[test]
fn headers_are_as_filed() {
    let [one, two] = batches();
    check("header-first", &one.header().to_bytes());
    check("header-second", &two.header().to_bytes());
    check("header-adopted", &adoption().header().to_bytes());
    check("header-first-signature", &one.signature().0);
    check("header-first-hash", &one.hash().0);
    assert_eq!(one.verify(&public(&key(1))), Ok(()));
    let mut reader = Reader::new(&one.header().to_bytes()).rest().to_vec();
    assert_eq!(BatchHeader::read(&mut Reader::new(&reader)).as_ref(), Ok(one.header()));
    reader.pop();
    assert!(BatchHeader::read(&mut Reader::new(&reader)).is_err());
}

#[test]
fn inventories_are_as_filed() {
    check("inventory", &written(|out| inventory().write(out)));
    check("inventory-digest", &inventory().digest().0);
    let agreed = Proposal { epoch: EPOCH, inventory: inventory(), backed_up: Inventory::new() };
    check("agreement-digest", &agreed.digest().0);
}

#[test]
fn pages_are_as_filed_and_read_back() {
    let page = Page { batches: batches().into_iter().chain([adoption()]).collect() };
    check("page", &page.to_bytes());
    assert_eq!(Page::from_bytes(&page.to_bytes()), Ok(page));
}

#[test]
fn receipts_are_as_filed_and_read_back() {
    let bytes = written(|out| receipt().write(out));
    check("receipt", &bytes);
    let read = Receipt::read(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(read, receipt());
    assert!(read.verify(&public(&key(9))));
    assert!(!read.verify(&public(&key(1))));
}

#[test]
fn messages_are_as_filed_and_read_back() {
    check("request", &request().to_bytes());
    assert_eq!(Request::from_bytes(&request().to_bytes()), Ok(request()));
    for (name, response) in [
        ("response-in-agreement", Response::InAgreement { at: AT }),
        ("response-unknown-agreement", Response::UnknownAgreement { at: AT }),
        ("response-exchange", exchange()),
    ] {
        check(name, &response.to_bytes());
        assert_eq!(Response::from_bytes(&response.to_bytes()), Ok(response));
    }
}

#[test]
fn files_are_as_filed_and_read_back() {
    let carried =
        Carried { from: device(1), certificates: vec![CERTIFICATE.into()], page: Page { batches: batches().to_vec() } };
    check("file-carried", &carried.to_bytes());
    assert_eq!(Carried::from_bytes(&carried.to_bytes()), Ok(carried));
    let receipts = ReceiptFile { to: device(1), receipts: vec![receipt()] };
    check("file-receipts", &receipts.to_bytes());
    assert_eq!(ReceiptFile::from_bytes(&receipts.to_bytes()), Ok(receipts));
    let snapshot = Snapshot { area: AREA, directory: directory(), page: Page { batches: batches().to_vec() } };
    check("file-snapshot", &snapshot.to_bytes());
    assert_eq!(Snapshot::from_bytes(&snapshot.to_bytes()), Ok(snapshot));
}

/// The files are sealed: each stands in `FROZEN` with its digest, and no other does.
#[test]
fn no_vector_was_edited() {
    let _sealing = SEALING.lock();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name != "FROZEN" {
            found.push(sealed(&name, &std::fs::read(&path).unwrap()));
        }
    }
    let listed = std::fs::read_to_string(place().join("FROZEN")).unwrap();
    let mut listed: Vec<String> = listed.lines().map(str::to_owned).collect();
    found.sort();
    listed.sort();
    assert_eq!(found, listed, "a vector was edited, removed, or added without a line in FROZEN");
}
