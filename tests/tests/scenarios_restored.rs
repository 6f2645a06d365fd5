//! Stories of a hub whose folder is put back from an older copy: told or not told, held until an administrator confirms,
//! and nothing that a device was given a receipt for is missing in the end. Promises: *Saved means saved*, *Nothing
//! recorded is dropped*.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::fs;
use std::path::Path;

use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use serde_json::{Value as Json, json};
use sync_protocol::documents::{Edit, Value};
use sync_protocol::ids::DocumentId;

fn named(name: &str) -> Edit {
    Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn stop(night: &mut Night) {
    let (code, words) = night.take_hub().stop().unwrap();
    assert_eq!(code, Some(0), "{words}");
}

fn start(night: &mut Night, phones: &mut [&mut Phone]) {
    night.start_again();
    for phone in phones {
        phone.move_to(night.hub().url()).unwrap();
    }
}

fn confirm(night: &Night) -> Json {
    let client = night.hub().console().unwrap();
    night.run(client.post("/v1/admin/hub/confirm-restored", &json!({}))).unwrap()
}

fn record(phone: &mut Phone, name: &str) -> DocumentId {
    phone.record(vec![named(name)]).unwrap().document
}

/// A hub that goes on after its folder was copied, until the older folder is put back.
fn put_back(told: bool) {
    let mut night = Night::begin();
    let (mut phone, mut colleague) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let mut cases = vec![record(&mut phone, "before the copy")];
    night.sync(&mut phone);
    stop(&mut night);
    let backup = night.place.beside("backup");
    copy(night.place.data(), &backup);
    start(&mut night, &mut [&mut phone, &mut colleague]);
    cases.push(record(&mut phone, "after the copy"));
    night.sync(&mut phone);
    let log = night.console("/v1/status")["log"].clone();
    stop(&mut night);
    fs::remove_dir_all(night.place.data()).unwrap();
    copy(&backup, night.place.data());
    if told {
        night.place.command.more.push("--restored".to_owned());
    }
    start(&mut night, &mut [&mut phone, &mut colleague]);
    let status = night.console("/v1/status");
    assert_eq!(status["restored"].is_object(), told, "{status}");
    assert_eq!(status["log"] != log, told);
    night.sync(&mut phone);
    let status = night.console("/v1/status");
    assert!(status["restored"].is_object(), "what the phone knows proves it: {status}");
    assert_ne!(status["log"], log);
    assert_eq!(status["restored"]["held"], 1, "what was lost came back, and is held");
    cases.push(record(&mut colleague, "while it is held"));
    night.sync(&mut colleague);
    assert_eq!(night.console("/v1/status")["restored"]["held"], 2);
    assert!(colleague.documents(sync_protocol::documents::Kind::Case).len() < 3, "nothing is fed");
    // Started again without the word it waits still.
    night.place.command.more.clear();
    stop(&mut night);
    start(&mut night, &mut [&mut phone, &mut colleague]);
    assert!(night.console("/v1/status")["restored"].is_object());
    assert_eq!(confirm(&night)["tried"], 2);
    assert!(night.console("/v1/status")["restored"].is_null());
    for _ in 0..2 {
        night.sync(&mut phone);
        night.sync(&mut colleague);
    }
    for device in [&mut phone, &mut colleague] {
        let status = device.status().unwrap();
        assert_eq!((status.unsent, status.held, status.refused), (0, 0, 0));
        assert_eq!(device.documents(sync_protocol::documents::Kind::Case).len(), 3);
    }
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    for case in cases {
        assert_eq!(audit.changes(case).len(), 2, "the constant change and the one that was recorded");
    }
    audit.agrees_with_documents(place.data());
}

#[test]
fn a_hub_that_was_told_of_its_older_folder_holds_everything_until_it_is_confirmed() {
    put_back(true);
}

#[test]
fn a_hub_that_was_not_told_hears_it_from_the_first_device() {
    put_back(false);
}
