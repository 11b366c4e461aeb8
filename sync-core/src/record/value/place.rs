//! Where a session was held: a village, and at most a coarse position.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Accepted, FieldValue, Line, ParseValueError, text_value};
use crate::record::state::Scalar;

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

    proptest! {
        #[test]
        fn every_position_has_one_text(latitude_e2 in -9000..=9000_i16, longitude_e2 in -18000..=18000_i16) {
            let fix = GpsFix { latitude_e2, longitude_e2 };
            prop_assert_eq!(fix.to_string().parse(), Ok(fix));
        }
    }
}
