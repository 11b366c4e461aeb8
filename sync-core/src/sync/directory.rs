//! Who is behind a device id, so that a conflict can name its authors without signal.

use super::page::ALLOCATION_BYTES;
use crate::id::{DeviceId, PublicKey, RecorderId, Role};
use crate::wire::{Reader, WireError, Writer};

/// The most bytes of a certificate's text.
const CERTIFICATE_BYTES: usize = 16 << 10;
/// The most certificates of one message.
const MAX_CERTIFICATES: usize = 1000;

/// One device, its key and the person who carries it. Sent with the first batch of a log a device has not seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The device's public key; its [`DeviceId`] follows from it.
    pub key: PublicKey,
    /// The number of the person's account; 0 for the server itself.
    pub recorder: RecorderId,
    /// What the person may do.
    pub role: Role,
    /// The name shown beside what this person recorded, at most 200 bytes.
    pub name: String,
    /// The device's newest certificate as the server signed it, at most 16 KiB; empty for the server itself. Who gives
    /// this device's batches back to a server that was restored from an older backup shows it with them.
    pub certificate: String,
}

impl DirectoryEntry {
    /// The device the entry is about.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of_key(&self.key)
    }

    /// Appends the frozen layout.
    pub fn write(&self, out: &mut Writer) {
        let role = match self.role {
            Role::Guard => 1,
            Role::Officer => 2,
            Role::Coordinator => 3,
            Role::Administrator => 4,
        };
        out.fixed(&self.key.0)
            .number(self.recorder.0.into())
            .byte(role)
            .bytes(self.name.as_bytes())
            .bytes(self.certificate.as_bytes());
    }

    /// Reads what [`DirectoryEntry::write`] wrote.
    ///
    /// # Errors
    /// [`WireError`] when the bytes do not follow the layout.
    pub fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let key = PublicKey(from.fixed("key")?);
        let recorder = RecorderId(from.number_up_to("recorder", u32::MAX.into())? as u32);
        let role = match from.byte("role")? {
            1 => Role::Guard,
            2 => Role::Officer,
            3 => Role::Coordinator,
            4 => Role::Administrator,
            got => return Err(WireError::Value { field: "role", got: got.into() }),
        };
        let name = from.text("name", 200)?.to_owned();
        Ok(Self { key, recorder, role, name, certificate: from.text("certificate", CERTIFICATE_BYTES)?.to_owned() })
    }

    /// Appends a count, then the entries.
    pub(crate) fn write_all(out: &mut Writer, entries: &[Self]) {
        out.count(entries.len());
        for entry in entries {
            entry.write(out);
        }
    }

    /// Reads what [`DirectoryEntry::write_all`] wrote.
    pub(crate) fn read_all(from: &mut Reader<'_>) -> Result<Vec<Self>, WireError> {
        let count = from.count("directory", 100_000, 36)?;
        (0..count).map(|_| Self::read(from)).collect()
    }
}

/// Appends a count, then the certificates.
pub(super) fn write_certificates(out: &mut Writer, certificates: &[String]) {
    out.count(certificates.len());
    for certificate in certificates {
        out.bytes(certificate.as_bytes());
    }
}

/// Reads what [`write_certificates`] wrote.
pub(super) fn read_certificates(from: &mut Reader<'_>) -> Result<Vec<String>, WireError> {
    let count = from.count("certificates", MAX_CERTIFICATES, 1)?;
    (0..count).map(|_| Ok(from.text("certificates", CERTIFICATE_BYTES)?.to_owned())).collect()
}

/// Passes over what [`write_certificates`] wrote; says how much memory it would take.
pub(super) fn weigh_certificates(from: &mut Reader<'_>) -> Result<usize, WireError> {
    let count = from.count("certificates", MAX_CERTIFICATES, 1)?;
    let mut bytes = count * size_of::<String>();
    for _ in 0..count {
        bytes += from.bytes("certificates", CERTIFICATE_BYTES)?.len() + ALLOCATION_BYTES;
    }
    Ok(bytes)
}
