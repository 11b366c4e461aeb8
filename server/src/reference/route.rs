//! Reference data over HTTP: documents with ETags, search of villages.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bundle::Bundle;
use super::document::{of_kind, respond};
use super::kind::Kind;
use super::village::Village;
use crate::app::AppState;
use crate::auth::Principal;
use crate::problem::{Json, Path, Problem, ProblemKind, QUERY, Query};

const UNKNOWN_KIND: ProblemKind =
    ProblemKind::new(404, "reference.unknown-kind", "No such kind of reference data", "Không có loại danh mục này");
/// How many villages a search answers unless asked otherwise, and at most.
const USUAL_HITS: usize = 20;
const MOST_HITS: usize = 200;

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(bundle))
        .routes(routes!(kind))
        .routes(routes!(villages))
        .merge(super::choice_route::router())
        .merge(super::import_route::router())
        .merge(super::posts::router())
}

/// All that the caller's areas need without signal, in one document. `if-none-match` answers 304.
#[utoipa::path(get, path = "/v1/reference/bundle", tag = "reference",
    responses((status = 200, description = "The bundle", body = Object), (status = 304, description = "Unchanged")))]
async fn bundle(State(app): State<AppState>, headers: HeaderMap, principal: Principal) -> Result<Response, Problem> {
    let catalogue = app.reference.current().await?;
    respond(&headers, &Bundle::cut(&catalogue, principal.areas.areas()))
}

/// One kind of reference data, whole. `if-none-match` answers 304.
#[utoipa::path(get, path = "/v1/reference/{kind}", tag = "reference",
    params(("kind" = String, Path, description = "units, villages, posts, materials, topics and so on")),
    responses((status = 200, description = "kind, version, items", body = Object),
        (status = 304, description = "Unchanged")))]
async fn kind(
    State(app): State<AppState>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    _: Principal,
) -> Result<Response, Problem> {
    let kind = match known_kind(&kind) {
        Ok(kind) => kind,
        Err(problem) => return Err(problem.accepted(format!("bundle, {}", Kind::accepted()))),
    };
    respond(&headers, &of_kind(&*app.reference.current().await?, kind))
}

/// The kind of this name.
pub(super) fn known_kind(name: &str) -> Result<Kind, Problem> {
    name.parse().map_err(|_| UNKNOWN_KIND.problem().field("kind").accepted(Kind::accepted()))
}

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Search {
    /// A name or part of it, with or without tone marks. All villages without it.
    #[param(max_length = 100, pattern = r"^[^\x00]*$")]
    near: Option<String>,
    /// Only villages of this unit, for instance 2025-06841.
    #[param(inline, value_type = Option<crate::openapi::Area>)]
    area: Option<AreaId>,
    /// How many at most: 1 to 200, usually 20.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Villages that answer a search, best first.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    /// Version of the catalogue.
    version: u64,
    /// The villages.
    villages: Vec<Village>,
}

/// Finds villages by name, former names too. Merged villages answer with the one they became part of.
#[utoipa::path(get, path = "/v1/villages", tag = "reference", params(Search),
    responses((status = 200, body = Found)))]
async fn villages(
    State(app): State<AppState>,
    Query(search): Query<Search>,
    _: Principal,
) -> Result<Json<Found>, Problem> {
    let limit = search.limit.unwrap_or(USUAL_HITS);
    if !(1..=MOST_HITS).contains(&limit) {
        return Err(QUERY.problem().field("limit").accepted(format!("a number from 1 to {MOST_HITS}")));
    }
    let near = search.near.unwrap_or_default();
    if near.chars().count() > 100 {
        return Err(QUERY.problem().field("near").accepted("at most 100 characters"));
    }
    let catalogue = app.reference.current().await?;
    if search.area.is_some_and(|area| catalogue.unit(area).is_none()) {
        return Err(QUERY.problem().field("area").accepted("a unit of the reference data, for instance 2025-06841"));
    }
    let scope = search.area.map(|area| std::collections::BTreeSet::from([area]));
    let found = catalogue.find_villages(&near, scope.as_ref(), limit);
    Ok(Json(Found { version: catalogue.version(), villages: found.into_iter().cloned().collect() }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::{StatusCode, header};
    use sync_core::id::{CertificateNo, DeviceId, RecorderId, Role, UnixMs};

    use super::*;
    use crate::auth::Scope;
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::db::Db;
    use crate::db::testing::{Failure, on_each};
    use crate::on_db;
    use crate::reference::sample;

    async fn app(db: &Db) -> Result<AppState, Failure> {
        sample::install(db, true, UnixMs(0)).await?;
        let config = Config::defaults_in(std::path::Path::new("unused"))?;
        Ok(AppState::new(db.clone(), config, Arc::new(ManualClock::at(UnixMs(1_000)))))
    }

    /// Someone granted these areas, signed in until 10,000 ms.
    async fn person(app: &AppState, role: Role, granted: &[&str]) -> Result<Principal, Failure> {
        const ACCOUNT: &str = "insert into account (username, display_name, role, password_hash, active, created_at_ms) \
                               values ($1, 'x', $1, 'x', $2, 0) returning id";
        const GRANT: &str = "insert into account_area (account_id, generation, code) values ($1, $2, $3)";
        const DEVICE: &str = "insert into device (id, public_key, account_id, label, enrolled_at_ms, certificate_no) \
                              values ($1, $2, $3, 'x', 0, 1)";
        const CERTIFICATE: &str = "insert into certificate (device_id, no, role, recorder, issued_at_ms, \
                                   expires_at_ms, jwt) values ($1, 1, $2, $3, 0, 10000, 'x')";
        const SIGN_IN: &str = "insert into sign_in (device_id, account_id, created_at_ms, expires_at_ms) \
                               values ($1, $2, 0, 10000) returning id";
        let catalogue = app.reference.current().await?;
        let granted: Vec<AreaId> = granted.iter().map(|area| area.parse()).collect::<Result<_, _>>()?;
        let device = DeviceId([role as u8; 8]);
        let mut tx = app.db.begin().await?;
        let account: i64 = on_db!(tx, |c| sqlx::query_scalar(ACCOUNT).bind(role.name()).bind(true).fetch_one(c).await)?;
        for area in &granted {
            let (generation, code) = (i64::from(area.generation), i64::from(area.code));
            on_db!(tx, |c| sqlx::query(GRANT).bind(account).bind(generation).bind(code).execute(c).await.map(drop))?;
        }
        let key = [role as u8; 32].to_vec();
        let id = device.0.to_vec();
        on_db!(tx, |c| sqlx::query(DEVICE).bind(&id).bind(key).bind(account).execute(c).await.map(drop))?;
        on_db!(tx, |c| {
            sqlx::query(CERTIFICATE).bind(&id).bind(role.name()).bind(account).execute(c).await.map(drop)
        })?;
        let sign_in: i64 = on_db!(tx, |c| sqlx::query_scalar(SIGN_IN).bind(&id).bind(account).fetch_one(c).await)?;
        tx.commit().await?;
        let areas = match role {
            Role::Guard | Role::Officer => Scope::Areas(Arc::new(catalogue.scope_of(granted.iter().copied()))),
            Role::Coordinator | Role::Administrator => Scope::All,
        };
        let recorder = RecorderId(u32::try_from(account)?);
        Ok(Principal { account, recorder, role, device, certificate: CertificateNo(1), sign_in, granted, areas })
    }

    #[tokio::test]
    async fn an_unchanged_list_or_bundle_answers_304() -> Result<(), Failure> {
        on_each(async |db| {
            let app = app(db).await?;
            let guard = person(&app, Role::Guard, &["2025-06841"]).await?;
            let mut headers = HeaderMap::new();
            let units = async |headers: HeaderMap| {
                kind(State(app.clone()), Path("units".to_owned()), headers, guard.clone()).await.map_err(|p| p.code())
            };
            let first = units(headers.clone()).await?;
            headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
            assert_eq!(units(headers.clone()).await?.status(), StatusCode::NOT_MODIFIED);
            let bundled = bundle(State(app.clone()), headers, guard.clone()).await.map_err(|problem| problem.code())?;
            assert_eq!(bundled.status(), StatusCode::OK);
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, bundled.headers()[header::ETAG].clone())]);
            let again = bundle(State(app.clone()), headers, guard.clone()).await.map_err(|problem| problem.code())?;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            let unknown = kind(State(app.clone()), Path("unit".to_owned()), HeaderMap::new(), guard).await;
            assert!(unknown.expect_err("unknown").document().accepted.is_some_and(|kinds| kinds.contains("units")));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn villages_are_found_by_name_and_bad_limits_are_named() -> Result<(), Failure> {
        on_each(async |db| {
            let app = app(db).await?;
            let guard = person(&app, Role::Guard, &["2025-06841"]).await?;
            let search = async |near: &str, area: Option<AreaId>, limit| {
                let search = Search { near: Some(near.to_owned()), area, limit };
                villages(State(app.clone()), Query(search), guard.clone()).await
            };
            let found = search("na choong", None, None).await.map_err(|problem| problem.code())?;
            assert_eq!(found.0.villages[0].id, "06841-na-choong");
            let refused = search("na", None, Some(0)).await.expect_err("no limit of 0").document();
            assert_eq!((refused.field.as_deref(), refused.status), (Some("limit"), 400));
            let refused = search("na", Some("2025-99999".parse()?), None).await.expect_err("no such unit").document();
            assert_eq!((refused.field.as_deref(), refused.status), (Some("area"), 400));
            Ok(())
        })
        .await
    }
}
