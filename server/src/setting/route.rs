//! `/v1/settings`.

use axum::extract::State;
use serde_json::{Map, Value, json};
use sync_core::id::Role;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, BASEMAP, CLOSING_DAY, ISSUER, PANEL_CHECKS, SMALL, UNREACHED};
use super::{SMALL_COUNT, Settings, origin_of};
use crate::app::AppState;
use crate::audit::{self, Actor};
use crate::auth::{Principal, SignedJson, check_again};
use crate::coverage::adopt_calendar_in;
use crate::coverage::calendar::Calendar;
use crate::db::Tx;
use crate::problem::{FIELD, Json, Problem, given};
use crate::write_tx;

/// Most characters of the basemap's address and of the issuer's name.
const MOST_URL: usize = 500;
const MOST_ISSUER: usize = 200;

/// `/v1/settings`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// The settings in force: for officers, coordinators and administrators.
#[utoipa::path(get, path = "/v1/settings", tag = "settings",
    responses((status = 200, description = "The settings", body = Settings)))]
async fn show(State(app): State<AppState>, principal: Principal) -> Result<Json<Settings>, Problem> {
    principal.expect_headquarters()?;
    let mut tx = app.db.snapshot().await?;
    Ok(Json(store::read(&mut tx).await?))
}

/// What to set; what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeSettings {
    /// Day of the month on which the month of reports closes; 0 is the calendar month. Reports follow at once.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 28)]
    closing_day: Option<u32>,
    /// After how many days without a check a panel is overdue.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3660)]
    panel_check_days: Option<u32>,
    /// After how many days without a session a village is listed as not reached.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3660)]
    unreached_days: Option<u32>,
    /// Breakdowns from 1 to below this are suppressed in exports that leave the province.
    #[schema(value_type = Option<i64>, minimum = 5, maximum = 50)]
    small_count: Option<u32>,
    /// An `https` address of a MapLibre style; null: no background.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^https://[a-zA-Z0-9.-]+(:[0-9]{1,4})?(/[a-zA-Z0-9._/-]*)?$")]
    basemap_style_url: Option<Option<String>>,
    /// Who issues the reports; empty: nobody is named.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    report_issuer: Option<String>,
}

impl ChangeSettings {
    /// What is to be stored, by name; an empty text stands for the default.
    fn rows(&self) -> Result<Vec<(&'static str, Option<String>)>, Problem> {
        let mut rows = Vec::new();
        for (name, given, least, most) in [
            (CLOSING_DAY, self.closing_day, 0, 28),
            (PANEL_CHECKS, self.panel_check_days, 1, 3660),
            (UNREACHED, self.unreached_days, 1, 3660),
            (SMALL, self.small_count, u32::from(SMALL_COUNT), 50),
        ] {
            let Some(value) = given else { continue };
            if !(least..=most).contains(&value) {
                return Err(refuse(name).accepted(format!("a whole number from {least} to {most}")));
            }
            rows.push((name, Some(value.to_string())));
        }
        if let Some(url) = &self.basemap_style_url {
            let url = url.as_deref().map(str::trim).filter(|url| !url.is_empty());
            if url.is_some_and(|url| url.len() > MOST_URL || origin_of(url).is_none()) {
                return Err(
                    refuse(BASEMAP).accepted("an https address without a user name, at most 500 characters, or null")
                );
            }
            rows.push((BASEMAP, url.map(ToOwned::to_owned)));
        }
        if let Some(issuer) = &self.report_issuer {
            let issuer = issuer.trim();
            if issuer.chars().count() > MOST_ISSUER || issuer.chars().any(char::is_control) {
                return Err(refuse(ISSUER).accepted("at most 200 characters, in one line"));
            }
            rows.push((ISSUER, Some(issuer).filter(|issuer| !issuer.is_empty()).map(ToOwned::to_owned)));
        }
        Ok(rows)
    }

    fn calendar(&self) -> Option<Calendar> {
        let day = u8::try_from(self.closing_day?).ok()?;
        Calendar::closing_on(day).ok()
    }
}

fn refuse(name: &str) -> Problem {
    FIELD.problem().field(name.trim_start_matches("hq."))
}

/// Changes settings. A new closing day holds for every report from the commit on; with a million sessions on file that
/// takes a minute or more, goes on when the caller has gone, and keeps what devices bring waiting. For administrators.
#[utoipa::path(post, path = "/v1/settings", tag = "settings", request_body = ChangeSettings,
    responses((status = 200, description = "The settings as they are now", body = Settings)))]
async fn change(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<ChangeSettings>,
) -> Result<Json<Settings>, Problem> {
    principal.expect_role(&[Role::Administrator], "administrator")?;
    let rows = value.rows()?;
    let calendar = value.calendar();
    // A request lasts only so long, and half a change of the calendar is none: it would begin anew each time.
    let changing = tokio::spawn(async move {
        let settings = write_tx!(app.db, |tx| change_in(tx, &app, &principal, &rows, calendar))?;
        app.basemap.forget();
        Ok::<_, Problem>(settings)
    });
    Ok(Json(changing.await.map_err(Problem::internal)??))
}

async fn change_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    rows: &[(&'static str, Option<String>)],
    calendar: Option<Calendar>,
) -> Result<Settings, Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    let before = fields(&store::read(tx).await?);
    for (name, value) in rows {
        store::put(tx, name, value.as_deref()).await?;
    }
    if let Some(calendar) = calendar {
        adopt_calendar_in(tx, calendar, Actor::from(principal), now).await?;
    }
    let settings = store::read(tx).await?;
    let changed: Map<String, Value> = fields(&settings)
        .into_iter()
        .filter(|(name, value)| before.get(name) != Some(value))
        .map(|(name, value)| {
            let from = before.get(&name).cloned().unwrap_or_default();
            (name, json!({ "from": from, "to": value }))
        })
        .collect();
    if !changed.is_empty() {
        audit::record(tx, now, Actor::from(principal), "settings.changed", "", &Value::Object(changed)).await?;
    }
    Ok(settings)
}

fn fields(settings: &Settings) -> Map<String, Value> {
    // The type holds numbers and texts alone, which always have a JSON form.
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
