//! Fresh databases for tests, one of each engine.
//!
//! The address of a PostgreSQL whose user may create databases stands in `BANLANG_TEST_POSTGRES_URL`. Without it the
//! PostgreSQL half of each test fails, so that it is never left out unnoticed; `BANLANG_TEST_SKIP_POSTGRES=1` leaves
//! it out knowingly.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use sync_core::id::to_hex;
use tempfile::TempDir;

use super::Db;

/// A fresh, migrated database that goes when this is dropped.
#[derive(Debug)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    /// Its address, for a second process or a second opening.
    pub url: String,
    _place: Place,
}

#[derive(Debug)]
enum Place {
    Directory { _dir: TempDir },
    Server { admin_url: String, name: String },
}

/// What a failure in this module says: tests stop with it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl TestDb {
    /// A fresh SQLite file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub async fn sqlite() -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let path: PathBuf = dir.path().join("banlang.db");
        let url = format!("sqlite:{}", path.display());
        let db = Db::open(&url, 2).await?;
        db.migrate().await?;
        Ok(Self { db, url, _place: Place::Directory { _dir: dir } })
    }

    /// A fresh database on the PostgreSQL of `BANLANG_TEST_POSTGRES_URL`; `None` when that was left out knowingly.
    ///
    /// # Errors
    /// When the variable is not set and nobody said that this half is to be left out, or no database can be made.
    pub async fn postgres() -> Result<Option<Self>, Failure> {
        let Ok(admin_url) = std::env::var("BANLANG_TEST_POSTGRES_URL") else {
            if std::env::var("BANLANG_TEST_SKIP_POSTGRES").is_ok_and(|value| value == "1") {
                return Ok(None);
            }
            return Err(
                "BANLANG_TEST_POSTGRES_URL is not set: give the address of a PostgreSQL whose user may create \
                        databases (make test does), or leave this half out with BANLANG_TEST_SKIP_POSTGRES=1"
                    .into(),
            );
        };
        let name = format!("banlang_test_{}", to_hex(&rand::random::<[u8; 8]>()));
        let mut admin = PgConnection::connect(&admin_url).await?;
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await?;
        admin.close().await?;
        let url = with_database(&admin_url, &name).ok_or("BANLANG_TEST_POSTGRES_URL names no database")?;
        let place = Place::Server { admin_url, name };
        let db = Db::open(&url, 4).await?;
        db.migrate().await?;
        Ok(Some(Self { db, url, _place: place }))
    }

    /// A fresh database of each engine that is to be tested.
    ///
    /// # Errors
    /// As [`TestDb::sqlite`] and [`TestDb::postgres`].
    pub async fn each() -> Result<Vec<Self>, Failure> {
        let mut all = vec![Self::sqlite().await?];
        all.extend(Self::postgres().await?);
        Ok(all)
    }
}

/// Runs a test's body on a fresh database of each engine; a panic is preceded by the engine's name.
///
/// # Errors
/// The body's first, or that of making the databases.
pub async fn on_each<F>(mut body: F) -> Result<(), Failure>
where
    F: AsyncFnMut(&Db) -> Result<(), Failure>,
{
    for test in TestDb::each().await? {
        eprintln!("on {}", test.db.dialect().name());
        body(&test.db).await?;
        test.db.close().await;
    }
    Ok(())
}

/// `url` with another database's name.
fn with_database(url: &str, name: &str) -> Option<String> {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let (server, _) = address.rsplit_once('/')?;
    Some(match query {
        Some(query) => format!("{server}/{name}?{query}"),
        None => format!("{server}/{name}"),
    })
}

impl Drop for Place {
    /// Drops the database from a thread of its own: a test that panics has no runtime to wait on.
    fn drop(&mut self) {
        let Self::Server { admin_url, name } = self else { return };
        let (url, name) = (std::mem::take(admin_url), std::mem::take(name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&url).await?;
                admin.execute(AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await?;
                Ok::<(), Failure>(())
            })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("a test database was left behind");
        }
    }
}
