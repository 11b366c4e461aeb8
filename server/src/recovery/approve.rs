//! Approving a recovery: one transaction, with its audit row.

use sync_core::code::EnrolmentCode;
use sync_core::id::{DeviceId, UnixMs};

use super::{envelope, store};
use crate::audit::{self, Actor};
use crate::auth::key::Keyring;
use crate::db::{DbError, Transient, Tx};
use crate::device;

/// Why a recovery was not approved.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// No such device, or it was revoked: then it is enrolled anew instead.
    #[error("no such device, or it was revoked")]
    Device,
    /// The device did not ask, or what it asked for ended or was approved.
    #[error("the device has no recovery that waits")]
    NoneWaits,
    /// Somebody else asked with another key, or the code was misread.
    #[error("the check code is not the one this device shows")]
    CheckCode,
    /// The server's carry key cannot open it any more.
    #[error("the envelope cannot be opened")]
    Envelope,
    /// Sealing failed.
    #[error("the answer cannot be sealed: {0}")]
    Seal(#[from] age::EncryptError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Transient for RecoveryError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_transient())
    }
}

/// Opens the envelope and seals the data key to the key of the request whose check code was read out.
///
/// # Errors
/// [`RecoveryError`].
pub async fn approve(
    tx: &mut Tx,
    actor: Actor,
    id: DeviceId,
    code: &EnrolmentCode,
    now: UnixMs,
) -> Result<(), RecoveryError> {
    let device = device::find(tx, id).await?.filter(|device| device.account.is_some() && device.revoked_at.is_none());
    let device = device.ok_or(RecoveryError::Device)?;
    let recovery = store::waiting(tx, id, now).await?.ok_or(RecoveryError::NoneWaits)?;
    if recovery.check_code != *code {
        return Err(RecoveryError::CheckCode);
    }
    let ring = Keyring::load_in(tx).await?;
    let text = envelope::unseal(&recovery.envelope, id, &ring).ok_or(RecoveryError::Envelope)?;
    let recipient = recovery.recipient.parse().map_err(|_| RecoveryError::Envelope)?;
    let sealed = envelope::seal(&text, &recipient)?;
    if !store::answer(tx, recovery.id, &sealed, now).await? {
        return Err(RecoveryError::NoneWaits);
    }
    let detail = serde_json::json!({ "account": device.account });
    audit::record(tx, now, actor, "device.recovered", &id.to_string(), &detail).await?;
    Ok(())
}
