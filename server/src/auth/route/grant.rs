//! What a device receives when it enrols, signs in or asks for a token.

use sync_core::id::{AreaId, CertificateNo, DeviceId, RecorderId, Role, UnixMs};
use utoipa::ToSchema;

use super::super::certificate::{self, Certificate, CertificateError};
use super::super::key::{Keyring, Purpose};
use super::super::sign_in::SignIn;
use super::super::state::Known;
use super::super::statement::sha256;
use super::super::{Policy, Scope, token};
use crate::account::Account;
use crate::db::Tx;
use crate::device::Device;
use crate::problem::Problem;

/// A device's access, and what it needs to know of the server. `certificate` and `server` stand there when the device
/// did not say that it has them.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct Grant {
    /// The access token, for `authorization: Bearer`.
    pub access_token: String,
    /// When it ends.
    #[schema(value_type = i64)]
    pub access_token_expires_at_ms: UnixMs,
    /// When the password is asked for, unless the device calls before.
    #[schema(value_type = i64)]
    pub sign_in_expires_at_ms: UnixMs,
    /// The server's clock.
    #[schema(value_type = i64)]
    pub server_time_ms: UnixMs,
    /// Names the set of server keys in force; send it as `server_keys` and they are left out.
    pub server_keys_version: String,
    /// The device's newest certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<GrantedCertificate>,
    /// The server's public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerKeys>,
}

/// A certificate, and what it says in plain fields.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct GrantedCertificate {
    /// Names the device's key.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// Its number; batches name it.
    #[schema(value_type = u32)]
    pub no: CertificateNo,
    /// The signed text.
    pub jwt: String,
    /// When it ends.
    #[schema(value_type = i64)]
    pub expires_at_ms: UnixMs,
    /// The person's number: the owner of their tallies.
    #[schema(value_type = u32)]
    pub recorder: RecorderId,
    /// What the person types to sign in.
    pub username: String,
    /// The person's name.
    pub display_name: String,
    /// What the person may do.
    #[schema(value_type = String)]
    pub role: Role,
    /// The areas granted, as `2025-06841`; empty for a role that has every area.
    #[schema(value_type = Vec<String>)]
    pub areas: Vec<AreaId>,
    /// The same with every unit related by lineage; absent for a role that has every area.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub scope: Option<Vec<AreaId>>,
}

/// The server's public keys.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct ServerKeys {
    /// The keys that verify certificates, tokens, receipts and the server's log, oldest first.
    pub keys: Vec<ServerPublicKey>,
    /// What carried files are encrypted to: an age recipient.
    pub carry_recipient: String,
    /// The devices under whose names the server sealed its own logs, one for each log key it ever had.
    #[schema(value_type = Vec<String>)]
    pub log_device_ids: Vec<DeviceId>,
}

/// One public key of the server.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct ServerPublicKey {
    /// Its name in headers and receipts.
    pub kid: String,
    /// What it verifies.
    pub purpose: Purpose,
    /// 64 hexadecimal digits.
    pub key: String,
}

/// What a device says it has already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Has<'a> {
    pub(super) certificate: Option<CertificateNo>,
    pub(super) server_keys: Option<&'a str>,
}

/// Who is let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admitted<'a> {
    pub(super) device: &'a Device,
    pub(super) account: &'a Account,
    pub(super) sign_in: SignIn,
}

/// Issues a token, and a certificate when one is due.
pub(super) async fn grant(
    tx: &mut Tx,
    policy: &Policy,
    known: &Known,
    admitted: Admitted<'_>,
    has: Has<'_>,
    now: UnixMs,
) -> Result<Grant, Problem> {
    let Admitted { device, account, sign_in } = admitted;
    // The keys inside the transaction: a certificate signed by a key another process has just retired would be void.
    let ring = Keyring::load_in(tx).await?;
    let mut newest = certificate::newest(tx, device.id).await?;
    // One whose key was retired since is void, too.
    let is_void = |newest: &Certificate| certificate::read(&ring, &newest.jwt, now).is_err();
    if newest.as_ref().is_some_and(is_void) || certificate::is_due(newest.as_ref(), account, now) {
        let issued = certificate::issue(tx, &ring, policy, device.id, device.key, account, now).await;
        newest = Some(issued.map_err(|error| match error {
            CertificateError::Db(error) => error.into(),
            CertificateError::Jwt(error) => Problem::internal(error),
        })?);
    }
    let (access_token, ends) = token::issue(&ring, policy, sign_in.id, now).map_err(Problem::internal)?;
    let scope = known.scope(account.role, &account.areas);
    let certificate = newest.filter(|newest| has.certificate != Some(newest.no)).map(|newest| GrantedCertificate {
        device_id: device.id,
        no: newest.no,
        jwt: newest.jwt,
        expires_at_ms: newest.expires_at,
        recorder: newest.recorder,
        username: account.username.clone(),
        display_name: account.display_name.clone(),
        role: newest.role,
        areas: newest.areas,
        scope: match scope {
            Scope::All => None,
            Scope::Areas(areas) => Some(areas.iter().copied().collect()),
        },
    });
    let version = version(&ring, now);
    let server = (has.server_keys != Some(&version)).then(|| server_keys(&ring, now)).transpose()?;
    Ok(Grant {
        access_token,
        access_token_expires_at_ms: ends,
        sign_in_expires_at_ms: sign_in.expires_at,
        server_time_ms: now,
        server_keys_version: version,
        certificate,
        server,
    })
}

fn version(ring: &Keyring, now: UnixMs) -> String {
    let kids: Vec<_> = ring.all().iter().filter(|key| key.is_valid(now)).map(|key| key.public_text()).collect();
    sync_core::id::to_hex(&sha256(kids.join(" ").as_bytes())[..6])
}

fn server_keys(ring: &Keyring, now: UnixMs) -> Result<ServerKeys, Problem> {
    let keys = ring.all().iter().filter(|key| key.purpose != Purpose::Carry && key.is_valid(now));
    Ok(ServerKeys {
        keys: keys
            .map(|key| ServerPublicKey { kid: key.kid.clone(), purpose: key.purpose, key: key.public_text() })
            .collect(),
        carry_recipient: ring.newest(Purpose::Carry, now).map_err(Problem::internal)?.public_text(),
        log_device_ids: ring.log_devices(),
    })
}
