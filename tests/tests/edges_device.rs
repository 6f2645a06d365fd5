//! Bad input at the device's edges: one clear sentence with a stable code, a non-zero exit, nothing lost, nothing
//! overwritten.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use segin::field::FieldDevice;
use segin_tests::night::{Night, Phone};
use segin_tests::process::{Refusal, binary, fingerprint, refused};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::DocumentId;

/// Where SQLite keeps a file's user version, and the smallest page.
const USER_VERSION_AT: usize = 60;
const PAGE: usize = 4_096;

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

/// A device with a case that was not sent.
fn with_work() -> (Night, Phone, DocumentId) {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let case = phone.record(vec![named("Awa")]).unwrap().document;
    phone.off();
    (night, phone, case)
}

fn segin(dir: &Path, key_file: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("device").arg("--dir").arg(dir).arg("--key-file").arg(key_file).args(arguments);
    command
}

fn run(phone: &Phone, arguments: &[&str]) -> Refusal {
    refused(&mut segin(&phone.dir, &phone.key_file, arguments))
}

/// The device does nothing, says why, and has changed nothing.
fn refuses(phone: &Phone, arguments: &[&str], code: &str, words: &[&str]) {
    let top = phone.dir.parent().unwrap();
    let own =
        || fingerprint(top).into_iter().filter(|(path, _)| !path.starts_with(top.join("hub"))).collect::<Vec<_>>();
    let before = own();
    run(phone, arguments).is(code, words);
    assert_eq!(own(), before, "something was written");
}

fn still_has(phone: &mut Phone, case: DocumentId) {
    phone.on();
    assert_eq!(phone.documents(Kind::Case), [case]);
    assert_eq!(phone.status().unwrap().unsent, 1);
}

fn store(phone: &Phone) -> PathBuf {
    phone.dir.join("device.sqlite")
}

#[test]
fn a_folder_without_a_device() {
    let (night, mut phone, case) = with_work();
    let wrong = night.place.beside("none");
    let refusal = refused(&mut segin(&wrong, &phone.key_file, &["status"]));
    refusal.is("field-missing", &["none", "segin device enrol"]);
    assert!(!wrong.exists());
    still_has(&mut phone, case);
}

#[test]
fn a_key_file_that_is_wrong_missing_or_none() {
    let (mut night, mut phone, case) = with_work();
    let good = phone.key_file.clone();
    phone.key_file = night.blank_device().key_file;
    refuses(&phone, &["status"], "field-wrong-key", &["belongs to another"]);
    phone.key_file = night.place.beside("none.key");
    refuses(&phone, &["status"], "field-key-file", &["none.key"]);
    phone.key_file = night.place.beside("hub.key");
    fs::copy(&night.place.command.master_key, &phone.key_file).unwrap();
    refuses(&phone, &["status"], "field-key-file", &["hub.key"]);
    phone.key_file = good;
    still_has(&mut phone, case);
}

#[test]
fn a_store_of_a_newer_version() {
    let (_night, mut phone, case) = with_work();
    let good = fs::read(store(&phone)).unwrap();
    let mut newer = good.clone();
    newer[USER_VERSION_AT..USER_VERSION_AT + 4].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(store(&phone), newer).unwrap();
    refuses(&phone, &["status"], "field-newer", &["form 99", "update"]);
    fs::write(store(&phone), good).unwrap();
    still_has(&mut phone, case);
}

#[test]
fn a_store_that_is_damaged_or_something_else() {
    let (_night, mut phone, case) = with_work();
    let good = fs::read(store(&phone)).unwrap();
    let mut scratched = good.clone();
    for page in 1..good.len() / PAGE {
        scratched[page * PAGE + 8..(page + 1) * PAGE].fill(0x5a);
    }
    let cut = good[..good.len() / 2].to_vec();
    for wrong in [b"not a store at all, but a letter".repeat(300), scratched, cut] {
        fs::write(store(&phone), wrong).unwrap();
        refuses(&phone, &["list"], "field-damaged", &["device.sqlite", "keep the folder"]);
    }
    fs::write(store(&phone), good).unwrap();
    still_has(&mut phone, case);
}

#[test]
fn one_changed_byte_in_a_sealed_row() {
    let (_night, mut phone, case) = with_work();
    let good = fs::read(store(&phone)).unwrap();
    let (mut said, mut unharmed) = (0, 0);
    for at in (PAGE..good.len()).step_by(997) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(store(&phone), &bad).unwrap();
        match run(&phone, &["list"]) {
            // A byte that nobody reads; that the list was shown is noted.
            Refusal { code: Some(0), .. } => unharmed += 1,
            refusal => {
                refusal.is("field-damaged", &["device.sqlite"]);
                said += 1;
                assert!(fs::read(store(&phone)).unwrap() == bad, "what may still be saved was overwritten");
            }
        }
    }
    assert!(said > 0, "{unharmed} bytes were changed and nobody noticed");
    fs::write(store(&phone), good).unwrap();
    still_has(&mut phone, case);
}

#[test]
fn a_device_that_another_process_has_open() {
    let (_night, mut phone, case) = with_work();
    phone.on();
    run(&phone, &["status"]).is("field-in-use", &["another segin process"]);
    still_has(&mut phone, case);
}

#[test]
fn a_second_device_in_the_same_folder() {
    let (night, mut phone, case) = with_work();
    let refusal = FieldDevice::create(&phone.dir, &phone.key_file).err().unwrap();
    assert_eq!(refusal.code(), "field-exists");
    let url = night.hub().url().to_owned();
    let invitation = ["enrol", "--hub", &url, "--invitation", "7K3Q-M2XP-9WTA"];
    let before = fingerprint(&phone.dir);
    let Refusal { code, .. } = run(&phone, &invitation);
    assert_eq!(code, Some(1));
    assert_eq!(fingerprint(&phone.dir).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    still_has(&mut phone, case);
}

#[test]
fn a_list_that_is_none() {
    let (night, mut phone, case) = with_work();
    let file = |name: &str, bytes: &[u8]| {
        let path = night.place.beside(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let good = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/intakes-sample.csv")).unwrap();
    let end = good.iter().position(|byte| *byte == b'\n').unwrap();
    let head = String::from_utf8(good[..end].to_vec()).unwrap();
    let latin1: Vec<u8> = [&good[..=end], b"R1,Ke\xefta,Awa\n"].concat();
    let cases = [
        (file("empty.csv", b""), "import-empty", "first line"),
        (file("columns.csv", head.replace("surname", "colour").as_bytes()), "import-columns", "surname"),
        (file("bars.csv", head.replace(',', "|").as_bytes()), "import-columns", "columns"),
        (file("latin1.csv", &latin1), "import-encoding", "line 2"),
        (file("book.xlsx", b"PK\x03\x04\x14\x00\x06\x00\x00\x00rest"), "import-binary", "CSV"),
        (file("twice.csv", format!("{head},surname\n").as_bytes()), "import-column-twice", "surname"),
        (night.place.beside("none.csv").display().to_string(), "import-file", "none.csv"),
        (night.place.folder.path().display().to_string(), "import-file", "cannot be read"),
    ];
    for (path, code, word) in cases {
        refuses(&phone, &["import", &path], code, &[word]);
    }
    still_has(&mut phone, case);
}

#[test]
fn a_hub_that_is_away_or_is_none() {
    let (mut night, mut phone, case) = with_work();
    night.take_hub().kill().unwrap();
    let refusal = run(&phone, &["sync"]);
    refusal.is("field-sync-failed", &["cannot be reached"]);
    still_has(&mut phone, case);
    phone.off();
    let mut blank = night.blank_device();
    blank.off();
    for url in ["http://192.0.2.1:8470", "https://user@hub", "ftp://hub", "127.0.0.1", "http://hub.example:80"] {
        let enrol = ["enrol", "--hub", url, "--invitation", "7K3Q-M2XP-9WTA"];
        run(&blank, &enrol).is("field-link", &["not a hub's address"]);
    }
    run(&blank, &["sync"]).is("field-not-enrolled", &["enrol this device"]);
    night.start_again();
    phone.on();
    phone.move_to(night.hub().url()).unwrap();
    night.sync(&mut phone);
    assert_eq!(phone.status().unwrap().unsent, 0);
}

#[test]
fn a_disk_that_is_full() {
    let (night, mut phone, case) = with_work();
    let bytes = fs::metadata(store(&phone)).unwrap().len();
    // Blocks of `ulimit -f` have 512 bytes: no file may grow beyond what the store has now.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", bytes / 512);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/intakes-sample.csv").display().to_string();
    let import = segin(&phone.dir, &phone.key_file, &["import", &sample]);
    let mut limited = Command::new("sh");
    limited.args(["-c", &script, "sh"]).arg(import.get_program()).args(import.get_args());
    let Refusal { code, error, .. } = refused(&mut limited);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.starts_with("segin: ") && error.lines().count() == 1, "{error}");
    assert!(error.contains("[field-disk-full]") || error.contains("[field-machine]"), "{error}");
    phone.on();
    assert!(phone.documents(Kind::Case).contains(&case));
    phone.off();
    let done = run(&phone, &["import", &sample, "--json"]);
    assert_eq!(done.code, Some(0), "with room the import goes on: {done:?}");
    let report: serde_json::Value = serde_json::from_str(&done.said).unwrap();
    phone.on();
    let all = phone.documents(Kind::Case).len() as u64;
    assert_eq!(all, 1 + report["rows"].as_u64().unwrap() - report["unread"].as_array().unwrap().len() as u64);
    night.sync(&mut phone);
    assert_eq!(phone.status().unwrap().unsent, 0);
}
