//! The only source of chance: a seed, and what it is needed for.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// Everybody who decides anything has dice of their own, so that one more throw here changes nothing
/// there.
pub struct Dice(SmallRng);

impl Dice {
    /// The same seed and purpose make the same throws.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(SmallRng::seed_from_u64(mixed(seed, purpose.as_bytes())))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    /// True `percent` times of a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// A time between these milliseconds.
    pub fn millis(&mut self, between: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.0.random_range(between))
    }

    /// A number between these.
    pub fn between(&mut self, range: RangeInclusive<i64>) -> i64 {
        self.0.random_range(range)
    }

    /// One of them; `None` if there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.0.random_range(0..of.len().max(1));
        of.get(index)
    }

    /// The index of one of these weights, as often as it weighs.
    pub fn weighed(&mut self, weights: &[u32]) -> usize {
        let mut left = self.0.random_range(0..weights.iter().sum::<u32>().max(1));
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// 128 bits for an id.
    pub fn id(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u128(self.0.random())
    }
}

/// FNV-1a: the same on every machine and in every build.
pub(crate) fn mixed(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(PRIME);
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}
