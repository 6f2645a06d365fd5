//! More than 100,000 mutated changes, of this crate's making and of the library for browsers': no panic escapes, no
//! document is left broken, no honest change is turned away, and what is accepted is a legitimate change: its document
//! loads with the heads it should have, and every replica comes to the same from it in another order.
//!
//! `SEGIN_MUTATIONS=50` makes fifty times as many; `SEGIN_MUTATIONS_SEED=7` others than the usual ones. Each test prints
//! the seed with which it can be repeated.

use std::collections::BTreeMap;
use std::sync::Once;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::gate::{Code, trial_is_running};

use super::mutate::{garble, mutated, tamper};
use super::parts::*;
use super::scenes::{Scene, made_here, made_in_browsers};

/// Mutations of each test in an ordinary run. All tests together: more than 100,000, in less than a minute on two cores.
const BYTES: usize = 12_000;
const CONTENTS: usize = 12_000;
const COMPRESSED: usize = 6_000;
const FIELDS: usize = 10_000;
const VALUES: usize = 10_000;
const BROWSERS: usize = 15_000;

const _: () = assert!(BYTES + CONTENTS + COMPRESSED + 2 * FIELDS + VALUES + 3 * BROWSERS > 100_000);

/// Panics that the gate catches stay out of the output; all others are shown.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !trial_is_running() {
                before(info);
            }
        }));
    });
}

#[allow(clippy::disallowed_methods, reason = "a test may be told to run longer, or elsewhere")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// How many times more mutations than in an ordinary run.
fn times() -> usize {
    told("SEGIN_MUTATIONS").and_then(|times| usize::try_from(times).ok()).unwrap_or(1)
}

/// Runs a number of mutations over all scenes; how often each thing came of it.
fn run(
    test: u64,
    count: usize,
    scenes: &[Scene],
    mutate: impl Fn(&Scene, &Scene, &mut ChaCha8Rng) -> Vec<u8>,
) -> BTreeMap<&'static str, usize> {
    quiet();
    let count = count * times();
    let seed = told("SEGIN_MUTATIONS_SEED").unwrap_or_default();
    let mut random = ChaCha8Rng::seed_from_u64(seed << 8 | test);
    let mut found = BTreeMap::new();
    for turn in 0..count {
        let scene = &scenes[turn % scenes.len()];
        let other = &scenes[random.random_range(0..scenes.len())];
        let mutated = mutate(scene, other, &mut random);
        scene.check(&mutated, &format!("SEGIN_MUTATIONS_SEED={seed}, test {test}, turn {turn}"), &mut found);
    }
    assert_eq!(found.values().sum::<usize>(), count);
    println!("SEGIN_MUTATIONS_SEED={seed}, test {test}, {count} mutations: {found:?}");
    found
}

#[test]
fn bytes_garbled_on_the_way() {
    let found = run(1, BYTES, &made_here(), |scene, _, random| {
        let mut bytes = scene.target.clone();
        garble(&mut bytes, random);
        bytes
    });
    assert!(found[Code::Checksum.as_str()] > BYTES / 4);
    // Only what was garbled back into itself can pass.
    assert!(found.get("applied").copied().unwrap_or(0) < BYTES / 60 * times());
}

#[test]
fn contents_garbled_and_the_checksum_repaired() {
    let found = run(2, CONTENTS, &made_here(), |scene, _, random| {
        let mut contents = Parts::of(&scene.target).contents();
        garble(&mut contents, random);
        chunk(1, &contents)
    });
    assert!(found["applied"] > 10 && !found.contains_key(Code::Checksum.as_str()));
}

#[test]
fn compressed_changes_garbled_inside_and_outside() {
    run(3, COMPRESSED, &made_here(), |scene, _, random| {
        let mut contents = Parts::of(&scene.target).contents();
        if random.random_bool(0.5) {
            garble(&mut contents, random);
            return compressed(&contents);
        }
        let mut packed = deflate(&contents);
        garble(&mut packed, random);
        framed(2, checksum(1, &contents), &packed)
    });
}

fn tampered(test: u64) {
    let found = run(test, FIELDS, &made_here(), |scene, other, random| {
        let mut parts = Parts::of(&scene.target);
        tamper(&mut parts, &Parts::of(&other.target), random);
        parts.bytes()
    });
    assert!(found["applied"] > 20 && found.len() > 15);
}

#[test]
fn fields_and_columns_tampered_with_first_part() {
    tampered(4);
}

#[test]
fn fields_and_columns_tampered_with_second_part() {
    tampered(5);
}

#[test]
fn columns_changed_by_one_value() {
    let found = run(6, VALUES, &made_here(), |scene, _, random| {
        let mut parts = Parts::of(&scene.target);
        let index = random.random_range(0..parts.columns.len());
        let data = &mut parts.columns[index].1;
        let at = random.random_range(0..data.len());
        data[at] = random.random_range(0..128_u8);
        parts.bytes()
    });
    assert!(found["applied"] > 20);
}

/// Changes that browsers wrote, mutated in every way. That each passes as it was written is seen when a scene is made.
fn of_browsers(test: u64) {
    let scenes = made_in_browsers();
    assert!(scenes.len() > 150, "{} changes", scenes.len());
    let found = run(test, BROWSERS, &scenes, |scene, other, random| mutated(&scene.target, &other.target, random));
    assert!(found["applied"] > 100 && found.len() > 20);
}

#[test]
fn changes_of_browsers_mutated_first_part() {
    of_browsers(7);
}

#[test]
fn changes_of_browsers_mutated_second_part() {
    of_browsers(8);
}

#[test]
fn changes_of_browsers_mutated_third_part() {
    of_browsers(9);
}
