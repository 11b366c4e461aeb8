//! The API's description, made from the code, and the page to read it on. Nothing on it comes from a third party.

use std::collections::HashSet;

use axum::Router;
use axum::http::{Method, header};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, SecurityRequirement};
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

/// A text of a fixed form: what a description by its Rust type would not say.
macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident = $pattern:literal, $example:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.examples([serde_json::Value::from($example)]).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

forms! {
    /// A unit of one generation.
    Area = "^[0-9]{4}-[0-9]{5}$", "2025-06841";
    /// A device's id.
    Hex16 = "^[0-9a-fA-F]{16}$", "d2b5eb75f419a7b0";
    /// A record's id, a digest, a nonce.
    Hex32 = "^[0-9a-fA-F]{32}$", "a9dab142a362bd52e9cc174a28ab9a22";
    /// A public key.
    Hex64 = "^[0-9a-fA-F]{64}$", "6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1";
    /// A signature.
    Hex128 = "^[0-9a-fA-F]{128}$", "730d55e3677e574a7a384ceac0cc0660078350f3161933684388ae54547402fdb178ab114ceacb39e09c9192d4f2b928e6e2908b707c8dfe6e5a8fdd309c0e04";
    /// A day in Vietnam's time.
    Day = "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", "2026-11-20";
    /// A day, or a reporting month.
    DayOrMonth = "^20[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$", "2026-11";
    /// A unit with its generation, or its code alone.
    Unit = "^([0-9]{4}-)?[0-9]{5}$", "06841";
    /// What a person may do.
    RoleName = "^(guard|officer|coordinator|administrator)$", "guard";
}

/// Bytes of one of the layouts of docs/sync-protocol.md.
#[derive(Debug)]
pub(crate) enum Binary {}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Binary {}

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

/// Adds to each operation what all have in common: the problem they may answer with, and a name no other one has.
///
/// Handlers of different modules are called alike (`list`); a client made from the description would take one for another.
pub(crate) fn complete(api: &mut OpenApi) {
    let problem = || {
        let schema = Ref::from_schema_name(ProblemDocument::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description("Not done, and why").content(MEDIA_TYPE, content).build()
    };
    for (path, item) in &mut api.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_name(method, path));
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(problem()));
        }
    }
}

/// `get_devices_id_log` of `GET /v1/devices/{id}/log`.
fn operation_name(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/v1").split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).fold(method.to_owned(), |name, word| name + "_" + word)
}

/// The operations that need a sign-in, by method and path: all but those that say `security(())`.
pub(crate) fn closed_operations(api: &OpenApi) -> HashSet<(Method, String)> {
    let anybody = |requirements: &Vec<SecurityRequirement>| requirements.contains(&SecurityRequirement::default());
    let mut closed = HashSet::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ] {
            if operation.as_ref().is_some_and(|operation| !operation.security.as_ref().is_some_and(anybody)) {
                closed.insert((method, path.clone()));
            }
        }
    }
    closed
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
