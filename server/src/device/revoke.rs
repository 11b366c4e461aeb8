//! Revoking a device: one transaction, with its audit row.

use sync_core::id::{DeviceId, UnixMs};

use super::store;
use crate::audit::{self, Actor};
use crate::auth::sign_in;
use crate::db::{DbError, Transient, Tx};

/// Why a device was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// No such device, or the server's own.
    #[error("no such device")]
    Unknown,
    /// It was revoked before.
    #[error("the device was revoked already")]
    Already,
    /// The reason is empty or too long.
    #[error("reason: 3 to 200 characters")]
    Reason,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Transient for RevokeError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_transient())
    }
}

/// Revokes a device: from the commit on no request of its is answered and nothing it seals is admitted. What it still
/// holds can be deposited and is kept in quarantine. There is no way back; its owner enrols again with a new key.
///
/// # Errors
/// [`RevokeError`].
pub async fn revoke(tx: &mut Tx, actor: Actor, id: DeviceId, reason: &str, now: UnixMs) -> Result<(), RevokeError> {
    let reason = reason.trim();
    if !(3..=200).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err(RevokeError::Reason);
    }
    let device = store::find(tx, id).await?.filter(|device| device.account.is_some()).ok_or(RevokeError::Unknown)?;
    if device.revoked_at.is_some() || !store::mark_revoked(tx, id, reason, now).await? {
        return Err(RevokeError::Already);
    }
    sign_in::end_of_device(tx, id, now).await?;
    let detail = serde_json::json!({ "reason": reason, "account": device.account });
    audit::record(tx, now, actor, "device.revoked", &id.to_string(), &detail).await?;
    Ok(())
}
