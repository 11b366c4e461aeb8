//! What Automerge also reads, and the gate does not: whole documents, bundles, compressed chunks.

use std::sync::OnceLock;

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, Automerge, Change, ObjType, ROOT};

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
    chunks.extend_from_slice(LARGE.get_or_init(|| large().unwrap_or_default()));
    Ok(chunks)
}

/// Made once: it takes longer than all else around a record.
static LARGE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

/// A deflated column of a document that unpacks to far more than it takes, and the change alone.
fn large() -> Result<Vec<Vec<u8>>, Failure> {
    let mut large = AutoCommit::new();
    // A fixed author: one seed makes the same cases.
    large.set_actor(ActorId::from([7; 16]));
    let text = large.put_object(ROOT, "note", ObjType::Text)?;
    large.splice_text(&text, 0, 0, &"a".repeat(100_000))?;
    let mut chunks = vec![large.save()];
    chunks.extend(large.get_changes(&[]).into_iter().map(|mut change| change.bytes().into_owned()));
    Ok(chunks)
}
