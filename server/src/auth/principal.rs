//! Who asks, and what they may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::id::{AreaId, CertificateNo, DeviceId, RecorderId, Role};

use crate::problem::{FORBIDDEN, Problem};

/// The areas a person may see, in every generation.
///
/// What was recorded under an old unit belongs to the units it became: an officer of a unit of 2025 has every unit of
/// 2024 and 2023 with any lineage into it, and a device that still carries old units has what they became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every area, also those that a later import brings.
    All,
    /// These areas, already expanded by lineage.
    Areas(Arc<BTreeSet<AreaId>>),
}

impl Scope {
    /// The scope of `granted` areas under the lineage `edges`, each from an older unit to a newer one.
    ///
    /// Every forebear and every descendant of a granted area belongs to it, but not a descendant of a forebear: the
    /// other half of a unit that was split stays out.
    #[must_use]
    pub fn expand(granted: impl IntoIterator<Item = AreaId>, edges: &[(AreaId, AreaId)]) -> Self {
        let granted: BTreeSet<_> = granted.into_iter().collect();
        let older = closure(&granted, |area, found| {
            found.extend(edges.iter().filter(|(_, to)| *to == area).map(|(from, _)| *from));
        });
        let newer = closure(&granted, |area, found| {
            found.extend(edges.iter().filter(|(from, _)| *from == area).map(|(_, to)| *to));
        });
        Self::Areas(Arc::new(&older | &newer))
    }

    /// Whether `area` may be seen.
    #[must_use]
    pub fn contains(&self, area: AreaId) -> bool {
        match self {
            Self::All => true,
            Self::Areas(areas) => areas.contains(&area),
        }
    }

    /// Whether each of `areas` may be seen.
    #[must_use]
    pub fn contains_all<'a>(&self, areas: impl IntoIterator<Item = &'a AreaId>) -> bool {
        areas.into_iter().all(|area| self.contains(*area))
    }

    /// The areas in ascending order; `None` for [`Scope::All`].
    #[must_use]
    pub fn areas(&self) -> Option<&BTreeSet<AreaId>> {
        match self {
            Self::All => None,
            Self::Areas(areas) => Some(areas),
        }
    }
}

/// Everything reached from `start` by `step`, and `start` itself.
fn closure(start: &BTreeSet<AreaId>, step: impl Fn(AreaId, &mut Vec<AreaId>)) -> BTreeSet<AreaId> {
    let mut seen = start.clone();
    let mut open: Vec<_> = start.iter().copied().collect();
    while let Some(area) = open.pop() {
        let mut found = Vec::new();
        step(area, &mut found);
        open.extend(found.into_iter().filter(|next| seen.insert(*next)));
    }
    seen
}

/// The person and device behind an authenticated request.
///
/// It held when the request was checked. A handler that writes asks again inside its transaction: `auth::check_again`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account's row.
    pub account: i64,
    /// The same number, as it stands in records and certificates.
    pub recorder: RecorderId,
    /// What the person may do.
    pub role: Role,
    /// The device that signed the request.
    pub device: DeviceId,
    /// The device's newest certificate.
    pub certificate: CertificateNo,
    /// The sign-in the access token was issued for.
    pub sign_in: i64,
    /// The areas granted to the account, as granted; empty when the role has every area.
    pub granted: Vec<AreaId>,
    /// What may be seen, expanded by lineage.
    pub areas: Scope,
}

impl Principal {
    /// Whether the role is one of `roles`.
    #[must_use]
    pub fn has_role(&self, roles: &[Role]) -> bool {
        roles.contains(&self.role)
    }

    /// Refuses whoever has none of `roles`; `accepted` names them for the caller.
    ///
    /// # Errors
    /// `request.forbidden`.
    pub fn expect_role(&self, roles: &[Role], accepted: &str) -> Result<(), Problem> {
        let refused = || FORBIDDEN.problem().accepted(accepted).detail("your role may not do this");
        if self.has_role(roles) { Ok(()) } else { Err(refused()) }
    }

    /// Refuses guards: for what only headquarters reads.
    ///
    /// # Errors
    /// `request.forbidden`.
    pub fn expect_headquarters(&self) -> Result<(), Problem> {
        const ACCEPTED: &str = "officer, coordinator or administrator";
        self.expect_role(&[Role::Officer, Role::Coordinator, Role::Administrator], ACCEPTED)
    }

    /// Whether this person reviews, releases and settles in `area`: an officer of the area, or a coordinator.
    #[must_use]
    pub fn decides_in(&self, area: AreaId) -> bool {
        self.has_role(&[Role::Officer, Role::Coordinator]) && self.areas.contains(area)
    }
}

/// Whether a role has every area without being granted any.
#[must_use]
pub fn has_every_area(role: Role) -> bool {
    matches!(role, Role::Coordinator | Role::Administrator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(generation: u16, code: u32) -> AreaId {
        AreaId { generation, code }
    }

    #[test]
    fn an_area_of_2025_holds_all_its_forebears() {
        let edges = [
            (area(2023, 1), area(2024, 1)),
            (area(2024, 1), area(2025, 9)),
            (area(2024, 2), area(2025, 9)),
            (area(2024, 3), area(2025, 8)),
        ];
        let scope = Scope::expand([area(2025, 9)], &edges);
        let expected = BTreeSet::from([area(2023, 1), area(2024, 1), area(2024, 2), area(2025, 9)]);
        assert_eq!(scope.areas(), Some(&expected));
    }

    #[test]
    fn an_old_area_holds_what_it_became_but_not_its_other_sources() {
        let edges = [(area(2023, 1), area(2024, 1)), (area(2024, 1), area(2025, 9)), (area(2024, 2), area(2025, 9))];
        let scope = Scope::expand([area(2024, 1)], &edges);
        assert!(scope.contains_all(&[area(2023, 1), area(2024, 1), area(2025, 9)]));
        assert!(!scope.contains(area(2024, 2)));
    }

    #[test]
    fn one_half_of_a_split_does_not_hold_the_other() {
        let edges = [(area(2024, 1), area(2025, 1)), (area(2024, 1), area(2025, 2))];
        let scope = Scope::expand([area(2025, 1)], &edges);
        assert!(scope.contains(area(2024, 1)));
        assert!(!scope.contains(area(2025, 2)));
    }

    #[test]
    fn a_circle_in_the_lineage_ends() {
        let edges = [(area(2024, 1), area(2025, 1)), (area(2025, 1), area(2024, 1))];
        assert_eq!(Scope::expand([area(2025, 1)], &edges).areas().map(BTreeSet::len), Some(2));
    }

    #[test]
    fn no_grant_sees_nothing() {
        assert!(!Scope::expand([], &[]).contains(area(2025, 1)));
    }
}
