//! Requests and answers as they stood on the line.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::harness::{Failure, read_request};

/// One message of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The first line: `POST /v1/sync HTTP/1.1`, or `HTTP/1.1 200 OK`.
    pub first: String,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Message {
    /// The message of these bytes.
    ///
    /// # Errors
    /// When they are none.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no end of the head")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let body = &bytes[end + 4..];
        let packed = head.to_ascii_lowercase().contains("content-encoding: zstd");
        let mut unpacked = Vec::new();
        if packed {
            zstd::stream::read::Decoder::new(body)?.read_to_end(&mut unpacked)?;
        } else {
            unpacked = body.to_vec();
        }
        Ok(Self { first: head.lines().next().unwrap_or_default().to_owned(), body: unpacked })
    }
}

/// A request and its answer, as they stood on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request's bytes.
    pub request: Vec<u8>,
    /// The answer's bytes.
    pub answer: Vec<u8>,
}

impl Exchange {
    /// The request.
    ///
    /// # Errors
    /// When it is none.
    pub fn asked(&self) -> Result<Message, Failure> {
        Message::read(&self.request)
    }

    /// The answer.
    ///
    /// # Errors
    /// When it is none.
    pub fn answered(&self) -> Result<Message, Failure> {
        Message::read(&self.answer)
    }
}

/// Sends a request's bytes as they are; the answer's.
///
/// # Errors
/// When the server does not answer.
pub async fn send(url: &str, request: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut server = TcpStream::connect(url.trim_start_matches("http://").parse::<SocketAddr>()?).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Stands between a device and a server and keeps everything, or, without a server, tells again what was kept.
#[derive(Debug)]
pub struct Teller {
    /// The address devices call.
    pub url: String,
    heard: Arc<Mutex<Vec<Exchange>>>,
    task: JoinHandle<()>,
}

impl Teller {
    /// Passes everything to a server.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn between(server: &str) -> Result<Self, Failure> {
        Self::start(Some(server.to_owned()), Vec::new()).await
    }

    /// Answers each request with what was answered to the same method and path then, in order.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn again(kept: Vec<Exchange>) -> Result<Self, Failure> {
        Self::start(None, kept).await
    }

    async fn start(server: Option<String>, kept: Vec<Exchange>) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let heard: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let (shared, kept) = (heard.clone(), Arc::new(Mutex::new(kept)));
        let task = tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let Ok(request) = read_request(&mut caller).await else { continue };
                let answer = match &server {
                    Some(server) => send(server, &request).await.unwrap_or_default(),
                    None => told(&kept, &request),
                };
                // A caller that hangs up has what it wanted.
                caller.write_all(&answer).await.ok();
                caller.shutdown().await.ok();
                shared.lock().unwrap_or_else(PoisonError::into_inner).push(Exchange { request, answer });
            }
        });
        Ok(Self { url, heard, task })
    }

    /// What was asked and answered since this was asked last.
    #[must_use]
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn told(kept: &Mutex<Vec<Exchange>>, request: &[u8]) -> Vec<u8> {
    let first = |bytes: &[u8]| Message::read(bytes).map(|message| message.first).unwrap_or_default();
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let same = kept.iter().position(|exchange| first(&exchange.request) == first(request));
    same.map_or_else(
        || b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        |at| kept.remove(at).answer,
    )
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}
