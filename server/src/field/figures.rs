//! Numbers, days and moments as people read and write them: dd/mm/yyyy, dots between thousands in Vietnamese and commas
//! in English, Vietnam's clock.

use sync_core::id::UnixMs;
use sync_core::record::CivilDate;

use super::text::NEVER;
use crate::cli::Lang;

/// A whole number with its thousands apart.
#[must_use]
pub fn number(value: u64, lang: Lang) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(lang.pick(".", ","));
        }
        out.push(digit);
    }
    out
}

/// A day as dd/mm/yyyy.
#[must_use]
pub fn date(date: CivilDate) -> String {
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

/// A day as people type it: dd/mm/yyyy, d/m/yyyy, with dots or hyphens too, or yyyy-mm-dd.
#[must_use]
pub fn parse_date(text: &str) -> Option<CivilDate> {
    if let Ok(date) = text.parse() {
        return Some(date);
    }
    let mut parts = text.split(['/', '-', '.']);
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    CivilDate::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// Vietnam's clock is seven hours ahead of UTC, all year.
const ZONE_MS: i64 = 7 * 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The day in Vietnam.
#[must_use]
pub fn day_of(at: UnixMs) -> Option<CivilDate> {
    let day = (at.0 + ZONE_MS).div_euclid(DAY_MS);
    i32::try_from(day).ok().and_then(CivilDate::from_day_number)
}

/// A moment in Vietnam as dd/mm/yyyy hh:mm.
#[must_use]
pub fn moment(at: UnixMs, lang: Lang) -> String {
    if at.0 <= 0 {
        return NEVER.of(lang).to_owned();
    }
    let minutes = (at.0 + ZONE_MS).rem_euclid(DAY_MS) / 60_000;
    day_of(at).map_or_else(|| at.to_string(), |day| format!("{} {:02}:{:02}", date(day), minutes / 60, minutes % 60))
}

/// What a clock shows, however wrong: a day outside of the calendar of records too.
#[must_use]
pub fn clock(at: UnixMs) -> String {
    let local = time::OffsetDateTime::from_unix_timestamp((at.0 + ZONE_MS).div_euclid(1_000));
    local.map_or_else(
        |_| at.to_string(),
        |at| {
            format!("{:02}/{:02}/{:04} {:02}:{:02}", at.day(), u8::from(at.month()), at.year(), at.hour(), at.minute())
        },
    )
}

/// A number of bytes.
#[must_use]
pub fn bytes(count: u64, lang: Lang) -> String {
    if count < 10_000 { format!("{} B", number(count, lang)) } else { format!("{} kB", number(count / 1_000, lang)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_dots_in_vietnamese() {
        assert_eq!(number(822_994, Lang::Vi), "822.994");
        assert_eq!(number(1_000, Lang::En), "1,000");
        assert_eq!(number(999, Lang::Vi), "999");
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let day = CivilDate::new(2026, 7, 3).expect("exists");
        for text in ["03/07/2026", "3/7/2026", "3-7-2026", "03.07.2026", "2026-07-03"] {
            assert_eq!(parse_date(text), Some(day), "{text}");
        }
        for text in ["", "31/02/2026", "3/7/26", "3/7/2026/1", "x"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(date(day), "03/07/2026");
    }

    #[test]
    fn a_day_begins_at_midnight_in_vietnam() {
        // 2026-11-22T17:00:00Z is midnight of the 23rd in Vietnam.
        assert_eq!(moment(UnixMs(1_795_366_800_000), Lang::Vi), "23/11/2026 00:00");
    }
}
