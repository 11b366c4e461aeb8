//! Where a run lives: the program, a data directory of its own, a database.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use server::db::Db;
use tempfile::TempDir;

use super::Failure;
use super::meter::Meter;
use super::process::ServerProcess;

/// The place of one run. The data directory is gone when this is dropped.
#[derive(Debug)]
pub struct Home {
    program: PathBuf,
    directory: TempDir,
    database_url: Option<String>,
    pub(super) meter: Arc<Meter>,
}

impl Home {
    /// A fresh place; `database_url` names an empty PostgreSQL database, else SQLite is used.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn new(program: PathBuf, database_url: Option<String>) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix("banlang-fleet-").tempdir()?;
        Ok(Self { program, directory, database_url, meter: Arc::default() })
    }

    fn command(&self, arguments: &[&str]) -> Result<Command, Failure> {
        let log = std::fs::File::options().create(true).append(true).open(self.directory.path().join("server.log"))?;
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BANLANG_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).stdin(Stdio::null()).stderr(log);
        command.env("BANLANG_DATA_DIR", self.data()).env("BANLANG_LOG", "warn");
        // A run may take longer than a token lives.
        command.env("BANLANG_LISTEN", "127.0.0.1:0").env("BANLANG_ACCESS_TOKEN_MINUTES", "60");
        if let Some(url) = &self.database_url {
            command.env("BANLANG_DATABASE_URL", url);
        }
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The end of the server's log.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.directory.path().join("server.log")).unwrap_or_default();
        let from = log.lines().count().saturating_sub(20);
        log.lines().skip(from).collect::<Vec<_>>().join("\n")
    }

    /// Runs a command of the program to its end.
    pub(super) fn banlang(&self, arguments: &[&str]) -> Result<(), Failure> {
        let status = self.command(arguments)?.stdout(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(format!("banlang {}: {status}", arguments.join(" ")).into()) }
    }

    /// Makes the database, with the reference data that comes with the program.
    pub(super) fn init(&self) -> Result<(), Failure> {
        self.banlang(&["init"])?;
        self.banlang(&["reference", "supplied", "--sample"])
    }

    /// Starts the server as it is delivered.
    pub(super) fn serve(&self) -> Result<ServerProcess, Failure> {
        ServerProcess::start(self.command(&["serve"])?)
    }

    /// Starts the server for preparations: it believes which address an enrolment says it comes from.
    pub(super) fn serve_preparing(&self) -> Result<ServerProcess, Failure> {
        let mut command = self.command(&["serve"])?;
        command.env("BANLANG_TRUSTED_PROXY", "true");
        ServerProcess::start(command)
    }

    /// The database, beside the server.
    pub(super) async fn database(&self) -> Result<Db, Failure> {
        let url = match &self.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", self.data().join("banlang.db").display()),
        };
        Ok(Db::open(&url, 2).await?)
    }
}

/// The program `banlang` beside this one; built when it is not there.
///
/// # Errors
/// When it cannot be built.
pub fn program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    // A test's own program lies one directory deeper.
    let directory = here.parent().ok_or("no directory")?;
    let directory = if directory.ends_with("deps") { directory.parent().ok_or("no directory")? } else { directory };
    let program = directory.join("banlang");
    if program.exists() {
        return Ok(program);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).args(["build", "-p", "server", "--bin", "banlang"]);
    if directory.ends_with("release") {
        build.arg("--release");
    }
    if !build.status()?.success() || !program.exists() {
        return Err(format!("{} is not there and could not be built", program.display()).into());
    }
    Ok(program)
}
