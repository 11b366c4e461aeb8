//! HTTP to the server: few headers, zstd where it pays, refusals as data.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use reqwest::{Method, StatusCode, Url};
use serde::{Deserialize, Serialize};
use sync_core::id::UnixMs;

use super::error::FieldError;
use super::key::DeviceKey;
use crate::auth::statement;
use crate::cli::Lang;

/// How long the connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may stay silent; a slow link is slow, not silent.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// Bodies below this many bytes go as they are: compression would add to them.
const COMPRESS_FROM_BYTES: usize = 200;
const LEVEL: i32 = 9;
/// The most a body may unpack to.
const MOST_UNPACKED_BYTES: u64 = 512 << 20;

/// What went over the line, bodies only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Requests made.
    pub requests: u64,
    /// Bytes of request bodies, as sent.
    pub bytes_up: u64,
    /// Bytes of response bodies, as received.
    pub bytes_down: u64,
}

/// A problem as the server stated it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What it means, in English.
    pub title: String,
    /// What it means, in Vietnamese.
    pub title_vi: String,
    /// The particulars.
    pub detail: Option<String>,
    /// The field it is about.
    pub field: Option<String>,
    /// What is accepted there.
    pub accepted: Option<String>,
    /// The same in Vietnamese.
    pub accepted_vi: Option<String>,
    /// The particulars in Vietnamese.
    pub detail_vi: Option<String>,
}

impl Refusal {
    /// The refusal as a person reads it.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut text = lang.pick(&self.title_vi, &self.title).to_owned();
        if let Some(field) = &self.field {
            text.push_str(&format!("; {}: {field}", lang.pick("mục", "field")));
        }
        let vi = lang == Lang::Vi;
        let accepted = self.accepted_vi.as_ref().filter(|_| vi).or(self.accepted.as_ref());
        if let Some(accepted) = accepted {
            text.push_str(&format!("; {}: {accepted}", lang.pick("hãy ghi", "accepted")));
        }
        // What a library says in English adds nothing to what is accepted, said in Vietnamese.
        let said_all = vi && self.accepted_vi.is_some() && self.detail_vi.is_none();
        let detail = self.detail_vi.as_ref().filter(|_| vi).or(self.detail.as_ref()).filter(|_| !said_all);
        if let Some(detail) = detail {
            text.push_str(&format!(" ({detail})"));
        }
        format!("{text} [{}]", self.code)
    }
}

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Access {
    pub(super) token: String,
    /// By the device's own clock: when it was received plus how long it lives.
    pub(super) until: UnixMs,
}

/// A response that is no refusal.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) tag: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// What to ask.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// From the root: `/v1/sync`.
    pub(super) path: &'a str,
    pub(super) body: Vec<u8>,
    pub(super) content_type: Option<&'static str>,
    /// Both ways may be compressed.
    pub(super) compress: bool,
    pub(super) tag: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, body: Vec::new(), content_type: None, compress: false, tag: None }
    }

    pub(super) fn post(path: &'a str, body: Vec<u8>) -> Self {
        Self { method: Method::POST, body, ..Self::get(path) }
    }

    /// A body of this media type, zstd both ways.
    pub(super) fn exchange(path: &'a str, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { content_type: Some(content_type), compress: true, ..Self::post(path, body) }
    }

    pub(super) fn json<T: Serialize>(path: &'a str, body: &T) -> Result<Self, FieldError> {
        let body = serde_json::to_vec(body).map_err(|error| FieldError::Answer(error.to_string()))?;
        Ok(Self { content_type: Some("application/json"), ..Self::post(path, body) })
    }
}

/// The line to one server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    pub(super) traffic: Traffic,
    /// How long a request may take from its first byte to its last; only the line's silence ends one without.
    pub(super) patience: Option<Duration>,
    /// The last counter; it only ascends within one token.
    counter: u64,
}

impl Client {
    /// A client of the server at this address.
    pub(super) fn new(server: &str) -> Result<Self, FieldError> {
        let base = parse_server(server)?;
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        // Without TLS the system's certificates are not needed, and a machine may have none.
        let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let http = builder.build().map_err(|error| FieldError::Unreachable(chain(&error)))?;
        Ok(Self { http, base, traffic: Traffic::default(), patience: None, counter: 0 })
    }

    /// Asks without a token.
    pub(super) async fn ask(&mut self, ask: Ask<'_>) -> Result<Answer, FieldError> {
        self.send(ask, None).await
    }

    /// Asks with a token and the device key's proof.
    pub(super) async fn ask_signed(
        &mut self,
        ask: Ask<'_>,
        key: &DeviceKey,
        token: &str,
        now: UnixMs,
    ) -> Result<Answer, FieldError> {
        self.send(ask, Some((key, token, now))).await
    }

    async fn send(
        &mut self,
        mut ask: Ask<'_>,
        signed: Option<(&DeviceKey, &str, UnixMs)>,
    ) -> Result<Answer, FieldError> {
        let url = self.base.join(ask.path).map_err(|error| {
            FieldError::value(
                "PATH",
                ask.path,
                "đường dẫn bắt đầu bằng /",
                format!("a path that begins with / ({error})"),
            )
        })?;
        let mut headers = HeaderMap::new();
        if let Some(content_type) = ask.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(tag) = ask.tag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
            headers.insert(IF_NONE_MATCH, tag);
        }
        if ask.compress {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("zstd"));
        }
        if ask.compress && ask.body.len() >= COMPRESS_FROM_BYTES {
            ask.body = zstd::bulk::compress(&ask.body, LEVEL).map_err(|error| FieldError::io("zstd", error))?;
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        if let Some((key, token, now)) = signed {
            self.counter = (self.counter + 1).max(u64::try_from(now.0).unwrap_or(0).saturating_mul(1_000));
            let target = match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            };
            let proof = statement::proof_header(
                key.signing_key(),
                ask.method.as_str(),
                &target,
                &ask.body,
                token,
                self.counter,
            );
            let mut insert = |name: &'static str, value: &str| {
                HeaderValue::from_str(value).map(|value| headers.insert(name, value)).map(drop)
            };
            insert(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
                .and_then(|()| insert(statement::PROOF_HEADER, &proof))
                .map_err(|error| FieldError::Answer(error.to_string()))?;
        }
        self.traffic.requests += 1;
        self.traffic.bytes_up += ask.body.len() as u64;
        let mut request = self.http.request(ask.method, url).headers(headers).body(ask.body);
        if let Some(patience) = self.patience {
            request = request.timeout(patience);
        }
        let unreachable = |error: reqwest::Error| FieldError::Unreachable(chain(&error));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let (tag, encoding) = (header(ETAG), header(CONTENT_ENCODING));
        let bytes = response.bytes().await.map_err(unreachable)?;
        self.traffic.bytes_down += bytes.len() as u64;
        let bytes = match encoding.as_deref() {
            Some("zstd") => unpack(&bytes)?,
            _ => bytes.to_vec(),
        };
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(Answer { status, tag, bytes });
        }
        let mut refusal: Refusal = serde_json::from_slice(&bytes).unwrap_or_default();
        refusal.status = status.as_u16();
        if refusal.code.is_empty() {
            refusal.code = format!("http.{}", status.as_u16());
            refusal.title = format!("the server answered {status}");
            refusal.title_vi = format!("máy chủ trả lời {status}");
        }
        Err(FieldError::Refused(Box::new(refusal)))
    }
}

fn parse_server(server: &str) -> Result<Url, FieldError> {
    let refused = || {
        FieldError::value(
            "--server",
            server,
            "địa chỉ như https://banlang.example hoặc http://127.0.0.1:8080",
            "an address like https://banlang.example or http://127.0.0.1:8080",
        )
    };
    let url = Url::parse(server.trim()).map_err(|_| refused())?;
    let plain = url.query().is_none() && url.fragment().is_none() && matches!(url.path(), "" | "/");
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
        return Err(refused());
    }
    Ok(url)
}

/// The whole cause: reqwest's own text stops at "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

/// The bytes of a zstd frame, bounded.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, FieldError> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| FieldError::Answer(format!("zstd: {error}"));
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(unreadable)?;
    let mut out = Vec::new();
    decoder.take(MOST_UNPACKED_BYTES).read_to_end(&mut out).map_err(unreadable)?;
    Ok(out)
}
