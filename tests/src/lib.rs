//! Test support: the whole product in one process, the simulator and the load tool.

pub mod crash;
pub mod fleet;
pub mod harness;
pub mod hostile;
pub mod kept;
pub mod simulate;
