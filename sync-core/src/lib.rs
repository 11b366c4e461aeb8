//! What a Banlang device and a Banlang server both know.
//!
//! Nothing here reads a clock, draws randomness, opens a file or a socket: time, randomness, persistence, signing
//! and the network are inputs and effects. The same code runs in the server, in a terminal device, in a browser and
//! in a simulator that owns the clock.

pub mod admit;
pub mod code;
pub mod device;
pub mod fold;
pub mod id;
pub mod log;
pub mod record;
pub mod statement;
pub mod sync;
mod unicode;
pub mod wire;
pub mod witness;
