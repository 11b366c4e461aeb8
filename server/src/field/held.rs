//! What of this device the server keeps and does not count: said to the person, who could not know otherwise.
//!
//! A receipt says that the server has a batch, not that its changes became part of their records. So after a sync in
//! which the server signed for something new, or while something was held back, the device asks once more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, RecordId};
use sync_core::log::Stage;

use super::client::Ask;
use super::store::Key;
use super::{Field, FieldError};
use crate::cli::Lang;

/// Why a change of this device does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The record it was made for.
    pub record: RecordId,
    /// `quarantined`, `waiting` or `left`.
    pub standing: String,
    /// The stable code of the reason.
    pub reason: Option<String>,
    /// The reason in Vietnamese.
    pub reason_vi: Option<String>,
    /// The reason in English.
    pub reason_en: Option<String>,
    /// What the officer said who left it out.
    pub note: Option<String>,
}

impl HeldBack {
    /// What a person is told: where it stands, and why.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let standing = match self.standing.as_str() {
            "left" => lang.pick("cán bộ đã để ngoài, không tính", "left out by an officer, not counted"),
            "waiting" => lang.pick("đang chờ dữ liệu khác, chưa tính", "waits for other data, not counted yet"),
            _ => lang.pick("chờ cán bộ xem xét, chưa tính", "held for an officer, not counted yet"),
        };
        let reason = match lang {
            Lang::Vi => self.reason_vi.as_ref(),
            Lang::En => self.reason_en.as_ref(),
        };
        match self.note.as_ref().or(reason).or(self.reason.as_ref()) {
            Some(why) => format!("{standing}: {why}"),
            None => standing.to_owned(),
        }
    }
}

/// What the server answered, and of which logs it spoke.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    /// How far the server had signed for each own log.
    signed: Vec<(AreaId, u64)>,
    held: Vec<HeldBack>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    held: Vec<HeldBack>,
}

impl Field {
    /// Asks what of this device does not count, when that may have changed. Returns what is held back now.
    ///
    /// # Errors
    /// [`FieldError`]. A refusal or a lost connection leaves what was known.
    pub async fn fetch_held(&mut self) -> Result<Vec<HeldBack>, FieldError> {
        let known = self.known_held().await?;
        let signed = self.signed();
        if known.held.is_empty() && known.signed == signed {
            return Ok(known.held);
        }
        match self.ask_signed(Ask::get("/v1/quarantine/own")).await {
            Ok(answer) => {
                let answer: Answer =
                    serde_json::from_slice(&answer.bytes).map_err(|error| FieldError::Answer(error.to_string()))?;
                let known = Known { signed, held: answer.held };
                self.store.put_meta_json(Key::HeldBack, &known).await?;
                Ok(known.held)
            }
            Err(FieldError::Unreachable(_) | FieldError::Refused(_)) => Ok(known.held),
            Err(error) => Err(error),
        }
    }

    /// What was held back at the last answer, by record.
    pub(super) async fn held_back(&mut self) -> Result<BTreeMap<RecordId, HeldBack>, FieldError> {
        Ok(self.known_held().await?.held.into_iter().rev().map(|held| (held.record, held)).collect())
    }

    async fn known_held(&mut self) -> Result<Known, FieldError> {
        Ok(self.store.meta_json(Key::HeldBack).await?.unwrap_or_default())
    }

    fn signed(&self) -> Vec<(AreaId, u64)> {
        let me = self.device.identity().device;
        let inventory = self.device.inventory();
        let own = inventory.iter().filter(|(log, _)| log.device == me);
        own.map(|(log, _)| (log.area, self.device.receipts(Stage::Stored).head(log).seq.0)).collect()
    }
}
