//! POST /v1/tokens: the device's key alone fetches the next access token.

use axum::extract::State;
use sync_core::id::{CertificateNo, DeviceId, UnixMs, from_hex};
use sync_core::log::{Signature, verify};
use utoipa::ToSchema;

use super::super::certificate::{self, Signed};
use super::super::key::Keyring;
use super::super::problems::{
    ACCOUNT_DEACTIVATED, CERTIFICATE_REFUSED, CERTIFICATE_WANTED, DEVICE_REVOKED, SIGN_IN_EXPIRED, TOKEN_REFUSED,
};
use super::super::{Known, Policy, restored, sign_in, statement};
use super::grant::{Admitted, Grant, Has, grant};
use super::signature_of;
use crate::account::{self, Account};
use crate::app::AppState;
use crate::db::Tx;
use crate::device::{self, Contact, Device};
use crate::problem::{FIELD, Json, Problem};
use crate::write_tx;

/// A request for an access token.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// The enrolled device.
    #[schema(value_type = crate::openapi::Hex16)]
    pub device_id: DeviceId,
    /// 16 fresh random bytes, 32 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex32)]
    pub nonce: String,
    /// Ed25519 over `banlang token v1` ‖ device id ‖ nonce; 128 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex128)]
    pub signature: String,
    /// The number of the certificate the device has; it is left out of the answer when it is the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4294967295_u64)]
    pub certificate_no: Option<CertificateNo>,
    /// The certificate's text: only after the answer `certificate.wanted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The `server_keys_version` the device has; the keys are left out of the answer when it is the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_keys: Option<String>,
    /// What the device's clock shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub time_ms: Option<UnixMs>,
    /// The version of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
}

/// Issues an access token. Nothing rotates: an answer that is lost is asked for again and nobody is logged out.
///
/// A certificate past half its life, or whose account has other rights now, is renewed on the way. A server restored
/// from an old backup knows again, from its certificate, a device enrolled since.
#[utoipa::path(post, path = "/v1/tokens", tag = "access", security(()), request_body = TokenRequest,
    responses((status = 200, description = "An access token", body = Grant)))]
pub(super) async fn token(
    State(app): State<AppState>,
    Json(request): Json<TokenRequest>,
) -> Result<Json<Grant>, Problem> {
    let now = app.now();
    let nonce = from_hex::<16>(&request.nonce)
        .ok_or_else(|| FIELD.problem().field("nonce").accepted("32 hexadecimal digits"))?;
    let signature = signature_of(&request.signature)?;
    let signed = statement::token(request.device_id, &nonce);
    let known = app.auth.known(&app.db, now).await?;
    let asked = Asked { request: &request, signed, signature, now };
    if let Some(lost) = vouch(&mut app.db.snapshot().await?, &asked).await? {
        write_tx!(app.db, |tx| put_back(tx, &app.auth.policy, &lost, now))?;
    }
    Ok(Json(write_tx!(app.db, |tx| grant_token(tx, &app.auth.policy, &known, &asked))?))
}

/// A request of the right form, and what its signature is over.
struct Asked<'a> {
    request: &'a TokenRequest,
    signed: Vec<u8>,
    signature: Signature,
    now: UnixMs,
}

async fn grant_token(tx: &mut Tx, policy: &Policy, known: &Known, asked: &Asked<'_>) -> Result<Grant, Problem> {
    let Asked { request, now, .. } = *asked;
    let device = device::find(tx, request.device_id).await?;
    let device = device.ok_or_else(|| TOKEN_REFUSED.problem().field("device_id"))?;
    let (device, account) = present(tx, asked, device).await?;
    if device.revoked_at.is_some() {
        return Err(DEVICE_REVOKED.problem());
    }
    if !account.active {
        return Err(ACCOUNT_DEACTIVATED.problem());
    }
    let live = sign_in::live(tx, device.id, account.id, now).await?.ok_or_else(|| SIGN_IN_EXPIRED.problem())?;
    let live = sign_in::slide(tx, policy, live, now).await?;
    let contact = Contact { clock: request.time_ms, app_version: request.app_version.as_deref() };
    device::note_contact(tx, device.id, contact, now).await?;
    let has = Has { certificate: request.certificate_no, server_keys: request.server_keys.as_deref() };
    let admitted = Admitted { device: &device, account: &account, sign_in: live };
    grant(tx, policy, known, admitted, has, now).await
}

/// Checks the device's signature before anything is written: who has no key of a device, or no certificate of this
/// deployment, gets no turn among those who write. Of a device that is not on file its certificate is returned.
async fn vouch(tx: &mut Tx, asked: &Asked<'_>) -> Result<Option<Signed>, Problem> {
    let signed_by = |key| verify(key, &asked.signed, &asked.signature);
    if let Some(device) = device::find(tx, asked.request.device_id).await? {
        let refused = || TOKEN_REFUSED.problem().field("signature");
        return signed_by(&device.key).then_some(None).ok_or_else(refused);
    }
    let shown = shown(tx, asked.request, asked.now).await?;
    let of_device = shown.certificate.device == asked.request.device_id && signed_by(&shown.key);
    let refused = || CERTIFICATE_REFUSED.problem().field("certificate");
    if of_device && shown.certificate.expires_at > asked.now { Ok(Some(shown)) } else { Err(refused()) }
}

async fn put_back(tx: &mut Tx, policy: &Policy, lost: &Signed, now: UnixMs) -> Result<(), Problem> {
    restored::put_back(tx, policy, lost, None, now).await?;
    Ok(())
}

/// A device on file. When it holds a newer certificate than is on file, that was lost and is put back.
async fn present(tx: &mut Tx, asked: &Asked<'_>, device: Device) -> Result<(Device, Account), Problem> {
    let Asked { request, now, .. } = *asked;
    if !verify(&device.key, &asked.signed, &asked.signature) {
        return Err(TOKEN_REFUSED.problem().field("signature"));
    }
    let account = match device.account {
        Some(id) => account::find(tx, id).await?,
        None => None,
    };
    let account = account.ok_or_else(|| TOKEN_REFUSED.problem().field("device_id"))?;
    let stands = device.revoked_at.is_none() && account.active;
    if stands && request.certificate_no.is_some_and(|no| i64::from(no.0) > device.certificate_no) {
        let shown = shown(tx, request, now).await?;
        if shown.certificate.device != device.id || shown.certificate.recorder != account.recorder() {
            return Err(CERTIFICATE_REFUSED.problem().field("certificate"));
        }
        certificate::adopt(tx, &shown.certificate).await?;
    }
    Ok((device, account))
}

async fn shown(tx: &mut Tx, request: &TokenRequest, now: UnixMs) -> Result<Signed, Problem> {
    let text = request.certificate.as_deref().ok_or_else(|| CERTIFICATE_WANTED.problem().field("certificate"))?;
    let ring = Keyring::load_in(tx).await?;
    let signed = certificate::read(&ring, text, now).ok().filter(|signed| signed.certificate.issued_at <= now);
    signed.ok_or_else(|| CERTIFICATE_REFUSED.problem().field("certificate"))
}
