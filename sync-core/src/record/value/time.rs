//! Values that are times of day and lengths of time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Accepted, FieldValue, ParseValueError};
use crate::record::state::Scalar;

/// A minute of the day: 0 is 00:00, 1439 is 23:59. Shown as `hh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinuteOfDay(pub u16);

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for MinuteOfDay {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let error = ParseValueError(Self::ACCEPTED);
        let (hour, minute) = text.split_once(':').ok_or(error)?;
        let number = |part: &str| match part.len() {
            1 | 2 if part.bytes().all(|b| b.is_ascii_digit()) => part.parse::<u16>().ok(),
            _ => None,
        };
        match (number(hour), number(minute)) {
            (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(Self(hour * 60 + minute)),
            _ => Err(error),
        }
    }
}

impl FieldValue for MinuteOfDay {
    const ACCEPTED: Accepted = Accepted { vi: "giờ từ 00:00 đến 23:59", en: "a time from 00:00 to 23:59" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        scalar.number_up_to(1439).and_then(|n| u16::try_from(n).ok()).map(Self)
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Uint(self.0.into())
    }
}

/// A length of time in minutes, at most one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minutes(pub u16);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FieldValue for Minutes {
    const ACCEPTED: Accepted = Accepted { vi: "số phút từ 1 đến 1.440", en: "minutes from 1 to 1440" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        scalar.number_up_to(1440).filter(|n| *n > 0).and_then(|n| u16::try_from(n).ok()).map(Self)
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Uint(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_or_without_a_leading_zero() {
        assert_eq!("7:05".parse(), Ok(MinuteOfDay(425)));
        assert_eq!(MinuteOfDay(425).to_string(), "07:05");
        for text in ["24:00", "7:60", "7", "007:05", "+7:05", ""] {
            assert!(text.parse::<MinuteOfDay>().is_err(), "{text}");
        }
    }
}
