//! Everything the server kept, read back by a library that was not there when it was judged.

use std::collections::BTreeMap;

use automerge::{Automerge, Change};
use server::db::Blob;
use server::on_db;
use sync_core::id::RecordId;
use sync_core::record;

use crate::harness::{Deployment, Failure};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Changes by verdict and reason.
    pub(super) verdicts: BTreeMap<String, u64>,
    /// Records with an admitted change.
    pub(super) documents: u64,
    /// Of those, records that do not load, save, load again, or read.
    pub(super) unloadable: u64,
    /// What `banlang verify` found; empty when everything agrees.
    pub(super) verify: String,
}

type Rows = Vec<(Blob<RecordId>, Vec<u8>)>;

/// Reads back every admitted record, counts verdicts and verifies.
///
/// # Errors
/// The database's.
pub(super) async fn all(deployment: &Deployment) -> Result<Found, Failure> {
    const VERDICTS: &str = "select verdict, coalesce(reason, ''), count(*) from change group by verdict, reason";
    const ADMITTED: &str = "select record_id, bytes from change where verdict = 'admitted' \
                            order by record_id, batch_id, ordinal";
    let db = deployment.open_db().await?;
    let counted: Vec<(String, String, i64)> = on_db!(db, |c| sqlx::query_as(VERDICTS).fetch_all(c).await)?;
    let mut found = Found::default();
    for (verdict, reason, count) in counted {
        let name = if reason.is_empty() { verdict } else { reason };
        *found.verdicts.entry(name).or_default() += count.unsigned_abs();
    }
    let rows: Rows = on_db!(db, |c| sqlx::query_as(ADMITTED).fetch_all(c).await)?;
    db.close().await;
    for of_one in rows.chunk_by(|a, b| a.0.0 == b.0.0) {
        found.documents += 1;
        let changes: Vec<&[u8]> = of_one.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        found.unloadable += u64::from(!loads(&changes));
    }
    found.verify = deployment.verify().err().map(|error| error.to_string()).unwrap_or_default();
    Ok(found)
}

fn loads(changes: &[&[u8]]) -> bool {
    let parsed: Result<Vec<Change>, _> = changes.iter().map(|bytes| Change::try_from(*bytes)).collect();
    let Ok(parsed) = parsed else { return false };
    let mut document = Automerge::new();
    document.apply_changes(parsed).is_ok()
        && Automerge::load(&document.save()).is_ok_and(|loaded| loaded.get_heads() == document.get_heads())
        && record::digest(changes).is_ok()
        && record::history(changes).is_ok()
}
