//! The simulation's randomness: everything follows from one seed.

use segin::random::{Random, SeededRandom};

/// A seeded source of choices.
#[derive(Debug, Clone)]
pub struct Dice(SeededRandom);

impl Dice {
    /// From a seed; `stream` keeps users of one seed apart.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(SeededRandom::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(stream)))
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.below(bound as u64)).unwrap_or(0)
    }

    /// A number from `low` up to and with `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in so many of a hundred throws.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items; none when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// Another source that follows from this one.
    pub fn split(&mut self) -> SeededRandom {
        SeededRandom::new(u64::from_be_bytes(self.bytes()))
    }
}
