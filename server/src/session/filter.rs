//! Which sessions a caller asks for, read from parameters; each error names the parameter and what is accepted.

use std::collections::BTreeSet;

use serde::Deserialize;
use sync_core::fold::fold;
use sync_core::id::{AreaId, DeviceId};
use sync_core::record::Code;
use utoipa::IntoParams;

use super::condition::{Bound, Conditions};
use super::cursor::Cursor;
use super::place::belongs_to;
use crate::auth::Scope;
use crate::coverage::calendar::parse_day;
use crate::coverage::query::refuse;
use crate::problem::Problem;
use crate::project::CONFIRMED;
use crate::reference::{Catalogue, Kind};

/// The most rows of a page.
const MAX_LIMIT: usize = 500;
const DEFAULT_LIMIT: usize = 50;
/// What both engines look through well within the time a page may take.
const STRETCH: usize = 20_000;
/// The day held, as indexed: what has none comes before all others.
const HELD: &str = "coalesce(held_day, -1)";
/// In a pair that nobody has looked at yet.
const SUSPECTED: &str =
    "record_id in (select record_a from duplicate_suspect union select record_b from duplicate_suspect)";
/// In a pair of which a person said that it is one event.
const LINKED: &str = "record_id in (select record_a from session_pair where standing = 'linked' \
    union select record_b from session_pair where standing = 'linked')";
/// Recorded by somebody who was at the post on the day held; without a day, by somebody who is there now.
const AT_POST: &str = "(select post_id from account_post where account_id = session.recorder \
    and since_day <= coalesce(session.held_day, 9999999) order by since_day desc limit 1) = {}";
const DAY: &str = "a day yyyy-mm-dd from 2000 to 2099";

/// Parameters of the list of sessions.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionParams {
    /// A unit of any generation, `2025-06841`: with what was recorded in the units it came from or became.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    pub area: Option<String>,
    /// The id of a village; with the villages that were merged into it.
    pub village: Option<String>,
    /// First day held.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub from: Option<String>,
    /// Last day held, included.
    #[param(inline, value_type = Option<crate::openapi::Day>)]
    pub to: Option<String>,
    /// A format, for instance `village_meeting`.
    pub format: Option<String>,
    /// `new`, `confirmed`, `returned`, `amended`, `disputed` or `voided`; voided sessions are listed only on request.
    #[param(pattern = "^(new|confirmed|returned|amended|disputed|voided)$")]
    pub state: Option<String>,
    /// `true`: only with open conflicts; `false`: only without.
    #[param(pattern = "^(true|false)$")]
    pub conflict: Option<String>,
    /// The device that made the record, 16 hexadecimal digits.
    #[param(inline, value_type = Option<crate::openapi::Hex16>)]
    pub device: Option<String>,
    /// Who recorded it: the number of an account.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4294967295_u64)]
    pub recorder: Option<String>,
    /// The post at which the recorder worked on the day held; its id, see /v1/posts.
    #[param(pattern = r"^[^\x00]*$")]
    pub post: Option<String>,
    /// A topic covered, for instance `tricks`.
    pub topic: Option<String>,
    /// A language used.
    pub language: Option<String>,
    /// A difficulty met.
    pub difficulty: Option<String>,
    /// A partner organisation.
    pub partner: Option<String>,
    /// `suspected`: in a pair that may be one event and that nobody has looked at; `linked`: in a pair that a person
    /// linked.
    #[param(pattern = "^(suspected|linked)$")]
    pub duplicate: Option<String>,
    /// Words of the note or the place, or of a village's name; tone marks do not matter.
    pub q: Option<String>,
    /// `-held` (newest first, the default), `held`, `-received` or `received`.
    #[param(pattern = "^-?(held|received)$")]
    pub sort: Option<String>,
    /// Rows in a page: 1 to 500; 50 unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 500)]
    pub limit: Option<String>,
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-fA-F]{50}$")]
    pub cursor: Option<String>,
}

/// What a list is sorted by; the record's id decides between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The day held.
    Held {
        /// Newest first.
        newest_first: bool,
    },
    /// When the server received the record.
    Received {
        /// Newest first.
        newest_first: bool,
    },
}

impl Sort {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "-held" => Some(Self::Held { newest_first: true }),
            "held" => Some(Self::Held { newest_first: false }),
            "-received" => Some(Self::Received { newest_first: true }),
            "received" => Some(Self::Received { newest_first: false }),
            _ => None,
        }
    }

    /// The expression sorted by, whether it descends, and the number that stands for the sort in a cursor.
    pub(super) fn parts(self) -> (&'static str, bool, u8) {
        match self {
            Self::Held { newest_first } => (HELD, newest_first, u8::from(newest_first)),
            Self::Received { newest_first } => ("received_at_ms", newest_first, 2 + u8::from(newest_first)),
        }
    }
}

/// A checked filter.
#[derive(Debug, Clone)]
pub struct ListFilter {
    pub(super) conditions: Conditions,
    /// Those of them that bound the walk along the order.
    pub(super) walked: Conditions,
    pub(super) sort: Sort,
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
    /// Rows of the order that one page looks through at most, where no index answers the conditions.
    pub(super) stretch: usize,
}

/// The number of rows of a page.
pub(crate) fn limit(given: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = given else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| refuse("limit", text, "a whole number from 1 to 500"))
}

/// Restricts a query to the days from `from` to `to`.
pub(super) fn days(
    conditions: &mut Conditions,
    column: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(), Problem> {
    let read = |field, text: &str| parse_day(text).ok_or_else(|| refuse(field, text, DAY));
    let first = from.map(|text| read("from", text)).transpose()?;
    let last = to.map(|text| read("to", text)).transpose()?;
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        return Err(refuse("to", to.unwrap_or_default(), "a day that is not before from"));
    }
    if let Some(first) = first {
        conditions.with(&format!("{column} >= {{}}"), Bound::Int(first));
    }
    if let Some(last) = last {
        conditions.with(&format!("{column} <= {{}}"), Bound::Int(last));
        conditions.add(format!("{column} >= 0"));
    }
    Ok(())
}

/// The area named by a parameter, which the reference data must know.
pub(crate) fn area(catalogue: &Catalogue, text: &str) -> Result<AreaId, Problem> {
    let area = text.parse::<AreaId>().ok().filter(|area| catalogue.unit(*area).is_some());
    area.ok_or_else(|| {
        refuse("area", text, "a unit of the reference data, as generation-code, for instance 2025-06841")
    })
}

impl SessionParams {
    /// The filter asked for, within what the caller may see.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self, catalogue: &Catalogue, scope: &Scope) -> Result<ListFilter, Problem> {
        let mut conditions = Conditions::default();
        if let Some(areas) = scope.areas() {
            conditions.within(areas);
        }
        if let Some(text) = &self.area {
            conditions.by_area(belongs_to(catalogue, area(catalogue, text)?));
        }
        if let Some(text) = &self.village {
            let village = catalogue.survivor(text);
            let village =
                village.ok_or_else(|| refuse("village", text, "the id of a village, see /v1/reference/villages"))?;
            let ids = catalogue
                .villages()
                .filter(|other| catalogue.survivor(&other.id).is_some_and(|survivor| survivor.id == village.id));
            conditions.few(village_in(ids.map(|village| village.id.as_str())));
        }
        days(&mut conditions, HELD, self.from.as_deref(), self.to.as_deref())?;
        if let Some(text) = &self.format {
            conditions.sieve("format = {}", Bound::Text(code("format", text, Kind::Formats)?.to_string()));
        }
        self.read_tags(&mut conditions)?;
        self.read_people(&mut conditions)?;
        match self.state.as_deref() {
            None => conditions.add("not voided"),
            Some("voided") => conditions.few("voided"),
            Some(state @ ("new" | "confirmed" | "returned" | "amended" | "disputed")) => {
                conditions.add("not voided");
                if state != CONFIRMED {
                    // Says nothing new; with it the indexes of what waits are looked into.
                    conditions.add("review_state <> 'confirmed'");
                    conditions.narrow_with("review_state = {}", Bound::Text(state.to_owned()));
                } else {
                    conditions.with("review_state = {}", Bound::Text(state.to_owned()));
                }
            }
            Some(other) => {
                let accepted = "new, confirmed, returned, amended, disputed or voided";
                return Err(refuse("state", other, accepted));
            }
        }
        match self.conflict.as_deref() {
            None => {}
            Some("true") => conditions.few("conflict_count > 0"),
            Some("false") => conditions.add("conflict_count = 0"),
            Some(other) => return Err(refuse("conflict", other, "true or false")),
        }
        if let Some(text) = &self.device {
            let device: DeviceId = text.parse().map_err(|_| refuse("device", text, "16 hexadecimal digits"))?;
            conditions.sieve("device_id = {}", Bound::Bytes(device.0.to_vec()));
        }
        match self.duplicate.as_deref() {
            None => {}
            Some("suspected") => conditions.few(SUSPECTED),
            Some("linked") => conditions.few(LINKED),
            Some(other) => return Err(refuse("duplicate", other, "suspected or linked")),
        }
        if let Some(text) = &self.q {
            let words = fold(text);
            if words.is_empty() || text.chars().count() > 200 {
                return Err(refuse("q", text, "1 to 200 characters with at least one letter or digit"));
            }
            // Folded text holds letters, digits and spaces only: nothing in it is special to `like`.
            let villages: BTreeSet<&str> =
                catalogue.find_villages(text, None, 100).into_iter().map(|village| village.id.as_str()).collect();
            let named = village_in(villages.into_iter());
            conditions.sieve(&format!("(folded like {{}} or {named})"), Bound::Text(format!("%{words}%")));
        }
        let sort = match self.sort.as_deref() {
            None => Sort::Held { newest_first: true },
            Some(text) => {
                Sort::parse(text).ok_or_else(|| refuse("sort", text, "-held, held, -received or received"))?
            }
        };
        let cursor = self.cursor.as_deref().map(|text| {
            Cursor::parse(text, sort.parts().2)
                .ok_or_else(|| refuse("cursor", text, "next of a page of the same sort, unchanged"))
        });
        let mut walked = Conditions::default();
        if matches!(sort, Sort::Held { .. }) {
            days(&mut walked, HELD, self.from.as_deref(), self.to.as_deref())?;
        }
        let (limit, cursor) = (limit(self.limit.as_deref())?, cursor.transpose()?);
        Ok(ListFilter { conditions, walked, sort, limit, cursor, stretch: STRETCH })
    }
}

impl SessionParams {
    /// The tags are JSON as the projection writes it, each list between its own name and the next: `"topics":["a","b"],`.
    fn read_tags(&self, conditions: &mut Conditions) -> Result<(), Problem> {
        for (field, value, kind, list, next) in [
            ("topic", &self.topic, Kind::Topics, "topics", "partners"),
            ("partner", &self.partner, Kind::Partners, "partners", "languages"),
            ("language", &self.language, Kind::Languages, "languages", "difficulties"),
            ("difficulty", &self.difficulty, Kind::Difficulties, "difficulties", "hotlines"),
        ] {
            let Some(text) = value else { continue };
            // An underscore stands for any character unless it is escaped.
            let code = code(field, text, kind)?.to_string().replace('_', r"\_");
            let pattern = format!(r#"%"{list}":[%"{code}"%],"{next}"%"#);
            conditions.sieve(r"tags like {} escape '\'", Bound::Text(pattern));
        }
        Ok(())
    }

    fn read_people(&self, conditions: &mut Conditions) -> Result<(), Problem> {
        if let Some(text) = &self.recorder {
            let recorder = text.parse::<u32>().map_err(|_| refuse("recorder", text, "the number of an account"))?;
            conditions.narrow_with("recorder = {}", Bound::Int(recorder.into()));
        }
        if let Some(text) = &self.post {
            conditions.sieve(AT_POST, Bound::Text(text.clone()));
        }
        Ok(())
    }
}

/// A code of a list.
fn code(field: &str, text: &str, kind: Kind) -> Result<Code, Problem> {
    text.parse().map_err(|_| refuse(field, text, format!("a code, see /v1/reference/{kind}")))
}

/// The condition that the village is one of these. Ids are of letters, digits, `-`, `_` and `.`.
fn village_in<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let list: Vec<String> = ids.map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
    if list.is_empty() { "1 = 0".to_owned() } else { format!("village_id in ({})", list.join(", ")) }
}

impl ListFilter {
    /// The same filter, the page of so many rows that follows `next` of a page of the same sort.
    pub(crate) fn page(&self, limit: usize, next: Option<&str>) -> Self {
        let cursor = next.and_then(|text| Cursor::parse(text, self.sort.parts().2));
        Self { limit, cursor, ..self.clone() }
    }
}
