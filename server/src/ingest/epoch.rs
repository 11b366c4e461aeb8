//! Which history of the database this is.
//!
//! Putting a database back to a backup takes back verdicts that devices already acted on. A new epoch makes every device
//! compare in full once, see [`sync_core::sync::Epoch`]. `banlang restore` and `banlang rebuild` begin one.

use sync_core::id::DeviceId;
use sync_core::log::{Inventory, LogId};
use sync_core::sync::{Epoch, Withheld};

use super::signer::area;
use super::store::seq_of;
use crate::auth::random_bytes;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// The epoch of this database; all zero until the first one was begun.
pub(crate) async fn current(tx: &mut Tx) -> Result<Epoch, DbError> {
    const READ: &str = "select epoch from history where only_row = 1";
    let epoch: Option<Blob<[u8; 8]>> = on_db!(tx, |c| sqlx::query_scalar(READ).fetch_optional(c).await)?;
    Ok(epoch.map(|Blob(epoch)| Epoch(epoch)).unwrap_or_default())
}

/// Begins a new epoch.
pub(crate) async fn begin(tx: &mut Tx) -> Result<(), DbError> {
    const SET: &str = "insert into history (only_row, epoch) values (1, $1) \
                       on conflict (only_row) do update set epoch = excluded.epoch";
    let epoch: [u8; 8] = random_bytes();
    on_db!(tx, |c| sqlx::query(SET).bind(Blob(epoch)).execute(c).await.map(drop))?;
    Ok(())
}

/// The entries of these logs that are not handed out, by chained batch.
pub(crate) async fn withheld(tx: &mut Tx, logs: &Inventory) -> Result<Withheld, DbError> {
    // Read from the index of such changes, whose condition stands here word for word: they are few, changes are many.
    const READ: &str = "select b.generation, b.code, b.device_id, b.seq, c.ordinal from change c cross join batch b \
                        where c.verdict <> 'admitted' and b.id = c.batch_id and b.state = 'chained'";
    let rows: Vec<(i64, i64, Blob<DeviceId>, i64, i64)> = on_db!(tx, |c| sqlx::query_as(READ).fetch_all(c).await)?;
    let mut withheld = Withheld::new();
    for (generation, code, Blob(device), seq, ordinal) in rows {
        let log = LogId { area: area(generation, code)?, device };
        if logs.head(&log).seq.0 == 0 {
            continue;
        }
        let ordinal = u8::try_from(ordinal)
            .map_err(|_| DbError::Damaged { column: "change.ordinal", why: ordinal.to_string() })?;
        withheld.entry(log).or_default().insert((seq_of(seq)?, ordinal));
    }
    Ok(withheld)
}
