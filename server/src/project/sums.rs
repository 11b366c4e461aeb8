//! What is counted of sessions: one row of the roll-up, and what one session adds to it.

use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};

use sync_core::id::AreaId;

use super::facet::Traits;
use super::facts::{Changes, Counts, Month, Village};

/// Declares the sums once: the fields, their columns in order, and the arithmetic.
macro_rules! sums {
    ($($(#[$doc:meta])* $field:ident,)+) => {
        /// Sums over sessions that are not voided and have a day; the columns of reports.
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
            pub fn values(&self) -> [i64; Self::COLUMNS.len()] {
                [$(self.$field),+]
            }

            /// The sums of these values.
            #[must_use]
            pub fn of(values: [i64; Self::COLUMNS.len()]) -> Self {
                let [$($field),+] = values;
                Self { $($field),+ }
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

/// Changes of the roll-up, aggregated before they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Deltas(BTreeMap<Village, Changes>);

impl Deltas {
    /// Counts a contribution.
    pub(super) fn add(&mut self, slot: Slot, contribution: Contribution) {
        let counts = self.counts(slot, contribution.traits);
        counts.sums += contribution.sums;
        for (kind, quantity) in contribution.material {
            *counts.material.entry(kind).or_default() += quantity;
        }
    }

    /// Takes back a contribution counted before.
    pub(super) fn subtract(&mut self, slot: Slot, contribution: Contribution) {
        let counts = self.counts(slot, contribution.traits);
        counts.sums -= contribution.sums;
        for (kind, quantity) in contribution.material {
            *counts.material.entry(kind).or_default() -= quantity;
        }
    }

    fn counts(&mut self, slot: Slot, traits: Traits) -> &mut Counts {
        let (month, day_of_month) = Month::of(slot.day);
        let village = Village { month, area: slot.area, village: slot.village };
        self.0.entry(village).or_default().entry((day_of_month, traits)).or_default()
    }

    /// The changes of each village and month, in the order of the stored keys.
    pub(super) fn by_village(&self) -> &BTreeMap<Village, Changes> {
        &self.0
    }
}
