//! Civil dates: a day as people wrote it down, without clock or time zone.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::state::Scalar;
use super::value::{Accepted, FieldValue, ParseValueError, text_value};

/// A day of the Gregorian calendar, from 2000-01-01 to 2099-12-31. Shown as `yyyy-mm-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl CivilDate {
    /// The date of a year, month and day, or `None` when there is no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (2000..=2099).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn day_number(self) -> i32 {
        // Years are counted from March, so that the leap day is the last of its year.
        let (year, month) = (i32::from(self.year), i32::from(self.month));
        let year = if month <= 2 { year - 1 } else { year };
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i32::from(self.day) - 1;
        365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
    }

    /// The date that is so many days after 1970-01-01, or `None` outside 2000 to 2099.
    #[must_use]
    pub fn from_day_number(days: i32) -> Option<Self> {
        let since_march_0 = days.checked_add(719_468)?;
        let era = since_march_0.div_euclid(146_097);
        let day_of_era = since_march_0.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i32::from(month <= 2);
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for CivilDate {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let number = |range: std::ops::Range<usize>| {
            text.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit())).and_then(|part| part.parse().ok())
        };
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(ParseValueError(Self::ACCEPTED));
        }
        let date = number(0..4)
            .zip(number(5..7))
            .zip(number(8..10))
            .and_then(|((year, month), day)| Self::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?));
        date.ok_or(ParseValueError(Self::ACCEPTED))
    }
}

text_value!(
    CivilDate,
    Accepted {
        vi: "ngày có thật từ 2000-01-01 đến 2099-12-31, dạng yyyy-mm-dd",
        en: "an existing day from 2000-01-01 to 2099-12-31, as yyyy-mm-dd"
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_century_round_trips_and_follows_the_day_before() {
        let mut number = CivilDate::new(2000, 1, 1).expect("exists").day_number();
        assert_eq!(number, 10_957);
        for year in 2000..=2099 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let date = CivilDate::new(year, month, day).expect("exists");
                    assert_eq!(date.day_number(), number);
                    assert_eq!(CivilDate::from_day_number(number), Some(date));
                    assert_eq!(date.to_string().parse(), Ok(date));
                    number += 1;
                }
            }
        }
        assert_eq!(CivilDate::from_day_number(number), None);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in ["2025-02-29", "2025-13-01", "2025-00-10", "2025-1-1", "1999-12-31", "2025/01/01", "+025-01-01", ""]
        {
            assert!(text.parse::<CivilDate>().is_err(), "{text}");
        }
        assert!("2024-02-29".parse::<CivilDate>().is_ok());
    }
}
