//! `/v1/recoveries`, `/v1/devices/{id}/recover`.

use axum::extract::State;
use sync_core::code::EnrolmentCode;
use sync_core::id::{DeviceId, UnixMs, from_hex, to_hex};
use sync_core::statement;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::approve::{RecoveryError, approve};
use super::envelope;
use super::store::{self, Recovery};
use crate::account;
use crate::account::permission::{may_manage, may_see};
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::rate::Bucket;
use crate::auth::route::count_attempt;
use crate::auth::{Principal, SignedJson, check_again, random_bytes};
use crate::client::ClientAddress;
use crate::db::Tx;
use crate::device::{self, route::DEVICE_UNKNOWN};
use crate::problem::{FIELD, FORBIDDEN, Json, Path, Problem, ProblemKind};
use crate::write_tx;

/// No recovery of this id, or it ended.
pub const RECOVERY_UNKNOWN: ProblemKind = ProblemKind::new(
    404,
    "recovery.unknown",
    "No such recovery; ask again",
    "Không có yêu cầu mở khóa này, hãy gửi lại",
);
/// The device has none that waits.
pub const NONE_WAITS: ProblemKind = ProblemKind::new(
    409,
    "recovery.none-waits",
    "This device has no recovery that waits for approval",
    "Thiết bị này không có yêu cầu mở khóa đang chờ",
);
/// The code is another request's.
pub const CHECK_CODE: ProblemKind = ProblemKind::new(
    422,
    "recovery.check-code",
    "The check code is not the one the device shows",
    "Mã kiểm tra không khớp với mã trên thiết bị",
);
/// The envelope is not one of this device for this server.
pub const ENVELOPE: ProblemKind = ProblemKind::new(
    422,
    "recovery.envelope",
    "This server cannot open what the device sealed at enrolment",
    "Máy chủ này không mở được gói khóa thiết bị lập khi đăng ký",
);

impl From<RecoveryError> for Problem {
    fn from(error: RecoveryError) -> Self {
        match error {
            RecoveryError::Device => DEVICE_UNKNOWN.problem().field("id"),
            RecoveryError::NoneWaits => NONE_WAITS.problem(),
            RecoveryError::CheckCode => CHECK_CODE.problem().field("check_code"),
            RecoveryError::Envelope => ENVELOPE.problem().field("envelope"),
            RecoveryError::Seal(error) => Self::internal(error),
            RecoveryError::Db(error) => error.into(),
        }
    }
}

/// What a device shows the server when its PIN is forgotten.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRequest {
    /// 16 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex16)]
    pub device_id: DeviceId,
    /// What it sealed at enrolment: age, to the carry key, of `BLRECOV1` ‖ device id ‖ data key. Hexadecimal.
    pub envelope: String,
    /// The age recipient (`age1…`) the answer is to be sealed to, made for this request.
    pub recipient: String,
}

/// A recovery, as its device sees it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct RecoveryView {
    /// By it the answer is fetched; 32 hexadecimal digits.
    pub id: String,
    /// When it ends, approved or not.
    #[schema(value_type = i64)]
    pub expires_at_ms: UnixMs,
    /// The server's clock.
    #[schema(value_type = i64)]
    pub server_time_ms: UnixMs,
    /// The answer, once approved: age, to the recipient, of the envelope's text. Hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

fn view(recovery: &Recovery, now: UnixMs) -> RecoveryView {
    RecoveryView {
        id: to_hex(&recovery.id),
        expires_at_ms: recovery.expires_at,
        server_time_ms: now,
        sealed: recovery.sealed.as_deref().map(to_hex),
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ask, waiting)).routes(routes!(fetch)).routes(routes!(recover))
}

/// Asks for the data key behind a forgotten PIN
///
/// Needs no sign-in: the key that would prove one is locked away. Nothing is opened before somebody who manages the
/// account approves the check code: the first nine bytes of SHA-256(`banlang recovery v1` ‖ device id ‖
/// SHA-256(envelope) ‖ recipient), as an enrolment code is made of nine bytes. The device makes it itself.
#[utoipa::path(post, path = "/v1/recoveries", tag = "access", security(()), request_body = RecoveryRequest,
    responses((status = 200, description = "It waits for approval", body = RecoveryView)))]
async fn ask(
    State(app): State<AppState>,
    address: ClientAddress,
    Json(request): Json<RecoveryRequest>,
) -> Result<Json<RecoveryView>, Problem> {
    let now = app.now();
    count_attempt(&app, Bucket::Address(&address.ip.to_string()), now).await?;
    let envelope = hex_bytes(&request.envelope)
        .ok_or_else(|| FIELD.problem().field("envelope").accepted("hexadecimal, at most 1024 bytes"))?;
    if request.recipient.parse::<age::x25519::Recipient>().is_err() {
        return Err(FIELD.problem().field("recipient").accepted("an age recipient, age1…"));
    }
    let known = app.auth.known(&app.db, now).await?;
    envelope::unseal(&envelope, request.device_id, &known.ring).ok_or_else(|| ENVELOPE.problem().field("envelope"))?;
    let check_code = statement::recovery_check(request.device_id, &envelope, &request.recipient);
    let recovery = Recovery {
        id: random_bytes(),
        device: request.device_id,
        envelope,
        recipient: request.recipient,
        check_code,
        asked_at: now,
        expires_at: UnixMs(now.0 + i64::from(app.config.enrolment_code_hours) * 3_600_000),
        sealed: None,
    };
    write_tx!(app.db, |tx| ask_in(tx, &recovery))?;
    Ok(Json(view(&recovery, now)))
}

async fn ask_in(tx: &mut Tx, recovery: &Recovery) -> Result<(), Problem> {
    let unknown = || DEVICE_UNKNOWN.problem().field("device_id");
    let device = device::find(tx, recovery.device).await?.ok_or_else(unknown)?;
    device.account.filter(|_| device.revoked_at.is_none()).ok_or_else(unknown)?;
    Ok(store::insert(tx, recovery).await?)
}

/// Two digits a byte, at most what an envelope has.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let whole = text.len().is_multiple_of(2) && text.len() <= 2 * envelope::MOST_BYTES && text.is_ascii();
    let digits = |at: usize| from_hex::<1>(&text[at..at + 2]).map(|[byte]| byte);
    whole.then(|| (0..text.len()).step_by(2).map(digits).collect()).flatten()
}

/// Whether a recovery was approved, and the answer once it was
#[utoipa::path(get, path = "/v1/recoveries/{id}", tag = "access", security(()),
    params(("id" = inline(crate::openapi::Hex32), Path, description = "32 hexadecimal digits, from the request's answer")),
    responses((status = 200, description = "The recovery", body = RecoveryView)))]
async fn fetch(State(app): State<AppState>, Path(id): Path<String>) -> Result<Json<RecoveryView>, Problem> {
    let now = app.now();
    let unknown = || RECOVERY_UNKNOWN.problem().field("id");
    let id = from_hex::<16>(&id).ok_or_else(unknown)?;
    let recovery = store::find(&app.db, id, now).await?.ok_or_else(unknown)?;
    Ok(Json(view(&recovery, now)))
}

/// A recovery that waits for somebody who manages the account.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct WaitingRecovery {
    /// 16 hexadecimal digits.
    #[schema(value_type = crate::openapi::Hex16)]
    pub device_id: DeviceId,
    /// What its owner calls it.
    pub label: String,
    /// Who carries it.
    pub display_name: String,
    /// When it was asked for.
    #[schema(value_type = i64)]
    pub asked_at_ms: UnixMs,
    /// When it ends.
    #[schema(value_type = i64)]
    pub expires_at_ms: UnixMs,
    /// Whether the caller may approve it.
    pub manageable: bool,
}

/// Recoveries of devices the caller may see, that wait for approval, the oldest first
#[utoipa::path(get, path = "/v1/recoveries", tag = "devices",
    responses((status = 200, description = "Those that wait", body = Vec<WaitingRecovery>)))]
async fn waiting(State(app): State<AppState>, principal: Principal) -> Result<Json<Vec<WaitingRecovery>>, Problem> {
    let seen = device::route::visible(&app, &principal).await?;
    let open = store::open(&app.db, app.now()).await?;
    let rows = open.into_iter().filter_map(|recovery| {
        let (device, account) = seen.iter().find(|(device, _)| device.id == recovery.device)?;
        Some(WaitingRecovery {
            device_id: device.id,
            label: device.label.clone(),
            display_name: account.display_name.clone(),
            asked_at_ms: recovery.asked_at,
            expires_at_ms: recovery.expires_at,
            manageable: may_manage(&principal, account),
        })
    });
    Ok(Json(rows.collect()))
}

/// What the device's owner read out.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryApproval {
    /// `XXXX-XXXX-XX`, as the device shows it.
    pub check_code: String,
}

/// Approves a device's recovery: its owner may set a new PIN
///
/// For administrators and officers who manage the account, once they know who is speaking. The audit row is written with it.
#[utoipa::path(post, path = "/v1/devices/{id}/recover", tag = "devices",
    params(("id" = inline(crate::openapi::Hex16), Path, description = "16 hexadecimal digits")), request_body = RecoveryApproval,
    responses((status = 200, description = "Approved; the device fetches the answer by itself")))]
async fn recover(
    State(app): State<AppState>,
    Path(id): Path<DeviceId>,
    signed: SignedJson<RecoveryApproval>,
) -> Result<Json<serde_json::Value>, Problem> {
    let SignedJson { principal, value } = signed;
    let now = app.now();
    count_attempt(&app, Bucket::Account(principal.account), now).await?;
    let code: EnrolmentCode = value.check_code.parse().map_err(|error: sync_core::code::CodeError| {
        FIELD.problem().field("check_code").detail(error.to_string()).accepted("XXXX-XXXX-XX, as the device shows it")
    })?;
    write_tx!(app.db, |tx| recover_in(tx, &principal, id, &code, now))?;
    Ok(Json(serde_json::json!({})))
}

async fn recover_in(
    tx: &mut Tx,
    principal: &Principal,
    id: DeviceId,
    code: &EnrolmentCode,
    now: UnixMs,
) -> Result<(), Problem> {
    let unknown = || DEVICE_UNKNOWN.problem().field("id");
    check_again(tx, principal, now).await?;
    let device = device::find(tx, id).await?.ok_or_else(unknown)?;
    let account = account::find(tx, device.account.ok_or_else(unknown)?).await?;
    let account = account.filter(|account| may_see(principal, account)).ok_or_else(unknown)?;
    if !may_manage(principal, &account) {
        return Err(FORBIDDEN
            .problem()
            .accepted("administrators; officers for guards whose areas all lie in the officer's own"));
    }
    Ok(approve(tx, Actor::from(principal), id, code, now).await?)
}
