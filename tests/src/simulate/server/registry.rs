//! Who is enrolled, under which certificates, and who was revoked. A restore forgets the devices that were enrolled after
//! the backup, until somebody shows a certificate of theirs; the rest an administrator would enter again.

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
    /// The certificates the server knows of. A device of which it knows none it does not know.
    pub on_file: BTreeSet<CertificateNo>,
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
        let enrolled = self.devices.get(device).filter(|enrolled| !enrolled.on_file.is_empty());
        enrolled.map(|enrolled| &enrolled.entry)
    }

    /// Issues a device's next certificate.
    pub fn issue(&mut self, device: &DeviceId, areas: BTreeSet<AreaId>) -> Option<CertificateNo> {
        let enrolled = self.devices.get_mut(device)?;
        enrolled.certificates.push(areas);
        let no = CertificateNo(enrolled.certificates.len() as u32);
        enrolled.on_file.insert(no);
        enrolled.entry.certificate = certificate_text(device, no);
        Some(no)
    }

    /// Forgets a device.
    pub fn forget(&mut self, device: &DeviceId) {
        if let Some(enrolled) = self.devices.get_mut(device) {
            enrolled.on_file.clear();
        }
    }

    /// Knows a device again by its newest certificate, which it shows when it calls.
    pub fn called(&mut self, device: &DeviceId) {
        if let Some(enrolled) = self.devices.get_mut(device) {
            enrolled.on_file.insert(CertificateNo(enrolled.certificates.len() as u32));
        }
    }

    /// Knows the devices again whose certificates are shown.
    pub fn shown(&mut self, certificates: &[String]) {
        for (device, enrolled) in &mut self.devices {
            let numbers = (1..=enrolled.certificates.len() as u32).map(CertificateNo);
            enrolled.on_file.extend(numbers.filter(|no| certificates.contains(&certificate_text(device, *no))));
        }
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
        let named = batch.header().certificate;
        let certificate = enrolled.certificates.get((named.0 as usize).wrapping_sub(1));
        let Some(areas) = certificate.filter(|_| enrolled.on_file.contains(&named)) else {
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

/// Stands for a signed certificate.
#[must_use]
pub fn certificate_text(device: &DeviceId, no: CertificateNo) -> String {
    format!("certificate {no} of {device}")
}
