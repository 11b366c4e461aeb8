//! The values a field may hold, each valid by construction.
//!
//! A [`FieldValue`] is written as one Automerge scalar and read back from it. What does not read back is ill-typed:
//! the gate quarantines a change that writes it, so a value in an admitted record is always a valid one.

mod choice;
mod place;
mod text;
mod time;

pub use choice::{CountBasis, Setting};
pub use place::{GpsFix, Village};
use serde::Serialize;
pub use text::{Code, Line};
pub use time::{MinuteOfDay, Minutes};

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
