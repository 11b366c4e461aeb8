//! Randomness of the operating system, the only source of keys, codes and salts.

use rand::rand_core::{Rng, UnwrapErr};
use rand::rngs::SysRng;

/// `N` fresh random bytes.
///
/// # Panics
/// When the operating system has none to give, which it says only early in boot: nothing secret can be made then.
#[must_use]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    UnwrapErr(SysRng).fill_bytes(&mut out);
    out
}
