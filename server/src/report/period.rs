//! Which days a report covers, and which it is compared with.

use serde::{Deserialize, Serialize, Serializer};
use sync_core::id::UnixMs;
use utoipa::{IntoParams, ToSchema};

use super::Asked;
use super::words::Words;
use crate::coverage::calendar::{Calendar, ReportMonth, day_text, local_day, parse_day, parse_month};
use crate::coverage::query::{generation_and_unit, refuse};
use crate::coverage::year_before;
use crate::problem::Problem;
use crate::reference::Catalogue;

/// The longest range of a report: ten years.
const MAX_DAYS: i64 = 366 * 10;
const DAY: &str = "a day yyyy-mm-dd or a reporting month yyyy-mm, from 2000 to 2099";

/// The kind of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// One reporting month.
    Month,
    /// Three, from January, April, July or October.
    Quarter,
    /// Six, from January or July.
    Half,
    /// The first nine of a year.
    NineMonths,
    /// The twelve of a year.
    Year,
    /// Any days.
    Range,
}

/// Days, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(as = ReportDays)]
pub struct Days {
    /// The first day.
    #[schema(value_type = String, example = "2026-09-15")]
    pub from: i64,
    /// The last day.
    #[schema(value_type = String, example = "2026-10-14")]
    pub to: i64,
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Texts {
            from: String,
            to: String,
        }
        Texts { from: self.from_text(), to: self.to_text() }.serialize(serializer)
    }
}

impl Days {
    /// The first day, `yyyy-mm-dd`.
    #[must_use]
    pub fn from_text(&self) -> String {
        day_text(self.from)
    }

    /// The last day, `yyyy-mm-dd`.
    #[must_use]
    pub fn to_text(&self) -> String {
        day_text(self.to)
    }
}

/// The days of a report and of those it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periods {
    /// The kind.
    pub kind: ReportKind,
    /// What the period is called.
    pub name: Words,
    /// The days.
    pub now: Days,
    /// The period before of the same kind; of nine months and of a year, those of the year before.
    pub before: Days,
    /// The same period of the year before.
    pub year_before: Days,
}

/// Parameters of the period report.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportParams {
    /// `month` (the default), `quarter`, `half`, `nine_months`, `year` or `range`.
    #[param(pattern = "^(month|quarter|half|nine_months|year|range)$")]
    pub kind: Option<String>,
    /// Which: `2026-10`, `2026-Q3`, `2026-H1`, or for nine months and a year `2026`; the one of today unless given.
    #[param(pattern = "^20[0-9]{2}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?$")]
    pub of: Option<String>,
    /// Of a range, and only of one: the first day or reporting month.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub from: Option<String>,
    /// Of a range, and only of one: the last day or reporting month, included.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    pub to: Option<String>,
    /// Generation of units; the newest unless given.
    #[param(value_type = Option<u16>)]
    pub generation: Option<String>,
    /// One unit, as `2025-06841` or as a code of the generation; everything the caller may see unless given.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    pub unit: Option<String>,
}

impl ReportParams {
    /// What is asked for.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self, catalogue: &Catalogue, calendar: Calendar, now: UnixMs) -> Result<Asked, Problem> {
        let (generation, unit) = generation_and_unit(catalogue, self.generation.as_deref(), self.unit.as_deref())?;
        Ok(Asked { generation, unit, periods: self.periods(calendar, local_day(now.0))?, now })
    }

    fn periods(&self, calendar: Calendar, today: i64) -> Result<Periods, Problem> {
        let kind = match self.kind.as_deref() {
            None | Some("month") => ReportKind::Month,
            Some("quarter") => ReportKind::Quarter,
            Some("half") => ReportKind::Half,
            Some("nine_months") => ReportKind::NineMonths,
            Some("year") => ReportKind::Year,
            Some("range") => return self.range(calendar),
            Some(other) => {
                return Err(refuse("kind", other, "month, quarter, half, nine_months, year or range"));
            }
        };
        for (field, value) in [("from", &self.from), ("to", &self.to)] {
            if let Some(text) = value {
                return Err(refuse(field, text, "nothing, unless kind is range; say which period with of"));
            }
        }
        let (first, count) = match self.of.as_deref() {
            None => kind.current(calendar.month_of(today)),
            Some(text) => kind.parse(text).ok_or_else(|| refuse("of", text, kind.accepted()))?,
        };
        // Nine months and a year follow upon those of the year before.
        let step = if matches!(kind, ReportKind::NineMonths) { 12 } else { count };
        Ok(of_months(calendar, kind, (first, count), step, kind.name(first)))
    }

    fn range(&self, calendar: Calendar) -> Result<Periods, Problem> {
        if let Some(text) = &self.of {
            return Err(refuse("of", text, "nothing, when kind is range; say the days with from and to"));
        }
        let given = |field, value: &Option<String>| value.clone().ok_or_else(|| refuse(field, "", DAY));
        let (from_text, to_text) = (given("from", &self.from)?, given("to", &self.to)?);
        let from = parse_day(&from_text)
            .or_else(|| parse_month(&from_text).map(|month| calendar.first_day(month)))
            .ok_or_else(|| refuse("from", &from_text, DAY))?;
        let to = parse_day(&to_text)
            .or_else(|| parse_month(&to_text).map(|month| calendar.last_day(month)))
            .ok_or_else(|| refuse("to", &to_text, DAY))?;
        if to < from {
            return Err(refuse("to", &to_text, "a day that is not before from"));
        }
        if to - from >= MAX_DAYS {
            return Err(refuse("to", &to_text, "at most ten years after from"));
        }
        let (first, last) = (calendar.month_of(from), calendar.month_of(to));
        if calendar.first_day(first) == from && calendar.last_day(last) == to {
            let count = last.0 - first.0 + 1;
            let name = name_of_range(first, count).unwrap_or_else(|| name_of_days(Days { from, to }));
            return Ok(of_months(calendar, ReportKind::Range, (first.0, count), count, name));
        }
        let length = to - from + 1;
        let now = Days { from, to };
        Ok(Periods {
            kind: ReportKind::Range,
            name: name_of_days(now),
            now,
            before: Days { from: from - length, to: from - 1 },
            year_before: Days { from: year_before(from), to: year_before(to) },
        })
    }
}

/// The periods of `count` whole reporting months from `first`; the one before begins `step` months before.
fn of_months(calendar: Calendar, kind: ReportKind, (first, count): (i64, i64), step: i64, name: Words) -> Periods {
    let days = |first: i64| Days {
        from: calendar.first_day(ReportMonth(first)),
        to: calendar.last_day(ReportMonth(first + count - 1)),
    };
    Periods { kind, name, now: days(first), before: days(first - step), year_before: days(first - 12) }
}

impl ReportKind {
    /// Of which months the period that holds this month is made: the first, and how many.
    fn current(self, month: ReportMonth) -> (i64, i64) {
        let year = month.0.div_euclid(12) * 12;
        match self {
            Self::Month | Self::Range => (month.0, 1),
            Self::Quarter => (month.0.div_euclid(3) * 3, 3),
            Self::Half => (month.0.div_euclid(6) * 6, 6),
            Self::NineMonths => (year, 9),
            Self::Year => (year, 12),
        }
    }

    fn parse(self, text: &str) -> Option<(i64, i64)> {
        let january = |year: &str| parse_month(&format!("{year}-01")).map(|month| month.0);
        let part = |mark: char, months: i64, most: i64| {
            let (year, part) = text.split_once('-')?;
            let number: i64 = part.strip_prefix(mark)?.parse().ok().filter(|n| (1..=most).contains(n))?;
            Some((january(year)? + (number - 1) * months, months))
        };
        match self {
            Self::Month | Self::Range => parse_month(text).map(|month| (month.0, 1)),
            Self::Quarter => part('Q', 3, 4),
            Self::Half => part('H', 6, 2),
            Self::NineMonths => january(text).map(|first| (first, 9)),
            Self::Year => january(text).map(|first| (first, 12)),
        }
    }

    fn accepted(self) -> &'static str {
        match self {
            Self::Month | Self::Range => "a reporting month, for instance 2026-10",
            Self::Quarter => "a quarter, for instance 2026-Q3",
            Self::Half => "a half of a year, for instance 2026-H1",
            Self::NineMonths | Self::Year => "a year, for instance 2026",
        }
    }

    /// What the period that begins with a month is called.
    fn name(self, first: i64) -> Words {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let (year, month) = (first.div_euclid(12), usize::try_from(first.rem_euclid(12)).unwrap_or_default());
        match self {
            Self::Month | Self::Range => {
                Words::new(format!("Tháng {} năm {year}", month + 1), format!("{} {year}", MONTHS[month]))
            }
            Self::Quarter => {
                let roman = ["I", "II", "III", "IV"][month / 3];
                let ordinal = ["First", "Second", "Third", "Fourth"][month / 3];
                Words::new(format!("Quý {roman} năm {year}"), format!("{ordinal} quarter of {year}"))
            }
            Self::Half => {
                let (vi, en) = if month < 6 { ("đầu", "First") } else { ("cuối", "Second") };
                Words::new(format!("6 tháng {vi} năm {year}"), format!("{en} half of {year}"))
            }
            Self::NineMonths => Words::new(format!("9 tháng đầu năm {year}"), format!("First nine months of {year}")),
            Self::Year => Words::new(format!("Năm {year}"), format!("Year {year}")),
        }
    }
}

/// "10 tháng đầu năm": months of one year from January.
fn name_of_range(first: ReportMonth, count: i64) -> Option<Words> {
    let year = first.0.div_euclid(12);
    let from_january = first.0.rem_euclid(12) == 0 && (2..12).contains(&count);
    from_january.then(|| Words::new(format!("{count} tháng đầu năm {year}"), format!("First {count} months of {year}")))
}

fn name_of_days(days: Days) -> Words {
    let (from, to) = (written(&days.from_text()), written(&days.to_text()));
    Words::new(format!("Từ ngày {from} đến ngày {to}"), format!("From {from} to {to}"))
}

/// `dd/mm/yyyy` of `yyyy-mm-dd`.
pub(super) fn written(day: &str) -> String {
    let parts: Vec<&str> = day.rsplit('-').collect();
    parts.join("/")
}
