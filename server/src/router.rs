//! The routes and the layers around them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::app::AppState;
use crate::{
    account, audit, auth, coverage, device, duplicate, export, health, inbox, ingest, journal, layers, maintenance,
    material, metrics, openapi, panel, plan, quarantine, recovery, reference, register, report, session, setting, web,
};

/// The routes of all features: one line a feature.
fn features() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(account::route::router())
        .merge(audit::route::router())
        .merge(auth::route::router())
        .merge(device::route::router())
        .merge(recovery::route::router())
        .merge(reference::route::router())
        .merge(ingest::route::router())
        .merge(journal::route::router())
        .merge(session::route::router())
        .merge(coverage::route::router())
        .merge(maintenance::route::router())
        .merge(quarantine::route::router())
        .merge(inbox::route::router())
        .merge(duplicate::route::router())
        .merge(report::route::router())
        .merge(setting::route::router())
        .merge(plan::route::router())
        .merge(material::route::router())
        .merge(panel::route::router())
        .merge(register::route::router())
        .merge(export::route::router())
}

/// The API's description in JSON, as `/v1/openapi.json` gives it but for the routes that watch the server.
///
/// # Errors
/// Never in practice: the description is made of plain text and lists.
pub fn description() -> Result<String, serde_json::Error> {
    let (_, mut api) = OpenApiRouter::with_openapi(openapi::base()).merge(features()).split_for_parts();
    openapi::complete(&mut api);
    serde_json::to_string_pretty(&api)
}

/// The whole server, as it is served and as tests call it.
///
/// # Errors
/// When the API's description cannot be written, which its routes rule out.
pub fn router(app: AppState) -> Result<Router, serde_json::Error> {
    let (features, mut api) = OpenApiRouter::with_openapi(openapi::base()).merge(features()).split_for_parts();
    let features = features.layer(from_fn_with_state(Arc::new(bare(&api)?), layers::refuse_parameters));
    let (health, watching) = health::router().split_for_parts();
    api.merge(watching);
    // Before a part of the path or of the query is looked at.
    let closed = Arc::new(openapi::closed_operations(&api));
    let features = features.layer(from_fn_with_state(closed, layers::token_first));
    // Those who watch the server wait in no queue.
    let apart = health.route("/metrics", get(metrics::scrape)).merge(openapi::router(api)?).fallback(web::serve);
    let routes = admitted(&app, features).merge(apart);
    Ok(around(app, routes))
}

/// The operations that are described without a parameter in the query.
fn bare(api: &utoipa::openapi::OpenApi) -> Result<BTreeSet<(String, String)>, serde_json::Error> {
    let api = serde_json::to_value(&api.paths)?;
    let mut bare = BTreeSet::new();
    for (path, methods) in api.as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut names = parameters.filter_map(|parameter| parameter["name"].as_str());
            if names.all(|name| path.contains(&format!("{{{name}}}"))) {
                bare.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    Ok(bare)
}

/// These routes in the same frame as the server's own: how tests see a handler as callers do.
pub fn frame(app: AppState, routes: Router<AppState>) -> Router {
    let routes = admitted(&app, routes);
    around(app, routes)
}

/// Gives each request a place among `concurrency_limit` and a deadline.
fn admitted(app: &AppState, routes: Router<AppState>) -> Router<AppState> {
    routes.layer(from_fn_with_state(app.clone(), layers::admit))
}

/// From the outside in: request id, log line, metrics and headers; compression of JSON and text; problems in place of
/// bare errors; panics contained; the limit of a body.
fn around(app: AppState, routes: Router<AppState>) -> Router {
    routes
        .layer(DefaultBodyLimit::max(app.config.max_body_bytes))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(layers::explain))
        .layer(CompressionLayer::new().compress_when(layers::compressible()))
        .layer(from_fn(layers::observe))
        .with_state(app)
}
