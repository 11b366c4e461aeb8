//! What becomes of batches and changes, in whatever order they come: the pure half of a server's ingest.
//!
//! [`Placer`] says how a batch stands in its log ([`State`]); [`decide`] says how the changes of chained batches stand in
//! their records ([`Standing`]), which of them let others in that waited, and which the server has to adopt. The caller
//! reads rows before and writes them after, in one transaction. The server and the simulator's model of it share this.

mod decide;
mod foresee;
mod place;
mod standing;

pub use decide::{Admitted, Adoption, Candidate, Decided, Open, Record, author, decide};
pub use foresee::{Foreseen, foresee};
pub use place::Placer;
pub use standing::{Standing, State};
