//! Reading the audit rows.

use serde_json::Value;
use sqlx::QueryBuilder;
use sync_core::fold::fold;
use sync_core::id::{DeviceId, RecorderId, Role, UnixMs};

use crate::db::{Blob, Db, DbError};
use crate::on_db;

/// Which rows; what is absent does not restrict.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) account: Option<RecorderId>,
    pub(super) role: Option<Role>,
    pub(super) action: Option<String>,
    pub(super) subject: Option<String>,
    /// The first millisecond.
    pub(super) from_ms: Option<i64>,
    /// The first millisecond that is too late.
    pub(super) until_ms: Option<i64>,
    pub(super) before: Option<i64>,
    /// Words to be found in action, subject, detail, name of the person or label of the device; folded.
    pub(super) words: Option<String>,
}

/// A row as stored, with the names that stand for its numbers now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) at: UnixMs,
    pub(super) account: Option<RecorderId>,
    pub(super) account_name: Option<String>,
    pub(super) device: Option<DeviceId>,
    pub(super) device_label: Option<String>,
    pub(super) action: String,
    pub(super) subject: String,
    pub(super) detail: Value,
}

/// Rows of a page, and where the next one begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// `before` of the next page; none when there is nothing more.
    pub(super) next: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: i64,
    at_ms: i64,
    account_id: Option<i64>,
    display_name: Option<String>,
    device_id: Option<Blob<DeviceId>>,
    label: Option<String>,
    action: String,
    subject: String,
    detail: String,
}

/// Rows that a search reads at a time, and at most before it answers with what it found so far.
const CHUNK: usize = 2_000;
const SEARCHED: usize = 20_000;

/// A page of at most `limit` rows, newest first.
///
/// Words are compared without tone marks and so by this program, not by the database: a search looks through a bounded
/// number of rows and then answers what it found, perhaps nothing, and where to go on.
pub(super) async fn list(db: &Db, filter: &Filter, limit: u16) -> Result<Page, DbError> {
    let limit = usize::from(limit);
    let mut before = filter.before.unwrap_or(i64::MAX);
    let Some(words) = filter.words.as_deref() else {
        let mut stored = read(db, filter, before, limit + 1).await?;
        let more = stored.len() > limit;
        stored.truncate(limit);
        let next = stored.last().filter(|_| more).map(|row| row.id);
        return Ok(Page { rows: stored.into_iter().map(row).collect::<Result<_, _>>()?, next });
    };
    let mut page = Page::default();
    for _ in 0..SEARCHED / CHUNK {
        let stored = read(db, filter, before, CHUNK).await?;
        let ended = stored.len() < CHUNK;
        for found in stored {
            before = found.id;
            if found.holds(words) {
                page.rows.push(row(found)?);
                if page.rows.len() == limit {
                    page.next = Some(before);
                    return Ok(page);
                }
            }
        }
        if ended {
            return Ok(page);
        }
    }
    page.next = Some(before);
    Ok(page)
}

/// The conditions are only those asked for, so that each is searched by its own index.
async fn read(db: &Db, filter: &Filter, before: i64, limit: usize) -> Result<Vec<Stored>, DbError> {
    let account = filter.account.map(|account| i64::from(account.0));
    let role = filter.role.map(Role::name);
    on_db!(db, |c| {
        let mut query = QueryBuilder::new(
            "select u.id, u.at_ms, u.account_id, a.display_name, u.device_id, d.label, u.action, u.subject, u.detail \
             from audit u left join account a on a.id = u.account_id left join device d on d.id = u.device_id \
             where u.id < ",
        );
        query.push_bind(before);
        if let Some(account) = account {
            query.push(" and u.account_id = ").push_bind(account);
        }
        if let Some(role) = role {
            query.push(" and a.role = ").push_bind(role);
        }
        if let Some(action) = &filter.action {
            query.push(" and u.action = ").push_bind(action);
        }
        if let Some(subject) = &filter.subject {
            query.push(" and u.subject = ").push_bind(subject);
        }
        if let Some(from) = filter.from_ms {
            query.push(" and u.at_ms >= ").push_bind(from);
        }
        if let Some(until) = filter.until_ms {
            query.push(" and u.at_ms < ").push_bind(until);
        }
        query.push(" order by u.id desc limit ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(query.build_query_as::<Stored>().fetch_all(c).await?)
    })
}

impl Stored {
    fn holds(&self, words: &str) -> bool {
        let texts = [Some(&self.action), Some(&self.subject), Some(&self.detail), self.display_name.as_ref()];
        texts.into_iter().flatten().chain(self.label.as_ref()).any(|text| fold(text).contains(words))
    }
}

fn row(stored: Stored) -> Result<Row, DbError> {
    let damaged = |column, why: String| DbError::Damaged { column, why };
    let account = stored
        .account_id
        .map(|id| u32::try_from(id).map(RecorderId).map_err(|e| damaged("audit.account_id", e.to_string())))
        .transpose()?;
    let detail = serde_json::from_str(&stored.detail).map_err(|e| damaged("audit.detail", e.to_string()))?;
    Ok(Row {
        id: stored.id,
        at: UnixMs(stored.at_ms),
        account,
        account_name: stored.display_name,
        device: stored.device_id.map(|Blob(id)| id),
        device_label: stored.label,
        action: stored.action,
        subject: stored.subject,
        detail,
    })
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
                Ok(list(db, &filter, limit).await?.rows.into_iter().map(|row| row.subject).collect())
            };
            assert_eq!(subjects(Filter::default(), 10).await?, ["2", "x", "1"]);
            assert_eq!(subjects(Filter::default(), 2).await?, ["2", "x"]);
            let by_account = Filter { account: Some(RecorderId(1)), ..Filter::default() };
            assert_eq!(subjects(by_account, 10).await?, ["2", "x"]);
            let by_action = Filter { action: Some("account.created".into()), ..Filter::default() };
            assert_eq!(subjects(by_action, 10).await?, ["2", "1"]);
            let by_subject = Filter { subject: Some("x".into()), ..Filter::default() };
            let rows = list(db, &by_subject, 10).await?.rows;
            assert_eq!((rows[0].device, rows[0].at), (Some(device), UnixMs(2)));
            let older = Filter { before: Some(rows[0].id), ..Filter::default() };
            assert_eq!(subjects(older, 10).await?, ["1"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn words_are_found_without_tone_marks_and_far_back() -> Result<(), Failure> {
        on_each(async |db| {
            let noise = CHUNK * 2 + 7;
            db.write(async |tx| {
                let detail = json!({ "reason": "Mất điện thoại ở Bình Liêu" });
                record(tx, UnixMs(1), Actor::CommandLine, "device.revoked", "x", &detail).await?;
                for at in 0..noise {
                    record(tx, UnixMs(2 + at as i64), Actor::CommandLine, "session.seen", "y", &json!({})).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
            let found = |words: &str| Filter { words: Some(fold(words)), ..Filter::default() };
            let page = list(db, &found("binh lieu"), 10).await?;
            assert_eq!((page.rows.len(), page.rows[0].subject.as_str(), page.next), (1, "x", None));
            assert!(list(db, &found("Móng Cái"), 10).await?.rows.is_empty());
            let page = list(db, &found("SEEN"), 3).await?;
            let more = list(db, &Filter { before: page.next, ..found("seen") }, 1000).await?;
            assert!(page.rows.len() == 3 && more.rows[0].id < page.rows[2].id);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn days_and_roles_restrict_and_names_are_told() -> Result<(), Failure> {
        on_each(async |db| {
            let world = crate::auth::testing::World::new(db).await?;
            let account = world.account("can.bo", Role::Officer, &["2025-00001".parse()?]).await?;
            let device = world.enrol(&account).await?.id();
            let person = Actor::Person { account: account.id, device };
            db.write(async |tx| {
                record(tx, UnixMs(10), person, "a.b", "1", &json!({})).await?;
                record(tx, UnixMs(20), Actor::CommandLine, "a.b", "2", &json!({})).await
            })
            .await?;
            let between = Filter { from_ms: Some(10), until_ms: Some(20), ..Filter::default() };
            let rows = list(db, &between, 10).await?.rows;
            assert_eq!((rows.len(), rows[0].account_name.as_deref()), (1, Some("Đồng chí can.bo")));
            assert_eq!(rows[0].device_label.as_deref(), Some("điện thoại"));
            let of = async |role| -> Result<usize, DbError> {
                let filter = Filter { role: Some(role), action: Some("a.b".into()), ..Filter::default() };
                Ok(list(db, &filter, 10).await?.rows.len())
            };
            assert_eq!((of(Role::Officer).await?, of(Role::Guard).await?), (1, 0));
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
            assert!(list(db, &Filter::default(), 10).await?.rows.is_empty());
            Ok(())
        })
        .await
    }
}
