//! Media types and compression of what devices exchange.

use std::io::Read;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::layers::Terse;
use crate::problem::{MEDIA, Problem};

/// Bodies below this size gain nothing from compression.
const WORTH_BYTES: usize = 200;
/// Up to this size a body is compressed as small as is quick; above it, fast.
const SMALL_BYTES: usize = 16 << 10;

/// Checks the media type of a body.
pub(crate) fn expect_media(headers: &HeaderMap, accepted: &'static str) -> Result<(), Problem> {
    if media(headers) == accepted {
        return Ok(());
    }
    Err(MEDIA.problem().field("content-type").accepted(accepted))
}

/// The media type of a body, without parameters.
pub(crate) fn media(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn pack_zstd(body: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(body, if body.len() <= SMALL_BYTES { 12 } else { 3 }).ok()
}

/// For browsers that do not know zstd, or do not take it without TLS.
fn pack_gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    flate2::bufread::GzEncoder::new(body, flate2::Compression::new(6)).read_to_end(&mut packed).ok()?;
    Some(packed)
}

/// Whether the caller takes this encoding.
pub(crate) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !parts.any(|part| matches!(part.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000")))
    })
}

/// A response of this media type, compressed where the caller takes that and it gains something. Headers are few:
/// each byte counts on a slow link.
pub(crate) fn respond(request: &HeaderMap, media: &'static str, body: Vec<u8>) -> Response {
    let taken = ["zstd", "gzip"].into_iter().find(|encoding| accepts(request, encoding));
    let packed = taken
        .filter(|_| body.len() > WORTH_BYTES)
        .and_then(|encoding| Some((encoding, if encoding == "zstd" { pack_zstd(&body) } else { pack_gzip(&body) }?)))
        .filter(|(_, packed)| packed.len() < body.len());
    let encoding = packed.as_ref().map(|(encoding, _)| *encoding);
    let mut response = packed.map_or(body, |(_, packed)| packed).into_response();
    response.extensions_mut().insert(Terse);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_who_takes_no_zstd() {
        let body: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
        let asks = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"))]);
        assert_eq!(respond(&asks, "x/y", body).headers()[header::CONTENT_ENCODING], "gzip");
    }

    #[test]
    fn an_encoding_with_weight_zero_is_not_accepted() {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd;q=0"))]);
        assert!(accepts(&headers, "gzip") && !accepts(&headers, "zstd"));
    }
}
