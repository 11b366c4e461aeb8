//! What a device sealed at enrolment, and how it is sealed again for one answer.
//!
//! The text of an envelope is `BLRECOV1`, the device id (8 bytes), the data key (32 bytes), encrypted with age (X25519).
//! The layout is frozen.

use std::io::Read;

use sync_core::id::DeviceId;

use crate::auth::key::Keyring;

const MAGIC: &[u8; 8] = b"BLRECOV1";
const TEXT_BYTES: usize = 8 + DeviceId::LEN + 32;
/// More than age adds to a text of this length.
pub(super) const MOST_BYTES: usize = 1024;

/// The text of an envelope of this device, or `None` when it is none: another device's, another server's, or damaged.
pub(super) fn unseal(envelope: &[u8], device: DeviceId, ring: &Keyring) -> Option<Vec<u8>> {
    let decryptor = age::Decryptor::new_buffered(envelope).ok()?;
    let identities: Vec<&age::x25519::Identity> = ring.identities().collect();
    let reader = decryptor.decrypt(identities.into_iter().map(|identity| identity as &dyn age::Identity)).ok()?;
    let mut text = Vec::new();
    reader.take(TEXT_BYTES as u64 + 1).read_to_end(&mut text).ok()?;
    let whose = text.strip_prefix(MAGIC)?.get(..DeviceId::LEN)?;
    (text.len() == TEXT_BYTES && whose == device.as_bytes()).then_some(text)
}

/// The same text for the key the device made for this answer.
pub(super) fn seal(text: &[u8], recipient: &age::x25519::Recipient) -> Result<Vec<u8>, age::EncryptError> {
    age::encrypt(recipient, text)
}
