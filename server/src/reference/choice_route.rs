//! `/v1/unit-choices` and `/v1/villages/{id}/unit-choice`: which unit a village of a split unit lies in, asked of people.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::{Catalogue, PendingChoice};
use super::choice::{Choice, ChoiceError, DecidedChoice, choose_in, decided_choices, open_to_choice};
use super::village::{Village, VillageUnit};
use crate::app::AppState;
use crate::audit::Actor;
use crate::auth::{Principal, SignedJson, check_again};
use crate::db::Tx;
use crate::problem::{FORBIDDEN, Json, Path, Problem, ProblemKind};
use crate::write_tx;

const UNKNOWN_VILLAGE: ProblemKind =
    ProblemKind::new(404, "village.unknown", "No such village", "Không có thôn, bản, khu này");
const NOT_A_CANDIDATE: ProblemKind = ProblemKind::new(
    422,
    "unit-choice.not-a-candidate",
    "This unit cannot be chosen for the village",
    "Không thể chọn đơn vị này cho thôn, bản, khu",
);
const DECIDED: ProblemKind =
    ProblemKind::new(409, "unit-choice.decided", "Another unit was chosen already", "Đã có người chọn đơn vị khác");

/// The routes.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(unit_choices)).routes(routes!(unit_choice, choose_unit))
}

/// Villages of split units: those that wait for a choice, and those for which a person chose.
#[derive(Debug, Serialize, ToSchema)]
struct Pending {
    /// Version of the catalogue.
    version: u64,
    /// The open choices in the caller's areas.
    choices: Vec<PendingChoice>,
    /// What was chosen in the caller's areas; it is corrected by choosing anew. Who chose and when is in the audit.
    decided: Vec<DecidedChoice>,
}

/// Villages of split units in the caller's areas: whose new unit a person has to choose, and for which one did.
#[utoipa::path(get, path = "/v1/unit-choices", tag = "reference", responses((status = 200, body = Pending)))]
async fn unit_choices(State(app): State<AppState>, principal: Principal) -> Result<Json<Pending>, Problem> {
    let catalogue = app.reference.current().await?;
    let mut choices = catalogue.pending_choices();
    choices.retain(|open| principal.areas.contains(open.known));
    let mut decided = decided_choices(&catalogue);
    decided.retain(|choice| principal.areas.contains(choice.known));
    Ok(Json(Pending { version: catalogue.version(), choices, decided }))
}

/// Where a village stands with its unit of the newest generation.
#[derive(Debug, Serialize, ToSchema)]
struct Standing {
    /// The village.
    village: String,
    /// The generation the rest is about.
    generation: u16,
    /// The unit in force, when it is certain.
    unit: Option<VillageUnit>,
    /// The codes a person may choose; empty when there is nothing to choose.
    candidates: Vec<u32>,
    /// The suggestion.
    suggested: Option<u32>,
}

fn standing(catalogue: &Catalogue, village: &Village) -> Standing {
    let generation = catalogue.newest_generation().unwrap_or_default();
    let pending = catalogue.pending(village, generation);
    Standing {
        village: village.id.clone(),
        generation,
        unit: village.units.get(&generation).copied(),
        candidates: open_to_choice(catalogue, &village.id, generation).into_iter().collect(),
        suggested: pending.and_then(|open| open.suggested).map(|area| area.code),
    }
}

fn find<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Village, Problem> {
    catalogue.village(id).ok_or_else(|| UNKNOWN_VILLAGE.problem().field("id").accepted("the id of an imported village"))
}

/// Where a village stands with its unit of the newest generation.
#[utoipa::path(get, path = "/v1/villages/{id}/unit-choice", tag = "reference",
    params(("id" = String, Path, description = "The village's id")), responses((status = 200, body = Standing)))]
async fn unit_choice(
    State(app): State<AppState>,
    Path(id): Path<String>,
    _: Principal,
) -> Result<Json<Standing>, Problem> {
    let catalogue = app.reference.current().await?;
    Ok(Json(standing(&catalogue, find(&catalogue, &id)?)))
}

/// A person's choice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// The generation of the unit, for instance 2025.
    #[schema(maximum = 65535)]
    generation: u16,
    /// The unit's code, for instance 6838.
    #[schema(value_type = i64, minimum = 0, maximum = 4294967295_u64)]
    code: u32,
    /// The code this corrects; required once one was chosen.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4294967295_u64)]
    replaces: Option<u32>,
}

/// Chooses the unit of a village of a split unit. For officers of the unit, coordinators and administrators.
#[utoipa::path(post, path = "/v1/villages/{id}/unit-choice", tag = "reference", request_body = Chosen,
    params(("id" = String, Path, description = "The village's id")), responses((status = 200, body = Standing)))]
async fn choose_unit(
    State(app): State<AppState>,
    Path(id): Path<String>,
    SignedJson { principal, value }: SignedJson<Chosen>,
) -> Result<Json<Standing>, Problem> {
    let before = app.reference.current().await?;
    // An officer of either half of a split unit has the old unit in scope, and so may say which half.
    let known = find(&before, &id)?.known();
    let knows_it = known.is_some_and(|known| principal.areas.contains(known));
    if !knows_it || principal.expect_headquarters().is_err() {
        let accepted = "a village of your areas, chosen by an officer, coordinator or administrator";
        return Err(FORBIDDEN.problem().field("id").accepted(accepted));
    }
    let choice = Choice {
        village: &id,
        unit: AreaId { generation: value.generation, code: value.code },
        replaces: value.replaces,
        actor: Actor::from(&principal),
        at: app.now(),
    };
    write_tx!(app.db, |tx| choose_as(tx, &principal, choice))?;
    let after = app.reference.current().await?;
    Ok(Json(standing(&after, find(&after, &id)?)))
}

async fn choose_as(tx: &mut Tx, principal: &Principal, choice: Choice<'_>) -> Result<bool, Problem> {
    check_again(tx, principal, choice.at).await?;
    Ok(choose_in(tx, choice).await?)
}

impl From<ChoiceError> for Problem {
    fn from(error: ChoiceError) -> Self {
        let detail = error.to_string();
        match error {
            ChoiceError::UnknownVillage(_) => UNKNOWN_VILLAGE.problem().field("id").detail(detail),
            ChoiceError::NotACandidate { candidates, .. } => {
                let codes: Vec<_> = candidates.iter().map(|area| area.code.to_string()).collect();
                let accepted = if codes.is_empty() { "nothing is to be chosen".to_owned() } else { codes.join(", ") };
                NOT_A_CANDIDATE.problem().field("code").detail(detail).accepted(accepted)
            }
            ChoiceError::Decided { chosen } => {
                DECIDED.problem().field("replaces").detail(detail).accepted(chosen.code.to_string())
            }
            ChoiceError::Db(error) => error.into(),
        }
    }
}
