//! Stories of devices that nobody can unlock: what was sealed to the hub is sent by whoever holds them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::path::Path;
use std::process::Command;

use segin::field::{FieldStore, SqliteStore};
use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use segin_tests::process::binary;
use serde_json::Value as Json;
use sync_protocol::device::{Key, Write};
use sync_protocol::documents::{Edit, Value};
use sync_protocol::ids::DocumentId;

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

fn record(phone: &mut Phone, names: impl IntoIterator<Item = String>) -> Vec<DocumentId> {
    names.into_iter().map(|name| phone.record(vec![named(&name)]).unwrap().document).collect()
}

/// `segin device send-sealed`, by somebody who has the folder and no key file.
fn send_sealed(dir: &Path) -> Json {
    let mut command = Command::new(binary());
    let nowhere = dir.with_file_name("no.key");
    command.args(["device", "send-sealed", "--json", "--dir"]).arg(dir).arg("--key-file").arg(&nowhere);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!nowhere.exists(), "no key file was made");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The cases that the hub has, and nothing else: each with one change beside the constant one, and in one entry.
fn holds(night: Night, cases: &[DocumentId]) {
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    let report = &audit.recomputed.report;
    assert_eq!((report.documents["case"], report.held), (cases.len() as u64, 0));
    for case in cases {
        assert_eq!(audit.changes(*case).len(), 2, "nothing twice");
    }
    audit.agrees_with_documents(place.data());
}

#[test]
fn a_key_file_is_lost_with_twenty_intakes_and_all_of_them_reach_the_hub() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let cases = record(&mut phone, (0..20).map(|number| format!("unsent {number}")));
    phone.off();
    std::fs::remove_file(&phone.key_file).unwrap();
    let report = send_sealed(&phone.dir);
    assert_eq!((report["kept"].as_u64(), report["refused"].as_array().map(Vec::len)), (Some(20), Some(0)), "{report}");
    assert_eq!(send_sealed(&phone.dir)["kept"], 20, "a second time changes nothing");
    // A colleague reads them.
    let mut colleague = night.device(&["GOG"]);
    night.sync(&mut colleague);
    assert_eq!(colleague.status().unwrap().documents, 20);
    holds(night, &cases);
}

#[test]
fn what_was_sent_sealed_and_then_by_its_owner_is_there_once() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let mut cases = record(&mut phone, (0..3).map(|number| format!("first {number}")));
    phone.off();
    assert_eq!(send_sealed(&phone.dir)["kept"], 3);
    phone.on();
    cases.extend(record(&mut phone, ["later".to_owned()]));
    let synced = night.sync(&mut phone).synced;
    assert_eq!((synced.receipted, synced.left, synced.refused), (4, 0, 0));
    assert_eq!(night.sync(&mut phone).synced.exchanges, 1, "hub and device hold the same");
    phone.off();
    let report = send_sealed(&phone.dir);
    assert_eq!(report["kept"], 0, "nothing is left to be sent sealed");
    holds(night, &cases);
}

#[test]
fn a_damaged_row_is_named_and_the_others_arrive() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    let cases = record(&mut phone, (1..=4).map(|number| format!("case {number}")));
    phone.off();
    let mut store = SqliteStore::open(&phone.dir, &phone.key_file).unwrap();
    let mut changed = store.load(&Key::Sealed(3)).unwrap().unwrap();
    let middle = changed.len() - 40;
    changed[middle] ^= 1;
    store.write(&[Write::Put(Key::Sealed(2), vec![7; 100]), Write::Put(Key::Sealed(3), changed)]).unwrap();
    drop(store);
    let report = send_sealed(&phone.dir);
    assert_eq!((report["kept"].as_u64(), report["damaged"].as_array().unwrap().len()), (Some(2), 1), "{report}");
    assert_eq!(report["damaged"][0], 2);
    let refused = &report["refused"][0];
    assert_eq!((&refused["counter"], &refused["code"]), (&Json::from(3), &Json::from("parcel-sealed-opening")));
    assert!(refused["sentence"].as_str().unwrap().contains("unlocked device"), "it says what to do: {refused}");
    // The unlocked device has it all the same.
    phone.on();
    assert_eq!(night.sync(&mut phone).synced.receipted, 4);
    holds(night, &cases);
}

#[test]
fn whoever_holds_a_device_sends_the_work_of_another_user_and_reads_nothing_of_it() {
    let mut night = Night::begin();
    let (mut awa, mut moussa) = (night.device(&["GOG"]), night.device(&["KAY"]));
    let mut cases = record(&mut awa, ["Fatoumata of the folder".to_owned()]);
    awa.off();
    for file in std::fs::read_dir(&awa.dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"Fatoumata"));
    }
    cases.extend(record(&mut moussa, ["own".to_owned()]));
    assert_eq!(send_sealed(&awa.dir)["kept"], 1);
    night.sync(&mut moussa);
    assert_eq!(moussa.status().unwrap().documents, 1, "it went to Awa's site, not to his");
    awa.on();
    assert_eq!(night.sync(&mut awa).synced.receipted, 1);
    holds(night, &cases);
}

#[test]
fn a_folder_without_a_device_or_a_hub_that_is_not_there_is_said() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    record(&mut phone, ["unsent".to_owned()]);
    phone.off();
    let fails = |dir: &Path| {
        let output = Command::new(binary()).args(["device", "send-sealed", "--dir"]).arg(dir).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(fails(&phone.dir.with_file_name("nothing")).contains("[field-missing]"));
    let blank = {
        let mut blank = night.blank_device();
        blank.off();
        blank
    };
    assert!(fails(&blank.dir).contains("[field-not-enrolled]"));
    night.take_hub().stop().unwrap();
    let words = fails(&phone.dir);
    assert!(words.contains("1 are left") && words.contains("[field-sync-failed]"), "{words}");
    phone.on();
    assert!(fails(&phone.dir).contains("[field-in-use]"));
}
