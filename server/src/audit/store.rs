//! Reading the audit rows.

use serde_json::Value;
use sync_core::id::{DeviceId, RecorderId, UnixMs};

use crate::db::{Blob, Db, DbError};
use crate::on_db;

/// Which rows; what is absent does not restrict.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) account: Option<RecorderId>,
    pub(super) action: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) before: Option<i64>,
}

/// A row as stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) at: UnixMs,
    pub(super) account: Option<RecorderId>,
    pub(super) device: Option<DeviceId>,
    pub(super) action: String,
    pub(super) subject: String,
    pub(super) detail: Value,
}

type Stored = (i64, i64, Option<i64>, Option<Blob<DeviceId>>, String, String, String);

/// At most `limit` rows, newest first.
pub(super) async fn list(db: &Db, filter: &Filter, limit: u16) -> Result<Vec<Row>, DbError> {
    const LIST: &str = "select id, at_ms, account_id, device_id, action, subject, detail from audit \
        where id < $1 and ($2 is null or account_id = $2) and ($3 is null or action = $3) \
        and ($4 is null or subject = $4) order by id desc limit $5";
    let before = filter.before.unwrap_or(i64::MAX);
    let account = filter.account.map(|account| i64::from(account.0));
    let stored: Vec<Stored> = on_db!(db, |c| {
        sqlx::query_as(LIST)
            .bind(before)
            .bind(account)
            .bind(&filter.action)
            .bind(&filter.subject)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await
    })?;
    stored.into_iter().map(row).collect()
}

fn row((id, at_ms, account, device, action, subject, detail): Stored) -> Result<Row, DbError> {
    let damaged = |column, why: String| DbError::Damaged { column, why };
    let account = account
        .map(|id| u32::try_from(id).map(RecorderId).map_err(|e| damaged("audit.account_id", e.to_string())))
        .transpose()?;
    let detail = serde_json::from_str(&detail).map_err(|e| damaged("audit.detail", e.to_string()))?;
    Ok(Row { id, at: UnixMs(at_ms), account, device: device.map(|Blob(id)| id), action, subject, detail })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::{Actor, record};
    use crate::db::testing::{Failure, on_each};

    #[tokio::test]
    async fn rows_come_newest_first_and_by_filter() -> Result<(), Failure> {
        on_each(async |db| {
            let device = DeviceId([7; 8]);
            db.write(async |tx| {
                record(tx, UnixMs(1), Actor::CommandLine, "account.created", "1", &json!({"role": "guard"})).await?;
                let person = Actor::Person { account: 1, device };
                record(tx, UnixMs(2), person, "device.revoked", "x", &json!({})).await?;
                record(tx, UnixMs(3), person, "account.created", "2", &json!({})).await
            })
            .await?;
            let subjects = async |filter: Filter, limit| -> Result<Vec<String>, DbError> {
                Ok(list(db, &filter, limit).await?.into_iter().map(|row| row.subject).collect())
            };
            assert_eq!(subjects(Filter::default(), 10).await?, ["2", "x", "1"]);
            assert_eq!(subjects(Filter::default(), 2).await?, ["2", "x"]);
            let by_account = Filter { account: Some(RecorderId(1)), ..Filter::default() };
            assert_eq!(subjects(by_account, 10).await?, ["2", "x"]);
            let by_action = Filter { action: Some("account.created".into()), ..Filter::default() };
            assert_eq!(subjects(by_action, 10).await?, ["2", "1"]);
            let by_subject = Filter { subject: Some("x".into()), ..Filter::default() };
            let rows = list(db, &by_subject, 10).await?;
            assert_eq!((rows[0].device, rows[0].at), (Some(device), UnixMs(2)));
            let older = Filter { before: Some(rows[0].id), ..Filter::default() };
            assert_eq!(subjects(older, 10).await?, ["1"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_write_that_fails_leaves_no_row() -> Result<(), Failure> {
        on_each(async |db| {
            let done: Result<(), DbError> = db
                .write(async |tx| {
                    record(tx, UnixMs(1), Actor::CommandLine, "account.created", "1", &json!({})).await?;
                    Err(DbError::Missing)
                })
                .await;
            assert!(done.is_err());
            assert!(list(db, &Filter::default(), 10).await?.is_empty());
            Ok(())
        })
        .await
    }
}
