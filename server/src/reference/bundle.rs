//! All the reference data a device needs without signal, in one document.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sync_core::id::AreaId;

use super::catalogue::{Catalogue, Unit};
use super::items::{Hotline, Item, Items, Plan, Post, Site, Term};
use super::kind::Kind;
use super::lineage::{Edge, Lineage};
use super::village::Village;

/// The reference data of a scope. A device turns it back into a [`Catalogue`] and asks that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The version of the catalogue it was cut from.
    pub version: u64,
    /// The units of the scope, what they came from and what they became.
    pub units: Vec<Unit>,
    /// The steps between those units.
    pub lineage: Vec<Edge>,
    /// The villages that lie, or may lie, in one of those units.
    pub villages: Vec<Village>,
    /// Lists of words by the name of their kind; labels of the screens among them.
    pub terms: BTreeMap<String, Vec<Item<Term>>>,
    /// Telephone lines.
    pub hotlines: Vec<Item<Hotline>>,
    /// Posts that work in one of those units.
    pub posts: Vec<Item<Post>>,
    /// Panels in those units.
    pub panels: Vec<Item<Site>>,
    /// Clubs in those units.
    pub clubs: Vec<Item<Site>>,
    /// Plans that may apply to those villages.
    pub plans: Vec<Item<Plan>>,
}

impl Bundle {
    /// What concerns `scope`; all of it for `None`.
    #[must_use]
    pub fn cut(catalogue: &Catalogue, scope: Option<&BTreeSet<AreaId>>) -> Self {
        let near = scope.map(|scope| surroundings(catalogue, scope));
        let has = |area: &AreaId| near.as_ref().is_none_or(|near| near.contains(area));
        let villages: Vec<_> =
            catalogue.villages().filter(|village| village.areas().any(|at| has(&at))).cloned().collect();
        let known: BTreeSet<_> = villages.iter().map(|village| village.id.clone()).collect();
        let items = catalogue.items();
        let edges = catalogue.units().flat_map(|unit| catalogue.lineage().successors(unit.area));
        let sites = |sites: &[Item<Site>]| sites.iter().filter(|site| has(&site.body.area)).cloned().collect();
        let plan_applies = |plan: &Plan| {
            plan.area.is_none_or(|area| has(&area)) && plan.village_id.as_ref().is_none_or(|id| known.contains(id))
        };
        Self {
            version: catalogue.version(),
            units: catalogue.units().filter(|unit| has(&unit.area)).cloned().collect(),
            lineage: edges.filter(|edge| has(&edge.from) && has(&edge.to)).copied().collect(),
            terms: items.terms.iter().map(|(kind, terms)| (kind.name().to_owned(), terms.clone())).collect(),
            hotlines: items.hotlines.clone(),
            posts: items.posts.iter().filter(|post| post.body.areas.iter().any(has)).cloned().collect(),
            panels: sites(&items.panels),
            clubs: sites(&items.clubs),
            plans: items.plans.iter().filter(|plan| plan_applies(&plan.body)).cloned().collect(),
            villages,
        }
    }

    /// The catalogue of what is in the bundle.
    #[must_use]
    pub fn into_catalogue(self) -> Catalogue {
        let terms = self.terms.into_iter().filter_map(|(kind, terms)| Some((kind.parse::<Kind>().ok()?, terms)));
        let items = Items {
            terms: terms.collect(),
            hotlines: self.hotlines,
            posts: self.posts,
            panels: self.panels,
            clubs: self.clubs,
            plans: self.plans,
        };
        Catalogue::new(self.version, self.units, Lineage::new(self.lineage), self.villages, items)
    }
}

/// The scope, every earlier unit it came from, and every unit those and it became: so a choice shows its candidates.
fn surroundings(catalogue: &Catalogue, scope: &BTreeSet<AreaId>) -> BTreeSet<AreaId> {
    let mut near = catalogue.scope_of(scope.iter().copied());
    let later: Vec<_> = near.iter().flat_map(|area| catalogue.lineage().descendants(*area)).collect();
    near.extend(later);
    near
}
