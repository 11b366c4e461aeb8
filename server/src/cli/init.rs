//! `banlang init`.

use std::time::Duration;

use sync_core::id::{Role, UnixMs, to_hex};

use super::{CliError, Context};
use crate::account::{self, AccountError, NewAccount};
use crate::audit::{self, Actor};
use crate::auth::key;
use crate::auth::password::{self, Hasher, Password};
use crate::db::{Db, DbError, Schema};
use crate::project;

/// Arguments of `banlang init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Fill a new database with a year of sample data, made up for trying out
    #[arg(long, conflicts_with = "administrator")]
    sample: bool,
    /// Also make an administrator of this username, with a first enrolment code, unless the name exists
    #[arg(long, value_name = "USERNAME")]
    administrator: Option<String>,
    /// The administrator's password, at least 10 characters; without it one is made and printed once
    #[arg(long, env = "BANLANG_ADMINISTRATOR_PASSWORD", hide_env_values = true, requires = "administrator")]
    password: Option<String>,
}

/// Repeating it changes nothing: what exists is kept, missing migrations are applied, missing keys are made.
pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    if args.sample {
        return crate::sample::command::prepare(context).await;
    }
    let directory = &context.config.data_dir;
    crate::durable::make_private(directory).map_err(|error| {
        CliError::failed(
            format!("không tạo được thư mục {}: {error}", directory.display()),
            format!("data_dir {}: {error}", directory.display()),
        )
    })?;
    let db = Db::open(&context.config.database(), context.config.database_connections).await?;
    if let Schema::Foreign(versions) = db.schema().await? {
        return Err(super::newer_schema(&versions));
    }
    project::migrate(&db).await?;
    let now = context.clock.now();
    let made = db
        .write(async |tx| {
            let made = key::ensure(tx, now).await?;
            for kid in &made {
                audit::record(tx, now, Actor::CommandLine, "server-key.made", kid, &serde_json::json!({})).await?;
            }
            Ok::<_, DbError>(made)
        })
        .await?;
    println!("{} ({})", context.lang.pick("Cơ sở dữ liệu đã sẵn sàng", "The database is ready"), db.dialect().name());
    if !made.is_empty() {
        println!("{}: {}", context.lang.pick("Đã tạo khóa máy chủ", "Server keys made"), made.join(", "));
    }
    if let Some(username) = &args.administrator {
        administrator(&db, username, args.password, context).await?;
    }
    db.close().await;
    Ok(())
}

/// Makes the administrator; prints what is shown only once: the enrolment code, and the password when it was made here.
async fn administrator(db: &Db, username: &str, given: Option<String>, context: &Context) -> Result<(), CliError> {
    let username = account::folded_username(username)?;
    let generated = given.is_none();
    let text = given.unwrap_or_else(|| to_hex(&rand::random::<[u8; 10]>()));
    let password = Password::from(text.clone());
    password::check_new(&username, &password).map_err(AccountError::from)?;
    let hash = Hasher::default().hash(password).await;
    let password_hash =
        hash.map_err(|error| CliError::failed(format!("không băm được mật khẩu ({error})"), error.to_string()))?;
    let new = NewAccount {
        display_name: username.clone(),
        username,
        role: Role::Administrator,
        areas: Vec::new(),
        password_hash,
        post: None,
    };
    let now = context.clock.now();
    let life = Duration::from_secs(u64::from(context.config.enrolment_code_hours) * 3600);
    let expires_at = UnixMs(now.0.saturating_add(i64::try_from(life.as_millis()).unwrap_or(i64::MAX)));
    let made = db
        .write(async |tx| {
            let made = account::create(tx, Actor::CommandLine, &new, now).await?;
            account::issue_code(tx, Actor::CommandLine, made.id, expires_at, now).await
        })
        .await;
    let lang = context.lang;
    match made {
        Ok(code) => {
            println!("{}: {}", lang.pick("Đã tạo quản trị viên", "Administrator made"), new.username);
            println!(
                "{}: {}",
                lang.pick("Mã đăng ký thiết bị (dùng một lần)", "Enrolment code (single use)"),
                code.shown()
            );
            if generated {
                println!("{}: {text}", lang.pick("Mật khẩu (chỉ hiện một lần)", "Password (shown once)"));
            }
            Ok(())
        }
        Err(AccountError::Taken(name)) => {
            println!("{}: {name}", lang.pick("Tài khoản đã có, giữ nguyên", "The account exists and is kept"));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
