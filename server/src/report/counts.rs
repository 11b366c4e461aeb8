//! What is counted of one period.

use std::collections::{BTreeMap, BTreeSet};

use super::facets::Values;
use super::period::Days;
use super::register::{self, Media, Panels};
use crate::coverage::calendar::Calendar;
use crate::coverage::{Belongs, Grain, Place, Reported, Totals, UnplacedTotals, material, sums};
use crate::db::{DbError, Tx};
use crate::reference::Catalogue;

/// What is counted of one period.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Sums and material that belong to what is reported on.
    pub(super) totals: Totals,
    /// Of each facet, what was counted under each value.
    pub(super) facets: Values,
    /// Villages of today, by id, with a session.
    pub(super) reached: BTreeSet<String>,
    /// What may belong to it, once a person has chosen.
    pub(super) undecided: BTreeMap<Place, Totals>,
    pub(super) panels: Panels,
    pub(super) club_meetings: i64,
    pub(super) media: Media,
    /// Figures of the province by code.
    pub(super) context: BTreeMap<String, i64>,
}

/// Counts the days of a period; what sessions were like is read for all periods at once.
pub(super) async fn read(
    tx: &mut Tx,
    reported: &Reported<'_>,
    calendar: Calendar,
    days: Days,
) -> Result<Counts, DbError> {
    let mut counts = Counts::default();
    let areas = reported.areas();
    let areas = areas.as_ref();
    let range = || days.from..=days.to;
    for part in sums(tx, calendar, range(), Grain::Range, areas).await? {
        let belongs = reported.belongs(part.area, &part.village);
        if counts.at(reported, &belongs, |totals| totals.sums += part.sums)
            && part.sums.sessions > 0
            && let Some(village) = reported.catalogue.survivor(&part.village)
        {
            counts.reached.insert(village.id.clone());
        }
    }
    for part in material(tx, calendar, range(), areas).await? {
        let belongs = reported.belongs(part.area, &part.village);
        counts.at(reported, &belongs, |totals| totals.add_material(&part.kind, part.quantity));
    }
    counts.panels = register::panels(tx, reported, days).await?;
    counts.club_meetings = register::club_meetings(tx, reported, days).await?;
    counts.media = register::media(tx, reported, days).await?;
    if reported.is_province() {
        counts.context = register::context(tx, days).await?;
    }
    Ok(counts)
}

impl Counts {
    /// Counts something where it belongs; whether it belongs to what is reported on. Of the province everything does,
    /// also what no unit has yet.
    fn at(&mut self, reported: &Reported<'_>, belongs: &Belongs, count: impl Fn(&mut Totals)) -> bool {
        if let Belongs::Perhaps(place) = belongs {
            count(self.undecided.entry(place.clone()).or_default());
        }
        let counts = *belongs == Belongs::Yes || (reported.is_province() && *belongs != Belongs::No);
        if counts {
            count(&mut self.totals);
        }
        counts
    }

    /// What a person has to choose a unit for.
    pub(super) fn needs_choice(&self, catalogue: &Catalogue) -> Vec<UnplacedTotals> {
        let unplaced = self.undecided.iter().filter_map(|(place, totals)| match place {
            Place::Unit(_) => None,
            Place::Unplaced { recorded, village, candidates } => Some(UnplacedTotals {
                recorded: *recorded,
                name: catalogue.area_name(*recorded),
                village: village.clone(),
                candidates: candidates.clone(),
                totals: totals.clone(),
            }),
        });
        unplaced.collect()
    }
}
