//! Numbers that look random.

/// A small deterministic source of numbers (splitmix64): one seed, one sequence, on every platform.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next_u64() % limit as u64).unwrap_or_default()
    }

    /// Eight bytes.
    pub fn bytes(&mut self) -> [u8; 8] {
        self.next_u64().to_be_bytes()
    }
}
