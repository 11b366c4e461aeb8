//! Who is enrolled, under which certificates, and who was revoked. It survives restores: an administrator would enter
//! again what a backup lacks.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::admit::{Binding, Reason};
use sync_core::id::{AreaId, CertificateNo, DeviceId, RecorderId, Role};
use sync_core::log::{Batch, SCHEMA};
use sync_core::sync::DirectoryEntry;

/// A device and what it was issued.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its key and person.
    pub entry: DirectoryEntry,
    /// The areas of each of its certificates, from number 1.
    pub certificates: Vec<BTreeSet<AreaId>>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Every device.
#[derive(Debug, Clone)]
pub struct Registry {
    /// The server's own log device.
    pub server: DirectoryEntry,
    /// The others.
    pub devices: BTreeMap<DeviceId, Enrolled>,
}

impl Registry {
    /// Who is behind a device id.
    #[must_use]
    pub fn entry(&self, device: &DeviceId) -> Option<&DirectoryEntry> {
        if *device == self.server.device() {
            return Some(&self.server);
        }
        self.devices.get(device).map(|enrolled| &enrolled.entry)
    }

    /// The areas of a device's newest certificate.
    #[must_use]
    pub fn areas(&self, device: &DeviceId) -> BTreeSet<AreaId> {
        self.devices.get(device).and_then(|enrolled| enrolled.certificates.last()).cloned().unwrap_or_default()
    }

    /// What keeps every change of a batch in quarantine.
    #[must_use]
    pub fn obstacle(&self, batch: &Batch) -> Option<Reason> {
        if batch.device() == self.server.device() {
            return None;
        }
        let enrolled = self.devices.get(&batch.device())?;
        if enrolled.revoked {
            return Some(Reason::DeviceRevoked);
        }
        let CertificateNo(no) = batch.header().certificate;
        let Some(areas) = usize::try_from(no).ok().and_then(|no| enrolled.certificates.get(no.wrapping_sub(1))) else {
            return Some(Reason::CertificateUnknown);
        };
        if !areas.contains(&batch.log().area) {
            return Some(Reason::AreaOutOfScope);
        }
        (batch.header().schema > SCHEMA).then_some(Reason::UnknownSchema)
    }

    /// What a batch says of one of its entries.
    #[must_use]
    pub fn binding(&self, batch: &Batch, ordinal: usize, released: bool) -> Option<Binding> {
        let entry = &batch.header().entries[ordinal];
        let author = self.entry(&batch.device())?;
        let is_server = batch.device() == self.server.device();
        Some(Binding {
            record_id: entry.record,
            kind: entry.known_kind()?,
            device: batch.device(),
            recorder: if is_server { RecorderId(0) } else { author.recorder },
            role: if is_server { Role::Coordinator } else { author.role },
            adopted: released || (is_server && entry.adopted),
        })
    }
}
