//! The frame every route stands in, called in process.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::{get, post};
use serde_json::Value;
use server::app::AppState;
use server::clock::ManualClock;
use server::config::{Config, Sources};
use server::db::testing::{Failure, TestDb};
use server::problem::{Json, MEDIA_TYPE, Path, Problem, Query};
use server::router::{frame, router};
use sync_core::id::{AreaId, UnixMs};
use tower::ServiceExt;

async fn app(settings: &[(&str, &str)]) -> Result<(TestDb, AppState), Failure> {
    let test = TestDb::sqlite().await?;
    let flags = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = Config::load(&Sources { flags, ..Sources::default() })?;
    let app = AppState::new(test.db.clone(), config, Arc::new(ManualClock::at(UnixMs(0))));
    Ok((test, app))
}

async fn call(router: Router, request: Request<Body>) -> Result<Response<Body>, Failure> {
    Ok(router.oneshot(request).await?)
}

async fn document(response: Response<Body>) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await?)?)
}

/// The problem of a response, after checking that it is one.
async fn problem(response: Response<Body>) -> Result<(u16, Value), Failure> {
    assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
    assert!(response.headers().contains_key("x-request-id"));
    let status = response.status().as_u16();
    let document = document(response).await?;
    assert_eq!(document["status"], status);
    assert!(document["title_vi"].is_string());
    Ok((status, document))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    area: AreaId,
    #[serde(default)]
    days: Vec<u16>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u16>,
}

/// Routes that show what a feature's routes would.
fn sample() -> Router<AppState> {
    Router::new()
        .route("/ask", post(async |Json(asked): Json<Asked>| format!("{} {:?}", asked.area, asked.days)))
        .route("/list", get(async |Query(page): Query<Page>| format!("{:?}", page.limit)))
        .route("/areas/{area}", get(async |Path(area): Path<AreaId>| area.to_string()))
        .route("/panic", get(async || -> &'static str { panic!("a secret in a panic") }))
        .route("/slow", get(async || std::future::pending::<&'static str>().await))
        .route("/long", get(async || axum::Json(vec!["Bình Liêu"; 1000])))
        .route("/broken", get(async || Problem::internal(std::io::Error::other("a secret cause"))))
}

async fn framed(settings: &[(&str, &str)], request: Request<Body>) -> Result<Response<Body>, Failure> {
    let (_test, app) = app(settings).await?;
    call(frame(app, sample()), request).await
}

fn post_json(path: &str, body: impl Into<Body>) -> Result<Request<Body>, Failure> {
    Ok(Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.into())?)
}

fn get_of(path: &str) -> Result<Request<Body>, Failure> {
    Ok(Request::get(path).body(Body::empty())?)
}

#[tokio::test]
async fn an_unknown_route_is_a_problem() -> Result<(), Failure> {
    let (_test, app) = app(&[]).await?;
    let (status, document) = problem(call(router(app)?, get_of("/v1/nothing")?).await?).await?;
    assert_eq!((status, &document["code"]), (404, &Value::from("route.unknown")));
    Ok(())
}

#[tokio::test]
async fn an_unknown_method_is_a_problem_with_the_methods_in_its_header() -> Result<(), Failure> {
    let (_test, app) = app(&[]).await?;
    let request = Request::delete("/healthz").body(Body::empty())?;
    let response = call(router(app)?, request).await?;
    assert!(response.headers()[header::ALLOW].to_str()?.contains("GET"));
    let (status, document) = problem(response).await?;
    assert_eq!((status, &document["code"]), (405, &Value::from("route.method")));
    Ok(())
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_problem() -> Result<(), Failure> {
    let settings = [("max_body_bytes", "65536")];
    let body = format!("{{\"area\":\"{}\"}}", "x".repeat(70_000));
    let (status, document) = problem(framed(&settings, post_json("/ask", body)?).await?).await?;
    assert_eq!((status, &document["code"]), (413, &Value::from("body.too-large")));
    Ok(())
}

#[tokio::test]
async fn a_bad_body_names_the_field() -> Result<(), Failure> {
    for (body, status, code, field) in [
        ("{", 400, "body.syntax", "body"),
        ("[]", 422, "body.field", "body"),
        ("{}", 422, "body.field", "area"),
        (r#"{"area":"2025"}"#, 422, "body.field", "area"),
        (r#"{"area":"2025-06841","days":[1,-2]}"#, 422, "body.field", "days[1]"),
        (r#"{"area":"2025-06841","dayz":[]}"#, 422, "body.field", "dayz"),
        (r#"{"area":"2025-06841"} x"#, 400, "body.syntax", "body"),
    ] {
        let (got, document) = problem(framed(&[], post_json("/ask", body)?).await?).await?;
        assert_eq!((got, &document["code"]), (status, &Value::from(code)), "{body} {document}");
        assert_eq!(document["field"], field, "{body} {document}");
    }
    Ok(())
}

#[tokio::test]
async fn a_body_of_another_kind_is_told_what_is_accepted() -> Result<(), Failure> {
    let request = Request::post("/ask").header(header::CONTENT_TYPE, "text/csv").body(Body::from("a,b"))?;
    let (status, document) = problem(framed(&[], request).await?).await?;
    assert_eq!((status, &document["accepted"]), (415, &Value::from("application/json")));
    Ok(())
}

#[tokio::test]
async fn a_bad_query_names_the_parameter() -> Result<(), Failure> {
    for (path, field) in [("/list?limit=many", "limit"), ("/list?limt=1", "limt"), ("/list?limit=1&limit=2", "limit")] {
        let (status, document) = problem(framed(&[], get_of(path)?).await?).await?;
        assert_eq!((status, &document["code"]), (400, &Value::from("query.parameter")), "{document}");
        assert_eq!(document["field"], field, "{document}");
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_path_says_what_is_accepted() -> Result<(), Failure> {
    let (status, document) = problem(framed(&[], get_of("/areas/2025")?).await?).await?;
    assert_eq!((status, &document["code"]), (400, &Value::from("path.parameter")));
    assert!(document.to_string().contains("2025-06841"), "{document}");
    Ok(())
}

#[tokio::test]
async fn a_panic_is_one_failed_request_that_shows_nothing() -> Result<(), Failure> {
    for path in ["/panic", "/broken"] {
        let (status, document) = problem(framed(&[], get_of(path)?).await?).await?;
        assert_eq!((status, &document["code"]), (500, &Value::from("server.failed")));
        assert!(!document.to_string().contains("secret"), "{document}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_ended() -> Result<(), Failure> {
    // The pause of the clock must not end the opening of the database: it runs on threads of its own.
    tokio::time::resume();
    let (_test, app) = app(&[("request_timeout_seconds", "2")]).await?;
    tokio::time::pause();
    let (status, document) = problem(call(frame(app, sample()), get_of("/slow")?).await?).await?;
    assert_eq!((status, &document["code"]), (408, &Value::from("request.timeout")));
    Ok(())
}

#[tokio::test]
async fn a_caller_that_finds_no_place_is_told_to_come_again() -> Result<(), Failure> {
    let (_test, app) = app(&[("concurrency_limit", "1"), ("request_timeout_seconds", "2")]).await?;
    let router = frame(app, sample());
    tokio::time::pause();
    let first = tokio::spawn(call(router.clone(), get_of("/slow")?));
    tokio::task::yield_now().await;
    let second = call(router, get_of("/list")?).await?;
    assert_eq!(second.headers()[header::RETRY_AFTER], "5");
    let (status, document) = problem(second).await?;
    assert_eq!((status, &document["code"]), (503, &Value::from("server.busy")));
    assert_eq!(first.await??.status(), StatusCode::REQUEST_TIMEOUT);
    Ok(())
}

#[tokio::test]
async fn long_json_is_compressed_for_who_accepts_it() -> Result<(), Failure> {
    let request = Request::get("/long").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty())?;
    let response = framed(&[], request).await?;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(to_bytes(response.into_body(), 1 << 20).await?.len() < 2000);
    Ok(())
}

#[tokio::test]
async fn a_request_keeps_the_id_it_came_with_when_that_is_plain() -> Result<(), Failure> {
    for (sent, kept) in [("abc-123", true), ("a b", false), ("é", false)] {
        let request = Request::get("/list").header("x-request-id", sent).body(Body::empty())?;
        let response = framed(&[], request).await?;
        assert_eq!(response.headers()["x-request-id"] == sent, kept, "{sent}");
    }
    Ok(())
}

#[tokio::test]
async fn health_and_readiness_answer() -> Result<(), Failure> {
    let (test, app) = app(&[]).await?;
    let router = router(app)?;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(document(call(router.clone(), get_of(path)?).await?).await?["status"], "ok");
    }
    test.db.close().await;
    assert_eq!(call(router.clone(), get_of("/healthz")?).await?.status(), StatusCode::OK);
    let (status, document) = problem(call(router, get_of("/readyz")?).await?).await?;
    assert_eq!((status, &document["code"]), (503, &Value::from("server.not-ready")));
    Ok(())
}

#[tokio::test]
async fn metrics_count_by_route_and_are_kept_from_others() -> Result<(), Failure> {
    let (_test, app) = app(&[("trusted_proxy", "true")]).await?;
    let router = router(app)?;
    let mut through_proxy = get_of("/metrics")?;
    through_proxy.headers_mut().insert("x-forwarded-for", header::HeaderValue::from_static("127.0.0.1"));
    assert_eq!(call(router.clone(), through_proxy).await?.status(), StatusCode::FORBIDDEN);
    // Behind a proxy, too, whoever watches this machine calls the process directly.
    assert_eq!(call(router, get_of("/metrics")?).await?.status(), StatusCode::OK);

    let (_test, app) = self::app(&[]).await?;
    let router = self::router(app)?;
    call(router.clone(), get_of("/healthz")?).await?;
    let text = to_bytes(call(router, get_of("/metrics")?).await?.into_body(), 1 << 20).await?;
    let text = std::str::from_utf8(&text)?;
    for expected in [
        "banlang_requests_total{route=\"/healthz\",method=\"GET\",status=\"200\"}",
        "banlang_request_seconds_bucket{route=\"/healthz\"",
        "process_resident_memory_bytes ",
        "banlang_database_connections{state=\"idle\"}",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    Ok(())
}

#[tokio::test]
async fn the_description_lists_routes_security_and_problems() -> Result<(), Failure> {
    let (_test, app) = app(&[]).await?;
    let api = document(call(router(app)?, get_of("/v1/openapi.json")?).await?).await?;
    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    let ready = &api["paths"]["/readyz"]["get"];
    assert_eq!(ready["responses"]["default"]["content"][MEDIA_TYPE]["schema"]["$ref"], "#/components/schemas/Problem");
    assert!(api["components"]["schemas"]["Problem"]["properties"]["title_vi"].is_object());
    assert!(api["components"]["securitySchemes"]["proof"].is_object());
    Ok(())
}

#[tokio::test]
async fn the_reader_page_loads_nothing_from_elsewhere() -> Result<(), Failure> {
    let (_test, app) = app(&[]).await?;
    let router = router(app)?;
    let page = call(router.clone(), get_of("/docs/")?).await?;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str()?.to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("http"), "{policy}");
    let html = to_bytes(page.into_body(), 1 << 20).await?;
    assert!(!std::str::from_utf8(&html)?.contains("src=\"http"));
    let script = call(router, get_of("/docs/swagger-initializer.js")?).await?;
    let script = to_bytes(script.into_body(), 1 << 20).await?;
    assert!(std::str::from_utf8(&script)?.contains("/v1/openapi.json"));
    Ok(())
}
