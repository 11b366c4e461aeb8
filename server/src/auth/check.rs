//! Checks a request: token, device key, counter, and whether sign-in, device and account still stand.

use axum::extract::OriginalUri;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sync_core::id::{AreaId, CertificateNo, DeviceId, PublicKey, RecorderId, Role, UnixMs};
use sync_core::log::{Signature, verify};

use super::jwt::JwtError;
use super::problems::{
    ACCOUNT_DEACTIVATED, AUTH_CHANGED, DEVICE_REVOKED, PROOF_MISSING, PROOF_REFUSED, PROOF_USED, SIGN_IN_EXPIRED,
    TOKEN_EXPIRED, TOKEN_MISSING, TOKEN_REFUSED,
};
use super::replay::ReplayError;
use super::statement::{self, PROOF_HEADER};
use super::token::{self, AccessToken, TokenError};
use super::{Principal, Scope};
use crate::account;
use crate::app::AppState;
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;
use crate::problem::Problem;

/// A request whose token is this server's and whose sign-in, device and account stand. The proof is still to be
/// checked, which needs the body: nobody without a token makes the server read one.
pub(super) struct Claimed {
    principal: Principal,
    key: PublicKey,
    token: String,
    access: AccessToken,
    counter: u64,
    signature: Signature,
    now: UnixMs,
}

/// The token's half of the check.
pub(super) async fn claim(app: &AppState, parts: &Parts) -> Result<Claimed, Problem> {
    let now = app.now();
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(missing)?.to_owned();
    let proof = parts.headers.get(PROOF_HEADER).and_then(|value| value.to_str().ok());
    let (counter, signature) = proof.and_then(statement::parse_proof_header).ok_or_else(|| {
        PROOF_MISSING
            .problem()
            .field(PROOF_HEADER)
            .accepted("base64url without padding of counter (8 bytes, big-endian) and Ed25519 signature (64 bytes)")
    })?;
    let mut known = app.auth.known(&app.db, now).await?;
    let mut read = token::read(&known.ring, &token, now);
    if read == Err(TokenError::Jwt(JwtError::Key)) {
        // Another process may have rotated the key.
        known = app.auth.known_anew(&app.db, now).await?;
        read = token::read(&known.ring, &token, now);
    }
    let access = read.map_err(|error| match error {
        TokenError::Expired => TOKEN_EXPIRED.problem(),
        TokenError::Jwt(_) => TOKEN_REFUSED.problem(),
    })?;
    let standing = Standing::of(&app.db, access.sign_in).await?.ok_or_else(|| TOKEN_REFUSED.problem())?;
    let areas = known.scope(standing.role, &standing.granted);
    let principal = standing.principal(access.sign_in, areas);
    Ok(Claimed { key: standing.key, principal, token, access, counter, signature, now }).and_then(|claimed| {
        standing.check(now)?;
        Ok(claimed)
    })
}

/// No access token, or none in the expected form.
pub(crate) fn missing() -> Problem {
    TOKEN_MISSING.problem().field("authorization").accepted("Bearer and an access token")
}

impl Claimed {
    /// The proof's half of the check. The counter is used up only when the signature holds.
    pub(super) fn prove(self, app: &AppState, parts: &Parts, body: &[u8]) -> Result<Principal, Problem> {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
        let signed = statement::proof(parts.method.as_str(), target, body, &self.token, self.counter);
        if !verify(&self.key, &signed, &self.signature) {
            return Err(PROOF_REFUSED.problem().field(PROOF_HEADER));
        }
        let token = statement::sha256(self.token.as_bytes());
        let taken = app.auth.replay.take(self.access.sign_in, token, self.access.expires_at, self.counter, self.now);
        taken.map_err(|error| match error {
            ReplayError::Used => PROOF_USED.problem().field(PROOF_HEADER),
            ReplayError::Superseded => TOKEN_EXPIRED.problem().detail("newer tokens of this sign-in are in use"),
        })?;
        Ok(self.principal)
    }
}

/// What the database says of a sign-in, its device and its account.
struct Standing {
    account: i64,
    device: DeviceId,
    key: PublicKey,
    role: Role,
    granted: Vec<AreaId>,
    certificate: CertificateNo,
    expires_at: UnixMs,
    ended: bool,
    revoked: bool,
    active: bool,
}

type Row = (i64, Blob<DeviceId>, Blob<PublicKey>, String, i64, i64, Option<i64>, Option<i64>, bool);

const STANDING: &str = "select s.account_id, d.id, d.public_key, a.role, d.certificate_no, s.expires_at_ms,
        s.ended_at_ms, d.revoked_at_ms, a.active
    from sign_in s join device d on d.id = s.device_id join account a on a.id = s.account_id
    where s.id = $1";
const GRANTED: &str = "select generation, code from account_area where account_id = $1 order by generation, code";

impl Standing {
    async fn of(db: &Db, sign_in: i64) -> Result<Option<Self>, DbError> {
        let row: Option<Row> = on_db!(db, |c| sqlx::query_as(STANDING).bind(sign_in).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let granted = on_db!(db, |c| sqlx::query_as(GRANTED).bind(row.0).fetch_all(c).await)?;
        Self::from_rows(row, granted).map(Some)
    }

    async fn inside(tx: &mut Tx, sign_in: i64) -> Result<Option<Self>, DbError> {
        let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(STANDING).bind(sign_in).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let granted = on_db!(tx, |c| sqlx::query_as(GRANTED).bind(row.0).fetch_all(c).await)?;
        Self::from_rows(row, granted).map(Some)
    }

    fn from_rows(row: Row, granted: Vec<(i64, i64)>) -> Result<Self, DbError> {
        let (account, Blob(device), Blob(key), role, no, expires_at, ended_at, revoked_at, active) = row;
        let damaged = |_| DbError::Damaged { column: "device.certificate_no", why: "out of range".to_owned() };
        Ok(Self {
            account,
            device,
            key,
            role: account::role_of(&role, "account.role")?,
            granted: granted
                .into_iter()
                .map(|area| account::area_of(area, "account_area"))
                .collect::<Result<_, _>>()?,
            certificate: CertificateNo(no.try_into().map_err(damaged)?),
            expires_at: UnixMs(expires_at),
            ended: ended_at.is_some(),
            revoked: revoked_at.is_some(),
            active,
        })
    }

    /// The worst first: a revoked device learns that, whatever else has ended.
    fn check(&self, now: UnixMs) -> Result<(), Problem> {
        if self.revoked {
            return Err(DEVICE_REVOKED.problem());
        }
        if !self.active {
            return Err(ACCOUNT_DEACTIVATED.problem());
        }
        if self.ended || self.expires_at <= now {
            return Err(SIGN_IN_EXPIRED.problem());
        }
        Ok(())
    }

    fn principal(&self, sign_in: i64, areas: Scope) -> Principal {
        Principal {
            account: self.account,
            recorder: RecorderId(u32::try_from(self.account).unwrap_or(0)),
            role: self.role,
            device: self.device,
            certificate: self.certificate,
            sign_in,
            granted: self.granted.clone(),
            areas,
        }
    }
}

/// Checks inside a transaction that what [`Principal`] says still holds: call it before writing.
///
/// Transactions are serializable: a revocation that commits first is seen here, and one that commits later comes after
/// everything this transaction wrote.
///
/// # Errors
/// A [`Problem`] for the caller: `device.revoked`, `account.deactivated`, `sign-in.expired`, or `auth.changed` when
/// role or areas are no longer those the request was checked with.
pub async fn check_again(tx: &mut Tx, principal: &Principal, now: UnixMs) -> Result<(), Problem> {
    let standing = Standing::inside(tx, principal.sign_in).await?.ok_or_else(|| SIGN_IN_EXPIRED.problem())?;
    standing.check(now)?;
    if standing.role != principal.role
        || standing.granted != principal.granted
        || standing.device != principal.device
        || standing.account != principal.account
    {
        return Err(AUTH_CHANGED.problem());
    }
    Ok(())
}
