//! `banlang init --sample` and `banlang serve --sample`: a new deployment to try out.

use sync_core::id::Role;

use super::{PEOPLE, SEED, SampleError, install, is_new, served_at};
use crate::cli::{CliError, Context};
use crate::db::Db;

impl From<SampleError> for CliError {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::InUse => Self::failed(
                "cơ sở dữ liệu đã có dữ liệu; dữ liệu mẫu chỉ dành cho cơ sở dữ liệu mới",
                error.to_string(),
            ),
            error => Self::failed(format!("dữ liệu mẫu: {error}"), format!("sample data: {error}")),
        }
    }
}

/// Makes the database with sample data when there is none; keeps what exists. Says whom to sign in as and what to try.
///
/// # Errors
/// [`CliError`].
pub async fn prepare(context: &Context) -> Result<(), CliError> {
    let lang = context.lang;
    let directory = &context.config.data_dir;
    std::fs::create_dir_all(directory).map_err(|error| {
        CliError::failed(
            format!("không tạo được thư mục {}: {error}", directory.display()),
            format!("data_dir {}: {error}", directory.display()),
        )
    })?;
    let db = Db::open(&context.config.database(), context.config.database_connections).await?;
    db.migrate().await?;
    if is_new(&db).await? {
        println!("{}", lang.pick("Đang tạo dữ liệu mẫu của một năm …", "Making a year of sample data …"));
        let made = install(&db, &context.config, context.clock.now(), SEED).await?;
        println!("{}: {}", lang.pick("Số buổi mẫu", "Sample sessions"), made.sessions);
    }
    db.close().await;
    describe(context);
    Ok(())
}

/// The accounts, and three commands to try next.
fn describe(context: &Context) {
    let lang = context.lang;
    println!(
        "{}:",
        lang.pick("Tài khoản mẫu (công khai, chỉ để thử)", "Sample accounts (public, for trying out only)")
    );
    for person in PEOPLE.iter().take(4) {
        let role = match person.role {
            Role::Guard => lang.pick("chiến sĩ biên phòng", "border guard"),
            Role::Officer => lang.pick("cán bộ xã", "commune officer"),
            Role::Coordinator => lang.pick("điều phối viên", "coordinator"),
            Role::Administrator => lang.pick("quản trị viên", "administrator"),
        };
        println!("  {:11} {:18} {role}, {}", person.username, person.password, person.name);
    }
    let demo = context.config.data_dir.join("demo");
    let (guard, officer) = (demo.join("bienphong"), demo.join("canbo"));
    println!("{} ({}):", lang.pick("Thử tiếp", "Try next"), served_at(&context.config));
    println!("  banlang field --store {} record", guard.display());
    println!("  banlang field --store {} sync", guard.display());
    println!("  banlang field --store {} list --review new", officer.display());
}
