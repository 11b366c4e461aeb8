//! Material: what was issued to posts, against what their people handed out.

mod issue;
mod people;
pub mod route;
mod stock;
#[cfg(test)]
mod tests;

pub use issue::{Issue, IssuePage};
pub(crate) use people::{Stay, stays};
pub use stock::{KindStock, PostStock, Stock, stock};
