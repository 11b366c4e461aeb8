//! A person's choice of the unit in which a village of a split unit lies: once per village, kept with who and when.

use std::collections::BTreeSet;

use serde_json::json;
use sync_core::id::{AreaId, UnixMs};

use super::catalogue::Catalogue;
use super::village::Basis;
use super::{import, store};
use crate::audit::{self, Actor};
use crate::cli::Lang;
use crate::db::{Db, DbError, Transient, Tx};
use crate::write_tx;

/// A choice to keep.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The village.
    pub village: &'a str,
    /// The unit it lies in.
    pub unit: AreaId,
    /// The code this choice corrects; needed once one was chosen, so that two people cannot overrule each other unseen.
    pub replaces: Option<u32>,
    /// Who chose.
    pub actor: Actor,
    /// When.
    pub at: UnixMs,
}

/// A choice was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// No such village.
    #[error("village {0} is unknown")]
    UnknownVillage(String),
    /// The village's unit of that generation is not open to choice, or this is none of the candidates.
    #[error("{given} is not accepted for this village; accepted: {}", list(candidates))]
    NotACandidate {
        /// What was given.
        given: AreaId,
        /// What is accepted; empty when nothing is to be chosen.
        candidates: Vec<AreaId>,
    },
    /// Another unit was chosen already.
    #[error("{chosen} was chosen already; to correct it, say that it is replaced")]
    Decided {
        /// The unit in force.
        chosen: AreaId,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ChoiceError {
    /// Why the choice was not kept, in a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::UnknownVillage(id), _) => format!("không có thôn, bản nào mang mã {id}"),
            (Self::NotACandidate { given, candidates }, _) if candidates.is_empty() => {
                format!("không chọn {given} được: đơn vị của thôn, bản này suy ra từ đơn vị cũ, không phải chọn")
            }
            (Self::NotACandidate { given, candidates }, _) => {
                format!("không chọn {given} được cho thôn, bản này; hãy chọn một trong: {}", list(candidates))
            }
            (Self::Decided { chosen }, _) => {
                format!("đã chọn {chosen} từ trước; muốn sửa thì thêm --replaces {}", chosen.code)
            }
            (Self::Db(error), _) => format!("cơ sở dữ liệu: {error}"),
        }
    }
}

fn list(candidates: &[AreaId]) -> String {
    if candidates.is_empty() {
        return "nothing, its unit follows from the old one".to_owned();
    }
    candidates.iter().map(AreaId::to_string).collect::<Vec<_>>().join(", ")
}

impl Transient for ChoiceError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_transient())
    }
}

/// Keeps a choice, with its history and an audit row; `false` when the same unit was chosen before.
///
/// # Errors
/// [`ChoiceError`]; nothing changed then.
pub async fn choose(db: &Db, choice: Choice<'_>) -> Result<bool, ChoiceError> {
    write_tx!(db, |tx| choose_in(tx, choice))
}

/// As [`choose`], within a transaction of the caller.
///
/// # Errors
/// As [`choose`].
pub async fn choose_in(tx: &mut Tx, choice: Choice<'_>) -> Result<bool, ChoiceError> {
    let before = store::load(tx).await?;
    let village =
        before.village(choice.village).ok_or_else(|| ChoiceError::UnknownVillage(choice.village.to_owned()))?;
    let generation = choice.unit.generation;
    let candidates = open_to_choice(&before, choice.village, generation);
    if !candidates.contains(&choice.unit.code) {
        let candidates = candidates.into_iter().map(|code| AreaId { generation, code }).collect();
        return Err(ChoiceError::NotACandidate { given: choice.unit, candidates });
    }
    let chosen = village.units.get(&generation).map(|unit| unit.code);
    if chosen == Some(choice.unit.code) {
        return Ok(false);
    }
    if let Some(code) = chosen.filter(|code| choice.replaces != Some(*code)) {
        return Err(ChoiceError::Decided { chosen: AreaId { generation, code } });
    }
    store::put_choice(tx, choice.village, choice.unit, chosen, import::account_of(choice.actor), choice.at.0).await?;
    // Units of other generations may follow from the one chosen.
    let held = store::load(tx).await?;
    let after = import::derive(&held, held.units().cloned(), held.lineage().clone(), held.villages().cloned());
    for village in after.villages().filter(|village| held.village(&village.id) != Some(village)) {
        store::put_village(tx, village).await?;
    }
    store::raise_version(tx, "unit-choices").await?;
    let detail = json!({
        "unit": choice.unit,
        "replaces": chosen.map(|code| AreaId { generation, code }),
    });
    audit::record(tx, choice.at, choice.actor, "village.unit-chosen", choice.village, &detail).await?;
    Ok(true)
}

/// A village of a split unit for which a person chose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct DecidedChoice {
    /// The village.
    pub village: String,
    /// Its name.
    pub name: String,
    /// The unit it stands under in the list.
    #[schema(value_type = String, example = "2024-06853")]
    pub known: AreaId,
    /// The unit chosen.
    #[schema(value_type = String, example = "2025-06838")]
    pub unit: AreaId,
    /// The units that may be chosen; at least two.
    #[schema(value_type = Vec<String>)]
    pub candidates: Vec<AreaId>,
}

/// Villages of today for whose unit of the newest generation a choice is in force, by id.
#[must_use]
pub fn decided_choices(catalogue: &Catalogue) -> Vec<DecidedChoice> {
    let Some(generation) = catalogue.newest_generation() else { return Vec::new() };
    let area = |code| AreaId { generation, code };
    let of_today = catalogue.villages().filter(|village| village.merged_into.is_none());
    let decided = of_today.filter_map(|village| {
        let unit = village.units.get(&generation).filter(|unit| unit.basis == Basis::Decided)?;
        let candidates: Vec<_> = open_to_choice(catalogue, &village.id, generation).into_iter().map(area).collect();
        // A later list may have settled what was once open.
        (!candidates.is_empty()).then(|| DecidedChoice {
            village: village.id.clone(),
            name: village.name.clone(),
            known: village.known().unwrap_or(area(unit.code)),
            unit: area(unit.code),
            candidates,
        })
    });
    decided.collect()
}

/// The codes a person may choose for a village in a generation; empty when there is nothing to choose.
#[must_use]
pub fn open_to_choice(catalogue: &Catalogue, village: &str, generation: u16) -> BTreeSet<u32> {
    let Some(village) = catalogue.village(village) else { return BTreeSet::new() };
    if village.units.get(&generation).is_some_and(|unit| unit.basis == Basis::Listed) {
        return BTreeSet::new();
    }
    let known = village
        .areas()
        .find(|area| village.units.get(&area.generation).is_some_and(|unit| unit.basis == Basis::Listed));
    let candidates = known.map_or_else(BTreeSet::new, |known| catalogue.lineage().candidates(known, generation));
    if candidates.len() > 1 { candidates } else { BTreeSet::new() }
}
