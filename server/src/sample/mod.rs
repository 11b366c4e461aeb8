//! A year of sample data for a new deployment, made by real devices.
//!
//! Devices enrol against the server's own routes on a loopback socket, record without it and sync, so everything on file
//! came the way it always comes: signed, judged, acknowledged. The same seed and day give the same people, places and
//! numbers; keys, codes and ids differ each time. Nothing here is a fact about anybody.

pub mod command;
mod devices;
mod headquarters;
mod people;
mod story;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sync_core::id::UnixMs;

use crate::app::AppState;
use crate::auth::key;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, DbError, Tx};
use crate::field::FieldError;
use crate::on_db;
use crate::reference;
use crate::serve::{ServeError, Server};

pub use people::{PEOPLE, Person};

/// What the sample data of every deployment are drawn from, unless another seed is given.
pub const SEED: u64 = 2_026;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How far back the story begins.
const DAYS: i64 = 365;

/// Sample data could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The database holds accounts or records: sample data are for a new one.
    #[error("the database is in use already: sample data are for a new one")]
    InUse,
    /// Making sample data in this database was begun and never ended.
    #[error("sample data were begun here and not finished; use an empty database")]
    Unfinished,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The reference data.
    #[error("reference data: {0}")]
    Reference(#[from] reference::import::ImportError),
    /// An account.
    #[error("account: {0}")]
    Account(#[from] crate::account::AccountError),
    /// A device.
    #[error("device: {0}")]
    Field(#[from] FieldError),
    /// The server for the devices.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A directory.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Something the story needs is not in the reference data.
    #[error("the reference data lack {0}")]
    Lacks(&'static str),
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Sessions recorded.
    pub sessions: usize,
    /// A guard's enrolled store, for trying out.
    pub guard_store: PathBuf,
    /// An officer's enrolled store, for trying out.
    pub officer_store: PathBuf,
    /// A coordinator's enrolled store, for trying out.
    pub coordinator_store: PathBuf,
}

/// A clock that the story moves.
#[derive(Debug)]
pub(crate) struct StoryClock(AtomicI64);

impl StoryClock {
    fn at(now: UnixMs) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves on; time never goes back here.
    pub(crate) fn set(&self, now: UnixMs) {
        self.0.fetch_max(now.0, Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// Whether the database has any account.
///
/// # Errors
/// [`DbError`].
pub async fn is_new(db: &Db) -> Result<bool, DbError> {
    Ok(crate::account::list(db).await?.is_empty())
}

/// Fills a new, migrated database with a year that ends now. Two demo stores are left in `data_dir/demo`.
///
/// # Errors
/// [`SampleError::InUse`] before anything is written, or what stopped the story.
pub async fn install(db: &Db, config: &Config, now: UnixMs, seed: u64) -> Result<Made, SampleError> {
    if !is_new(db).await? {
        return Err(SampleError::InUse);
    }
    let begin = UnixMs(now.0 - DAYS * DAY_MS);
    db.write(async |tx| {
        put_state(tx, State::Making).await?;
        key::ensure(tx, begin).await.map(drop)
    })
    .await?;
    reference::sample::install(db, true, begin).await?;
    let clock = Arc::new(StoryClock::at(begin));
    let served = served_at(config);
    let mut config = config.clone();
    config.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let app = AppState::new(db.clone(), config.clone(), clock.clone());
    let server = Server::bind(app.clone()).await?;
    let address = format!("http://{}", server.address());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async move { drop(stopped.await) }));
    let place = Place { demo: config.data_dir.join("demo"), address: &address, served };
    let told = story::tell(&app, &clock, &place, now, seed).await;
    drop(stop);
    // A server that was cut off has nothing the story waits for: every sync has ended.
    drop(serving.await);
    remove_if_there(&config.data_dir.join("demo/.making"))?;
    let made = told?;
    db.write(async |tx| put_state(tx, State::Made).await).await?;
    Ok(made)
}

/// How far sample data have come in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They were begun; whether that program still works on it is not known.
    Making,
    /// They are there, whole.
    Made,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Made => "made",
        }
    }
}

/// How far sample data have come in this database; `None` when they were never begun.
///
/// # Errors
/// [`DbError`].
pub async fn state(db: &Db) -> Result<Option<State>, DbError> {
    const STATE: &str = "select value from setting where name = 'sample'";
    let stored: Option<String> = on_db!(db, |c| sqlx::query_scalar(STATE).fetch_optional(c).await)?;
    Ok(stored.map(|stored| if stored == State::Made.name() { State::Made } else { State::Making }))
}

async fn put_state(tx: &mut Tx, state: State) -> Result<(), DbError> {
    const PUT: &str = "insert into setting (name, value) values ('sample', $1) \
                       on conflict (name) do update set value = excluded.value";
    on_db!(tx, |c| sqlx::query(PUT).bind(state.name()).execute(c).await.map(drop))?;
    Ok(())
}

/// Where the devices live and whom they call.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The directory of the demo stores; the others are made in `.making` under it and go at the end.
    pub(crate) demo: PathBuf,
    /// The server's address while the story is told.
    pub(crate) address: &'a str,
    /// Where it will be found afterwards.
    pub(crate) served: String,
}

/// The address to call a server on that listens as configured: this machine where it listens on every address.
#[must_use]
pub fn served_at(config: &Config) -> String {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::IpAddr::from([127, 0, 0, 1]));
    }
    format!("http://{address}")
}

fn remove_if_there(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
