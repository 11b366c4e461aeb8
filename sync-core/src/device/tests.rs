//! Devices against a small hub that keeps its batches in memory.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};

use super::*;
use crate::id::{ActorId, BatchSeq, CertificateNo, PublicKey, RecordKind, RecorderId, Role, UnixMs};
use crate::log::{Batch, RawChange, Receipt, Signature};
use crate::sync::{Exchange, Page, Request, Response, plan};

const AREA: AreaId = AreaId { generation: 2025, code: 6841 };

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

/// A store on a disk that never fails: what [`Write`]s made of it.
#[derive(Clone, Default)]
struct Disk {
    batches: BTreeMap<LogId, Vec<Batch>>,
    pending: Vec<(AreaId, PendingChange)>,
    stored: Stored,
}

impl Disk {
    fn write(&mut self, write: Write, me: DeviceId) {
        match write {
            Write::AddPending { area, change } => self.pending.push((area, change)),
            Write::PutBatch(batch) => {
                if batch.device() == me {
                    let held: BTreeSet<_> = batch.header().entries.iter().map(|entry| entry.change).collect();
                    self.pending.retain(|(_, pending)| !held.contains(&pending.change.hash()));
                }
                self.batches.entry(batch.log()).or_default().push(batch);
            }
            Write::DropLog(log) => drop(self.batches.remove(&log)),
            Write::Unseal(log) => {
                for batch in self.batches.remove(&log).unwrap_or_default() {
                    for (entry, body) in batch.changes() {
                        let change = PendingChange {
                            kind: entry.known_kind().unwrap(),
                            record: entry.record,
                            change: body.unwrap().clone(),
                        };
                        self.pending.push((log.area, change));
                    }
                }
            }
            Write::SetSent(inventory) => self.stored.sent = inventory,
            Write::SetStored(inventory) => self.stored.stored = inventory,
            Write::SetBackedUp(inventory) => self.stored.backed_up = inventory,
            Write::SetAgreement(agreement) => self.stored.agreement = agreement,
            Write::PutDirectory(entry) => self.stored.directory.push(entry),
            Write::SetRefetch(refetch) => self.stored.refetch = refetch,
            Write::SetOutside(outside) => self.stored.outside = outside,
        }
    }

    fn open(&self) -> Stored {
        Stored {
            chains: self.batches.iter().map(|(log, list)| (*log, list.iter().map(Batch::hash).collect())).collect(),
            pending: self.pending.iter().map(|(area, _)| *area).collect(),
            ..self.stored.clone()
        }
    }

    fn changes(&self) -> BTreeSet<crate::id::ChangeHash> {
        let sealed = self.batches.values().flatten().flat_map(|batch| &batch.header().entries);
        sealed.map(|entry| entry.change).chain(self.pending.iter().map(|(_, p)| p.change.hash())).collect()
    }
}

/// Takes every batch that follows its log; answers from its inventory.
#[derive(Clone)]
struct Hub {
    key: SigningKey,
    keys: BTreeMap<DeviceId, DirectoryEntry>,
    logs: BTreeMap<LogId, Vec<Batch>>,
    proposals: Vec<Proposal>,
    backed_up: Inventory,
    requests: usize,
    page_bytes: usize,
}

impl Hub {
    fn new() -> Self {
        Self {
            key: key(200),
            keys: BTreeMap::new(),
            logs: BTreeMap::new(),
            proposals: Vec::new(),
            backed_up: Inventory::new(),
            requests: 0,
            page_bytes: usize::MAX,
        }
    }

    fn inventory(&self) -> Inventory {
        self.logs.iter().filter_map(|(log, list)| Some((*log, list.last()?.head()))).collect()
    }

    fn take(&mut self, page: &Page) -> BTreeSet<LogId> {
        for batch in &page.batches {
            batch.verify(&self.keys[&batch.device()].key).unwrap();
            let list = self.logs.entry(batch.log()).or_default();
            if list.last().map_or(Head::EMPTY, Batch::head) == batch.predecessor() {
                list.push(batch.clone());
            }
        }
        page.batches.iter().map(Batch::log).collect()
    }

    fn receipt(&self, stage: Stage, heads: Vec<(LogId, Head)>) -> Receipt {
        let mut receipt =
            Receipt { stage, kid: "r1".into(), at: UnixMs(5), heads, held: vec![], signature: Signature([0; 64]) };
        receipt.signature = Signature(self.key.sign(&receipt.signing_bytes()).to_bytes());
        receipt
    }

    fn answer(&mut self, me: DeviceId, bytes: &[u8]) -> Vec<u8> {
        self.requests += 1;
        let request = Request::from_bytes(bytes).unwrap();
        let came = self.take(&request.page);
        let base = self.proposals.iter().find(|proposal| proposal.digest() == request.agreement).cloned();
        if base.is_none() && request.agreement != crate::log::Digest16::NONE {
            return Response::UnknownAgreement { at: UnixMs(9) }.to_bytes();
        }
        let mut known = base.as_ref().map(|base| base.inventory.clone()).unwrap_or_default();
        known.apply(&request.heads);
        let ours = self.inventory();
        let backed_up: Inventory =
            self.backed_up.iter().filter(|(log, _)| log.device == me).map(|(l, h)| (*l, *h)).collect();
        let told = base.as_ref().is_some_and(|base| base.backed_up == backed_up);
        if came.is_empty() && told && request.heads.is_empty() && base.is_some_and(|base| base.inventory == ours) {
            return Response::InAgreement { at: UnixMs(9) }.to_bytes();
        }
        let plan = plan(&ours, &known, |log, head| {
            self.logs[log].get(head.seq.0 as usize - 1).is_some_and(|batch| batch.hash() == head.hash)
        });
        let mut batches = Vec::new();
        let (mut bytes, mut more) = (0, false);
        for (log, after) in plan.send {
            for batch in &self.logs[&log][after.0 as usize..] {
                if bytes > self.page_bytes {
                    more = true;
                } else {
                    bytes += batch.approximate_bytes();
                    batches.push(batch.clone());
                }
            }
        }
        let mut receipts = Vec::new();
        if !came.is_empty() {
            receipts.push(self.receipt(Stage::Stored, came.iter().map(|log| (*log, ours.head(log))).collect()));
        }
        if !told && !backed_up.is_empty() {
            receipts.push(self.receipt(Stage::BackedUp, backed_up.iter().map(|(l, h)| (*l, *h)).collect()));
        }
        let proposal = Proposal { inventory: ours, backed_up };
        let agreement = proposal.digest();
        self.proposals.push(proposal);
        let exchange = Exchange {
            agreement,
            more,
            heads: plan.heads,
            receipts,
            outside: vec![],
            wanted: vec![],
            directory: self.keys.values().cloned().collect(),
            snapshots: vec![],
            page: Page { batches },
        };
        Response::Exchange { at: UnixMs(9), exchange: Box::new(exchange) }.to_bytes()
    }
}

struct Phone {
    key: SigningKey,
    disk: Disk,
    device: Device,
    notices: Vec<Notice>,
    serial: u64,
    /// So many more transactions reach the disk; then the power is gone.
    power: usize,
    exported: Vec<u8>,
}

/// What the network does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Link {
    Good,
    LoseResponse,
    LoseRequest,
}

impl Phone {
    fn new(seed: u8, hub: &mut Hub) -> Self {
        let key = key(seed);
        let entry = DirectoryEntry {
            key: public(&key),
            recorder: RecorderId(seed.into()),
            role: Role::Guard,
            name: format!("Đồng chí {seed}"),
        };
        hub.keys.insert(entry.device(), entry);
        Self::open(key, Disk::default(), hub)
    }

    fn open(key: SigningKey, disk: Disk, hub: &Hub) -> Self {
        let identity = Identity {
            device: DeviceId::of_key(&public(&key)),
            certificate: CertificateNo(1),
            recorder: RecorderId(1),
            role: Role::Guard,
            areas: [AREA].into(),
            servers: BTreeSet::from([DeviceId::of_key(&public(&hub.key))]),
            receipt_keys: vec![("r1".into(), public(&hub.key))],
        };
        let device = Device::new(identity, disk.open(), PageSizes::default());
        Self { key, disk, device, notices: vec![], serial: 0, power: usize::MAX, exported: vec![] }
    }

    fn record(&mut self, hub: &mut Hub) {
        use automerge::{AutoCommit, ROOT, transaction::Transactable};
        self.serial += 1;
        let actor = ActorId::new(self.device.identity().device, [self.disk.changes().len() as u8; 8]);
        let mut doc = AutoCommit::new().with_actor(automerge::ActorId::from(actor.0));
        doc.put(ROOT, "serial", self.serial).unwrap();
        doc.commit();
        let change = RawChange::from_framed(doc.get_last_local_change().unwrap().raw_bytes()).unwrap();
        let record = RecordId::of_first_change(&change.hash());
        let change = PendingChange { kind: RecordKind::Session, record, change };
        self.device.handle(Input::Recorded { area: AREA, change });
        self.drive(hub, Link::Good);
    }

    fn sync(&mut self, hub: &mut Hub) -> Vec<Notice> {
        self.sync_over(hub, Link::Good)
    }

    fn sync_over(&mut self, hub: &mut Hub, link: Link) -> Vec<Notice> {
        self.notices.clear();
        self.device.handle(Input::SyncRequested { now: UnixMs(1_000) });
        self.drive(hub, link);
        self.notices.clone()
    }

    fn drive(&mut self, hub: &mut Hub, link: Link) {
        let me = self.device.identity().device;
        while let Some(effect) = self.device.poll_effect() {
            let input = match effect {
                Effect::Persist { ticket, writes } => {
                    if self.power == 0 {
                        return;
                    }
                    self.power -= 1;
                    writes.into_iter().for_each(|write| self.disk.write(write, me));
                    Input::Persisted(ticket)
                }
                Effect::Sign { message } => Input::Signed(Signature(self.key.sign(&message).to_bytes())),
                Effect::ReadPending { area, at_most } => {
                    let of_area = self.disk.pending.iter().filter(|(at, _)| *at == area);
                    Input::PendingRead(of_area.take(at_most).map(|(_, change)| change.clone()).collect())
                }
                Effect::ReadLog { log, after, about_bytes } => {
                    let mut bytes = 0;
                    let list = self.disk.batches.get(&log).into_iter().flatten().skip(after.0 as usize);
                    Input::LogRead(
                        list.take_while(|batch| {
                            let before = bytes;
                            bytes += batch.approximate_bytes();
                            before == 0 || before < about_bytes
                        })
                        .cloned()
                        .collect(),
                    )
                }
                Effect::Send { request } => match link {
                    Link::Good => Input::Received(hub.answer(me, &request)),
                    Link::LoseResponse => {
                        hub.answer(me, &request);
                        Input::Failed
                    }
                    Link::LoseRequest => Input::Failed,
                },
                Effect::FetchSnapshot(_) => Input::Failed,
                Effect::Export { file, .. } => {
                    self.exported = file;
                    continue;
                }
                Effect::Notify(notice) => {
                    self.notices.push(notice);
                    continue;
                }
            };
            self.device.handle(input);
        }
    }

    fn reopen(&mut self, hub: &Hub) {
        let opened = Self::open(self.key.clone(), self.disk.clone(), hub);
        self.device = opened.device;
        self.power = usize::MAX;
    }

    fn level_with(&self, hub: &Hub) -> bool {
        self.device.inventory() == hub.inventory() && self.disk.pending.is_empty()
    }
}

fn is_synced(notices: &[Notice]) -> bool {
    notices.iter().any(|notice| matches!(notice, Notice::Synced { .. }))
}

#[test]
fn two_devices_meet_through_the_hub_in_one_round_trip_each() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    (0..3).for_each(|_| a.record(&mut hub));
    b.record(&mut hub);
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(is_synced(&b.sync(&mut hub)));
    assert_eq!(hub.requests, 2);
    assert!(is_synced(&a.sync(&mut hub)));
    assert_eq!(hub.requests, 3);
    assert!(a.level_with(&hub) && b.level_with(&hub));
    assert_eq!(a.disk.changes(), b.disk.changes());
    assert_eq!(a.device.receipts(Stage::Stored), a.device.sent());
}

#[test]
fn nothing_to_do_is_one_request_of_few_bytes() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.requests = 0;
    let request = Request {
        clock: UnixMs(1_790_000_000_000),
        agreement: a.disk.stored.agreement.as_ref().unwrap().digest(),
        page_bytes: 4 << 20,
        take_snapshots: true,
        heads: vec![],
        page: Page::default(),
    };
    assert!(request.to_bytes().len() < 40);
    assert!(hub.answer(a.device.identity().device, &request.to_bytes()).len() < 12);
    assert!(is_synced(&a.sync(&mut hub)));
    assert_eq!(hub.requests, 2);
}

#[test]
fn a_lost_response_costs_a_repetition_and_nothing_else() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    assert_eq!(a.sync_over(&mut hub, Link::LoseResponse).last(), Some(&Notice::Stopped(StopReason::Failed)));
    assert_eq!(a.sync_over(&mut hub, Link::LoseRequest).last(), Some(&Notice::Stopped(StopReason::Failed)));
    a.record(&mut hub);
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(a.level_with(&hub));
    assert_eq!(hub.inventory().iter().next().unwrap().1.seq, BatchSeq(2));
}

#[test]
fn a_crash_at_any_write_loses_nothing_recorded() {
    for power in 0..40 {
        let mut hub = Hub::new();
        let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
        b.record(&mut hub);
        b.sync(&mut hub);
        a.power = power;
        (0..4).for_each(|_| a.record(&mut hub));
        a.sync(&mut hub);
        let recorded = a.disk.changes();
        a.reopen(&hub);
        assert_eq!(a.disk.changes(), recorded);
        assert!(is_synced(&a.sync(&mut hub)), "power {power}");
        assert!(a.level_with(&hub), "power {power}");
        assert!(a.disk.changes().is_superset(&recorded));
    }
}

#[test]
fn a_restored_server_is_given_back_what_devices_hold() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    a.record(&mut hub);
    a.sync(&mut hub);
    let backup = hub.clone();
    b.record(&mut hub);
    b.sync(&mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let before = hub.inventory();
    hub = backup;
    let notices = a.sync(&mut hub);
    assert!(is_synced(&notices));
    assert!(notices.iter().any(|notice| matches!(notice, Notice::ServerWasBehind { .. })));
    assert_eq!(hub.inventory(), before);
}

#[test]
fn a_store_put_back_gets_its_batches_again() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let old = a.disk.clone();
    a.record(&mut hub);
    a.sync(&mut hub);
    let all = a.disk.changes();
    a.disk = old;
    a.reopen(&hub);
    let notices = a.sync(&mut hub);
    assert!(is_synced(&notices));
    assert!(notices.iter().any(|n| matches!(n, Notice::StoreCopiedOrRolledBack { diverged: false, .. })));
    assert_eq!(a.disk.changes(), all);
}

#[test]
fn two_copies_of_a_store_keep_what_each_recorded() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    let mut copy = Phone::open(a.key.clone(), a.disk.clone(), &hub);
    copy.serial = 100;
    for _ in 0..3 {
        a.record(&mut hub);
        a.record(&mut hub);
        copy.record(&mut hub);
        assert!(is_synced(&a.sync(&mut hub)));
        let notices = copy.sync(&mut hub);
        assert!(is_synced(&notices));
        assert!(notices.iter().any(|n| matches!(n, Notice::StoreCopiedOrRolledBack { .. })), "{notices:?}");
    }
    assert!(is_synced(&a.sync(&mut hub)));
    assert!(a.level_with(&hub) && copy.level_with(&hub));
    assert_eq!(a.disk.changes(), copy.disk.changes());
    assert_eq!(a.disk.changes().len(), 10);
}

#[test]
fn pages_of_any_size_bring_the_same() {
    for page in [0, 300, 2_000] {
        let mut hub = Hub::new();
        let mut a = Phone::new(1, &mut hub);
        for _ in 0..12 {
            a.record(&mut hub);
            a.sync(&mut hub);
        }
        hub.page_bytes = page;
        let mut b = Phone::new(2, &mut hub);
        assert!(is_synced(&b.sync(&mut hub)));
        assert!(b.level_with(&hub));
    }
}

#[test]
fn backed_up_follows_stored_and_is_told_once() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.backed_up = hub.inventory();
    a.sync(&mut hub);
    assert_eq!(*a.device.receipts(Stage::BackedUp), hub.inventory());
    let before = hub.requests;
    a.sync(&mut hub);
    assert_eq!(hub.requests, before + 1);
    assert!(a.disk.stored.agreement.is_some());
}

#[test]
fn a_file_carries_what_has_no_receipt_and_receipts_come_back() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    (0..3).for_each(|_| a.record(&mut hub));
    a.device.handle(Input::ExportRequested { now: UnixMs(7) });
    a.drive(&mut hub, Link::LoseRequest);
    let file = crate::sync::Carried::from_bytes(&a.exported).unwrap();
    let came = hub.take(&file.page);
    let heads = came.iter().map(|log| (*log, hub.inventory().head(log))).collect();
    let receipts = vec![hub.receipt(Stage::Stored, heads)];
    let file = ReceiptFile { to: a.device.identity().device, receipts }.to_bytes();
    a.device.handle(Input::ReceiptsImported { file });
    a.drive(&mut hub, Link::LoseRequest);
    assert_eq!(*a.device.receipts(Stage::Stored), hub.inventory());
    assert!(is_synced(&a.sync(&mut hub)));
}

#[test]
fn a_receipt_of_another_key_is_ignored_and_said() {
    let mut hub = Hub::new();
    let mut a = Phone::new(1, &mut hub);
    a.record(&mut hub);
    hub.key = key(99);
    let notices = a.sync(&mut hub);
    assert!(notices.contains(&Notice::ForgedReceipt));
    assert!(a.device.receipts(Stage::Stored).is_empty());
}

#[test]
fn a_batch_nobody_vouches_for_is_not_kept() {
    let mut hub = Hub::new();
    let (mut a, mut b) = (Phone::new(1, &mut hub), Phone::new(2, &mut hub));
    a.record(&mut hub);
    a.sync(&mut hub);
    hub.keys.remove(&a.device.identity().device);
    let notices = b.sync(&mut hub);
    assert!(notices.iter().any(|notice| matches!(notice, Notice::Unverifiable { .. })));
    assert!(b.disk.batches.is_empty());
}
