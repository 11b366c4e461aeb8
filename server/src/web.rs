//! The field app: files built from `server/web`, embedded in the program (a debug build reads them from the disk).
//!
//! A file under `assets/` carries a hash of its content in its name and may be kept for ever; every other one is asked
//! for anew and answered 304 while it is the same. Scripts may come from here alone, and nothing speaks to anybody else.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use sync_core::id::to_hex;

use crate::ingest::accepts;

/// What the app's pages and workers may do. Compiling WebAssembly is the only exception to scripts from files.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                      img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What of the machine the app may ask a person for: a place, and the camera for a QR code.
const PERMISSIONS: &str = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Encodings files were prepared in, the smallest first.
const PREPARED: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

/// Answers with a file of the app; 404 for anything else.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    // The prepared encodings are not files of their own.
    let prepared = PREPARED.iter().any(|(_, suffix)| path.ends_with(suffix));
    match Files::get(path).filter(|_| !prepared) {
        Some(file) => answer(path, &file, &headers),
        None if path == "index.html" => unbuilt(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", to_hex(&file.metadata.sha256_hash()[..12]));
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let packed = PREPARED
        .iter()
        .filter(|(encoding, _)| accepts(asked, encoding))
        .find_map(|(encoding, suffix)| Some((*encoding, Files::get(&format!("{path}{suffix}"))?)));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::empty()) };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    let caching = if path.starts_with("assets/") { FOR_EVER } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if known {
        return response;
    }
    let data = match packed {
        Some((encoding, packed)) => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            packed.data
        }
        None => file.data.clone(),
    };
    *response.body_mut() = Body::from(data.into_owned());
    response
}

fn media(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The program was built without the app: the API works all the same.
fn unbuilt() -> Response {
    const PAGE: &str = "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><title>Bản làng</title>\
        <p>Chương trình này được dựng không kèm ứng dụng. Chạy <code>make web</code> rồi dựng lại.</p>\
        <p lang=\"en\">This program was built without the app. Run <code>make web</code>, then build it again. \
        The API is described at <a href=\"/docs\">/docs</a>.</p></html>";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], PAGE).into_response()
}
