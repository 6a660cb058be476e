//! Random numbers, so that no worker is the first victim of all others.

/// A xorshift generator (G. Marsaglia, "Xorshift RNGs", 2003).
pub(crate) struct Random(u32);

impl Random {
    /// Returns a generator. Any odd seed that differs from worker to worker will do.
    pub(crate) const fn new(worker: usize) -> Self {
        Self((worker as u32).wrapping_mul(0x9E37_79B9) | 1)
    }

    pub(crate) fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize
    }
}
