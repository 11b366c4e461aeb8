//! How a batch stands in its log, and a change in its record, as stored.

use sync_core::admit::Reason;

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

/// How a batch stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It follows its log without a gap.
    Chained,
    /// A batch before it is missing.
    Waiting,
    /// Another batch holds its place, or the place of one before it.
    Forked,
}

impl State {
    /// The stable name, as stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chained => "chained",
            Self::Waiting => "waiting",
            Self::Forked => "forked",
        }
    }

    /// The state of this name.
    pub(crate) fn stored(name: &str) -> Result<Self, DbError> {
        match name {
            "chained" => Ok(Self::Chained),
            "waiting" => Ok(Self::Waiting),
            "forked" => Ok(Self::Forked),
            other => Err(DbError::Damaged { column: "batch.state", why: other.to_owned() }),
        }
    }
}

/// How a change stands in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Part of its record. It travels with its batch; this never changes afterwards but by purging.
    Admitted,
    /// The same change is part of its record by another batch.
    Duplicate,
    /// A change it depends on is missing.
    Waiting,
    /// Its batch is not chained yet.
    Unjudged,
    /// Its bytes were withheld from the server.
    Absent,
    /// Kept for a person to decide.
    Quarantined(Reason),
    /// Part of its record by a batch of the server's own log.
    Released,
    /// A person decided to leave it out.
    Left,
    /// Its time was over and its bytes are gone.
    Purged,
}

impl Standing {
    /// The stable name, as stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Duplicate => "duplicate",
            Self::Waiting => "waiting",
            Self::Unjudged => "unjudged",
            Self::Absent => "absent",
            Self::Quarantined(_) => "quarantined",
            Self::Released => "released",
            Self::Left => "left",
            Self::Purged => "purged",
        }
    }

    /// Why it lies in quarantine.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Quarantined(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether it may still become something else by what arrives.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Unjudged | Self::Absent | Self::Quarantined(_))
    }

    /// The standing of this name and reason.
    pub(crate) fn stored(name: &str, reason: Option<&str>) -> Result<Self, DbError> {
        let damaged = |why: String| DbError::Damaged { column: "change.verdict", why };
        Ok(match name {
            "admitted" => Self::Admitted,
            "duplicate" => Self::Duplicate,
            "waiting" => Self::Waiting,
            "unjudged" => Self::Unjudged,
            "absent" => Self::Absent,
            "released" => Self::Released,
            "left" => Self::Left,
            "purged" => Self::Purged,
            "quarantined" => Self::Quarantined(
                reason
                    .and_then(|reason| reason.parse().ok())
                    .ok_or_else(|| damaged(format!("quarantined for {}", reason.unwrap_or("no reason"))))?,
            ),
            other => return Err(damaged(other.to_owned())),
        })
    }
}
