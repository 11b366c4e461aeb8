//! The terminal device, `banlang field …`: a real device with its own store on disk.
//!
//! [`Field`] drives [`sync_core::device::Device`]: it owns the store, the key, the clock and the line to the server and
//! carries out every effect. Everything but enrolment and sync works with the server stopped.
//!
//! **Crash.** A command that said "recorded" has written the change durably. A program that ends at any other point
//! leaves the store as the last transaction left it; the next one opens it and goes on.
//!
//! **One program.** An open [`Field`] holds a lock on its store: a second program waits or says so. When a store was
//! copied all the same, the next sync finds it and says so, and nothing is lost.

mod access;
mod client;
pub mod command;
mod disk;
mod drive;
mod error;
mod figures;
mod forbidden;
mod held;
mod key;
mod open;
mod read;
mod record;
mod reference;
mod status;
mod store;
mod summary;
#[cfg(test)]
mod tests;
pub mod text;
mod today;
mod witness;

use std::sync::Arc;

use sync_core::device::{Device, Identity, Notice};
use sync_core::id::ActorId;

use crate::clock::Clock;
use crate::reference::Catalogue;

pub use client::{Refusal, Traffic};
pub use drive::{Carried, End, Exported, Report};
pub use error::FieldError;
pub use held::HeldBack;
pub use open::{Enrolment, OpenOptions};
pub use read::{Found, Standing, Whole};
pub use status::Status;
pub use store::Durability;
pub use summary::Summary;
pub use witness::{Evidence, Lost, Statement, Testimony, Witnessed};

use client::{Access, Client};
use key::DeviceKey;
use store::{Profile, Store};

/// An enrolled device with its store open.
pub struct Field {
    store: Store,
    key: DeviceKey,
    profile: Profile,
    device: Device,
    client: Client,
    access: Option<Access>,
    clock: Arc<dyn Clock>,
    /// The actor of this opening; drawn anew when a change could not be written.
    actor: ActorId,
    reference: Arc<Catalogue>,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").field("device", &self.profile.device).finish_non_exhaustive()
    }
}

impl Field {
    /// Who this device is.
    #[must_use]
    pub fn who(&self) -> &Identity {
        self.device.identity()
    }

    /// The state machine: what it holds, what went out, what the server signed for.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The reference data as last fetched; empty before the first sync.
    #[must_use]
    pub fn reference(&self) -> &Catalogue {
        &self.reference
    }

    /// What went over the line since the store was opened, bodies only.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.client.traffic
    }

    /// The areas this person may record in, by certificate; empty when the role has every area.
    #[must_use]
    pub fn areas(&self) -> &[sync_core::id::AreaId] {
        &self.profile.areas
    }

    /// Lets the power go at a moment.
    #[cfg(test)]
    fn cut_power(&mut self, at: store::Power) {
        self.store.cut_power(at);
    }

    /// Closes the store in good order.
    ///
    /// # Errors
    /// When the database cannot write its log back; nothing is lost.
    pub async fn close(self) -> Result<(), FieldError> {
        self.store.close().await
    }
}

/// Watches a sync.
pub type Watch<'a> = &'a mut (dyn FnMut(&Notice, Traffic) + Send);
