//! A server in memory and devices that talk to its router, for tests. Nothing here reads a clock or draws randomness
//! but key generation and the database's name.

mod test_device;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode, header};
use ed25519_dalek::SigningKey;
use sync_core::id::{AreaId, DeviceId, PublicKey, RecorderId, Role, UnixMs};
use sync_core::log::{Batch, Digest16, Inventory, Receipt};
use sync_core::sync::{Exchange, Page, ReceiptFile, Request, Response};
use tower::ServiceExt;

use crate::account;
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::{self, certificate, key, sign_in, statement, token};
use crate::clock::ManualClock;
use crate::config::Config;
use crate::db::testing::{Failure, TestDb};
use crate::db::{Blob, Db, DbError};
use crate::device;
use crate::on_db;

pub(crate) use test_device::{Change, TestDevice};

/// Where the tests take place.
pub(crate) const AREA: AreaId = AreaId { generation: 2025, code: 6841 };
/// Another area.
pub(crate) const OTHER_AREA: AreaId = AreaId { generation: 2025, code: 6853 };
/// When they begin.
pub(crate) const START: UnixMs = UnixMs(1_790_000_000_000);

/// A server without a socket.
pub(crate) struct World {
    /// Its state.
    pub(crate) app: AppState,
    /// Its routes.
    pub(crate) router: Router,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

impl World {
    /// A server over a migrated database, with its keys.
    pub(crate) async fn new(db: &Db) -> Result<Self, Failure> {
        Self::with(db, |_| {}).await
    }

    /// A server with settings of its own.
    pub(crate) async fn with(db: &Db, change: impl FnOnce(&mut Config)) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let mut config = Config::defaults_in(dir.path())?;
        change(&mut config);
        let clock = Arc::new(ManualClock::at(START));
        let app = AppState::new(db.clone(), config, clock.clone());
        db.write(async |tx| key::ensure(tx, START).await.map(drop)).await?;
        let router = crate::router::router(app.clone())?;
        Ok(Self { app, router, clock, _dir: dir })
    }

    /// An enrolled, signed-in device of a new account.
    pub(crate) async fn device(&self, role: Role, areas: &[AreaId]) -> Result<TestDevice, Failure> {
        const ACCOUNT: &str = "insert into account (username, display_name, role, password_hash, active, created_at_ms) \
                               values ($1, $2, $3, '', true, 0) returning id";
        const GRANT: &str = "insert into account_area (account_id, generation, code) values ($1, $2, $3)";
        let signing = SigningKey::from_bytes(&rand::random());
        let public = PublicKey(signing.verifying_key().to_bytes());
        let id = DeviceId::of_key(&public);
        let now = self.app.now();
        self.app.auth.forget();
        let known = self.app.auth.known(&self.app.db, now).await?;
        let (account, certificate, access) = self
            .app
            .db
            .write(async |tx| {
                let username = id.to_string();
                let account: i64 = on_db!(tx, |c| sqlx::query_scalar(ACCOUNT)
                    .bind(&username)
                    .bind(format!("Đồng chí {username}"))
                    .bind(role.name())
                    .fetch_one(c)
                    .await)?;
                for area in areas {
                    on_db!(tx, |c| sqlx::query(GRANT)
                        .bind(account)
                        .bind(i64::from(area.generation))
                        .bind(i64::from(area.code))
                        .execute(c)
                        .await
                        .map(drop))?;
                }
                let found = crate::account::find(tx, account).await?.ok_or(DbError::Missing)?;
                device::insert(tx, public, account, "phone", now).await?;
                let policy = &self.app.auth.policy;
                let certificate = certificate::issue(tx, &known.ring, policy, id, public, &found, now)
                    .await
                    .map_err(|_| DbError::Missing)?;
                let live = sign_in::open(tx, policy, id, account, now).await?;
                Ok::<_, DbError>((account, certificate, live.id))
            })
            .await?;
        let (token, _) = token::issue(&known.ring, &self.app.auth.policy, access, now)?;
        Ok(TestDevice {
            key: signing,
            id,
            recorder: RecorderId(u32::try_from(account)?),
            certificate: certificate.no,
            token,
            counter: 0,
            nonce: 0,
            serial: 0,
            heads: BTreeMap::new(),
        })
    }

    /// Calls the router with a signed request.
    pub(crate) async fn call(
        &self,
        device: &mut TestDevice,
        method: &str,
        path: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        device.counter += 1;
        let proof = statement::proof_header(&device.key, method, path, &body, &device.token, device.counter);
        let mut request = HttpRequest::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", device.token))
            .header(auth::statement::PROOF_HEADER, proof);
        if !media.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        self.send(request.body(Body::from(body))?).await
    }

    /// Fetches a zstd body as it is.
    pub(crate) async fn get_zstd(&self, device: &mut TestDevice, path: &str) -> Result<Bytes, Failure> {
        device.counter += 1;
        let proof = statement::proof_header(&device.key, "GET", path, b"", &device.token, device.counter);
        let request = HttpRequest::builder()
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", device.token))
            .header(auth::statement::PROOF_HEADER, proof)
            .header(header::ACCEPT_ENCODING, "zstd");
        let answer = self.send(request.body(Body::empty())?).await?;
        if answer.status != StatusCode::OK {
            return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
        }
        Ok(answer.body)
    }

    /// Calls the router.
    pub(crate) async fn send(&self, request: HttpRequest<Body>) -> Result<Answer, Failure> {
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = to_bytes(response.into_body(), usize::MAX).await?;
        Ok(Answer { status, headers, body })
    }

    /// Sends a request of the exchange.
    pub(crate) async fn sync_raw(&self, device: &mut TestDevice, request: &Request) -> Result<Answer, Failure> {
        self.call(device, "POST", "/v1/sync", super::route::SYNC, request.to_bytes()).await
    }

    /// Sends batches and the whole inventory; the exchange that came back.
    pub(crate) async fn sync(
        &self,
        device: &mut TestDevice,
        inventory: &Inventory,
        batches: Vec<Batch>,
    ) -> Result<Exchange, Failure> {
        let request = request(inventory, batches);
        match self.sync_raw(device, &request).await?.response()? {
            Response::Exchange { exchange, .. } => Ok(*exchange),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// Everything a new device with these areas would receive.
    pub(crate) async fn all(&self, device: &mut TestDevice) -> Result<Vec<Batch>, Failure> {
        let mut inventory = Inventory::new();
        let mut all = Vec::new();
        loop {
            let exchange = self.sync(device, &inventory, Vec::new()).await?;
            for batch in &exchange.page.batches {
                inventory.set(batch.log(), batch.head());
            }
            all.extend(exchange.page.batches);
            if !exchange.more {
                return Ok(all);
            }
        }
    }

    /// Deposits a page without a sign-in.
    pub(crate) async fn deposit(&self, batches: Vec<Batch>) -> Result<Answer, Failure> {
        let request = HttpRequest::builder()
            .method("POST")
            .uri("/v1/deposits")
            .header(header::CONTENT_TYPE, super::route::PAGE)
            .body(Body::from(Page { batches }.to_bytes()))?;
        self.send(request).await
    }

    /// How each stored change stands: (verdict, reason), by batch and ordinal.
    pub(crate) async fn standings(&self) -> Result<Vec<(String, Option<String>)>, Failure> {
        const ALL: &str = "select verdict, reason from change order by batch_id, ordinal";
        Ok(on_db!(self.app.db, |c| sqlx::query_as(ALL).fetch_all(c).await)?)
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> Result<i64, Failure> {
        let text = format!("select count(*) from {table}");
        Ok(on_db!(self.app.db, |c| sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(c).await)?)
    }

    /// Changes the account of a device's owner.
    pub(crate) async fn change(&self, device: &TestDevice, change: account::Change) -> Result<(), Failure> {
        let (id, now) = (i64::from(device.recorder.0), self.app.now());
        self.app.db.write(async |tx| account::change(tx, Actor::CommandLine, id, &change, now).await).await?;
        Ok(())
    }

    /// Revokes a device.
    pub(crate) async fn revoke(&self, device: DeviceId) -> Result<(), Failure> {
        const REVOKE: &str = "update device set revoked_at_ms = $2 where id = $1";
        let now = self.app.now();
        self.app
            .db
            .write(async |tx| {
                on_db!(tx, |c| sqlx::query(REVOKE).bind(Blob(device)).bind(now.0).execute(c).await.map(drop))?;
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
    }
}

/// A request with the whole inventory.
#[must_use]
pub(crate) fn request(inventory: &Inventory, batches: Vec<Batch>) -> Request {
    Request {
        certificates: Vec::new(),
        clock: START,
        agreement: Digest16::NONE,
        page_bytes: 1 << 20,
        take_snapshots: false,
        heads: inventory.difference(&Inventory::new()),
        withheld: Default::default(),
        page: Page { batches },
    }
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Answer {
    /// The response of an exchange.
    pub(crate) fn response(&self) -> Result<Response, Failure> {
        if self.status != StatusCode::OK {
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into());
        }
        Ok(Response::from_bytes(&self.body)?)
    }

    /// The receipt of a deposit.
    pub(crate) fn receipt(&self) -> Result<Receipt, Failure> {
        if self.status != StatusCode::OK {
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into());
        }
        ReceiptFile::from_bytes(&self.body)?.receipts.pop().ok_or_else(|| "no receipt".into())
    }

    /// The stable code of a problem.
    pub(crate) fn code(&self) -> Result<String, Failure> {
        let problem: serde_json::Value = serde_json::from_slice(&self.body)?;
        Ok(problem["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// Runs a test's body against a server on each engine.
pub(crate) async fn on_each_server<F>(mut body: F) -> Result<(), Failure>
where
    F: AsyncFnMut(&World) -> Result<(), Failure>,
{
    for test in TestDb::each().await? {
        eprintln!("on {}", test.db.dialect().name());
        let world = World::new(&test.db).await?;
        body(&world).await?;
        drop(world);
        test.db.close().await;
    }
    Ok(())
}
