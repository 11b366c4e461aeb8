//! What the people behind a group of batches may write, as its transaction sees it.
//!
//! A certificate says what was allowed when a batch was sealed; device and account say what is allowed now. A change
//! needs both: an area that was taken away, a role that was lost, a device that was revoked and an account that was
//! deactivated count from the commit on, whatever older certificate a batch names. What stays allowed stays admitted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::admit::Reason;
use sync_core::id::{AreaId, DeviceId, Role, UnixMs};
use sync_core::log::{LogId, SCHEMA};

use super::prepare::Prepared;
use super::signer::{CredentialId, area};
use crate::account;
use crate::auth::{Scope, has_every_area};
use crate::db::rows::{self, Value};
use crate::db::{Blob, DbError, Tx};

/// What a device and its owner's account allow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    revoked: bool,
    active: bool,
    role: Role,
    /// The areas granted, not expanded by lineage.
    areas: Vec<AreaId>,
}

/// What the devices of one group may write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights(HashMap<DeviceId, Right>);

impl Rights {
    /// Reads what these devices may write. Transactions are serializable: what another one changes, it changes before
    /// this one or after everything this one wrote.
    pub(crate) async fn read(tx: &mut Tx, wanted: &BTreeSet<CredentialId>) -> Result<Self, DbError> {
        const DEVICES: &str = "select d.id, d.account_id, d.revoked_at_ms, a.active, a.role \
                               from device d join account a on a.id = d.account_id where d.id in";
        const AREAS: &str = "select account_id, generation, code from account_area where account_id in";
        type Row = (Blob<DeviceId>, i64, Option<i64>, bool, String);
        let devices: BTreeSet<DeviceId> = wanted.iter().map(|(device, _)| *device).collect();
        let keys: Vec<Value<'_>> = devices.iter().map(|device| Value::Bytes(device.as_bytes())).collect();
        let rows: Vec<Row> = rows::read(tx, DEVICES, &keys).await?;
        let accounts: BTreeSet<i64> = rows.iter().map(|row| row.1).collect();
        let keys: Vec<Value<'_>> = accounts.into_iter().map(Value::Int).collect();
        let mut areas: BTreeMap<i64, Vec<AreaId>> = BTreeMap::new();
        let granted: Vec<(i64, i64, i64)> = rows::read(tx, AREAS, &keys).await?;
        for (account, generation, code) in granted {
            areas.entry(account).or_default().push(area(generation, code)?);
        }
        let rights = rows.into_iter().map(|(Blob(device), account, revoked_at, active, role)| {
            let right = Right {
                revoked: revoked_at.is_some(),
                active,
                role: account::role_of(&role, "account.role")?,
                areas: areas.get(&account).cloned().unwrap_or_default(),
            };
            Ok((device, right))
        });
        Ok(Self(rights.collect::<Result<_, DbError>>()?))
    }

    /// The role by which a change is judged: of the certificate's and the account's the one that may write less. What
    /// a person was allowed when the batch was sealed, but is not any more, is not admitted; nor is the reverse.
    pub(crate) fn role(&self, device: DeviceId, sealed_as: Role) -> Role {
        self.0.get(&device).map_or(sealed_as, |right| lesser(sealed_as, right.role))
    }

    /// What of device, account and certificate keeps every change of a batch in quarantine.
    pub(crate) fn obstacle(
        &self,
        prepared: &Prepared,
        lineage: &[(AreaId, AreaId)],
        received_at: UnixMs,
    ) -> Option<Reason> {
        let header = prepared.batch.header();
        if let Some(reason) = self.shut_out(header.log.device) {
            return Some(reason);
        }
        let Some(credential) = &prepared.credential else { return Some(Reason::CertificateUnknown) };
        if credential.expires_at <= received_at {
            return Some(Reason::CertificateExpired);
        }
        if !prepared.in_scope || !self.cover(&header.log, lineage) {
            return Some(Reason::AreaOutOfScope);
        }
        (header.schema > SCHEMA).then_some(Reason::UnknownSchema)
    }

    /// Why nothing of a device counts now, wherever it was written.
    pub(crate) fn shut_out(&self, device: DeviceId) -> Option<Reason> {
        let right = self.0.get(&device)?;
        if right.revoked {
            return Some(Reason::DeviceRevoked);
        }
        (!right.active).then_some(Reason::AccountDeactivated)
    }

    /// Whether a device may write in the area of a log now.
    pub(crate) fn cover(&self, log: &LogId, lineage: &[(AreaId, AreaId)]) -> bool {
        self.0.get(&log.device).is_none_or(|right| right.covers(log.area, lineage))
    }
}

impl Right {
    fn covers(&self, area: AreaId, lineage: &[(AreaId, AreaId)]) -> bool {
        has_every_area(self.role)
            || self.areas.contains(&area)
            || Scope::expand(self.areas.iter().copied(), lineage).contains(area)
    }
}

/// Of two roles the one that may write less.
fn lesser(one: Role, other: Role) -> Role {
    let writes = |role: &Role| match role {
        Role::Administrator => 0,
        Role::Guard => 1,
        Role::Officer => 2,
        Role::Coordinator => 3,
    };
    std::cmp::min_by_key(one, other, writes)
}
