//! `banlang user`: accounts from the server's command line, working on the database directly.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use sync_core::id::{AreaId, Role};

use super::change::{self, AccountError, Change, NewAccount};
use super::store::{self, Account};
use crate::audit::Actor;
use crate::auth::password::{self, Hasher, Password};
use crate::cli::{CliError, Context, Lang};
use crate::db::{Db, DbError};
use crate::field::text::role as role_name;

/// Arguments of `banlang user`.
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account
    Add {
        /// 3 to 40 of a-z, 0-9, dot, hyphen, underscore
        username: String,
        /// The name shown to others
        #[arg(long)]
        name: String,
        /// guard, officer, coordinator or administrator
        #[arg(long)]
        role: Role,
        /// An area such as 2025-06841; may be repeated. None for coordinators and administrators
        #[arg(long = "area", value_name = "AREA")]
        areas: Vec<AreaId>,
        /// The post the person works at, an id of the reference data
        #[arg(long)]
        post: Option<String>,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts
    List,
    /// Set a new password; every sign-in of the account ends
    Passwd {
        /// The account
        username: String,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// Shut out an account and its devices; what it recorded stays
    Deactivate {
        /// The account
        username: String,
    },
    /// Let a deactivated account in again
    Activate {
        /// The account
        username: String,
    },
    /// Grant exactly these areas
    Areas {
        /// The account
        username: String,
        /// Areas such as 2025-06841
        #[arg(required = true)]
        areas: Vec<AreaId>,
    },
}

impl From<AccountError> for CliError {
    fn from(error: AccountError) -> Self {
        let vi = match &error {
            AccountError::Unknown => "không có tài khoản này".to_owned(),
            AccountError::Taken(name) => format!("tên đăng nhập {name} đã có người dùng"),
            AccountError::Username => {
                "tên đăng nhập: 3 đến 40 ký tự a-z, 0-9, dấu chấm, gạch nối, gạch dưới, bắt đầu bằng chữ".to_owned()
            }
            AccountError::DisplayName => "tên hiển thị: 1 đến 100 ký tự".to_owned(),
            AccountError::NoArea(role) => {
                format!("{} cần ít nhất một địa bàn, ví dụ --area 2025-06841", role_name(*role).of(Lang::Vi))
            }
            AccountError::NeedlessArea(role) => {
                format!("{} có mọi địa bàn, không cần --area", role_name(*role).of(Lang::Vi))
            }
            AccountError::UnknownArea(area) => {
                format!("{area} không có trong danh mục đơn vị; ghi đợt và mã, ví dụ 2025-06841")
            }
            AccountError::UnknownPost => {
                "không có đơn vị này trong danh mục đồn, trạm, đội; ghi mã, ví dụ --post hoanh-mo".to_owned()
            }
            AccountError::TooManyAreas => format!("nhiều nhất {} địa bàn", change::MOST_AREAS),
            AccountError::Password(_) => "mật khẩu: ít nhất 10 ký tự, không chứa tên đăng nhập".to_owned(),
            AccountError::LastAdministrator => "đây là quản trị viên cuối cùng đang hoạt động".to_owned(),
            AccountError::Deactivated => "tài khoản đã bị khóa".to_owned(),
            AccountError::Db(_) => format!("cơ sở dữ liệu: {error}"),
        };
        match error {
            AccountError::Db(error) => error.into(),
            // What was typed is not accepted: wrong usage, as with a flag.
            AccountError::Username
            | AccountError::DisplayName
            | AccountError::NoArea(_)
            | AccountError::NeedlessArea(_)
            | AccountError::TooManyAreas
            | AccountError::Password(_) => Self::usage(vi, error.to_string()),
            error => Self::failed(vi, error.to_string()),
        }
    }
}

/// Runs `banlang user`.
///
/// # Errors
/// [`CliError`].
pub async fn run(args: UserArgs, context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let now = context.clock.now();
    let say = |vi: &str, en: &str, name: &str| println!("{}: {name}", context.lang.pick(vi, en));
    match args.command {
        UserCommand::Add { username, name, role, areas, post, password_stdin } => {
            let username = change::folded_username(&username)?;
            let password_hash = hashed(context, &username, password_stdin).await?;
            let new = NewAccount { username, display_name: name, role, areas, password_hash, post };
            let account = db.write(async |tx| change::create(tx, Actor::CommandLine, &new, now).await).await?;
            say("Đã tạo tài khoản", "Account made", &format!("{} (id {})", account.username, account.id));
        }
        UserCommand::List => {
            for account in store::list(&db).await? {
                print_account(context, &account);
            }
        }
        UserCommand::Passwd { username, password_stdin } => {
            let account = named(&db, &username).await?;
            let password_hash = Some(hashed(context, &account.username, password_stdin).await?);
            apply(&db, &account, Change { password_hash, ..Change::default() }, context).await?;
            say("Đã đổi mật khẩu", "Password changed", &account.username);
        }
        UserCommand::Deactivate { username } => {
            let account = named(&db, &username).await?;
            apply(&db, &account, Change { active: Some(false), ..Change::default() }, context).await?;
            say("Đã khóa tài khoản", "Account deactivated", &account.username);
        }
        UserCommand::Activate { username } => {
            let account = named(&db, &username).await?;
            apply(&db, &account, Change { active: Some(true), ..Change::default() }, context).await?;
            say("Đã mở lại tài khoản", "Account activated", &account.username);
        }
        UserCommand::Areas { username, areas } => {
            let account = named(&db, &username).await?;
            let after = apply(&db, &account, Change { areas: Some(areas), ..Change::default() }, context).await?;
            print_account(context, &after);
        }
    }
    db.close().await;
    Ok(())
}

async fn apply(db: &Db, account: &Account, change: Change, context: &Context) -> Result<Account, AccountError> {
    let now = context.clock.now();
    db.write(async |tx| change::change(tx, Actor::CommandLine, account.id, &change, now).await).await
}

/// The account of this username.
pub(crate) async fn named(db: &Db, username: &str) -> Result<Account, AccountError> {
    let username = change::folded_username(username)?;
    let mut tx = db.snapshot().await?;
    let found: Result<_, DbError> = store::find_by_username(&mut tx, &username).await;
    found?.ok_or(AccountError::Unknown)
}

fn print_account(context: &Context, account: &Account) {
    let areas: Vec<_> = account.areas.iter().map(AreaId::to_string).collect();
    let areas = if areas.is_empty() {
        context.lang.pick("mọi địa bàn", "every area").to_owned()
    } else {
        areas.join(",")
    };
    let state = if account.active { "" } else { context.lang.pick("  [đã khóa]", "  [deactivated]") };
    println!(
        "{:>8}  {:<20} {:<20} {}  {areas}{state}",
        account.id,
        account.username,
        role_name(account.role).of(context.lang),
        account.display_name
    );
}

/// Asks for a password, or reads one, checks and hashes it. It is shown and kept nowhere.
async fn hashed(context: &Context, username: &str, stdin: bool) -> Result<String, CliError> {
    let password: Password = if stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned().into()
    } else if std::io::stdin().is_terminal() {
        dialoguer::Password::new()
            .with_prompt(context.lang.pick("Mật khẩu (ít nhất 10 ký tự)", "Password (at least 10 characters)"))
            .with_confirmation(
                context.lang.pick("Nhập lại", "Again"),
                context.lang.pick("Hai lần nhập khác nhau", "The two differ"),
            )
            .interact()
            .map_err(|error| CliError::failed(format!("không đọc được mật khẩu: {error}"), error.to_string()))?
            .into()
    } else {
        return Err(CliError::usage(
            "không có bàn phím để nhập mật khẩu; dùng --password-stdin",
            "no terminal to ask for the password; use --password-stdin",
        ));
    };
    password::check_new(username, &password).map_err(AccountError::from)?;
    let failed = |error: password::HashError| CliError::failed(format!("mật khẩu: {error}"), error.to_string());
    Hasher::default().hash(password).await.map_err(failed)
}
