//! What is counted of one period.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use sync_core::wire::WireError;

use super::period::Days;
use super::register::{self, Media, Panels};
use crate::coverage::{Belongs, Place, Reported, Totals, UnplacedTotals, area_condition};
use crate::db::{DbError, Tx};
use crate::project::{Facet, Pack, Sums, VillageMonth, scan};
use crate::reference::Catalogue;

/// The facets a report shows, in its order. Who recorded what is not among them.
pub(super) const FACETS: [Facet; 4] = [Facet::Format, Facet::Topic, Facet::Language, Facet::Difficulty];

/// What was counted under one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Sessions, without those on social media.
    pub(super) sessions: i64,
    /// Posts on social media.
    pub(super) posts: i64,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.posts += other.posts;
    }
}

/// By facet and value.
pub(super) type Values = BTreeMap<Facet, BTreeMap<String, Counted>>;

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

/// Counts the days of a period.
pub(super) async fn read(tx: &mut Tx, reported: &Reported<'_>, days: Days) -> Result<Counts, DbError> {
    let mut counts = Counts::default();
    if let Some(within) = within(reported) {
        let mut tally = Tally::default();
        scan(tx, days.from..=days.to, &within, |of| {
            if tally.count(&of)? {
                let belongs = reported.belongs(of.area, of.village);
                counts.add(reported, &belongs, &of, &tally)?;
            }
            Ok(())
        })
        .await?;
    }
    counts.panels = register::panels(tx, reported, days).await?;
    counts.club_meetings = register::club_meetings(tx, reported, days).await?;
    counts.media = register::media(tx, reported, days).await?;
    if reported.is_province() {
        counts.context = register::context(tx, days).await?;
    }
    Ok(counts)
}

/// The condition on the area as recorded, to be put after others; `None` when nothing can be found.
fn within(reported: &Reported<'_>) -> Option<String> {
    let Some(areas) = reported.areas() else { return Some(String::new()) };
    area_condition(&areas).map(|condition| format!("and {condition}"))
}

/// What was counted in one village and month.
#[derive(Debug, Default)]
struct Tally {
    sums: Sums,
    /// By the places of words: of a value of a facet what was counted under it, of a kind of material how much.
    values: Vec<Counted>,
    material: Vec<i64>,
}

impl Tally {
    /// Counts one village and month; whether anything was held there on the days asked for.
    fn count(&mut self, of: &VillageMonth<'_>) -> Result<bool, WireError> {
        self.sums = Sums::default();
        self.values.clear();
        self.values.resize(of.pack.words(), Counted::default());
        self.material.clear();
        self.material.resize(of.pack.words(), 0);
        let mut any = false;
        for fact in of.facts() {
            let (_, fact) = fact?;
            any = true;
            self.sums += fact.sums;
            for place in fact.values() {
                if let Some(counted) = self.values.get_mut(place?) {
                    counted.sessions += fact.sums.sessions;
                    counted.posts += fact.sums.posts;
                }
            }
            for kind in fact.material() {
                let (place, quantity) = kind?;
                if let Some(sum) = self.material.get_mut(place) {
                    *sum += quantity;
                }
            }
        }
        Ok(any)
    }

    fn add_totals(&self, totals: &mut Totals, pack: &Pack<'_>) -> Result<(), WireError> {
        totals.sums += self.sums;
        for (place, quantity) in self.material.iter().enumerate().filter(|(_, quantity)| **quantity != 0) {
            totals.add_material(pack.word(place)?, *quantity);
        }
        Ok(())
    }
}

impl Counts {
    /// Counts a village and month where it belongs. Of the province everything counts, also what no unit has yet.
    fn add(
        &mut self,
        reported: &Reported<'_>,
        belongs: &Belongs,
        of: &VillageMonth<'_>,
        tally: &Tally,
    ) -> Result<(), WireError> {
        if let Belongs::Perhaps(place) = belongs {
            tally.add_totals(self.undecided.entry(place.clone()).or_default(), &of.pack)?;
        }
        if *belongs == Belongs::No || (*belongs != Belongs::Yes && !reported.is_province()) {
            return Ok(());
        }
        tally.add_totals(&mut self.totals, &of.pack)?;
        for (place, facet, value) in of.pack.values() {
            let counted = tally.values.get(place).copied().unwrap_or_default();
            if counted != Counted::default() && FACETS.contains(&facet) {
                let values = self.facets.entry(facet).or_default();
                match values.get_mut(value) {
                    Some(sum) => *sum += counted,
                    None => drop(values.insert(value.to_owned(), counted)),
                }
            }
        }
        if tally.sums.sessions > 0
            && let Some(village) = reported.catalogue.survivor(of.village)
            && !self.reached.contains(&village.id)
        {
            self.reached.insert(village.id.clone());
        }
        Ok(())
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
