//! Enrolling a device and opening its store.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use age::secrecy::SecretString;
use sync_core::device::{Device, Identity, PageSizes};
use sync_core::id::ActorId;
use sync_core::sync::DirectoryEntry;

use super::client::Client;
use super::error::FieldError;
use super::key::DeviceKey;
use super::store::{Durability, Key, Profile, Store};
use super::{Field, access};
use crate::clock::{Clock, SystemClock};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Opens the key when it is protected; protects it when a device is enrolled.
    pub passphrase: Option<SecretString>,
    /// How long to wait for another program to close the store.
    pub wait: Duration,
    /// How safe a confirmed write is.
    pub durability: Durability,
    /// The device's clock.
    pub clock: Arc<dyn Clock>,
    /// How much goes into one message.
    pub sizes: PageSizes,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            passphrase: None,
            wait: Duration::from_secs(3),
            durability: Durability::PowerLoss,
            clock: Arc::new(SystemClock),
            sizes: PageSizes::default(),
        }
    }
}

/// What enrolment needs.
#[derive(Debug, Clone)]
pub struct Enrolment<'a> {
    /// The server's address.
    pub server: &'a str,
    /// The single-use code.
    pub code: &'a str,
    /// What its owner calls the device.
    pub label: &'a str,
}

impl Field {
    /// Makes a key, proves it to the server with the code, and opens the new store.
    ///
    /// The key is on disk before the server hears of it: when the answer is lost, the same command with the same code
    /// gives the same device.
    ///
    /// # Errors
    /// [`FieldError::AlreadyEnrolled`], [`FieldError::Refused`] for a code that does not count, and those of opening.
    pub async fn enrol(directory: &Path, with: Enrolment<'_>, options: OpenOptions) -> Result<Self, FieldError> {
        let code = access::parse_code(with.code)?;
        let mut client = Client::new(with.server)?;
        let mut store = Store::open(directory, options.durability, options.wait).await?;
        if store.meta(Key::Profile).await?.is_some() {
            return Err(FieldError::AlreadyEnrolled { directory: directory.display().to_string() });
        }
        let key = match DeviceKey::read(directory, options.passphrase.as_ref())? {
            Some(key) => key,
            None => {
                let key = DeviceKey::generate();
                key.write(directory, options.passphrase.as_ref())?;
                key
            }
        };
        let now = options.clock.now();
        let (profile, access, server_time) =
            access::enrol(&mut client, &key, with.server, &code, with.label, now).await?;
        store.put_meta_json(Key::Profile, &profile).await?;
        store.put_meta_json(Key::Access, &access).await?;
        let mut field = Self::assemble(store, key, profile, client, options).await?;
        field.note_clocks(server_time).await?;
        field.note_contact().await?;
        // The village list is what a device needs most once it is out of reach; without it recording works all the same,
        // and the next command that names a place asks for it again.
        match field.fetch_reference().await {
            Ok(()) | Err(FieldError::Unreachable(_) | FieldError::Refused(_)) => Ok(field),
            Err(error) => Err(error),
        }
    }

    /// Opens an enrolled device's store.
    ///
    /// # Errors
    /// [`FieldError::NotEnrolled`], [`FieldError::Locked`], [`FieldError::PassphraseNeeded`], or what the disk says.
    pub async fn open(directory: &Path, options: OpenOptions) -> Result<Self, FieldError> {
        let not_enrolled = || FieldError::NotEnrolled { directory: directory.display().to_string() };
        if !Store::exists(directory) {
            return Err(not_enrolled());
        }
        let mut store = Store::open(directory, options.durability, options.wait).await?;
        let profile: Profile = store.meta_json(Key::Profile).await?.ok_or_else(not_enrolled)?;
        let key = DeviceKey::read(directory, options.passphrase.as_ref())?.ok_or_else(not_enrolled)?;
        if key.device() != profile.device {
            return Err(FieldError::damaged("key", "it is another device's"));
        }
        let client = Client::new(&profile.server)?;
        Self::assemble(store, key, profile, client, options).await
    }

    async fn assemble(
        mut store: Store,
        key: DeviceKey,
        profile: Profile,
        client: Client,
        options: OpenOptions,
    ) -> Result<Self, FieldError> {
        let mut stored = store.stored().await?;
        // A device verifies its own batches too, when they come back to a copied or rolled-back store, and a server
        // introduces only devices whose logs are new: so it introduces itself.
        stored.directory.retain(|entry| entry.device() != profile.device);
        stored.directory.push(DirectoryEntry {
            key: key.public(),
            recorder: profile.recorder,
            role: profile.role,
            name: profile.display_name.clone(),
            certificate: profile.certificate.clone(),
        });
        let access = store.meta_json(Key::Access).await?;
        let reference = super::reference::read(&mut store).await?;
        let device = Device::new(identity_of(&profile), stored, options.sizes);
        let actor = fresh_actor(&profile);
        Ok(Self { store, key, profile, device, client, access, clock: options.clock, actor, reference })
    }

    pub(super) fn identity(&self) -> Identity {
        identity_of(&self.profile)
    }

    /// Draws a new actor: one actor must never number two changes alike.
    pub(super) fn renew_actor(&mut self) {
        self.actor = fresh_actor(&self.profile);
    }

    /// Points the device at another address of the same server.
    ///
    /// # Errors
    /// [`FieldError::Value`] when it is no address.
    pub async fn move_server(&mut self, server: &str) -> Result<(), FieldError> {
        self.client = Client::new(server)?;
        self.profile.server = server.trim().trim_end_matches('/').to_owned();
        self.store.put_meta_json(Key::Profile, &self.profile).await
    }

    pub(super) async fn note_contact(&mut self) -> Result<(), FieldError> {
        let now = self.clock.now().0.to_string();
        self.store.put_meta(Key::LastContact, now.as_bytes()).await
    }
}

fn fresh_actor(profile: &Profile) -> ActorId {
    ActorId::new(profile.device, crate::auth::random_bytes())
}

fn identity_of(profile: &Profile) -> Identity {
    Identity {
        device: profile.device,
        certificate: profile.certificate_no,
        recorder: profile.recorder,
        role: profile.role,
        areas: profile.areas.iter().copied().collect::<BTreeSet<_>>(),
        servers: profile.log_devices.clone(),
        receipt_keys: profile.receipt_keys.clone(),
    }
}
