//! Accounts and their areas in the database.

use std::collections::BTreeMap;

use sync_core::id::{AreaId, RecorderId, Role, UnixMs};

use super::post;
use crate::auth::has_every_area;
use crate::db::{Db, DbError, Tx};
use crate::on_db;

/// A person's account. Never holds the password's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The row; as [`RecorderId`] the owner of tallies.
    pub id: i64,
    /// What the person types to sign in: lower case.
    pub username: String,
    /// The name shown beside what the person recorded.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// A deactivated account has no device that is let in; what it recorded stays.
    pub active: bool,
    /// When it was made.
    pub created_at: UnixMs,
    /// The areas granted, ascending; empty for a role that has every area.
    pub areas: Vec<AreaId>,
    /// The post the person works at now, an id of the reference data; none for who works at none.
    pub post: Option<String>,
}

impl Account {
    /// The account's number as it stands in certificates and records.
    #[must_use]
    pub fn recorder(&self) -> RecorderId {
        // Ids are drawn below 2²⁴; a row that another hand made with a greater one owns no tally.
        RecorderId(u32::try_from(self.id).unwrap_or(0))
    }
}

/// What a new account is made of; checked by the caller.
#[derive(Debug, Clone)]
pub(super) struct NewRow<'a> {
    pub(super) username: &'a str,
    pub(super) display_name: &'a str,
    pub(super) role: Role,
    pub(super) password_hash: &'a str,
    pub(super) areas: &'a [AreaId],
    pub(super) now: UnixMs,
}

type Row = (i64, String, String, String, bool, i64);

fn account(row: Row, areas: Vec<AreaId>, post: Option<String>) -> Result<Account, DbError> {
    let (id, username, display_name, role, active, created_at) = row;
    let role = role_of(&role, "account.role")?;
    Ok(Account { id, username, display_name, role, active, created_at: UnixMs(created_at), areas, post })
}

/// A stored role.
pub(crate) fn role_of(text: &str, column: &'static str) -> Result<Role, DbError> {
    text.parse().map_err(|_| DbError::Damaged { column, why: "not a role".to_owned() })
}

/// A stored area.
pub(crate) fn area_of((generation, code): (i64, i64), column: &'static str) -> Result<AreaId, DbError> {
    let damaged = |_| DbError::Damaged { column, why: "not an area".to_owned() };
    Ok(AreaId { generation: generation.try_into().map_err(damaged)?, code: code.try_into().map_err(damaged)? })
}

/// The account of this number.
///
/// # Errors
/// [`DbError`].
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Account>, DbError> {
    const BY_ID: &str = "select id, username, display_name, role, active, created_at_ms from account where id = $1";
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await)?;
    with_areas(tx, row).await
}

/// The account of this username, in lower case.
///
/// # Errors
/// [`DbError`].
pub async fn find_by_username(tx: &mut Tx, username: &str) -> Result<Option<Account>, DbError> {
    const BY_NAME: &str =
        "select id, username, display_name, role, active, created_at_ms from account where username = $1";
    let row: Option<Row> = on_db!(tx, |c| sqlx::query_as(BY_NAME).bind(username).fetch_optional(c).await)?;
    with_areas(tx, row).await
}

async fn with_areas(tx: &mut Tx, row: Option<Row>) -> Result<Option<Account>, DbError> {
    const AREAS: &str = "select generation, code from account_area where account_id = $1 order by generation, code";
    let Some(row) = row else { return Ok(None) };
    let areas: Vec<(i64, i64)> = on_db!(tx, |c| sqlx::query_as(AREAS).bind(row.0).fetch_all(c).await)?;
    let areas = areas.into_iter().map(|area| area_of(area, "account_area")).collect::<Result<_, _>>()?;
    let post = post::now(tx, row.0).await?;
    account(row, areas, post).map(Some)
}

/// Every account, by username.
///
/// # Errors
/// [`DbError`].
pub async fn list(db: &Db) -> Result<Vec<Account>, DbError> {
    const ALL: &str = "select id, username, display_name, role, active, created_at_ms from account order by username";
    const AREAS: &str = "select account_id, generation, code from account_area order by account_id, generation, code";
    let mut tx = db.snapshot().await?;
    let rows: Vec<Row> = on_db!(tx, |c| sqlx::query_as(ALL).fetch_all(c).await)?;
    let areas: Vec<(i64, i64, i64)> = on_db!(tx, |c| sqlx::query_as(AREAS).fetch_all(c).await)?;
    let mut by_account: BTreeMap<i64, Vec<AreaId>> = BTreeMap::new();
    for (id, generation, code) in areas {
        by_account.entry(id).or_default().push(area_of((generation, code), "account_area")?);
    }
    let mut posts = post::of_everybody(&mut tx).await?;
    rows.into_iter()
        .map(|row| {
            let areas = by_account.remove(&row.0).unwrap_or_default();
            let post = posts.remove(&row.0);
            account(row, areas, post)
        })
        .collect()
}

/// Makes an account.
///
/// Its number is drawn at random below 2²⁴: after a restore from an old backup, a number that was given out since is
/// not given to another person, whose records would then pass for theirs.
///
/// # Errors
/// [`DbError::Unique`] on `account(username)`.
pub(super) async fn insert(tx: &mut Tx, new: &NewRow<'_>) -> Result<i64, DbError> {
    const TAKEN: &str = "select count(*) from account where id = $1";
    const INSERT: &str = "insert into account (id, username, display_name, role, password_hash, active, created_at_ms)
        values ($1, $2, $3, $4, $5, $6, $7)";
    let id = loop {
        let [a, b, c] = crate::auth::random_bytes::<3>();
        let id = i64::from(u32::from_be_bytes([0, a, b, c]));
        let taken: i64 = on_db!(tx, |c| sqlx::query_scalar(TAKEN).bind(id).fetch_one(c).await)?;
        if id > 0 && taken == 0 {
            break id;
        }
    };
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(id)
        .bind(new.username)
        .bind(new.display_name)
        .bind(new.role.name())
        .bind(new.password_hash)
        .bind(true)
        .bind(new.now.0)
        .execute(c)
        .await
        .map(drop))?;
    replace_areas(tx, id, new.role, new.areas).await?;
    Ok(id)
}

/// Puts an account back that is known only from a certificate. It is deactivated and has a username made of its number:
/// an administrator gives it a password and lets it in again.
///
/// # Errors
/// [`DbError`].
pub(crate) async fn put_back(
    tx: &mut Tx,
    id: i64,
    role: Role,
    areas: &[AreaId],
    now: UnixMs,
) -> Result<Account, DbError> {
    const INSERT: &str = "insert into account
        (id, username, display_name, role, password_hash, active, deactivated_at_ms, created_at_ms)
        values ($1, $2, $3, $4, $5, $6, $7, $7)";
    let username = format!("restored-{id}");
    let display_name = format!("Tài khoản khôi phục {id}");
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(id)
        .bind(&username)
        .bind(&display_name)
        .bind(role.name())
        .bind(crate::auth::password::DECOY)
        .bind(false)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))?;
    replace_areas(tx, id, role, areas).await?;
    let areas = if has_every_area(role) { Vec::new() } else { areas.to_vec() };
    Ok(Account { id, username, display_name, role, active: false, created_at: now, areas, post: None })
}

/// Grants exactly these areas; none to a role that has every area.
pub(super) async fn replace_areas(tx: &mut Tx, id: i64, role: Role, areas: &[AreaId]) -> Result<(), DbError> {
    const CLEAR: &str = "delete from account_area where account_id = $1";
    const GRANT: &str = "insert into account_area (account_id, generation, code) values ($1, $2, $3)
        on conflict (account_id, generation, code) do nothing";
    on_db!(tx, |c| sqlx::query(CLEAR).bind(id).execute(c).await.map(drop))?;
    for area in areas.iter().filter(|_| !has_every_area(role)) {
        let (generation, code) = (i64::from(area.generation), i64::from(area.code));
        on_db!(tx, |c| sqlx::query(GRANT).bind(id).bind(generation).bind(code).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The first of these areas that is no unit of the reference data; `None` when all are, or none were imported yet.
pub(super) async fn unknown_unit(tx: &mut Tx, areas: &[AreaId]) -> Result<Option<AreaId>, DbError> {
    const ANY: &str = "select count(*) from (select 1 from unit limit 1) as some_unit";
    const FIND: &str = "select count(*) from unit where generation = $1 and code = $2";
    let any: i64 = on_db!(tx, |c| sqlx::query_scalar(ANY).fetch_one(c).await)?;
    for area in areas.iter().filter(|_| any > 0) {
        let (generation, code) = (i64::from(area.generation), i64::from(area.code));
        let found: i64 = on_db!(tx, |c| sqlx::query_scalar(FIND).bind(generation).bind(code).fetch_one(c).await)?;
        if found == 0 {
            return Ok(Some(*area));
        }
    }
    Ok(None)
}

/// Changes the role.
pub(super) async fn set_role(tx: &mut Tx, id: i64, role: Role) -> Result<(), DbError> {
    const SET: &str = "update account set role = $2 where id = $1";
    on_db!(tx, |c| sqlx::query(SET).bind(id).bind(role.name()).execute(c).await.map(drop))?;
    Ok(())
}

/// Changes the password's hash.
pub(super) async fn set_password_hash(tx: &mut Tx, id: i64, hash: &str) -> Result<(), DbError> {
    const SET: &str = "update account set password_hash = $2 where id = $1";
    on_db!(tx, |c| sqlx::query(SET).bind(id).bind(hash).execute(c).await.map(drop))?;
    Ok(())
}

/// Changes whether the account is active.
pub(super) async fn set_active(tx: &mut Tx, id: i64, active: bool, now: UnixMs) -> Result<(), DbError> {
    const SET: &str = "update account set active = $2, deactivated_at_ms = $3 where id = $1";
    let since = (!active).then_some(now.0);
    on_db!(tx, |c| sqlx::query(SET).bind(id).bind(active).bind(since).execute(c).await.map(drop))?;
    Ok(())
}

/// How many active administrators there are.
pub(super) async fn active_administrators(tx: &mut Tx) -> Result<i64, DbError> {
    const COUNT: &str = "select count(*) from account where role = 'administrator' and active = $1";
    Ok(on_db!(tx, |c| sqlx::query_scalar(COUNT).bind(true).fetch_one(c).await)?)
}

/// The stored hash of an account's password.
///
/// # Errors
/// [`DbError`].
pub async fn password_hash(tx: &mut Tx, id: i64) -> Result<Option<String>, DbError> {
    const HASH: &str = "select password_hash from account where id = $1";
    Ok(on_db!(tx, |c| sqlx::query_scalar(HASH).bind(id).fetch_optional(c).await)?)
}
