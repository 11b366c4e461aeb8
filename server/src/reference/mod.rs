//! Reference data: units of three generations and their lineage, villages, posts, words, plans.
//!
//! Records keep the unit and village as recorded. Everything that asks what that is today, or was before, asks a
//! [`Catalogue`]: [`Catalogues::current`] hands out the newest one, also after another process changed it.

pub mod bundle;
pub mod catalogue;
mod catalogues;
pub mod choice;
mod choice_route;
pub mod command;
pub mod document;
mod fault;
pub mod import;
pub mod import_route;
pub mod items;
pub mod kind;
pub mod lineage;
mod plans;
pub mod posts;
mod report;
mod report_view;
pub mod route;
pub mod sample;
pub mod sheet;
mod store;
#[cfg(test)]
mod tests;
mod units;
pub mod village;
mod villages;

pub use bundle::Bundle;
pub use catalogue::{Catalogue, PendingChoice, Unit};
pub use catalogues::Catalogues;
pub use items::{ALL, Hotline, Item, Items, LAND_BORDER, Per, Plan, Post, Site, Term};
pub use kind::{Kind, UnknownKind};
pub use lineage::{Edge, Lineage, Resolution};
pub(crate) use plans::set_plan;
pub use sheet::{Fault, SheetError};
pub use village::{Basis, Village, VillageUnit, derive_id};
