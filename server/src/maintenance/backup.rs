//! Backups of the embedded database, and the mark by which devices learn that what they hold is safe twice.

use std::fs::File;
use std::path::{Path, PathBuf};

use sync_core::id::UnixMs;

use crate::audit::{self, Actor};
use crate::cli::Lang;
use crate::db::{Db, DbError, Tx};
use crate::durable::sync_parent;
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
    /// The database is PostgreSQL: its own tools restore it.
    #[error("PostgreSQL is restored with pg_restore; then run `banlang rebuild` and `banlang verify`")]
    PostgresRestore,
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

impl BackupError {
    /// What went wrong, in a language; what a library says follows as it is.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::Exists(path), _) => format!("{}: tệp đã có, không ghi đè; hãy chọn tên khác", path.display()),
            (Self::Postgres, _) => {
                "PostgreSQL được sao lưu bằng pg_dump; sau khi pg_dump xong hãy chạy `banlang backup --mark`".to_owned()
            }
            (Self::PostgresRestore, _) => {
                "PostgreSQL được khôi phục bằng pg_restore; sau đó chạy `banlang rebuild` và `banlang verify`"
                    .to_owned()
            }
            (Self::InUse(path), _) => {
                format!("{}: có chương trình khác đang mở cơ sở dữ liệu; hãy dừng máy chủ trước", path.display())
            }
            (Self::NotABackup { path, why }, _) => {
                format!("{}: không phải bản sao lưu của chương trình này ({why})", path.display())
            }
            (Self::File { path, error }, _) => format!("{}: {error}", path.display()),
            (Self::Db(error), _) => format!("cơ sở dữ liệu: {error}"),
        }
    }
}

/// Copies a running SQLite database to a new file, durably, then marks what is in it as backed up.
///
/// The file appears under its name only when it is whole. Returns how many batches are newly backed up.
///
/// # Errors
/// [`BackupError`]; then nothing is marked.
pub async fn backup(db: &Db, path: &Path, now: UnixMs) -> Result<u64, BackupError> {
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
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(mark_until(db, newest, "backup.made", &name, now).await?)
}

/// Marks everything stored so far as backed up: for PostgreSQL, after its own backup finished.
///
/// `until` is the id of the newest batch when that backup began; without it, the newest now.
///
/// # Errors
/// The database's.
pub async fn mark(db: &Db, until: Option<i64>, now: UnixMs) -> Result<u64, DbError> {
    let newest = newest_batch(db).await?;
    mark_until(db, until.unwrap_or(newest).min(newest), "backup.marked", "", now).await
}

const NEWEST: &str = "select coalesce(max(id), 0) from batch";

async fn newest_batch(db: &Db) -> Result<i64, DbError> {
    Ok(on_db!(db, |c| sqlx::query_scalar(NEWEST).fetch_one(c).await)?)
}

/// The id of the newest batch; 0 when there is none.
pub(super) async fn newest_batch_in(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_db!(tx, |c| sqlx::query_scalar(NEWEST).fetch_one(c).await)?)
}

async fn mark_until(db: &Db, newest: i64, action: &str, subject: &str, now: UnixMs) -> Result<u64, DbError> {
    crate::write_tx!(db, |tx| mark_and_record(tx, newest, action, subject, now))
}

async fn mark_and_record(tx: &mut Tx, newest: i64, action: &str, subject: &str, now: UnixMs) -> Result<u64, DbError> {
    let marked = mark_in(tx, newest).await?;
    let detail = serde_json::json!({ "newest_batch": newest, "batches": marked });
    audit::record(tx, now, Actor::CommandLine, action, subject, &detail).await?;
    Ok(marked)
}

/// Marks the batches up to this id as backed up; returns how many were not before.
pub(super) async fn mark_in(tx: &mut Tx, newest: i64) -> Result<u64, DbError> {
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
