//! Who did what: a row in the same transaction as each administrative write; and who looked at which session.
//!
//! So there is no write without its row and no row without its write. Subjects and details are ids, names of accounts
//! and units, old and new values of rights; never passwords, codes, keys, notes or positions.

pub mod route;
pub(crate) mod seen;
mod store;

use serde_json::Value;
use sync_core::id::{DeviceId, UnixMs};

use crate::auth::Principal;
use crate::db::{Blob, DbError, Tx};
use crate::on_db;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with a shell on the server.
    CommandLine,
    /// A person, through a device.
    Person {
        /// The account.
        account: i64,
        /// The device that signed the request.
        device: DeviceId,
    },
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::Person { account: principal.account, device: principal.device }
    }
}

/// Writes the row of an administrative write into its transaction.
///
/// `action` is `noun.past-tense`, for instance `account.created`; `subject` names what was acted on; `detail` is an
/// object of what changed.
///
/// # Errors
/// What the database says; the caller's transaction must then not commit.
pub async fn record(
    tx: &mut Tx,
    now: UnixMs,
    actor: Actor,
    action: &str,
    subject: &str,
    detail: &Value,
) -> Result<(), DbError> {
    const INSERT: &str = "insert into audit (at_ms, account_id, device_id, action, subject, detail) \
                          values ($1, $2, $3, $4, $5, $6)";
    let (account, device) = match actor {
        Actor::CommandLine => (None, None),
        Actor::Person { account, device } => (Some(account), Some(Blob(device))),
    };
    let detail = detail.to_string();
    on_db!(tx, |c| {
        sqlx::query(INSERT)
            .bind(now.0)
            .bind(account)
            .bind(device)
            .bind(action)
            .bind(subject)
            .bind(&detail)
            .execute(c)
            .await
            .map(drop)
    })?;
    Ok(())
}
