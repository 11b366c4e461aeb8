//! `/v1/devices`.

use std::collections::BTreeMap;

use axum::extract::State;
use sync_core::id::{CertificateNo, DeviceId, RecorderId, Role, UnixMs};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::gaps::{Gaps, gaps};
use super::revoke::{self, RevokeError};
use super::store::{self, Device};
use crate::account::permission::{may_manage, may_see};
use crate::account::{self, Account};
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::{Principal, SignedJson, check_again};
use crate::db::Tx;
use crate::problem::{FIELD, FORBIDDEN, Json, Path, Problem, ProblemKind};
use crate::write_tx;

/// No device of this id that the caller may see.
pub const DEVICE_UNKNOWN: ProblemKind =
    ProblemKind::new(404, "device.unknown", "No such device", "Không có thiết bị này");
/// It was revoked before.
pub const REVOKED_ALREADY: ProblemKind = ProblemKind::new(
    409,
    "device.revoked-already",
    "The device was revoked already",
    "Thiết bị đã bị thu hồi từ trước",
);

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Unknown => DEVICE_UNKNOWN.problem().field("id"),
            RevokeError::Already => REVOKED_ALREADY.problem(),
            RevokeError::Reason => FIELD.problem().field("reason").accepted("3 to 200 characters"),
            RevokeError::Db(error) => error.into(),
        }
    }
}

/// An enrolled device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceView {
    /// 16 hexadecimal digits.
    #[schema(value_type = String)]
    pub id: DeviceId,
    /// What its owner calls it.
    pub label: String,
    /// Who carries it.
    #[schema(value_type = u32)]
    pub account_id: RecorderId,
    /// That person's name.
    pub display_name: String,
    /// That person's role.
    #[schema(value_type = String)]
    pub role: Role,
    /// When it was enrolled.
    #[schema(value_type = i64)]
    pub enrolled_at_ms: UnixMs,
    /// When it was last heard of; absent when never.
    #[schema(value_type = Option<i64>)]
    pub last_contact_ms: Option<UnixMs>,
    /// When it last called with nothing left that the server did not have; coverage goes by this. Absent when never.
    #[schema(value_type = Option<i64>)]
    pub synced_at_ms: Option<UnixMs>,
    /// Its clock minus the server's, in milliseconds, when it last told.
    pub clock_skew_ms: Option<i64>,
    /// The version of its program, when it last told.
    pub app_version: Option<String>,
    /// The number of its newest certificate.
    #[schema(value_type = u32)]
    pub certificate_no: CertificateNo,
    /// When it was revoked.
    #[schema(value_type = Option<i64>)]
    pub revoked_at_ms: Option<UnixMs>,
    /// Why.
    pub revoked_reason: Option<String>,
    /// Whether the caller may revoke it.
    pub manageable: bool,
    /// What of its logs is missing.
    #[serde(flatten)]
    pub gaps: Gaps,
}

fn view(principal: &Principal, device: Device, account: &Account, gaps: Option<&Gaps>) -> DeviceView {
    DeviceView {
        id: device.id,
        label: device.label,
        account_id: account.recorder(),
        display_name: account.display_name.clone(),
        role: account.role,
        enrolled_at_ms: device.enrolled_at,
        last_contact_ms: device.last_contact,
        synced_at_ms: device.synced_at,
        clock_skew_ms: device.clock_skew_ms,
        app_version: device.app_version,
        certificate_no: CertificateNo(u32::try_from(device.certificate_no).unwrap_or(0)),
        revoked_at_ms: device.revoked_at,
        revoked_reason: device.revoked_reason,
        manageable: device.revoked_at.is_none() && may_revoke(principal, account),
        gaps: gaps.copied().unwrap_or_default(),
    }
}

/// A person may revoke their own lost phone from another device.
fn may_revoke(principal: &Principal, account: &Account) -> bool {
    may_manage(principal, account) || account.id == principal.account
}

/// `/v1/devices`, `/v1/devices/{id}/revoke`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revoke_device))
}

/// The devices the caller may see, newest first, with their last contact, what their clock was off by, and what of their
/// logs is known to exist and has not arrived.
#[utoipa::path(get, path = "/v1/devices", tag = "devices",
    responses((status = 200, description = "Devices", body = Vec<DeviceView>)))]
async fn list(State(app): State<AppState>, principal: Principal) -> Result<Json<Vec<DeviceView>>, Problem> {
    let seen = visible(&app, &principal).await?;
    let mut tx = app.db.snapshot().await?;
    let gaps = gaps(&mut tx, &principal.areas, principal.device).await?;
    let shown = |(device, account): (Device, Account)| {
        let missing = gaps.get(&device.id);
        view(&principal, device, &account, missing)
    };
    Ok(Json(seen.into_iter().map(shown).collect()))
}

/// The devices `principal` may see, with who carries them.
///
/// # Errors
/// A [`Problem`] when the database fails.
pub async fn visible(app: &AppState, principal: &Principal) -> Result<Vec<(Device, Account)>, Problem> {
    let accounts: BTreeMap<i64, Account> = account::list(&app.db)
        .await?
        .into_iter()
        .filter(|account| may_see(principal, account))
        .map(|account| (account.id, account))
        .collect();
    let devices = store::list(&app.db).await?;
    Ok(devices
        .into_iter()
        .filter_map(|device| {
            let account = accounts.get(&device.account?)?.clone();
            Some((device, account))
        })
        .collect())
}

/// Why a device is revoked.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// 3 to 200 characters, for whoever asks later.
    #[schema(min_length = 3, max_length = 200)]
    pub reason: String,
}

/// Revokes a device at once: its next request is refused, also in the middle of a sync, and nothing it seals is
/// admitted. For administrators, officers in their own areas, and a person's own other device. There is no way back.
#[utoipa::path(post, path = "/v1/devices/{id}/revoke", tag = "devices",
    params(("id" = inline(crate::openapi::Hex16), Path, description = "16 hexadecimal digits")), request_body = Revocation,
    responses((status = 200, description = "The device, revoked", body = DeviceView)))]
async fn revoke_device(
    State(app): State<AppState>,
    Path(id): Path<DeviceId>,
    signed: SignedJson<Revocation>,
) -> Result<Json<DeviceView>, Problem> {
    let SignedJson { principal, value } = signed;
    Ok(Json(write_tx!(app.db, |tx| revoke_in(tx, &app, &principal, id, &value.reason))?))
}

async fn revoke_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    id: DeviceId,
    reason: &str,
) -> Result<DeviceView, Problem> {
    let now = app.now();
    let unknown = || DEVICE_UNKNOWN.problem().field("id");
    check_again(tx, principal, now).await?;
    let device = store::find(tx, id).await?.ok_or_else(unknown)?;
    let account = account::find(tx, device.account.ok_or_else(unknown)?).await?;
    let account = account.filter(|account| may_see(principal, account)).ok_or_else(unknown)?;
    if !may_revoke(principal, &account) {
        return Err(FORBIDDEN
            .problem()
            .accepted("administrators; officers for guards whose areas all lie in the officer's own"));
    }
    revoke::revoke(tx, Actor::from(principal), id, reason, now).await?;
    let device = store::find(tx, id).await?.ok_or_else(unknown)?;
    let gaps = gaps(tx, &principal.areas, principal.device).await?;
    let missing = gaps.get(&id);
    Ok(view(principal, device, &account, missing))
}
