//! Random bytes as an input: the operating system's in the hub, a seed's in the simulation.
//!
//! The only place that draws from the operating system. Keys, nonces, tokens and identifiers are all drawn from a
//! [`Random`] that was handed in, so that a seed replays. The clock is in [`crate::clock`].

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of random bytes.
pub trait Random: Send {
    /// Fills the bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Draws a fixed number of random bytes: `let salt: [u8; 16] = draw(random);`.
pub fn draw<const N: usize>(random: &mut dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// The operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a booted operating system gives random bytes; without them no key is safe");
    }
}

/// Random bytes that follow from a seed: for simulations and tests only, anyone who knows the seed knows them.
#[derive(Debug, Clone)]
pub struct SeededRandom(ChaCha20Rng);

impl SeededRandom {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 when `bound` is 0. The bias is of no concern to a simulation.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_and_the_system_does_not() {
        let first: [u8; 32] = draw(&mut SeededRandom::new(7));
        assert_eq!(first, draw::<32>(&mut SeededRandom::new(7)));
        assert_ne!(first, draw::<32>(&mut SeededRandom::new(8)));
        assert_ne!(draw::<32>(&mut SystemRandom), draw::<32>(&mut SystemRandom));
    }
}
