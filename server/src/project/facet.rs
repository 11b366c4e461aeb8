//! What sessions were like, for the roll-up by format, topic, language, difficulty and recorder.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{AddAssign, SubAssign};

use serde::Deserialize;

use super::sums::Sums;

/// A way of telling sessions apart. The order is that of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Difficulties met; any number a session.
    Difficulty,
    /// The format; at most one a session.
    Format,
    /// Languages used; any number a session.
    Language,
    /// Who recorded it: the account's number.
    Recorder,
    /// Topics covered; any number a session.
    Topic,
}

impl Facet {
    /// The name, as in the roll-up.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Difficulty => "difficulty",
            Self::Format => "format",
            Self::Language => "language",
            Self::Recorder => "recorder",
            Self::Topic => "topic",
        }
    }
}

/// What is counted of the sessions with one value of a facet; as [`Sums`] says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct FacetSums {
    /// Sessions (buổi), without those on social media.
    pub sessions: i64,
    /// Of which an officer confirmed as they stand.
    pub confirmed: i64,
    /// Attendances (lượt người).
    pub attendances: i64,
    /// Posts on social media.
    pub posts: i64,
}

impl FacetSums {
    /// The columns, in the order of [`FacetSums::values`].
    pub(super) const COLUMNS: &'static [&'static str] = &["sessions", "confirmed", "attendances", "posts"];

    pub(super) fn values(self) -> [i64; 4] {
        [self.sessions, self.confirmed, self.attendances, self.posts]
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl From<Sums> for FacetSums {
    fn from(sums: Sums) -> Self {
        let Sums { sessions, confirmed, attendances, posts, .. } = sums;
        Self { sessions, confirmed, attendances, posts }
    }
}

impl AddAssign for FacetSums {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.confirmed += other.confirmed;
        self.attendances += other.attendances;
        self.posts += other.posts;
    }
}

impl SubAssign for FacetSums {
    fn sub_assign(&mut self, other: Self) {
        self.sessions -= other.sessions;
        self.confirmed -= other.confirmed;
        self.attendances -= other.attendances;
        self.posts -= other.posts;
    }
}

/// What one session was like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(super) recorder: i64,
    values: BTreeMap<Facet, BTreeSet<String>>,
}

/// The sets of a session's stored tags that are facets.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    topics: BTreeSet<String>,
    languages: BTreeSet<String>,
    difficulties: BTreeSet<String>,
}

impl Traits {
    /// Of a session with this recorder, format and tags, the JSON of the column.
    pub(crate) fn of(recorder: i64, format: Option<&str>, tags: &str) -> Self {
        let Tags { topics, languages, difficulties } = serde_json::from_str(tags).unwrap_or_default();
        Self {
            recorder,
            values: BTreeMap::from([
                (Facet::Difficulty, difficulties),
                (Facet::Format, format.map(str::to_owned).into_iter().collect()),
                (Facet::Language, languages),
                (Facet::Recorder, BTreeSet::from([recorder.to_string()])),
                (Facet::Topic, topics),
            ]),
        }
    }

    /// Every value with its facet.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Facet, &str)> {
        self.values.iter().flat_map(|(facet, values)| values.iter().map(move |value| (*facet, value.as_str())))
    }
}
