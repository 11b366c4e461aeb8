//! A deployment: one database, a clock, and any number of server processes over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use server::account::{self, Account, NewAccount};
use server::app::AppState;
use server::audit::Actor;
use server::auth::key;
use server::auth::password::Hasher;
use server::clock::{Clock, ManualClock};
use server::config::Config;
use server::db::{Blob, Db};
use server::maintenance;
use server::on_db;
use server::reference::sample;
use server::serve::Server;
use sync_core::id::{AreaId, ChangeHash, RecordId, Role, UnixMs};
use tempfile::TempDir;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use super::Failure;
use super::database::{Database, Engine, copy_directory};

/// The password of every account.
pub const PASSWORD: &str = "suối reo 2026";
/// When a site begins: 23 November 2026.
pub const START: UnixMs = UnixMs(1_795_392_000_000);

/// Hashing takes long on purpose: once for all tests of a file.
static HASH: OnceCell<String> = OnceCell::const_new();

/// A deployment.
#[derive(Debug)]
pub struct Site {
    /// Its database.
    pub database: Database,
    /// The clock of servers and devices.
    pub clock: Arc<ManualClock>,
    /// The data directory.
    pub data: TempDir,
}

/// A server process of a site, on loopback.
#[derive(Debug)]
pub struct Served {
    /// Its state.
    pub app: AppState,
    /// Its address.
    pub url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<bool>,
}

impl Site {
    /// A fresh deployment with keys and the sample reference data.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub async fn new(engine: Engine) -> Result<Self, Failure> {
        let database = Database::empty(engine).await?;
        let site = Self { database, clock: Arc::new(ManualClock::at(START)), data: tempfile::tempdir()? };
        let db = site.open_db().await?;
        db.migrate().await?;
        db.write(async |tx| key::ensure(tx, START).await).await?;
        sample::install(&db, true, START).await?;
        db.close().await;
        Ok(site)
    }

    /// A deployment over a database that is there, at a time.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn over(database: Database, now: UnixMs) -> Result<Self, Failure> {
        Ok(Self { database, clock: Arc::new(ManualClock::at(now)), data: tempfile::tempdir()? })
    }

    /// The same deployment as it stands now, elsewhere: an old backup, or a starting point for many tests. No process
    /// of it may be running.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn copy(&self) -> Result<Self, Failure> {
        let data = tempfile::tempdir()?;
        copy_directory(self.data.path(), data.path())?;
        Ok(Self { database: self.database.copy().await?, clock: Arc::new(ManualClock::at(self.clock.now())), data })
    }

    /// Opens the database.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open_db(&self) -> Result<Db, Failure> {
        Ok(Db::open(&self.database.url, 4).await?)
    }

    /// Starts a server process.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve(&self) -> Result<Served, Failure> {
        self.serve_with(|_| {}).await
    }

    /// Starts a server process with settings of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve_with(&self, change: impl FnOnce(&mut Config)) -> Result<Served, Failure> {
        let mut config = Config::defaults_in(self.data.path())?;
        config.listen = "127.0.0.1:0".parse()?;
        config.database_url = Some(self.database.url.clone());
        change(&mut config);
        let app = AppState::new(self.open_db().await?, config, self.clock.clone());
        let server = Server::bind(app.clone()).await?;
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async move {
            stopped.await.ok();
        }));
        Ok(Served { app, url, stop, task })
    }
}

impl Served {
    /// Stops in good order and closes the database.
    ///
    /// # Errors
    /// When requests had to be cut.
    pub async fn stop(self) -> Result<(), Failure> {
        self.stop.send(()).ok();
        let drained = self.task.await?;
        self.app.db.close().await;
        if drained { Ok(()) } else { Err("requests were cut".into()) }
    }

    /// Makes an account with [`PASSWORD`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn account(&self, username: &str, role: Role, areas: &[AreaId]) -> Result<Account, Failure> {
        let hash = HASH.get_or_try_init(async || Hasher::default().hash(PASSWORD.to_owned().into()).await).await?;
        let new = NewAccount {
            username: username.to_owned(),
            display_name: format!("Đồng chí {username}"),
            role,
            areas: areas.to_vec(),
            password_hash: hash.clone(),
            post: None,
        };
        let now = self.app.now();
        Ok(self.app.db.write(async |tx| account::create(tx, Actor::CommandLine, &new, now).await).await?)
    }

    /// Issues an enrolment code.
    ///
    /// # Errors
    /// When the account is refused.
    pub async fn code(&self, account: &Account) -> Result<String, Failure> {
        let now = self.app.now();
        let ends = UnixMs(now.0 + 3_600_000);
        let code = self
            .app
            .db
            .write(async |tx| account::issue_code(tx, Actor::CommandLine, account.id, ends, now).await)
            .await?;
        Ok(code.shown())
    }

    /// Every record with a digest of its state, from the changes that are part of it.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn documents(&self) -> Result<BTreeMap<RecordId, [u8; 32]>, Failure> {
        type Row = (Blob<RecordId>, Blob<ChangeHash>, Vec<u8>);
        const CHANGES: &str = "select record_id, change_hash, bytes from change where verdict = 'admitted'";
        let rows: Vec<Row> = on_db!(self.app.db, |c| sqlx::query_as(CHANGES).fetch_all(c).await)?;
        let mut records: BTreeMap<RecordId, BTreeMap<ChangeHash, Vec<u8>>> = BTreeMap::new();
        for (Blob(record), Blob(hash), bytes) in rows {
            if records.entry(record).or_default().insert(hash, bytes).is_some() {
                return Err(format!("change {hash} was admitted twice").into());
            }
        }
        records
            .into_iter()
            .map(|(id, changes)| {
                let changes: Vec<Vec<u8>> = changes.into_values().collect();
                Ok((id, sync_core::record::digest(&changes)?))
            })
            .collect()
    }

    /// A number from the database.
    ///
    /// # Errors
    /// When the query is none.
    pub async fn count(&self, query: &'static str) -> Result<i64, Failure> {
        Ok(on_db!(self.app.db, |c| sqlx::query_scalar(query).fetch_one(c).await)?)
    }

    /// Fails with what `verify` found, when it found something.
    ///
    /// # Errors
    /// What differs.
    pub async fn verify(&self) -> Result<(), Failure> {
        let dir = tempfile::tempdir()?;
        let scratch = Db::open(&format!("sqlite:{}", dir.path().join("scratch.db").display()), 1).await?;
        scratch.migrate().await?;
        let findings = maintenance::verify(&self.app.db, &scratch).await?;
        scratch.close().await;
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(()) } else { Err(told.join("\n").into()) }
    }

    /// Makes the caches anew.
    ///
    /// # Errors
    /// When an admitted record cannot be read.
    pub async fn rebuild(&self) -> Result<(), Failure> {
        maintenance::rebuild(&self.app.db).await?;
        Ok(())
    }
}
