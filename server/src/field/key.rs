//! The device's private key, at rest beside its store.
//!
//! The file `key` is readable by its owner alone. It holds the 32 bytes of the Ed25519 secret as hexadecimal text or,
//! when a passphrase was given at enrolment, the same text encrypted with age (scrypt). Whoever reads the plain file can
//! speak for the device until an officer revokes it: on a shared machine use a passphrase.

use std::path::Path;

use age::secrecy::SecretString;
use ed25519_dalek::{Signer, SigningKey};
use sync_core::id::{DeviceId, PublicKey, from_hex, to_hex};
use sync_core::log::Signature;

use super::error::FieldError;

const FILE: &str = "key";
/// How every age file begins.
const AGE: &[u8] = b"age-encryption.org/v1";

/// The device's key pair.
#[derive(Clone)]
pub(super) struct DeviceKey(SigningKey);

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.device())
    }
}

impl DeviceKey {
    /// A fresh key.
    pub(super) fn generate() -> Self {
        Self(SigningKey::from_bytes(&crate::auth::random_bytes()))
    }

    /// The key kept in a store's directory, or `None` when there is none.
    pub(super) fn read(directory: &Path, passphrase: Option<&SecretString>) -> Result<Option<Self>, FieldError> {
        let path = directory.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FieldError::io(path.display().to_string(), error)),
        };
        let text = if bytes.starts_with(AGE) {
            let passphrase = passphrase.ok_or(FieldError::PassphraseNeeded)?;
            let identity = age::scrypt::Identity::new(passphrase.clone());
            age::decrypt(&identity, &bytes).map_err(|_| FieldError::PassphraseWrong)?
        } else {
            bytes
        };
        let secret = std::str::from_utf8(&text).ok().and_then(|text| from_hex::<32>(text.trim()));
        let secret = secret.ok_or_else(|| FieldError::damaged("key", "expected 64 hexadecimal digits"))?;
        Ok(Some(Self(SigningKey::from_bytes(&secret))))
    }

    /// Writes the key, durably and never over another one.
    pub(super) fn write(&self, directory: &Path, passphrase: Option<&SecretString>) -> Result<(), FieldError> {
        let path = directory.join(FILE);
        let failed = |error| FieldError::io(path.display().to_string(), error);
        let text = to_hex(&self.0.to_bytes());
        let bytes = match passphrase {
            None => text.into_bytes(),
            Some(passphrase) => {
                let recipient = age::scrypt::Recipient::new(passphrase.clone());
                age::encrypt(&recipient, text.as_bytes()).map_err(|error| FieldError::Encryption(error.to_string()))?
            }
        };
        // The store's lock is held: nobody else makes a key here.
        if path.exists() {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        crate::durable::write_whole(&path, &bytes, 0o600).map_err(failed)
    }

    /// The device this key makes.
    pub(super) fn device(&self) -> DeviceId {
        DeviceId::of_key(&self.public())
    }

    /// The public half.
    pub(super) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// A signature.
    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// A signature as hexadecimal text.
    pub(super) fn sign_hex(&self, message: &[u8]) -> String {
        to_hex(&self.sign(message).0)
    }

    /// The key pair, for request proofs.
    pub(super) fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}
