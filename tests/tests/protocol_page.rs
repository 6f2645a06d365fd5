//! Promises checked here: `sync-protocol/PROTOCOL.md` names every code that a device may meet, and what the hub demands.
//!
//! - Each stable code that stands in the wire forms, the gate, admission and the routes of devices is on the page.
//! - The hub's limits that a device must know stand there with their values.
//!
//! What the page says of bytes, structures and schemas is checked beside it (`sync-protocol/tests/document.rs`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use segin::limits as hub;

/// Where codes stand that a device may meet: folders and files.
const PLACES: [&str; 10] = [
    "sync-protocol/src/wire",
    "sync-protocol/src/gate/rejection.rs",
    "server/src/access/mod.rs",
    "server/src/hub",
    "server/src/routes/error.rs",
    "server/src/routes/enrol.rs",
    "server/src/routes/exchange.rs",
    "server/src/routes/wait.rs",
    "server/src/routes/body.rs",
    "server/src/routes/courier.rs",
];

/// How codes begin that devices meet; the rest of these files' codes is the console's.
const BEGINNINGS: [&str; 14] = [
    "gate-",
    "parcel-",
    "codec-",
    "enrol-",
    "held-who",
    "kind-",
    "decided-",
    "courier-",
    "return-",
    "lease-",
    "request-",
    "body-",
    "disk-",
    "device-token",
];

/// Codes that begin so and are not for devices.
const NOT_FOR_DEVICES: [&str; 1] = ["held-who"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace").to_path_buf()
}

fn sources(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in std::fs::read_dir(place).expect("a folder of sources") {
            sources(&entry.expect("an entry").path(), found);
        }
    } else if place.extension().is_some_and(|extension| extension == "rs") && !place.ends_with("tests.rs") {
        found.push(place.to_path_buf());
    }
}

/// The codes of a file: texts that begin like one, without those of its tests and comments.
fn codes(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let texts = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_code = |text: &&str| {
        BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.ends_with('-')
    };
    texts.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_code_that_a_device_may_meet_is_on_the_page() {
    let page = std::fs::read_to_string(top().join("sync-protocol/PROTOCOL.md")).expect("PROTOCOL.md");
    let mut files = Vec::new();
    for place in PLACES {
        sources(&top().join(place), &mut files);
    }
    let files = files.into_iter().filter(|file| !file.components().any(|part| part.as_os_str() == "tests"));
    let all: BTreeSet<String> =
        files.flat_map(|file| codes(&std::fs::read_to_string(file).expect("a source is readable"))).collect();
    assert!(all.len() > 70, "the codes were not found: {all:?}");
    let missing: Vec<&String> = all
        .iter()
        .filter(|code| !NOT_FOR_DEVICES.contains(&code.as_str()) && !page.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}

#[test]
fn what_the_hub_demands_is_on_the_page() {
    let page = std::fs::read_to_string(top().join("sync-protocol/PROTOCOL.md")).expect("PROTOCOL.md");
    let page = page.replace(',', "").split_whitespace().collect::<Vec<_>>().join(" ");
    let limits = [
        (hub::BODY_BYTES_MAX as u64, "bytes (`BODY_BYTES_MAX`)"),
        (hub::BODY_SECONDS_MAX, "s (`BODY_SECONDS_MAX`)"),
        (hub::FEED_BUDGET_BYTES_MAX as u64, "bytes (`FEED_BUDGET_BYTES_MAX`)"),
        (hub::WAIT_SECONDS_MAX, "s (`WAIT_SECONDS_MAX`)"),
        (hub::REQUEST_WEIGHT_MAX as u64, "bytes (`REQUEST_WEIGHT_MAX`)"),
        (hub::REQUEST_OPERATIONS_MAX, "operations (`REQUEST_OPERATIONS_MAX`)"),
        (hub::INVITATION_DAYS.unsigned_abs(), "days (`INVITATION_DAYS`)"),
        (hub::SCOPE_CHANNELS_MAX as u64, "channels (`SCOPE_CHANNELS_MAX`)"),
        (hub::HEAD_BYTES_MAX as u64, "bytes (`HEAD_BYTES_MAX`)"),
        (hub::HEADERS_MAX as u64, "headers (`HEADERS_MAX`)"),
        (u64::from(hub::RATE_LEASE.0), "requests at once and"),
        (u64::from(hub::RATE_LEASE.1), "a minute for each lease"),
        (u64::from(hub::RATE_PEER.1), "a minute for each network address"),
        (u64::from(hub::RATE_ENROL.1), "a minute for each address"),
    ];
    for (value, words) in limits {
        let sentence = format!("{value} {words}");
        assert!(page.contains(&sentence), "not on the page: {sentence}");
    }
}
