//! Promises checked here: `sync-protocol/PROTOCOL.md` is enough to write a client.
//!
//! - `tests/stranger/` was written from that page alone, in JavaScript, and shares no code with the product. At a real hub
//!   it enrols two people, records, syncs, reads a colleague's case, meets a conflict and settles it, renews a token, seals
//!   a parcel, and verifies its receipts, which no altered bytes pass for.
//! - What it wrote reads the same on the product's own device and at the hub; what that device wrote it reads.
//! - `segin verify` works it out again from the log and finds no difference.
//!
//! It runs in Node, with the packages with which the field app is built.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::path::Path;
use std::process::{Command, Output};

use segin::field::FieldDevice;
use segin_tests::night::Night;
use segin_tests::process::binary;
use serde_json::{Value, json};
use sync_protocol::documents::{Edit, Kind, Value as Said};

/// What to do where the client cannot be run.
const INSTALL: &str = "Where Node or its packages are missing: install Node 20.19 or later with npm, run `npm ci`.";

fn words(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}

/// Runs the client at a hub; the one line of JSON in which it says what came of it.
fn stranger(url: &str, invitations: &[String; 2]) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stranger");
    let mut node = Command::new("node");
    node.arg(folder.join("main.mjs")).env("SEGIN_HUB", url).env("SEGIN_INVITATIONS", invitations.join(" "));
    let output = node.output().unwrap_or_else(|error| panic!("{node:?} cannot be run: {error}. {INSTALL}"));
    assert!(output.status.success(), "{}\n{INSTALL}", words(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", words(&output)))
}

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.into(), value: Said::Text(value.into()).into() }
}

/// Given name, family name and father of every case that a device has, and its human code and id, as the client says them.
fn cases(phone: &mut FieldDevice) -> Vec<Value> {
    let ids: Vec<_> = phone.documents(Kind::Case).into_iter().collect();
    let mut cases: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            let shown = phone.show(id).unwrap();
            assert_eq!(shown.conflicts, [], "everything is settled");
            let text = |path: &str| shown.projection.text(path).map(str::to_owned);
            let (given, family, father) = (text("identity.given"), text("identity.family"), text("identity.father"));
            json!({"id": id.to_string(), "code": text("card.code"), "given": given, "family": family, "father": father})
        })
        .collect();
    cases.sort_by_key(|case| case["given"].to_string());
    cases
}

#[test]
fn a_client_written_from_the_page_alone_works_with_a_real_hub() {
    let mut night = Night::begin();
    let mut binta = night.device(&["GOG"]);
    binta.record(vec![set("identity.given", "Aminata"), set("identity.family", "Keita")]).unwrap();
    night.sync(&mut binta);

    let invitations = [(), ()].map(|()| {
        let user = night.user(&["GOG"]);
        night.invite(user)
    });
    let url = night.hub().url().to_owned();
    let said = stranger(&url, &invitations);

    night.sync(&mut binta);
    let read = cases(&mut binta);
    let names: Vec<_> = read.iter().map(|case| [&case["given"], &case["family"], &case["father"]]).collect();
    assert_eq!(names, [["Aminata", "Keita", "Bakary"], ["Fanta", "Traoré", "Moussa"]]);
    assert_eq!(said["cases"], Value::from(read), "both read the same");
    assert_eq!(night.conflicts_at_the_hub()["total"], 0);

    let place = night.end();
    let mut verify = Command::new(binary());
    verify.args(["verify", "--json", "--data"]).arg(place.data()).arg("--master-key").arg(&place.command.master_key);
    let verified = verify.output().expect("the binary runs");
    assert!(verified.status.success(), "{}", words(&verified));
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["differences"], json!([]));
    assert_eq!(report["parcels"], report["signatures"]);
}
