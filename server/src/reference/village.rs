//! Villages (thôn, bản, khu): stable ids, names that change, units that are listed, derived or decided.

use std::collections::BTreeMap;

use sync_core::fold::fold;
use sync_core::id::AreaId;

/// Why a village is held to lie in a unit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It stands in the imported list.
    Listed,
    /// It follows from a listed or decided unit and the lineage of units alone.
    Lineage,
    /// A person decided.
    Decided,
}

impl Basis {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Lineage => "lineage",
            Self::Decided => "decided",
        }
    }

    /// The basis of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Listed, Self::Lineage, Self::Decided].into_iter().find(|basis| basis.name() == name)
    }
}

/// The unit of one generation in which a village lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct VillageUnit {
    /// The unit's code in that generation.
    pub code: u32,
    /// Why.
    pub basis: Basis,
}

/// A village. Its id never changes, whatever becomes of its name and its unit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Village {
    /// Stable id, 1 to 40 of `a-z0-9_.-`.
    pub id: String,
    /// Name without its kind.
    pub name: String,
    /// `thôn`, `bản`, `khu` or as the list says.
    pub kind: String,
    /// Sample data, no official list.
    pub sample: bool,
    /// Where the list has it from.
    pub source: String,
    /// The village this one became part of.
    pub merged_into: Option<String>,
    /// Names it had.
    pub former_names: Vec<String>,
    /// Latitude in thousandths of a degree: of the village, never of a house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat_e3: Option<i32>,
    /// Longitude in thousandths of a degree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon_e3: Option<i32>,
    /// Units by generation, only those that are certain.
    #[schema(value_type = BTreeMap<String, VillageUnit>)]
    pub units: BTreeMap<u16, VillageUnit>,
    /// What the list assumes, by generation, where a person has to choose.
    #[schema(value_type = BTreeMap<String, u32>)]
    pub suggested: BTreeMap<u16, u32>,
}

impl Village {
    /// The unit it stands under in the list; the newest when several are listed.
    #[must_use]
    pub fn known(&self) -> Option<AreaId> {
        let area = |(generation, unit): (&u16, &VillageUnit)| AreaId { generation: *generation, code: unit.code };
        let listed = self.units.iter().rev().find(|(_, unit)| unit.basis == Basis::Listed);
        listed.or_else(|| self.units.iter().next_back()).map(area)
    }

    /// The units it certainly lies in, oldest generation first.
    pub fn areas(&self) -> impl Iterator<Item = AreaId> {
        self.units.iter().map(|(generation, unit)| AreaId { generation: *generation, code: unit.code })
    }
}

/// The id of a village for which the list gives none: the unit's code and the folded name, `06853-na-nhai`. What
/// stands in brackets after the name is left out. The generation is written out but for 2024, the list's usual one.
#[must_use]
pub fn derive_id(area: AreaId, name: &str) -> String {
    let plain = name.split('(').next().unwrap_or(name);
    let mut slug: String =
        fold(plain).replace(' ', "-").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    slug.truncate(28);
    let slug = slug.trim_end_matches('-');
    match area.generation {
        2024 => format!("{:05}-{slug}", area.code),
        _ => format!("{area}-{slug}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_made_of_code_and_folded_name() {
        let area = AreaId { generation: 2024, code: 6853 };
        assert_eq!(derive_id(area, "Nà Sau (khu giãn dân thuộc thôn Nà Nhái)"), "06853-na-sau");
        assert_eq!(derive_id(AreaId { generation: 2025, code: 6838 }, "Đồng Đình"), "2025-06838-dong-dinh");
    }
}
