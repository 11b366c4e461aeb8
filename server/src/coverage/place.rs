//! Where what was recorded belongs in a report: the unit of one generation, by lineage, or none yet.

use std::collections::BTreeSet;

use sync_core::id::AreaId;

use crate::auth::Scope;
use crate::reference::{Catalogue, Resolution};

/// Where a sum belongs in a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In this unit of the report's generation.
    Unit(u32),
    /// In one of these, or nothing is known of it.
    Unplaced { recorded: AreaId, village: Option<String>, candidates: Vec<AreaId> },
}

/// The place of what was recorded in an area and a village of the register; an empty text is no village.
pub(super) fn place(catalogue: &Catalogue, generation: u16, area: AreaId, village: &str) -> Place {
    let village = Some(village).filter(|id| catalogue.village(id).is_some());
    let candidates = match catalogue.resolve(area, village, generation) {
        Resolution::Unit(code) => return Place::Unit(code),
        Resolution::NeedsChoice { candidates, .. } => {
            candidates.into_iter().map(|code| AreaId { generation, code }).collect()
        }
        Resolution::Unknown => Vec::new(),
    };
    Place::Unplaced { recorded: area, village: village.map(str::to_owned), candidates }
}

/// Whether something belongs to what is reported on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// It counts.
    Yes,
    /// It may, once a person has chosen; until then it is told apart, under its place.
    Perhaps(Place),
    /// It does not.
    No,
}

/// What a report is about: one unit, or everything a person may see, in the units of one generation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) scope: &'a Scope,
    pub(crate) generation: u16,
    pub(crate) unit: Option<u32>,
}

impl Reported<'_> {
    /// Whether the report is on the whole province: all that was recorded counts, wherever it belongs.
    pub(crate) fn is_province(&self) -> bool {
        self.unit.is_none() && self.scope.areas().is_none()
    }

    /// The unit asked for.
    pub(crate) fn area(&self) -> Option<AreaId> {
        self.unit.map(|code| AreaId { generation: self.generation, code })
    }

    /// The areas in which anything of it may have been recorded; `None` for all.
    pub(crate) fn areas(&self) -> Option<BTreeSet<AreaId>> {
        match (self.area(), self.scope.areas()) {
            (None, None) => None,
            (None, Some(areas)) => Some(areas.clone()),
            (Some(unit), _) => {
                let related = self.catalogue.scope(unit);
                Some(related.into_iter().filter(|area| self.scope.contains(*area)).collect())
            }
        }
    }

    /// Whether a unit of the generation is part of it. The scope of one half of a unit that was split holds the old unit,
    /// with villages that went to the other half: these are not.
    pub(crate) fn holds(&self, unit: AreaId) -> bool {
        self.area().is_none_or(|asked| asked == unit) && self.scope.contains(unit)
    }

    /// Whether what was recorded in an area and a village belongs to it.
    pub(crate) fn belongs(&self, area: AreaId, village: &str) -> Belongs {
        let place = place(self.catalogue, self.generation, area, village);
        let here = match &place {
            Place::Unit(code) if self.holds(AreaId { generation: self.generation, code: *code }) => {
                return Belongs::Yes;
            }
            Place::Unit(_) => false,
            Place::Unplaced { candidates, .. } if candidates.is_empty() => {
                self.unit.is_none() && self.scope.contains(area)
            }
            Place::Unplaced { candidates, .. } => candidates.iter().any(|unit| self.holds(*unit)),
        };
        if here { Belongs::Perhaps(place) } else { Belongs::No }
    }
}
