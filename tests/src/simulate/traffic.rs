//! What passes between people, devices and the server, and what befalls it on the way.

use sync_core::device::Input;
use sync_core::id::{AreaId, DeviceId, UnixMs};
use sync_core::sync::{Page, Response, Snapshot, SnapshotOffer};

use super::fault::Fault;
use super::people;
use super::phone::{Life, Phone, Wish};
use super::world::{Broken, Event, HOUR, SECOND, World};

/// How long a device waits for an answer.
const PATIENCE: i64 = 60 * SECOND;

impl World {
    pub(super) fn grant(&mut self, phone: usize, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Send(bytes) => self.send(phone, bytes),
                Wish::Fetch(offer) => self.fetch(phone, offer),
                Wish::Export(bytes) => {
                    let revoked = self.phones[phone].life == Life::Revoked;
                    let delay = if revoked || self.quiet { SECOND } else { self.days(1, 12) };
                    if !revoked && self.strikes(Fault::Carrier, 6) {
                        continue;
                    }
                    if self.strikes(Fault::Duplication, 5) {
                        let later = delay + self.days(1, 10);
                        self.after(later, Event::File { phone, bytes: bytes.clone(), by_hand: !revoked });
                    }
                    self.after(delay, Event::File { phone, bytes, by_hand: !revoked });
                }
            }
        }
        if !self.phones[phone].is_open() && self.phones[phone].life != Life::Lost {
            let delay = self.chance.between(1, 12) as i64 * HOUR;
            self.after(delay, Event::Open(phone));
        }
    }

    fn send(&mut self, phone: usize, bytes: Vec<u8>) {
        let call = self.call(phone);
        self.trace.event(self.now, format_args!("{phone} asks in {} bytes", bytes.len()));
        self.trace.bytes(&bytes);
        let process = self.chance.index(self.server.processes.len());
        if self.strikes(Fault::Duplication, 15) {
            let delay = self.days(0, 4);
            self.after(delay, Event::Request { phone, call: None, process, bytes: bytes.clone() });
        }
        self.go_out(phone, Event::Request { phone, call: Some(call), process, bytes });
    }

    fn fetch(&mut self, phone: usize, offer: SnapshotOffer) {
        let call = self.call(phone);
        self.trace.event(self.now, format_args!("{phone} fetches the snapshot {} of {}", offer.digest, offer.area));
        self.go_out(phone, Event::Fetch { phone, call, offer });
    }

    /// From now on a device waits for this answer and no other.
    fn call(&mut self, phone: usize) -> u64 {
        self.serial += 1;
        let call = self.serial;
        self.phones[phone].call = Some(call);
        self.after(PATIENCE, Event::GiveUp { phone, call });
        call
    }

    /// A request is on its way, or lost.
    fn go_out(&mut self, phone: usize, request: Event) {
        if self.phones[phone].silent_until > self.now && !self.quiet || self.strikes(Fault::Loss, 12) {
            return;
        }
        let late = self.strikes(Fault::Reordering, 15);
        let delay = if late { self.days(0, 3) } else { self.chance.between(20, 2_000) as i64 };
        self.after(delay, request);
    }

    pub(super) fn request(&mut self, phone: usize, call: Option<u64>, process: usize, bytes: &[u8]) {
        if self.strikes(Fault::ServerCrash, 50) {
            self.server_crash(process);
            return;
        }
        let device = self.phones[phone].identity.device;
        let response = self.server.answer(process, device, bytes, UnixMs(self.now));
        let length = response.as_ref().map_or(0, Vec::len);
        self.trace.event(self.now, format_args!("server answers {phone} in {length} bytes"));
        self.trace.bytes(response.as_deref().unwrap_or_default());
        self.look_for_leaks(device, response.as_deref().unwrap_or_default());
        if self.strikes(Fault::ServerCrash, 50) {
            self.server_crash(process);
            return;
        }
        let Some(call) = call else { return };
        if self.strikes(Fault::Loss, 12) {
            return;
        }
        let delay = self.chance.between(20, 2_000) as i64;
        self.after(delay, Event::Response { phone, call, bytes: response });
    }

    /// A prepared snapshot is asked for.
    pub(super) fn hand_out(&mut self, phone: usize, call: u64, offer: &SnapshotOffer) {
        let device = self.phones[phone].identity.device;
        let bytes = self.server.snapshot(device, offer).map(<[u8]>::to_vec);
        let length = bytes.as_ref().map_or(0, Vec::len);
        self.trace.event(self.now, format_args!("server hands {phone} a snapshot of {length} bytes"));
        self.trace.bytes(bytes.as_deref().unwrap_or_default());
        if let Some(Ok(snapshot)) = bytes.as_deref().map(Snapshot::from_bytes) {
            self.look_for_leaked(device, &snapshot.page);
        }
        if self.strikes(Fault::Loss, 12) {
            return;
        }
        let delay = self.chance.between(20, 2_000) as i64;
        self.after(delay, Event::Snapshot { phone, call, bytes });
    }

    /// Nobody is handed what the gate did not admit.
    fn look_for_leaks(&mut self, to: DeviceId, response: &[u8]) {
        let Ok(Response::Exchange { exchange, .. }) = Response::from_bytes(response) else { return };
        self.look_for_leaked(to, &exchange.page);
    }

    fn look_for_leaked(&mut self, to: DeviceId, page: &Page) {
        for batch in &page.batches {
            for (entry, body) in batch.changes() {
                let record = self.server.ledger.records.get(&entry.record);
                if body.is_some() && !record.is_some_and(|record| record.holds(&entry.change)) {
                    let what = format!("{to} was handed {}, which is not admitted", entry.change);
                    self.broken(Broken::Divergent, what);
                }
            }
        }
    }

    pub(super) fn server_crash(&mut self, process: usize) {
        self.trace.event(self.now, format_args!("process {process} dies"));
        self.server.crash(process);
        let here = self.server.ledger.hashes();
        if let Some(gone) = self.server.acknowledged.iter().find(|change| !here.contains(change)).copied() {
            self.broken(Broken::Lost, format!("a crash took {gone}, which was acknowledged"));
        }
    }

    pub(super) fn file(&mut self, phone: usize, bytes: &[u8], by_hand: bool) {
        if self.strikes(Fault::ServerCrash, 50) {
            self.server_crash(0);
            return;
        }
        let receipts = self.server.import(bytes, UnixMs(self.now));
        self.trace.event(self.now, format_args!("server takes a file of {phone}"));
        let Some(bytes) = receipts else { return };
        self.trace.bytes(&bytes);
        if by_hand && self.strikes(Fault::Carrier, 4) {
            return;
        }
        let delay = if by_hand && !self.quiet { self.days(1, 12) } else { SECOND };
        self.after(delay, Event::Receipts { phone, bytes });
    }

    pub(super) fn act(&mut self, phone: usize) {
        let delay = self.chance.between(4 * HOUR as u64, 22 * HOUR as u64) as i64;
        if self.quiet || self.phones[phone].life == Life::Lost {
            return;
        }
        self.after(delay, Event::Act(phone));
        if !self.phones[phone].is_open() {
            return;
        }
        let own: Vec<AreaId> = self.phones[phone].identity.areas.iter().copied().collect();
        let astray = self.strikes(Fault::OutOfScope, 25);
        let area = if astray { self.chance.pick(&self.areas) } else { self.chance.pick(&own) };
        let Some(area) = area.copied() else { return };
        self.serial += 1;
        self.phones[phone].serial = self.serial;
        let made = people::act(&self.phones[phone], area, self.now, &mut self.chance, self.bug);
        let Some(mut made) = made else { return };
        made.note(&mut self.shadow);
        let change = made.change.change.hash();
        self.trace.event(self.now, format_args!("{phone} writes {change} of {} in {area}", made.change.record));
        let wishes = self.with_phone(phone, |phone, around| phone.record(made.area, made.change, around));
        self.grant(phone, wishes);
    }

    pub(super) fn meet(&mut self, phone: usize) {
        if self.quiet || self.phones[phone].life == Life::Lost {
            return;
        }
        let next = self.days(1, 14);
        self.after(next, Event::Meet(phone));
        let now = self.phones[phone].clock(self.now);
        if self.phones[phone].life == Life::Revoked {
            return self.give(phone, Input::ExportRequested { now });
        }
        if self.faults.has(Fault::Carrier) && self.chance.once_in(5) {
            return self.give(phone, Input::ExportRequested { now });
        }
        self.give(phone, Input::SyncRequested { now });
    }

    pub(super) fn open(&mut self, phone: usize) {
        if self.phones[phone].life != Life::Lost && !self.phones[phone].is_open() {
            self.with_phone(phone, Phone::open);
        }
    }
}
