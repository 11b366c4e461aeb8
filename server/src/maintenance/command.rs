//! `banlang rebuild|verify|backup|restore|snapshot`.

use std::path::PathBuf;

use sync_core::id::AreaId;

use super::{backup, rebuild_recorded, snapshot, verify};
use crate::cli::{CliError, Context, Lang};
use crate::db::Db;
use crate::scratch::Scratch;
use crate::serve::stop_signal;

/// Arguments of `banlang backup`.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The new file; on PostgreSQL use pg_dump, then --mark
    #[arg(required_unless_present = "mark", conflicts_with = "mark")]
    file: Option<PathBuf>,
    /// Only mark what is stored as backed up: after pg_dump finished
    #[arg(long)]
    mark: bool,
    /// With --mark: the newest batch when pg_dump began (select max(id) from batch); without it, the newest now
    #[arg(long, requires = "mark", value_name = "BATCH")]
    until: Option<i64>,
}

/// Arguments of `banlang restore`.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup; on PostgreSQL use pg_restore, then --mark
    #[arg(required_unless_present = "mark", conflicts_with = "mark")]
    file: Option<PathBuf>,
    /// Only ready the database: after pg_restore finished, before the server starts
    #[arg(long)]
    mark: bool,
}

/// Arguments of `banlang snapshot`.
#[derive(Debug, clap::Args)]
pub struct SnapshotArgs {
    /// Areas to prepare, for instance 2025-06841; without any, those that need it
    areas: Vec<AreaId>,
}

impl From<backup::BackupError> for CliError {
    fn from(error: backup::BackupError) -> Self {
        match error {
            backup::BackupError::Db(error) => error.into(),
            error => Self::failed(error.text(Lang::Vi), error.text(Lang::En)),
        }
    }
}

/// Makes the caches again.
///
/// # Errors
/// [`CliError`]; then nothing changed.
pub async fn run_rebuild(context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let done = rebuild_recorded(&db, context.clock.now()).await?;
    let what = context.lang.pick("Đã dựng lại", "Rebuilt");
    println!(
        "{what}: {} {}, {} {}",
        done.logs,
        context.lang.pick("nhật ký", "logs"),
        done.records,
        context.lang.pick("bản ghi", "records")
    );
    db.close().await;
    Ok(())
}

/// Checks everything stored; prints each finding.
///
/// # Errors
/// [`CliError`] when anything is not as it should be.
pub async fn run_verify(context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    // It holds what people wrote: not where others read, and not longer than needed.
    let private = Scratch::new(&context.config.data_dir, ".verify-").map_err(|error| {
        let place = context.config.data_dir.display();
        CliError::failed(format!("data_dir {place}: {error}"), format!("data_dir {place}: {error}"))
    })?;
    let scratch = Db::open(&format!("sqlite:{}", private.join("tables.db").display()), 1).await?;
    let found = async {
        scratch.migrate().await?;
        verify(&db, &scratch).await
    };
    let found = tokio::select! {
        found = found => Some(found),
        () = stop_signal()? => None,
    };
    scratch.close().await;
    drop(private);
    db.close().await;
    let Some(found) = found else {
        return Err(CliError::failed(
            "đã dừng giữa chừng, chưa kiểm tra xong",
            "stopped before everything was checked",
        ));
    };
    let findings = found?;
    for finding in &findings {
        println!("{}", finding.text(context.lang));
    }
    if findings.is_empty() {
        println!("{}", context.lang.pick("Tất cả đều khớp", "Everything agrees"));
        return Ok(());
    }
    let count = findings.len();
    Err(CliError::failed(format!("{count} điểm sai lệch"), format!("{count} differences")))
}

/// Makes a backup, or marks one that another tool made.
///
/// # Errors
/// [`CliError`].
pub async fn run_backup(args: BackupArgs, context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let marked = match &args.file {
        Some(file) => backup::backup(&db, file, context.clock.now()).await?,
        None => backup::mark(&db, args.until, context.clock.now()).await?,
    };
    println!("{}: {marked}", context.lang.pick("Số lô mới được sao lưu", "Batches newly backed up"));
    db.close().await;
    Ok(())
}

/// Puts a backup in the place of the database.
///
/// # Errors
/// [`CliError`]; then the database is as it was.
pub async fn run_restore(args: RestoreArgs, context: &Context) -> Result<(), CliError> {
    let kept = match &args.file {
        Some(file) => super::restore(&context.config.database(), file, context.clock.now()).await?,
        None => {
            let db = context.open_db().await?;
            super::mark_restored(&db, context.clock.now()).await?;
            db.close().await;
            None
        }
    };
    println!("{}", context.lang.pick("Đã khôi phục", "Restored"));
    if let Some(kept) = kept {
        println!("{}: {}", context.lang.pick("Cơ sở dữ liệu cũ", "The database before"), kept.display());
    }
    Ok(())
}

/// Prepares snapshots.
///
/// # Errors
/// [`CliError`].
pub async fn run_snapshot(args: SnapshotArgs, context: &Context) -> Result<(), CliError> {
    let db = context.open_db().await?;
    let areas = if args.areas.is_empty() { snapshot::due(&db).await? } else { args.areas };
    for area in areas {
        let done = snapshot::prepare(&db, &context.config.data_dir, area, context.clock.now()).await;
        let done = done.map_err(|error| {
            CliError::failed(format!("{area}: không chuẩn bị được bản chụp ({error})"), format!("{area}: {error}"))
        })?;
        let (batches, bytes, unpacked) = (done.batches, done.bytes, done.unpacked_bytes);
        match context.lang {
            Lang::Vi => println!("{area}: {batches} lô, {bytes} byte (khi bung ra: {unpacked})"),
            Lang::En => println!("{area}: {batches} batches, {bytes} bytes ({unpacked} unpacked)"),
        }
    }
    db.close().await;
    Ok(())
}
