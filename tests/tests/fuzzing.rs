//! Promises checked here: any bytes end normally in the codec, at the gate and in the reader of the log, what they accept
//! is sound; and a hub takes thousands of mutated requests without harm.
//!
//! The functions are those that `server/fuzz` runs for hours. `SEGIN_MUTATIONS=50` makes fifty times as many mutations,
//! `SEGIN_MUTATIONS_SEED=7` others than the usual ones; `SEGIN_WRITE_CORPUS=FOLDER` writes the seeds for the fuzzer.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segin_tests::adversary::{mutated, plain::PlainHub, quiet};
use segin_tests::fuzzing::{self, seeds};
use segin_tests::http::Post;
use segin_tests::mutate::garble;
use segin_tests::raw::RawDevice;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::wire::answer::Fate;

/// Mutations in an ordinary run.
const CODEC: usize = 10_000;
const GATE: usize = 5_000;
const LOG: usize = 4_000;
const REQUESTS: usize = 3_000;
/// Requests between two honest exchanges, between two cases that are attacked, and between two restarts.
const HONEST_EVERY: usize = 40;
const CASE_EVERY: usize = 200;
const RESTART_EVERY: usize = 1_000;

fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn random(test: u64) -> ChaCha8Rng {
    let seed = told("SEGIN_MUTATIONS_SEED").unwrap_or_default();
    println!("SEGIN_MUTATIONS_SEED={seed}, test {test}");
    ChaCha8Rng::seed_from_u64(seed << 8 | test)
}

fn times(count: usize) -> usize {
    count * told("SEGIN_MUTATIONS").and_then(|times| usize::try_from(times).ok()).unwrap_or(1)
}

/// Writes seeds where the fuzzer looks for them, if that is wanted.
fn written(name: &str, seeds: &[Vec<u8>]) {
    let Some(folder) = std::env::var_os("SEGIN_WRITE_CORPUS") else { return };
    let folder = std::path::Path::new(&folder).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:04}")), seed).unwrap();
    }
}

/// Every seed as it is, then mutations of them.
fn feed(name: &str, test: u64, count: usize, seeds: &[Vec<u8>], function: fn(&[u8])) {
    quiet();
    written(name, seeds);
    assert!(seeds.len() > 20, "{} seeds", seeds.len());
    seeds.iter().for_each(|seed| function(seed));
    let mut random = random(test);
    for turn in 0..times(count) {
        let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
        garble(&mut bytes, &mut random);
        let result = std::panic::catch_unwind(|| function(&bytes));
        assert!(result.is_ok(), "{name}, turn {turn}: {}", data_encoding::HEXLOWER.encode(&bytes));
    }
}

#[test]
fn any_bytes_as_messages() {
    feed("codec", 21, CODEC, &seeds::for_codec(), fuzzing::codec);
}

#[test]
fn any_bytes_as_changes() {
    feed("gate", 22, GATE, &seeds::for_gate(), fuzzing::gate);
}

#[test]
fn any_bytes_as_a_log() {
    feed("log", 23, LOG, &seeds::for_log(), fuzzing::log);
}

#[test]
fn thousands_of_mutated_requests() {
    quiet();
    let mut random = random(24);
    let mut hub = PlainHub::new(24);
    let others = seeds::changes();
    let invitations = ["Awa", "Moussa"].map(|name| hub.invite(name));
    let mut devices = invitations.iter().zip(1..).map(|(it, seed)| RawDevice::enrol(&mut hub, it, seed).unwrap());
    let (mut attacker, mut honest) = (devices.next().unwrap(), devices.next().unwrap());
    drop(devices);
    let work = |honest: &mut RawDevice, hub: &mut PlainHub, case, turn: usize| {
        let edit = Edit::Set { field: "identity.mother".into(), value: Value::Text(format!("{turn}")).into() };
        let change = honest.edit(case, Kind::Case, &[edit]);
        let parcel = honest.parcel(&[(case, vec![change], None)]);
        let (receipt, mut rest) = honest.sync(hub, vec![parcel]).unwrap();
        assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied, "turn {turn}");
        while rest.more {
            rest = honest.sync(hub, Vec::new()).unwrap().1;
        }
        assert_eq!(rest.digests[0], honest.digest(), "turn {turn}: hub and device hold the same");
    };
    let mut case = honest.new_document();
    work(&mut honest, &mut hub, case, 0);
    attacker.sync(&mut hub, Vec::new()).unwrap();
    let mut answered = 0;
    for turn in 1..=times(REQUESTS) {
        let bytes = mutated::request(&mut attacker, case, &others, &mut random);
        let (status, _) = hub.post("/v1/exchange", &bytes).unwrap();
        answered += usize::from(status == 200);
        if turn.is_multiple_of(HONEST_EVERY) {
            work(&mut honest, &mut hub, case, turn);
        }
        if turn.is_multiple_of(CASE_EVERY) {
            case = honest.new_document();
            work(&mut honest, &mut hub, case, turn);
            attacker.sync(&mut hub, Vec::new()).unwrap();
        }
        if turn.is_multiple_of(RESTART_EVERY) {
            hub.restart();
        }
    }
    assert!(answered > REQUESTS / 4, "{answered} requests were looked at");
    hub.restart();
    work(&mut honest, &mut hub, case, usize::MAX);
}
