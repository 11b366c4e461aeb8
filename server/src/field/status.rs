//! What is only here, what was sent, what the server has.

use serde::Serialize;
use sync_core::id::{AreaId, BatchSeq, DeviceId, Role, UnixMs};
use sync_core::log::Stage;

use super::store::Key;
use super::{Field, FieldError, HeldBack};

/// Where this device's own changes stand. A change counts in exactly one of the four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The device.
    pub device: DeviceId,
    /// Its person.
    pub name: String,
    /// What the person types to sign in.
    pub username: String,
    /// What the person may do.
    pub role: Role,
    /// The areas granted; empty when the role has every area.
    pub areas: Vec<AreaId>,
    /// The server's address.
    pub server: String,
    /// Own changes that are only here.
    pub only_here: u64,
    /// Own changes that were sent and have no receipt yet ("Đã gửi").
    pub sent: u64,
    /// Own changes the server has ("Máy chủ đã nhận").
    pub stored: u64,
    /// Own changes that are also in a backup of the server.
    pub backed_up: u64,
    /// Batches of others that are here.
    pub batches_of_others: u64,
    /// When the server was last heard, on this device's clock; 0 for never.
    pub last_contact_ms: UnixMs,
    /// When the password will be asked for, unless the device calls before.
    pub sign_in_expires_at_ms: UnixMs,
    /// When the certificate ends.
    pub certificate_expires_at_ms: UnixMs,
    /// The version of the reference data; 0 for none.
    pub reference_version: u64,
    /// What of this device the server keeps and does not count, as it last said.
    pub held: Vec<HeldBack>,
    /// What the server's clock showed at the last contact, when this device's was more than a day off.
    pub clock_skewed_at_ms: Option<UnixMs>,
}

impl Field {
    /// Where this device's own changes stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn status(&mut self) -> Result<Status, FieldError> {
        let me = self.device.identity().device;
        let inventory = self.device.inventory();
        let (mut here, mut sent, mut stored, mut backed_up, mut others) =
            (self.store.pending_count().await?, 0, 0, 0, 0);
        for (log, head) in inventory.iter() {
            if log.device != me {
                others += head.seq.0;
                continue;
            }
            let backup_head = self.device.receipts(Stage::BackedUp).head(log).seq;
            let stored_head = self.device.receipts(Stage::Stored).head(log).seq.max(backup_head);
            let sent_head = self.device.sent().head(log).seq.max(stored_head);
            backed_up += self.store.changes_between(log, BatchSeq(0), backup_head).await?;
            stored += self.store.changes_between(log, backup_head, stored_head).await?;
            sent += self.store.changes_between(log, stored_head, sent_head).await?;
            here += self.store.changes_between(log, sent_head, head.seq).await?;
        }
        Ok(Status {
            device: me,
            name: self.profile.display_name.clone(),
            username: self.profile.username.clone(),
            role: self.profile.role,
            areas: self.profile.areas.clone(),
            server: self.profile.server.clone(),
            only_here: here,
            sent,
            stored,
            backed_up,
            batches_of_others: others,
            last_contact_ms: UnixMs(self.store.meta_number(Key::LastContact).await?),
            sign_in_expires_at_ms: self.profile.sign_in_expires_at,
            certificate_expires_at_ms: self.profile.certificate_expires_at,
            reference_version: self.reference.version(),
            held: self.held_back().await?.into_values().collect(),
            clock_skewed_at_ms: self
                .clocks()
                .await?
                .filter(|contact| contact.is_skewed())
                .map(|contact| contact.server),
        })
    }
}
