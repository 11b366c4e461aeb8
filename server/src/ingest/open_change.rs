//! The table of changes about which nobody has decided, kept beside them: in it they are found by area and by device.

use sync_core::log::limits;

use super::decide::Place;
use super::standing::Standing;
use super::store::{NewBatch, Restanding};
use crate::db::rows::{self, Value};
use crate::db::{DbError, Tx};
use crate::on_db;

/// Places of a batch, as in the migration that made the table.
const PLACES: i64 = 256;
const _: () = assert!(PLACES as usize == limits::ENTRIES, "each change of a batch has a place of its own");

/// Every row as the stored changes make it.
macro_rules! made {
    () => {
        "select c.batch_id * 256 + c.ordinal as place, b.generation, b.code, b.device_id, c.verdict \
         from change c join batch b on b.id = c.batch_id \
         where c.verdict in ('waiting', 'unjudged', 'absent', 'quarantined')"
    };
}

/// Every row as it is stored.
macro_rules! stored {
    () => {
        "select place, generation, code, device_id, verdict from open_change"
    };
}

/// A place as one number.
pub(crate) fn number(batch_id: i64, ordinal: i64) -> i64 {
    batch_id.saturating_mul(PLACES).saturating_add(ordinal)
}

/// Batch and ordinal of a numbered place.
pub(crate) fn batch_and_ordinal(number: i64) -> (i64, i64) {
    (number.div_euclid(PLACES), number.rem_euclid(PLACES))
}

fn number_of(place: Place) -> Value<'static> {
    Value::Int(number(place.batch_id, place.ordinal as i64))
}

/// Inserts the rows of new batches.
pub(super) async fn insert(tx: &mut Tx, batches: &[NewBatch<'_>]) -> Result<(), DbError> {
    const INSERT: &str = "insert into open_change (place, generation, code, device_id, verdict) values";
    let mut values = Vec::new();
    for new in batches {
        let log = &new.batch.header().log;
        for (ordinal, standing) in new.standings.iter().enumerate().filter(|(_, standing)| standing.is_open()) {
            values.extend([
                number_of(Place { batch_id: new.id, ordinal }),
                Value::Int(log.area.generation.into()),
                Value::Int(log.area.code.into()),
                Value::Bytes(log.device.as_bytes()),
                Value::Text(standing.name()),
            ]);
        }
    }
    rows::write(tx, INSERT, 5, "", &values).await
}

/// Follows stored changes that stand otherwise now.
pub(super) async fn follow(tx: &mut Tx, changes: &[Restanding<'_>]) -> Result<(), DbError> {
    // One that is open still is so because it was judged, or because its bytes came.
    const OPEN: [(&str, &str); 3] = [
        ("waiting", "update open_change set verdict = 'waiting' where place in"),
        ("unjudged", "update open_change set verdict = 'unjudged' where place in"),
        ("quarantined", "update open_change set verdict = 'quarantined' where place in"),
    ];
    let standing = |wanted: fn(&Standing) -> bool| {
        let changes = changes.iter().filter(move |change| wanted(&change.standing));
        changes.map(|change| (change.standing.name(), number_of(change.place))).collect::<Vec<_>>()
    };
    let closed: Vec<Value<'_>> = standing(|standing| !standing.is_open()).into_iter().map(|(_, place)| place).collect();
    remove_all(tx, &closed).await?;
    let open = standing(|standing| standing.is_open());
    for (verdict, update) in OPEN {
        let places: Vec<Value<'_>> =
            open.iter().filter(|(name, _)| *name == verdict).map(|(_, place)| *place).collect();
        rows::over(tx, update, &places).await?;
    }
    Ok(())
}

/// Removes the row of a change about which somebody has decided.
pub(crate) async fn remove(tx: &mut Tx, place: Place) -> Result<(), DbError> {
    remove_all(tx, &[number_of(place)]).await
}

async fn remove_all(tx: &mut Tx, places: &[Value<'_>]) -> Result<(), DbError> {
    rows::over(tx, "delete from open_change where place in", places).await
}

/// Makes every row again.
pub(crate) async fn rebuild(tx: &mut Tx) -> Result<(), DbError> {
    const FILL: &str = concat!("insert into open_change (place, generation, code, device_id, verdict) ", made!());
    for text in ["delete from open_change", FILL] {
        on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The places of which the stored row is not what their change makes, at most `most`, as batch and ordinal.
pub(crate) async fn differences(tx: &mut Tx, most: i64) -> Result<Vec<(i64, i64)>, DbError> {
    const DIFFERENCES: &str = concat!(
        "select distinct place from (select * from (",
        made!(),
        " except ",
        stored!(),
        ") missing union all select * from (",
        stored!(),
        " except ",
        made!(),
        ") surplus) differ order by place limit $1"
    );
    let places: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(DIFFERENCES).bind(most).fetch_all(c).await)?;
    Ok(places.into_iter().map(batch_and_ordinal).collect())
}
