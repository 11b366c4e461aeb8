//! The values a field may hold, each valid by construction.
//!
//! A [`FieldValue`] is written as one Automerge scalar and read back from it. What does not read back is ill-typed:
//! the gate quarantines a change that writes it, so a value in an admitted record is always a valid one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::state::Scalar;

/// The most a count may be.
pub const MAX_COUNT: u32 = 1_000_000;
/// The most characters a [`Line`] may have.
pub const MAX_LINE_CHARS: usize = 200;
/// The most characters a note may have.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// What a field accepts, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// In Vietnamese.
    pub vi: &'static str,
    /// In English.
    pub en: &'static str,
}

/// A value of a single-valued field.
pub trait FieldValue: Sized + Clone + PartialEq {
    /// What is accepted, for error texts.
    const ACCEPTED: Accepted;

    /// The value of a scalar, or `None` when it is of another type or out of bounds.
    fn from_scalar(scalar: &Scalar) -> Option<Self>;

    /// The scalar that stands for the value.
    fn to_scalar(&self) -> Scalar;

    /// Whether the value may be written: it must read back as itself.
    fn is_valid(&self) -> bool {
        Self::from_scalar(&self.to_scalar()).as_ref() == Some(self)
    }
}

/// Text was none of the accepted values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", .0.en)]
pub struct ParseValueError(pub Accepted);

/// Serde and text for a type that is written as text.
macro_rules! text_value {
    ($name:ident, $accepted:expr) => {
        impl FieldValue for $name {
            const ACCEPTED: Accepted = $accepted;

            fn from_scalar(scalar: &Scalar) -> Option<Self> {
                match scalar {
                    Scalar::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }

            fn to_scalar(&self) -> Scalar {
                Scalar::Text(self.to_string())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_value;

/// A code of an open list: 1 to 40 of `a-z`, `0-9` and `_`.
///
/// The lists are open so that a code of a newer device survives on an older one. Known codes: [`super::codes`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Code {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has the form of a code.
    #[must_use]
    pub fn is_code(text: &str) -> bool {
        matches!(text.len(), 1..=40) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }
}

impl FromStr for Code {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        if Self::is_code(text) { Ok(Self(text.to_owned())) } else { Err(ParseValueError(Self::ACCEPTED)) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

text_value!(
    Code,
    Accepted { vi: "mã gồm 1 đến 40 ký tự a-z, 0-9, _", en: "a code of 1 to 40 characters a-z, 0-9 and _" }
);

/// One line of text: 1 to 200 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(String);

impl Line {
    /// The line as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_line(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= 4 * MAX_LINE_CHARS
            && text.chars().count() <= MAX_LINE_CHARS
            && text.trim().len() == text.len()
            && !text.chars().any(char::is_control)
    }
}

impl FromStr for Line {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        if Self::is_line(text) { Ok(Self(text.to_owned())) } else { Err(ParseValueError(Self::ACCEPTED)) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(
    Line,
    Accepted {
        vi: "một dòng từ 1 đến 200 ký tự, không có khoảng trắng ở đầu và cuối",
        en: "one line of 1 to 200 characters without spaces around it"
    }
);

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

impl FieldValue for u32 {
    const ACCEPTED: Accepted =
        Accepted { vi: "số nguyên từ 0 đến 1.000.000", en: "a whole number from 0 to 1,000,000" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        scalar.number_up_to(MAX_COUNT.into()).and_then(|n| Self::try_from(n).ok())
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Uint((*self).into())
    }
}

impl FieldValue for bool {
    const ACCEPTED: Accepted = Accepted { vi: "có hoặc không", en: "true or false" };

    fn from_scalar(scalar: &Scalar) -> Option<Self> {
        match scalar {
            Scalar::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn to_scalar(&self) -> Scalar {
        Scalar::Bool(*self)
    }
}

/// Text for an enumeration whose values are few and closed.
macro_rules! closed_value {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }, $accepted:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The stable text of the value.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseValueError;

            fn from_str(text: &str) -> Result<Self, ParseValueError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(ParseValueError(Self::ACCEPTED)),
                }
            }
        }

        text_value!($name, $accepted);
    };
}
pub(crate) use closed_value;

closed_value!(
    /// How attendances were found.
    CountBasis {
        /// Counted one by one (đếm trực tiếp).
        Counted = "counted",
        /// Estimated (ước lượng).
        Estimated = "estimated",
    },
    Accepted { vi: "counted (đếm trực tiếp) hoặc estimated (ước lượng)", en: "counted or estimated" }
);

closed_value!(
    /// Whether a session was held for its own sake.
    Setting {
        /// On this subject only (chuyên đề).
        Standalone = "standalone",
        /// Held within another meeting (lồng ghép).
        Integrated = "integrated",
    },
    Accepted { vi: "standalone (chuyên đề) hoặc integrated (lồng ghép)", en: "standalone or integrated" }
);

/// Where a session was held: a village of the register, or a name when the register lacks it.
///
/// One register, so that two people who correct the place at once leave two whole places, never a mixture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Village {
    /// The id of a village of the register: 1 to 64 of ASCII letters, digits, `-`, `_` and `.`.
    Listed(String),
    /// The place as the recorder named it.
    Named(Line),
}

impl fmt::Display for Village {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(id) => write!(f, "id:{id}"),
            Self::Named(name) => write!(f, "name:{name}"),
        }
    }
}

impl FromStr for Village {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let error = ParseValueError(Self::ACCEPTED);
        if let Some(id) = text.strip_prefix("id:") {
            let valid = matches!(id.len(), 1..=64)
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            return if valid { Ok(Self::Listed(id.to_owned())) } else { Err(error) };
        }
        let name = text.strip_prefix("name:").ok_or(error)?;
        name.parse().map(Self::Named).map_err(|_| error)
    }
}

text_value!(
    Village,
    Accepted {
        vi: "id:<mã thôn, bản, khu trong danh mục> hoặc name:<tên địa điểm, tối đa 200 ký tự>",
        en: "id:<a village of the register> or name:<a place, at most 200 characters>"
    }
);

/// A position in hundredths of a degree, about one kilometre: enough for a village, too coarse for a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GpsFix {
    /// Latitude in hundredths of a degree, -9000 to 9000.
    pub latitude_e2: i16,
    /// Longitude in hundredths of a degree, -18000 to 18000.
    pub longitude_e2: i16,
}

impl GpsFix {
    /// The fix nearest to a position in degrees, or `None` when there is no such position.
    #[must_use]
    pub fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let round = |degrees: f64, most: f64| {
            (degrees.abs() <= most).then(|| (degrees * 100.0).round()).map(|hundredths| hundredths as i16)
        };
        Some(Self { latitude_e2: round(latitude, 90.0)?, longitude_e2: round(longitude, 180.0)? })
    }
}

impl fmt::Display for GpsFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |e2: i16| {
            let sign = if e2 < 0 { "-" } else { "" };
            let e2 = e2.unsigned_abs();
            format!("{sign}{}.{:02}", e2 / 100, e2 % 100)
        };
        write!(f, "{},{}", part(self.latitude_e2), part(self.longitude_e2))
    }
}

impl FromStr for GpsFix {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let part = |text: &str, most: i32| {
            let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
            let (whole, hundredths) = digits.split_once('.')?;
            let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
            if !matches!(whole.len(), 1..=3) || hundredths.len() != 2 || !all_digits(whole) || !all_digits(hundredths) {
                return None;
            }
            let value = whole.parse::<i32>().ok()? * 100 + hundredths.parse::<i32>().ok()?;
            if value > most { None } else { i16::try_from(sign * value).ok() }
        };
        let fix = text.split_once(',').and_then(|(latitude, longitude)| {
            Some(Self { latitude_e2: part(latitude, 9_000)?, longitude_e2: part(longitude, 18_000)? })
        });
        // One value has one text, so that equal fixes written by two devices are equal.
        fix.filter(|fix| fix.to_string() == text).ok_or(ParseValueError(Self::ACCEPTED))
    }
}

text_value!(
    GpsFix,
    Accepted {
        vi: "vĩ độ,kinh độ với hai chữ số thập phân, ví dụ 21.53,107.46",
        en: "latitude,longitude with two decimals, for instance 21.53,107.46"
    }
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn positions_are_kept_to_about_a_kilometre() {
        let fix = GpsFix::from_degrees(21.534_567, 107.461_234).expect("a position");
        assert_eq!(fix.to_string(), "21.53,107.46");
        assert_eq!(GpsFix::from_degrees(-0.004, 0.0).map(|fix| fix.to_string()).as_deref(), Some("0.00,0.00"));
        assert_eq!(GpsFix::from_degrees(f64::NAN, 0.0), None);
        assert_eq!(GpsFix::from_degrees(90.1, 0.0), None);
        for text in ["21.5345,107.46", "91.00,0.00", "021.53,107.46", "-0.00,0.00", "21.53", "+1.00,2.00"] {
            assert!(text.parse::<GpsFix>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_is_a_village_of_the_register_or_a_name() {
        assert_eq!("id:QN-06841-03".parse(), Ok(Village::Listed("QN-06841-03".to_owned())));
        assert!(matches!("name:Nhà văn hóa Nà Ếch".parse(), Ok(Village::Named(_))));
        for text in ["QN-06841-03", "id:", "id:a b", "name:", "name: x", "name:a\nb"] {
            assert!(text.parse::<Village>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_read_with_or_without_a_leading_zero() {
        assert_eq!("7:05".parse(), Ok(MinuteOfDay(425)));
        assert_eq!(MinuteOfDay(425).to_string(), "07:05");
        for text in ["24:00", "7:60", "7", "007:05", "+7:05", ""] {
            assert!(text.parse::<MinuteOfDay>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_position_has_one_text(latitude_e2 in -9000..=9000_i16, longitude_e2 in -18000..=18000_i16) {
            let fix = GpsFix { latitude_e2, longitude_e2 };
            prop_assert_eq!(fix.to_string().parse(), Ok(fix));
        }
    }
}
