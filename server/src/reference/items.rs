//! The small lists: terms, hotlines, posts, panels, clubs, plans. Each row is a document of its kind's type, kept as
//! JSON under a stable id; records name these ids for ever, so a row absent from a newer file is kept.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;
use utoipa::ToSchema;

use super::catalogue::Catalogue;
use super::kind::Kind;
use super::sheet::{Columns, Row};

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item<T> {
    /// Stable id within its kind.
    pub id: String,
    /// The rest.
    #[serde(flatten)]
    pub body: T,
}

/// A word in both languages: a topic, a material kind, a format, a label of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Term {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
    /// A remark for who translates or counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A telephone line people are told of. Dated: a wrong number on a panel is a defect of its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hotline {
    /// Vietnamese name.
    pub vi: String,
    /// English name.
    pub en: String,
    /// First day it is known to answer, `yyyy-mm-dd`.
    pub valid_from: Option<String>,
    /// Last day, `yyyy-mm-dd`; none: still answers.
    pub valid_to: Option<String>,
    /// Where that is known from.
    pub note: Option<String>,
}

/// A border guard post, station or team. One post covers several communes, one commune may have several posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Post {
    /// Name as people say it.
    pub name: String,
    /// `post`, `station` or `team`.
    pub kind: String,
    /// The post a station or team belongs to.
    pub part_of: Option<String>,
    /// The units it works in.
    #[schema(value_type = Vec<String>)]
    pub areas: Vec<AreaId>,
    /// Sample data.
    pub sample: bool,
}

/// A place that is visited again and again: a panel (pano) or a club. Never a list of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// Name or short description of the place.
    pub name: String,
    /// The unit as registered; resolve it for another generation.
    #[schema(value_type = String, example = "2023-06649")]
    pub area: AreaId,
    /// The village, when known.
    pub village_id: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Sample data.
    pub sample: bool,
}

/// How often a period comes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Twelve times a year.
    Month,
    /// Four times a year.
    Quarter,
    /// Once a year.
    Year,
}

impl Per {
    fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// A plan's rule that is for every village, when nothing narrower is.
pub const ALL: &str = "all";
/// A plan's rule that is for the villages of units on the land border.
pub const LAND_BORDER: &str = "land-border";

/// How many sessions a village should have: of one village, of each village of a unit, of those on the land border, or of
/// every village. The narrowest plan counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The village, when the plan is for one.
    pub village_id: Option<String>,
    /// The unit, when the plan is for each of its villages.
    #[schema(value_type = Option<String>)]
    pub area: Option<AreaId>,
    /// [`LAND_BORDER`]; none for a village, a unit, or every village.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Sessions in each period.
    pub sessions: u32,
    /// The period.
    pub per: Per,
}

impl Plan {
    /// Sessions due in the months from `first` to `last`, both included and counted as `year * 12 + month - 1`.
    ///
    /// What is due falls at the end of even parts of its period, so the months of a period always add up to it: four a
    /// year are one each in March, June, September and December.
    #[must_use]
    pub fn due(&self, first: i64, last: i64) -> u32 {
        let until = |months: i64| (months * i64::from(self.sessions)).div_euclid(self.per.months());
        u32::try_from(until(last + 1) - until(first)).unwrap_or(0)
    }
}

/// A type whose rows are read from a file and kept as JSON.
pub trait ListItem: Serialize + DeserializeOwned + PartialEq + Clone {
    /// One row; `None` when a fault was noted.
    fn read(row: &mut Row<'_>, kind: Kind, sample: bool, catalogue: &Catalogue) -> Option<Item<Self>>;
}

/// The headings of a list's file; the first required one is the id's, but for plans.
#[must_use]
pub fn columns(kind: Kind) -> Columns {
    let (required, optional): (&[_], &[_]) = match kind {
        Kind::Units => return super::units::COLUMNS,
        Kind::Villages => return super::villages::COLUMNS,
        Kind::Labels => (&["key", "vi", "en"], &["note"]),
        Kind::Hotlines => (&["number", "vi", "en", "valid_from"], &["valid_to", "note"]),
        Kind::Posts => (&["post_id", "name", "kind", "areas"], &["part_of", "note"]),
        Kind::Panels => (&["panel_id", "name", "area"], &["village_id", "note"]),
        Kind::Clubs => (&["club_id", "name", "area"], &["village_id", "note"]),
        Kind::Plans => (&["sessions", "per"], &["village_id", "area", "rule", "note"]),
        _ => (&["code", "vi", "en"], &["note"]),
    };
    Columns { required, optional }
}

fn known_area(row: &mut Row<'_>, column: &str, text: &str, catalogue: &Catalogue) -> Option<AreaId> {
    match AreaId::from_str(text) {
        Ok(area) if catalogue.unit(area).is_some() => Some(area),
        _ => row.fault(
            column,
            (
                "năm và mã của đơn vị đã nhập, ví dụ 2025-06841",
                "generation-code of an imported unit, for instance 2025-06841",
            ),
        ),
    }
}

fn known_village(row: &mut Row<'_>, catalogue: &Catalogue) -> Option<Option<String>> {
    match row.optional("village_id") {
        Some(id) if catalogue.village(&id).is_none() => row.fault(
            "village_id",
            ("mã của thôn, bản đã nhập, hoặc để trống", "the id of an imported village, or empty"),
        ),
        id => Some(id),
    }
}

impl ListItem for Term {
    fn read(row: &mut Row<'_>, kind: Kind, _: bool, _: &Catalogue) -> Option<Item<Self>> {
        let id = row.code(if kind == Kind::Labels { "key" } else { "code" });
        let (vi, en) = (row.required("vi", 200), row.required("en", 200));
        Some(Item { id: id?, body: Self { vi: vi?, en: en?, note: row.optional("note") } })
    }
}

impl ListItem for Hotline {
    fn read(row: &mut Row<'_>, _: Kind, _: bool, _: &Catalogue) -> Option<Item<Self>> {
        let number = row.text("number");
        let id = if (3..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
            Some(number.to_owned())
        } else {
            row.fault("number", ("3 đến 15 chữ số, không có khoảng trắng", "3 to 15 digits without spaces"))
        };
        let (vi, en) = (row.required("vi", 200), row.required("en", 200));
        let (from, to) = (row.optional_date("valid_from"), row.optional_date("valid_to"));
        let (valid_from, valid_to) = (from?, to?);
        if valid_to.is_some() && valid_to < valid_from {
            return row.fault(
                "valid_to",
                ("ngày không trước valid_from, hoặc để trống", "a day not before valid_from, or empty"),
            );
        }
        Some(Item { id: id?, body: Self { vi: vi?, en: en?, valid_from, valid_to, note: row.optional("note") } })
    }
}

impl ListItem for Post {
    fn read(row: &mut Row<'_>, _: Kind, sample: bool, catalogue: &Catalogue) -> Option<Item<Self>> {
        let (id, name) = (row.code("post_id"), row.required("name", 120));
        let kind = row.one_of("kind", &[("post", "post"), ("station", "station"), ("team", "team")]);
        let mut areas = Vec::new();
        for text in row.text("areas").split_whitespace() {
            areas.push(known_area(row, "areas", text, catalogue)?);
        }
        let body = Self { name: name?, kind: kind?.to_owned(), part_of: row.optional("part_of"), areas, sample };
        Some(Item { id: id?, body })
    }
}

impl ListItem for Site {
    fn read(row: &mut Row<'_>, kind: Kind, sample: bool, catalogue: &Catalogue) -> Option<Item<Self>> {
        let id = row.code(if kind == Kind::Panels { "panel_id" } else { "club_id" });
        let name = row.required("name", 200);
        let area = known_area(row, "area", row.text("area"), catalogue);
        let village_id = known_village(row, catalogue);
        let body = Self { name: name?, area: area?, village_id: village_id?, note: row.optional("note"), sample };
        Some(Item { id: id?, body })
    }
}

impl ListItem for Plan {
    fn read(row: &mut Row<'_>, _: Kind, _: bool, catalogue: &Catalogue) -> Option<Item<Self>> {
        let village_id = known_village(row, catalogue)?;
        let area = match row.text("area") {
            "" => None,
            text => Some(known_area(row, "area", text, catalogue)?),
        };
        let rule = match row.text("rule") {
            "" | ALL => None,
            LAND_BORDER if village_id.is_none() && area.is_none() => Some(LAND_BORDER.to_owned()),
            _ => {
                return row.fault(
                    "rule",
                    (
                        "all hoặc land-border, để trống khi đã có village_id hoặc area",
                        "all or land-border, empty when village_id or area is given",
                    ),
                );
            }
        };
        let sessions = row.number("sessions", 0..=366);
        let per = row.one_of("per", &[("month", Per::Month), ("quarter", Per::Quarter), ("year", Per::Year)]);
        let id = match (&village_id, area) {
            (Some(_), Some(_)) => {
                return row.fault("area", ("để trống khi đã có village_id", "empty when village_id is given"));
            }
            (Some(village), None) => village.clone(),
            (None, Some(area)) => area.to_string(),
            (None, None) => rule.as_deref().unwrap_or(ALL).to_owned(),
        };
        Some(Item { id, body: Self { village_id, area, rule, sessions: sessions?, per: per? } })
    }
}

/// The small lists of one version.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// Topics, material kinds, formats and the other lists of words, in file order.
    pub terms: BTreeMap<Kind, Vec<Item<Term>>>,
    /// Telephone lines.
    pub hotlines: Vec<Item<Hotline>>,
    /// Border guard posts.
    pub posts: Vec<Item<Post>>,
    /// Panels (pano).
    pub panels: Vec<Item<Site>>,
    /// Clubs.
    pub clubs: Vec<Item<Site>>,
    /// Plans of sessions.
    pub plans: Vec<Item<Plan>>,
}

impl Items {
    /// Puts one stored row in its list; the rows come by kind and position.
    ///
    /// # Errors
    /// The stored JSON is not of the kind's type.
    pub fn put(&mut self, kind: Kind, id: String, body: &str) -> Result<(), serde_json::Error> {
        match kind {
            Kind::Units | Kind::Villages => {}
            Kind::Hotlines => self.hotlines.push(Item { id, body: serde_json::from_str(body)? }),
            Kind::Posts => self.posts.push(Item { id, body: serde_json::from_str(body)? }),
            Kind::Panels => self.panels.push(Item { id, body: serde_json::from_str(body)? }),
            Kind::Clubs => self.clubs.push(Item { id, body: serde_json::from_str(body)? }),
            Kind::Plans => self.plans.push(Item { id, body: serde_json::from_str(body)? }),
            _ => self.terms.entry(kind).or_default().push(Item { id, body: serde_json::from_str(body)? }),
        }
        Ok(())
    }

    /// A list of words; empty when nothing was imported.
    #[must_use]
    pub fn terms(&self, kind: Kind) -> &[Item<Term>] {
        self.terms.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Whether a list of words has this code.
    #[must_use]
    pub fn has_term(&self, kind: Kind, code: &str) -> bool {
        self.terms(kind).iter().any(|term| term.id == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sessions: u32, per: Per) -> Plan {
        Plan { village_id: None, area: None, rule: None, sessions, per }
    }

    #[test]
    fn the_months_of_a_period_add_up_to_it() {
        let january = 2026 * 12;
        for (sessions, per, year) in [(4, Per::Year, 4), (5, Per::Year, 5), (1, Per::Quarter, 4), (2, Per::Month, 24)] {
            let plan = plan(sessions, per);
            let months: u32 = (0..12).map(|month| plan.due(january + month, january + month)).sum();
            assert_eq!((months, plan.due(january, january + 11)), (year, year));
        }
    }

    #[test]
    fn four_a_year_fall_due_at_the_end_of_each_quarter() {
        let due: Vec<_> = (0..12).map(|month| plan(4, Per::Year).due(24_000 + month, 24_000 + month)).collect();
        assert_eq!(due, [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
    }
}
