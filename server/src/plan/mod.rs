//! Plans: how often a village should be reached. By village, by unit, or by rule; the narrowest counts.

pub mod route;
#[cfg(test)]
mod tests;
