//! A deployment as an operator runs it: the program as a process of its own, on either engine.

use std::path::PathBuf;

use server::db::Db;
use sync_core::id::{AreaId, Role};
use tempfile::TempDir;

use super::{Database, Engine, Failure, Hand, PASSWORD, Program, Serving};

/// A running deployment; it goes with its data when this is dropped.
#[derive(Debug)]
pub struct Deployment {
    /// The program.
    pub program: Program,
    /// The server process.
    pub serving: Serving,
    url: String,
    // In this order: the process ends before its database goes.
    _database: Database,
    _data: TempDir,
}

impl Deployment {
    /// A fresh deployment with the sample reference data and these settings; `program` names another build than the one
    /// beside the tests.
    ///
    /// # Errors
    /// With what the program said.
    pub async fn start(engine: Engine, program: Option<PathBuf>, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let data = tempfile::tempdir()?;
        let database = Database::empty(engine).await?;
        let mut program = match program {
            Some(path) => Program::over(data.path()).run_by(&path),
            None => Program::over(data.path()),
        };
        program = program.with("BANLANG_DATABASE_URL", &database.url);
        for (name, value) in settings {
            program = program.with(name, value);
        }
        program.ok(&["init"], "")?;
        program.ok(&["reference", "supplied", "--sample"], "")?;
        let serving = program.serve()?;
        Ok(Self { program, serving, url: database.url.clone(), _database: database, _data: data })
    }

    /// Makes an account and enrols a key for it.
    ///
    /// # Errors
    /// With what the program said.
    pub async fn hand(&self, name: &str, role: Role, areas: &[AreaId]) -> Result<Hand, Failure> {
        let areas: Vec<String> = areas.iter().map(ToString::to_string).collect();
        let mut words = vec!["user", "add", name, "--name", name, "--role", role.name(), "--password-stdin"];
        for area in &areas {
            words.extend(["--area", area]);
        }
        self.program.ok(&words, &format!("{PASSWORD}\n"))?;
        let code = self.program.ok(&["device", "enrol-code", name], "")?;
        Hand::enrol_with(&self.serving.url, name, code.trim()).await
    }

    /// Opens the database beside the server.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open_db(&self) -> Result<Db, Failure> {
        Ok(Db::open(&self.url, 2).await?)
    }

    /// Fails with what `banlang verify` found, when it found something.
    ///
    /// # Errors
    /// What differs.
    pub fn verify(&self) -> Result<(), Failure> {
        self.program.ok(&["verify"], "").map(drop)
    }
}
