//! How long to wait before something is sent again.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// When, and how long, what failed is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Longest pause before the first repetition; it doubles with each one.
    pub first: Duration,
    /// Bound of the doubling.
    pub longest: Duration,
    /// Longest pause while the disks of the cluster are full; at least half of it is waited.
    pub slow: Duration,
    /// So long without any success a body is tried; then its records are given up as not delivered.
    pub deadline: Duration,
    /// Repetitions in a row where the answer looks like a wrong setting, but may be a passing one.
    pub few: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            slow: Duration::from_secs(30),
            deadline: Duration::from_secs(600),
            few: 5,
        }
    }
}

impl Retry {
    /// Full jitter: anything from nothing to the doubled pause, so that those who failed together do not come back
    /// together. `failures` in a row so far, from 0.
    #[must_use]
    pub fn pause(&self, failures: u32, random: &mut Random) -> Duration {
        let longest = self.first.saturating_mul(2_u32.saturating_pow(failures)).min(self.longest);
        longest.mul_f64(random.unit())
    }

    /// The pause while disks are full: nothing here mends that, so it is not short.
    #[must_use]
    pub fn slow_pause(&self, random: &mut Random) -> Duration {
        self.slow.mul_f64(0.5 + 0.5 * random.unit())
    }
}

/// Numbers to spread load with (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Other numbers in each process.
    #[must_use]
    pub fn new() -> Self {
        // A fresh RandomState is seeded by the system.
        Self(RandomState::new().hash_one(0))
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64().checked_rem(end).unwrap_or(0)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
