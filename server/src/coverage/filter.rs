//! Coverage of some of the sessions: those on a topic, in a language, of a format, or recorded by the people of a post.

use sync_core::record::Code;

use super::calendar::{Calendar, ReportMonth};
use super::query::{Range, RangeParams, refuse};
use super::read::{Part, sums};
use super::{FacetPlace, Grain, facets};
use crate::auth::Scope;
use crate::db::{DbError, Tx};
use crate::material::stays;
use crate::problem::Problem;
use crate::project::{Facet, FacetSums, Sums};
use crate::reference::Catalogue;

/// The sums that are counted under a filter; the others are 0 and say nothing.
pub const COUNTED: &[&str] = &["sessions", "confirmed", "attendances", "posts"];

/// Which sessions count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Those with this value.
    Value(Facet, String),
    /// Those recorded by people who were at this post in the reporting month.
    Post(String),
}

impl RangeParams {
    /// The filter asked for.
    ///
    /// # Errors
    /// A problem that names the parameter: of two, the second.
    pub fn filter(&self, catalogue: &Catalogue) -> Result<Option<Filter>, Problem> {
        let values = [
            ("topic", Some(Facet::Topic), &self.topic),
            ("language", Some(Facet::Language), &self.language),
            ("format", Some(Facet::Format), &self.format),
            ("post", None, &self.post),
        ];
        let mut given = values.into_iter().filter_map(|(name, facet, text)| Some((name, facet, text.as_deref()?)));
        let Some((name, facet, text)) = given.next() else { return Ok(None) };
        if let Some((other, _, text)) = given.next() {
            return Err(refuse(other, text, format!("one filter; {name} is given already")));
        }
        match facet {
            Some(facet) => {
                let code: Code =
                    text.parse().map_err(|_| refuse(name, text, format!("a code, see /v1/reference/{name}s")))?;
                Ok(Some(Filter::Value(facet, code.to_string())))
            }
            None if catalogue.items().posts.iter().any(|post| post.id == text) => {
                Ok(Some(Filter::Post(text.to_owned())))
            }
            None => Err(refuse(name, text, "the id of a post, see /v1/reference/posts")),
        }
    }
}

impl Range {
    /// The same range, made of whole reporting months when a filter is set: the roll-up by what sessions were like knows
    /// months only.
    #[must_use]
    pub fn for_filter(self, calendar: Calendar, filter: Option<&Filter>) -> Self {
        let (from, to) = whole(calendar, (self.from, self.to), filter);
        Self { from, to, ..self }
    }
}

/// These days, widened to whole reporting months when a filter is set.
pub(super) fn whole(calendar: Calendar, (from, to): (i64, i64), filter: Option<&Filter>) -> (i64, i64) {
    match filter {
        None => (from, to),
        Some(_) => (calendar.first_day(calendar.month_of(from)), calendar.last_day(calendar.month_of(to))),
    }
}

/// What is counted in some days, by village and area as recorded.
pub(super) async fn parts(
    tx: &mut Tx,
    calendar: Calendar,
    (from, to): (i64, i64),
    grain: Grain,
    scope: &Scope,
    filter: Option<&Filter>,
) -> Result<Vec<Part>, DbError> {
    let mut found = Vec::new();
    match filter {
        None => return sums(tx, calendar, from..=to, grain, scope.areas()).await,
        Some(Filter::Value(facet, value)) => {
            let of = (*facet, Some(value.as_str()));
            for (place, sums) in facets(tx, calendar, from..=to, grain, of, scope.areas()).await? {
                found.push(part(place, sums));
            }
        }
        Some(Filter::Post(post)) => {
            let (first, last) = (calendar.month_of(from).0, calendar.month_of(to).0);
            for stay in stays(tx, calendar).await?.into_iter().filter(|stay| stay.post == *post) {
                let (first, last) = (first.max(stay.first), last.min(stay.last));
                if first > last {
                    continue;
                }
                let days = calendar.first_day(ReportMonth(first))..=calendar.last_day(ReportMonth(last));
                let recorder = stay.recorder.0.to_string();
                let of = (Facet::Recorder, Some(recorder.as_str()));
                for (place, sums) in facets(tx, calendar, days, grain, of, scope.areas()).await? {
                    found.push(part(place, sums));
                }
            }
        }
    }
    Ok(found)
}

fn part(place: FacetPlace, of: FacetSums) -> Part {
    let FacetSums { sessions, confirmed, attendances, posts } = of;
    let sums = Sums { sessions, confirmed, attendances, posts, ..Sums::default() };
    Part { day: place.day, area: place.area, village: place.village, sums }
}
