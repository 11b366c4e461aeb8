//! A hub and phones in memory, on disks and links that fail when told to.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};

use super::super::*;
use crate::id::{ActorId, CertificateNo, PublicKey, RecordKind, RecorderId, Role, UnixMs};
use crate::log::{Batch, RawChange, Receipt, Signature};
use crate::sync::{Epoch, Exchange, Page, Request, Response, plan};

pub(super) const AREA: AreaId = AreaId { generation: 2025, code: 6841 };

pub(super) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(super) fn public(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

/// A store on a disk that never fails: what [`Write`]s made of it.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) batches: BTreeMap<LogId, Vec<Batch>>,
    pub(super) pending: Vec<(AreaId, PendingChange)>,
    pub(super) stored: Stored,
}

impl Disk {
    pub(super) fn write(&mut self, write: Write, me: DeviceId) {
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

    pub(super) fn open(&self) -> Stored {
        Stored {
            chains: self.batches.iter().map(|(log, list)| (*log, list.iter().map(Batch::hash).collect())).collect(),
            pending: self.pending.iter().map(|(area, _)| *area).collect(),
            ..self.stored.clone()
        }
    }

    pub(super) fn changes(&self) -> BTreeSet<crate::id::ChangeHash> {
        let sealed = self.batches.values().flatten().flat_map(|batch| &batch.header().entries);
        sealed.map(|entry| entry.change).chain(self.pending.iter().map(|(_, p)| p.change.hash())).collect()
    }
}

/// Takes every batch that follows its log; answers from its inventory.
#[derive(Clone)]
pub(super) struct Hub {
    pub(super) key: SigningKey,
    pub(super) keys: BTreeMap<DeviceId, DirectoryEntry>,
    pub(super) logs: BTreeMap<LogId, Vec<Batch>>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) backed_up: Inventory,
    pub(super) requests: usize,
    pub(super) page_bytes: usize,
}

impl Hub {
    pub(super) fn new() -> Self {
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

    pub(super) fn inventory(&self) -> Inventory {
        self.logs.iter().filter_map(|(log, list)| Some((*log, list.last()?.head()))).collect()
    }

    pub(super) fn take(&mut self, page: &Page) -> BTreeSet<LogId> {
        for batch in &page.batches {
            batch.verify(&self.keys[&batch.device()].key).unwrap();
            let list = self.logs.entry(batch.log()).or_default();
            if list.last().map_or(Head::EMPTY, Batch::head) == batch.predecessor() {
                list.push(batch.clone());
            }
        }
        page.batches.iter().map(Batch::log).collect()
    }

    pub(super) fn receipt(&self, stage: Stage, heads: Vec<(LogId, Head)>) -> Receipt {
        let mut receipt =
            Receipt { stage, kid: "r1".into(), at: UnixMs(5), heads, held: vec![], signature: Signature([0; 64]) };
        receipt.signature = Signature(self.key.sign(&receipt.signing_bytes()).to_bytes());
        receipt
    }

    pub(super) fn answer(&mut self, me: DeviceId, bytes: &[u8]) -> Vec<u8> {
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
        let proposal = Proposal { epoch: Epoch([1; 8]), inventory: ours, backed_up };
        let agreement = proposal.digest();
        self.proposals.push(proposal);
        let exchange = Exchange {
            epoch: Epoch([1; 8]),
            agreement,
            more,
            heads: plan.heads,
            receipts,
            outside: vec![],
            wanted: vec![],
            differs: vec![],
            directory: self.keys.values().cloned().collect(),
            snapshots: vec![],
            page: Page { batches },
        };
        Response::Exchange { at: UnixMs(9), exchange: Box::new(exchange) }.to_bytes()
    }
}

pub(super) struct Phone {
    pub(super) key: SigningKey,
    pub(super) disk: Disk,
    pub(super) device: Device,
    pub(super) notices: Vec<Notice>,
    pub(super) serial: u64,
    /// So many more transactions reach the disk; then the power is gone.
    pub(super) power: usize,
    pub(super) exported: Vec<u8>,
}

/// What the network does with a request.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Link {
    Good,
    LoseResponse,
    LoseRequest,
}

impl Phone {
    pub(super) fn new(seed: u8, hub: &mut Hub) -> Self {
        let key = key(seed);
        let entry = DirectoryEntry {
            key: public(&key),
            recorder: RecorderId(seed.into()),
            role: Role::Guard,
            name: format!("Đồng chí {seed}"),
            certificate: format!("certificate of {seed}"),
        };
        hub.keys.insert(entry.device(), entry);
        Self::open(key, Disk::default(), hub)
    }

    pub(super) fn open(key: SigningKey, disk: Disk, hub: &Hub) -> Self {
        let identity = Identity {
            device: DeviceId::of_key(&public(&key)),
            certificate: CertificateNo(1),
            recorder: RecorderId(1),
            role: Role::Guard,
            areas: [AREA].into(),
            servers: [DeviceId::of_key(&public(&hub.key))].into(),
            receipt_keys: vec![("r1".into(), public(&hub.key))],
        };
        let device = Device::new(identity, disk.open(), PageSizes::default());
        Self { key, disk, device, notices: vec![], serial: 0, power: usize::MAX, exported: vec![] }
    }

    pub(super) fn record(&mut self, hub: &mut Hub) {
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

    pub(super) fn sync(&mut self, hub: &mut Hub) -> Vec<Notice> {
        self.sync_over(hub, Link::Good)
    }

    pub(super) fn sync_over(&mut self, hub: &mut Hub, link: Link) -> Vec<Notice> {
        self.notices.clear();
        self.device.handle(Input::SyncRequested { now: UnixMs(1_000) });
        self.drive(hub, link);
        self.notices.clone()
    }

    pub(super) fn drive(&mut self, hub: &mut Hub, link: Link) {
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
                Effect::RenewActor => continue,
                Effect::Notify(notice) => {
                    self.notices.push(notice);
                    continue;
                }
            };
            self.device.handle(input);
        }
    }

    pub(super) fn reopen(&mut self, hub: &Hub) {
        let opened = Self::open(self.key.clone(), self.disk.clone(), hub);
        self.device = opened.device;
        self.power = usize::MAX;
    }

    pub(super) fn level_with(&self, hub: &Hub) -> bool {
        self.device.inventory() == hub.inventory() && self.disk.pending.is_empty()
    }
}

pub(super) fn is_synced(notices: &[Notice]) -> bool {
    notices.iter().any(|notice| matches!(notice, Notice::Synced { .. }))
}
