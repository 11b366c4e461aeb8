//! The driver of one device: carries out its effects on a disk, until the power goes.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use sync_core::device::{Device, Effect, Identity, Input, Notice, PageSizes, PendingChange, Write};
use sync_core::id::{ActorId, AreaId, ChangeHash, PublicKey, UnixMs};
use sync_core::log::{Signature, Stage};
use sync_core::sync::{DirectoryEntry, SnapshotOffer};

use super::chance::Chance;
use super::disk::Disk;
use super::fault::Bug;
use super::server::registry::certificate_text;
use super::trace::Trace;

/// What becomes of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// In use.
    Used,
    /// Revoked: it may only hand in.
    Revoked,
    /// Lost, with its store.
    Lost,
}

/// What a device wants of the world around it.
#[derive(Debug)]
pub enum Wish {
    /// A request goes out.
    Send(Vec<u8>),
    /// A prepared snapshot is fetched.
    Fetch(SnapshotOffer),
    /// A file is handed to a carrier.
    Export(Vec<u8>),
}

/// What a driver needs while it works.
pub struct Surroundings<'a> {
    /// Chance.
    pub chance: &'a mut Chance,
    /// The trace.
    pub trace: &'a mut Trace,
    /// True time.
    pub now: i64,
    /// One in so many transactions ends in a crash; none when 0.
    pub crash_once_in: u64,
    /// How many crashes there were.
    pub crashes: &'a mut u64,
    /// A planted bug.
    pub bug: Option<Bug>,
}

/// A device and its person.
#[derive(Clone)]
pub struct Phone {
    /// Its number in the trace.
    pub name: usize,
    /// The device key.
    pub key: SigningKey,
    /// Who it is, from its newest certificate.
    pub identity: Identity,
    /// The store.
    pub disk: Disk,
    /// An older copy of the store and what was recorded by then.
    pub copy: Option<(Disk, BTreeSet<ChangeHash>)>,
    /// What becomes of it.
    pub life: Life,
    /// Changes that were reported as safe here.
    pub recorded: BTreeSet<ChangeHash>,
    /// How far its clock is from the truth.
    pub skew_ms: i64,
    /// Until when it has no signal.
    pub silent_until: i64,
    /// The request it waits for; answers to others are ignored.
    pub call: Option<u64>,
    /// Numbers its records.
    pub serial: u64,
    /// The actor of this opening of the store.
    pub actor: ActorId,
    /// How much it sends and takes at once.
    pub sizes: PageSizes,
    /// Syncs that ended complete.
    pub synced: u64,
    /// How the last sync ended.
    pub last: Option<Notice>,
    machine: Option<Machine>,
}

/// What a crash takes away.
struct Machine {
    device: Device,
    recording: BTreeMap<sync_core::id::RecordId, Vec<ChangeHash>>,
    /// Only for [`Bug::RecordedBeforeDurable`]: writes that are not on the disk yet.
    cached: Vec<Write>,
}

impl Clone for Machine {
    /// A copied store does not copy a running program.
    fn clone(&self) -> Self {
        Self {
            device: Device::new(self.device.identity().clone(), Disk::default().open(), PageSizes::default()),
            recording: BTreeMap::new(),
            cached: Vec::new(),
        }
    }
}

impl Phone {
    /// A device that was just enrolled.
    #[must_use]
    pub fn new(name: usize, key: SigningKey, identity: Identity, sizes: PageSizes) -> Self {
        let actor = ActorId::new(identity.device, [0; 8]);
        Self {
            name,
            key,
            identity,
            disk: Disk::default(),
            copy: None,
            life: Life::Used,
            recorded: BTreeSet::new(),
            skew_ms: 0,
            silent_until: 0,
            call: None,
            serial: 0,
            actor,
            sizes,
            synced: 0,
            last: None,
            machine: None,
        }
    }

    /// What its clock says.
    #[must_use]
    pub fn clock(&self, now: i64) -> UnixMs {
        UnixMs(now + self.skew_ms)
    }

    /// Whether the program runs.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.machine.is_some()
    }

    /// Opens the store.
    pub fn open(&mut self, around: &mut Surroundings<'_>) {
        self.renew_actor(around);
        self.call = None;
        let mut stored = self.disk.open();
        stored.directory.retain(|entry| entry.device() != self.identity.device);
        stored.directory.push(self.introduction());
        let device = Device::new(self.identity.clone(), stored, self.sizes);
        self.machine = Some(Machine { device, recording: BTreeMap::new(), cached: Vec::new() });
        around.trace.event(around.now, format_args!("{} opens", self.name));
    }

    /// What a device knows of itself.
    fn introduction(&self) -> DirectoryEntry {
        let Identity { device, certificate, recorder, role, .. } = self.identity;
        DirectoryEntry {
            key: PublicKey(self.key.verifying_key().to_bytes()),
            recorder,
            role,
            name: format!("Đồng chí {recorder}"),
            certificate: certificate_text(&device, certificate),
        }
    }

    fn renew_actor(&mut self, around: &mut Surroundings<'_>) {
        let nonce = if around.bug == Some(Bug::ReuseActor) { [7; 8] } else { around.chance.bytes() };
        self.actor = ActorId::new(self.identity.device, nonce);
    }

    /// The program ends, as by a loss of power.
    pub fn close(&mut self) {
        self.machine = None;
        self.call = None;
    }

    /// The state machine, when the program runs.
    #[must_use]
    pub fn device(&self) -> Option<&Device> {
        self.machine.as_ref().map(|machine| &machine.device)
    }

    /// Hands in a change a person made.
    pub fn record(&mut self, area: AreaId, change: PendingChange, around: &mut Surroundings<'_>) -> Vec<Wish> {
        if let Some(machine) = &mut self.machine {
            machine.recording.entry(change.record).or_default().push(change.change.hash());
        }
        self.handle(Input::Recorded { area, change }, around)
    }

    /// Hands in an input and carries out what follows.
    pub fn handle(&mut self, input: Input, around: &mut Surroundings<'_>) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let Some(machine) = &mut self.machine else { return wishes };
        machine.device.handle(input);
        while let Some(machine) = &mut self.machine {
            let Some(effect) = machine.device.poll_effect() else { break };
            let answer = match effect {
                Effect::Persist { ticket, writes } => {
                    if !self.persist(writes, around) {
                        *around.crashes += 1;
                        around.trace.event(around.now, format_args!("{} loses power", self.name));
                        self.close();
                        break;
                    }
                    Input::Persisted(ticket)
                }
                Effect::Sign { message } => Input::Signed(Signature(self.key.sign(&message).to_bytes())),
                Effect::ReadPending { area, at_most } => Input::PendingRead(self.disk.pending(area, at_most)),
                Effect::ReadLog { log, after, about_bytes } => Input::LogRead(self.disk.log(log, after, about_bytes)),
                Effect::Send { request } => {
                    wishes.push(Wish::Send(request));
                    continue;
                }
                Effect::FetchSnapshot(offer) => {
                    wishes.push(Wish::Fetch(offer));
                    continue;
                }
                Effect::Export { file, .. } => {
                    wishes.push(Wish::Export(file));
                    continue;
                }
                Effect::RenewActor => {
                    self.renew_actor(around);
                    continue;
                }
                Effect::Notify(notice) => {
                    self.notice(notice, around);
                    continue;
                }
            };
            if let Some(machine) = &mut self.machine {
                machine.device.handle(answer);
            }
        }
        wishes
    }

    /// Carries out a transaction; false when the power went, before or after it.
    fn persist(&mut self, writes: Vec<Write>, around: &mut Surroundings<'_>) -> bool {
        let falls = around.crash_once_in > 0 && around.chance.once_in(around.crash_once_in);
        if falls && around.chance.once_in(2) {
            return false;
        }
        let adds = |write: &Write| matches!(write, Write::AddPending { .. });
        if around.bug == Some(Bug::RecordedBeforeDurable)
            && let Some(machine) = &mut self.machine
        {
            if writes.iter().all(adds) {
                machine.cached.extend(writes);
                return !falls;
            }
            for write in std::mem::take(&mut machine.cached) {
                self.disk.write(write, self.identity.device, None);
            }
        }
        for write in writes {
            self.disk.write(write, self.identity.device, around.bug);
        }
        !falls
    }

    fn notice(&mut self, notice: Notice, around: &mut Surroundings<'_>) {
        around.trace.event(around.now, format_args!("{} {notice:?}", self.name));
        match notice {
            Notice::Recorded { record } => {
                let done = self.machine.as_mut().and_then(|machine| {
                    let changes = machine.recording.get_mut(&record)?;
                    (!changes.is_empty()).then(|| changes.remove(0))
                });
                self.recorded.extend(done);
            }
            Notice::Synced { .. } => {
                self.synced += 1;
                self.last = Some(notice);
            }
            Notice::Stopped(_) => self.last = Some(notice),
            _ => {}
        }
    }

    /// Whether the server signed for every own batch and nothing waits to be sealed.
    #[must_use]
    pub fn is_handed_in(&self) -> bool {
        let Some(device) = self.device() else { return false };
        let inventory = device.inventory();
        let mut own = inventory.iter().filter(|(log, _)| log.device == self.identity.device);
        !self.disk.has_pending() && own.all(|(log, head)| device.receipts(Stage::Stored).head(log) == *head)
    }
}
