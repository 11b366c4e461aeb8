//! The program `banlang` as an operator and a guard run it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Failure;

/// The program with a data directory of its own.
#[derive(Debug, Clone)]
pub struct Program {
    executable: Option<PathBuf>,
    data: PathBuf,
    settings: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A server process that answers.
#[derive(Debug)]
pub struct Serving {
    /// Its address.
    pub url: String,
    child: Child,
}

/// The program of `src/bin/program.rs`: cargo builds it with every test of this crate.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap_or_default();
    path.pop();
    path.pop();
    path.push(format!("program{}", std::env::consts::EXE_SUFFIX));
    path
}

impl Program {
    /// The program over this data directory.
    #[must_use]
    pub fn over(data: &Path) -> Self {
        Self { executable: None, data: data.to_owned(), settings: Vec::new() }
    }

    /// The same, run by another executable than the one cargo built beside a test.
    #[must_use]
    pub fn run_by(mut self, executable: &Path) -> Self {
        self.executable = Some(executable.to_owned());
        self
    }

    /// The same with one more variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, words: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(self.executable.clone().unwrap_or_else(program));
        command
            .env_clear()
            .env("BANLANG_DATA_DIR", &self.data)
            .env("BANLANG_LOG", "warn")
            .env("BANLANG_LANG", "en")
            .env("HOME", &self.data);
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, words: &[&str], input: &str) -> Result<Output, Failure> {
        let mut child = self.command(words)?.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input may be gone already.
            stdin.write_all(input.as_bytes()).ok();
        }
        let output = child.wait_with_output()?;
        Ok(Output {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a command that must succeed; what it wrote to standard output.
    ///
    /// # Errors
    /// With everything it said, when it fails.
    pub fn ok(&self, words: &[&str], input: &str) -> Result<String, Failure> {
        let output = self.run(words, input)?;
        if output.code == 0 { Ok(output.out) } else { Err(format!("{words:?}: {output:?}").into()) }
    }

    /// Starts a command and leaves it at work.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, words: &[&str]) -> Result<Child, Failure> {
        Ok(self.command(words)?.stdin(Stdio::null()).spawn()?)
    }

    /// Starts the server on a free port.
    ///
    /// # Errors
    /// With what it said, when it ends instead.
    pub fn serve(&self) -> Result<Serving, Failure> {
        self.serve_at("127.0.0.1:0")
    }

    /// Starts the server on this address.
    ///
    /// # Errors
    /// With what it said, when it ends instead.
    pub fn serve_at(&self, listen: &str) -> Result<Serving, Failure> {
        let listen = format!("listen={listen}");
        let mut child = self.command(&["serve", "--set", &listen])?.stderr(Stdio::inherit()).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        match url {
            Some(url) => Ok(Serving { url, child }),
            None => {
                child.kill()?;
                Err(format!("no address: {line:?}").into())
            }
        }
    }
}

/// What a process holds in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// Now.
    pub now_bytes: u64,
    /// The most since it started, or since [`Serving::forget_peak`].
    pub peak_bytes: u64,
}

impl Serving {
    /// What the process holds in memory.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resident(&self) -> Result<Resident, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let bytes = |name: &str| -> Result<u64, Failure> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or(format!("no {name} in /proc"))?;
            Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
        };
        Ok(Resident { now_bytes: bytes("VmRSS:")?, peak_bytes: bytes("VmHWM:")? })
    }

    /// Begins the peak anew.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn forget_peak(&self) -> Result<(), Failure> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// Whether the process runs still.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the server to stop, as a service manager does; its exit code.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn stop(mut self) -> Result<i32, Failure> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        Ok(self.child.wait()?.code().unwrap_or(-1))
    }
}

impl Serving {
    /// Kills the server as a machine does that runs out of memory: nothing of it goes on.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Stopped already, or a test failed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
