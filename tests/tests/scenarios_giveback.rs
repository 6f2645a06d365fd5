//! A hub that comes back from an older copy of its folder is given back what it had receipted: what the devices wrote
//! themselves, and, with the hub's own proofs, the work of one that is gone.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::fs;
use std::path::Path;

use segin::hub::entry::{Entry, ReturnEntry};
use segin::verify::compare_device;
use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use serde_json::json;
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::Position;

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

/// Stops the hub, does something with its folder, and starts it again.
fn meanwhile(night: &mut Night, phones: &mut [&mut Phone], act: impl FnOnce(&Night)) {
    let (code, words) = night.take_hub().stop().unwrap();
    assert_eq!(code, Some(0), "{words}");
    act(night);
    night.start_again();
    for phone in phones {
        phone.move_to(night.hub().url()).unwrap();
    }
}

fn ask(night: &Night, path: &str, body: &serde_json::Value) -> serde_json::Value {
    let client = night.hub().console().unwrap();
    night.run(client.post(path, body)).unwrap()
}

fn returned(audit: &Audit) -> Vec<ReturnEntry> {
    let entries = audit.log.iter_from(Position(1)).map(|record| Entry::from_bytes(&record.unwrap().payload).unwrap());
    let back = |entry| if let Entry::Returned(entry) = entry { Some(entry) } else { None };
    entries.filter_map(back).collect()
}

#[test]
fn a_colleague_alone_brings_back_the_work_of_a_phone_that_is_gone() {
    let mut night = Night::begin();
    let (mut gone, mut colleague) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let backup = night.place.beside("backup");
    meanwhile(&mut night, &mut [&mut gone, &mut colleague], |night| copy(night.place.data(), &backup));
    let case = gone.record(vec![named("Awa")]).unwrap().document;
    night.sync(&mut gone);
    night.sync(&mut colleague);
    gone.edit(case, None, vec![named("Awa Traoré")]).unwrap();
    night.sync(&mut gone);
    night.sync(&mut colleague);
    let own = colleague.edit(case, None, vec![named("Hawa Traoré")]).unwrap();
    assert_eq!(own.document, case);
    night.sync(&mut colleague);
    let author = gone.device().lease().unwrap().prefix;
    let bringer = colleague.device().lease().unwrap().prefix;
    gone.off();
    fs::remove_dir_all(&gone.dir).unwrap();

    meanwhile(&mut night, &mut [&mut colleague], |night| {
        fs::remove_dir_all(night.place.data()).unwrap();
        copy(&backup, night.place.data());
    });
    // The device's last receipt shows the hub that it is an older copy: it says nothing until somebody confirms it.
    night.sync(&mut colleague);
    ask(&night, "/v1/admin/hub/confirm-restored", &json!({}));
    let first = night.sync(&mut colleague);
    // What the colleague had given back before that was tried without what it builds on: a person lets it in.
    let decision = json!({"all": {"code": "gate-untried"}, "approve": true, "reason": "what it builds on is back"});
    assert_eq!(ask(&night, "/v1/held/decide", &decision)["decided"], 1);
    night.sync(&mut colleague);
    let quiet = night.sync(&mut colleague);
    let told = format!("{first:?}\n{quiet:?}");
    assert_eq!((quiet.synced.exchanges, quiet.synced.left), (1, 0), "nothing is left to give: {told}");
    let says = colleague.report().unwrap();

    // Somebody else reads it under its author's name.
    let mut other = night.device(&["GOG"]);
    night.sync(&mut other);
    assert_eq!(other.name_of(author).unwrap().as_deref(), Some("Agent 1"));
    assert_eq!(other.documents(Kind::Case), [case]);

    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    assert_eq!(audit.changes(case).len(), 4, "the constant change, two of the one who is gone, one of the colleague");
    let entries = returned(&audit);
    assert!(!entries.is_empty());
    for entry in &entries {
        assert_eq!(entry.lease, bringer);
        assert!(entry.items.iter().all(|item| item.authors == [author]), "and whose it is");
    }
    let log = &*audit.recomputed.store;
    assert_eq!(compare_device(&audit.keyring, log, &says).unwrap(), []);
    audit.agrees_with_documents(place.data());
}
