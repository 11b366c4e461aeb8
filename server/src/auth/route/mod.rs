//! The routes by which a device gets access: no access token needed.

mod enrol;
mod grant;
mod password;
mod token;

use sync_core::id::{UnixMs, from_hex};
use sync_core::log::Signature;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use enrol::Enrolment;
pub use grant::{Grant, GrantedCertificate, ServerKeys, ServerPublicKey};
pub use password::SignInRequest;
pub use token::TokenRequest;

use super::problems::TOO_MANY_ATTEMPTS;
use super::rate::{self, Bucket};
use crate::app::AppState;
use crate::problem::{FIELD, Problem};

/// `/v1/enrolments`, `/v1/sign-ins`, `/v1/tokens`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(enrol::enrol)).routes(routes!(password::sign_in)).routes(routes!(token::token))
}

fn signature_of(text: &str) -> Result<Signature, Problem> {
    from_hex::<64>(text)
        .map(Signature)
        .ok_or_else(|| FIELD.problem().field("signature").accepted("an Ed25519 signature, 128 hexadecimal digits"))
}

/// Counts an attempt against a limit; a request over it is told to come again.
pub(crate) async fn count_attempt(app: &AppState, bucket: Bucket<'_>, now: UnixMs) -> Result<(), Problem> {
    rate::attempt(&app.db, &app.auth.policy, bucket, now)
        .await?
        .map_err(|too_many| TOO_MANY_ATTEMPTS.problem().retry_after_s(too_many.retry_after_s))
}
