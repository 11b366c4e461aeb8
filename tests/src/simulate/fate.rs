//! What happens to devices and to the server, apart from messages and crashes.

use std::collections::BTreeSet;

use sync_core::device::Input;
use sync_core::id::{AreaId, ChangeHash, UnixMs};

use super::fault::Fault;
use super::phone::{Life, Phone};
use super::world::{DAY, Event, World};

/// So many devices stay in use whatever happens.
const LEAST_USED: usize = 3;
/// So many devices there are at most, copies included.
const MOST_PHONES: usize = 14;

impl World {
    /// Draws what happens to a device next.
    pub(super) fn fate(&mut self, phone: usize) {
        if self.quiet || self.phones[phone].life == Life::Lost {
            return;
        }
        let next = self.days(3, 16);
        self.after(next, Event::Fate(phone));
        let used = self.phones.iter().filter(|phone| phone.life == Life::Used).count();
        match self.chance.between(0, 8) {
            0 if self.strikes(Fault::Skew, 1) => {
                let by = self.years();
                self.phones[phone].skew_ms += by / 4;
                self.trace.event(self.now, format_args!("{phone}'s clock jumps by {by}"));
            }
            1 if self.strikes(Fault::Partition, 1) => {
                let days = self.days(5, 40);
                self.phones[phone].silent_until = self.now + days;
                self.trace.event(self.now, format_args!("{phone} has no signal for {} days", days / DAY));
            }
            2 if self.strikes(Fault::StoreRollback, 1) => self.roll_back(phone),
            3 => {
                let copy = (self.phones[phone].disk.clone(), self.phones[phone].recorded.clone());
                self.phones[phone].copy = Some(copy);
            }
            4 if self.phones.len() < MOST_PHONES && self.strikes(Fault::StoreCopy, 2) => self.copy(phone),
            5 if self.strikes(Fault::OutOfScope, 1) => self.renew(phone),
            6 if used > LEAST_USED && self.strikes(Fault::Revocation, 3) => self.revoke(phone),
            7 if used > LEAST_USED && self.strikes(Fault::DeviceLost, 3) => {
                self.trace.event(self.now, format_args!("{phone} is lost"));
                self.phones[phone].close();
                self.phones[phone].life = Life::Lost;
                self.forget_unheld();
            }
            _ => {}
        }
    }

    fn roll_back(&mut self, phone: usize) {
        let Some((disk, recorded)) = self.phones[phone].copy.clone() else { return };
        self.trace.event(self.now, format_args!("{phone}'s store is put back"));
        self.phones[phone].close();
        self.phones[phone].disk = disk;
        self.phones[phone].recorded = recorded;
        self.forget_unheld();
        self.open(phone);
    }

    fn copy(&mut self, phone: usize) {
        let mut copy = self.phones[phone].clone();
        copy.close();
        copy.name = self.phones.len();
        self.trace.event(self.now, format_args!("{phone}'s store is copied to {}", copy.name));
        self.phones.push(copy);
        self.wake(self.phones.len() - 1);
    }

    fn renew(&mut self, phone: usize) {
        let device = self.phones[phone].identity.device;
        let mut areas: BTreeSet<AreaId> = BTreeSet::new();
        for area in self.areas.clone() {
            if self.chance.once_in(2) {
                areas.insert(area);
            }
        }
        areas.insert(self.areas[0]);
        let Some(number) = self.server.registry.issue(&device, areas.clone()) else { return };
        self.trace.event(self.now, format_args!("{phone} gets certificate {number} for {areas:?}"));
        for at in 0..self.phones.len() {
            if self.phones[at].identity.device == device {
                self.phones[at].identity.certificate = number;
                self.phones[at].identity.areas = areas.clone();
                let identity = self.phones[at].identity.clone();
                self.give_if_open(at, Input::Renewed(identity));
            }
        }
        self.forget_unheld();
    }

    fn give_if_open(&mut self, phone: usize, input: Input) {
        if self.phones[phone].is_open() {
            self.give(phone, input);
        }
    }

    fn revoke(&mut self, phone: usize) {
        let device = self.phones[phone].identity.device;
        self.trace.event(self.now, format_args!("{phone} is revoked"));
        if let Some(enrolled) = self.server.registry.devices.get_mut(&device) {
            enrolled.revoked = true;
        }
        for phone in self.phones.iter_mut().filter(|phone| phone.identity.device == device) {
            if phone.life == Life::Used {
                phone.life = Life::Revoked;
            }
        }
        // It hands in what has no receipt and is told nothing: that a restore took something back neither.
        self.forget_unheld();
    }

    /// What a restored server lost is owed for as long as some store has it.
    fn forget_unheld(&mut self) {
        let held = self.held();
        let here = self.server.ledger.hashes();
        self.owed.retain(|change| held.contains(change) || here.contains(change));
    }

    /// Every change whose bytes some device in use has and may speak of: its own, and those of the areas it still has.
    pub(super) fn held(&self) -> BTreeSet<ChangeHash> {
        let living = self.phones.iter().filter(|phone| phone.life == Life::Used);
        living.flat_map(|phone| self.speaks_of(phone)).collect()
    }

    /// Every change whose bytes a device has of its own logs and of the areas it has: of others the server hears nothing.
    pub(super) fn speaks_of(&self, phone: &Phone) -> BTreeSet<ChangeHash> {
        let areas = self.server.registry.areas(&phone.identity.device);
        phone.disk.hashes_of(|log| log.device == phone.identity.device || areas.contains(&log.area))
    }

    /// A day at the server: backups, restores, and officers who look into quarantine.
    pub(super) fn server_day(&mut self) {
        if self.quiet {
            return;
        }
        self.after(DAY, Event::ServerDay);
        if self.chance.once_in(2) {
            self.server.flush();
        }
        if self.strikes(Fault::ServerCrash, 20) {
            let process = self.chance.index(self.server.processes.len());
            self.server_crash(process);
        }
        if self.strikes(Fault::Forgetting, 10) {
            let process = self.chance.index(self.server.processes.len());
            self.server.processes[process].clear();
        }
        if self.faults.has(Fault::Newcomer) {
            let at_most = *self.chance.pick(&[30_000, 1 << 20]).unwrap_or(&30_000);
            let dies = self.strikes(Fault::ServerCrash, 10);
            let made = self.server.prepare_snapshots(at_most, dies);
            self.trace.event(self.now, format_args!("{made} snapshots are prepared"));
        }
        if self.chance.once_in(5) {
            let backup = self.server.backup();
            self.backups.push(backup);
            self.trace.event(self.now, format_args!("the server is backed up"));
        }
        if !self.backups.is_empty() && self.strikes(Fault::ServerRestore, 25) {
            let which = self.chance.index(self.backups.len());
            self.backups.truncate(which + 1);
            let backup = self.backups[which].clone();
            let before = self.server.ledger.hashes();
            self.server.restore(backup);
            if self.strikes(Fault::Newcomer, 2) {
                self.trace.event(self.now, format_args!("the files of prepared snapshots are lost"));
                self.server.files.clear();
            }
            let (here, held) = (self.server.ledger.hashes(), self.held());
            self.owed.extend(before.into_iter().filter(|change| !here.contains(change) && held.contains(change)));
            // What was given back after an earlier restore, and is lost with it, is nowhere any more.
            self.forget_unheld();
            self.trace.event(self.now, format_args!("the server is put back to backup {which}"));
        }
        if self.chance.once_in(4) {
            let mut chance = self.chance.clone();
            let released = self.server.settle_quarantine(UnixMs(self.now), || chance.once_in(8));
            self.chance = chance;
            self.trace.event(self.now, format_args!("{released} released"));
        }
    }
}
