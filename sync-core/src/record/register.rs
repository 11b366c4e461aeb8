//! Single-valued fields that keep every concurrent value.

use serde::Serialize;

use super::state::Claim;
use super::value::FieldValue;

/// A single-valued field: one value shows, concurrent others are kept beside it until a person decides.
///
/// Which one shows is the same on every device and has nothing to do with clocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Register<T> {
    /// The value that shows; `None` when the field is empty.
    pub shown: Option<Claim<T>>,
    /// Concurrent other values, none equal to the one shown, in an order that is the same on every device.
    pub others: Vec<Claim<T>>,
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Self { shown: None, others: Vec::new() }
    }
}

impl<T> Register<T> {
    /// Whether people disagree about this field.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        !self.others.is_empty()
    }

    /// The value that shows.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.shown.as_ref().map(|claim| &claim.value)
    }

    /// Every claim, the shown one first.
    pub fn claims(&self) -> impl Iterator<Item = &Claim<T>> {
        self.shown.iter().chain(&self.others)
    }
}

impl<T: FieldValue> Register<T> {
    /// The register of these claims, the shown one first; `None` when one is ill-typed.
    ///
    /// Two devices that wrote the same value agree: the value stands once.
    pub(crate) fn read(claims: &[Claim<super::state::Scalar>]) -> Option<Self> {
        let mut register = Self::default();
        for claim in claims {
            let typed = Claim {
                value: T::from_scalar(&claim.value)?,
                author: claim.author,
                change: claim.change,
                claimed_at: claim.claimed_at,
            };
            if register.shown.is_none() {
                register.shown = Some(typed);
            } else if register.claims().all(|known| known.value != typed.value) {
                register.others.push(typed);
            }
        }
        Some(register)
    }
}
