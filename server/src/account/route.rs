//! `/v1/accounts` and `/v1/enrolment-codes`.

use axum::extract::State;
use axum::http::StatusCode;
use sync_core::id::{AreaId, RecorderId, Role, UnixMs};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::{self, AccountError, Change, NewAccount};
use super::permission::{may_grant, may_manage, may_see};
use super::store::{self, Account};
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::password::{self, Password};
use crate::auth::problems::ACCOUNT_DEACTIVATED;
use crate::auth::{Principal, SignedJson, check_again, enrolment_code};
use crate::db::Tx;
use crate::problem::{FIELD, FORBIDDEN, Json, Path, Problem, ProblemKind, given};
use crate::write_tx;

/// No account of this number that the caller may see.
pub const ACCOUNT_UNKNOWN: ProblemKind =
    ProblemKind::new(404, "account.unknown", "No such account", "Không có tài khoản này");
/// The username is taken.
pub const USERNAME_TAKEN: ProblemKind =
    ProblemKind::new(409, "account.username-taken", "The username is taken", "Tên đăng nhập đã có người dùng");
/// Nobody could administer the server any more.
pub const LAST_ADMINISTRATOR: ProblemKind = ProblemKind::new(
    409,
    "account.last-administrator",
    "This is the last active administrator",
    "Đây là quản trị viên cuối cùng đang hoạt động",
);

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let said = error.to_string();
        // The field stands beside what it accepts.
        let field = |field: &str| {
            let accepted = said.strip_prefix(field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&said);
            FIELD.problem().field(field).accepted(accepted)
        };
        match error {
            AccountError::Unknown => ACCOUNT_UNKNOWN.problem(),
            AccountError::Taken(_) => USERNAME_TAKEN.problem().field("username"),
            AccountError::Username => field("username"),
            AccountError::DisplayName => field("display_name"),
            AccountError::NoArea(_)
            | AccountError::NeedlessArea(_)
            | AccountError::UnknownArea(_)
            | AccountError::TooManyAreas => field("areas"),
            AccountError::UnknownPost => field("post"),
            AccountError::Password(_) => field("password"),
            AccountError::LastAdministrator => LAST_ADMINISTRATOR.problem(),
            AccountError::Deactivated => ACCOUNT_DEACTIVATED.problem(),
            AccountError::Db(error) => error.into(),
        }
    }
}

/// An account, without its password.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Its number; the owner of tallies.
    #[schema(value_type = u32)]
    pub id: RecorderId,
    /// What the person types to sign in.
    pub username: String,
    /// The name shown to others.
    pub display_name: String,
    /// guard, officer, coordinator or administrator.
    #[schema(value_type = String)]
    pub role: Role,
    /// The areas granted, as `2025-06841`; empty for a role that has every area.
    #[schema(value_type = Vec<String>)]
    pub areas: Vec<AreaId>,
    /// The post the person works at now, an id of the reference data.
    pub post: Option<String>,
    /// Whether the person's devices are let in.
    pub active: bool,
    /// When it was made.
    #[schema(value_type = i64)]
    pub created_at_ms: UnixMs,
    /// Whether the caller may change it.
    pub manageable: bool,
}

fn view(principal: &Principal, account: Account) -> AccountView {
    AccountView {
        manageable: may_manage(principal, &account),
        id: account.recorder(),
        username: account.username,
        display_name: account.display_name,
        role: account.role,
        areas: account.areas,
        post: account.post,
        active: account.active,
        created_at_ms: account.created_at,
    }
}

/// `/v1/accounts`, `/v1/accounts/{id}`, `/v1/enrolment-codes`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(update)).routes(routes!(open_codes, issue_code))
}

/// The accounts the caller may see, by username: all for coordinators and administrators; for an officer the guards
/// who work in the officer's areas; for a guard their own.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts",
    responses((status = 200, description = "Accounts", body = Vec<AccountView>)))]
async fn list(State(app): State<AppState>, principal: Principal) -> Result<Json<Vec<AccountView>>, Problem> {
    let accounts = store::list(&app.db).await?;
    let seen = accounts.into_iter().filter(|account| may_see(&principal, account));
    Ok(Json(seen.map(|account| view(&principal, account)).collect()))
}

/// A new account. It is not written anywhere but as a hash.
#[derive(Debug, Clone, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// 3 to 40 of a-z, 0-9, dot, hyphen, underscore.
    #[schema(min_length = 3, max_length = 40)]
    username: String,
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    display_name: String,
    /// guard, officer, coordinator or administrator.
    #[schema(value_type = crate::openapi::RoleName)]
    role: Role,
    /// As `2025-06841`; none for a role that has every area.
    #[serde(default)]
    #[schema(value_type = Vec<crate::openapi::Area>)]
    areas: Vec<AreaId>,
    /// At least 10 characters.
    password: Password,
    /// The post the person works at, an id of the reference data; an officer names one that works in the officer's areas.
    #[serde(default)]
    #[schema(pattern = r"^[a-z0-9_.-]{1,40}$")]
    post: Option<String>,
}

/// Makes an account. An administrator makes any; an officer makes guards in the officer's own areas.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = CreateAccount,
    responses((status = 201, description = "The account", body = AccountView)))]
async fn create(
    State(app): State<AppState>,
    signed: SignedJson<CreateAccount>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    let SignedJson { principal, value } = signed;
    if !may_grant(&principal, value.role, &value.areas) {
        return Err(forbidden(&principal));
    }
    let CreateAccount { username, display_name, role, areas, password, post } = value;
    check_post(&app, &principal, post.as_deref()).await?;
    let username = change::folded_username(&username)?;
    password::check_new(&username, &password).map_err(AccountError::from)?;
    let password_hash = app.auth.hasher.hash(password).await.map_err(Problem::internal)?;
    let new = NewAccount { username, display_name, role, areas, password_hash, post };
    let account = write_tx!(app.db, |tx| create_in(tx, &app, &principal, &new))?;
    Ok((StatusCode::CREATED, Json(view(&principal, account))))
}

async fn create_in(tx: &mut Tx, app: &AppState, principal: &Principal, new: &NewAccount) -> Result<Account, Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    Ok(change::create(tx, Actor::from(principal), new, now).await?)
}

/// What to change; what is absent stays.
#[derive(Debug, Clone, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// guard, officer, coordinator or administrator.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::RoleName>)]
    role: Option<Role>,
    /// Exactly these areas.
    #[serde(default)]
    #[schema(value_type = Option<Vec<crate::openapi::Area>>)]
    areas: Option<Vec<AreaId>>,
    /// false: every device of the account is shut out; what it recorded stays.
    #[serde(default)]
    active: Option<bool>,
    /// A new password; every sign-in of the account ends.
    #[serde(default)]
    password: Option<Password>,
    /// The post the person works at from today on, an id of the reference data; null: at none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,40}$")]
    post: Option<Option<String>>,
}

/// Changes role, areas, post, activity or password of an account. An officer changes guards within the officer's own areas,
/// before and after the change.
#[utoipa::path(post, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = i64, Path, description = "Account", minimum = 0, maximum = 4294967295_u64)),
    request_body = UpdateAccount, responses((status = 200, description = "The account", body = AccountView)))]
async fn update(
    State(app): State<AppState>,
    Path(id): Path<u32>,
    signed: SignedJson<UpdateAccount>,
) -> Result<Json<AccountView>, Problem> {
    let SignedJson { principal, value } = signed;
    if !matches!(principal.role, Role::Officer | Role::Administrator) {
        return Err(forbidden(&principal));
    }
    check_post(&app, &principal, value.post.as_ref().and_then(Option::as_deref)).await?;
    let password_hash = match value.password {
        Some(password) => {
            // Hashed before the transaction begins: it takes longer than a transaction should last.
            let mut tx = app.db.snapshot().await?;
            let account = visible(&mut tx, &principal, id.into()).await?;
            drop(tx);
            password::check_new(&account.username, &password).map_err(AccountError::from)?;
            Some(app.auth.hasher.hash(password).await.map_err(Problem::internal)?)
        }
        None => None,
    };
    let change = Change { role: value.role, areas: value.areas, active: value.active, password_hash, post: value.post };
    let account = write_tx!(app.db, |tx| update_in(tx, &app, &principal, id.into(), &change))?;
    Ok(Json(view(&principal, account)))
}

async fn update_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    id: i64,
    wanted: &Change,
) -> Result<Account, Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    let before = visible(tx, principal, id).await?;
    if !may_manage(principal, &before) {
        return Err(forbidden(principal));
    }
    let after = change::change(tx, Actor::from(principal), id, wanted, now).await?;
    if !may_manage(principal, &after) {
        return Err(forbidden(principal));
    }
    Ok(after)
}

/// An officer assigns people to posts that work in the officer's areas: what a post hands out is counted by its people.
async fn check_post(app: &AppState, principal: &Principal, post: Option<&str>) -> Result<(), Problem> {
    let Some(post) = post.filter(|_| principal.role == Role::Officer) else { return Ok(()) };
    let catalogue = app.reference.current().await?;
    let item = catalogue.items().posts.iter().find(|item| item.id == post);
    if item.is_some_and(|item| item.body.areas.iter().any(|area| principal.areas.contains(*area))) {
        return Ok(());
    }
    Err(FIELD.problem().field("post").accepted("the id of a post that works in your areas"))
}

/// The account, when the caller may know of it.
async fn visible(tx: &mut Tx, principal: &Principal, id: i64) -> Result<Account, Problem> {
    let account = store::find(tx, id).await?.filter(|account| may_see(principal, account));
    account.ok_or_else(|| ACCOUNT_UNKNOWN.problem().field("id"))
}

fn forbidden(principal: &Principal) -> Problem {
    let accepted = match principal.role {
        Role::Officer => "an officer manages guards whose areas all lie in the officer's own",
        Role::Guard | Role::Coordinator | Role::Administrator => "for officers and administrators",
    };
    FORBIDDEN.problem().accepted(accepted)
}

/// For whom a code is wanted.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueCode {
    /// The account whose device it enrols.
    #[schema(value_type = i64, minimum = 0, maximum = 4294967295_u64)]
    pub account_id: u32,
    /// How long it can be used, in hours: 1 to 720. Without it: the server's `enrolment_code_hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 720)]
    pub hours: Option<u32>,
}

/// A code, shown once. The server keeps its hash.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct IssuedCode {
    /// `XXXX-XXXX-XX`, to be read to the person.
    pub code: String,
    /// From then on it enrols nothing.
    #[schema(value_type = i64)]
    pub expires_at_ms: UnixMs,
}

/// Issues a single-use enrolment code for a device of an account the caller manages.
#[utoipa::path(post, path = "/v1/enrolment-codes", tag = "accounts", request_body = IssueCode,
    responses((status = 201, description = "The code, shown once", body = IssuedCode)))]
async fn issue_code(
    State(app): State<AppState>,
    signed: SignedJson<IssueCode>,
) -> Result<(StatusCode, Json<IssuedCode>), Problem> {
    let SignedJson { principal, value } = signed;
    let longest = app.auth.policy.longest_code_life.as_secs() / 3600;
    let life_ms = match value.hours {
        None => app.auth.policy.code_life.as_millis() as i64,
        Some(hours) if (1..=longest).contains(&u64::from(hours)) => i64::from(hours) * 3_600_000,
        Some(_) => return Err(FIELD.problem().field("hours").accepted(format!("1 to {longest}"))),
    };
    let issued = write_tx!(app.db, |tx| issue_in(tx, &app, &principal, value.account_id.into(), life_ms))?;
    Ok((StatusCode::CREATED, Json(issued)))
}

async fn issue_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    id: i64,
    life_ms: i64,
) -> Result<IssuedCode, Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    let account = visible(tx, principal, id).await?;
    if !may_manage(principal, &account) {
        return Err(forbidden(principal));
    }
    let expires_at = UnixMs(now.0 + life_ms);
    let code = change::issue_code(tx, Actor::from(principal), id, expires_at, now).await?;
    Ok(IssuedCode { code: code.shown(), expires_at_ms: expires_at })
}

/// A code that can still be used. Its text is on nobody's file.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct OpenCode {
    /// The account whose device it enrols.
    pub account_id: i64,
    /// When it was issued.
    #[schema(value_type = i64)]
    pub issued_at_ms: UnixMs,
    /// From then on it enrols nothing.
    #[schema(value_type = i64)]
    pub expires_at_ms: UnixMs,
}

/// The codes that can still be used, for accounts the caller manages.
#[utoipa::path(get, path = "/v1/enrolment-codes", tag = "accounts",
    responses((status = 200, description = "Open codes, without their text", body = Vec<OpenCode>)))]
async fn open_codes(State(app): State<AppState>, principal: Principal) -> Result<Json<Vec<OpenCode>>, Problem> {
    let managed: std::collections::BTreeSet<i64> = store::list(&app.db)
        .await?
        .into_iter()
        .filter(|account| may_manage(&principal, account))
        .map(|account| account.id)
        .collect();
    let open = enrolment_code::open(&app.db, app.now()).await?;
    let open = open.into_iter().filter(|code| managed.contains(&code.account)).map(|code| OpenCode {
        account_id: code.account,
        issued_at_ms: code.issued_at,
        expires_at_ms: code.expires_at,
    });
    Ok(Json(open.collect()))
}
