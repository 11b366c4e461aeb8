//! `GET /v1/areas/{area}/snapshot`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use sync_core::id::{AreaId, from_hex};
use sync_core::log::Digest16;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::file_body::FileBody;
use super::snapshot;
use crate::app::AppState;
use crate::auth::Principal;
use crate::ingest::accepts;
use crate::problem::{MEDIA, Path, Problem, ProblemKind, QUERY, Query};

/// The media type of an unpacked snapshot.
pub const SNAPSHOT: &str = "application/vnd.banlang.snapshot";

/// No such snapshot, or its area is not the caller's.
pub const UNKNOWN: ProblemKind = ProblemKind::new(
    404,
    "snapshot.unknown",
    "No such snapshot; sync again for a newer one",
    "Không có bản chụp này, hãy đồng bộ lại",
);

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(area_snapshot))
}

/// Which snapshot.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The digest of the offer, 32 hexadecimal digits.
    #[param(inline, value_type = crate::openapi::Hex32)]
    digest: String,
}

/// An area's prepared snapshot, as it was offered in an exchange
#[utoipa::path(get, path = "/v1/areas/{area}/snapshot", tag = "sync",
    params(("area" = inline(crate::openapi::Area), Path, description = "For instance 2025-06841"), Which),
    responses((status = 200, description = "A snapshot, zstd", body = crate::openapi::Binary,
        content_type = "application/vnd.banlang.snapshot")))]
async fn area_snapshot(
    State(app): State<AppState>,
    Path(area): Path<AreaId>,
    Query(which): Query<Which>,
    headers: HeaderMap,
    principal: Principal,
) -> Result<Response, Problem> {
    let digest = from_hex::<16>(&which.digest)
        .map(Digest16)
        .ok_or_else(|| QUERY.problem().field("digest").accepted("32 hexadecimal digits"))?;
    if !accepts(&headers, "zstd") {
        return Err(MEDIA.problem().field("accept-encoding").accepted("zstd"));
    }
    if !principal.areas.contains(area) {
        return Err(UNKNOWN.problem());
    }
    let name = snapshot::find(&app.db, area, digest).await?.ok_or_else(|| UNKNOWN.problem())?;
    // The file may lie on another server process's disk, or have been replaced in this moment.
    let path = app.config.data_dir.join("snapshots").join(name);
    let file = tokio::fs::File::open(path).await.map_err(|_| UNKNOWN.problem())?;
    let length = file.metadata().await.map_err(|_| UNKNOWN.problem())?.len();
    let mut response = Response::new(Body::new(FileBody::new(file, length)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SNAPSHOT));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    Ok(response)
}
