//! Promises 2 and 4 on the device, with the real binary: it is killed (SIGKILL) while it imports a list and while it
//! exchanges, and in the end every row is one case, here and at the hub.
//!
//! What is drawn follows from one seed; when exactly a kill meets the device does not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use segin::random::SeededRandom;
use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use segin_tests::process::binary;
use sync_protocol::documents::Kind;

const SEED: u64 = 20_190_101;
/// Kills in each of the two: while it imports, and while it exchanges.
const KILLS: usize = 10;
/// Milliseconds within which a kill comes: less than what the whole work takes on most machines.
const WITHIN_MS: u64 = 400;

fn segin(phone: &Phone, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("device").arg("--dir").arg(&phone.dir).arg("--key-file").arg(&phone.key_file).args(arguments);
    command.args(["--json"]).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// How many of the runs were killed before they were done.
fn killed(phone: &Phone, arguments: &[&str], random: &mut SeededRandom) -> usize {
    let one = |random: &mut SeededRandom| {
        let mut running = segin(phone, arguments).stdout(Stdio::null()).spawn().unwrap();
        // A random moment; there is nothing to wait for.
        thread::sleep(Duration::from_micros(random.below(WITHIN_MS * 1_000)));
        running.kill().unwrap();
        !running.wait().unwrap().success()
    };
    (0..KILLS).filter(|_| one(random)).count()
}

#[test]
fn a_device_killed_while_it_imports_and_exchanges_loses_nothing_and_repeats_nothing() {
    let mut random = SeededRandom::new(SEED);
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/intakes-sample.csv").display().to_string();
    phone.off();
    let cut = killed(&phone, &["import", &list], &mut random);
    let done = segin(&phone, &["import", &list]).output().unwrap();
    assert!(done.status.success());
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let count = |name: &str| report[name].as_u64().unwrap();
    let unread = report["unread"].as_array().unwrap().len() as u64;
    assert_eq!(count("recorded") + count("known"), count("rows") - unread);
    assert_eq!(report["changed"], serde_json::json!([]));
    phone.on();
    let cases = phone.documents(Kind::Case).len() as u64;
    assert_eq!(cases, count("rows") - unread, "every row is one case");
    assert_eq!(phone.status().unwrap().unsent as u64, cases);
    phone.off();

    let cut = cut + killed(&phone, &["sync"], &mut random);
    assert!(cut > 0, "every run was done before it was killed");
    phone.on();
    night.sync(&mut phone);
    assert_eq!(phone.status().unwrap().unsent, 0);
    let sums = phone.device().sums().clone();
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    let found = &audit.recomputed.report;
    assert_eq!((found.documents["case"], found.changes, found.held), (cases, cases, 0));
    for (channel, state) in segin::store::documents::DocumentStore::channels(&*audit.recomputed.store).unwrap() {
        assert_eq!(sums[&channel], state.sum);
    }
}
