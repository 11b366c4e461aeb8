//! The field app: files built from `server/web`, embedded in the program (a debug build reads them from the disk).
//!
//! A file under `assets/` carries a hash of its content in its name and may be kept for ever; every other one is asked
//! for anew and answered 304 while it is the same. Scripts may come from here alone, and nothing speaks to anybody else, but
//! for a map's background where an administrator set one: its origin stands in the policy then, and in the tags of what
//! carries a policy, so that a change reaches pages and workers at their next request.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};
use sync_core::id::to_hex;

use crate::app::AppState;
use crate::ingest::accepts;

/// What of the machine the app may ask a person for: a place, and the camera for a QR code.
const PERMISSIONS: &str = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Encodings files were prepared in, the smallest first.
const PREPARED: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

/// What the app's pages and workers may do. Compiling WebAssembly is the only exception to scripts from files.
fn policy(basemap: Option<&str>) -> String {
    let basemap = basemap.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: \
         blob:{basemap}; media-src 'self' blob:; connect-src 'self'{basemap}; worker-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// Answers with a file of the app; 404 for anything else.
pub(crate) async fn serve(State(app): State<AppState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
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
        Some(file) => {
            let basemap = app.basemap.origin(&app.db, app.now()).await;
            answer(path, &file, &headers, basemap.as_deref())
        }
        None if path == "index.html" => unbuilt(app.basemap.origin(&app.db, app.now()).await.as_deref()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether a browser may keep the file for ever, the policy it came with included. A worker lives under the policy of its
/// own file, so that of the map, which loads the background, is asked for anew.
fn keeps(path: &str) -> bool {
    path.starts_with("assets/") && !(path.starts_with("assets/hq/") && path.contains("worker"))
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap, basemap: Option<&str>) -> Response {
    let policy = policy(basemap);
    let content = to_hex(&file.metadata.sha256_hash()[..12]);
    let tag = match basemap {
        Some(_) if !keeps(path) => format!("\"{content}-{}\"", to_hex(&Sha256::digest(&policy)[..4])),
        _ => format!("\"{content}\""),
    };
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let packed = PREPARED
        .iter()
        .filter(|(encoding, _)| accepts(asked, encoding))
        .find_map(|(encoding, suffix)| Some((*encoding, Files::get(&format!("{path}{suffix}"))?)));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::empty()) };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    let caching = if keeps(path) { FOR_EVER } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    set_policy(headers, &policy);
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

fn set_policy(headers: &mut HeaderMap, policy: &str) {
    // Made of ASCII alone: `setting::origin_of` lets nothing else through.
    let value = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, value);
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
fn unbuilt(basemap: Option<&str>) -> Response {
    const PAGE: &str = "<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><title>Bản làng</title>\
        <p>Chương trình này được dựng không kèm ứng dụng. Chạy <code>make web</code> rồi dựng lại.</p>\
        <p lang=\"en\">This program was built without the app. Run <code>make web</code>, then build it again. \
        The API is described at <a href=\"/docs\">/docs</a>.</p></html>";
    let fixed = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (fixed, PAGE).into_response();
    set_policy(response.headers_mut(), &policy(basemap));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_for_ever_but_for_pages_and_the_worker_of_the_map() {
        for path in ["assets/app-1a2b.js", "assets/hq/map-1a2b.js", "assets/worker-1a2b.js"] {
            assert!(keeps(path), "{path}");
        }
        for path in ["index.html", "sw.js", "assets/hq/maplibre-gl-csp-worker-1a2b.js"] {
            assert!(!keeps(path), "{path}");
        }
    }

    #[test]
    fn a_basemap_changes_what_may_be_loaded_and_nothing_else() {
        let without = policy(None);
        let with = policy(Some("https://map.example.vn"));
        assert_eq!(with.replace(" https://map.example.vn", ""), without);
        assert_eq!(with.matches("https://map.example.vn").count(), 2);
    }
}
