//! A device's line to the server: one connection, the headers of the terminal device, requests signed by the key.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use ed25519_dalek::SigningKey;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use server::auth::statement;
use tokio::net::TcpStream;

use super::Failure;
use super::meter::{Counted, Meter};

/// Bodies below this many bytes go as they are, as the terminal device does it.
const COMPRESS_FROM_BYTES: usize = 200;
const LEVEL: i32 = 9;
/// The most a body may unpack to.
const MOST_UNPACKED_BYTES: u64 = 512 << 20;

/// A request whose body is compressed already.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: Method,
    path: String,
    body: Vec<u8>,
    media: Option<&'static str>,
    packed: bool,
    wants_packed: bool,
    forwarded_for: Option<String>,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: Vec::new(),
            media: None,
            packed: false,
            wants_packed: false,
            forwarded_for: None,
        }
    }

    /// One request of the exchange, compressed where that gains something.
    pub(super) fn exchange(body: Vec<u8>) -> Result<Self, Failure> {
        let packed = body.len() >= COMPRESS_FROM_BYTES;
        let body = if packed { zstd::bulk::compress(&body, LEVEL)? } else { body };
        let media = Some("application/vnd.banlang.sync");
        Ok(Self { method: Method::POST, body, media, packed, wants_packed: true, ..Self::get("/v1/sync") })
    }

    /// A page for the write-only endpoint.
    pub(super) fn deposit(page: &[u8]) -> Result<Self, Failure> {
        let body = zstd::bulk::compress(page, 1)?;
        let media = Some("application/vnd.banlang.page");
        Ok(Self { method: Method::POST, body, media, packed: true, wants_packed: true, ..Self::get("/v1/deposits") })
    }

    pub(super) fn json(path: &str, body: &serde_json::Value) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body)?;
        Ok(Self { method: Method::POST, body, media: Some("application/json"), ..Self::get(path) })
    }

    /// The answer may come compressed.
    pub(super) fn compressed(self) -> Self {
        Self { wants_packed: true, ..self }
    }

    /// Comes, as far as limits on attempts go, from this address.
    pub(super) fn forwarded_for(self, address: String) -> Self {
        Self { forwarded_for: Some(address), ..self }
    }
}

/// What lets a device in.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) key: SigningKey,
    pub(super) token: String,
}

/// The line.
pub(super) struct Line {
    address: SocketAddr,
    meter: Arc<Meter>,
    access: Option<Access>,
    counter: u64,
    open: Option<SendRequest<Body>>,
}

impl Line {
    pub(super) fn new(address: SocketAddr, meter: Arc<Meter>, access: Option<Access>) -> Self {
        Self { address, meter, access, counter: 0, open: None }
    }

    /// Leads to a server at another address from now on.
    pub(super) fn move_to(&mut self, address: SocketAddr) {
        self.address = address;
        self.open = None;
    }

    /// Asks and returns the body of a successful answer, unpacked.
    pub(super) async fn ask(&mut self, ask: &Ask) -> Result<Vec<u8>, Failure> {
        Ok(self.ask_timed(ask).await?.1)
    }

    /// As [`Line::ask`], with the time from the request to the head of the answer.
    pub(super) async fn ask_timed(&mut self, ask: &Ask) -> Result<(Duration, Vec<u8>), Failure> {
        let headers = self.headers(ask)?;
        let mut sender = match self.open.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await?;
        let mut request =
            Request::builder().method(ask.method.clone()).uri(&ask.path).body(Body::from(ask.body.clone()))?;
        *request.headers_mut() = headers;
        self.meter.request();
        let began = Instant::now();
        let response = sender.send_request(request).await?;
        let answered = began.elapsed();
        self.open = Some(sender);
        let status = response.status();
        let packed = response.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "zstd");
        let bytes = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX).await?;
        let bytes = if packed { unpack(&bytes)? } else { bytes.into() };
        if !status.is_success() {
            let problem: String = String::from_utf8_lossy(&bytes).chars().take(400).collect();
            return Err(format!("{} {}: {status}: {problem}", ask.method, ask.path).into());
        }
        Ok((answered, bytes))
    }

    fn headers(&mut self, ask: &Ask) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(media) = ask.media {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        }
        if ask.wants_packed {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("zstd"));
        }
        if ask.packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        if let Some(address) = &ask.forwarded_for {
            headers.insert("x-forwarded-for", address.parse()?);
        }
        if let Some(Access { key, token }) = &self.access {
            self.counter += 1;
            let proof = statement::proof_header(key, ask.method.as_str(), &ask.path, &ask.body, token, self.counter);
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
            headers.insert(statement::PROOF_HEADER, proof.parse()?);
        }
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(HOST, self.address.to_string().parse()?);
        Ok(headers)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Failure> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let counted = Counted { stream, meter: self.meter.clone() };
        let (sender, connection) = http1::handshake(TokioIo::new(counted)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut unpacked = Vec::new();
    zstd::stream::read::Decoder::new(bytes)?.take(MOST_UNPACKED_BYTES).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}
