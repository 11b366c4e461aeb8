//! What every handler may reach.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use sync_core::id::UnixMs;

use crate::audit::seen::Seen;
use crate::auth::{Auth, Policy};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::export::Exports;
use crate::ingest::Ingest;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::reference::Catalogues;
use crate::setting::Basemap;

/// The running server's state. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState(Arc<App>);

/// What stands behind an [`AppState`].
#[derive(Debug)]
pub struct App {
    /// The database, migrated.
    pub db: Db,
    /// The settings in force.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Keys, limits and what was proved lately.
    pub auth: Auth,
    /// Units, villages and lists, the newest version.
    pub reference: Catalogues,
    /// What may be spent on callers and their bodies.
    pub intake: Intake,
    /// The origin of the map's background.
    pub basemap: Basemap,
    /// The queue of batches to be stored.
    pub ingest: Ingest,
    /// What is counted.
    pub metrics: Metrics,
    /// Who is known to have seen which session today.
    pub(crate) seen: Seen,
    /// Files that are being made.
    pub(crate) exports: Exports,
}

impl AppState {
    /// The state over an open, migrated database.
    #[must_use]
    pub fn new(db: Db, config: Config, clock: Arc<dyn Clock>) -> Self {
        let auth = Auth::new(Policy::of(&config));
        let reference = Catalogues::new(db.clone());
        let intake = Intake::of(&config);
        let (basemap, ingest, metrics) = (Basemap::default(), Ingest::default(), Metrics::new());
        let (seen, exports) = (Seen::default(), Exports::default());
        Self(Arc::new(App { db, config, clock, auth, reference, intake, basemap, ingest, metrics, seen, exports }))
    }

    /// A handle that does not keep the state alive: for tasks that end with the server.
    #[must_use]
    pub fn downgrade(&self) -> WeakState {
        WeakState(Arc::downgrade(&self.0))
    }

    /// Now, by the injected clock.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }
}

/// A handle on the state that does not keep it alive.
#[derive(Debug, Clone)]
pub struct WeakState(Weak<App>);

impl WeakState {
    /// The state, while anybody else holds it.
    #[must_use]
    pub fn upgrade(&self) -> Option<AppState> {
        self.0.upgrade().map(AppState)
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
