//! POST /v1/enrolments: a code, once, makes a key pair an enrolled device.

use axum::extract::State;
use ed25519_dalek::VerifyingKey;
use sync_core::id::{DeviceId, PublicKey, UnixMs};
use sync_core::log::{Signature, verify};
use utoipa::ToSchema;

use super::super::code::EnrolmentCode;
use super::super::problems::{
    ACCOUNT_DEACTIVATED, CODE_EXPIRED, CODE_UNKNOWN, CODE_USED, DEVICE_REVOKED, DEVICE_TAKEN, ENROLMENT_REFUSED,
};
use super::super::rate::Bucket;
use super::super::{Known, Policy, enrolment_code, sign_in, statement};
use super::grant::{Admitted, Grant, Has, grant};
use super::{count_attempt, signature_of};
use crate::account;
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::client::ClientAddress;
use crate::db::Tx;
use crate::device::{self, Contact, Device};
use crate::problem::{FIELD, Json, Problem};
use crate::write_tx;

/// A request to enrol.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The code, `XXXX-XXXX-XX`.
    #[schema(min_length = 10)]
    pub code: String,
    /// The device's Ed25519 public key, 64 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex64)]
    pub public_key: PublicKey,
    /// What its owner calls the device, 1 to 60 characters.
    #[schema(min_length = 1, max_length = 60)]
    pub label: String,
    /// Ed25519 over `banlang enrol v1` ‖ SHA-256(code: ten upper-case characters) ‖ public key; 128 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex128)]
    pub signature: String,
    /// What the device's clock shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub time_ms: Option<UnixMs>,
    /// The version of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
}

/// Enrols a device. Repeating a request whose answer was lost, with the same key and code, gives the same device.
#[utoipa::path(post, path = "/v1/enrolments", tag = "access", security(()), request_body = Enrolment,
    responses((status = 200, description = "The device is enrolled", body = Grant)))]
pub(super) async fn enrol(
    State(app): State<AppState>,
    address: ClientAddress,
    Json(request): Json<Enrolment>,
) -> Result<Json<Grant>, Problem> {
    let now = app.now();
    count_attempt(&app, Bucket::Address(&address.ip.to_string()), now).await?;
    let code: EnrolmentCode = request
        .code
        .parse()
        .map_err(|error: super::super::code::CodeError| FIELD.problem().field("code").detail(error.to_string()))?;
    let key = request.public_key;
    if VerifyingKey::from_bytes(&key.0).map_or(true, |key| key.is_weak()) {
        return Err(FIELD.problem().field("public_key").accepted("an Ed25519 public key, 64 hexadecimal digits"));
    }
    let label = request.label.trim();
    if !(1..=60).contains(&label.chars().count()) || label.chars().any(char::is_control) {
        return Err(FIELD.problem().field("label").accepted("1 to 60 characters"));
    }
    let signature: Signature = signature_of(&request.signature)?;
    if !verify(&key, &statement::enrolment(&code, &key), &signature) {
        return Err(ENROLMENT_REFUSED.problem().field("signature"));
    }
    let known = app.auth.known(&app.db, now).await?;
    let contact = Contact { clock: request.time_ms, app_version: request.app_version.as_deref() };
    let candidate = Candidate { code: &code, key, label, contact };
    Ok(Json(write_tx!(app.db, |tx| enrol_in(tx, &app.auth.policy, &known, &candidate, now))?))
}

/// A request whose form and signature are right.
struct Candidate<'a> {
    code: &'a EnrolmentCode,
    key: PublicKey,
    label: &'a str,
    contact: Contact<'a>,
}

async fn enrol_in(
    tx: &mut Tx,
    policy: &Policy,
    known: &Known,
    candidate: &Candidate<'_>,
    now: UnixMs,
) -> Result<Grant, Problem> {
    let Candidate { code, key, label, contact } = *candidate;
    let unknown = || CODE_UNKNOWN.problem().field("code");
    let on_file = enrolment_code::find(tx, code).await?.ok_or_else(unknown)?;
    let id = DeviceId::of_key(&key);
    match on_file.used_by {
        Some(by) if by != id => return Err(CODE_USED.problem().field("code")),
        None if on_file.expires_at <= now => return Err(CODE_EXPIRED.problem().field("code")),
        _ => {}
    }
    let account = account::find(tx, on_file.account).await?.ok_or_else(unknown)?;
    if !account.active {
        return Err(ACCOUNT_DEACTIVATED.problem());
    }
    if let Some(device) = device::find(tx, id).await? {
        check_same(&device, &key, account.id)?;
    } else {
        device::insert(tx, key, account.id, label, now).await?;
        let actor = Actor::Person { account: account.id, device: id };
        let detail = serde_json::json!({ "account": account.id, "label": label });
        audit::record(tx, now, actor, "device.enrolled", &id.to_string(), &detail).await?;
    }
    if on_file.used_by.is_none() && !enrolment_code::claim(tx, code, id, now).await? {
        return Err(CODE_USED.problem().field("code"));
    }
    device::note_contact(tx, id, contact, now).await?;
    let device = device::find(tx, id).await?.ok_or_else(|| DEVICE_TAKEN.problem())?;
    let sign_in = sign_in::open(tx, policy, id, account.id, now).await?;
    let admitted = Admitted { device: &device, account: &account, sign_in };
    grant(tx, policy, known, admitted, Has::default(), now).await
}

/// A device that is on file may enrol again for the same person with a new code: its sign-in is renewed.
fn check_same(device: &Device, key: &PublicKey, account: i64) -> Result<(), Problem> {
    if device.key != *key || device.account != Some(account) {
        return Err(DEVICE_TAKEN.problem().field("public_key"));
    }
    if device.revoked_at.is_some() {
        return Err(DEVICE_REVOKED.problem());
    }
    Ok(())
}
