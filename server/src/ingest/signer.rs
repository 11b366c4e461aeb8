//! Who signs batches, and under which certificates.
//!
//! A device's key and a certificate's contents never change once they are on file, so they are remembered without end.
//! What device and account still allow is read inside each transaction: see [`super::rights`].

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::id::{AreaId, CertificateNo, DeviceId, PublicKey, RecorderId, Role, UnixMs};

use crate::auth::{Scope, has_every_area};
use crate::db::rows::{self, Find, Value};
use crate::db::{Blob, DbError, Tx};

/// An enrolled device, or the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) key: PublicKey,
    /// The server's own log: its adopted entries count, and no certificate stands behind it.
    pub(crate) is_server: bool,
}

/// What the gate has to know of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) role: Role,
    pub(crate) recorder: RecorderId,
    pub(crate) expires_at: UnixMs,
    pub(crate) areas: Vec<AreaId>,
}

impl Credential {
    /// Whether the certificate covers an area, its granted areas expanded by lineage.
    pub(crate) fn covers(&self, area: AreaId, lineage: &[(AreaId, AreaId)]) -> bool {
        has_every_area(self.role)
            || self.areas.contains(&area)
            || Scope::expand(self.areas.iter().copied(), lineage).contains(area)
    }
}

/// Names a certificate.
pub(crate) type CredentialId = (DeviceId, CertificateNo);

#[derive(Debug, Default)]
struct Memory {
    signers: HashMap<DeviceId, Signer>,
    credentials: HashMap<CredentialId, Arc<Credential>>,
}

/// Remembers signers and credentials.
#[derive(Debug, Default)]
pub(crate) struct Signers(Mutex<Memory>);

/// What one group of batches needs; what is not in it is not on file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) signers: HashMap<DeviceId, Signer>,
    pub(crate) credentials: HashMap<CredentialId, Arc<Credential>>,
}

impl Signers {
    /// Those of these that are on file.
    pub(crate) async fn find(&self, tx: &mut Tx, wanted: &BTreeSet<CredentialId>) -> Result<Known, DbError> {
        let (mut known, missing) = self.remembered(wanted);
        if missing.is_empty() {
            return Ok(known);
        }
        let found = read(tx, &missing).await?;
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.signers.extend(found.signers.iter().map(|(id, signer)| (*id, *signer)));
        memory.credentials.extend(found.credentials.iter().map(|(id, credential)| (*id, credential.clone())));
        known.signers.extend(found.signers);
        known.credentials.extend(found.credentials);
        Ok(known)
    }

    fn remembered(&self, wanted: &BTreeSet<CredentialId>) -> (Known, Vec<CredentialId>) {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = Known::default();
        let mut missing = Vec::new();
        for id in wanted {
            let signer = memory.signers.get(&id.0);
            if let Some(signer) = signer {
                known.signers.insert(id.0, *signer);
            }
            match memory.credentials.get(id) {
                Some(credential) => {
                    known.credentials.insert(*id, credential.clone());
                }
                None if signer.is_some_and(|signer| signer.is_server) => {}
                None => missing.push(*id),
            }
        }
        (known, missing)
    }
}

async fn read(tx: &mut Tx, wanted: &[CredentialId]) -> Result<Known, DbError> {
    const DEVICES: &str = "select id, public_key, account_id from device where id in";
    const CERTIFICATES: Find<'_> = Find {
        select: "device_id, no, role, recorder, expires_at_ms",
        from: "certificate",
        by: &["device_id", "no"],
        and: "true",
    };
    const AREAS: Find<'_> = Find {
        select: "device_id, no, generation, code",
        from: "certificate_area",
        by: &["device_id", "no"],
        and: "true",
    };
    let devices: BTreeSet<DeviceId> = wanted.iter().map(|(device, _)| *device).collect();
    let device_keys: Vec<Value<'_>> = devices.iter().map(|device| Value::Bytes(device.as_bytes())).collect();
    let certificate_keys: Vec<Value<'_>> =
        wanted.iter().flat_map(|(device, no)| [Value::Bytes(device.as_bytes()), Value::Int(no.0.into())]).collect();

    let mut known = Known::default();
    let rows: Vec<(Blob<DeviceId>, Blob<PublicKey>, Option<i64>)> = rows::read(tx, DEVICES, &device_keys).await?;
    for (Blob(id), Blob(key), account) in rows {
        known.signers.insert(id, Signer { key, is_server: account.is_none() });
    }
    let mut areas: HashMap<(DeviceId, i64), Vec<AreaId>> = HashMap::new();
    let rows: Vec<(Blob<DeviceId>, i64, i64, i64)> = rows::read_by(tx, AREAS, &certificate_keys).await?;
    for (Blob(device), no, generation, code) in rows {
        areas.entry((device, no)).or_default().push(area(generation, code)?);
    }
    let rows: Vec<(Blob<DeviceId>, i64, String, i64, i64)> = rows::read_by(tx, CERTIFICATES, &certificate_keys).await?;
    for (Blob(device), no, role, recorder, expires_at) in rows {
        let damaged = |column, why: String| DbError::Damaged { column, why };
        let credential = Credential {
            role: role.parse().map_err(|_| damaged("certificate.role", role.clone()))?,
            recorder: RecorderId(
                u32::try_from(recorder).map_err(|_| damaged("certificate.recorder", recorder.to_string()))?,
            ),
            expires_at: UnixMs(expires_at),
            areas: areas.remove(&(device, no)).unwrap_or_default(),
        };
        let no = u32::try_from(no).map_err(|_| damaged("certificate.no", no.to_string()))?;
        known.credentials.insert((device, CertificateNo(no)), Arc::new(credential));
    }
    Ok(known)
}

/// The certificate a stored change was sealed under.
pub(crate) fn credentials_of_row(row: &super::change_row::ChangeRow) -> BTreeSet<CredentialId> {
    BTreeSet::from([(row.log.device, row.certificate)])
}

/// The area of two stored numbers.
pub(crate) fn area(generation: i64, code: i64) -> Result<AreaId, DbError> {
    match (u16::try_from(generation), u32::try_from(code)) {
        (Ok(generation), Ok(code)) if generation <= 9999 && code <= 99_999 => Ok(AreaId { generation, code }),
        _ => Err(DbError::Damaged { column: "generation, code", why: format!("({generation}, {code})") }),
    }
}
