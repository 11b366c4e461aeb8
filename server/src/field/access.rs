//! Access to the server: enrolment, tokens, sign-in, and requests that need them.

use reqwest::Method;
use serde_json::json;
use sync_core::id::{PublicKey, UnixMs, to_hex};

use super::Field;
use super::client::{Access, Answer, Ask, Client};
use super::error::FieldError;
use super::key::DeviceKey;
use super::store::{Key, Profile};
use crate::auth::code::{CodeError, EnrolmentCode};
use crate::auth::key::Purpose;
use crate::auth::route::{Grant, ServerKeys};
use crate::auth::statement;

/// A token is fetched anew so long before it ends.
const BEFORE_END_MS: i64 = 20_000;
/// The version devices tell the server.
pub(super) const APP_VERSION: &str = concat!("field ", env!("CARGO_PKG_VERSION"));

/// The code as typed; nothing is asked, and nothing written, for one that cannot be a code.
pub(super) fn parse_code(code: &str) -> Result<EnrolmentCode, FieldError> {
    code.parse().map_err(|error: CodeError| {
        let (vi, en) = match error {
            CodeError::Form => ("mã mười chữ và số dạng XXXX-XXXX-XX", "ten letters or digits, written XXXX-XXXX-XX"),
            CodeError::Check => (
                "mã đúng như được cấp (mã này có một ký tự sai hoặc hai ký tự đổi chỗ)",
                "the code as issued (in this one a character is wrong, or two changed places)",
            ),
        };
        FieldError::value("--code", code, vi, en)
    })
}

/// Asks the server to enrol this key.
pub(super) async fn enrol(
    client: &mut Client,
    key: &DeviceKey,
    server: &str,
    code: &EnrolmentCode,
    label: &str,
    now: UnixMs,
) -> Result<(Profile, Access, UnixMs), FieldError> {
    let body = json!({
        "code": code.shown(),
        "public_key": key.public(),
        "label": label,
        "signature": key.sign_hex(&statement::enrolment(code, &key.public())),
        "time_ms": now,
        "app_version": APP_VERSION,
    });
    let answer = client.ask(Ask::json("/v1/enrolments", &body)?).await?;
    let grant = grant_of(&answer)?;
    let server_time = grant.server_time_ms;
    let (Some(certificate), Some(keys)) = (&grant.certificate, &grant.server) else {
        return Err(FieldError::Answer("the grant lacks certificate or keys".to_owned()));
    };
    if certificate.device_id != key.device() {
        return Err(FieldError::Answer("the certificate names another device".to_owned()));
    }
    let mut profile = Profile {
        server: server.trim().trim_end_matches('/').to_owned(),
        device: certificate.device_id,
        certificate_no: certificate.no,
        certificate: String::new(),
        certificate_expires_at: certificate.expires_at_ms,
        recorder: certificate.recorder,
        username: String::new(),
        display_name: String::new(),
        role: certificate.role,
        areas: Vec::new(),
        scope: None,
        receipt_keys: Vec::new(),
        server_keys_version: String::new(),
        carry_recipient: String::new(),
        log_devices: keys.log_device_ids.iter().copied().collect(),
        sign_in_expires_at: grant.sign_in_expires_at_ms,
    };
    let access = take_grant(&mut profile, grant, now)?;
    Ok((profile, access, server_time))
}

fn grant_of(answer: &Answer) -> Result<Grant, FieldError> {
    serde_json::from_slice(&answer.bytes).map_err(|error| FieldError::Answer(error.to_string()))
}

/// Takes what a grant says into the profile. The token's end is counted on the device's own clock, whatever it shows.
fn take_grant(profile: &mut Profile, grant: Grant, now: UnixMs) -> Result<Access, FieldError> {
    if let Some(certificate) = grant.certificate {
        profile.certificate_no = certificate.no;
        profile.certificate = certificate.jwt;
        profile.certificate_expires_at = certificate.expires_at_ms;
        profile.recorder = certificate.recorder;
        profile.username = certificate.username;
        profile.display_name = certificate.display_name;
        profile.role = certificate.role;
        profile.areas = certificate.areas;
        profile.scope = certificate.scope;
    }
    if let Some(keys) = grant.server {
        take_keys(profile, keys)?;
        profile.server_keys_version = grant.server_keys_version;
    }
    profile.sign_in_expires_at = grant.sign_in_expires_at_ms;
    let life = grant.access_token_expires_at_ms.0.saturating_sub(grant.server_time_ms.0);
    Ok(Access { token: grant.access_token, until: UnixMs(now.0.saturating_add(life)) })
}

fn take_keys(profile: &mut Profile, keys: ServerKeys) -> Result<(), FieldError> {
    let receipt = keys.keys.into_iter().filter(|key| key.purpose == Purpose::Receipt);
    profile.receipt_keys = receipt
        .map(|key| key.key.parse::<PublicKey>().map(|public| (key.kid, public)))
        .collect::<Result<_, _>>()
        .map_err(|error| FieldError::Answer(error.to_string()))?;
    profile.carry_recipient = keys.carry_recipient;
    profile.log_devices = keys.log_device_ids.into_iter().collect();
    Ok(())
}

impl Field {
    /// Asks with a token, which is fetched when there is none, and once more when the server wants a newer one.
    pub(super) async fn ask_signed(&mut self, ask: Ask<'_>) -> Result<Answer, FieldError> {
        self.refresh_if_stale().await?;
        match self.ask_once(ask.clone()).await {
            Err(error) if error.code().is_some_and(wants_new_token) => {
                self.refresh().await?;
                self.ask_once(ask).await
            }
            answer => answer,
        }
    }

    /// Fetches a token when there is none that lasts, and with it the certificate of today.
    ///
    /// # Errors
    /// As [`Field::refresh`].
    pub(super) async fn refresh_if_stale(&mut self) -> Result<(), FieldError> {
        let now = self.clock.now();
        let usable = self.access.as_ref().is_some_and(|access| {
            now.0 < access.until.0 - BEFORE_END_MS && access.until.0 - now.0 < 24 * 60 * 60 * 1_000
        });
        if usable { Ok(()) } else { self.refresh().await }
    }

    async fn ask_once(&mut self, ask: Ask<'_>) -> Result<Answer, FieldError> {
        let now = self.clock.now();
        let token = self.access.as_ref().map(|access| access.token.clone()).unwrap_or_default();
        let answer = self.client.ask_signed(ask, &self.key, &token, now).await?;
        self.note_contact().await?;
        Ok(answer)
    }

    /// Fetches an access token by the key alone; takes in a newer certificate and newer server keys on the way.
    ///
    /// # Errors
    /// [`FieldError`]; by [`FieldError::code`] `sign-in.expired` when the password is needed.
    pub(super) async fn refresh(&mut self) -> Result<(), FieldError> {
        match self.ask_token(None).await {
            // A server restored from an old backup has forgotten this device: its certificate reminds it.
            Err(error) if error.code() == Some("certificate.wanted") => {
                let certificate = self.profile.certificate.clone();
                self.ask_token(Some(&certificate)).await
            }
            done => done,
        }
    }

    async fn ask_token(&mut self, certificate: Option<&str>) -> Result<(), FieldError> {
        let now = self.clock.now();
        let nonce: [u8; 16] = crate::auth::random_bytes();
        let mut body = json!({
            "device_id": self.profile.device,
            "nonce": to_hex(&nonce),
            "signature": self.key.sign_hex(&statement::token(self.profile.device, &nonce)),
            "certificate_no": self.profile.certificate_no,
            "server_keys": self.profile.server_keys_version,
            "time_ms": now,
            "app_version": APP_VERSION,
        });
        if let Some(certificate) = certificate {
            body["certificate"] = certificate.into();
        }
        let answer = self.client.ask(Ask::json("/v1/tokens", &body)?).await?;
        self.take(grant_of(&answer)?).await
    }

    /// Signs in with the password: needed once after a long silence.
    ///
    /// # Errors
    /// [`FieldError::Refused`] when username or password is wrong or the device was revoked.
    pub async fn sign_in(&mut self, username: &str, password: &str) -> Result<(), FieldError> {
        let statement = statement::sign_in(self.profile.device, username, password);
        let body = json!({
            "username": username,
            "password": password,
            "device_id": self.profile.device,
            "signature": self.key.sign_hex(&statement),
            "certificate_no": self.profile.certificate_no,
            "time_ms": self.clock.now(),
            "app_version": APP_VERSION,
        });
        let answer = self.client.ask(Ask::json("/v1/sign-ins", &body)?).await?;
        self.take(grant_of(&answer)?).await
    }

    async fn take(&mut self, grant: Grant) -> Result<(), FieldError> {
        let mut profile = self.profile.clone();
        let server_time = grant.server_time_ms;
        let access = take_grant(&mut profile, grant, self.clock.now())?;
        if profile != self.profile {
            self.store.put_meta_json(Key::Profile, &profile).await?;
            self.profile = profile;
            self.device.handle(sync_core::device::Input::Renewed(self.identity()));
        }
        self.store.put_meta_json(Key::Access, &access).await?;
        self.access = Some(access);
        self.note_clocks(server_time).await?;
        self.note_contact().await
    }

    /// A signed request of any kind, as officers and coordinators use the API. The body must be JSON when there is one.
    ///
    /// # Errors
    /// [`FieldError`]; [`FieldError::Refused`] holds the server's problem.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>, FieldError> {
        let verbs = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let wanted = method.to_ascii_uppercase();
        let method = verbs.into_iter().find(|verb| verb.as_str() == wanted).ok_or_else(|| {
            FieldError::value("METHOD", method, "GET, POST, PUT, PATCH, DELETE", "GET, POST, PUT, PATCH, DELETE")
        })?;
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(FieldError::value("PATH", path, "đường dẫn bắt đầu bằng /", "a path that begins with /"));
        }
        let content_type = body.is_some().then_some("application/json");
        let ask = Ask { method, content_type, body: body.unwrap_or_default(), ..Ask::get(path) };
        Ok(self.ask_signed(ask).await?.bytes)
    }
}

/// Whether a new token is what helps.
fn wants_new_token(code: &str) -> bool {
    matches!(code, "token.expired" | "token.refused" | "token.missing" | "proof.used" | "auth.changed")
}

/// Whether nothing but the password, an officer or a new enrolment lets this device in again: what it recorded goes
/// to the write-only endpoint instead.
pub(super) fn is_shut_out(code: &str) -> bool {
    matches!(code, "sign-in.expired" | "device.revoked" | "account.deactivated" | "certificate.refused")
}
