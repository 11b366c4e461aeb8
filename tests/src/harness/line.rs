//! A line between a device and a server that fails as told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Failure;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server does its work, and its answer is lost.
    LoseAnswer,
    /// The request arrives twice; the caller hears the second answer.
    SendTwice,
    /// The request is kept and never arrives; see [`Line::kept`].
    Keep,
}

/// A line. Requests to paths that begin with `watched` meet the faults in turn; all others pass.
#[derive(Debug)]
pub struct Line {
    /// The address devices call.
    pub url: String,
    server: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    watched: &'static str,
    faults: VecDeque<Fault>,
    kept: Vec<Vec<u8>>,
}

impl Line {
    /// A line to a server.
    ///
    /// # Errors
    /// When the address is none.
    pub async fn to(url: &str) -> Result<Self, Failure> {
        let server: SocketAddr = url.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    // A broken connection is what the line is for.
                    pass(caller, server, &shared).await.ok();
                });
            }
        });
        Ok(Self { url, server, state, task })
    }

    /// Tells what becomes of the next requests to these paths.
    pub fn fail(&self, watched: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.watched = watched;
        state.faults = faults.into_iter().collect();
    }

    /// The faults that have not happened yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).faults.len()
    }

    /// The requests that were kept, as they stood on the line.
    #[must_use]
    pub fn kept(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).kept.clone()
    }

    /// Sends these bytes to the server, ends there, and reads what comes back.
    ///
    /// # Errors
    /// When the server does not listen.
    pub async fn send(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut server = TcpStream::connect(self.server).await?;
        // The server may hang up before it has read all.
        server.write_all(bytes).await.ok();
        server.shutdown().await.ok();
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await.ok();
        Ok(answer)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes one request on a connection of its own, so that a fault concerns exactly that request.
async fn pass(mut caller: TcpStream, server: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let request = read_request(&mut caller).await?;
    let path = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default().to_vec();
    let fault = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = !state.watched.is_empty() && path.starts_with(state.watched.as_bytes());
        let fault = if hit { state.faults.pop_front() } else { None };
        if fault == Some(Fault::Keep) {
            state.kept.push(request.clone());
        }
        fault
    };
    let answer = match fault {
        Some(Fault::Keep) => return Ok(()),
        Some(Fault::LoseAnswer) => {
            ask(server, &request).await?;
            return Ok(());
        }
        Some(Fault::SendTwice) => {
            ask(server, &request).await?;
            ask(server, &request).await?
        }
        None => ask(server, &request).await?,
    };
    caller.write_all(&answer).await?;
    caller.shutdown().await
}

async fn ask(server: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(server).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// One whole request, with `connection: close` put into its head.
pub(crate) async fn read_request(caller: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let got = caller.read(&mut part).await?;
        if got == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..got]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            let close = b"\r\nconnection: close";
            bytes.splice(end..end, close.iter().copied());
            return Ok(bytes);
        }
    }
}
