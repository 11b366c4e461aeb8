//! Batches of the server's own log: they carry changes of others that became part of their records late.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ed25519_dalek::Signer as _;
use sync_core::id::{AreaId, CertificateNo, PublicKey};
use sync_core::log::{Batch, BatchHeader, Entry, LogId, RawChange, SCHEMA, Signature, limits};

use super::decide::Adoption;
use super::group::{Context, Group};
use super::prepare::{Outlook, Prepared};
use super::signer::Signer;
use super::standing::{Standing, State, Via};
use crate::db::DbError;

/// Seals batches with these changes, each area's in its own log. The changes are part of their records already.
pub(crate) fn seal(group: &mut Group, adoptions: &[Adoption], context: &Context) -> Result<(), DbError> {
    let mut by_area: BTreeMap<AreaId, Vec<&Adoption>> = BTreeMap::new();
    for adoption in adoptions {
        by_area.entry(adoption.area).or_default().push(adoption);
    }
    for (area, adoptions) in by_area {
        let mut rest = &adoptions[..];
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |adoption: &&&Adoption| {
                bytes += adoption.bytes.as_ref().len();
                bytes <= limits::BATCH_BYTES
            };
            let count = rest.iter().take(limits::ENTRIES).take_while(fits).count().max(1);
            let (now, after) = rest.split_at(count);
            rest = after;
            seal_one(group, area, now, context)?;
        }
    }
    Ok(())
}

fn seal_one(group: &mut Group, area: AreaId, adoptions: &[&Adoption], context: &Context) -> Result<(), DbError> {
    let damaged = |why: String| DbError::Damaged { column: "change.bytes", why };
    let log = LogId { area, device: context.server_device };
    let head = group.placer.head(&log);
    let header = BatchHeader {
        log,
        seq: sync_core::id::BatchSeq(head.seq.0 + 1),
        prev: head.hash,
        certificate: CertificateNo(0),
        sealed_at: context.now,
        schema: SCHEMA,
        entries: adoptions
            .iter()
            .map(|adoption| Entry {
                kind: adoption.kind.code(),
                record: adoption.record,
                adopted: true,
                change: adoption.hash,
            })
            .collect(),
    };
    let bodies = adoptions
        .iter()
        .map(|adoption| RawChange::from_framed(adoption.bytes.as_ref()).map(Some))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(error.to_string()))?;
    let signature = Signature(context.server.sign(&header.signing_bytes()).to_bytes());
    let batch = Batch::new(header, signature, bodies).map_err(|error| damaged(error.to_string()))?;
    let key = PublicKey(context.server.verifying_key().to_bytes());
    let prepared = Prepared {
        header: batch.header().to_bytes(),
        batch: Arc::new(batch),
        signer: Signer { key, is_server: true },
        credential: None,
        in_scope: true,
        outlook: Outlook::Stored,
        foreseen: HashMap::new(),
    };
    let index = group.add(Arc::new(prepared), context.now, Via::Server);
    let work = &mut group.works[index];
    work.decided = Some(State::Chained);
    work.standings.fill(Standing::Admitted);
    Ok(())
}
