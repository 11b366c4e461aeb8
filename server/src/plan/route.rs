//! `/v1/plans`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::id::{AreaId, Role};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::{Principal, Scope, SignedJson, check_again};
use crate::db::Tx;
use crate::problem::{FIELD, Json, Problem};
use crate::reference::{ALL, Catalogue, Item, LAND_BORDER, Per, Plan, set_plan};
use crate::register::entry::number;
use crate::write_tx;

/// The routes of this module.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, set))
}

/// A place of the reference data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanScope {
    /// One village.
    Village(Named),
    /// Each village of a unit.
    Area(Named),
    /// `all`, or `land-border`.
    Rule(String),
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanView {
    /// Its id: of the village, of the unit, or the rule.
    pub id: String,
    /// What it is for.
    pub scope: PlanScope,
    /// The name of that.
    pub name: String,
    /// Sessions in each period.
    pub sessions: u32,
    /// The period.
    pub per: Per,
}

/// The plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Plans {
    /// Rules first, then units, then villages.
    pub plans: Vec<PlanView>,
}

/// A plan to be set: for exactly one of village, unit and rule.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPlan {
    /// The id of a village.
    #[serde(default)]
    village: Option<String>,
    /// A unit, for each of its villages.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::Area>)]
    area: Option<AreaId>,
    /// `all`, or `land-border` for the villages of units on the land border.
    #[serde(default)]
    #[schema(pattern = "^(all|land-border)$")]
    rule: Option<String>,
    /// Sessions in each period: 1 to 366; 0 takes the plan back.
    #[schema(minimum = 0, maximum = 366)]
    sessions: i64,
    /// `month`, `quarter` or `year`.
    per: Per,
}

fn view(catalogue: &Catalogue, Item { id, body }: &Item<Plan>) -> PlanView {
    let scope = match (&body.village_id, body.area) {
        (Some(village), _) => {
            let name = catalogue.village(village).map_or_else(|| village.clone(), |village| village.name.clone());
            PlanScope::Village(Named { id: village.clone(), name })
        }
        (None, Some(area)) => PlanScope::Area(Named { id: area.to_string(), name: catalogue.area_name(area) }),
        (None, None) => PlanScope::Rule(body.rule.clone().unwrap_or_else(|| ALL.to_owned())),
    };
    let name = match &scope {
        PlanScope::Village(named) | PlanScope::Area(named) => named.name.clone(),
        PlanScope::Rule(rule) => rule.clone(),
    };
    PlanView { id: id.clone(), scope, name, sessions: body.sessions, per: body.per }
}

/// Whether a plan applies to anything in scope.
fn concerns(catalogue: &Catalogue, scope: &Scope, plan: &Plan) -> bool {
    let village =
        |id: &String| catalogue.village(id).is_some_and(|village| village.areas().any(|area| scope.contains(area)));
    plan.area.is_none_or(|area| scope.contains(area)) && plan.village_id.as_ref().is_none_or(village)
}

fn plans(catalogue: &Catalogue, scope: &Scope) -> Plans {
    let plans = catalogue.items().plans.iter().filter(|plan| concerns(catalogue, scope, &plan.body));
    let mut plans: Vec<PlanView> = plans.map(|plan| view(catalogue, plan)).collect();
    let rank = |plan: &PlanView| match plan.scope {
        PlanScope::Rule(_) => 0,
        PlanScope::Area(_) => 1,
        PlanScope::Village(_) => 2,
    };
    plans.sort_by(|a, b| (rank(a), &a.name, &a.id).cmp(&(rank(b), &b.name, &b.id)));
    Plans { plans }
}

/// Plans that apply in the caller's areas. A village's own comes before its unit's, that before the land border's, that
/// before the plan for all.
#[utoipa::path(get, path = "/v1/plans", tag = "plans",
    responses((status = 200, description = "Plans", body = Plans)))]
async fn list(State(app): State<AppState>, principal: Principal) -> Result<Json<Plans>, Problem> {
    principal.expect_headquarters()?;
    let catalogue = app.reference.current().await?;
    Ok(Json(plans(&catalogue, &principal.areas)))
}

/// Sets how often a village, each village of a unit, or those of a rule should be reached; answers all plans.
#[utoipa::path(post, path = "/v1/plans", tag = "plans", request_body = SetPlan,
    responses((status = 200, description = "Plans", body = Plans)))]
async fn set(
    State(app): State<AppState>,
    SignedJson { principal, value }: SignedJson<SetPlan>,
) -> Result<Json<Plans>, Problem> {
    principal.expect_role(&[Role::Coordinator], "coordinator")?;
    let before = app.reference.current().await?;
    let sessions = number("sessions", value.sessions, 0, 366)?;
    let (id, plan) = checked(&before, value, u32::try_from(sessions).unwrap_or_default())?;
    write_tx!(app.db, |tx| set_in(tx, &app, &principal, &id, plan.as_ref()))?;
    let after = app.reference.current().await?;
    Ok(Json(plans(&after, &principal.areas)))
}

fn checked(catalogue: &Catalogue, value: SetPlan, sessions: u32) -> Result<(String, Option<Plan>), Problem> {
    let refuse = |field: &str, accepted: &str| Err(FIELD.problem().field(field).accepted(accepted));
    let SetPlan { village, area, rule, per, .. } = value;
    let (id, village_id, area, rule) = match (village, area, rule) {
        (Some(village), None, None) => {
            if catalogue.village(&village).is_none_or(|known| known.merged_into.is_some()) {
                return refuse("village", "the id of an imported village");
            }
            (village.clone(), Some(village), None, None)
        }
        (None, Some(area), None) => {
            if catalogue.unit(area).is_none() {
                return refuse("area", "a unit of the reference data, for instance 2025-06841");
            }
            (area.to_string(), None, Some(area), None)
        }
        (None, None, Some(rule)) => match rule.as_str() {
            ALL => (rule, None, None, None),
            LAND_BORDER => (rule.clone(), None, None, Some(rule)),
            _ => return refuse("rule", "all or land-border"),
        },
        _ => return refuse("village", "exactly one of village, area and rule"),
    };
    Ok((id, (sessions > 0).then_some(Plan { village_id, area, rule, sessions, per })))
}

async fn set_in(
    tx: &mut Tx,
    app: &AppState,
    principal: &Principal,
    id: &str,
    plan: Option<&Plan>,
) -> Result<bool, Problem> {
    let now = app.now();
    check_again(tx, principal, now).await?;
    Ok(set_plan(tx, Actor::from(principal), now, id, plan).await?)
}
