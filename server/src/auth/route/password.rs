//! POST /v1/sign-ins: the password, once, lets an enrolled device in again.

use axum::extract::State;
use sync_core::id::{CertificateNo, DeviceId, UnixMs};
use sync_core::log::verify;
use utoipa::ToSchema;

use super::super::password::{MOST_BYTES, Password};
use super::super::problems::{ACCOUNT_DEACTIVATED, DEVICE_REVOKED, SIGN_IN_REFUSED};
use super::super::rate::{self, Bucket};
use super::super::{Known, Policy, sign_in, statement};
use super::grant::{Admitted, Grant, Has, grant};
use super::{count_attempt, signature_of};
use crate::account;
use crate::app::AppState;
use crate::client::ClientAddress;
use crate::db::Tx;
use crate::device::{self, Contact};
use crate::problem::{FIELD, Json, Problem};
use crate::write_tx;

/// A request to sign in. It is not written anywhere.
#[derive(Debug, Clone, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The account's username.
    pub username: String,
    /// Its password.
    pub password: Password,
    /// The enrolled device.
    #[schema(value_type = crate::openapi::Hex16)]
    pub device_id: DeviceId,
    /// Ed25519 over `banlang sign-in v1` ‖ device id ‖ SHA-256(username ‖ 00 ‖ password); 128 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex128)]
    pub signature: String,
    /// The number of the certificate the device has; it is left out of the answer when it is the newest.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4294967295_u64)]
    pub certificate_no: Option<CertificateNo>,
    /// What the device's clock shows.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub time_ms: Option<UnixMs>,
    /// The version of its program.
    #[serde(default)]
    pub app_version: Option<String>,
}

/// Signs in with the password, on a device enrolled for that account.
///
/// A wrong username, password, device or signature are one answer after the same work. Only attempts signed by a device
/// of the account count against the account, so nobody else can lock its owner out, and nobody else's guesses are
/// compared with the password at all.
#[utoipa::path(post, path = "/v1/sign-ins", tag = "access", security(()), request_body = SignInRequest,
    responses((status = 200, description = "Signed in", body = Grant)))]
pub(super) async fn sign_in(
    State(app): State<AppState>,
    address: ClientAddress,
    Json(request): Json<SignInRequest>,
) -> Result<Json<Grant>, Problem> {
    let now = app.now();
    let signature = signature_of(&request.signature)?;
    if request.password.expose().len() > MOST_BYTES {
        return Err(FIELD.problem().field("password").accepted("at most 256 bytes"));
    }
    count_attempt(&app, Bucket::Address(&address.ip.to_string()), now).await?;

    let mut tx = app.db.snapshot().await?;
    let device = device::find(&mut tx, request.device_id).await?;
    let signed = statement::sign_in(request.device_id, &request.username, request.password.expose());
    let device = device.filter(|device| verify(&device.key, &signed, &signature));
    let account = match device.as_ref().and_then(|device| device.account) {
        Some(id) => account::find(&mut tx, id).await?,
        None => None,
    };
    let username = account::folded_username(&request.username).ok();
    let account = account.filter(|account| Some(&account.username) == username.as_ref());
    let stored = match &account {
        Some(account) => account::password_hash(&mut tx, account.id).await?,
        None => None,
    };
    drop(tx);
    if let Some(account) = &account {
        count_attempt(&app, Bucket::Account(account.id), now).await?;
    }
    let fits = app.auth.hasher.verify(request.password.clone(), stored.clone()).await.map_err(Problem::internal)?;
    let (Some(device), Some(account), true) = (device, account, fits) else {
        return Err(SIGN_IN_REFUSED.problem());
    };

    let known = app.auth.known(&app.db, now).await?;
    let contact = Contact { clock: request.time_ms, app_version: request.app_version.as_deref() };
    let has = Has { certificate: request.certificate_no, server_keys: None };
    let proven = Proven { device: device.id, account: account.id, stored };
    Ok(Json(write_tx!(app.db, |tx| sign_in_now(tx, &app.auth.policy, &known, &proven, contact, has, now))?))
}

/// A device and an account whose password was right, and the hash it was right for.
struct Proven {
    device: DeviceId,
    account: i64,
    stored: Option<String>,
}

async fn sign_in_now(
    tx: &mut Tx,
    policy: &Policy,
    known: &Known,
    proven: &Proven,
    contact: Contact<'_>,
    has: Has<'_>,
    now: UnixMs,
) -> Result<Grant, Problem> {
    let device = device::find(tx, proven.device).await?.ok_or_else(|| SIGN_IN_REFUSED.problem())?;
    let account = account::find(tx, proven.account).await?.ok_or_else(|| SIGN_IN_REFUSED.problem())?;
    if device.revoked_at.is_some() {
        return Err(DEVICE_REVOKED.problem());
    }
    if !account.active {
        return Err(ACCOUNT_DEACTIVATED.problem());
    }
    // The password may have been reset while its old hash was checked.
    if account::password_hash(tx, account.id).await? != proven.stored {
        return Err(SIGN_IN_REFUSED.problem());
    }
    rate::forget(tx, Bucket::Account(account.id)).await?;
    device::note_contact(tx, device.id, contact, now).await?;
    let opened = sign_in::open(tx, policy, device.id, account.id, now).await?;
    let admitted = Admitted { device: &device, account: &account, sign_in: opened };
    grant(tx, policy, known, admitted, has, now).await
}
