//! Coverage of some of the sessions: those on a topic, in a language, of a format, recorded by the people of a post, or
//! all of that together.

use std::ops::RangeInclusive;

use sync_core::record::Code;
use sync_core::wire::WireError;

use super::query::{RangeParams, refuse};
use crate::db::{DbError, Tx};
use crate::material::{Stay, stays};
use crate::problem::Problem;
use crate::project::{Facet, Fact, Pack};
use crate::reference::Catalogue;

/// Which sessions count: those of which all of this is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// They have each of these values.
    pub values: Vec<(Facet, String)>,
    /// They were recorded by somebody who was at this post on that day.
    pub post: Option<String>,
}

impl RangeParams {
    /// The filter asked for; `None` when every session counts.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn filter(&self, catalogue: &Catalogue) -> Result<Option<Filter>, Problem> {
        let mut filter = Filter::default();
        for (name, facet, text) in [
            ("topic", Facet::Topic, &self.topic),
            ("language", Facet::Language, &self.language),
            ("format", Facet::Format, &self.format),
        ] {
            let Some(text) = text else { continue };
            let code: Code =
                text.parse().map_err(|_| refuse(name, text, format!("a code, see /v1/reference/{name}s")))?;
            filter.values.push((facet, code.to_string()));
        }
        if let Some(text) = &self.post {
            if !catalogue.items().posts.iter().any(|post| post.id == *text) {
                return Err(refuse("post", text, "the id of a post, see /v1/reference/posts"));
            }
            filter.post = Some(text.clone());
        }
        Ok((filter != Filter::default()).then_some(filter))
    }
}

/// A filter with what has to be known of people.
#[derive(Debug)]
pub(crate) struct Narrow<'a> {
    values: &'a [(Facet, String)],
    people: Option<Vec<Stay>>,
}

impl<'a> Narrow<'a> {
    /// # Errors
    /// The database's.
    pub(crate) async fn read(tx: &mut Tx, filter: Option<&'a Filter>) -> Result<Self, DbError> {
        let Some(Filter { values, post }) = filter else { return Ok(Self { values: &[], people: None }) };
        let people = match post {
            None => None,
            Some(post) => Some(stays(tx).await?.into_iter().filter(|stay| stay.post == *post).collect()),
        };
        Ok(Self { values, people })
    }

    /// What is looked for among the facts of a pack; `None` when nothing in it can count.
    pub(crate) fn wanted(&self, pack: &Pack<'_>) -> Option<Wanted> {
        let values: Option<Vec<usize>> = self.values.iter().map(|(facet, value)| pack.place(*facet, value)).collect();
        let people = match &self.people {
            None => None,
            Some(stays) => {
                let place = |stay: &Stay| pack.place(Facet::Recorder, &stay.recorder.0.to_string());
                let found: Vec<_> = stays.iter().filter_map(|stay| Some((place(stay)?, stay.days.clone()))).collect();
                Some(Some(found).filter(|found| !found.is_empty())?)
            }
        };
        Some(Wanted { values: values?, people })
    }
}

/// What is looked for among the facts of one pack, as places of its words.
#[derive(Debug)]
pub(crate) struct Wanted {
    values: Vec<usize>,
    people: Option<Vec<(usize, RangeInclusive<i64>)>>,
}

impl Wanted {
    /// Whether the sessions of a fact count.
    ///
    /// # Errors
    /// What of the fact does not follow its layout.
    pub(crate) fn has(&self, day: i64, fact: &Fact<'_>) -> Result<bool, WireError> {
        for wanted in &self.values {
            if !has(fact, *wanted)? {
                return Ok(false);
            }
        }
        let Some(people) = &self.people else { return Ok(true) };
        for (person, days) in people {
            if days.contains(&day) && has(fact, *person)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn has(fact: &Fact<'_>, wanted: usize) -> Result<bool, WireError> {
    for place in fact.values() {
        if place? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}
