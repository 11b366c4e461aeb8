//! Putting a backup in the place of the embedded database, whatever state that database is in.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{FlockOperation, fcntl_lock};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sync_core::id::UnixMs;

use super::backup::{BackupError, mark_in, newest_batch_in};
use crate::audit::{self, Actor};
use crate::auth::key::{self, Purpose};
use crate::db::{Db, DbError, Schema, Tx, sqlite_code};
use crate::durable::sync_parent;
use crate::on_db;
use crate::project;

/// What SQLite keeps beside a database.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// A file that goes when the restore does not come to its end.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        for end in ["", SIDES[0], SIDES[1]] {
            // After a restore that succeeded there is none.
            std::fs::remove_file(beside(&self.0, end)).ok();
        }
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Puts a backup in the place of the database at `url`. The database that was there, damaged or not, is kept beside it;
/// its new name is returned.
///
/// The new database is made ready beside the old one and takes its place in one step. What devices hold comes back with
/// their next syncs: agreements are forgotten, and the batches of the backup count as backed up.
///
/// # Errors
/// [`BackupError`]; then the database is as it was.
pub async fn restore(url: &str, backup: &Path, now: UnixMs) -> Result<Option<PathBuf>, BackupError> {
    let target = match SqliteConnectOptions::from_str(url) {
        Ok(options) if url.starts_with("sqlite:") => options.get_filename().to_owned(),
        _ => return Err(BackupError::PostgresRestore),
    };
    check_backup(backup).await?;
    let file = |error| BackupError::File { path: target.clone(), error };
    // On a new machine the data directory is not there yet.
    if let Some(directory) = target.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        crate::durable::make_private(directory).map_err(file)?;
    }
    if target.exists() {
        claim(&target).await?;
    }
    let part = Part(target.with_extension("restoring"));
    std::fs::copy(backup, &part.0).map_err(file)?;
    prepare(&part.0, backup, now).await?;
    File::open(&part.0).and_then(|part| part.sync_all()).map_err(file)?;
    let kept = set_aside(&target, now).map_err(file)?;
    std::fs::rename(&part.0, &target).map_err(file)?;
    sync_parent(&target).map_err(file)?;
    Ok(kept)
}

/// Moves the database away, with what SQLite keeps beside it: a log left behind would be read into the new one.
fn set_aside(target: &Path, now: UnixMs) -> std::io::Result<Option<PathBuf>> {
    let kept = target.with_extension(format!("before-{}.db", now.0));
    let existed = target.exists();
    if existed {
        std::fs::rename(target, &kept)?;
    }
    for end in SIDES {
        let side = beside(target, end);
        if side.exists() {
            std::fs::rename(side, beside(&kept, end))?;
        }
    }
    Ok(existed.then_some(kept))
}

/// Brings the copy to this program's schema and makes it forget what no longer holds.
async fn prepare(part: &Path, backup: &Path, now: UnixMs) -> Result<(), BackupError> {
    let db = Db::open(&format!("sqlite:{}", part.display()), 1).await?;
    let done = async {
        if let Schema::Foreign(versions) = db.schema().await? {
            let why = format!("it was made by another, newer version of the program (migrations {versions:?})");
            return Err(BackupError::NotABackup { path: backup.to_owned(), why });
        }
        project::migrate(&db).await?;
        let name = backup.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let done: Result<(), DbError> = crate::write_tx!(db, |tx| forget(tx, &name, now));
        Ok(done?)
    }
    .await;
    // Folds the log of the database into its file.
    db.close().await;
    done
}

/// Readies a database that was put back to an older state, after `pg_restore` on PostgreSQL; [`restore`] does the same.
///
/// What was agreed on with devices is forgotten, a new epoch begins, and the server gets a new log of its own: what it
/// sealed since the backup comes back from devices, and nothing it seals from now on takes the place of that.
///
/// # Errors
/// The database's; then nothing changed.
pub async fn mark_restored(db: &Db, now: UnixMs) -> Result<(), DbError> {
    db.write(async |tx| {
        let kid = begin_anew(tx, now).await?;
        let detail = serde_json::json!({ "log_key": kid });
        audit::record(tx, now, Actor::CommandLine, "database.restored", &kid, &detail).await
    })
    .await
}

async fn forget(tx: &mut Tx, name: &str, now: UnixMs) -> Result<(), DbError> {
    let kid = begin_anew(tx, now).await?;
    let newest = newest_batch_in(tx).await?;
    mark_in(tx, newest).await?;
    let detail = serde_json::json!({ "file": name, "newest_batch": newest, "log_key": kid });
    audit::record(tx, now, Actor::CommandLine, "database.restored", name, &detail).await
}

/// Forgets what no longer holds; returns the id of the new log key.
async fn begin_anew(tx: &mut Tx, now: UnixMs) -> Result<String, DbError> {
    crate::ingest::epoch::begin(tx).await?;
    for text in ["delete from agreement", "delete from snapshot"] {
        on_db!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    key::rotate(tx, Purpose::Log, now, None).await
}

/// Succeeds when the file is a whole SQLite database of this program.
async fn check_backup(path: &Path) -> Result<(), BackupError> {
    let bad = |why: String| BackupError::NotABackup { path: path.to_owned(), why };
    let said = |error: sqlx::Error| bad(error.to_string());
    File::open(path).map_err(|error| BackupError::File { path: path.to_owned(), error })?;
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let mut connection = options.connect().await.map_err(said)?;
    let whole: String = sqlx::query_scalar("select integrity_check from pragma_integrity_check limit 1")
        .fetch_one(&mut connection)
        .await
        .map_err(said)?;
    if whole != "ok" {
        return Err(bad(whole));
    }
    sqlx::query("select 1 from batch limit 1").fetch_optional(&mut connection).await.map(drop).map_err(said)
}

/// Succeeds when nobody else has the database open, and folds its log into the file where the file can be read.
///
/// A damaged file is no reason to stop: that is when a backup is needed.
async fn claim(path: &Path) -> Result<(), BackupError> {
    let in_use = || BackupError::InUse(path.to_owned());
    let file = |error| BackupError::File { path: path.to_owned(), error };
    if !begins_as_sqlite(path).map_err(file)? {
        return claim_damaged(path).map_err(file)?.then_some(()).ok_or_else(in_use);
    }
    // SQLite leaves WAL mode only for the one connection that is there.
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::ZERO);
    let left = async {
        let mut connection = options.connect().await?;
        let mode: String = sqlx::query_scalar("pragma journal_mode = delete").fetch_one(&mut connection).await?;
        sqlx::Connection::close(connection).await.ok();
        Ok::<_, sqlx::Error>(mode)
    }
    .await;
    match left {
        Ok(mode) if mode == "delete" => Ok(()),
        Ok(_) => Err(in_use()),
        Err(error) if matches!(sqlite_code(&error), Some(5 | 6)) => Err(in_use()),
        Err(_) => claim_damaged(path).map_err(file)?.then_some(()).ok_or_else(in_use),
    }
}

fn begins_as_sqlite(path: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let mut begin = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut begin)?;
    Ok(begin == b"SQLite format 3\0")
}

/// Whether nobody has the file open, of which SQLite reads nothing. SQLite does not touch it or what stands beside it.
fn claim_damaged(path: &Path) -> std::io::Result<bool> {
    // Whoever has a database open in WAL mode holds a shared lock on the file, whatever stands in it.
    let open = OpenOptions::new().read(true).write(true).open(path)?;
    Ok(fcntl_lock(&open, FlockOperation::NonBlockingLockExclusive).is_ok())
}
