//! Days, reporting months and the periods made of them.
//!
//! A reporting month may close before the calendar month does: with closing day 14, March runs from 15 February to
//! 14 March. Every figure by month, quarter or year is counted in reporting months, so that the parts of a report add
//! up to the whole.

use std::fmt;
use std::ops::RangeInclusive;

use time::{Date, Month};

/// The closing day that stands for the calendar month.
pub const CALENDAR_MONTH: u8 = 0;

/// Offset of Vietnamese time, which has no daylight saving: a day ends at 17:00 UTC.
pub const LOCAL_OFFSET_MS: i64 = 7 * 3_600_000;

const DAY_MS: i64 = 86_400_000;
const EPOCH_JULIAN_DAY: i32 = 2_440_588;

/// Where reporting months end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    closing_day: u8,
}

/// The closing day is none of those accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("closing day {0}: expected 1 to 28, or 0 for the calendar month")]
pub struct ClosingDayError(pub u8);

impl Default for Calendar {
    /// Months of the calendar.
    fn default() -> Self {
        Self { closing_day: CALENDAR_MONTH }
    }
}

impl Calendar {
    /// Reporting months that close on `closing_day`: 1 to 28, or 0 for months of the calendar.
    ///
    /// # Errors
    /// [`ClosingDayError`] for what is over 28: such a day is missing in some months.
    pub fn closing_on(closing_day: u8) -> Result<Self, ClosingDayError> {
        match closing_day {
            CALENDAR_MONTH..=28 => Ok(Self { closing_day }),
            other => Err(ClosingDayError(other)),
        }
    }

    /// The day on which months close; 0 is the calendar month.
    #[must_use]
    pub fn closing_day(self) -> u8 {
        self.closing_day
    }

    /// The reporting month that holds this day.
    #[must_use]
    pub fn month_of(self, day: i64) -> ReportMonth {
        let (year, month, day_of_month) = civil(day);
        let calendar_month = i64::from(year) * 12 + i64::from(month) - 1;
        let next = self.closing_day != CALENDAR_MONTH && day_of_month > self.closing_day;
        ReportMonth(calendar_month + i64::from(next))
    }

    /// The first day of a reporting month.
    #[must_use]
    pub fn first_day(self, month: ReportMonth) -> i64 {
        if self.closing_day == CALENDAR_MONTH { day_of(month.0, 1) } else { day_of(month.0 - 1, self.closing_day) + 1 }
    }

    /// The last day of a reporting month.
    #[must_use]
    pub fn last_day(self, month: ReportMonth) -> i64 {
        self.first_day(ReportMonth(month.0 + 1)) - 1
    }

    /// Whole reporting months within the days, and the ragged ends before and after them.
    ///
    /// The parts cover each day of `from..=to` exactly once; neither end leaves its reporting month.
    #[must_use]
    pub fn split(self, from: i64, to: i64) -> Split {
        if from > to {
            return Split { months: None, head: None, tail: None };
        }
        let mut first = self.month_of(from);
        if self.first_day(first) < from {
            first.0 += 1;
        }
        let mut last = self.month_of(to);
        if self.last_day(last) > to {
            last.0 -= 1;
        }
        if first > last {
            // No whole month: the days lie in one month or in two.
            let end = self.last_day(self.month_of(from)).min(to);
            return Split { months: None, head: Some(from..=end), tail: (end < to).then(|| end + 1..=to) };
        }
        let (begin, end) = (self.first_day(first), self.last_day(last));
        Split {
            months: Some(first..=last),
            head: (from < begin).then(|| from..=begin - 1),
            tail: (to > end).then(|| end + 1..=to),
        }
    }

    /// The periods of a range of days, each cut to the range, in order.
    #[must_use]
    pub fn periods(self, from: i64, to: i64, bucket: Bucket) -> Vec<Period> {
        let mut periods = Vec::new();
        let mut day = from;
        while day <= to {
            let first = bucket.first_month(self.month_of(day));
            let last = ReportMonth(first.0 + bucket.months() - 1);
            let end = self.last_day(last).min(to);
            periods.push(Period { label: bucket.label(first), from: day, to: end });
            day = end + 1;
        }
        periods
    }
}

/// A reporting month: year × 12 + month, January being 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportMonth(pub i64);

impl fmt::Display for ReportMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// A range of days as whole months and ragged ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The whole months.
    pub months: Option<RangeInclusive<ReportMonth>>,
    /// The days before the first whole month; without one, the days in the first month touched.
    pub head: Option<RangeInclusive<i64>>,
    /// The days after the last whole month; without one, the days in the second month touched.
    pub tail: Option<RangeInclusive<i64>>,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// One reporting month.
    Month,
    /// Three reporting months, from January, April, July or October.
    Quarter,
    /// Twelve reporting months from January.
    Year,
}

impl Bucket {
    /// The accepted names.
    pub const ACCEPTED: &'static str = "month, quarter or year";

    /// The bucket of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "month" => Some(Self::Month),
            "quarter" => Some(Self::Quarter),
            "year" => Some(Self::Year),
            _ => None,
        }
    }

    fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    fn first_month(self, month: ReportMonth) -> ReportMonth {
        ReportMonth(month.0.div_euclid(self.months()) * self.months())
    }

    fn label(self, first: ReportMonth) -> String {
        let year = first.0.div_euclid(12);
        match self {
            Self::Month => first.to_string(),
            Self::Quarter => format!("{year:04}-Q{}", first.0.rem_euclid(12) / 3 + 1),
            Self::Year => format!("{year:04}"),
        }
    }
}

/// A period of a report; both days belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `2026-03`, `2026-Q1` or `2026`: the whole period's name even where the range cuts it.
    pub label: String,
    /// The first day.
    pub from: i64,
    /// The last day.
    pub to: i64,
}

/// The instant, in milliseconds since the epoch, at which a local day ends.
#[must_use]
pub fn end_of_day_ms(day: i64) -> i64 {
    (day + 1) * DAY_MS - LOCAL_OFFSET_MS
}

/// The local day at an instant.
#[must_use]
pub fn local_day(at_ms: i64) -> i64 {
    (at_ms + LOCAL_OFFSET_MS).div_euclid(DAY_MS)
}

/// `yyyy-mm-dd` of a day.
#[must_use]
pub fn day_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day of a `yyyy-mm-dd` text of the years 2000 to 2099, or `None`.
#[must_use]
pub fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut digits = |len: usize| -> Option<u16> {
        let part = parts.next()?;
        (part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (digits(4)?, digits(2)?, digits(2)?);
    if parts.next().is_some() || !(2000..2100).contains(&year) {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    Some(i64::from(date.to_julian_day() - EPOCH_JULIAN_DAY))
}

/// The reporting month of a `yyyy-mm` text, or `None`.
#[must_use]
pub fn parse_month(text: &str) -> Option<ReportMonth> {
    let day = parse_day(&format!("{text}-01"))?;
    Some(Calendar::default().month_of(day))
}

/// Year, month and day of the month. Days beyond the calendar of the `time` crate are taken as its ends.
fn civil(day: i64) -> (i32, u8, u8) {
    let date = i32::try_from(day)
        .ok()
        .and_then(|day| day.checked_add(EPOCH_JULIAN_DAY))
        .and_then(|julian| Date::from_julian_day(julian).ok())
        .unwrap_or(if day < 0 { Date::MIN } else { Date::MAX });
    (date.year(), u8::from(date.month()), date.day())
}

/// The day of a month counted as in [`ReportMonth`].
fn day_of(calendar_month: i64, day_of_month: u8) -> i64 {
    let year = i32::try_from(calendar_month.div_euclid(12)).unwrap_or(i32::MAX);
    let month = u8::try_from(calendar_month.rem_euclid(12) + 1).ok().and_then(|month| Month::try_from(month).ok());
    let date = month.and_then(|month| Date::from_calendar_date(year, month, day_of_month).ok());
    let edge = if calendar_month < 0 { Date::MIN } else { Date::MAX };
    i64::from(date.unwrap_or(edge).to_julian_day() - EPOCH_JULIAN_DAY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> i64 {
        parse_day(text).expect("a day")
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day("2000-01-01"), 10_957);
        assert_eq!(day("2026-11-23"), 20_780);
        assert_eq!(day_text(20_780), "2026-11-23");
    }

    #[test]
    fn a_day_is_read_strictly() {
        for text in ["2026-02-30", "2026-2-3", "26-02-03", "2026-02-03-04", "2026-13-01", "+026-01-01", "1999-12-31"] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_that_closes_on_the_14th_begins_on_the_15th() {
        let calendar = Calendar::closing_on(14).expect("accepted");
        assert_eq!(calendar.month_of(day("2026-03-14")).to_string(), "2026-03");
        assert_eq!(calendar.month_of(day("2026-03-15")).to_string(), "2026-04");
        assert_eq!(calendar.month_of(day("2026-12-15")).to_string(), "2027-01");
        let march = parse_month("2026-03").expect("a month");
        assert_eq!(day_text(calendar.first_day(march)), "2026-02-15");
        assert_eq!(day_text(calendar.last_day(march)), "2026-03-14");
    }

    #[test]
    fn a_closing_day_missing_in_some_month_is_refused() {
        for closing_day in [29, 30, 31, 255] {
            assert_eq!(Calendar::closing_on(closing_day), Err(ClosingDayError(closing_day)));
        }
    }

    #[test]
    fn quarters_are_cut_to_the_range() {
        let periods = Calendar::default().periods(day("2026-02-10"), day("2026-08-01"), Bucket::Quarter);
        let shown: Vec<_> = periods.iter().map(|p| (p.label.as_str(), day_text(p.from), day_text(p.to))).collect();
        let expected = [
            ("2026-Q1", "2026-02-10", "2026-03-31"),
            ("2026-Q2", "2026-04-01", "2026-06-30"),
            ("2026-Q3", "2026-07-01", "2026-08-01"),
        ];
        assert_eq!(shown, expected.map(|(label, from, to)| (label, from.to_owned(), to.to_owned())));
    }

    #[test]
    fn a_local_day_ends_at_17_utc() {
        assert_eq!(end_of_day_ms(0), 17 * 3_600_000);
        assert_eq!(local_day(17 * 3_600_000 - 1), 0);
        assert_eq!(local_day(17 * 3_600_000), 1);
    }

    proptest! {
        #[test]
        fn a_split_covers_each_day_once(from in 15_000_i64..25_000, length in 0_i64..900, closing in 0_u8..=28) {
            let calendar = Calendar::closing_on(closing).expect("accepted");
            let split = calendar.split(from, from + length);
            let mut days: Vec<i64> = Vec::new();
            days.extend(split.head.into_iter().flatten());
            if let Some(months) = split.months {
                days.extend(calendar.first_day(*months.start())..=calendar.last_day(*months.end()));
            }
            days.extend(split.tail.into_iter().flatten());
            prop_assert_eq!(days, (from..=from + length).collect::<Vec<_>>());
        }

        #[test]
        fn periods_cover_each_day_once(from in 15_000_i64..25_000, length in 0_i64..900, closing in 0_u8..=28) {
            let calendar = Calendar::closing_on(closing).expect("accepted");
            for bucket in [Bucket::Month, Bucket::Quarter, Bucket::Year] {
                let days: Vec<i64> =
                    calendar.periods(from, from + length, bucket).iter().flat_map(|p| p.from..=p.to).collect();
                prop_assert_eq!(days, (from..=from + length).collect::<Vec<_>>());
            }
        }
    }
}
