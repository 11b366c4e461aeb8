//! Ways of telling sessions apart, and what one session is like by each of them.

use std::collections::BTreeSet;

use serde::Deserialize;

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
    /// The name.
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

/// What one session was like: a value of a facet each.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Traits(BTreeSet<(Facet, String)>);

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
        let sets = [(Facet::Difficulty, difficulties), (Facet::Language, languages), (Facet::Topic, topics)];
        let mut traits: BTreeSet<(Facet, String)> =
            sets.into_iter().flat_map(|(facet, values)| values.into_iter().map(move |value| (facet, value))).collect();
        traits.extend(format.map(|format| (Facet::Format, format.to_owned())));
        traits.insert((Facet::Recorder, recorder.to_string()));
        Self(traits)
    }

    /// Every value with its facet.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Facet, &str)> {
        self.0.iter().map(|(facet, value)| (*facet, value.as_str()))
    }
}
