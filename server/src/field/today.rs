//! What day it is, as far as a device can know.
//!
//! A phone's clock may be wrong by years. What the server's clock showed at the last contact says more: a device that
//! calls at least every [`SILENCE_MS`] lives within that time after it. Nothing here decides a merge; it keeps a person
//! from recording a day that has not come.

use serde::{Deserialize, Serialize};
use sync_core::id::UnixMs;
use sync_core::record::CivilDate;

use super::store::Key;
use super::text::day_of;
use super::{Field, FieldError};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The longest a device is away, and somewhat more: two years.
const SILENCE_MS: i64 = 730 * DAY_MS;
/// A clock that differs by more than this is worth a word.
const SKEW_MS: i64 = DAY_MS;

/// Both clocks at one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contact {
    pub(super) device: UnixMs,
    pub(super) server: UnixMs,
}

impl Contact {
    /// Whether the device's clock was far off.
    pub(super) fn is_skewed(self) -> bool {
        (self.device.0 - self.server.0).abs() > SKEW_MS
    }
}

/// The day, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Today {
    /// The day in Vietnam; `None` when the clock cannot be right.
    pub(super) day: Option<CivilDate>,
    /// The latest day that may be recorded without a second word: tomorrow, or the day after the last contact.
    pub(super) latest: Option<CivilDate>,
    /// What the device's clock shows.
    pub(super) clock: UnixMs,
}

impl Today {
    /// The day by the device's clock and the last contact.
    pub(super) fn new(clock: UnixMs, contact: Option<Contact>) -> Self {
        let day_after = |at: UnixMs| day_of(UnixMs(at.0.saturating_add(DAY_MS)));
        let Some(contact) = contact else {
            return Self { day: day_of(clock), latest: day_after(clock), clock };
        };
        let may_be = |at: UnixMs| (-SKEW_MS..=SILENCE_MS).contains(&(at.0.saturating_sub(contact.server.0)));
        // A clock that was wrong at the last contact and went on evenly still tells how long ago that was.
        let counted = UnixMs(contact.server.0.saturating_add(clock.0.saturating_sub(contact.device.0)));
        match [clock, counted].into_iter().find(|at| may_be(*at)) {
            Some(now) => Self { day: day_of(now), latest: day_after(now), clock },
            None => Self { day: None, latest: day_after(contact.server), clock },
        }
    }

    /// Whether a day has not come yet.
    pub(super) fn is_future(&self, day: CivilDate) -> bool {
        self.latest.is_none_or(|latest| day > latest)
    }
}

impl Field {
    /// Keeps both clocks of a contact.
    pub(super) async fn note_clocks(&mut self, server: UnixMs) -> Result<(), FieldError> {
        let contact = Contact { device: self.clock.now(), server };
        self.store.put_meta_json(Key::Clocks, &contact).await
    }

    /// Both clocks at the last contact.
    pub(super) async fn clocks(&mut self) -> Result<Option<Contact>, FieldError> {
        self.store.meta_json(Key::Clocks).await
    }

    /// What day it is.
    pub(super) async fn today(&mut self) -> Result<Today, FieldError> {
        let contact = self.clocks().await?;
        Ok(Today::new(self.clock.now(), contact))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: u16, month: u8, day: u8) -> UnixMs {
        let day = CivilDate::new(year, month, day).expect("a day");
        UnixMs(i64::from(day.day_number()) * DAY_MS)
    }

    fn day(year: u16, month: u8, day: u8) -> Option<CivilDate> {
        CivilDate::new(year, month, day)
    }

    #[test]
    fn a_right_clock_tells_the_day_and_tomorrow_is_the_latest() {
        let contact = Contact { device: at(2026, 9, 1), server: at(2026, 9, 1) };
        for contact in [None, Some(contact)] {
            let today = Today::new(at(2026, 9, 20), contact);
            assert_eq!((today.day, today.latest), (day(2026, 9, 20), day(2026, 9, 21)));
            assert!(!today.is_future(day(2026, 9, 21).expect("a day")));
            assert!(today.is_future(day(2026, 9, 22).expect("a day")));
        }
    }

    #[test]
    fn a_clock_that_is_wrong_by_years_and_runs_evenly_still_tells_the_day() {
        for wrong in [at(2001, 1, 1), at(2062, 11, 25)] {
            let contact = Contact { device: wrong, server: at(2026, 9, 1) };
            let today = Today::new(UnixMs(wrong.0 + 9 * DAY_MS), Some(contact));
            assert_eq!((today.day, today.latest), (day(2026, 9, 10), day(2026, 9, 11)));
        }
    }

    #[test]
    fn a_clock_set_right_after_the_contact_is_believed() {
        let contact = Contact { device: at(2001, 1, 1), server: at(2026, 9, 1) };
        assert_eq!(Today::new(at(2026, 9, 10), Some(contact)).day, day(2026, 9, 10));
    }

    #[test]
    fn a_clock_that_jumped_tells_no_day_and_the_day_after_the_contact_is_the_latest() {
        let contact = Contact { device: at(2026, 9, 1), server: at(2026, 9, 1) };
        for jumped in [at(2001, 1, 1), at(2062, 11, 25)] {
            let today = Today::new(jumped, Some(contact));
            assert_eq!((today.day, today.latest), (None, day(2026, 9, 2)));
        }
    }
}
