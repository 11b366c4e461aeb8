//! Single values of the store.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use sync_core::id::{AreaId, CertificateNo, DeviceId, PublicKey, RecorderId, Role, UnixMs};

use super::super::error::FieldError;
use super::Store;

/// Names a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::field) enum Key {
    /// [`Profile`], JSON.
    Profile,
    /// The newest access token, JSON.
    Access,
    /// The reference data, JSON as the server sent it.
    Reference,
    /// The entity tag of the reference data.
    ReferenceTag,
    /// When the reference data were last asked for, decimal milliseconds of the device's clock.
    ReferenceAt,
    /// The number of the last record made here, decimal.
    Serial,
    /// Nothing; written to take the place of a write that failed.
    Overwritten,
    /// When the server was last heard, decimal milliseconds of the device's clock.
    LastContact,
    /// Both clocks at the last contact that told the server's, JSON.
    Clocks,
    /// What was entered last, JSON: defaults of the next session.
    LastEntry,
    /// Answers of a session that was not recorded yet, JSON.
    Unfinished,
    /// What of this device the server holds back, JSON, as last fetched.
    HeldBack,
    /// Own logs that went out.
    Sent,
    /// Own logs the server signed for.
    Stored,
    /// Own logs the server signed for as backed up.
    BackedUp,
    /// The inventory last agreed on.
    Agreement,
    /// Own logs to be fetched again.
    Refetch,
    /// Areas outside of the scope.
    Outside,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Access => "access",
            Self::Reference => "reference",
            Self::ReferenceTag => "reference_tag",
            Self::ReferenceAt => "reference_at",
            Self::Serial => "serial",
            Self::Overwritten => "overwritten",
            Self::LastContact => "last_contact",
            Self::Clocks => "clocks",
            Self::LastEntry => "last_entry",
            Self::Unfinished => "unfinished",
            Self::HeldBack => "held_back",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::BackedUp => "backed_up",
            Self::Agreement => "agreement",
            Self::Refetch => "refetch",
            Self::Outside => "outside",
        }
    }
}

/// Who this device is and which server it belongs to, from its newest grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::field) struct Profile {
    /// The server's address.
    pub(in crate::field) server: String,
    /// The device.
    pub(in crate::field) device: DeviceId,
    /// The newest certificate's number.
    pub(in crate::field) certificate_no: CertificateNo,
    /// The newest certificate's text.
    pub(in crate::field) certificate: String,
    /// When it ends.
    pub(in crate::field) certificate_expires_at: UnixMs,
    /// The person's number.
    pub(in crate::field) recorder: RecorderId,
    /// What the person types to sign in.
    pub(in crate::field) username: String,
    /// The person's name.
    pub(in crate::field) display_name: String,
    /// What the person may do.
    pub(in crate::field) role: Role,
    /// The areas granted; empty when the role has every area.
    pub(in crate::field) areas: Vec<AreaId>,
    /// The same with every unit related by lineage; none when the role has every area.
    pub(in crate::field) scope: Option<Vec<AreaId>>,
    /// The server's keys that sign receipts, by key id.
    pub(in crate::field) receipt_keys: Vec<(String, PublicKey)>,
    /// Names the set of server keys.
    pub(in crate::field) server_keys_version: String,
    /// What carried files are encrypted to.
    pub(in crate::field) carry_recipient: String,
    /// The devices of the server's own logs, one for each log key it ever had.
    pub(in crate::field) log_devices: BTreeSet<DeviceId>,
    /// When the password is asked for, unless the device calls before.
    pub(in crate::field) sign_in_expires_at: UnixMs,
}

pub(super) async fn put(connection: &mut SqliteConnection, key: Key, value: &[u8]) -> Result<(), FieldError> {
    const PUT: &str =
        "insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";
    sqlx::query(PUT).bind(key.name()).bind(value).execute(connection).await?;
    Ok(())
}

impl Store {
    /// A value, or nothing.
    pub(in crate::field) async fn meta(&mut self, key: Key) -> Result<Option<Vec<u8>>, FieldError> {
        const READ: &str = "select value from meta where key = $1";
        Ok(sqlx::query_scalar(READ).bind(key.name()).fetch_optional(&mut self.connection).await?)
    }

    /// A JSON value, or nothing.
    pub(in crate::field) async fn meta_json<T: serde::de::DeserializeOwned>(
        &mut self,
        key: Key,
    ) -> Result<Option<T>, FieldError> {
        let Some(bytes) = self.meta(key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| FieldError::damaged(key.name(), error.to_string()))
    }

    /// A number, or 0.
    pub(in crate::field) async fn meta_number(&mut self, key: Key) -> Result<i64, FieldError> {
        let Some(bytes) = self.meta(key).await? else { return Ok(0) };
        let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| FieldError::damaged(key.name(), "not a number"))
    }

    /// Writes a value, durably.
    pub(in crate::field) async fn put_meta(&mut self, key: Key, value: &[u8]) -> Result<(), FieldError> {
        self.spend_power()?;
        let done = put(self.writer().await?, key, value).await;
        self.noting(done)
    }

    /// Puts another write in the place of one that failed, so that it cannot come back.
    pub(in crate::field) async fn overwrite_failed_write(&mut self) -> Result<(), FieldError> {
        let serial = self.meta(Key::Serial).await?.unwrap_or_else(|| b"0".to_vec());
        // The same value again would write nothing.
        self.put_meta(Key::Overwritten, &serial).await?;
        self.put_meta(Key::Overwritten, b"").await
    }

    /// Writes a JSON value, durably.
    pub(in crate::field) async fn put_meta_json<T: Serialize>(
        &mut self,
        key: Key,
        value: &T,
    ) -> Result<(), FieldError> {
        let bytes = serde_json::to_vec(value).map_err(|error| FieldError::damaged(key.name(), error.to_string()))?;
        self.put_meta(key, &bytes).await
    }
}
