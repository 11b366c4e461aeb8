//! The panels of a scope, in the units of any generation.

use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;
use utoipa::{IntoParams, ToSchema};

use super::last::{LastCheck, last_checks};
use crate::auth::Scope;
use crate::coverage::query::{generation_and_unit, refuse};
use crate::db::{DbError, Tx};
use crate::problem::Problem;
use crate::reference::{Catalogue, Item, Resolution, Site};

/// Parameters of the register of panels.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PanelParams {
    /// Generation of units: 2023, 2024 or 2025; the newest unless given.
    #[param(value_type = Option<u16>)]
    pub generation: Option<String>,
    /// One unit, as `2025-06841` or as a code of the generation; with the panels of which a person has to say whether
    /// they stand there.
    #[param(inline, value_type = Option<crate::openapi::Unit>)]
    pub unit: Option<String>,
    /// A panel is overdue that was checked longer ago than so many days, or never: 1 to 3660; the setting
    /// `panel_check_days` unless given.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 3660)]
    pub overdue_days: Option<String>,
    /// `all` (the default), `overdue`, `damaged` or `unchecked`. The counts are of all.
    #[param(pattern = "^(all|overdue|damaged|unchecked)$")]
    pub state: Option<String>,
}

/// Which panels are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    All,
    Overdue,
    Damaged,
    Unchecked,
}

/// A checked question about the register.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The generation of units.
    pub generation: u16,
    /// The unit.
    pub unit: Option<u32>,
    overdue_days: i64,
    state: State,
}

impl PanelParams {
    /// What is asked; `usual_days` when no number of days is given.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self, catalogue: &Catalogue, usual_days: i64) -> Result<Asked, Problem> {
        let (generation, unit) = generation_and_unit(catalogue, self.generation.as_deref(), self.unit.as_deref())?;
        let overdue_days = match self.overdue_days.as_deref() {
            None => usual_days,
            Some(text) => text
                .parse()
                .ok()
                .filter(|days| (1..=3660).contains(days))
                .ok_or_else(|| refuse("overdue_days", text, "a whole number from 1 to 3660"))?,
        };
        let state = match self.state.as_deref() {
            None | Some("all") => State::All,
            Some("overdue") => State::Overdue,
            Some("damaged") => State::Damaged,
            Some("unchecked") => State::Unchecked,
            Some(other) => return Err(refuse("state", other, "all, overdue, damaged or unchecked")),
        };
        Ok(Asked { generation, unit, overdue_days, state })
    }
}

/// One panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Panel {
    /// Its id in the register.
    pub id: String,
    /// Its name, or where it stands.
    pub name: String,
    /// The unit as registered.
    #[schema(value_type = String, example = "2023-06649")]
    pub area: AreaId,
    /// That unit's name.
    pub area_name: String,
    /// The unit of the generation asked for; none while a person has to choose.
    #[schema(value_type = Option<String>, example = "2025-06841")]
    pub unit: Option<AreaId>,
    /// That unit's name.
    pub unit_name: Option<String>,
    /// The units it may stand in, when a person has to choose.
    #[schema(value_type = Vec<String>)]
    pub candidates: Vec<AreaId>,
    /// The village, when the register names one.
    pub village: Option<String>,
    /// Sample data.
    pub sample: bool,
    /// The newest check; none: nobody has looked at it.
    pub last_check: Option<LastCheck>,
    /// Whether it was checked too long ago, or never.
    pub overdue: bool,
}

/// How many panels of the scope and unit asked for, whatever the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PanelCounts {
    /// Panels.
    pub all: usize,
    /// Checked at some time.
    pub checked: usize,
    /// Checked too long ago, or never.
    pub overdue: usize,
    /// Found in any but a good condition at the newest check.
    pub damaged: usize,
    /// Found with a wrong hotline number at the newest check.
    pub hotline_wrong: usize,
    /// Never checked.
    pub unchecked: usize,
}

impl PanelCounts {
    /// Counts one panel.
    pub(crate) fn count(&mut self, panel: &Panel) {
        let last = panel.last_check.as_ref();
        self.all += 1;
        self.checked += usize::from(last.is_some());
        self.unchecked += usize::from(last.is_none());
        self.overdue += usize::from(panel.overdue);
        self.damaged += usize::from(last.is_some_and(LastCheck::is_damaged));
        self.hotline_wrong += usize::from(last.is_some_and(|last| last.hotline_wrong == Some(true)));
    }
}

/// The register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Panels {
    /// The generation in whose units the panels are shown.
    pub generation: u16,
    /// The days after which a check is too long ago.
    pub overdue_days: i64,
    /// By unit and name.
    pub panels: Vec<Panel>,
    /// Of all panels of the unit asked for.
    pub counts: PanelCounts,
}

/// The panels in scope.
///
/// # Errors
/// The database's.
pub async fn panels(
    tx: &mut Tx,
    catalogue: &Catalogue,
    scope: &Scope,
    asked: &Asked,
    today: i64,
) -> Result<Panels, DbError> {
    let mut last = last_checks(tx, scope.areas(), today).await?;
    let mut counts = PanelCounts::default();
    let mut panels = Vec::new();
    for site in catalogue.items().panels.iter().filter(|site| scope.contains(site.body.area)) {
        let (unit, candidates) = place(catalogue, asked.generation, site);
        let is_asked = |code| unit.map(|unit| unit.code) == Some(code) || candidates.iter().any(|at| at.code == code);
        if !asked.unit.is_none_or(is_asked) {
            continue;
        }
        let panel = panel(catalogue, site, (unit, candidates), last.remove(&site.id), asked.overdue_days);
        counts.count(&panel);
        let listed = match asked.state {
            State::All => true,
            State::Overdue => panel.overdue,
            State::Damaged => panel.last_check.as_ref().is_some_and(LastCheck::is_damaged),
            State::Unchecked => panel.last_check.is_none(),
        };
        if listed {
            panels.push(panel);
        }
    }
    panels.sort_by(|a, b| (a.unit, &a.name, &a.id).cmp(&(b.unit, &b.name, &b.id)));
    Ok(Panels { generation: asked.generation, overdue_days: asked.overdue_days, panels, counts })
}

/// The unit of a generation in which a site stands, or those it may stand in.
fn place(catalogue: &Catalogue, generation: u16, site: &Item<Site>) -> (Option<AreaId>, Vec<AreaId>) {
    let area = |code| AreaId { generation, code };
    match catalogue.resolve(site.body.area, site.body.village_id.as_deref(), generation) {
        Resolution::Unit(code) => (Some(area(code)), Vec::new()),
        Resolution::NeedsChoice { candidates, .. } => (None, candidates.into_iter().map(area).collect()),
        Resolution::Unknown => (None, Vec::new()),
    }
}

fn panel(
    catalogue: &Catalogue,
    Item { id, body }: &Item<Site>,
    (unit, candidates): (Option<AreaId>, Vec<AreaId>),
    last_check: Option<LastCheck>,
    overdue_days: i64,
) -> Panel {
    let days = last_check.as_ref().and_then(|last| last.days);
    Panel {
        id: id.clone(),
        name: body.name.clone(),
        area: body.area,
        area_name: catalogue.area_name(body.area),
        unit,
        unit_name: unit.map(|unit| catalogue.area_name(unit)),
        candidates,
        village: body.village_id.clone(),
        sample: body.sample,
        last_check,
        // Of a check without a day nobody knows how long ago it was.
        overdue: days.is_none_or(|days| days > overdue_days),
    }
}
