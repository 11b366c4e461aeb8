//! Which post a person works at, since when. Rows are kept: what was recorded stays with the post of its time.

use std::collections::BTreeMap;

use crate::db::{DbError, Tx};
use crate::on_db;

/// The post an account works at now; none for who works at none.
///
/// # Errors
/// [`DbError`].
pub(super) async fn now(tx: &mut Tx, account: i64) -> Result<Option<String>, DbError> {
    const NOW: &str = "select post_id from account_post where account_id = $1 order by since_day desc limit 1";
    let newest: Option<Option<String>> = on_db!(tx, |c| sqlx::query_scalar(NOW).bind(account).fetch_optional(c).await)?;
    Ok(newest.flatten())
}

/// The post of everybody who works at one now, by account.
///
/// # Errors
/// [`DbError`].
pub(super) async fn of_everybody(tx: &mut Tx) -> Result<BTreeMap<i64, String>, DbError> {
    const ALL: &str = "select account_id, post_id from account_post order by account_id, since_day";
    let rows: Vec<(i64, Option<String>)> = on_db!(tx, |c| sqlx::query_as(ALL).fetch_all(c).await)?;
    // The newest of an account comes last.
    let newest: BTreeMap<i64, Option<String>> = rows.into_iter().collect();
    Ok(newest.into_iter().filter_map(|(account, post)| Some((account, post?))).collect())
}

/// How many active people work at each post now.
///
/// # Errors
/// [`DbError`].
pub async fn people(tx: &mut Tx) -> Result<BTreeMap<String, u32>, DbError> {
    const ACTIVE: &str = "select id from account where active = $1";
    let active: Vec<i64> = on_db!(tx, |c| sqlx::query_scalar(ACTIVE).bind(true).fetch_all(c).await)?;
    let mut posts = of_everybody(tx).await?;
    let mut people: BTreeMap<String, u32> = BTreeMap::new();
    for account in active {
        if let Some(post) = posts.remove(&account) {
            *people.entry(post).or_default() += 1;
        }
    }
    Ok(people)
}

/// Makes `post` the account's from `day` on; what held before that day stays.
///
/// # Errors
/// [`DbError`].
pub(super) async fn put(tx: &mut Tx, account: i64, post: Option<&str>, day: i64) -> Result<(), DbError> {
    const PUT: &str = "insert into account_post (account_id, since_day, post_id) values ($1, $2, $3) \
                       on conflict (account_id, since_day) do update set post_id = excluded.post_id";
    on_db!(tx, |c| sqlx::query(PUT).bind(account).bind(day).bind(post).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether the reference data have this post.
///
/// # Errors
/// [`DbError`].
pub(super) async fn is_known(tx: &mut Tx, post: &str) -> Result<bool, DbError> {
    const FIND: &str = "select count(*) from reference_item where kind = 'posts' and id = $1";
    let found: i64 = on_db!(tx, |c| sqlx::query_scalar(FIND).bind(post).fetch_one(c).await)?;
    Ok(found > 0)
}
