//! The origin of the map's background, known to every page without a question to the database each time.

use std::sync::{PoisonError, RwLock};

use axum::http::Uri;
use sync_core::id::UnixMs;

use super::store::{self, BASEMAP};
use crate::db::{Db, DbError};

/// How old an answer may be: after so long a change made through another server process holds here too.
const FRESH_MS: i64 = 10_000;

/// The origin pages may load a map's background from, as last read.
#[derive(Debug, Default)]
pub struct Basemap(RwLock<Held>);

#[derive(Debug, Clone, Default)]
struct Held {
    asked_at: Option<UnixMs>,
    origin: Option<String>,
}

impl Basemap {
    /// The origin, at most ten seconds old. While the database does not answer, the last one known holds.
    pub(crate) async fn origin(&self, db: &Db, now: UnixMs) -> Option<String> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = held.asked_at.is_some_and(|asked| (0..FRESH_MS).contains(&(now.0 - asked.0)));
        if fresh {
            return held.origin;
        }
        let read = match ask(db).await {
            Ok(origin) => origin,
            Err(error) => {
                tracing::warn!(%error, "the basemap setting cannot be read; the last one holds");
                held.origin
            }
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Held { asked_at: Some(now), origin: read.clone() };
        read
    }

    /// Makes the next page ask anew.
    pub(crate) fn forget(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).asked_at = None;
    }
}

async fn ask(db: &Db) -> Result<Option<String>, DbError> {
    let mut tx = db.snapshot().await?;
    let url = store::value(&mut tx, BASEMAP).await?;
    Ok(url.as_deref().and_then(origin_of))
}

/// The origin of an `https` address, in a form that can stand in a policy; `None` for anything else.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let authority = url.authority()?;
    let host = authority.host().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    // A name, a password or a character with a meaning in a policy has no place there.
    let named = authority.as_str().contains('@') || host.is_empty() || !host.chars().all(plain);
    if url.scheme_str() != Some("https") || named {
        return None;
    }
    Some(match authority.port_u16() {
        Some(port) => format!("https://{host}:{port}"),
        None => format!("https://{host}"),
    })
}
