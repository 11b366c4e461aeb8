//! What a call refuses, as the page sees it.

use serde::{Deserialize, Serialize};
use sync_core::record::{EditError, FieldValue, ViewError};
use tsify::Tsify;
use wasm_bindgen::JsValue;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Tsify)]
pub struct Words {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

impl Words {
    pub(crate) fn new(vi: &str, en: &str) -> Self {
        Self { vi: vi.to_owned(), en: en.to_owned() }
    }
}

/// A field that does not accept what was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Tsify)]
pub struct FieldProblem {
    /// The field's key.
    pub field: String,
    /// What is accepted.
    pub accepted: Words,
}

impl FieldProblem {
    pub(crate) fn of<T: FieldValue>(field: &str) -> Self {
        Self { field: field.to_owned(), accepted: Words::new(T::ACCEPTED.vi, T::ACCEPTED.en) }
    }
}

/// Thrown by calls of the core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Fields do not accept what was given; nothing was made.
    Fields {
        /// Each of them.
        fields: Vec<FieldProblem>,
    },
    /// The record, file or value is not readable by this version.
    Unreadable {
        /// Why, for people who help.
        detail: String,
    },
}

impl Fault {
    pub(crate) fn unreadable(detail: impl std::fmt::Display) -> Self {
        Self::Unreadable { detail: detail.to_string() }
    }
}

impl From<EditError> for Fault {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Field { field, accepted_vi: vi, accepted_en: en } => {
                // The form lists them all in one field.
                let field = if field == "condition" { "conditions".to_owned() } else { field };
                Self::Fields { fields: vec![FieldProblem { field, accepted: Words { vi, en } }] }
            }
            other => Self::unreadable(other),
        }
    }
}

impl From<Vec<EditError>> for Fault {
    /// All of them at once; what is no matter of a field comes first.
    fn from(errors: Vec<EditError>) -> Self {
        let mut fields = Vec::new();
        for error in errors {
            match Self::from(error) {
                Self::Fields { fields: more } => fields.extend(more),
                other => return other,
            }
        }
        Self::Fields { fields }
    }
}

impl From<ViewError> for Fault {
    fn from(error: ViewError) -> Self {
        Self::unreadable(error)
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        serde_wasm_bindgen::to_value(&fault).unwrap_or(Self::NULL)
    }
}

impl From<tsify::Error> for Fault {
    fn from(error: tsify::Error) -> Self {
        Self::unreadable(error)
    }
}

/// An id or other value from its text.
pub(crate) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(Fault::unreadable)
}

/// Bytes of a fixed length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::unreadable(format!("{what}: expected {N} bytes, got {}", bytes.len())))
}
