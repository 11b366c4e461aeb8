//! How a batch stands in its log, and a change in its record, as stored.

use super::super::Reason;

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
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Chained, Self::Waiting, Self::Forked].into_iter().find(|state| state.name() == name)
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

    /// The standing of this name; `reason` is that of a quarantined change.
    #[must_use]
    pub fn from_name(name: &str, reason: Option<Reason>) -> Option<Self> {
        let named = [
            Self::Admitted,
            Self::Duplicate,
            Self::Waiting,
            Self::Unjudged,
            Self::Absent,
            Self::Released,
            Self::Left,
            Self::Purged,
        ];
        match (name, reason) {
            ("quarantined", reason) => reason.map(Self::Quarantined),
            _ => named.into_iter().find(|standing| standing.name() == name),
        }
    }
}
