//! What Automerge also reads, and the gate does not: whole documents, bundles, compressed chunks.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, Automerge, Change, ObjType, ROOT};

use crate::{Change as Filed, Failure};

/// Framed chunks of other kinds than a raw change, all of them made of this record.
pub(crate) fn of(record: &[Filed]) -> Result<Vec<Vec<u8>>, Failure> {
    let changes: Result<Vec<Change>, _> =
        record.iter().map(|(_, _, change)| Change::try_from(change.framed())).collect();
    let changes = changes?;
    let mut doc = Automerge::new();
    doc.apply_changes(changes.clone())?;
    let mut chunks = vec![doc.save(), doc.save_nocompress()];
    let bundle = doc.bundle(changes.iter().map(Change::hash))?;
    chunks.push(bundle.bytes().to_vec());
    chunks.extend(changes.into_iter().map(|mut change| change.bytes().into_owned()));
    // A deflated column of a document that unpacks to far more than it takes.
    let mut large = AutoCommit::new();
    let text = large.put_object(ROOT, "note", ObjType::Text)?;
    large.splice_text(&text, 0, 0, &"a".repeat(100_000))?;
    chunks.push(large.save());
    chunks.extend(large.get_changes(&[]).into_iter().map(|mut change| change.bytes().into_owned()));
    Ok(chunks)
}
