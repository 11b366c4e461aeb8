//! What older versions left behind, kept in `tests/fixtures/`: databases of each schema on both engines, a device's
//! store, what it sent and what it was answered.
//!
//! A kept file is never edited: `tests/fixtures/FROZEN` names the digest of each, and a test compares. A new schema or a
//! new layout gets new files, written by running `old_and_new` with `BANLANG_WRITE_FIXTURES=1`, which writes only what
//! is not there.

mod database;
mod story;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use database::{load_database, load_store, migrations, newest, tables, upgraded_to};
pub use story::{AT, tell};
pub use wire::{Exchange, Message, Teller, send};

use crate::harness::{Engine, Failure};
use sync_core::id::to_hex;

/// The directory of kept files.
#[must_use]
pub fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Whether missing files are to be written.
#[must_use]
pub fn is_writing() -> bool {
    std::env::var_os("BANLANG_WRITE_FIXTURES").is_some()
}

/// The name of an engine in paths.
#[must_use]
pub fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

/// The database of a schema.
#[must_use]
pub fn schema_file(engine: Engine, version: usize) -> PathBuf {
    place().join("schema").join(engine_name(engine)).join(format!("{version:04}.sql"))
}

/// The schema of the server at which the kept device was enrolled: the newest of its time.
pub const DEVICE_SCHEMA: usize = 5;

/// A file of the device of layout 1, schema 1 and the first store, enrolled at a server of [`DEVICE_SCHEMA`].
#[must_use]
pub fn device_file(engine: Engine, name: &str) -> PathBuf {
    place().join("device-1").join(engine_name(engine)).join(name)
}

/// What that device and its server said to each other under a name, in order.
///
/// # Errors
/// When nothing is kept under it.
pub fn exchanges(engine: Engine, name: &str) -> Result<Vec<Exchange>, Failure> {
    let file = |at: usize, what: &str| device_file(engine, &format!("{name}-{at}.{what}"));
    let mut exchanges = Vec::new();
    for at in (1..).take_while(|at| file(*at, "request").exists()) {
        let (request, answer) = (std::fs::read(file(at, "request"))?, std::fs::read(file(at, "answer"))?);
        exchanges.push(Exchange { request, answer });
    }
    if exchanges.is_empty() { Err(format!("nothing is kept of {name}").into()) } else { Ok(exchanges) }
}

/// Held while a file and its line in `FROZEN` come about, and while they are compared.
pub static SEALING: Mutex<()> = Mutex::new(());

/// Writes a file and its line in `FROZEN`, unless it is kept already.
///
/// # Errors
/// When it cannot be written, or was kept once and is gone: a kept file is not made anew.
pub fn keep(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let _sealing = SEALING.lock();
    if path.exists() {
        return Ok(());
    }
    let (list, name) = (place().join("FROZEN"), path.strip_prefix(place())?.display().to_string());
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    if known.lines().any(|line| line.ends_with(&format!("  {name}"))) {
        return Err(format!("{name} was kept and is gone: put it back").into());
    }
    std::fs::create_dir_all(path.parent().ok_or("no directory")?)?;
    std::fs::write(path, bytes)?;
    let digest = to_hex(&server::auth::statement::sha256(bytes));
    Ok(std::fs::write(&list, format!("{known}{digest}  {name}\n"))?)
}
