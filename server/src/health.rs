//! Whether the process lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::db::Schema;
use crate::problem::{Json, Problem, ProblemKind};

const NOT_READY: ProblemKind =
    ProblemKind::new(503, "server.not-ready", "The server cannot serve yet", "Máy chủ chưa sẵn sàng");

/// Routes for those who watch the server. They wait in no queue.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// What a probe is told.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> (StatusCode, Json<Health>) {
    (StatusCode::OK, Json(OK))
}

/// The database answers and its schema is this program's.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, body = Health)))]
async fn readyz(State(app): State<AppState>) -> Result<Json<Health>, Problem> {
    if let Err(error) = app.db.ping().await {
        tracing::warn!(%error, "not ready");
        return Err(NOT_READY.problem().detail("the database does not answer").retry_after_s(5));
    }
    match app.db.schema().await {
        Ok(Schema::Current) => Ok(Json(OK)),
        Ok(Schema::Older { missing }) => {
            Err(NOT_READY.problem().detail(format!("{missing} migrations are missing")).retry_after_s(5))
        }
        Ok(Schema::Foreign(_)) => {
            Err(NOT_READY.problem().detail("the database is of a newer version of the program").retry_after_s(5))
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Err(NOT_READY.problem().detail("the schema cannot be read").retry_after_s(5))
        }
    }
}
