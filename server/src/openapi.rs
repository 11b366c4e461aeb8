//! The API's description, made from the code, and the page to read it on. Nothing on it comes from a third party.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{MEDIA_TYPE, ProblemDocument};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Banlang",
        description = "Offline-first field survey of villages: devices record without signal, the server reconciles. \
                       Every error is an RFC 9457 problem with a stable `code`. Every client is an enrolled device: \
                       a request carries an access token and a proof by the device's key.",
    ),
    modifiers(&Schemes),
    security(("token" = [], "proof" = [])),
)]
struct Base;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, api: &mut OpenApi) {
        let components = api.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("Access token, from POST /v1/tokens"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let proof = ApiKeyValue::with_description(
            "banlang-proof",
            "base64url of counter (8 bytes, big endian) and Ed25519 signature (64 bytes) by the device's key",
        );
        components.add_security_scheme("proof", SecurityScheme::ApiKey(ApiKey::Header(proof)));
        components.schemas.insert(ProblemDocument::name().into_owned(), ProblemDocument::schema());
    }
}

/// The description without routes.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// Adds to each operation what all have in common: the problem they may answer with.
pub(crate) fn complete(api: &mut OpenApi) {
    let problem = || {
        let schema = Ref::from_schema_name(ProblemDocument::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description("Not done, and why").content(MEDIA_TYPE, content).build()
    };
    for path in api.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(problem()));
        }
    }
}

/// `/v1/openapi.json` and `/docs`.
///
/// # Errors
/// Never in practice: the description is made of plain text and lists.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(mut api: OpenApi) -> Result<Router<S>, serde_json::Error> {
    complete(&mut api);
    let text = axum::body::Bytes::from(serde_json::to_vec(&api)?);
    let document = move || async move { ([(header::CONTENT_TYPE, "application/json")], text).into_response() };
    let reader = SwaggerUi::new("/docs").config(Config::from("/v1/openapi.json").validator_url("none"));
    Ok(Router::new().route("/v1/openapi.json", get(document)).merge(reader))
}
