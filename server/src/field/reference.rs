//! Reference data kept for the time without signal.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

use super::client::Ask;
use super::store::{Key, Store};
use super::{Field, FieldError};
use crate::reference::{Bundle, Catalogue};

/// A device asks again after so long.
const STALE_MS: i64 = 6 * 60 * 60 * 1_000;

/// A command that works without the lists waits so long for each answer when they are missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// The catalogue kept in a store; empty when none was fetched yet.
pub(super) async fn read(store: &mut Store) -> Result<Arc<Catalogue>, FieldError> {
    let bundle: Option<Bundle> = store.meta_json(Key::Reference).await?;
    Ok(Arc::new(bundle.map(Bundle::into_catalogue).unwrap_or_default()))
}

impl Field {
    /// Fetches the reference data of this device's areas; an unchanged one costs no body.
    ///
    /// # Errors
    /// [`FieldError`].
    pub async fn fetch_reference(&mut self) -> Result<(), FieldError> {
        let tag = self.store.meta(Key::ReferenceTag).await?.and_then(|tag| String::from_utf8(tag).ok());
        let ask = Ask { tag: tag.as_deref(), compress: true, ..Ask::get("/v1/reference/bundle") };
        let answer = self.ask_signed(ask).await?;
        let now = self.clock.now().0.to_string();
        if answer.status != StatusCode::NOT_MODIFIED {
            let bundle: Bundle =
                serde_json::from_slice(&answer.bytes).map_err(|error| FieldError::Answer(error.to_string()))?;
            self.store.put_meta(Key::Reference, &answer.bytes).await?;
            self.store.put_meta(Key::ReferenceTag, answer.tag.unwrap_or_default().as_bytes()).await?;
            self.reference = Arc::new(bundle.into_catalogue());
        }
        self.store.put_meta(Key::ReferenceAt, now.as_bytes()).await
    }

    /// Asks when there are no reference data at all: the enrolment was cut short. Whatever keeps them from coming, the
    /// device works on without them.
    pub async fn fetch_missing_reference(&mut self) {
        if self.store.meta_number(Key::ReferenceAt).await.is_ok_and(|at| at == 0) {
            self.client.patience = Some(PATIENCE);
            self.fetch_reference().await.ok();
            self.client.patience = None;
        }
    }

    /// After a sync: asks when the last answer is old. A refusal or a lost connection leaves the old data in use.
    pub(super) async fn fetch_reference_if_stale(&mut self) -> Result<(), FieldError> {
        let age = self.clock.now().0.saturating_sub(self.store.meta_number(Key::ReferenceAt).await?);
        if (0..STALE_MS).contains(&age) {
            return Ok(());
        }
        match self.fetch_reference().await {
            Err(FieldError::Unreachable(_) | FieldError::Refused(_)) => Ok(()),
            done => done,
        }
    }
}
