//! Backups of the embedded database, and the mark by which devices learn that what they hold is safe twice.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sync_core::id::UnixMs;

use crate::db::{Db, DbError, Tx};
use crate::durable::{create_directory, sync_parent};
use crate::on_db;

/// A backup or a restore could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file exists already.
    #[error("{}: exists already", .0.display())]
    Exists(PathBuf),
    /// The database is PostgreSQL: its own tools back it up.
    #[error("PostgreSQL is backed up with pg_dump; run `banlang backup --mark` after it finished")]
    Postgres,
    /// A server, or another program, has the database open.
    #[error("{}: another program has the database open; stop the server first", .0.display())]
    InUse(PathBuf),
    /// The file is not a backup of this program.
    #[error("{}: not a backup of this program: {why}", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Copies a running SQLite database to a new file, durably, then marks what is in it as backed up.
///
/// The file appears under its name only when it is whole. Returns how many batches are newly backed up.
///
/// # Errors
/// [`BackupError`]; then nothing is marked.
pub async fn backup(db: &Db, path: &Path) -> Result<u64, BackupError> {
    let Db::Sqlite { writer, .. } = db else { return Err(BackupError::Postgres) };
    if path.exists() {
        return Err(BackupError::Exists(path.to_owned()));
    }
    let part = path.with_extension("part");
    let file = |error| BackupError::File { path: path.to_owned(), error };
    if part.exists() {
        std::fs::remove_file(&part).map_err(file)?;
    }
    // Everything up to here is in the copy; what comes meanwhile may or may not be.
    let newest = newest_batch(db).await?;
    let copied = sqlx::query("vacuum into $1").bind(part.to_string_lossy().into_owned()).execute(writer).await;
    if let Err(error) = copied {
        // On a full disk half a backup would only take room from the database.
        std::fs::remove_file(&part).ok();
        return Err(DbError::from(error).into());
    }
    File::open(&part).and_then(|part| part.sync_all()).map_err(file)?;
    std::fs::rename(&part, path).map_err(file)?;
    sync_parent(path).map_err(file)?;
    Ok(mark_until(db, newest).await?)
}

/// Marks everything stored so far as backed up: for PostgreSQL, after its own backup finished.
///
/// `until` is the id of the newest batch when that backup began; without it, the newest now.
///
/// # Errors
/// The database's.
pub async fn mark(db: &Db, until: Option<i64>) -> Result<u64, DbError> {
    let newest = newest_batch(db).await?;
    mark_until(db, until.unwrap_or(newest).min(newest)).await
}

async fn newest_batch(db: &Db) -> Result<i64, DbError> {
    const NEWEST: &str = "select coalesce(max(id), 0) from batch";
    Ok(on_db!(db, |c| sqlx::query_scalar(NEWEST).fetch_one(c).await)?)
}

async fn mark_until(db: &Db, newest: i64) -> Result<u64, DbError> {
    crate::write_tx!(db, |tx| mark_in(tx, newest))
}

async fn mark_in(tx: &mut Tx, newest: i64) -> Result<u64, DbError> {
    const MARK: &str = "update batch set backed_up = true where id <= $1 and backed_up = false";
    const SEQ: &str = "update log_head set backed_up_seq = coalesce((select min(u.seq) from batch u \
        where u.state = 'chained' and u.generation = log_head.generation and u.code = log_head.code \
        and u.device_id = log_head.device_id and u.backed_up = false), seq + 1) - 1";
    const HASH: &str = "update log_head set backed_up_hash = (select s.hash from batch s \
        where s.state = 'chained' and s.generation = log_head.generation and s.code = log_head.code \
        and s.device_id = log_head.device_id and s.seq = log_head.backed_up_seq)";
    crate::ingest::stored::lock(tx).await?;
    let marked = on_db!(tx, |c| sqlx::query(MARK).bind(newest).execute(c).await.map(|done| done.rows_affected()))?;
    for text in [SEQ, HASH] {
        on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    Ok(marked)
}

/// Puts a backup in the place of the database at `url`. The database that was there is kept beside it; its new name is
/// returned.
///
/// What devices hold comes back with their next syncs: agreements are forgotten, and the batches of the backup count
/// as backed up.
///
/// # Errors
/// [`BackupError`]; then the database is as it was.
pub async fn restore(url: &str, backup: &Path, now: UnixMs) -> Result<Option<PathBuf>, BackupError> {
    let target = match SqliteConnectOptions::from_str(url) {
        Ok(options) if url.starts_with("sqlite:") => options.get_filename().to_owned(),
        _ => return Err(BackupError::Postgres),
    };
    check_backup(backup).await?;
    let file = |error| BackupError::File { path: target.clone(), error };
    let part = target.with_extension("restoring");
    // On a new machine the data directory is not there yet.
    if let Some(directory) = target.parent() {
        create_directory(directory).map_err(file)?;
    }
    std::fs::copy(backup, &part).map_err(file)?;
    let kept = if target.exists() {
        claim(&target).await?;
        let kept = target.with_extension(format!("before-{}.db", now.0));
        std::fs::rename(&target, &kept).map_err(file)?;
        Some(kept)
    } else {
        None
    };
    File::open(&part).and_then(|part| part.sync_all()).map_err(file)?;
    std::fs::rename(&part, &target).map_err(file)?;
    sync_parent(&target).map_err(file)?;
    let db = Db::open(url, 1).await?;
    db.migrate().await?;
    for forget in ["delete from agreement", "delete from snapshot"] {
        let done: Result<(), DbError> = crate::write_tx!(db, |tx| run(tx, forget));
        done?;
    }
    mark(&db, None).await?;
    db.close().await;
    Ok(kept)
}

async fn run(tx: &mut Tx, text: &'static str) -> Result<(), DbError> {
    Ok(on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?)
}

/// Succeeds when the file is a whole SQLite database of this program.
async fn check_backup(path: &Path) -> Result<(), BackupError> {
    let bad = |why: String| BackupError::NotABackup { path: path.to_owned(), why };
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let mut connection = options.connect().await.map_err(|error| bad(error.to_string()))?;
    let whole: String = sqlx::query_scalar("select integrity_check from pragma_integrity_check limit 1")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| bad(error.to_string()))?;
    if whole != "ok" {
        return Err(bad(whole));
    }
    sqlx::query("select 1 from batch limit 1")
        .fetch_optional(&mut connection)
        .await
        .map(drop)
        .map_err(|error| bad(error.to_string()))
}

/// Succeeds when nobody else has the database open, and folds its log into the file.
///
/// SQLite leaves WAL mode only for the one connection that is there.
async fn claim(path: &Path) -> Result<(), BackupError> {
    let in_use = || BackupError::InUse(path.to_owned());
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::ZERO);
    let mut connection = options.connect().await.map_err(|_| in_use())?;
    let mode: String =
        sqlx::query_scalar("pragma journal_mode = delete").fetch_one(&mut connection).await.map_err(|_| in_use())?;
    sqlx::Connection::close(connection).await.ok();
    if mode == "delete" { Ok(()) } else { Err(in_use()) }
}
