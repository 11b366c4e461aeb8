//! Devices are enrolled, at the start or while others work.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use sync_core::device::{Identity, Input, PageSizes};
use sync_core::id::{AreaId, CertificateNo, PublicKey, RecorderId, Role};
use sync_core::sync::DirectoryEntry;

use super::chance::Chance;
use super::fault::Fault;
use super::phone::Phone;
use super::server::registry::Enrolled;
use super::world::{DAY, Event, World};

pub(super) fn key(chance: &mut Chance) -> SigningKey {
    SigningKey::from_bytes(&chance.bytes())
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

pub(super) fn entry(key: &SigningKey, recorder: u32, role: Role) -> DirectoryEntry {
    let name = format!("Đồng chí {recorder}");
    DirectoryEntry { key: public(key), recorder: RecorderId(recorder), role, name, certificate: String::new() }
}

impl World {
    /// A device more; nobody has switched it on yet.
    pub(super) fn enrol(&mut self) {
        let name = self.phones.len();
        let key = key(&mut self.chance);
        // The first two belong to one person.
        let recorder = name.max(1) as u32;
        let role = if name % 4 == 2 { Role::Officer } else { Role::Guard };
        let entry = entry(&key, recorder, role);
        let home = self.areas[name % self.areas.len()];
        let mut own: BTreeSet<AreaId> = [self.areas[0], home].into();
        if role == Role::Officer {
            own.extend(&self.areas);
        }
        let identity = Identity {
            device: entry.device(),
            certificate: CertificateNo(1),
            recorder: entry.recorder,
            role,
            areas: own.clone(),
            servers: [self.server.registry.server.device()].into(),
            receipt_keys: self.server.receipt_keys(),
        };
        let (device, registry) = (entry.device(), &mut self.server.registry);
        let enrolled = Enrolled { entry, certificates: vec![], on_file: BTreeSet::new(), revoked: false };
        registry.devices.insert(device, enrolled);
        registry.issue(&device, own);
        let page = *self.chance.pick(&[300, 3_000, 1 << 20]).unwrap_or(&3_000);
        let snapshots = self.faults.has(Fault::Newcomer);
        let sizes = PageSizes { receive_bytes: page, send_bytes: page as usize, snapshots };
        self.phones.push(Phone::new(name, key, identity, sizes));
    }

    /// A device is enrolled while others work. Most sync at once, as the app does; some are out of reach before.
    pub(super) fn enrol_late(&mut self) {
        if self.quiet {
            return;
        }
        self.enrol();
        let phone = self.phones.len() - 1;
        self.misfortunes += 1;
        self.trace.event(self.now, format_args!("{phone} is enrolled"));
        self.wake(phone);
        if !self.chance.once_in(4) {
            self.open(phone);
            let now = self.phones[phone].clock(self.now);
            self.give(phone, Input::SyncRequested { now });
        }
    }

    /// Sets a new device going.
    pub(super) fn wake(&mut self, phone: usize) {
        if self.faults.has(Fault::Skew) && self.chance.once_in(3) {
            self.phones[phone].skew_ms = self.years();
        }
        for (most, event) in [
            (DAY, Event::Open(phone)),
            (DAY, Event::Act(phone)),
            (5 * DAY, Event::Meet(phone)),
            (15 * DAY, Event::Fate(phone)),
        ] {
            let delay = self.chance.between(1, most as u64) as i64;
            self.after(delay, event);
        }
    }
}
