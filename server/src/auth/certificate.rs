//! Device certificates: who seals a log, for whom, where and until when.
//!
//! A certificate is a JWT (EdDSA, `typ` `banlang-certificate+jwt`) that a carrier, a hub or another server can check
//! without the database. It names device, person, role, the areas granted (not expanded) and its validity. A batch
//! names the number of the certificate it was sealed under, so every certificate stays on file.
//!
//! | Claim | Meaning |
//! |---|---|
//! | `iss`, `aud` | `banlang`, `gate` |
//! | `sub` | the recorder id, decimal |
//! | `dev` | the device id, 16 hexadecimal digits |
//! | `cnf` | the device's public key as JWK (RFC 7800, RFC 8037) |
//! | `role`, `areas`, `no` | role; areas as `2025-06841`; number of this certificate of the device |
//! | `iat`, `nbf`, `exp` | seconds since the epoch |

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, CertificateNo, DeviceId, PublicKey, RecorderId, Role, UnixMs};

use super::jwt::{self, JwtError, Kind};
use super::key::{Keyring, Purpose};
use super::policy::Policy;
use crate::account::{self, Account};
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Header and audience of a certificate.
pub const KIND: Kind = Kind { typ: "banlang-certificate+jwt", audience: "gate", purpose: Purpose::Certificate };
const ISSUER: &str = "banlang";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    jwk: Jwk,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    dev: DeviceId,
    cnf: Confirmation,
    role: Role,
    areas: Vec<AreaId>,
    no: CertificateNo,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// A certificate as issued. It is never revoked by itself: its device is, or its account has other rights since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose key it certifies.
    pub device: DeviceId,
    /// Which of the device's certificates it is.
    pub no: CertificateNo,
    /// What its person might do.
    pub role: Role,
    /// Its person.
    pub recorder: RecorderId,
    /// The areas granted, not expanded by lineage; empty for a role that has every area.
    pub areas: Vec<AreaId>,
    /// Batches sealed before are not its own.
    pub issued_at: UnixMs,
    /// Batches sealed from then on are not its own.
    pub expires_at: UnixMs,
    /// The signed text.
    pub jwt: String,
}

/// What a signed certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The certificate.
    pub certificate: Certificate,
    /// The device's public key.
    pub key: PublicKey,
}

/// A certificate could not be issued or adopted.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No key is in force, or the text is none of this server's certificates.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Issues the device's next certificate.
///
/// # Errors
/// [`CertificateError`].
pub async fn issue(
    tx: &mut Tx,
    ring: &Keyring,
    policy: &Policy,
    device: DeviceId,
    key: PublicKey,
    account: &Account,
    now: UnixMs,
) -> Result<Certificate, CertificateError> {
    const NEXT: &str = "update device set certificate_no = certificate_no + 1 where id = $1 returning certificate_no";
    let no: i64 =
        on_db!(tx, |c| sqlx::query_scalar(NEXT).bind(Blob(device)).fetch_one(c).await).map_err(DbError::from)?;
    let issued_s = now.0 / 1000;
    let expires_s = issued_s + policy.certificate_life.as_secs() as i64;
    let mut certificate = Certificate {
        device,
        no: number(no)?,
        role: account.role,
        recorder: account.recorder(),
        areas: account.areas.clone(),
        issued_at: UnixMs(issued_s * 1000),
        expires_at: UnixMs(expires_s * 1000),
        jwt: String::new(),
    };
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: KIND.audience.to_owned(),
        sub: certificate.recorder.to_string(),
        dev: device,
        cnf: Confirmation {
            jwk: Jwk { kty: "OKP".to_owned(), crv: "Ed25519".to_owned(), x: URL_SAFE_NO_PAD.encode(key.0) },
        },
        role: certificate.role,
        areas: certificate.areas.clone(),
        no: certificate.no,
        iat: issued_s,
        nbf: issued_s,
        exp: expires_s,
    };
    let signer = ring.newest(Purpose::Certificate, now).map_err(|_| JwtError::Key)?;
    certificate.jwt = jwt::encode(KIND, signer, &claims)?;
    insert(tx, &certificate).await?;
    Ok(certificate)
}

/// What a certificate's text says, its signature checked. Validity in time is judged by the caller.
///
/// # Errors
/// [`JwtError`].
pub fn read(ring: &Keyring, text: &str, now: UnixMs) -> Result<Signed, JwtError> {
    let claims: Claims = jwt::decode(KIND, ring, text, now)?;
    let recorder = claims.sub.parse().map(RecorderId).map_err(|_| JwtError::Form)?;
    let jwk = &claims.cnf.jwk;
    let key = URL_SAFE_NO_PAD.decode(&jwk.x).ok().and_then(|bytes| PublicKey::from_slice(&bytes));
    let key = key.filter(|key| DeviceId::of_key(key) == claims.dev).ok_or(JwtError::Form)?;
    if claims.iss != ISSUER || jwk.kty != "OKP" || jwk.crv != "Ed25519" || claims.no.0 == 0 {
        return Err(JwtError::Form);
    }
    let certificate = Certificate {
        device: claims.dev,
        no: claims.no,
        role: claims.role,
        recorder,
        areas: claims.areas,
        issued_at: UnixMs(claims.nbf.saturating_mul(1000)),
        expires_at: UnixMs(claims.exp.saturating_mul(1000)),
        jwt: text.to_owned(),
    };
    Ok(Signed { certificate, key })
}

/// Puts a certificate that this deployment issued, and lost when it was restored from an old backup, back on file.
///
/// # Errors
/// [`DbError`].
pub async fn adopt(tx: &mut Tx, certificate: &Certificate) -> Result<(), DbError> {
    const ADVANCE: &str = "update device set certificate_no = $2 where id = $1 and certificate_no < $2";
    if find(tx, certificate.device, certificate.no).await?.is_none() {
        insert(tx, certificate).await?;
    }
    let no = i64::from(certificate.no.0);
    on_db!(tx, |c| sqlx::query(ADVANCE).bind(Blob(certificate.device)).bind(no).execute(c).await.map(drop))?;
    Ok(())
}

async fn insert(tx: &mut Tx, certificate: &Certificate) -> Result<(), DbError> {
    const INSERT: &str = "insert into certificate
        (device_id, no, role, recorder, issued_at_ms, expires_at_ms, jwt) values ($1, $2, $3, $4, $5, $6, $7)";
    const AREA: &str = "insert into certificate_area (device_id, no, generation, code) values ($1, $2, $3, $4)
        on conflict (device_id, no, generation, code) do nothing";
    let (device, no) = (Blob(certificate.device), i64::from(certificate.no.0));
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(device)
        .bind(no)
        .bind(certificate.role.name())
        .bind(i64::from(certificate.recorder.0))
        .bind(certificate.issued_at.0)
        .bind(certificate.expires_at.0)
        .bind(&certificate.jwt)
        .execute(c)
        .await
        .map(drop))?;
    for area in &certificate.areas {
        let (generation, code) = (i64::from(area.generation), i64::from(area.code));
        on_db!(tx, |c| sqlx::query(AREA).bind(device).bind(no).bind(generation).bind(code).execute(c).await.map(drop))?;
    }
    Ok(())
}

type Row = (i64, String, i64, i64, i64, String);

/// A certificate of a device by its number.
///
/// # Errors
/// [`DbError`].
pub async fn find(tx: &mut Tx, device: DeviceId, no: CertificateNo) -> Result<Option<Certificate>, DbError> {
    const FIND: &str = "select no, role, recorder, issued_at_ms, expires_at_ms, jwt
        from certificate where device_id = $1 and no = $2";
    let no = i64::from(no.0);
    let row = on_db!(tx, |c| sqlx::query_as(FIND).bind(Blob(device)).bind(no).fetch_optional(c).await)?;
    with_areas(tx, device, row).await
}

/// The device's newest certificate.
///
/// # Errors
/// [`DbError`].
pub async fn newest(tx: &mut Tx, device: DeviceId) -> Result<Option<Certificate>, DbError> {
    const NEWEST: &str = "select no, role, recorder, issued_at_ms, expires_at_ms, jwt
        from certificate where device_id = $1 order by no desc limit 1";
    let row = on_db!(tx, |c| sqlx::query_as(NEWEST).bind(Blob(device)).fetch_optional(c).await)?;
    with_areas(tx, device, row).await
}

async fn with_areas(tx: &mut Tx, device: DeviceId, row: Option<Row>) -> Result<Option<Certificate>, DbError> {
    const AREAS: &str = "select generation, code from certificate_area where device_id = $1 and no = $2
        order by generation, code";
    let Some((no, role, recorder, issued_at, expires_at, jwt)) = row else { return Ok(None) };
    let areas: Vec<(i64, i64)> = on_db!(tx, |c| sqlx::query_as(AREAS).bind(Blob(device)).bind(no).fetch_all(c).await)?;
    Ok(Some(Certificate {
        device,
        no: number(no)?,
        role: account::role_of(&role, "certificate.role")?,
        recorder: RecorderId(recorder.try_into().map_err(|_| damaged("certificate.recorder", "not a recorder"))?),
        areas: areas.into_iter().map(|area| account::area_of(area, "certificate_area")).collect::<Result<_, _>>()?,
        issued_at: UnixMs(issued_at),
        expires_at: UnixMs(expires_at),
        jwt,
    }))
}

fn number(no: i64) -> Result<CertificateNo, DbError> {
    no.try_into().map(CertificateNo).map_err(|_| damaged("certificate.no", "not a certificate number"))
}

fn damaged(column: &'static str, why: &str) -> DbError {
    DbError::Damaged { column, why: why.to_owned() }
}

/// Whether a device should receive a new certificate: none, past half its life, or the account changed.
#[must_use]
pub fn is_due(newest: Option<&Certificate>, account: &Account, now: UnixMs) -> bool {
    let Some(certificate) = newest else { return true };
    let half = certificate.issued_at.0 + (certificate.expires_at.0 - certificate.issued_at.0) / 2;
    now.0 >= half || certificate.role != account.role || certificate.areas != account.areas
}

/// Notes since when the certificates of an account's devices name areas that the account does not have any more. What
/// a batch may hold is judged by the account itself; this says until when a device may have recorded there.
///
/// # Errors
/// [`DbError`].
pub async fn note_areas(tx: &mut Tx, account: i64, now: UnixMs) -> Result<(), DbError> {
    const END: &str = "update certificate_area set ended_at_ms = $2
        where ended_at_ms is null
          and device_id in (select id from device where account_id = $1)
          and not exists (select 1 from account_area g where g.account_id = $1
              and g.generation = certificate_area.generation and g.code = certificate_area.code)";
    const GO_ON: &str = "update certificate_area set ended_at_ms = null
        where ended_at_ms is not null
          and device_id in (select id from device where account_id = $1)
          and exists (select 1 from account_area g where g.account_id = $1
              and g.generation = certificate_area.generation and g.code = certificate_area.code)";
    on_db!(tx, |c| sqlx::query(END).bind(account).bind(now.0).execute(c).await.map(drop))?;
    on_db!(tx, |c| sqlx::query(GO_ON).bind(account).execute(c).await.map(drop))?;
    Ok(())
}
