//! Who may manage whom.
//!
//! An administrator manages every account. An officer manages the guards whose areas all lie in the officer's own: an
//! account that also works elsewhere is not one officer's to change. A coordinator reads. A guard sees only themself.

use sync_core::id::{AreaId, Role};

use super::store::Account;
use crate::auth::Principal;

/// Whether `principal` may create an account of this role in these areas, or make an account into one.
#[must_use]
pub fn may_grant(principal: &Principal, role: Role, areas: &[AreaId]) -> bool {
    match principal.role {
        Role::Administrator => true,
        Role::Officer => role == Role::Guard && !areas.is_empty() && principal.areas.contains_all(areas),
        Role::Guard | Role::Coordinator => false,
    }
}

/// Whether `principal` may change `account`, issue it an enrolment code, or revoke its devices.
#[must_use]
pub fn may_manage(principal: &Principal, account: &Account) -> bool {
    may_grant(principal, account.role, &account.areas)
}

/// Whether `principal` may see that `account` exists, and its devices: also guards who work partly elsewhere.
#[must_use]
pub fn may_see(principal: &Principal, account: &Account) -> bool {
    match principal.role {
        Role::Administrator | Role::Coordinator => true,
        Role::Officer => {
            account.id == principal.account
                || account.role == Role::Guard && account.areas.iter().any(|area| principal.areas.contains(*area))
        }
        Role::Guard => account.id == principal.account,
    }
}

#[cfg(test)]
mod tests {
    use sync_core::id::{CertificateNo, DeviceId, RecorderId, UnixMs};

    use super::*;
    use crate::auth::Scope;

    fn area(code: u32) -> AreaId {
        AreaId { generation: 2025, code }
    }

    fn principal(role: Role, areas: &[AreaId]) -> Principal {
        Principal {
            account: 1,
            recorder: RecorderId(1),
            role,
            device: DeviceId([0; 8]),
            certificate: CertificateNo(1),
            sign_in: 1,
            granted: areas.to_vec(),
            areas: if areas.is_empty() { Scope::All } else { Scope::expand(areas.iter().copied(), &[]) },
        }
    }

    fn account(role: Role, areas: &[AreaId]) -> Account {
        Account {
            id: 2,
            username: "hai".to_owned(),
            display_name: "Hải".to_owned(),
            role,
            active: true,
            created_at: UnixMs(0),
            areas: areas.to_vec(),
            post: None,
        }
    }

    #[test]
    fn an_officer_manages_guards_of_own_areas_only() {
        let officer = principal(Role::Officer, &[area(1), area(2)]);
        assert!(may_manage(&officer, &account(Role::Guard, &[area(1)])));
        assert!(may_manage(&officer, &account(Role::Guard, &[area(1), area(2)])));
        assert!(!may_manage(&officer, &account(Role::Guard, &[area(1), area(3)])));
        assert!(!may_manage(&officer, &account(Role::Guard, &[])));
        for role in [Role::Officer, Role::Coordinator, Role::Administrator] {
            assert!(!may_manage(&officer, &account(role, &[area(1)])), "{role}");
        }
    }

    #[test]
    fn guards_and_coordinators_manage_nobody() {
        for principal in [principal(Role::Guard, &[area(1)]), principal(Role::Coordinator, &[])] {
            assert!(!may_manage(&principal, &account(Role::Guard, &[area(1)])));
        }
    }

    #[test]
    fn a_guard_sees_no_other_account() {
        assert!(!may_see(&principal(Role::Guard, &[area(1)]), &account(Role::Guard, &[area(1)])));
    }

    #[test]
    fn an_officer_sees_a_guard_who_also_works_elsewhere() {
        let officer = principal(Role::Officer, &[area(1)]);
        assert!(may_see(&officer, &account(Role::Guard, &[area(1), area(9)])));
        assert!(!may_see(&officer, &account(Role::Guard, &[area(9)])));
    }
}
