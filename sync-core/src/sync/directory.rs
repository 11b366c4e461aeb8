//! Who is behind a device id, so that a conflict can name its authors without signal.

use crate::id::{DeviceId, PublicKey, RecorderId, Role};
use crate::wire::{Reader, WireError, Writer};

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
        out.fixed(&self.key.0).number(self.recorder.0.into()).byte(role).bytes(self.name.as_bytes());
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
        Ok(Self { key, recorder, role, name: from.text("name", 200)?.to_owned() })
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
        let count = from.count("directory", 100_000, 35)?;
        (0..count).map(|_| Self::read(from)).collect()
    }
}
