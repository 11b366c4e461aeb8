//! Which unit became which: 2023 → 2024 → 2025.
//!
//! Records keep the unit as recorded; everything here answers questions about it and rewrites nothing.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::AreaId;

/// The unit of another generation that an area (and village) lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Exactly this unit of the generation asked for.
    Unit(u32),
    /// One of several; a person has to say which, once per village.
    NeedsChoice {
        /// Codes of the generation asked for, ascending; at least two.
        candidates: Vec<u32>,
        /// What the list or the main successor suggests; always one of the candidates.
        suggested: Option<u32>,
    },
    /// The area is not in the catalogue, or nothing there says what it was or became.
    Unknown,
}

impl Resolution {
    /// The code, when it is certain.
    #[must_use]
    pub fn unit(&self) -> Option<u32> {
        match self {
            Self::Unit(code) => Some(*code),
            Self::NeedsChoice { .. } | Self::Unknown => None,
        }
    }
}

/// One step from a unit to a unit of a later generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Edge {
    /// The earlier unit.
    pub from: AreaId,
    /// The later unit; its generation is greater.
    pub to: AreaId,
    /// All of the earlier unit went here.
    pub whole: bool,
    /// The successor suggested where a person has to choose.
    pub main: bool,
}

/// The steps between units, walkable both ways. The graph has no cycle: each edge ascends in generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    forward: BTreeMap<AreaId, Vec<Edge>>,
    backward: BTreeMap<AreaId, Vec<Edge>>,
}

impl Lineage {
    /// The graph of these steps. A step that does not ascend in generation is left out.
    #[must_use]
    pub fn new(edges: impl IntoIterator<Item = Edge>) -> Self {
        let mut lineage = Self::default();
        for edge in edges.into_iter().filter(|edge| edge.from.generation < edge.to.generation) {
            lineage.forward.entry(edge.from).or_default().push(edge);
            lineage.backward.entry(edge.to).or_default().push(edge);
        }
        lineage
    }

    /// The steps out of `area` to later units.
    #[must_use]
    pub fn successors(&self, area: AreaId) -> &[Edge] {
        self.forward.get(&area).map_or(&[], Vec::as_slice)
    }

    /// The steps into `area` from earlier units.
    #[must_use]
    pub fn predecessors(&self, area: AreaId) -> &[Edge] {
        self.backward.get(&area).map_or(&[], Vec::as_slice)
    }

    /// Every earlier unit of which `area` holds at least a part; without `area` itself.
    #[must_use]
    pub fn ancestors(&self, area: AreaId) -> BTreeSet<AreaId> {
        self.closure(area, |at| self.predecessors(at).iter().map(|edge| edge.from).collect())
    }

    /// Every later unit that holds at least a part of `area`; without `area` itself.
    #[must_use]
    pub fn descendants(&self, area: AreaId) -> BTreeSet<AreaId> {
        self.closure(area, |at| self.successors(at).iter().map(|edge| edge.to).collect())
    }

    /// The units of `generation` that share ground with `area`, as far as the units alone tell; `area` itself for its
    /// own generation.
    #[must_use]
    pub fn candidates(&self, area: AreaId, generation: u16) -> BTreeSet<u32> {
        if generation == area.generation {
            return BTreeSet::from([area.code]);
        }
        let reached = if generation > area.generation { self.descendants(area) } else { self.ancestors(area) };
        reached.into_iter().filter(|unit| unit.generation == generation).map(|unit| unit.code).collect()
    }

    /// Where `area` went if each split followed its main successor. Backward: the unit whose main successor it is,
    /// when only one is, else the one that kept its code.
    #[must_use]
    pub fn main(&self, area: AreaId, generation: u16) -> Option<u32> {
        let mut at = area;
        while at.generation < generation {
            at = self.successors(at).iter().find(|edge| edge.main)?.to;
        }
        while at.generation > generation {
            let mut mains = self.predecessors(at).iter().filter(|edge| edge.main);
            let first = mains.next()?;
            at = match mains.next() {
                None => first.from,
                Some(_) => self.predecessors(at).iter().map(|edge| edge.from).find(|from| from.code == at.code)?,
            };
        }
        (at.generation == generation).then_some(at.code)
    }

    fn closure(&self, area: AreaId, next: impl Fn(AreaId) -> Vec<AreaId>) -> BTreeSet<AreaId> {
        let mut seen = BTreeSet::new();
        let mut open = next(area);
        while let Some(unit) = open.pop() {
            if seen.insert(unit) {
                open.extend(next(unit));
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(generation: u16, code: u32) -> AreaId {
        AreaId { generation, code }
    }

    fn edge(from: AreaId, to: AreaId, whole: bool, main: bool) -> Edge {
        Edge { from, to, whole, main }
    }

    fn lineage() -> Lineage {
        Lineage::new([
            edge(area(2023, 1), area(2024, 1), true, true),
            edge(area(2023, 2), area(2024, 1), true, true),
            edge(area(2024, 1), area(2025, 1), false, true),
            edge(area(2024, 1), area(2025, 9), false, false),
        ])
    }

    #[test]
    fn candidates_cross_generations_both_ways() {
        assert_eq!(lineage().candidates(area(2023, 2), 2025), BTreeSet::from([1, 9]));
        assert_eq!(lineage().candidates(area(2025, 9), 2023), BTreeSet::from([1, 2]));
        assert_eq!(lineage().candidates(area(2024, 1), 2024), BTreeSet::from([1]));
    }

    #[test]
    fn main_follows_main_successors_and_goes_back_to_the_same_code() {
        assert_eq!(lineage().main(area(2023, 2), 2025), Some(1));
        assert_eq!(lineage().main(area(2025, 1), 2023), Some(1));
        assert_eq!(lineage().main(area(2025, 9), 2023), None);
    }

    #[test]
    fn a_step_that_does_not_ascend_is_left_out() {
        let lineage = Lineage::new([edge(area(2025, 1), area(2025, 1), true, true)]);
        assert!(lineage.descendants(area(2025, 1)).is_empty());
    }
}
