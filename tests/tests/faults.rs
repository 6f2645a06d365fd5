//! The oracle's own test: whatever the harness makes wrong on purpose, some seed must show, by the promise's name.

use segin_tests::simulation::mutation::Mutation;
use segin_tests::simulation::promise::Promise;
use segin_tests::simulation::run::run_with;
use segin_tests::simulation::weights::{Action, Weights};

/// Seeds in which a fault must show itself; measured: each does in less than half of them.
const SEEDS_MAX: u64 = 60;

/// The promises of which any may be the first that a fault breaks.
fn breaks(mutation: Mutation) -> &'static [Promise] {
    match mutation {
        Mutation::AckBeforeSync | Mutation::SkipCopyButClaim => &[Promise::SavedMeansSaved],
        Mutation::DoubleApply => &[Promise::SameChangesSameDocument],
        Mutation::TrustDeviceClock => &[Promise::NoDeviceClockDecides],
        Mutation::MixUpAnswers => &[Promise::OnlyOnesScope],
        Mutation::ForgetCursor => &[Promise::ProgressOnAnyLink, Promise::OneExchangeWhenNothingChanged],
        Mutation::DropOnScopeLoss
        | Mutation::ForgetOutboxOnReceiptlessRestart
        | Mutation::RecordBeforeSync
        | Mutation::ReuseActorAfterRestore
        | Mutation::EditAtNewestHeads => &[Promise::NothingDropped],
    }
}

/// A seed's own weights, with more of what a fault needs to do harm.
fn weights(mutation: Mutation, seed: u64) -> Weights {
    let drawn = Weights::of_seed(seed);
    match mutation {
        // Work must be recorded between a request and the answer that closes its channel.
        Mutation::DropOnScopeLoss => drawn.with(Action::Move, 6).with(Action::Edit, 16).with(Action::Deliver, 16),
        // A device must go on from an older store, on documents that others see.
        Mutation::ReuseActorAfterRestore => {
            drawn.with(Action::Backup, 4).with(Action::Restore, 4).with(Action::Clone, 4).with(Action::Edit, 16)
        }
        _ => drawn,
    }
}

fn is_found(mutation: Mutation) {
    let mut others = Vec::new();
    for seed in 0..SEEDS_MAX {
        let outcome = run_with(seed, Some(mutation), Some(weights(mutation, seed)));
        let Some(broken) = &outcome.broken else { continue };
        if breaks(mutation).contains(&broken.promise) {
            println!("{mutation:?}: seed {seed}: {broken}");
            return;
        }
        others.push(format!("seed {seed}: {broken}"));
    }
    panic!("{mutation:?} is not noticed in {SEEDS_MAX} seeds; other promises broken: {others:#?}");
}

macro_rules! found {
    ($($name:ident: $mutation:ident,)*) => {
        $(
            #[test]
            fn $name() {
                is_found(Mutation::$mutation);
            }
        )*

        /// Prevents: a fault that was added to the harness and is never looked for.
        #[test]
        fn every_fault_is_looked_for() {
            let looked_for = [$(Mutation::$mutation),*];
            assert!(Mutation::ALL.iter().all(|mutation| looked_for.contains(mutation)));
        }
    };
}

found! {
    answers_before_the_sync_are_noticed: AckBeforeSync,
    a_second_copy_that_is_only_claimed_is_noticed: SkipCopyButClaim,
    changes_counted_twice_are_noticed: DoubleApply,
    device_time_taken_for_hub_time_is_noticed: TrustDeviceClock,
    answers_for_another_device_are_noticed: MixUpAnswers,
    a_forgotten_cursor_is_noticed: ForgetCursor,
    work_dropped_with_its_scope_is_noticed: DropOnScopeLoss,
    an_outbox_forgotten_at_a_restart_is_noticed: ForgetOutboxOnReceiptlessRestart,
    work_called_recorded_too_early_is_noticed: RecordBeforeSync,
    an_actor_used_twice_is_noticed: ReuseActorAfterRestore,
    edits_on_heads_that_nobody_saw_are_noticed: EditAtNewestHeads,
}
