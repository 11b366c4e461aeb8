//! Which way batches came, and standings as they are stored.

use sync_core::admit::Reason;
pub use sync_core::admit::ledger::{Standing, State};

use crate::db::DbError;

/// Which way a batch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// In a sync of a signed-in device.
    Sync,
    /// At the write-only endpoint.
    Deposit,
    /// In a carried file.
    File,
    /// Sealed by this server.
    Server,
}

impl Via {
    /// The stable name, as stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Deposit => "deposit",
            Self::File => "file",
            Self::Server => "server",
        }
    }
}

/// The state of a stored name.
pub(crate) fn stored_state(name: &str) -> Result<State, DbError> {
    State::from_name(name).ok_or_else(|| DbError::Damaged { column: "batch.state", why: name.to_owned() })
}

/// The standing of a stored name; `reason` says why a change is in quarantine, and stays when a person decided.
pub(crate) fn stored_standing(name: &str, reason: Option<&str>) -> Result<Standing, DbError> {
    let parsed: Option<Reason> = reason.and_then(|reason| reason.parse().ok());
    Standing::from_name(name, parsed).ok_or_else(|| DbError::Damaged {
        column: "change.verdict",
        why: format!("{name} for {}", reason.unwrap_or("no reason")),
    })
}
