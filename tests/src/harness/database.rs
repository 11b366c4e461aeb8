//! Databases that go when a test ends, copies of them, and their content as text.

use std::path::{Path, PathBuf};

use server::db::{Db, Dialect};
use server::on_db;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use sync_core::id::to_hex;
use tempfile::TempDir;

use super::Failure;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A database of the PostgreSQL server that `BANLANG_TEST_POSTGRES_URL` names.
    Postgres,
}

impl Engine {
    /// Whether somebody said that PostgreSQL is to be left out.
    #[must_use]
    pub fn is_left_out(self) -> bool {
        self == Self::Postgres
            && std::env::var_os("BANLANG_TEST_POSTGRES_URL").is_none()
            && std::env::var("BANLANG_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1")
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct Database {
    /// Its address, as a setting.
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File { dir: TempDir },
    Server(Made),
}

/// A database that was made on a server.
#[derive(Debug)]
struct Made {
    admin: String,
    name: String,
}

const FILE: &str = "banlang.db";

impl Database {
    /// An empty database.
    ///
    /// # Errors
    /// When it cannot be made; for PostgreSQL also when nobody said where it is.
    pub async fn empty(engine: Engine) -> Result<Self, Failure> {
        match engine {
            Engine::Sqlite => Self::in_file(tempfile::tempdir()?),
            Engine::Postgres => {
                let admin = std::env::var("BANLANG_TEST_POSTGRES_URL")
                    .map_err(|_| "BANLANG_TEST_POSTGRES_URL is not set: run by tests/with-postgres, or make test")?;
                Self::empty_on(&admin).await
            }
        }
    }

    /// An empty database on the PostgreSQL server that this address may make databases on.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn empty_on(admin: &str) -> Result<Self, Failure> {
        Self::on_server(admin.to_owned(), "").await
    }

    /// A copy. Every connection to this one must be closed.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn copy(&self) -> Result<Self, Failure> {
        match &self.place {
            Place::File { dir } => {
                let copy = tempfile::tempdir()?;
                copy_directory(dir.path(), copy.path())?;
                Self::in_file(copy)
            }
            Place::Server(made) => Self::on_server(made.admin.clone(), &format!("template {}", made.name)).await,
        }
    }

    /// The directory of an SQLite file.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::File { dir } => Some(dir.path()),
            Place::Server(_) => None,
        }
    }

    /// Which engine's SQL is spoken.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match &self.place {
            Place::File { .. } => Dialect::Sqlite,
            Place::Server(_) => Dialect::Postgres,
        }
    }

    /// Runs statements behind the program's back, in one transaction and with no foreign key in the way; how many rows
    /// each touched.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn tamper(&self, statements: &[String]) -> Result<Vec<u64>, Failure> {
        let mut touched = Vec::with_capacity(statements.len());
        match &self.place {
            Place::File { dir } => {
                let options = SqliteConnectOptions::new().filename(dir.path().join(FILE)).foreign_keys(false);
                let mut connection = options.connect().await?;
                let mut tx = connection.begin().await?;
                for text in statements {
                    touched.push(sqlx::query(AssertSqlSafe(text.clone())).execute(&mut *tx).await?.rows_affected());
                }
                tx.commit().await?;
                connection.close().await?;
            }
            Place::Server(_) => {
                let mut connection = PgConnection::connect(&self.url).await?;
                connection.execute("set session_replication_role = replica").await?;
                let mut tx = connection.begin().await?;
                for text in statements {
                    touched.push(sqlx::query(AssertSqlSafe(text.clone())).execute(&mut *tx).await?.rows_affected());
                }
                tx.commit().await?;
                connection.close().await?;
            }
        }
        Ok(touched)
    }

    fn in_file(dir: TempDir) -> Result<Self, Failure> {
        let url = format!("sqlite:{}", dir.path().join(FILE).display());
        Ok(Self { url, place: Place::File { dir } })
    }

    async fn on_server(admin: String, how: &str) -> Result<Self, Failure> {
        let name = format!("banlang_e2e_{}", to_hex(&rand::random::<[u8; 8]>()));
        let mut connection = PgConnection::connect(&admin).await?;
        connection.execute(AssertSqlSafe(format!("create database {name} {how}"))).await?;
        connection.close().await?;
        let (server, _) = admin.rsplit_once('/').ok_or("BANLANG_TEST_POSTGRES_URL names no database")?;
        let url = format!("{server}/{name}");
        Ok(Self { url, place: Place::Server(Made { admin, name }) })
    }
}

impl Drop for Made {
    /// From a thread of its own: a test that panics has no runtime to wait on.
    fn drop(&mut self) {
        let (admin, name) = (std::mem::take(&mut self.admin), std::mem::take(&mut self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await?;
                connection.execute(AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await?;
                Ok::<(), Failure>(())
            })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("a test database was left behind");
        }
    }
}

/// Copies the files of a directory.
pub(super) fn copy_directory(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The rows of these tables as text, sorted.
///
/// # Errors
/// When a table cannot be read.
pub async fn tables(db: &Db, names: &[&str]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for name in names {
        let text = match db.dialect() {
            Dialect::Postgres => format!("select cast(t as text) from {name} t"),
            Dialect::Sqlite => {
                let columns = format!("select name from pragma_table_info('{name}')");
                let columns: Vec<String> =
                    on_db!(db, |c| sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(c).await)?;
                let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
                format!("select {} from {name}", quoted.join(" || '|' || "))
            }
        };
        let mut rows: Vec<String> = on_db!(db, |c| sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(c).await)?;
        rows.sort_unstable();
        all.extend(rows.into_iter().map(|row| format!("{name}: {row}")));
    }
    Ok(all)
}
