//! `banlang` with a database, accounts and a fixed address, every part of it a process of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use server::db::Db;
use server::field::{Durability, Enrolment, Field, OpenOptions};
use tempfile::TempDir;

use super::disk::Disk;
use super::{Failure, Plan};
use crate::harness::{Database, Hand, Output, PASSWORD, Program, Serving};

/// The communes of everybody's account.
const AREA: &str = "2025-06841";

/// A deployment.
#[derive(Debug)]
pub struct Deployment {
    program: Program,
    /// The disk under the data directory, when the power is to go.
    pub disk: Option<Disk>,
    listen: String,
    url: String,
    database: Option<Database>,
    people: u32,
    dir: TempDir,
}

impl Deployment {
    /// A fresh one: database, keys, reference data; no server runs.
    ///
    /// # Errors
    /// When the program fails.
    pub async fn new(plan: &Plan, executable: Option<&Path>) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new().prefix("banlang-crash-").tempdir()?;
        let data = dir.path().join("data");
        let mut program = Program::over(&data).with("BANLANG_LOG", "error");
        if let Some(executable) = executable {
            program = program.run_by(executable).with(AS_PROGRAM, "1");
        }
        let database = match &plan.postgres {
            Some(admin) => Some(Database::empty_on(admin).await?),
            None => None,
        };
        if let Some(database) = &database {
            program = program.with("BANLANG_DATABASE_URL", &database.url);
        }
        let url = database
            .as_ref()
            .map_or_else(|| format!("sqlite:{}", data.join("banlang.db").display()), |made| made.url.clone());
        program.ok(&["init"], "")?;
        program.ok(&["reference", "supplied", "--sample"], "")?;
        // The port is free now; whoever starts there again finds it free again.
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        Ok(Self { program, disk: None, listen, url, database, people: 0, dir })
    }

    /// Where the server answers.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// A directory for devices.
    #[must_use]
    pub fn place(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program; on the deployment's disk, when there is one.
    ///
    /// # Errors
    /// When the layer cannot be compiled.
    pub fn program(&self) -> Result<Program, Failure> {
        let mut program = self.program.clone();
        for (name, value) in self.disk.as_ref().map_or_else(|| Ok(Vec::new()), Disk::environment)? {
            program = program.with(&name, &value);
        }
        Ok(program)
    }

    /// The program off the disk: what it does is safe.
    #[must_use]
    pub fn aside(&self) -> &Program {
        &self.program
    }

    /// Puts a disk under the data directory as it stands now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn put_on_disk(&mut self) -> Result<(), Failure> {
        self.disk = Some(Disk::under(&self.place("data"))?);
        Ok(())
    }

    /// Starts the server at its address; also how long it took to answer.
    ///
    /// # Errors
    /// When it does not start.
    pub fn serve(&self) -> Result<(Serving, Duration), Failure> {
        let started = Instant::now();
        let serving = self.program()?.serve_at(&self.listen)?;
        Ok((serving, started.elapsed()))
    }

    /// Starts the server and leaves it, whether it answers or not.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(&self) -> Result<std::process::Child, Failure> {
        self.program()?.start(&["serve", "--set", &format!("listen={}", self.listen)])
    }

    /// A code for a new account.
    ///
    /// # Errors
    /// When the program fails.
    pub fn hire(&mut self, role: &str) -> Result<String, Failure> {
        self.people += 1;
        let name = format!("{role}-{}", self.people);
        let words = ["user", "add", &name, "--name", &name, "--role", role, "--area", AREA, "--password-stdin"];
        self.program.ok(&words, PASSWORD)?;
        Ok(self.program.ok(&["device", "enrol-code", &name], "")?.trim().to_owned())
    }

    /// A device in this process, its store off the disk. The server must answer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn device(&mut self, role: &str) -> Result<Field, Failure> {
        let code = self.hire(role)?;
        let place = self.place(&format!("device-{}", self.people));
        let options = OpenOptions { durability: Durability::Process, ..OpenOptions::default() };
        let with = Enrolment { server: &self.address(), code: &code, label: "phone" };
        Ok(Field::enrol(&place, with, options).await?)
    }

    /// A key in a hand that deposits without a sign-in. The server must answer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn hand(&mut self) -> Result<Hand, Failure> {
        let code = self.hire("guard")?;
        Hand::enrol_with(&self.address(), "hand", &code).await
    }

    /// Opens the database beside whatever runs.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open_db(&self) -> Result<Db, Failure> {
        Ok(Db::open(&self.url, 2).await?)
    }

    /// `banlang verify`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn verify(&self) -> Result<Output, Failure> {
        self.program.run(&["verify"], "")
    }

    /// `banlang rebuild`.
    ///
    /// # Errors
    /// When it fails.
    pub fn rebuild(&self) -> Result<(), Failure> {
        self.program.ok(&["rebuild"], "").map(drop)
    }

    /// The engine's name.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        if self.database.is_some() { "postgres" } else { "sqlite" }
    }
}

/// With this variable in its environment the killer is the program `banlang` itself: so one command builds and runs
/// both, and the program is never older than the killer.
pub const AS_PROGRAM: &str = "KILLER_IS_BANLANG";
