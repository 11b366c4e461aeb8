//! The world: virtual time, messages under way, people who act and misfortunes that happen.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use sync_core::device::Input;
use sync_core::id::{AreaId, ChangeHash, Role};
use sync_core::sync::SnapshotOffer;

use super::chance::Chance;
use super::enrolment;
use super::fault::{Bug, Fault, Faults};
use super::phone::{Phone, Surroundings};
use super::server::Server;
use super::server::ledger::Ledger;
use super::server::registry::Registry;
use super::shadow::Shadow;
use super::trace::Trace;

/// A second of virtual time.
pub const SECOND: i64 = 1_000;
/// An hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// A day.
pub const DAY: i64 = 24 * HOUR;
/// When every simulation begins.
pub const START: i64 = 1_790_000_000_000;
/// More messages than a device and a server that agree with each other in the end need for it.
const MOST_MESSAGES: usize = 5_000;

/// What is to happen at a point in time. A number is a phone's.
#[derive(Debug, Clone)]
pub enum Event {
    /// Its person does something.
    Act(usize),
    /// It meets the network.
    Meet(usize),
    /// A request reaches a process of the server.
    Request {
        /// From whom.
        phone: usize,
        /// What the device waits for; `None` for a repetition nobody waits for.
        call: Option<u64>,
        /// At which process.
        process: usize,
        /// The request.
        bytes: Vec<u8>,
    },
    /// A response reaches the device.
    Response {
        /// To whom.
        phone: usize,
        /// What it answers.
        call: u64,
        /// The response; `None` says that the server refused.
        bytes: Option<Vec<u8>>,
    },
    /// A request for a prepared snapshot reaches the server.
    Fetch {
        /// From whom.
        phone: usize,
        /// What the device waits for.
        call: u64,
        /// Which.
        offer: SnapshotOffer,
    },
    /// A prepared snapshot reaches the device.
    Snapshot {
        /// To whom.
        phone: usize,
        /// What it answers.
        call: u64,
        /// The snapshot; `None` says that there is none.
        bytes: Option<Vec<u8>>,
    },
    /// The device gives up waiting.
    GiveUp {
        /// Who.
        phone: usize,
        /// For what it waited.
        call: u64,
    },
    /// A file reaches the server.
    File {
        /// From whom.
        phone: usize,
        /// The file.
        bytes: Vec<u8>,
        /// Whether somebody carried it; a revoked device deposits its own.
        by_hand: bool,
    },
    /// Receipts reach the device.
    Receipts {
        /// To whom.
        phone: usize,
        /// The file.
        bytes: Vec<u8>,
    },
    /// The device is switched on again.
    Open(usize),
    /// Something happens to the device.
    Fate(usize),
    /// A device is enrolled.
    Enrol,
    /// A day passes at the server.
    ServerDay,
}

/// How big a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Devices at the start.
    pub devices: usize,
    /// How long people work.
    pub days: u64,
}

/// Everything.
pub struct World {
    /// Chance.
    pub chance: Chance,
    /// The trace.
    pub trace: Trace,
    /// True time.
    pub now: i64,
    /// What may go wrong.
    pub faults: Faults,
    /// A planted bug.
    pub bug: Option<Bug>,
    /// How many misfortunes there were.
    pub misfortunes: u64,
    /// How many prepared snapshots devices received.
    pub snapshots: u64,
    /// Devices.
    pub phones: Vec<Phone>,
    /// The server.
    pub server: Server,
    /// What people meant.
    pub shadow: Shadow,
    /// Backups of the server, oldest first.
    pub backups: Vec<Ledger>,
    /// What a restored server lost and some device still held.
    pub owed: BTreeSet<ChangeHash>,
    /// What went wrong, in words.
    pub violations: Vec<Violation>,
    /// From here on nothing goes wrong any more.
    pub quiet: bool,
    pub(super) queue: BTreeMap<(i64, u64), Event>,
    pub(super) serial: u64,
    pub(super) areas: Vec<AreaId>,
}

/// What kind of promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Something recorded or acknowledged is gone.
    Lost,
    /// Something counts twice, or a count is not what people entered.
    Doubled,
    /// Two replicas differ after quiet, or a device cannot finish its sync.
    Divergent,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its kind.
    pub broken: Broken,
    /// What was seen.
    pub what: String,
}

impl World {
    /// A world of this seed before anything happened.
    #[must_use]
    pub fn new(seed: u64, size: Size, faults: Faults, bug: Option<Bug>, trace: Trace) -> Self {
        let mut chance = Chance::new(seed);
        let areas: Vec<AreaId> = (0..3).map(|n| AreaId { generation: 2025, code: 6_841 + n }).collect();
        let (log_key, receipt_key) = (enrolment::key(&mut chance), enrolment::key(&mut chance));
        let server = enrolment::entry(&log_key, 0, Role::Coordinator);
        let registry = Registry { server, devices: BTreeMap::new() };
        let server = Server::new(registry, 2, log_key, receipt_key, bug);
        let late = if faults.has(Fault::Newcomer) { size.devices / 3 } else { 0 };
        let mut world = Self {
            chance,
            trace,
            now: START,
            faults,
            bug,
            misfortunes: 0,
            snapshots: 0,
            phones: Vec::new(),
            server,
            shadow: Shadow::default(),
            backups: Vec::new(),
            owed: BTreeSet::new(),
            violations: Vec::new(),
            quiet: false,
            queue: BTreeMap::new(),
            serial: 0,
            areas,
        };
        for _ in late..size.devices {
            world.enrol();
        }
        for phone in 0..world.phones.len() {
            world.wake(phone);
        }
        world.after(DAY, Event::ServerDay);
        for _ in 0..late {
            let delay = world.days(size.days / 4, size.days - size.days / 4);
            world.after(delay, Event::Enrol);
        }
        if world.faults.has(Fault::Quota) {
            world.server.device_day_bytes = world.chance.pick(&[1_000, 3_000, 10_000]).copied();
        }
        world
    }

    /// A clock error of up to ten years either way.
    pub(super) fn years(&mut self) -> i64 {
        let ten_years = 3_650 * DAY;
        self.chance.between(0, 2 * ten_years as u64) as i64 - ten_years
    }

    pub(super) fn after(&mut self, delay: i64, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now + delay.max(1), self.serial), event);
    }

    /// True once in `times`, when this may happen at all; counts as a misfortune.
    pub(super) fn strikes(&mut self, fault: Fault, times: u64) -> bool {
        let strikes = !self.quiet && self.faults.has(fault) && self.chance.once_in(times);
        if strikes {
            self.misfortunes += 1;
        }
        strikes
    }

    pub(super) fn broken(&mut self, broken: Broken, what: String) {
        self.trace.event(self.now, format_args!("VIOLATION {broken:?}: {what}"));
        self.violations.push(Violation { broken, what });
    }

    /// Lets things happen until this time.
    pub fn run_until(&mut self, end: i64) {
        while let Some(((at, _), event)) = self.next_before(end) {
            self.now = at;
            self.happen(event);
        }
        self.now = self.now.max(end);
    }

    fn next_before(&mut self, end: i64) -> Option<((i64, u64), Event)> {
        let first = self.queue.first_key_value().filter(|((at, _), _)| *at <= end).map(|(key, _)| *key)?;
        self.queue.remove_entry(&first)
    }

    /// Lets everything happen that is under way; false when that does not end.
    pub(super) fn drain(&mut self) -> bool {
        for _ in 0..MOST_MESSAGES {
            let Some(((at, _), event)) = self.queue.pop_first() else { return true };
            self.now = at;
            self.happen(event);
        }
        self.queue.clear();
        false
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act(phone) => self.act(phone),
            Event::Meet(phone) => self.meet(phone),
            Event::Request { phone, call, process, bytes } => self.request(phone, call, process, &bytes),
            Event::Response { phone, call, bytes } => {
                if self.phones[phone].call == Some(call) {
                    self.phones[phone].call = None;
                    let refused = bytes.is_none();
                    self.give(phone, bytes.map_or(Input::Failed, Input::Received));
                    if refused {
                        // It may still hand in what it has, on the signatures of its batches.
                        let now = self.phones[phone].clock(self.now);
                        self.give(phone, Input::ExportRequested { now });
                    }
                }
            }
            Event::Fetch { phone, call, offer } => self.hand_out(phone, call, &offer),
            Event::Snapshot { phone, call, bytes } => {
                if self.phones[phone].call == Some(call) {
                    self.phones[phone].call = None;
                    self.snapshots += u64::from(bytes.is_some());
                    self.give(phone, bytes.map_or(Input::Failed, Input::SnapshotFetched));
                }
            }
            Event::GiveUp { phone, call } => {
                if self.phones[phone].call == Some(call) {
                    self.phones[phone].call = None;
                    self.give(phone, Input::Failed);
                }
            }
            Event::File { phone, bytes, by_hand } => self.file(phone, &bytes, by_hand),
            Event::Receipts { phone, bytes } => self.give(phone, Input::ReceiptsImported { file: bytes }),
            Event::Open(phone) => self.open(phone),
            Event::Fate(phone) => self.fate(phone),
            Event::Enrol => self.enrol_late(),
            Event::ServerDay => self.server_day(),
        }
    }

    /// Hands an input to a device and sends what it wants sent.
    pub(super) fn give(&mut self, phone: usize, input: Input) {
        let wishes = self.with_phone(phone, |phone, around| phone.handle(input, around));
        self.grant(phone, wishes);
    }

    pub(super) fn with_phone<T>(
        &mut self,
        phone: usize,
        work: impl FnOnce(&mut Phone, &mut Surroundings<'_>) -> T,
    ) -> T {
        let crash_once_in = if !self.quiet && self.faults.has(Fault::DeviceCrash) { 60 } else { 0 };
        let mut around = Surroundings {
            chance: &mut self.chance,
            trace: &mut self.trace,
            now: self.now,
            crash_once_in,
            crashes: &mut self.misfortunes,
            bug: self.bug,
        };
        work(&mut self.phones[phone], &mut around)
    }

    pub(super) fn days(&mut self, low: u64, high: u64) -> i64 {
        self.chance.between(low * DAY as u64, high * DAY as u64) as i64
    }

    /// The hash of everything that happened.
    #[must_use]
    pub fn trace_hash(&self) -> String {
        self.trace.hash()
    }
}

/// The seed of the n-th world of a simulation.
#[must_use]
pub fn seed_of(seed: u64, world: u64) -> u64 {
    let digest = Sha256::new().chain_update(b"banlang simulation v1").chain_update(seed.to_be_bytes());
    let digest = digest.chain_update(world.to_be_bytes()).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}
