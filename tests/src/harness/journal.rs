//! The server's journal in the hands of somebody who holds the database.

use server::on_db;
use sync_core::log::{JournalEntry, Tip};

use super::{Failure, Served};

/// Writes the journal anew so that it fits itself: what somebody who holds the database can do.
///
/// # Errors
/// When an entry is none, or the database says no.
pub async fn rewrite_journal(served: &Served, alter: impl Fn(&mut JournalEntry)) -> Result<(), Failure> {
    let read = "select entry, body from journal order by entry";
    let rows: Vec<(i64, Vec<u8>)> = on_db!(served.app.db, |c| sqlx::query_as(read).fetch_all(c).await)?;
    let mut tx = served.app.db.begin().await?;
    let mut tip = Tip::begin(0);
    for (number, body) in rows {
        let mut entry = JournalEntry::from_bytes(&body)?;
        alter(&mut entry);
        let body = entry.to_bytes();
        tip = tip.then(&body);
        let write = "update journal set body = $2, hash = $3 where entry = $1";
        on_db!(tx, |c| sqlx::query(write).bind(number).bind(&body).bind(tip.hash.to_vec()).execute(c).await.map(drop))?;
    }
    tx.commit().await?;
    Ok(())
}
