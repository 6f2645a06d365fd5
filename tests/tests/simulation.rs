//! The simulation: seeds of devices, hub, network and crashes, against the product's promises.
//!
//! `SEGIN_SIM_SEED=n` replays one seed with all of its lines, `SEGIN_SIM_SEEDS=n` runs so many instead of 300.

use segin_tests::simulation::run::{run, run_with};
use segin_tests::simulation::weights::Weights;

/// Seeds of an ordinary test run.
const SEEDS: u64 = 300;
/// The tests below share them.
const PARTS: usize = 4;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seeds(part: u64) {
    if let Some(seed) = number("SEGIN_SIM_SEED") {
        if seed % PARTS as u64 == part {
            let outcome = run(seed, None);
            println!("{}", outcome.trace.lines().join("\n"));
            assert!(outcome.broken.is_none(), "{}", outcome.story());
        }
        return;
    }
    let all = number("SEGIN_SIM_SEEDS").unwrap_or(SEEDS);
    let (mut recorded, mut receipts, mut conflicts) = (0, 0, 0);
    let mut failed = Vec::new();
    for seed in (part..all).step_by(PARTS) {
        let outcome = run(seed, None);
        if let Some(broken) = &outcome.broken {
            eprintln!("{}", outcome.story());
            failed.push(format!("SEGIN_SIM_SEED={seed}: {broken}"));
        }
        recorded += outcome.seen.0;
        receipts += outcome.seen.1;
        conflicts += outcome.seen.2;
    }
    println!("{recorded} edits recorded, {receipts} receipts checked, {conflicts} fields with several values");
    assert!(failed.is_empty(), "{} seeds broke a promise:\n{}", failed.len(), failed.join("\n"));
    assert!(recorded > 0 && receipts > 0, "a simulation in which nothing happens shows nothing");
}

#[test]
fn promises_hold_in_the_first_quarter_of_the_seeds() {
    seeds(0);
}

#[test]
fn promises_hold_in_the_second_quarter_of_the_seeds() {
    seeds(1);
}

#[test]
fn promises_hold_in_the_third_quarter_of_the_seeds() {
    seeds(2);
}

#[test]
fn promises_hold_in_the_fourth_quarter_of_the_seeds() {
    seeds(3);
}

#[test]
fn a_seed_replays() {
    for seed in [1, 2, 3] {
        let (one, other) = (run(seed, None), run(seed, None));
        assert_eq!(one.trace.hash(), other.trace.hash(), "seed {seed}");
        assert!(one.trace.lines().len() > 50);
    }
    assert_ne!(run(1, None).trace.hash(), run(2, None).trace.hash());
}

/// Prevents: order, fates or merges that follow a device's clock. The same night with right and with wrong clocks: every
/// line of the trace is the same, but for times and what is hashed over them.
#[test]
fn device_clocks_change_nothing() {
    for seed in 0..12 {
        let right = Weights { skew_ms: 0, cuts: 0, budget: 4 * 1024 * 1024, ..Weights::of_seed(seed) };
        let wrong = Weights { skew_ms: 20 * 365 * 86_400_000, ..right.clone() };
        let (right, wrong) = (run_with(seed, None, Some(right)), run_with(seed, None, Some(wrong)));
        assert!(right.broken.is_none() && wrong.broken.is_none(), "{}\n{}", right.story(), wrong.story());
        let differ = right.trace.lines().iter().zip(wrong.trace.lines()).find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(right.shown, wrong.shown, "seed {seed}: what people read");
        assert!(!right.shown.is_empty());
    }
}
