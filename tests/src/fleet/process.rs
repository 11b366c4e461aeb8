//! The server as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::Failure;

/// Clock ticks a second in `/proc`: 100 on every platform of Linux.
const TICKS: f64 = 100.0;

/// A running `banlang serve`; ends when this is dropped.
#[derive(Debug)]
pub(super) struct ServerProcess {
    child: Child,
    /// Open for as long as the process may write to it.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl ServerProcess {
    /// Starts this command and waits until it says where it listens.
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok());
        match address {
            Some(address) => Ok(Self { child, _output: output, address }),
            None => {
                child.kill().ok();
                child.wait().ok();
                Err(format!("the server did not start: {line:?}; its log is in the data directory").into())
            }
        }
    }

    /// The most memory it held, in bytes.
    pub(super) fn peak_rss_bytes(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// The processor time it took so far, its own and the system's for it.
    pub(super) fn cpu_seconds(&self) -> Result<f64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program, in parentheses, may hold anything; the 14th and 15th field follow it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || -> Result<f64, Failure> { Ok(fields.next().ok_or("too few fields in /proc")?.parse()?) };
        Ok((ticks()? + ticks()?) / TICKS)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // The signal an operator sends, so that the database is closed in good order; then for certain.
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().ok();
        for _ in 0..200 {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(std::time::Duration::from_millis(25)),
                _ => return,
            }
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
