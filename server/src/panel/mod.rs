//! The register of panels (pano) with the newest check of each: what stands, what is damaged, what nobody has looked at.
//!
//! 177 sites are registered at units of 2023; they are reported in the units of any generation, by lineage.

mod last;
mod register;
pub mod route;
#[cfg(test)]
mod tests;

pub use last::LastCheck;
pub use register::{Asked, Panel, PanelCounts, PanelParams, Panels, panels};
