//! What a server process keeps in memory for authentication.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::id::{AreaId, UnixMs};

use super::key::Keyring;
use super::password::Hasher;
use super::policy::Policy;
use super::principal::{Scope, has_every_area};
use super::replay::ReplayGuard;
use crate::account::area_of;
use crate::db::{Db, DbError};
use crate::on_db;

/// After an unknown `kid` the keys are read again, at most this often: nobody can make the server read at will.
const LEAST_BETWEEN_READS: Duration = Duration::from_secs(1);

/// Keys and lineage as read from the database.
#[derive(Debug)]
pub struct Known {
    /// The server's keys.
    pub ring: Keyring,
    edges: Vec<(AreaId, AreaId)>,
    read_at: UnixMs,
}

impl Known {
    /// What an account with these grants may see.
    #[must_use]
    pub fn scope(&self, role: sync_core::id::Role, granted: &[AreaId]) -> Scope {
        if has_every_area(role) { Scope::All } else { Scope::expand(granted.iter().copied(), &self.edges) }
    }

    /// Every edge of the units' lineage, from an older unit to a newer one.
    #[must_use]
    pub fn lineage(&self) -> &[(AreaId, AreaId)] {
        &self.edges
    }

    async fn read(db: &Db, now: UnixMs) -> Result<Self, DbError> {
        const EDGES: &str = "select from_generation, from_code, to_generation, to_code from unit_lineage";
        let ring = Keyring::load(db).await?;
        let rows: Vec<(i64, i64, i64, i64)> = on_db!(db, |c| sqlx::query_as(EDGES).fetch_all(c).await)?;
        let edges = rows
            .into_iter()
            .map(|(from, from_code, to, to_code)| {
                Ok((area_of((from, from_code), "unit_lineage")?, area_of((to, to_code), "unit_lineage")?))
            })
            .collect::<Result<_, DbError>>()?;
        Ok(Self { ring, edges, read_at: now })
    }
}

/// Authentication's part of the server's state.
#[derive(Debug, Default)]
pub struct Auth {
    /// The limits in force.
    pub policy: Policy,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Remembers which proofs were used.
    pub replay: ReplayGuard,
    known: Mutex<Option<Arc<Known>>>,
}

impl Auth {
    /// Authentication under `policy`, with nothing in memory.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Keys and lineage, read at most [`Policy::cache`] ago.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn known(&self, db: &Db, now: UnixMs) -> Result<Arc<Known>, DbError> {
        self.known_within(db, now, self.policy.cache).await
    }

    /// The same, read again unless that was just done: after a `kid` that is not among the keys.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn known_anew(&self, db: &Db, now: UnixMs) -> Result<Arc<Known>, DbError> {
        self.known_within(db, now, LEAST_BETWEEN_READS).await
    }

    async fn known_within(&self, db: &Db, now: UnixMs, age: Duration) -> Result<Arc<Known>, DbError> {
        if let Some(known) = self.lock().as_ref() {
            // A clock that went back makes what is known old, not eternal.
            let since = now.0.checked_sub(known.read_at.0).and_then(|ms| u64::try_from(ms).ok());
            if since.is_some_and(|ms| u128::from(ms) < age.as_millis()) {
                return Ok(known.clone());
            }
        }
        let known = Arc::new(Known::read(db, now).await?);
        *self.lock() = Some(known.clone());
        Ok(known)
    }

    /// Forgets what was read of keys and lineage: the next request sees what is in the database now.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
