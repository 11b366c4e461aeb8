//! The gate's work, done before the transaction in which nobody else can store anything.
//!
//! Changes are judged upon their records as a snapshot shows them. The transaction takes a verdict only where the record
//! is still as it was, and judges again where it is not.

use std::collections::BTreeSet;
use std::error::Error;

use sync_core::admit::ledger;
use sync_core::id::{RecordId, UnixMs};

use super::decide::{Bytes, Candidate, Place};
use super::group::Context;
use super::load;
use super::prepare::{Checked, Outlook, Prepared};
use crate::app::AppState;
use crate::intake::Workers;

/// Adds to each batch what the gate says of those changes of which it takes the record to tell. Where that cannot be told,
/// the transaction finds out why, and what it concerns.
pub(super) async fn foresee(app: &AppState, checked: &mut [Checked], context: &Context, workers: Option<&Workers>) {
    if let Err(error) = try_foresee(app, checked, context, workers).await {
        tracing::warn!(%error, "changes are judged in their transaction");
    }
}

async fn try_foresee(
    app: &AppState,
    checked: &mut [Checked],
    context: &Context,
    workers: Option<&Workers>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let wanted: BTreeSet<RecordId> = judged(checked).flat_map(|(_, prepared)| left(prepared)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.snapshot().await?;
    let records = load::records(&mut tx, &wanted, &context.signers).await?;
    drop(tx);
    let candidates = judged(checked)
        .flat_map(|(index, prepared)| candidates(index, prepared, context.now))
        .filter(|candidate| wanted.contains(&candidate.record))
        .collect();
    let now = context.now;
    let work = move || ledger::foresee::<Place, Bytes>(records, candidates, now);
    let foreseen = match workers {
        Some(workers) => workers.run(work).await?,
        None => tokio::task::spawn_blocking(work).await?,
    };
    for (place, said) in foreseen {
        if let Some(Ok(prepared)) = index_of(place.batch_id).and_then(|index| checked.get_mut(index)) {
            prepared.foreseen.entry(place.ordinal).or_default().extend(said);
        }
    }
    Ok(())
}

fn judged(checked: &[Checked]) -> impl Iterator<Item = (usize, &Prepared)> {
    let prepared = checked.iter().enumerate().filter_map(|(index, checked)| Some((index, checked.as_ref().ok()?)));
    prepared.filter(|(_, prepared)| prepared.outlook == Outlook::Gate)
}

/// The records of changes about which nothing is foreseen yet.
fn left(prepared: &Prepared) -> impl Iterator<Item = RecordId> {
    let entries = prepared.batch.header().entries.iter().zip(prepared.batch.bodies()).enumerate();
    entries
        .filter(|(ordinal, (_, body))| body.is_some() && !prepared.foreseen.contains_key(ordinal))
        .map(|(_, (entry, _))| entry.record)
}

/// What stands for the id of the batch at this index, which has none yet: no stored batch has it.
fn id_of(index: usize) -> i64 {
    -1 - index as i64
}

fn index_of(id: i64) -> Option<usize> {
    usize::try_from(-1 - id).ok()
}

/// The changes of the batch at this index.
fn candidates(index: usize, prepared: &Prepared, now: UnixMs) -> impl Iterator<Item = Candidate> {
    let log = prepared.batch.log();
    prepared.batch.changes().enumerate().map(move |(ordinal, (entry, body))| Candidate {
        place: Place { batch_id: id_of(index), ordinal },
        area: log.area,
        record: entry.record,
        hash: entry.change,
        bytes: body.map(|_| Bytes::Of(prepared.batch.clone(), ordinal)),
        binding: prepared.certified(ordinal),
        obstacle: None,
        foreseen: prepared.foreseen.get(&ordinal).cloned().unwrap_or_default(),
        received_at: now,
        late: false,
    })
}
