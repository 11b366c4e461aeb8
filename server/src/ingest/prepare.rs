//! What is done with batches before the one transaction that stores them: signatures and the gate, on every core.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;

use sync_core::admit::Binding;
use sync_core::admit::ledger::Foreseen;
use sync_core::id::{AreaId, BatchHash, RecorderId, Role, UnixMs};
use sync_core::log::{Batch, SCHEMA};

use super::rights::Rights;
use super::signer::{Credential, CredentialId, Known, Signer};
use crate::intake::Workers;

/// The highest sequence number that is stored.
const MAX_SEQ: u64 = i64::MAX as u64 - 1;

/// A batch of a known device whose signature holds.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) batch: Arc<Batch>,
    pub(crate) header: Vec<u8>,
    pub(crate) signer: Signer,
    pub(crate) credential: Option<Arc<Credential>>,
    /// Whether the certificate covers the log's area.
    pub(crate) in_scope: bool,
    /// What lies before its changes.
    pub(crate) outlook: Outlook,
    /// What the gate said of its changes, by ordinal, so that little of it is left for the transaction.
    pub(crate) foreseen: HashMap<usize, Vec<Foreseen>>,
}

/// What lies before the changes of a batch, as far as can be told before the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// The gate judges them.
    Gate,
    /// They lie in quarantine, whatever they hold.
    Quarantine,
    /// They are stored, and were judged then.
    Stored,
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
        let (batch, foreseen) = (Arc::new(batch), HashMap::new());
        Some(Self { batch, header, signer, credential, in_scope, outlook: Outlook::Stored, foreseen })
    }

    /// How many of its changes would lie in quarantine, as far as that was foreseen.
    pub(super) fn refused(&self) -> usize {
        match self.outlook {
            Outlook::Gate => self.foreseen.values().filter(|said| said.iter().all(Foreseen::is_refusal)).count(),
            Outlook::Quarantine => self.batch.bodies().len(),
            Outlook::Stored => 0,
        }
    }

    /// What the certificate says of an entry's author, whatever the account says meanwhile; `None` when that is unknown.
    pub(super) fn certified(&self, ordinal: usize) -> Option<Binding> {
        let person = self.credential.as_ref().map(|credential| (credential.recorder, credential.role));
        bound(&self.batch, ordinal, self.signer, person, false)
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

/// What batches are checked against.
#[derive(Debug)]
pub(crate) struct Against {
    /// Devices and certificates on file.
    pub(crate) known: Known,
    /// How units follow each other.
    pub(crate) lineage: Arc<Vec<(AreaId, AreaId)>>,
    /// Batches that are stored: these are only verified, their changes were judged before.
    pub(crate) stored: HashSet<BatchHash>,
    /// The server's clock.
    pub(crate) now: UnixMs,
}

/// Checks one batch.
fn prepare_one(batch: Batch, against: &Against) -> Result<Prepared, Refusal> {
    let Against { known, lineage, stored, now } = against;
    let signer = *known.signers.get(&batch.device()).ok_or(Refusal::UnknownDevice)?;
    batch.verify(&signer.key).map_err(|_| Refusal::Signature)?;
    if batch.header().seq.0 > MAX_SEQ {
        return Err(Refusal::Sequence);
    }
    let credential = known.credentials.get(&credential_id(&batch)).cloned();
    let in_scope = covers(signer, credential.as_deref(), batch.log().area, lineage);
    let has_expired = credential.as_ref().is_some_and(|credential| *now >= credential.expires_at);
    let outlook = match stored.contains(&batch.hash()) {
        true => Outlook::Stored,
        false if in_scope && batch.header().schema <= SCHEMA && !has_expired => Outlook::Gate,
        false => Outlook::Quarantine,
    };
    let header = batch.header().to_bytes();
    let foreseen = HashMap::new();
    let mut prepared = Prepared { batch: Arc::new(batch), header, signer, credential, in_scope, outlook, foreseen };
    if outlook == Outlook::Gate {
        prepared.foreseen = foresee_alone(&prepared);
    }
    Ok(prepared)
}

fn foresee_alone(prepared: &Prepared) -> HashMap<usize, Vec<Foreseen>> {
    let mut foreseen = HashMap::new();
    for (ordinal, (entry, body)) in prepared.batch.changes().enumerate() {
        if let (Some(body), Some(binding)) = (body, prepared.certified(ordinal))
            && let Some(said) = Foreseen::alone(entry.change, body.framed(), &binding)
        {
            foreseen.insert(ordinal, vec![said]);
        }
    }
    foreseen
}

/// A batch to be stored, or why it is not.
pub(super) type Checked = Result<Prepared, Refusal>;
type Checking = Pin<Box<dyn Future<Output = Option<Vec<Checked>>> + Send>>;

/// Checks batches on every core, or by these workers; the results keep their order.
pub(crate) async fn prepare(batches: Vec<Batch>, against: Against, workers: Option<&Workers>) -> Vec<Checked> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(batches.len().max(1));
    let against = Arc::new(against);
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
    let tasks = shares.into_iter().map(|share| {
        let against = against.clone();
        let count = share.len();
        let check = move || -> Vec<Checked> { share.into_iter().map(|batch| prepare_one(batch, &against)).collect() };
        // Either begins at once; what follows only waits.
        let task: Checking = match workers {
            Some(workers) => {
                let checking = workers.run(check);
                Box::pin(async move { checking.await.ok() })
            }
            None => {
                let checking = tokio::task::spawn_blocking(check);
                Box::pin(async move { checking.await.ok() })
            }
        };
        (count, task)
    });
    let mut all = Vec::new();
    for (count, task) in tasks.collect::<Vec<_>>() {
        // The gate contains panics; what still ends a task must not pass as verified.
        all.extend(task.await.unwrap_or_else(|| (0..count).map(|_| Err(Refusal::Signature)).collect()));
    }
    all
}

/// The certificates these batches name.
pub(crate) fn credentials_of<'a>(batches: impl Iterator<Item = &'a Batch>) -> BTreeSet<CredentialId> {
    batches.map(credential_id).collect()
}
