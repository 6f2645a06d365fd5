//! Running seeds, and telling what failed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::mutation::Mutation;
use super::promise::{Broken, Promise};
use super::trace::Trace;
use super::weights::Weights;
use super::world::World;

/// What a run was.
pub struct Outcome {
    /// Which seed.
    pub seed: u64,
    /// What did not hold, if anything.
    pub broken: Option<Broken>,
    /// What happened.
    pub trace: Trace,
    /// Of each document and field, the marks that people see in the end, in their order.
    pub shown: Vec<String>,
    /// Edits recorded, receipts checked, fields with several values compared.
    pub seen: (usize, u64, u64),
}

impl Outcome {
    /// What a person needs to look for the cause.
    #[must_use]
    pub fn story(&self) -> String {
        let broken = self.broken.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        format!("{}\nseed {} broke: {broken}", self.trace.tail(), self.seed)
    }
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, mutation: Option<Mutation>) -> Outcome {
    run_with(seed, mutation, None)
}

/// Runs a seed with other weights than it draws.
#[must_use]
pub fn run_with(seed: u64, mutation: Option<Mutation>, weights: Option<Weights>) -> Outcome {
    let mut world = match World::new(seed, weights, mutation) {
        Ok(world) => world,
        Err(broken) => {
            return Outcome { seed, broken: Some(broken), trace: Trace::default(), shown: Vec::new(), seen: (0, 0, 0) };
        }
    };
    // A panic of the product is a finding like any other: its message stands on the terminal.
    let ran = catch_unwind(AssertUnwindSafe(|| world.run().and_then(|()| world.come_to_rest())));
    let broken = match ran {
        Ok(Ok(())) => None,
        Ok(Err(broken)) => Some(broken),
        Err(_) => Some(Broken::new(Promise::HostileBytesStopAtTheGate, "a panic, see above")),
    };
    let seen = (world.oracle.recorded.len(), world.oracle.receipts_seen, world.oracle.conflicts_seen);
    Outcome { seed, broken, trace: world.trace, shown: world.oracle.shown, seen }
}
