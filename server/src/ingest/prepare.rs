//! What is done with batches before the one transaction that stores them: signatures and the gate, on every core.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sync_core::admit::{Binding, Verdict, judge};
use sync_core::id::{AreaId, BatchHash, RecorderId, Role, UnixMs};
use sync_core::log::{Batch, SCHEMA};

use super::rights::Rights;
use super::signer::{Credential, CredentialId, Known, Signer};

/// The highest sequence number that is stored.
const MAX_SEQ: u64 = i64::MAX as u64 - 1;

/// A batch of a known device whose signature holds.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) batch: Batch,
    pub(crate) header: Vec<u8>,
    pub(crate) signer: Signer,
    pub(crate) credential: Option<Arc<Credential>>,
    /// Whether the certificate covers the log's area.
    pub(crate) in_scope: bool,
    /// What the gate says of changes that begin a record, so that nothing of it is left for the transaction.
    pub(crate) verdicts: HashMap<usize, Verdict>,
}

/// Why a batch is not stored at all: nobody known vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The device that is to have signed is not enrolled here.
    UnknownDevice,
    /// The signature is not that device's.
    Signature,
    /// The sequence number is beyond what any device can reach.
    Sequence,
}

impl Prepared {
    /// A batch that was verified when it was stored, with what is on file about its signer.
    pub(crate) fn verified_before(batch: Batch, known: &Known, lineage: &[(AreaId, AreaId)]) -> Option<Self> {
        let signer = *known.signers.get(&batch.device())?;
        let credential = known.credentials.get(&credential_id(&batch)).cloned();
        let in_scope = covers(signer, credential.as_deref(), batch.log().area, lineage);
        let header = batch.header().to_bytes();
        Some(Self { batch, header, signer, credential, in_scope, verdicts: HashMap::new() })
    }
}

fn covers(signer: Signer, credential: Option<&Credential>, area: AreaId, lineage: &[(AreaId, AreaId)]) -> bool {
    signer.is_server || credential.is_some_and(|credential| credential.covers(area, lineage))
}

/// Names a batch's certificate.
pub(crate) fn credential_id(batch: &Batch) -> CredentialId {
    (batch.device(), batch.header().certificate)
}

/// What certificate and account say of an entry's author; `None` when that cannot be known.
pub(crate) fn binding(prepared: &Prepared, ordinal: usize, adopted: bool, rights: &Rights) -> Option<Binding> {
    let device = prepared.batch.device();
    let role = |credential: &Credential| rights.role(device, credential.role);
    bound(
        &prepared.batch,
        ordinal,
        prepared.signer,
        prepared.credential.as_deref().map(|c| (c.recorder, role(c))),
        adopted,
    )
}

/// What is said of an entry's author when the certificate gives this person and role.
fn bound(
    batch: &Batch,
    ordinal: usize,
    signer: Signer,
    person: Option<(RecorderId, Role)>,
    adopted: bool,
) -> Option<Binding> {
    let entry = &batch.header().entries[ordinal];
    let (recorder, role) = match person {
        Some(person) => person,
        None if signer.is_server || adopted => (RecorderId(0), Role::Coordinator),
        None => return None,
    };
    Some(Binding {
        record_id: entry.record,
        kind: entry.known_kind()?,
        device: batch.device(),
        recorder,
        role,
        adopted: adopted || (signer.is_server && entry.adopted),
    })
}

/// Checks one batch. `stored` batches are only verified: their changes were judged before.
fn prepare_one(
    batch: Batch,
    known: &Known,
    lineage: &[(AreaId, AreaId)],
    stored: &HashSet<BatchHash>,
    now: UnixMs,
) -> Result<Prepared, Refusal> {
    let signer = *known.signers.get(&batch.device()).ok_or(Refusal::UnknownDevice)?;
    batch.verify(&signer.key).map_err(|_| Refusal::Signature)?;
    if batch.header().seq.0 > MAX_SEQ {
        return Err(Refusal::Sequence);
    }
    let credential = known.credentials.get(&credential_id(&batch)).cloned();
    let in_scope = covers(signer, credential.as_deref(), batch.log().area, lineage);
    let mut verdicts = HashMap::new();
    let worth_judging = in_scope
        && batch.header().schema <= SCHEMA
        && !stored.contains(&batch.hash())
        && credential.as_ref().is_none_or(|credential| now < credential.expires_at);
    if worth_judging {
        let person = credential.as_ref().map(|credential| (credential.recorder, credential.role));
        for (ordinal, (entry, body)) in batch.changes().enumerate() {
            let Some(body) = body.filter(|_| entry.is_first()) else { continue };
            if let Some(binding) = bound(&batch, ordinal, signer, person, false) {
                verdicts.insert(ordinal, judge::<&[u8]>(&[], body.framed(), &binding));
            }
        }
    }
    let header = batch.header().to_bytes();
    Ok(Prepared { batch, header, signer, credential, in_scope, verdicts })
}

/// Checks batches on every core; the results keep their order.
pub(crate) async fn prepare(
    batches: Vec<Batch>,
    known: Known,
    lineage: Arc<Vec<(AreaId, AreaId)>>,
    stored: HashSet<BatchHash>,
    now: UnixMs,
) -> Vec<Result<Arc<Prepared>, Refusal>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(batches.len().max(1));
    let (known, stored) = (Arc::new(known), Arc::new(stored));
    let total: usize = batches.iter().map(Batch::approximate_bytes).sum();
    let mut shares: Vec<Vec<Batch>> = vec![Vec::new()];
    let mut bytes = 0;
    for batch in batches {
        if bytes * cores >= total * shares.len() {
            shares.push(Vec::new());
        }
        bytes += batch.approximate_bytes();
        if let Some(share) = shares.last_mut() {
            share.push(batch);
        }
    }
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let (known, lineage, stored) = (known.clone(), lineage.clone(), stored.clone());
            let count = share.len();
            let task = tokio::task::spawn_blocking(move || {
                share
                    .into_iter()
                    .map(|batch| prepare_one(batch, &known, &lineage, &stored, now).map(Arc::new))
                    .collect::<Vec<_>>()
            });
            (count, task)
        })
        .collect();
    let mut all = Vec::new();
    for (count, task) in tasks {
        match task.await {
            Ok(done) => all.extend(done),
            // The gate contains panics; what still ends a task must not pass as verified.
            Err(_) => all.extend((0..count).map(|_| Err(Refusal::Signature))),
        }
    }
    all
}

/// The certificates these batches name.
pub(crate) fn credentials_of<'a>(batches: impl Iterator<Item = &'a Batch>) -> BTreeSet<CredentialId> {
    batches.map(credential_id).collect()
}
