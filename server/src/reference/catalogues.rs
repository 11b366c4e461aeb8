//! Hands out the newest catalogue.

use std::sync::{Arc, PoisonError, RwLock};

use super::catalogue::Catalogue;
use super::store;
use crate::db::{Db, DbError};

/// Keeps the newest catalogue in memory. Cheap to clone: clones share it.
#[derive(Debug, Clone)]
pub struct Catalogues {
    db: Db,
    newest: Arc<RwLock<Arc<Catalogue>>>,
}

impl Catalogues {
    /// Of this database; nothing is read yet.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { db, newest: Arc::default() }
    }

    /// The catalogue as committed when this was called. One small query when nothing changed; otherwise it is loaded
    /// again, so a change by another process is seen at the next call.
    ///
    /// # Errors
    /// The database's.
    pub async fn current(&self) -> Result<Arc<Catalogue>, DbError> {
        let version = store::version(&self.db).await?;
        let held = self.last();
        if held.version() == version {
            return Ok(held);
        }
        let mut tx = self.db.snapshot().await?;
        let loaded = Arc::new(store::load(&mut tx).await?);
        drop(tx);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        // Of two that load at once, the slower must not put an older version in place of a newer one.
        if newest.version() < loaded.version() || version < newest.version() {
            *newest = Arc::clone(&loaded);
        }
        Ok(loaded)
    }

    /// The catalogue last handed out, without asking the database; empty before the first [`Catalogues::current`].
    #[must_use]
    pub fn last(&self) -> Arc<Catalogue> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }
}
