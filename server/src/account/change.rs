//! Changes to accounts, each in one transaction with its audit row. Used by the routes and by the command line.

use sync_core::id::{AreaId, Role, UnixMs};

use super::post;
use super::store::{self, Account, NewRow};
use crate::audit::{self, Actor};
use crate::auth::code::EnrolmentCode;
use crate::auth::password::WeakPassword;
use crate::auth::{certificate, enrolment_code, has_every_area, sign_in};
use crate::coverage::calendar::local_day;
use crate::db::{DbError, Transient, Tx};

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No account of that number or name.
    #[error("no such account")]
    Unknown,
    /// The username is taken.
    #[error("username: {0} is taken")]
    Taken(String),
    /// The username has another form.
    #[error("username: 3 to 40 of a-z, 0-9, dot, hyphen, underscore, beginning with a letter")]
    Username,
    /// The name is empty, too long or holds control characters.
    #[error("display_name: 1 to 100 characters")]
    DisplayName,
    /// The role works in areas and none was given.
    #[error("areas: the role {0} needs at least one area, for instance 2025-06841")]
    NoArea(Role),
    /// The role has every area, and some were given.
    #[error("areas: the role {0} has every area; give none")]
    NeedlessArea(Role),
    /// No unit of the reference data has this number: what is recorded there would belong nowhere.
    #[error("areas: {0} is not a unit of the reference data; give generation and code, for instance 2025-06841")]
    UnknownArea(AreaId),
    /// No post of the reference data has this id.
    #[error("post: the id of a post of the reference data")]
    UnknownPost,
    /// More areas than anybody works in.
    #[error("areas: at most {MOST_AREAS}")]
    TooManyAreas,
    /// The password is too weak.
    #[error("password: {0}")]
    Password(#[from] WeakPassword),
    /// Nobody could administer the server any more.
    #[error("this is the last active administrator")]
    LastAdministrator,
    /// A deactivated account enrols no device.
    #[error("the account is deactivated")]
    Deactivated,
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Transient for AccountError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_transient())
    }
}

/// Areas one account may have; they all stand in its certificate.
pub const MOST_AREAS: usize = 64;

/// A new account. The password arrives hashed: that takes time no transaction should last.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// What the person types to sign in.
    pub username: String,
    /// The name shown to others.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Where; empty for a role that has every area.
    pub areas: Vec<AreaId>,
    /// The PHC string.
    pub password_hash: String,
    /// The post the person works at, an id of the reference data.
    pub post: Option<String>,
}

/// The username as stored: lower case, without blanks around it.
///
/// # Errors
/// [`AccountError::Username`].
pub fn folded_username(text: &str) -> Result<String, AccountError> {
    let name = text.trim().to_ascii_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    let fits = (3..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(allowed);
    if fits { Ok(name) } else { Err(AccountError::Username) }
}

fn check_display_name(name: &str) -> Result<(), AccountError> {
    let fits = !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(AccountError::DisplayName) }
}

fn check_areas(role: Role, areas: &[AreaId]) -> Result<(), AccountError> {
    match (has_every_area(role), areas.len()) {
        (true, 0) => Ok(()),
        (true, _) => Err(AccountError::NeedlessArea(role)),
        (false, 0) => Err(AccountError::NoArea(role)),
        (false, MOST_AREAS..) if areas.len() > MOST_AREAS => Err(AccountError::TooManyAreas),
        (false, _) => Ok(()),
    }
}

/// Checks that the areas are units of the reference data. Before any were imported there is nothing to check by.
async fn check_units(tx: &mut Tx, areas: &[AreaId]) -> Result<(), AccountError> {
    match store::unknown_unit(tx, areas).await? {
        Some(area) => Err(AccountError::UnknownArea(area)),
        None => Ok(()),
    }
}

async fn check_post(tx: &mut Tx, post: Option<&str>) -> Result<(), AccountError> {
    match post {
        Some(post) if !post::is_known(tx, post).await? => Err(AccountError::UnknownPost),
        _ => Ok(()),
    }
}

/// Makes an account.
///
/// # Errors
/// [`AccountError`].
pub async fn create(tx: &mut Tx, actor: Actor, new: &NewAccount, now: UnixMs) -> Result<Account, AccountError> {
    let username = folded_username(&new.username)?;
    check_display_name(&new.display_name)?;
    check_areas(new.role, &new.areas)?;
    check_units(tx, &new.areas).await?;
    let row = NewRow {
        username: &username,
        display_name: new.display_name.trim(),
        role: new.role,
        password_hash: &new.password_hash,
        areas: &new.areas,
        now,
    };
    let id = store::insert(tx, &row).await.map_err(|error| match error {
        error if error.is_unique("account(username)") => AccountError::Taken(username.clone()),
        error => error.into(),
    })?;
    if new.post.is_some() {
        check_post(tx, new.post.as_deref()).await?;
        post::put(tx, id, new.post.as_deref(), local_day(now.0)).await?;
    }
    let account = store::find(tx, id).await?.ok_or(AccountError::Unknown)?;
    let mut detail = serde_json::json!({ "username": username, "role": new.role, "areas": account.areas });
    if let Some(post) = &account.post {
        detail["post"] = post.clone().into();
    }
    audit::record(tx, now, actor, "account.created", &id.to_string(), &detail).await?;
    Ok(account)
}

/// What may change of an account; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The role; with areas, when the new role works in areas.
    pub role: Option<Role>,
    /// Exactly these areas.
    pub areas: Option<Vec<AreaId>>,
    /// False: every sign-in ends, no device is let in, unused codes end. What was recorded stays.
    pub active: Option<bool>,
    /// The new password's PHC string; every sign-in ends, so that whoever knew the old one is out.
    pub password_hash: Option<String>,
    /// The post the person works at from today on; `Some(None)`: at none.
    pub post: Option<Option<String>>,
}

/// Changes an account. Fewer rights hold from the commit on, whatever older certificates say: ingest asks the account.
///
/// # Errors
/// [`AccountError`].
pub async fn change(tx: &mut Tx, actor: Actor, id: i64, change: &Change, now: UnixMs) -> Result<Account, AccountError> {
    let before = store::find(tx, id).await?.ok_or(AccountError::Unknown)?;
    let role = change.role.unwrap_or(before.role);
    let active = change.active.unwrap_or(before.active);
    let areas = match &change.areas {
        Some(areas) => areas.clone(),
        None if has_every_area(role) => Vec::new(),
        None => before.areas.clone(),
    };
    check_areas(role, &areas)?;
    let granted: Vec<AreaId> = areas.iter().filter(|area| !before.areas.contains(area)).copied().collect();
    check_units(tx, &granted).await?;
    let was_administrator = before.role == Role::Administrator && before.active;
    let stays_administrator = role == Role::Administrator && active;
    if was_administrator && !stays_administrator && store::active_administrators(tx).await? <= 1 {
        return Err(AccountError::LastAdministrator);
    }
    if role != before.role {
        store::set_role(tx, id, role).await?;
    }
    store::replace_areas(tx, id, role, &areas).await?;
    if active != before.active {
        store::set_active(tx, id, active, now).await?;
    }
    if let Some(hash) = &change.password_hash {
        store::set_password_hash(tx, id, hash).await?;
    }
    if let Some(post) = change.post.as_ref().filter(|post| **post != before.post) {
        check_post(tx, post.as_deref()).await?;
        post::put(tx, id, post.as_deref(), local_day(now.0)).await?;
    }
    if !active {
        enrolment_code::end_of_account(tx, id, now).await?;
    }
    if !active || change.password_hash.is_some() {
        sign_in::end_of_account(tx, id, now).await?;
    }
    let after = store::find(tx, id).await?.ok_or(AccountError::Unknown)?;
    certificate::note_areas(tx, id, now).await?;
    let subject = id.to_string();
    if (after.role, &after.areas) != (before.role, &before.areas) {
        let detail = serde_json::json!({
            "role": { "from": before.role, "to": after.role },
            "areas": { "from": before.areas, "to": after.areas },
        });
        audit::record(tx, now, actor, "account.rights-changed", &subject, &detail).await?;
    }
    if active != before.active {
        let action = if active { "account.activated" } else { "account.deactivated" };
        audit::record(tx, now, actor, action, &subject, &serde_json::json!({})).await?;
    }
    if after.post != before.post {
        let detail = serde_json::json!({ "from": before.post, "to": after.post });
        audit::record(tx, now, actor, "account.post-changed", &subject, &detail).await?;
    }
    if change.password_hash.is_some() {
        audit::record(tx, now, actor, "account.password-reset", &subject, &serde_json::json!({})).await?;
    }
    Ok(after)
}

/// Issues an enrolment code. The audit row says for whom and until when, never the code.
///
/// # Errors
/// [`AccountError`].
pub async fn issue_code(
    tx: &mut Tx,
    actor: Actor,
    id: i64,
    expires_at: UnixMs,
    now: UnixMs,
) -> Result<EnrolmentCode, AccountError> {
    let account = store::find(tx, id).await?.ok_or(AccountError::Unknown)?;
    if !account.active {
        return Err(AccountError::Deactivated);
    }
    let issued_by = match actor {
        Actor::Person { account, .. } => Some(account),
        Actor::CommandLine => None,
    };
    let code = enrolment_code::issue(tx, id, issued_by, now, expires_at).await?;
    let detail = serde_json::json!({ "expires_at_ms": expires_at });
    audit::record(tx, now, actor, "enrolment-code.issued", &id.to_string(), &detail).await?;
    Ok(code)
}
