//! What is counted of sessions: one row of the roll-up, and what one session adds to it.

use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};

use sync_core::id::AreaId;

use super::facet::{Facet, FacetSums, Traits};

/// Declares the sums once: the fields, their columns in order, and the arithmetic.
macro_rules! sums {
    ($($(#[$doc:meta])* $field:ident,)+) => {
        /// Sums over sessions that are not voided and have a day; the columns of the roll-up tables.
        ///
        /// What is held on social media counts in `posts` alone.
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::FromRow,
            utoipa::ToSchema,
        )]
        pub struct Sums {
            $($(#[$doc])* pub $field: i64,)+
        }

        impl Sums {
            /// The columns, in the order of [`Sums::values`].
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

            /// The values, in the order of [`Sums::COLUMNS`].
            #[must_use]
            pub fn values(&self) -> Vec<i64> {
                vec![$(self.$field),+]
            }
        }

        impl AddAssign for Sums {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)+
            }
        }

        impl SubAssign for Sums {
            fn sub_assign(&mut self, other: Self) {
                $(self.$field -= other.$field;)+
            }
        }
    };
}

sums! {
    /// Sessions (buổi), without those on social media.
    sessions,
    /// Of which an officer confirmed as they stand.
    confirmed,
    /// Of which held within another meeting (lồng ghép).
    integrated,
    /// Attendances (lượt người): head counts, never people.
    attendances,
    /// Of which women.
    women,
    /// Of which under 16.
    under16,
    /// Of which of an ethnic minority.
    minority,
    /// Households visited.
    households,
    /// Pledges signed.
    pledges,
    /// Loudspeaker broadcasts.
    broadcasts,
    /// Minutes of loudspeaker broadcasts.
    broadcast_minutes,
    /// Posts on social media: not sessions, and nobody attended them.
    posts,
}

impl Sums {
    /// Whether nothing is counted.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Where and when a session counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    /// The day it was held.
    pub(super) day: i64,
    /// The unit as recorded.
    pub(super) area: AreaId,
    /// The village of the register; empty when the place is none of it.
    pub(super) village: String,
}

/// What one session adds to the roll-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contribution {
    /// The sums.
    pub(super) sums: Sums,
    /// Material by kind; no entry is zero.
    pub(super) material: BTreeMap<String, i64>,
    /// What the session was like.
    pub(super) traits: Traits,
}

/// How the roll-up changes at one slot.
#[derive(Debug, Clone, Default)]
struct Change {
    sums: Sums,
    material: BTreeMap<String, i64>,
    facets: BTreeMap<(Facet, String), FacetSums>,
    by_recorder: BTreeMap<(i64, String), i64>,
}

/// Changes of the roll-up by slot, aggregated before they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Deltas {
    slots: BTreeMap<Slot, Change>,
    shrinks: bool,
}

impl Deltas {
    /// Counts a contribution.
    pub(super) fn add(&mut self, slot: Slot, contribution: &Contribution) {
        let Contribution { sums, material, traits } = contribution;
        let change = self.slots.entry(slot).or_default();
        change.sums += *sums;
        for (facet, value) in traits.each() {
            *change.facets.entry((facet, value.to_owned())).or_default() += FacetSums::from(*sums);
        }
        for (kind, quantity) in material {
            *change.material.entry(kind.clone()).or_default() += quantity;
            *change.by_recorder.entry((traits.recorder, kind.clone())).or_default() += quantity;
        }
    }

    /// Takes back a contribution counted before.
    pub(super) fn subtract(&mut self, slot: Slot, contribution: &Contribution) {
        self.shrinks = true;
        let Contribution { sums, material, traits } = contribution;
        let change = self.slots.entry(slot).or_default();
        change.sums -= *sums;
        for (facet, value) in traits.each() {
            *change.facets.entry((facet, value.to_owned())).or_default() -= FacetSums::from(*sums);
        }
        for (kind, quantity) in material {
            *change.material.entry(kind.clone()).or_default() -= quantity;
            *change.by_recorder.entry((traits.recorder, kind.clone())).or_default() -= quantity;
        }
    }

    /// Whether a contribution was taken back, so that rows may have come to count nothing.
    #[must_use]
    pub(super) fn shrinks(&self) -> bool {
        self.shrinks
    }

    /// The changes that are not zero, ascending by slot.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&Slot, Sums)> {
        self.slots.iter().map(|(slot, change)| (slot, change.sums)).filter(|(_, sums)| !sums.is_zero())
    }

    /// The changes of material that are not zero, ascending by slot and kind.
    pub(super) fn changed_material(&self) -> impl Iterator<Item = (&Slot, &str, i64)> {
        self.slots
            .iter()
            .flat_map(|(slot, change)| change.material.iter().map(move |(kind, n)| (slot, kind.as_str(), *n)))
            .filter(|(_, _, quantity)| *quantity != 0)
    }

    /// The changes of facets that are not zero, ascending by slot, facet and value.
    pub(super) fn changed_facets(&self) -> impl Iterator<Item = (&Slot, Facet, &str, FacetSums)> {
        self.slots
            .iter()
            .flat_map(|(slot, change)| {
                change.facets.iter().map(move |((facet, value), sums)| (slot, *facet, value.as_str(), *sums))
            })
            .filter(|(_, _, _, sums)| !sums.is_zero())
    }

    /// The changes of material by recorder that are not zero, ascending by slot, recorder and kind.
    pub(super) fn changed_by_recorder(&self) -> impl Iterator<Item = (&Slot, i64, &str, i64)> {
        self.slots
            .iter()
            .flat_map(|(slot, change)| {
                change.by_recorder.iter().map(move |((recorder, kind), n)| (slot, *recorder, kind.as_str(), *n))
            })
            .filter(|(_, _, _, quantity)| *quantity != 0)
    }
}
