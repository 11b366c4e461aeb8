//! Compression of what devices exchange. What comes is bounded while it is unpacked, never after.

use std::io::Read;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::layers::Terse;
use crate::problem::{MEDIA, Problem, ProblemKind, TOO_LARGE};

/// A body's compression is broken.
pub const CONTENT_ENCODING: ProblemKind = ProblemKind::new(
    400,
    "body.encoding",
    "The body is not of the encoding it names",
    "Nội dung không đúng kiểu nén đã khai báo",
);

/// Bodies below this size gain nothing from compression.
const WORTH_BYTES: usize = 200;
/// The largest window a sender may ask the server to keep: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;
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

/// The body as it was before compression, at most `limit` bytes of it.
pub(crate) fn unpack(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
    match encoding.trim() {
        "identity" | "" => Ok(body),
        "zstd" => unpack_zstd(&body, limit),
        "gzip" => unpack_gzip(&body, limit),
        _ => Err(MEDIA.problem().field("content-encoding").accepted("zstd, gzip or identity")),
    }
}

fn unpack_zstd(body: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let broken = || CONTENT_ENCODING.problem().field("body").accepted("one zstd frame, window at most 8 MiB");
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(|_| broken())?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| broken())?;
    read_bounded(decoder, limit, broken)
}

/// What browsers can make by themselves.
fn unpack_gzip(body: &[u8], limit: usize) -> Result<Bytes, Problem> {
    let broken = || CONTENT_ENCODING.problem().field("body").accepted("one gzip member");
    read_bounded(flate2::bufread::GzDecoder::new(body), limit, broken)
}

fn read_bounded(from: impl Read, limit: usize, broken: impl Fn() -> Problem) -> Result<Bytes, Problem> {
    let mut unpacked = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut unpacked).map_err(|_| broken())?;
    if unpacked.len() > limit {
        return Err(TOO_LARGE.problem().field("body").accepted(format!("at most {limit} bytes once unpacked")));
    }
    Ok(unpacked.into())
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

    fn gzip_headers() -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))])
    }

    #[test]
    fn gzip_comes_and_goes_and_is_bounded() {
        let body: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
        let packed = pack_gzip(&body).expect("packs");
        assert_eq!(unpack(&gzip_headers(), packed.clone().into(), body.len()).expect("unpacks"), body);
        for cut in [1, 9, packed.len() / 2, packed.len() - 1] {
            assert!(unpack(&gzip_headers(), packed[..cut].to_vec().into(), body.len()).is_err(), "{cut}");
        }
        let bomb = pack_gzip(&vec![0; 64 << 20]).expect("packs");
        let problem = unpack(&gzip_headers(), bomb.into(), 1 << 20).expect_err("refused");
        assert_eq!(problem.kind(), TOO_LARGE);
        let asks = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"))]);
        assert_eq!(respond(&asks, "x/y", body).headers()[header::CONTENT_ENCODING], "gzip");
    }

    fn zstd_headers() -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"))])
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).expect("compresses");
        let problem = unpack(&zstd_headers(), bomb.into(), 1 << 20).expect_err("refused");
        assert_eq!(problem.code(), "body.too-large");
    }

    #[test]
    fn a_body_cut_anywhere_is_refused() {
        let body = zstd::bulk::compress(&(0..5000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>(), 3).expect("ok");
        for len in 0..body.len() {
            let cut = Bytes::copy_from_slice(&body[..len]);
            // The empty body is no frame; every other cut ends inside one.
            let unpacked = unpack(&zstd_headers(), cut, 1 << 20);
            assert!(unpacked.is_err() || len == 0, "{len}");
        }
    }

    #[test]
    fn an_encoding_with_weight_zero_is_not_accepted() {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd;q=0"))]);
        assert!(accepts(&headers, "gzip") && !accepts(&headers, "zstd"));
    }
}
