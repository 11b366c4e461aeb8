//! `POST /v1/reference/{kind}/import`: a file of reference data from the page of an administrator.

use axum::extract::State;
use axum::http::HeaderMap;
use sync_core::id::Role;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::import::{ImportError, Report, Source, import_in};
use super::kind::Kind;
use super::report_view::ImportReport;
use super::route::known_kind;
use super::sheet::SheetError;
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::{Principal, SignedBody, check_again};
use crate::cli::Lang;
use crate::db::Tx;
use crate::ingest::expect_media;
use crate::problem::{Json, Path, Problem, ProblemKind, QUERY, Query};
use crate::write_tx;

/// The file holds something that is not accepted; nothing was written.
pub const FAULTS: ProblemKind = ProblemKind::new(
    422,
    "import.faults",
    "The file holds something that is not accepted; nothing was changed",
    "Tệp có chỗ chưa đúng; chưa thay đổi gì",
);

/// Most characters of a file's name.
const MOST_NAME: usize = 200;

/// The route.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(upload))
}

/// How a file is taken.
#[derive(Debug, serde::Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportParams {
    /// `true`, as without it: only say what would change. `false`: change it.
    dry_run: Option<bool>,
    /// Whether every row is sample data.
    sample: Option<bool>,
    /// The file's name, kept with the import; at most 200 characters.
    #[param(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    file_name: Option<String>,
}

/// Imports a list, or says what it would change
///
/// For administrators; plans also for coordinators. The body is CSV in UTF-8, with the columns that `banlang reference
/// import` takes. A dry run, which it is unless `dry_run=false` is said, answers with every fault of the file; else a
/// file with a fault changes nothing. What is on file and not in the file is kept.
#[utoipa::path(post, path = "/v1/reference/{kind}/import", tag = "reference",
    params(("kind" = String, Path, description = "units, villages, posts, materials, topics and so on"), ImportParams),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What changed, or would", body = ImportReport)))]
async fn upload(
    State(app): State<AppState>,
    Path(kind): Path<String>,
    Query(params): Query<ImportParams>,
    headers: HeaderMap,
    SignedBody { principal, bytes }: SignedBody,
) -> Result<Json<ImportReport>, Problem> {
    let kind = known_kind(&kind)?;
    match kind {
        Kind::Plans => {
            principal.expect_role(&[Role::Coordinator, Role::Administrator], "coordinator or administrator")?
        }
        _ => principal.expect_role(&[Role::Administrator], "administrator")?,
    }
    expect_media(&headers, "text/csv")?;
    let file_name = params.file_name.unwrap_or_default();
    if file_name.chars().count() > MOST_NAME || file_name.chars().any(char::is_control) {
        return Err(QUERY.problem().field("file_name").accepted("at most 200 characters, in one line"));
    }
    let dry_run = params.dry_run.unwrap_or(true);
    let source = Source {
        kind,
        file_name: &file_name,
        bytes: &bytes,
        actor: Actor::from(&principal),
        at: app.now(),
        dry_run,
        sample: params.sample.unwrap_or(false),
    };
    if !dry_run {
        let report = write_tx!(app.db, |tx| import_as(tx, &principal, source))?;
        return Ok(Json(ImportReport::of(&report, false)));
    }
    // Nobody who writes waits for somebody who only looks.
    let mut tx = app.db.snapshot().await?;
    match import_in(&mut tx, source).await {
        Ok(report) => Ok(Json(ImportReport::of(&report, true))),
        Err(ImportError::Sheet(error)) => Ok(Json(ImportReport::refused(kind.name(), &error))),
        Err(ImportError::Db(error)) => Err(error.into()),
    }
}

async fn import_as(tx: &mut Tx, principal: &Principal, source: Source<'_>) -> Result<Report, Problem> {
    check_again(tx, principal, source.at).await?;
    import_in(tx, source).await.map_err(|error| match error {
        ImportError::Sheet(error) => faults(&error),
        ImportError::Db(error) => error.into(),
    })
}

fn faults(error: &SheetError) -> Problem {
    let (faults, _) = error.faults();
    let first = faults.into_iter().next();
    let column = first.map(|fault| fault.column).filter(|column| !column.is_empty());
    let problem = FAULTS.problem().detail(error.text(Lang::En)).detail_vi(error.text(Lang::Vi));
    problem.field(column.unwrap_or_else(|| "body".to_owned()))
}
