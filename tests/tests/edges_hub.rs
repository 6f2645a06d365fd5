//! Bad input at the hub's edges: one clear sentence with a stable code, a non-zero exit, nothing lost, nothing
//! overwritten.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use segin_tests::audit::Audit;
use segin_tests::http::Http;
use segin_tests::night::Night;
use segin_tests::process::{Place, Refusal, fingerprint, refused};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::answer::Fate;

/// Bytes of a segment's header and of an entry's, as the log writes them.
const SEGMENT_HEADER: usize = 84;
const ENTRY_HEADER: usize = 52;
/// Where log and keyring have their version, and a number that is not reached soon.
const VERSION_AT: usize = 8;
const NEWER: [u8; 4] = [0, 0, 0, 99];

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

/// A hub that has taken a case and was stopped.
fn with_work() -> (Place, DocumentId) {
    let mut night = Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Awa")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    let (receipt, _) = device.sync(&mut http, vec![parcel]).unwrap();
    assert_eq!(receipt.parcels[0].documents[0].runs[0].fate, Fate::Applied);
    (night.end(), case)
}

/// The hub does not start, says why, and has changed nothing; without the cause it starts and has everything.
fn refuses(place: &Place, code: &str, words: &[&str]) {
    let before = fingerprint(place.folder.path());
    place.refused().is(code, words);
    assert_eq!(fingerprint(place.folder.path()), before, "something was written");
}

fn still_has(place: &Place, case: DocumentId) {
    let (code, words) = place.start().stop().unwrap();
    assert_eq!(code, Some(0), "{words}");
    let audit = Audit::of(place.data(), &place.command.master_key);
    assert_eq!(audit.changes(case).len(), 2, "the constant change and the one that was recorded");
}

/// Changes bytes of a file for as long as `test` runs.
fn with_bytes_at(file: &Path, at: usize, bytes: &[u8], test: impl FnOnce()) {
    let good = fs::read(file).unwrap();
    let mut bad = good.clone();
    bad[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(file, bad).unwrap();
    test();
    fs::write(file, good).unwrap();
}

#[test]
fn a_port_in_use() {
    let (mut place, case) = with_work();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let usual = std::mem::replace(&mut place.command.listen, other.local_addr().unwrap().to_string());
    refuses(&place, "address-in-use", &[&place.command.listen, "--listen"]);
    place.command.listen = usual;
    still_has(&place, case);
}

#[test]
fn an_address_that_others_reach() {
    let mut place = Place::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        address.clone_into(&mut place.command.listen);
        refuses(&place, "address-not-loopback", &["127.0.0.1"]);
    }
    assert!(!place.data().exists() && !place.command.master_key.exists());
}

#[test]
fn a_folder_of_a_newer_version() {
    let (place, case) = with_work();
    let (log, keyring) = (place.data().join("log/0000000001.seg"), place.data().join("keyring"));
    with_bytes_at(&log, VERSION_AT, &NEWER, || {
        refuses(&place, "log-newer-version", &["log/0000000001.seg", "99", "newer version"]);
    });
    with_bytes_at(&keyring, VERSION_AT, &NEWER, || refuses(&place, "keyring-newer-version", &["99", "newer version"]));
    still_has(&place, case);
}

#[test]
fn a_byte_changed_in_the_middle_of_the_log() {
    let (place, case) = with_work();
    let log = place.data().join("log/0000000001.seg");
    let bytes = fs::read(&log).unwrap();
    let length = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let second = SEGMENT_HEADER + ENTRY_HEADER + length(SEGMENT_HEADER);
    let place_of_it = format!("byte {second}, entry 2:");
    for at in [second + ENTRY_HEADER, second + 4, second + 8, second + ENTRY_HEADER + length(second) - 1] {
        with_bytes_at(&log, at, &[!bytes[at]], || {
            refuses(&place, "log-damaged", &["log/0000000001.seg", &place_of_it, "second copy"]);
        });
    }
    // A length that leads nowhere, and nothing at all where entries were.
    with_bytes_at(&log, second, &[0xff; 4], || refuses(&place, "log-damaged", &[&place_of_it]));
    with_bytes_at(&log, second, &[0; 60], || refuses(&place, "log-damaged", &[&place_of_it]));
    still_has(&place, case);
}

#[test]
fn a_master_key_that_is_wrong_missing_unreadable_or_inside() {
    let (mut place, case) = with_work();
    let good = place.command.master_key.clone();
    let wrong = place.beside("wrong.key");
    fs::write(&wrong, "ab".repeat(32)).unwrap();
    place.command.master_key = wrong;
    refuses(&place, "keyring-wrong-master-key", &["master key"]);

    place.command.master_key = place.beside("none.key");
    refuses(&place, "master-key-missing", &["none.key"]);

    let secret = "c0ffee".repeat(5);
    place.command.master_key = place.beside("notes.txt");
    fs::write(&place.command.master_key, &secret).unwrap();
    refuses(&place, "master-key-unreadable", &["notes.txt"]);
    assert!(!place.refused().error.contains(&secret));

    place.command.master_key = place.data().join("master.key");
    refuses(&place, "master-key-inside", &["master.key"]);

    place.command.master_key = good;
    still_has(&place, case);
}

#[test]
fn a_keyring_or_a_log_that_is_missing_or_damaged() {
    let (place, case) = with_work();
    let (log, keyring) = (place.data().join("log"), place.data().join("keyring"));
    let aside = place.beside("aside");
    for (part, code) in [(&log, "log-missing"), (&keyring, "keyring-missing")] {
        fs::rename(part, &aside).unwrap();
        refuses(&place, code, &[]);
        assert!(!part.exists(), "nothing new was begun in its place");
        fs::rename(&aside, part).unwrap();
    }
    let bytes = fs::read(&keyring).unwrap();
    for at in [0, 13, bytes.len() / 2, bytes.len() - 1] {
        with_bytes_at(&keyring, at, &[!bytes[at]], || refuses(&place, "keyring-damaged", &["second copy"]));
    }
    still_has(&place, case);
}

#[test]
fn a_second_hub_on_one_folder() {
    let mut night = Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    let parts =
        |place: &Place| (fingerprint(&place.data().join("log")), fs::read(place.data().join("keyring")).unwrap());
    let before = parts(&night.place);
    night.place.refused().is("disk-locked", &["another process"]);
    assert_eq!(parts(&night.place), before);
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Awa")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    device.sync(&mut http, vec![parcel]).expect("the first one goes on");
    still_has(&night.end(), case);
}

#[test]
fn a_second_copy_that_is_not_one() {
    let (mut place, case) = with_work();
    let (other, _) = with_work();
    let copy_to = |folder: &Path| vec!["--copy-to".to_owned(), folder.display().to_string()];
    let other_before = fingerprint(other.folder.path());
    place.command.more = copy_to(other.data());
    refuses_but_may_apply(&place, "copy-other-log", &["another log"]);
    assert_eq!(fingerprint(other.folder.path()), other_before, "the other hub's folder was written to");

    place.command.more = copy_to(place.data());
    refuses_but_may_apply(&place, "copy-is-data", &["another disk"]);

    let half = place.beside("half");
    fs::create_dir(&half).unwrap();
    fs::copy(place.data().join("keyring"), half.join("keyring")).unwrap();
    place.command.more = copy_to(&half);
    refuses_but_may_apply(&place, "copy-not-a-copy", &["empty folder"]);
    place.command.more = Vec::new();
    still_has(&place, case);
}

#[test]
fn a_log_restored_from_an_older_state_than_its_copy() {
    let mut place = Place::new();
    place.command.more = vec!["--copy-to".to_owned(), place.beside("copy").display().to_string()];
    let mut night = Night::at(place);
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    night.take_hub().stop().unwrap();
    let log = night.place.data().join("log/0000000001.seg");
    let older = fs::read(&log).unwrap();
    night.start_again();
    http.move_to(night.hub().address());
    let case = device.new_document();
    let change = device.edit(case, Kind::Case, &[named("Awa")]);
    let parcel = device.parcel(&[(case, vec![change], None)]);
    device.sync(&mut http, vec![parcel]).unwrap();
    let place = night.end();
    let newer = fs::read(&log).unwrap();
    fs::write(&log, older).unwrap();
    let copy = fingerprint(&place.beside("copy"));
    refuses_but_may_apply(&place, "copy-longer", &["older state"]);
    assert_eq!(fingerprint(&place.beside("copy")), copy);
    fs::write(&log, newer).unwrap();
    still_has(&place, case);
}

/// As [`refuses`], where the derived documents may have been opened before.
fn refuses_but_may_apply(place: &Place, code: &str, words: &[&str]) {
    let of_record = || (fingerprint(&place.data().join("log")), fs::read(place.data().join("keyring")).unwrap());
    let before = of_record();
    place.refused().is(code, words);
    assert_eq!(of_record(), before, "log or keyring were written");
}

#[test]
fn a_folder_that_is_not_a_hubs() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("thesis.txt"), "all of it").unwrap();
    refuses(&place, "folder-not-a-hub", &["thesis.txt"]);

    let place = Place::new();
    fs::write(place.data(), "a file").unwrap();
    let before = fingerprint(place.folder.path());
    let Refusal { code, error, .. } = place.refused();
    assert_eq!(code, Some(1));
    assert!(error.starts_with("segin: ") && error.lines().count() == 1, "{error}");
    assert_eq!(fingerprint(place.folder.path()), before);
}

#[test]
fn arguments_that_are_none() {
    let place = Place::new();
    let usage = ["hub", "serve"];
    let address = ["hub", "serve", "--data", "x", "--master-key", "y", "--listen", "z"];
    for (wrong, said) in [(&usage[..], "--data"), (&address, "invalid value 'z' for '--listen"), (&["hub"], "Usage:")] {
        let Refusal { code, error, .. } = refused(Command::new(&place.command.binary).args(wrong));
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

/// The log's first step is 4 MiB: this many more are left before the system says no.
const ROOM_KIB: u32 = 64;

/// Runs the hub so that no file of its grows beyond this; without the signal that would kill it.
fn limited(place: &Place, kib: u32) -> Place {
    let script = place.beside("limited");
    let binary = place.command.binary.display();
    // Blocks of `ulimit -f` have 512 bytes.
    let blocks = kib * 2;
    fs::write(&script, format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f {blocks}\nexec '{binary}' \"$@\"\n")).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut command = place.command.clone();
    command.binary = script;
    Place { folder: tempfile::tempdir().unwrap(), command }
}

#[test]
fn no_room_for_a_new_hub() {
    let place = Place::new();
    let limited = limited(&place, 1_024);
    let refusal = limited.refused();
    refusal.is("disk-io", &["log/0000000001.seg"]);
    let (code, words) = place.start().stop().unwrap();
    assert_eq!(code, Some(0), "with room it begins: {words}");
}

#[test]
fn a_disk_that_fills_under_load() {
    let mut night = Night::begin();
    let (mut device, mut http) = night.raw_device(&["GOG"]);
    night.take_hub().stop().unwrap();
    let hub = limited(&night.place, 4_096 + ROOM_KIB).start();
    http.move_to(hub.address());
    let long = |n: usize| Value::Text(format!("{n} {}", "é".repeat(480)));
    let fields = ["given", "family", "on_paper", "called", "father", "mother"];
    let mut receipted = Vec::new();
    let mut last = None;
    for n in 0..400 {
        let parts: Vec<_> = (0..8)
            .map(|_| {
                let case = device.new_document();
                let edits = fields.map(|name| Edit::Set { field: format!("identity.{name}"), value: long(n).into() });
                (case, vec![device.edit(case, Kind::Case, &edits)], None)
            })
            .collect();
        let parcel = device.parcel(&parts);
        last = Some(parcel.clone());
        match device.ask(&mut http, &device.request(vec![parcel])) {
            Ok((receipt, _)) => receipted.push((receipt.parcels[0].position.unwrap(), receipt.parcels[0].manifest)),
            Err(_) => break,
        }
    }
    let (code, words) = hub.wait().unwrap();
    assert_eq!(code, Some(1), "{words}");
    let said = words.lines().last().unwrap();
    assert!(
        said.starts_with("segin: ") && said.contains("what was receipted is safe") && said.ends_with(']'),
        "{words}"
    );
    assert!(receipted.len() > 10, "{words}");

    night.start_again();
    let mut http = Http::to(night.hub().address());
    let (receipt, _) = device.ask(&mut http, &device.request(vec![last.unwrap()])).unwrap();
    receipted.push((receipt.parcels[0].position.unwrap(), receipt.parcels[0].manifest));
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    for (position, manifest) in receipted {
        assert_eq!(sync_protocol::wire::manifest::manifest_hash(&audit.parcel(position).manifest), manifest);
    }
    audit.agrees_with_documents(place.data());
}
