//! `POST /v1/exports`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::pieces;
use super::made::{Content, make};
use super::table::{self, Asked};
use super::words;
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::auth::{Principal, SignedJson, check_again};
use crate::cli::Lang;
use crate::coverage::calendar::{day_text, local_day};
use crate::db::Tx;
use crate::problem::Problem;
use crate::register::entry::reason;
use crate::setting;
use crate::write_tx;

/// The route.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// `GET /v1/sessions`, whole.
    Sessions,
    /// `GET /v1/coverage`: villages by period.
    Coverage,
    /// `GET /v1/coverage/totals`: units and their sums, with a total.
    Totals,
    /// `GET /v1/coverage/unreached`.
    Unreached,
    /// `GET /v1/panels`.
    Panels,
    /// `GET /v1/material/stock`.
    Material,
    /// `GET /v1/reports/period`: a line a figure.
    Report,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Coverage => "coverage",
            Self::Totals => "totals",
            Self::Unreached => "unreached",
            Self::Panels => "panels",
            Self::Material => "material",
            Self::Report => "report",
        }
    }
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileFormat {
    /// UTF-8 with a mark, comma, CRLF; days as `yyyy-mm-dd`; no cell begins a formula.
    Csv,
    /// A workbook; the last sheet says what it is.
    Xlsx,
    /// Points of units and villages; of coverage and panels.
    Geojson,
    /// Of the report: the workbook that is printed and signed, as `GET /v1/reports/period.xlsx` gives it. It shows every
    /// figure, so it stays in the province.
    Sheet,
}

impl FileFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx | Self::Sheet => "xlsx",
            Self::Geojson => "geojson",
        }
    }

    fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx | Self::Sheet => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Geojson => "application/geo+json",
        }
    }
}

/// The language of headings and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileLang {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

/// A file that is wanted, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    /// Which list.
    what: What,
    /// The format of the file.
    format: FileFormat,
    /// Whether it leaves the province: then it names nobody and hides small breakdowns.
    leaves_province: bool,
    /// Why it is wanted: 3 to 200 characters, kept in the audit.
    #[schema(min_length = 3, max_length = 200)]
    reason: String,
    /// The language of headings and words.
    lang: FileLang,
    /// The parameters of the list, as texts, as its address takes them.
    #[serde(default)]
    filter: BTreeMap<String, String>,
}

/// A list as a file. Who made it, why, with which filter and whether it leaves the province is in the audit before its
/// first byte. A file that cannot be finished ends with a broken connection, never as half a file.
#[utoipa::path(post, path = "/v1/exports", tag = "exports", request_body = NewExport,
    responses((status = 200, description = "The file", content(
        (crate::openapi::Binary = "text/csv"),
        (crate::openapi::Binary = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (serde_json::Value = "application/geo+json")))))]
async fn export(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<NewExport>,
) -> Result<Response, Problem> {
    principal.expect_headquarters()?;
    let reason = reason(&value.reason)?;
    let place = app.exports.place()?;
    let catalogue = app.reference.current().await?;
    let mut tx = app.db.snapshot().await?;
    let asked = Asked {
        what: value.what,
        lang: match value.lang {
            FileLang::Vi => Lang::Vi,
            FileLang::En => Lang::En,
        },
        leaves_province: value.leaves_province,
        filter: value.filter.clone(),
        scope: principal.areas.clone(),
        now: app.now(),
        threshold: setting::read(&mut tx).await?.small_count.into(),
    };
    let content = match value.format {
        FileFormat::Csv => Content::Csv(table::table(&mut tx, &catalogue, &asked).await?),
        FileFormat::Xlsx => {
            let table = table::table(&mut tx, &catalogue, &asked).await?;
            let about = about(&asked, &table.title);
            Content::Xlsx(table, about)
        }
        FileFormat::Geojson => Content::Geo(table::features(&mut tx, &catalogue, &asked).await?),
        FileFormat::Sheet => Content::Whole(table::sheet(&mut tx, &catalogue, &asked).await?),
    };
    drop(tx);
    let name =
        format!("banlang-{}-{}.{}", value.what.name(), day_text(local_day(asked.now.0)), value.format.extension());
    write_tx!(app.db, |tx| record(tx, &app, &principal, &value, &reason, &name))?;

    let mut response = send(app, content, place);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value.format.media()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(Problem::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// An answer that is made while it is sent; the place is free again when it is sent or its receiver has gone.
pub(super) fn send(app: AppState, content: Content, place: OwnedSemaphorePermit) -> Response {
    let (sender, made) = pieces();
    tokio::spawn(make(app, content, sender, place));
    Response::new(Body::new(made))
}

/// Who takes what out, and why.
async fn record(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    export: &NewExport,
    reason: &str,
    name: &str,
) -> Result<(), Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    let detail = serde_json::json!({
        "format": export.format,
        "leaves_province": export.leaves_province,
        "reason": reason,
        "lang": export.lang,
        "filter": export.filter,
        "file": name,
    });
    Ok(audit::record(tx, now, Actor::from(principal), "export.made", export.what.name(), &detail).await?)
}

/// What the last sheet of a workbook says of it.
fn about(asked: &Asked, title: &str) -> (String, Vec<(String, String)>) {
    let pick = |vi: &str, en: &str| asked.lang.pick(vi, en).to_owned();
    let mut pairs = vec![
        (pick("Nội dung", "Content"), title.to_owned()),
        (pick("Ngày xuất", "Made on"), words::day(&day_text(local_day(asked.now.0)))),
    ];
    for (name, value) in &asked.filter {
        pairs.push((format!("{} {name}", pick("Bộ lọc", "Filter")), value.clone()));
    }
    let leaves = words::yes_no(asked.lang, asked.leaves_province).to_owned();
    pairs.push((pick("Gửi ra ngoài tỉnh", "Leaves the province"), leaves));
    if asked.leaves_province {
        let few = asked.threshold;
        pairs.push((
            pick("Số liệu nhỏ", "Small figures"),
            match asked.lang {
                Lang::Vi => format!("Số từ 1 đến {} ghi là <{few}; số có thể làm lộ số đó được ẩn", few - 1),
                Lang::En => {
                    format!("Figures of 1 to {} show as <{few}; those that would give one away are hidden", few - 1)
                }
            },
        ));
    }
    pairs.push((
        pick("Lượt người nghe", "Attendances"),
        pick("Đếm theo lượt, không phải số người", "Head counts of attendances, never people"),
    ));
    (pick("Thông tin", "About"), pairs)
}
