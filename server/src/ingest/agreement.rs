//! What the server proposed to each device, so that a digest can stand for it, and when each called.
//!
//! All of it is written a moment later, together with what others bring: losing it costs bytes, or leaves a device
//! unheard until it calls again, never data.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sync_core::id::{DeviceId, UnixMs};
use sync_core::log::{Digest16, Inventory};
use sync_core::sync::{Epoch, Proposal};
use sync_core::wire::{Reader, Writer};

use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// A device called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact {
    pub(crate) at: UnixMs,
    /// Device clock minus server clock.
    pub(crate) skew_ms: i64,
}

/// What is to be written of one device.
#[derive(Debug, Clone, Default)]
struct Note {
    contact: Option<Contact>,
    synced_at: Option<UnixMs>,
    /// The proposal the device used, and the one it got.
    keep: Option<(Digest16, Proposal, UnixMs)>,
    used: Option<Digest16>,
}

/// What is not written yet, a few entries a device at most.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<BTreeMap<DeviceId, Note>>);

impl Notes {
    /// Notes that a device called.
    pub(crate) fn contact(&self, device: DeviceId, contact: Contact) {
        self.lock().entry(device).or_default().contact = Some(contact);
    }

    /// Notes that a device has nothing left that the server does not have. Only after the commit: see `answer`.
    pub(crate) fn synced(&self, device: DeviceId, at: UnixMs) {
        self.lock().entry(device).or_default().synced_at = Some(at);
    }

    /// Notes what was proposed to a device in answer to a request that used another agreement.
    pub(crate) fn propose(&self, device: DeviceId, used: Digest16, proposal: Proposal, at: UnixMs) {
        let mut notes = self.lock();
        let note = notes.entry(device).or_default();
        note.used = Some(used);
        note.keep = Some((proposal.digest(), proposal, at));
    }

    /// Takes what was noted so far, to be written. What then fails to be written is lost, and only costs bytes.
    pub(crate) fn take(&self) -> Taken {
        Taken(std::mem::take(&mut *self.lock()))
    }

    fn pending(&self, device: DeviceId, digest: Digest16) -> Option<Proposal> {
        let notes = self.lock();
        let (kept, proposal, _) = notes.get(&device)?.keep.as_ref()?;
        (*kept == digest).then(|| proposal.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<DeviceId, Note>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this digest stood for when it was proposed to this device.
    pub(crate) async fn find(
        &self,
        tx: &mut Tx,
        device: DeviceId,
        digest: Digest16,
    ) -> Result<Option<Proposal>, DbError> {
        const FIND: &str = "select proposal from agreement where device_id = $1 and digest = $2";
        if let Some(proposal) = self.pending(device, digest) {
            return Ok(Some(proposal));
        }
        let bytes: Option<Vec<u8>> =
            on_db!(tx, |c| sqlx::query_scalar(FIND).bind(Blob(device)).bind(Blob(digest.0)).fetch_optional(c).await)?;
        // What cannot be read any more is as good as forgotten.
        Ok(bytes.and_then(|bytes| from_bytes(&bytes)).filter(|proposal| proposal.digest() == digest))
    }
}

/// Notes on their way into the database.
#[derive(Debug)]
pub(crate) struct Taken(BTreeMap<DeviceId, Note>);

impl Taken {
    /// Writes them; again from the start when the transaction has to be tried again.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), DbError> {
        const CONTACT: &str = "update device set last_contact_ms = $2, clock_skew_ms = $3 where id = $1";
        const SYNCED: &str = "update device set synced_at_ms = $2 where id = $1";
        const FORGET: &str = "delete from agreement where device_id = $1 and digest <> $2 and digest <> $3";
        const KEEP: &str = "insert into agreement (device_id, digest, proposal, at_ms) values ($1, $2, $3, $4) \
                            on conflict (device_id, digest) do update set at_ms = excluded.at_ms";
        for (device, note) in &self.0 {
            let device = Blob(*device);
            if let Some(Contact { at, skew_ms }) = note.contact {
                on_db!(tx, |c| sqlx::query(CONTACT).bind(device).bind(at.0).bind(skew_ms).execute(c).await.map(drop))?;
            }
            if let Some(at) = note.synced_at {
                on_db!(tx, |c| sqlx::query(SYNCED).bind(device).bind(at.0).execute(c).await.map(drop))?;
            }
            let Some((digest, proposal, at)) = &note.keep else { continue };
            let used = note.used.unwrap_or(Digest16::NONE);
            on_db!(tx, |c| sqlx::query(FORGET)
                .bind(device)
                .bind(Blob(used.0))
                .bind(Blob(digest.0))
                .execute(c)
                .await
                .map(drop))?;
            on_db!(tx, |c| sqlx::query(KEEP)
                .bind(device)
                .bind(Blob(digest.0))
                .bind(to_bytes(proposal))
                .bind(at.0)
                .execute(c)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

fn to_bytes(proposal: &Proposal) -> Vec<u8> {
    let mut out = Writer::new();
    out.fixed(&proposal.epoch.0);
    proposal.inventory.write(&mut out);
    proposal.backed_up.write(&mut out);
    out.0
}

fn from_bytes(bytes: &[u8]) -> Option<Proposal> {
    let mut from = Reader::new(bytes);
    let epoch = Epoch(from.fixed("epoch").ok()?);
    let inventory = Inventory::read(&mut from).ok()?;
    let backed_up = Inventory::read(&mut from).ok()?;
    from.end().ok()?;
    Some(Proposal { epoch, inventory, backed_up })
}
