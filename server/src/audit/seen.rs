//! Who opened which session: one row `session.seen` for a person, a session and a day.
//!
//! The row is committed before the answer leaves: what was shown is always told of. That must not make reading slow or
//! let it fail when others write:
//!
//! - Whoever opens a session again on the same day writes nothing: this process remembers what it wrote, and the insert
//!   itself leaves out what another process wrote.
//! - On PostgreSQL it is one statement outside of any serializable transaction: it conflicts with nobody and is not
//!   repeated.
//! - On SQLite it takes its turn at the one writing connection, behind at most what is being committed at that moment,
//!   and is then a single short commit.
//!
//! A disk that is full or fails does stop it, as it stops every other write: a session is not shown unrecorded.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sync_core::id::RecordId;

use super::Actor;
use crate::app::AppState;
use crate::auth::Principal;
use crate::coverage::calendar::{end_of_day_ms, local_day};
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;
use crate::write_tx;

/// So many are remembered; then it begins anew, which costs one statement for each that is opened again.
const REMEMBERED: usize = 50_000;

/// What this process knows to be in the audit.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashSet<(i64, RecordId, i64)>>);

impl Seen {
    fn knows(&self, key: &(i64, RecordId, i64)) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    fn remember(&self, key: (i64, RecordId, i64)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key);
    }
}

const INSERT: &str = "insert into audit (at_ms, account_id, device_id, action, subject, detail) \
    select cast($1 as bigint), cast($2 as bigint), $3, 'session.seen', $4, '{}' where not exists (select 1 from audit \
    where subject = $4 and action = 'session.seen' and account_id = $2 and at_ms >= $5 and at_ms < $6)";

/// Leaves the row that this person saw this session today, unless there is one.
///
/// # Errors
/// The database's: the session is not to be shown then.
pub(crate) async fn session(app: &AppState, principal: &Principal, id: RecordId) -> Result<(), DbError> {
    let now = app.now();
    let day = local_day(now.0);
    let key = (principal.account, id, day);
    if app.seen.knows(&key) {
        return Ok(());
    }
    let row = Row { at_ms: now.0, actor: Actor::from(principal), subject: id.to_string(), day };
    match &app.db {
        Db::Sqlite { .. } => write_tx!(app.db, |tx| row.insert(tx))?,
        Db::Postgres(pool) => {
            let (account, device) = row.who();
            let query = sqlx::query(INSERT).bind(row.at_ms).bind(account).bind(device).bind(&row.subject);
            query.bind(end_of_day_ms(day - 1)).bind(end_of_day_ms(day)).execute(pool).await.map_err(DbError::from)?;
        }
    }
    app.seen.remember(key);
    Ok(())
}

struct Row {
    at_ms: i64,
    actor: Actor,
    subject: String,
    day: i64,
}

impl Row {
    fn who(&self) -> (Option<i64>, Option<Blob<sync_core::id::DeviceId>>) {
        match self.actor {
            Actor::CommandLine => (None, None),
            Actor::Person { account, device } => (Some(account), Some(Blob(device))),
        }
    }

    async fn insert(&self, tx: &mut Tx) -> Result<(), DbError> {
        let (account, device) = self.who();
        on_db!(tx, |c| {
            let query = sqlx::query(INSERT).bind(self.at_ms).bind(account).bind(device).bind(&self.subject);
            query.bind(end_of_day_ms(self.day - 1)).bind(end_of_day_ms(self.day)).execute(c).await.map(drop)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sync_core::id::Role::{self, Administrator, Coordinator, Guard, Officer};

    use crate::coverage::testing::fill;
    use crate::db::testing::{Failure, on_each};
    use crate::register::desk::Desk;

    /// Rows of who saw something, as (subject, person).
    async fn seen(desk: &mut Desk) -> Result<Vec<(String, String)>, Failure> {
        let page = desk.read(Coordinator, "/v1/audit?action=session.seen").await?;
        let rows = page["rows"].as_array().cloned().unwrap_or_default();
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        Ok(rows.iter().map(|row| (text(row, "subject"), text(row, "account_name"))).collect())
    }

    async fn first(desk: &mut Desk, role: Role) -> Result<String, Failure> {
        let page = desk.read(role, "/v1/sessions?limit=1").await?;
        Ok(page["sessions"][0]["id"].as_str().ok_or("a session")?.to_owned())
    }

    #[tokio::test]
    async fn who_opens_a_session_is_told_of_once_a_day() -> Result<(), Failure> {
        on_each(async |db| {
            let mut desk = Desk::new(db).await?;
            fill(db, 3_000, 1).await?;
            let id = first(&mut desk, Officer).await?;
            let target = format!("/v1/sessions/{id}");
            desk.read(Guard, &target).await?;
            assert!(seen(&mut desk).await?.is_empty(), "a guard reads what guards recorded");
            for role in [Officer, Officer, Coordinator, Administrator] {
                desk.read(role, &target).await?;
            }
            let people = |rows: Vec<(String, String)>| rows.into_iter().map(|row| row.1).collect::<Vec<_>>();
            let expected = ["Đồng chí administrator", "Đồng chí coordinator", "Đồng chí officer"];
            assert_eq!(people(seen(&mut desk).await?), expected);
            // Another process of the same server knows it from the database.
            let sibling = desk.world.sibling()?;
            desk.officer.refresh(&sibling).await?;
            assert_eq!(desk.officer.get(&sibling, &target).await?.status.as_u16(), 200);
            assert_eq!(seen(&mut desk).await?.len(), 3);
            desk.world.clock.advance_ms(86_400_000);
            desk.officer.refresh(&desk.world.clone()).await?;
            desk.coordinator.refresh(&desk.world.clone()).await?;
            desk.read(Officer, &target).await?;
            assert_eq!(seen(&mut desk).await?.len(), 4);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn what_is_not_shown_is_not_told_of() -> Result<(), Failure> {
        on_each(async |db| {
            let mut desk = Desk::new(db).await?;
            fill(db, 200, 1).await?;
            let page = desk.read(Coordinator, "/v1/sessions?area=2025-06838").await?;
            let far = page["sessions"][0]["id"].as_str().ok_or("a session")?.to_owned();
            for target in [format!("/v1/sessions/{far}"), format!("/v1/sessions/{}", "ab".repeat(16))] {
                assert_eq!(desk.get(Officer, &target).await?.code(), "session.unknown");
            }
            assert!(seen(&mut desk).await?.is_empty());
            Ok(())
        })
        .await
    }

    /// The writing connection is taken all the while.
    #[tokio::test]
    async fn opening_again_waits_for_no_writer() -> Result<(), Failure> {
        on_each(async |db| {
            let mut desk = Desk::new(db).await?;
            fill(db, 3_000, 1).await?;
            let id = first(&mut desk, Officer).await?;
            let target = format!("/v1/sessions/{id}");
            desk.read(Officer, &target).await?;
            let writing = db.begin().await?;
            desk.read(Officer, &target).await?;
            writing.rollback().await?;
            assert_eq!(seen(&mut desk).await?.len(), 1);
            Ok(())
        })
        .await
    }
}
