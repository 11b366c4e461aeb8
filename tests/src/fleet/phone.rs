//! A device of the fleet: the state machine every client runs, a store in memory, a line to the server.

use std::net::SocketAddr;
use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use sync_core::device::{Device, Effect, Identity, Input, Notice, PageSizes, PendingChange, StopReason, Stored};
use sync_core::id::{ActorId, AreaId, DeviceId, RecordId, RecordKind, UnixMs};
use sync_core::log::{RawChange, Signature, Stage};
use sync_core::record::{self, Author, Draft, Edit};
use sync_core::sync::{Page, SnapshotOffer};

use super::Failure;
use super::meter::Meter;
use super::store::Store;
use super::wire::{Access, Ask, Line};

/// What a device's clock shows when it records.
const CLOCK: UnixMs = UnixMs(1_790_000_000_000);

/// Where a sync stands when it needs the network, or ended.
#[derive(Debug)]
enum Turn {
    Send(Vec<u8>),
    Fetch(SnapshotOffer),
    Synced,
    Stopped(StopReason),
}

/// An enrolled device.
pub(super) struct Phone {
    key: SigningKey,
    device: Device,
    pub(super) store: Store,
    pub(super) line: Line,
    actor: ActorId,
    /// Numbers its actors.
    openings: u64,
    serial: u64,
    clock: UnixMs,
    held: Option<Ask>,
    /// What the state machine found wrong: forged receipts, batches nobody vouches for.
    pub(super) complaints: Vec<Notice>,
}

impl Phone {
    pub(super) fn new(identity: Identity, access: Access, address: SocketAddr, meter: Arc<Meter>) -> Self {
        let key = access.key.clone();
        let actor = ActorId::new(identity.device, identity.device.0);
        Self {
            line: Line::new(address, meter, Some(access)),
            key,
            device: Device::new(identity, Stored::default(), PageSizes::default()),
            store: Store::default(),
            actor,
            openings: 0,
            serial: 0,
            clock: CLOCK,
            held: None,
            complaints: Vec::new(),
        }
    }

    fn author(&mut self) -> Author {
        self.clock.0 += 61_000;
        Author { actor: self.actor, recorder: self.device.identity().recorder, claimed_at: self.clock }
    }

    /// Its id.
    pub(super) fn id(&self) -> DeviceId {
        self.actor.device()
    }

    pub(super) fn record(&mut self, area: AreaId, draft: &Draft) -> Result<RecordId, Failure> {
        self.serial += 1;
        let author = self.author();
        let new = record::create(draft, &author, self.serial)?;
        self.add(area, draft.kind(), new.id, &new.change)?;
        Ok(new.id)
    }

    /// Edits a record that is here.
    pub(super) fn edit(&mut self, area: AreaId, id: RecordId, edit: &Edit) -> Result<(), Failure> {
        let author = self.author();
        let records = self.store.records();
        let changes = records.get(&id).ok_or("no such record here")?;
        let change = record::edit(changes, edit, &author)?.ok_or("the edit changes nothing")?;
        self.add(area, edit.kind(), id, &change)
    }

    fn add(
        &mut self,
        area: AreaId,
        kind: RecordKind,
        record: RecordId,
        change: &record::RawChange,
    ) -> Result<(), Failure> {
        let change = RawChange::from_framed(&change.bytes)?;
        self.device.handle(Input::Recorded { area, change: PendingChange { kind, record, change } });
        while let Some(effect) = self.device.poll_effect() {
            if let Effect::Persist { ticket, writes } = effect {
                writes.into_iter().for_each(|write| self.store.write(write, self.device.identity().device));
                self.device.handle(Input::Persisted(ticket));
            }
        }
        Ok(())
    }

    /// Carries out what needs no network, up to where a sync does.
    fn turn(&mut self) -> Result<Turn, Failure> {
        while let Some(effect) = self.device.poll_effect() {
            match effect {
                Effect::Persist { ticket, writes } => {
                    writes.into_iter().for_each(|write| self.store.write(write, self.device.identity().device));
                    self.device.handle(Input::Persisted(ticket));
                }
                Effect::Sign { message } => {
                    let signature = Signature(self.key.sign(&message).to_bytes());
                    self.device.handle(Input::Signed(signature));
                }
                Effect::ReadPending { area, at_most } => {
                    self.device.handle(Input::PendingRead(self.store.pending(area, at_most)));
                }
                Effect::ReadLog { log, after, about_bytes } => {
                    self.device.handle(Input::LogRead(self.store.log(&log, after, about_bytes)));
                }
                Effect::Send { request } => return Ok(Turn::Send(request)),
                Effect::FetchSnapshot(offer) => return Ok(Turn::Fetch(offer)),
                Effect::Notify(Notice::Synced { .. }) => return Ok(Turn::Synced),
                Effect::Notify(Notice::Stopped(reason)) => return Ok(Turn::Stopped(reason)),
                Effect::Notify(Notice::Progress { .. } | Notice::Recorded { .. }) => {}
                Effect::Notify(notice) => self.complaints.push(notice),
                Effect::RenewActor => {
                    self.openings += 1;
                    self.actor = ActorId::new(self.device.identity().device, self.openings.to_be_bytes());
                }
                Effect::Export { .. } => {}
            }
        }
        Err("the state machine waits for nothing".into())
    }

    /// Seals what is recorded and packs the first request of a sync, without sending it.
    pub(super) fn prepare(&mut self) -> Result<(), Failure> {
        self.device.handle(Input::SyncRequested { now: self.clock });
        match self.turn()? {
            Turn::Send(request) => self.held = Some(Ask::exchange(request)?),
            other => return Err(format!("not a first request: {other:?}").into()),
        }
        Ok(())
    }

    /// Seals what is recorded into a batch, as a sync does that then finds no network.
    pub(super) fn seal(&mut self) -> Result<(), Failure> {
        self.prepare()?;
        self.held = None;
        self.device.handle(Input::Failed);
        match self.turn()? {
            Turn::Stopped(StopReason::Failed) => Ok(()),
            other => Err(format!("not the end of a sync without network: {other:?}").into()),
        }
    }

    /// Puts every own batch on file through the write-only endpoint.
    pub(super) async fn deposit(&mut self) -> Result<(), Failure> {
        let page = Page { batches: self.store.own(self.device.identity().device) };
        if page.batches.is_empty() {
            return Ok(());
        }
        self.line.ask(&Ask::deposit(&page.to_bytes())?).await?;
        Ok(())
    }

    /// Sends the request that was prepared and takes in the answer, without going on.
    pub(super) async fn bring(&mut self) -> Result<Outcome, Failure> {
        let ask = self.held.take().ok_or("nothing was prepared")?;
        let answer = self.line.ask(&ask).await?;
        self.device.handle(Input::Received(answer));
        let turn = self.turn()?;
        Ok(Outcome { is_acknowledged: self.is_acknowledged(), turn })
    }

    /// Goes on with a sync to its end.
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Result<(), Failure> {
        let mut turn = outcome.turn;
        loop {
            let input = match turn {
                Turn::Send(request) => Input::Received(self.line.ask(&Ask::exchange(request)?).await?),
                Turn::Fetch(offer) => {
                    let path = format!("/v1/areas/{}/snapshot?digest={}", offer.area, offer.digest);
                    Input::SnapshotFetched(self.line.ask(&Ask::get(path).compressed()).await?)
                }
                Turn::Synced => return Ok(()),
                Turn::Stopped(reason) => return Err(format!("the sync stopped: {reason:?}").into()),
            };
            self.device.handle(input);
            turn = self.turn()?;
        }
    }

    /// A whole sync.
    pub(super) async fn sync(&mut self) -> Result<(), Failure> {
        self.prepare()?;
        let outcome = self.bring().await?;
        self.finish(outcome).await
    }

    /// Whether the server signed for every own batch.
    pub(super) fn is_acknowledged(&self) -> bool {
        let me = self.device.identity().device;
        let inventory = self.device.inventory();
        let stored = self.device.receipts(Stage::Stored);
        inventory.iter().filter(|(log, _)| log.device == me).all(|(log, head)| stored.head(log) == *head)
    }
}

/// Where a sync stands after its first answer.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Whether that answer signed for everything this device had.
    pub(super) is_acknowledged: bool,
    turn: Turn,
}
