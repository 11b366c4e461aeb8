//! Records read back as far as judging needs them.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::admit::Binding;
use sync_core::admit::ledger::author;
use sync_core::id::{ChangeHash, RecordId, RecorderId, Role};

use super::change_row::{self, ChangeRow};
use super::decide::{Admitted, Bytes, Candidate, Open, Record};
use super::signer::{CredentialId, Known, Signers};
use super::standing::Standing;
use crate::db::{DbError, Tx};

/// The stored part of these records without what lies in quarantine; one of which nothing is stored is left out.
pub(crate) async fn records(
    tx: &mut Tx,
    wanted: &BTreeSet<RecordId>,
    signers: &Signers,
) -> Result<BTreeMap<RecordId, Record>, DbError> {
    let rows = change_row::changes_of(tx, wanted).await?;
    let credentials: BTreeSet<CredentialId> = rows
        .iter()
        .filter(|row| matches!(row.standing, Standing::Waiting | Standing::Admitted))
        .map(|row| (row.log.device, row.certificate))
        .collect();
    let known = signers.find(tx, &credentials).await?;
    let mut records: BTreeMap<RecordId, Record> = BTreeMap::new();
    for row in rows {
        take(records.entry(row.record).or_default(), row, &known);
    }
    Ok(records)
}

/// Adds to records what lies in quarantine of these changes: another batch may bring one of them in.
pub(crate) async fn add_kept(
    tx: &mut Tx,
    records: &mut BTreeMap<RecordId, Record>,
    changes: &BTreeSet<(RecordId, ChangeHash)>,
) -> Result<(), DbError> {
    let nobody = Known::default();
    for row in change_row::kept(tx, changes).await? {
        take(records.entry(row.record).or_default(), row, &nobody);
    }
    Ok(())
}

/// Adds a stored change to its record.
pub(crate) fn take(record: &mut Record, row: ChangeRow, known: &Known) {
    let signer = known.signers.get(&row.log.device);
    let bytes = row.bytes.clone().map(Bytes::Read);
    match (row.standing, bytes) {
        (Standing::Admitted, Some(bytes)) => {
            let by_server = signer.is_some_and(|signer| signer.is_server);
            record.kind = record.kind.or(row.known_kind());
            record.area = record.area.or(Some(row.log.area));
            record.admitted.push(Admitted {
                hash: row.hash,
                author: if by_server { author(bytes.as_ref(), row.log.device) } else { row.log.device },
                bytes,
                received_at: row.received_at,
            });
        }
        (standing, bytes) if standing.is_open() => {
            let candidate = Candidate {
                place: row.place,
                area: row.log.area,
                record: row.record,
                hash: row.hash,
                bytes,
                binding: row_binding(&row, known, false),
                obstacle: standing.reason(),
                foreseen: Vec::new(),
                received_at: row.received_at,
                late: row.chained,
            };
            record.open.push(Open { candidate, standing });
        }
        _ => {}
    }
}

/// What the certificate says of a stored change's author.
pub(crate) fn row_binding(row: &ChangeRow, known: &Known, adopted: bool) -> Option<Binding> {
    let credential = known.credentials.get(&(row.log.device, row.certificate));
    let by_server = known.signers.get(&row.log.device).is_some_and(|signer| signer.is_server);
    let (recorder, role) = match credential {
        Some(credential) => (credential.recorder, credential.role),
        None if by_server || adopted => (RecorderId(0), Role::Coordinator),
        None => return None,
    };
    Some(Binding {
        record_id: row.record,
        kind: row.known_kind()?,
        device: row.log.device,
        recorder,
        role,
        adopted: adopted || by_server,
    })
}
