//! A server in process and enrolled devices that call it, for tests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sync_core::id::{AreaId, DeviceId, PublicKey, Role, UnixMs, to_hex};
use tower::ServiceExt;

use super::code::EnrolmentCode;
use super::route::Grant;
use super::statement::{self, PROOF_HEADER};
use super::{key, random_bytes};
use crate::account::{self, Account, NewAccount};
use crate::app::AppState;
use crate::audit::Actor;
use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::db::Db;
use crate::db::testing::Failure;

/// The password of every account of [`World::account`].
pub const PASSWORD: &str = "suối reo 2026";
/// When a [`World`] begins: 23 November 2026.
pub const START: UnixMs = UnixMs(1_795_392_000_000);

/// A server over a database, whose clock the test owns.
#[derive(Debug, Clone)]
pub struct World {
    /// Its state.
    pub app: AppState,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Where its files lie; goes with the last clone.
    _data: Arc<tempfile::TempDir>,
    router: Router,
    password_hash: String,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `retry-after` header.
    pub retry_after: Option<String>,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// The code of a problem; empty when it is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl World {
    /// A server with fresh keys over `db`.
    ///
    /// # Errors
    /// When the keys cannot be made.
    pub async fn new(db: &Db) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::at(START));
        db.write(async |tx| key::ensure(tx, START).await).await?;
        let data = Arc::new(tempfile::tempdir()?);
        let config = Config::defaults_in(data.path())?;
        let app = AppState::new(db.clone(), config, clock.clone());
        let router = crate::router::router(app.clone())?;
        let password_hash = app.auth.hasher.hash(PASSWORD.to_owned().into()).await?;
        Ok(Self { app, clock, _data: data, router, password_hash })
    }

    /// A second server process over the same database and clock.
    ///
    /// # Errors
    /// When its routes cannot be described.
    pub fn sibling(&self) -> Result<Self, Failure> {
        let app = AppState::new(self.app.db.clone(), self.app.config.clone(), self.clock.clone());
        let router = crate::router::router(app.clone())?;
        Ok(Self { app, router, ..self.clone() })
    }

    /// Makes an account with [`PASSWORD`].
    ///
    /// # Errors
    /// When the account is refused.
    pub async fn account(&self, username: &str, role: Role, areas: &[AreaId]) -> Result<Account, Failure> {
        let new = NewAccount {
            username: username.to_owned(),
            display_name: format!("Đồng chí {username}"),
            role,
            areas: areas.to_vec(),
            password_hash: self.password_hash.clone(),
            post: None,
        };
        let now = self.clock.now();
        Ok(self.app.db.write(async |tx| account::create(tx, Actor::CommandLine, &new, now).await).await?)
    }

    /// Issues a code for an account, for one hour.
    ///
    /// # Errors
    /// When the account is refused.
    pub async fn code(&self, account: &Account) -> Result<EnrolmentCode, Failure> {
        let now = self.clock.now();
        let ends = UnixMs(now.0 + 3_600_000);
        let issue =
            async |tx: &mut crate::db::Tx| account::issue_code(tx, Actor::CommandLine, account.id, ends, now).await;
        Ok(self.app.db.write(issue).await?)
    }

    /// Enrols a fresh device for an account.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn enrol(&self, account: &Account) -> Result<TestDevice, Failure> {
        let mut device = TestDevice::new();
        let code = self.code(account).await?;
        let answer = self.send("POST", "/v1/enrolments", &device.enrolment(&code)).await?;
        device.take(answer)?;
        Ok(device)
    }

    /// Makes an account and enrols a device for it.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn device(&self, username: &str, role: Role, areas: &[AreaId]) -> Result<TestDevice, Failure> {
        let account = self.account(username, role, areas).await?;
        self.enrol(&account).await
    }

    /// A call without token.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn send(&self, method: &str, target: &str, body: &Value) -> Result<Answer, Failure> {
        let request = Request::builder().method(method).uri(target).header(header::CONTENT_TYPE, "application/json");
        self.call(request.body(Body::from(body.to_string()))?).await
    }

    /// Any call.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn call(&self, request: Request<Body>) -> Result<Answer, Failure> {
        let response = self.raw(request).await?;
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let bytes = to_bytes(response.into_body(), 64 << 20).await?;
        Ok(Answer { status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// Any call, answered as it stands.
    ///
    /// # Errors
    /// Never: the router answers every request.
    pub async fn raw(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        Ok(self.router.clone().oneshot(request).await?)
    }
}

/// An enrolled device: a key, a token, a counter.
#[derive(Debug, Clone)]
pub struct TestDevice {
    /// Its key.
    pub key: SigningKey,
    /// What it was granted last.
    pub token: String,
    /// The number of its certificate; 0 before it has one.
    pub certificate_no: u32,
    /// The text of its certificate.
    pub certificate: String,
    counter: u64,
}

impl Default for TestDevice {
    fn default() -> Self {
        Self::new()
    }
}

impl TestDevice {
    /// A device with a fresh key, not enrolled.
    #[must_use]
    pub fn new() -> Self {
        let key = SigningKey::from_bytes(&random_bytes());
        Self { key, token: String::new(), certificate_no: 0, certificate: String::new(), counter: 0 }
    }

    /// Its public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        DeviceId::of_key(&self.public_key())
    }

    fn sign(&self, statement: &[u8]) -> String {
        to_hex(&self.key.sign(statement).to_bytes())
    }

    /// The body that enrols it.
    #[must_use]
    pub fn enrolment(&self, code: &EnrolmentCode) -> Value {
        let signature = self.sign(&statement::enrolment(code, &self.public_key()));
        json!({ "code": code.shown(), "public_key": self.public_key(), "label": "điện thoại", "signature": signature })
    }

    /// The body that asks for a token.
    #[must_use]
    pub fn token_request(&self) -> Value {
        let nonce = random_bytes();
        let signature = self.sign(&statement::token(self.id(), &nonce));
        json!({ "device_id": self.id(), "nonce": to_hex(&nonce), "signature": signature })
    }

    /// The body that signs in.
    #[must_use]
    pub fn sign_in(&self, username: &str, password: &str) -> Value {
        let signature = self.sign(&statement::sign_in(self.id(), username, password));
        json!({ "username": username, "password": password, "device_id": self.id(), "signature": signature })
    }

    /// Keeps what an enrolment, sign-in or token request granted.
    ///
    /// # Errors
    /// When the answer is a problem.
    pub fn take(&mut self, answer: Answer) -> Result<Grant, Failure> {
        let grant: Grant =
            serde_json::from_value(answer.body.clone()).map_err(|error| format!("{answer:?}: {error}"))?;
        self.token.clone_from(&grant.access_token);
        if let Some(certificate) = &grant.certificate {
            self.certificate_no = certificate.no.0;
            self.certificate.clone_from(&certificate.jwt);
        }
        Ok(grant)
    }

    /// Fetches the next token.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn refresh(&mut self, world: &World) -> Result<Grant, Failure> {
        let answer = world.send("POST", "/v1/tokens", &self.token_request()).await?;
        self.take(answer)
    }

    /// A signed request with the next counter.
    ///
    /// # Errors
    /// When the target is no address.
    pub fn request(&mut self, method: &str, target: &str, body: Vec<u8>) -> Result<Request<Body>, Failure> {
        self.counter += 1;
        let proof = statement::proof_header(&self.key, method, target, &body, &self.token, self.counter);
        Ok(Request::builder()
            .method(method)
            .uri(target)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(PROOF_HEADER, proof)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))?)
    }

    /// Calls with an empty body.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn get(&mut self, world: &World, target: &str) -> Result<Answer, Failure> {
        world.call(self.request("GET", target, Vec::new())?).await
    }

    /// Calls with a JSON body.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn post(&mut self, world: &World, target: &str, body: &Value) -> Result<Answer, Failure> {
        world.call(self.request("POST", target, body.to_string().into_bytes())?).await
    }
}
