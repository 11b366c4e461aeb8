//! `banlang init --sample` and `banlang serve --sample`: a new deployment to try out.
//!
//! A new SQLite deployment is made in a directory of its own and takes its place when it is whole: a program that is
//! killed meanwhile leaves nothing that looks like a deployment. In a database that exists already (PostgreSQL) a mark
//! says whether the sample is whole.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sync_core::id::UnixMs;

use super::{PEOPLE, SEED, SampleError, State, install, is_new, served_at, state};
use crate::cli::{CliError, Context, Lang, newer_schema};
use crate::config::Config;
use crate::db::{Db, Schema};
use crate::durable::make_private;
use crate::field::text::{self, day_of};
use crate::on_db;
use crate::project;
use crate::scratch::Scratch;

/// What unfinished deployments are called.
const MAKING: &str = ".sample-";

impl From<SampleError> for CliError {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::InUse => Self::failed(
                "cơ sở dữ liệu đã có dữ liệu; dữ liệu mẫu chỉ dành cho cơ sở dữ liệu mới",
                error.to_string(),
            ),
            SampleError::Unfinished => Self::failed(
                "dữ liệu mẫu trong cơ sở dữ liệu này đã bắt đầu tạo nhưng chưa xong; hãy dùng một cơ sở dữ liệu trống",
                error.to_string(),
            ),
            error => Self::failed(format!("dữ liệu mẫu: {error}"), format!("sample data: {error}")),
        }
    }
}

/// Makes the database with sample data when there is none; keeps what exists. Says whom to sign in as and what to try,
/// where that is true.
///
/// # Errors
/// [`CliError`].
pub async fn prepare(context: &Context) -> Result<(), CliError> {
    let lang = context.lang;
    let directory = &context.config.data_dir;
    let no_directory = |error: std::io::Error| {
        CliError::failed(
            format!("không tạo được thư mục {}: {error}", directory.display()),
            format!("data_dir {}: {error}", directory.display()),
        )
    };
    make_private(directory).map_err(no_directory)?;
    let url = context.config.database();
    if Db::is_missing(&url)? {
        make_new(context, &url).await?;
        describe(context);
        return Ok(());
    }
    let db = Db::open(&url, context.config.database_connections).await?;
    if let Schema::Foreign(versions) = db.schema().await? {
        return Err(newer_schema(&versions));
    }
    project::migrate(&db).await?;
    let made = match state(&db).await? {
        Some(State::Made) => true,
        Some(State::Making) => return Err(SampleError::Unfinished.into()),
        None if is_new(&db).await? => {
            let scratch = Scratch::new(directory, MAKING).map_err(no_directory)?;
            tell(context, &db, &scratch).await?;
            put_demo(context, &scratch)?;
            true
        }
        None => false,
    };
    db.close().await;
    if made {
        describe(context);
    } else {
        let kept = lang.pick(
            "Cơ sở dữ liệu đã có dữ liệu và được giữ nguyên; không thêm dữ liệu mẫu",
            "The database holds data and is kept as it is; no sample data were added",
        );
        println!("{kept}");
    }
    Ok(())
}

/// Makes a whole deployment aside; its database takes its place last, since that is what the next start looks for.
async fn make_new(context: &Context, url: &str) -> Result<(), CliError> {
    let options: SqliteConnectOptions = url.parse().map_err(crate::db::DbError::from)?;
    let target = options.get_filename().to_owned();
    let beside = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = Scratch::new(beside, MAKING)?;
    let demo = Scratch::new(&context.config.data_dir, MAKING)?;
    let path = scratch.join("banlang.db");
    let db = Db::open(&format!("sqlite:{}", path.display()), context.config.database_connections).await?;
    project::migrate(&db).await?;
    tell(context, &db, &demo).await?;
    // Prepared snapshots are files of the directory that goes.
    db.write(async |tx| -> Result<(), crate::db::DbError> {
        on_db!(tx, |c| sqlx::query("delete from snapshot").execute(c).await.map(drop))?;
        Ok(())
    })
    .await?;
    // Folds the log of the database into its file.
    db.close().await;
    put_demo(context, &demo)?;
    std::fs::File::open(&path)?.sync_all()?;
    std::fs::rename(&path, &target)?;
    std::fs::File::open(beside)?.sync_all()?;
    Ok(())
}

async fn tell(context: &Context, db: &Db, scratch: &Scratch) -> Result<(), CliError> {
    let lang = context.lang;
    println!("{}", lang.pick("Đang tạo dữ liệu mẫu của một năm …", "Making a year of sample data …"));
    let config = Config { data_dir: scratch.join(""), ..context.config.clone() };
    let made = install(db, &config, context.clock.now(), SEED).await?;
    println!("{}: {}", lang.pick("Số buổi mẫu", "Sample sessions"), text::number(made.sessions as u64, lang));
    Ok(())
}

/// Puts the demonstration stores where they stay. What stood there belongs to no deployment that is left.
fn put_demo(context: &Context, scratch: &Scratch) -> Result<(), CliError> {
    let demo = demo(context);
    if demo.exists() {
        let aside = demo.with_extension(format!("before-{}", context.clock.now().0));
        std::fs::rename(&demo, aside)?;
    }
    Ok(std::fs::rename(scratch.join("demo"), demo)?)
}

fn demo(context: &Context) -> PathBuf {
    context.config.data_dir.join("demo")
}

/// The accounts, three commands to try next, and how the app is entered.
fn describe(context: &Context) {
    let lang = context.lang;
    let demo = demo(context);
    let heading = lang.pick(
        "Tài khoản mẫu (công khai, chỉ để thử), mật khẩu, vai trò, kho của thiết bị đã đăng ký",
        "Sample accounts (public, for trying out only), password, role, store of the enrolled device",
    );
    println!("{heading}:");
    for person in PEOPLE.iter().take(4) {
        let role = text::role(person.role).of(lang);
        let store = demo.join(person.username);
        println!("  {:10} {:18} {role}, {}  {}", person.username, person.password, person.name, store.display());
    }
    println!("{} ({}):", lang.pick("Thử tiếp", "Try next"), served_at(&context.config));
    for line in next(&program(), &demo, context.clock.now(), lang) {
        println!("  {line}");
    }
    let address = served_at(&context.config);
    match lang {
        Lang::Vi => println!("Ứng dụng: mở {address} bằng trình duyệt, nhập mã do lệnh này cấp:"),
        Lang::En => println!("The app: open {address} in a browser and enter the code this gives:"),
    }
    let data = quoted(&context.config.data_dir.display().to_string());
    println!("  {} device enrol-code {} --set data_dir={data}", program(), PEOPLE[0].username);
}

/// Three commands that work as they stand: record, sync, read coverage.
fn next(program: &str, demo: &Path, now: UnixMs, lang: Lang) -> [String; 3] {
    let store = |name: &str| quoted(&demo.join(name).display().to_string());
    let english = if lang == Lang::En { " --lang en" } else { "" };
    let day = |days_ago: i64| {
        let day = day_of(UnixMs(now.0 - days_ago * super::DAY_MS));
        day.map(|day| day.to_string()).unwrap_or_default()
    };
    let coverage = format!("/v1/coverage?unit=2025-06841&from={}&to={}", day(90), day(0));
    [
        format!("{program} field --store {} record{english}", store("bienphong")),
        format!("{program} field --store {} sync{english}", store("bienphong")),
        format!("{program} call --store {} GET \"{coverage}\"{english}", store("dieuphoi")),
    ]
}

/// The running program as it can be called from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "banlang".to_owned() };
    let here = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    quoted(&here.unwrap_or(path).display().to_string())
}

/// A word of a shell's command line.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | ':');
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
