//! Reference data as HTTP documents, each with a strong ETag: an unchanged one costs a device no body.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sync_core::id::to_hex;

use super::catalogue::Catalogue;
use super::kind::Kind;
use crate::problem::Problem;

/// One kind as a document: `kind`, `version` of the catalogue, `items`.
#[must_use]
pub fn of_kind(catalogue: &Catalogue, kind: Kind) -> Value {
    let items = catalogue.items();
    let rows = match kind {
        Kind::Units => {
            return json!({
                "kind": kind.name(),
                "version": catalogue.version(),
                "items": catalogue.units().collect::<Vec<_>>(),
                "lineage": catalogue
                    .units()
                    .flat_map(|unit| catalogue.lineage().successors(unit.area))
                    .collect::<Vec<_>>(),
            });
        }
        Kind::Villages => json!(catalogue.villages().collect::<Vec<_>>()),
        Kind::Hotlines => json!(items.hotlines),
        Kind::Posts => json!(items.posts),
        Kind::Panels => json!(items.panels),
        Kind::Clubs => json!(items.clubs),
        Kind::Plans => json!(items.plans),
        kind => json!(items.terms(kind)),
    };
    json!({ "kind": kind.name(), "version": catalogue.version(), "items": rows })
}

/// The document with its ETag, or 304 without a body when the caller has it. The tag is a hash of the bytes, so two
/// server processes give one document one tag.
///
/// # Errors
/// When the document has no JSON form, which its types rule out.
pub fn respond<T: serde::Serialize>(headers: &HeaderMap, document: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).map_err(Problem::internal)?;
    let tag = format!("\"{}\"", to_hex(&Sha256::digest(&body)[..16]));
    let value = HeaderValue::from_str(&tag).map_err(Problem::internal)?;
    let caching = [(header::ETAG, value), (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if has(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((caching, json, body).into_response())
}

/// Whether `if-none-match` names this tag; compared weakly, as RFC 9110 asks for this header.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(tags: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(tags).expect("a header"))])
    }

    #[test]
    fn an_unchanged_document_answers_304_without_a_body() {
        let first = respond(&HeaderMap::new(), &json!({"a": 1})).expect("responds");
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().expect("text");
        assert!(tag.starts_with('"'), "strong: {tag}");
        for tags in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let second = respond(&asking(&tags), &json!({"a": 1})).expect("responds");
            assert_eq!(second.status(), StatusCode::NOT_MODIFIED, "{tags}");
            assert_eq!(second.headers()[header::ETAG], first.headers()[header::ETAG]);
        }
        let changed = respond(&asking(tag), &json!({"a": 2})).expect("responds");
        assert_eq!(changed.status(), StatusCode::OK);
    }
}
