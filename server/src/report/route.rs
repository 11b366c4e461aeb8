//! `/v1/reports/period`, `/v1/reports/period.xlsx`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::words::Language;
use super::{Asked, PeriodReport, ReportParams, report, workbook};
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::auth::{Principal, check_again};
use crate::coverage::query::refuse;
use crate::db::Tx;
use crate::problem::{Json, Problem, Query};
use crate::reference::Catalogue;
use crate::{project, setting, write_tx};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(sheet))
}

/// The report of a period, beside the period before and the same period of the year before
///
/// For officers, coordinators and administrators. Months are reporting months: they close on the closing day. A figure that
/// is not known of a period is null. Of a unit that was split, what nobody has chosen a unit for stands in `needs_choice`.
#[utoipa::path(get, path = "/v1/reports/period", tag = "coverage", params(ReportParams),
    responses((status = 200, description = "The report", body = PeriodReport)))]
async fn show(
    State(app): State<AppState>,
    Query(params): Query<ReportParams>,
    principal: Principal,
) -> Result<Json<PeriodReport>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let calendar = project::calendar(&mut tx).await?;
    let asked = params.read(&catalogue, calendar, app.now())?;
    Ok(Json(report(&mut tx, &catalogue, calendar, &principal.areas, &asked).await?))
}

/// Parameters of the sheet: those of the report, and the language.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SheetParams {
    /// `vi` (the default) or `en`.
    #[param(pattern = "^(vi|en)$")]
    lang: Option<String>,
    /// As in the report.
    #[param(pattern = "^(month|quarter|half|nine_months|year|range)$")]
    kind: Option<String>,
    /// As in the report.
    #[param(pattern = "^20[0-9]{2}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?$")]
    of: Option<String>,
    /// As in the report.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    from: Option<String>,
    /// As in the report.
    #[param(inline, value_type = Option<crate::openapi::DayOrMonth>)]
    to: Option<String>,
    /// As in the report.
    #[param(value_type = Option<u16>)]
    generation: Option<String>,
    /// As in the report.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    unit: Option<String>,
}

impl SheetParams {
    fn split(self) -> Result<(Language, ReportParams), Problem> {
        let language = match self.lang.as_deref() {
            None | Some("vi") => Language::Vi,
            Some("en") => Language::En,
            Some(other) => return Err(refuse("lang", other, "vi or en")),
        };
        let Self { kind, of, from, to, generation, unit, .. } = self;
        Ok((language, ReportParams { kind, of, from, to, generation, unit }))
    }
}

/// The report of a period as an XLSX file, to be printed and signed
///
/// For officers, coordinators and administrators. Who took it is kept in the audit.
#[utoipa::path(get, path = "/v1/reports/period.xlsx", tag = "coverage", params(SheetParams),
    responses((status = 200, description = "The file", content_type = XLSX, body = crate::openapi::Binary)))]
async fn sheet(
    State(app): State<AppState>,
    Query(params): Query<SheetParams>,
    principal: Principal,
) -> Result<Response, Problem> {
    principal.expect_headquarters()?;
    let (language, params) = params.split()?;
    let catalogue = app.reference.current().await?;
    let now = app.now();
    let calendar = project::calendar(&mut app.db.snapshot().await?).await?;
    let asked = params.read(&catalogue, calendar, now)?;
    let (report, issuer) = write_tx!(app.db, |tx| taken(tx, &catalogue, &principal, &asked))?;
    let bytes = workbook(&report, &issuer, language).map_err(Problem::internal)?;
    let unit = report.unit.map(|unit| format!("{unit}-")).unwrap_or_default();
    let name = format!("attachment; filename=\"bao-cao-{unit}{}-{}.xlsx\"", report.from, report.to);
    Ok(([(header::CONTENT_TYPE, XLSX.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

/// The report and who issues it, with the audit row of who took it.
async fn taken(
    tx: &mut Tx,
    catalogue: &Catalogue,
    principal: &Principal,
    asked: &Asked,
) -> Result<(PeriodReport, String), Problem> {
    check_again(tx, principal, asked.now).await?;
    let calendar = project::calendar(tx).await?;
    let report = report(tx, catalogue, calendar, &principal.areas, asked).await?;
    let subject = report.unit.map(|unit| unit.to_string()).unwrap_or_default();
    let detail = json!({ "kind": report.kind, "from": report.from, "to": report.to, "generation": report.generation });
    audit::record(tx, asked.now, Actor::from(principal), "report.taken", &subject, &detail).await?;
    let issuer = setting::read(tx).await?.report_issuer;
    Ok((report, issuer))
}
