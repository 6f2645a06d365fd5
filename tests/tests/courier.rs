//! Courier files: stories of work that is carried, and what hostile files come to.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use segin_tests::http::Http;
use segin_tests::night::{Night, Phone};
use segin_tests::process::binary;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use sync_protocol::device::{LeaseStanding, Report};
use sync_protocol::documents::{Edit, Value};
use sync_protocol::ids::DocumentId;
use sync_protocol::limits::{CARRIED_BYTES_MAX, CARRIED_STEP_BYTES};
use sync_protocol::wire::carried::COURIER_HEAD;
use sync_protocol::wire::codec::{Message, Raw, frame, to_cbor};
use sync_protocol::wire::courier::{CourierFile, ReturnFile};

/// Stands in no file by chance.
const CANARY: &str = "Fatoumata-of-the-canary";

fn record(phone: &mut Phone, name: &str) -> (DocumentId, String) {
    let edit = Edit::Set { field: "identity.given".into(), value: Value::Text(name.into()).into() };
    let recorded = phone.record(vec![edit]).unwrap();
    (recorded.document, recorded.card.unwrap().code)
}

/// `segin …`; what it says in JSON.
fn segin(args: &[&str]) -> Output {
    Command::new(binary()).args(args).output().unwrap()
}

fn said(output: &Output) -> Json {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A place beside the hub's for a file that is carried.
fn paper(night: &Night, name: &str) -> PathBuf {
    night.place.beside(name)
}

/// `segin device export`, by whoever has this key file, or none.
fn export(phone: &Phone, key_file: &Path, to: &Path) -> Output {
    segin(&["device", "export", text(to), "--json", "--dir", text(&phone.dir), "--key-file", text(key_file)])
}

fn take(phone: &Phone, key_file: &Path, file: &Path) -> Output {
    segin(&["device", "take", text(file), "--json", "--dir", text(&phone.dir), "--key-file", text(key_file)])
}

fn admit(night: &Night, file: &Path, answer: &Path) -> Json {
    said(&segin(&["hub", "admit", text(file), "--answer", text(answer), "--hub", night.hub().url(), "--json"]))
}

/// Posts bytes as a courier file: the status and the error's code, if it is one.
fn post(night: &Night, bytes: &[u8]) -> (u16, String) {
    let mut http = Http::to(night.hub().address());
    let headers = "Content-Type: application/octet-stream\r\n";
    let (status, body) = http.request("POST", "/v1/courier", headers, bytes).unwrap();
    let body: Json = serde_json::from_slice(&body).unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn position(night: &Night) -> u64 {
    night.console("/v1/status")["position"].as_u64().unwrap()
}

fn exported(phone: &mut Phone) -> Vec<u8> {
    phone.export().unwrap().0
}

/// Puts the hash of what stands before at the end.
fn repaired(mut before: Vec<u8>) -> Vec<u8> {
    let hash = Sha256::digest(&before);
    before.extend_from_slice(&hash);
    before
}

/// A file with this frame.
fn carrying(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    let mut file = [COURIER_HEAD.as_bytes(), &length.to_be_bytes(), frame].concat();
    file.resize(file.len().next_multiple_of(CARRIED_STEP_BYTES), 0);
    repaired(file)
}

/// Whatever is posted is refused, with one of these codes; the hub's log stays where it is, and it works.
fn refused(night: &Night, files: impl IntoIterator<Item = (String, Vec<u8>)>, codes: &[&str]) {
    let before = position(night);
    for (name, bytes) in files {
        let (status, code) = post(night, &bytes);
        assert!((400..500).contains(&status) && codes.contains(&code.as_str()), "{name}: {status} {code}");
    }
    assert_eq!(position(night), before, "nothing was changed");
}

#[test]
fn work_is_carried_there_and_receipts_and_news_back_and_nobody_reads_them_on_the_way() {
    let mut night = Night::begin();
    let (mut phone, mut colleague) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let (_, code) = record(&mut phone, CANARY);
    record(&mut colleague, &format!("{CANARY} two"));
    night.sync(&mut colleague);
    phone.off();
    let (there, back) = (paper(&night, "there"), paper(&night, "back"));
    assert_eq!(said(&export(&phone, &phone.key_file, &there))["parcels"], 1);
    let told = admit(&night, &there, &back);
    let part = &told["parts"][0];
    assert_eq!((&part["applied"], &part["number"], &part["held"]), (&1.into(), &1.into(), &0.into()), "{told}");
    for path in [&there, &back] {
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes.len() % CARRIED_STEP_BYTES, 32);
        for view in [bytes.clone(), inflated(&bytes)] {
            for word in [CANARY.as_bytes(), code.as_bytes(), b"identity"] {
                assert!(!view.windows(word.len()).any(|part| part == word), "{} is readable", path.display());
            }
        }
    }
    let taken = said(&take(&phone, &phone.key_file, &back));
    let taken = &taken["taken"];
    assert_eq!((&taken["receipted"], &taken["fed"], &taken["left"]), (&1.into(), &1.into(), &0.into()), "{taken}");
    phone.on();
    let status = phone.status().unwrap();
    assert_eq!((status.documents, status.unsent), (2, 0));
    assert_eq!(night.sync(&mut phone).synced.exchanges, 1, "both hold the same");
    drop(night.end());
}

/// The frame in a file, inflated if it is compressed.
fn inflated(file: &[u8]) -> Vec<u8> {
    let start = file.windows(3).position(|part| part == b"SG\x01").unwrap();
    let mut out = Vec::new();
    let _ = DeflateDecoder::new(&file[start + 8..]).read_to_end(&mut out);
    out
}

#[test]
fn the_same_file_twice_writes_nothing_and_a_lost_one_is_reported_on_both_sides() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    record(&mut phone, "first");
    let first = exported(&mut phone);
    record(&mut phone, "second");
    let second = exported(&mut phone);
    record(&mut phone, "third");
    let (third, back) = (paper(&night, "third"), paper(&night, "back"));
    std::fs::write(&third, exported(&mut phone)).unwrap();
    assert_eq!(post(&night, &first).0, 200);
    let told = admit(&night, &third, &back);
    assert_eq!((&told["parts"][0]["number"], &told["parts"][0]["missing"]), (&3.into(), &serde_json::json!([[2, 2]])));
    assert_eq!(told["parts"][0]["applied"].as_u64(), Some(3), "what was in the second came with the third");
    let before = position(&night);
    let again = admit(&night, &third, &back);
    assert_eq!((post(&night, &first).0, position(&night)), (200, before), "{again}");
    let missing = |night: &Night| night.console("/v1/devices")["devices"][0]["courier_files_missing"].as_u64();
    assert_eq!(missing(&night), Some(1));
    let report = phone.take(std::fs::read(&back).unwrap()).unwrap();
    assert_eq!((report.missing, report.taken.unwrap().left), (vec![(2, 2)], 0));
    // It comes late: it was not lost.
    assert_eq!(post(&night, &second).0, 200);
    assert_eq!((position(&night), missing(&night)), (before + 1, Some(0)));
    // The hub knows it after a restart.
    night.take_hub().stop().unwrap();
    night.start_again();
    assert_eq!((post(&night, &second).0, position(&night)), (200, before + 1));
}

#[test]
fn a_return_file_that_was_overtaken_undoes_nothing() {
    let mut night = Night::begin();
    let (mut phone, mut colleague) = (night.device(&["GOG"]), night.device(&["GOG"]));
    record(&mut phone, "one");
    let (there, back) = (paper(&night, "there"), paper(&night, "back"));
    std::fs::write(&there, exported(&mut phone)).unwrap();
    admit(&night, &there, &back);
    night.sync(&mut phone);
    record(&mut colleague, "two");
    night.sync(&mut colleague);
    night.sync(&mut phone);
    let before = (phone.device().head(), phone.device().counter());
    let report = phone.take(std::fs::read(&back).unwrap()).unwrap();
    let known = |report: &Report| matches!(report, Report::Receipted { .. });
    assert!(report.reports.iter().all(known) && report.taken.unwrap().fed == 0, "{report:?}");
    assert_eq!((phone.device().head(), phone.device().counter()), before);
    let synced = night.sync(&mut phone);
    assert_eq!((synced.synced.exchanges, synced.reports.len()), (1, 0), "{synced:?}");
    assert_eq!(phone.status().unwrap().documents, 2);
}

#[test]
fn a_colleague_carries_the_work_of_a_locked_device() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    record(&mut phone, "one");
    record(&mut phone, "two");
    phone.off();
    let (nowhere, there, back) = (paper(&night, "no.key"), paper(&night, "there"), paper(&night, "back"));
    let report = said(&export(&phone, &nowhere, &there));
    assert_eq!((&report["parcels"], &report["locked"]), (&2.into(), &true.into()));
    assert_eq!(admit(&night, &there, &back)["parts"][0]["applied"], 2);
    assert_eq!(said(&take(&phone, &nowhere, &back))["kept"], 2);
    assert!(!nowhere.exists());
    // Their owner finds them receipted, without any network.
    let taken = said(&take(&phone, &phone.key_file, &back));
    assert_eq!((&taken["taken"]["receipted"], &taken["taken"]["left"]), (&2.into(), &0.into()), "{taken}");
    phone.on();
    assert_eq!(phone.status().unwrap().unsent, 0);
    night.sync(&mut phone);
    phone.off();
    let nothing = export(&phone, &nowhere, &there);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("[field-courier]"));
}

#[test]
fn the_file_of_a_revoked_device_is_held_and_another_devices_answer_is_refused() {
    let mut night = Night::begin();
    let (mut phone, mut other) = (night.device(&["GOG"]), night.device(&["GOG"]));
    record(&mut phone, "one");
    record(&mut other, "two");
    let prefix = phone.device().lease().unwrap().prefix;
    let client = night.hub().console().unwrap();
    let reason = serde_json::json!({ "reason": "left", "lost": false });
    let revoked: Result<Json, _> = night.run(client.post(&format!("/v1/admin/devices/{prefix}/revoke"), &reason));
    revoked.unwrap();
    let (there, back) = (paper(&night, "there"), paper(&night, "back"));
    std::fs::write(&there, exported(&mut phone)).unwrap();
    let told = admit(&night, &there, &back);
    assert_eq!((&told["parts"][0]["held"], &told["parts"][0]["applied"]), (&1.into(), &0.into()), "{told}");
    let back = std::fs::read(&back).unwrap();
    let before = other.report().unwrap();
    let words = other.take(back.clone()).unwrap_err().to_string();
    assert!(words.contains("another device"), "{words}");
    assert_eq!(serde_json::to_value(other.report().unwrap()).unwrap(), serde_json::to_value(before).unwrap());
    let taken = phone.take(back).unwrap().taken.unwrap();
    assert_eq!((taken.held, taken.fed), (1, 0));
    assert_eq!(phone.device().standing(), LeaseStanding::Revoked);
}

#[test]
fn cut_doubled_changed_and_oversized_files_are_refused_whole() {
    let mut night = Night::begin();
    let mut phone = night.device(&["GOG"]);
    record(&mut phone, "one");
    let file = exported(&mut phone);
    let cut = (0..file.len()).step_by(64).map(|end| (format!("{end} bytes"), file[..end].to_vec()));
    refused(&night, cut, &["courier-damaged", "courier-head"]);
    let doubled = ("doubled".to_owned(), [&file[..], &file].concat());
    refused(&night, [doubled], &["courier-damaged"]);
    let flipped = |at: usize| {
        let mut file = file.clone();
        file[at] ^= 0x10;
        (format!("byte {at}"), file)
    };
    refused(&night, (0..file.len()).step_by(97).map(flipped), &["courier-damaged", "courier-head"]);
    // With a hash that fits: the parcels and the ask hold together, whatever is flipped.
    let before = file[..file.len() - 32].to_vec();
    let length = COURIER_HEAD.len();
    let frame_bytes = u32::from_be_bytes(before[length..length + 4].try_into().unwrap()) as usize;
    let flipped = |at: usize| {
        let mut before = before.clone();
        before[length + at] ^= 0x10;
        (format!("byte {at} of the frame"), repaired(before))
    };
    let codes = &[
        "courier-damaged",
        "courier-recombined",
        "courier-hub",
        "courier-plain",
        "courier-inside",
        "codec-header",
        "codec-version",
        "codec-kind",
        "codec-too-long",
        "codec-compression",
        "codec-body",
        "codec-too-many",
        "lease-unknown",
    ];
    refused(&night, (0..frame_bytes + 4).step_by(31).map(flipped), codes);
    let mut long = COURIER_HEAD.as_bytes().to_vec();
    long.resize(CARRIED_BYTES_MAX + 1, 0);
    let before = position(&night);
    let mut http = Http::to(night.hub().address());
    // It says no before it has read all: whoever writes on may find the connection closed.
    let told = http.request("POST", "/v1/courier", "Content-Type: application/octet-stream\r\n", &long);
    assert!(told.is_err() || told.is_ok_and(|(status, _)| status == 413));
    assert_eq!(position(&night), before);
    assert_eq!(post(&night, &file).0, 200, "the honest one goes through");
}

#[test]
fn recombined_foreign_and_crowded_files_and_bombs_are_refused_whole() {
    let mut night = Night::begin();
    let (mut one, mut two) = (night.device(&["GOG"]), night.device(&["GOG"]));
    for number in 0..12 {
        record(&mut one, &format!("one {number}"));
        record(&mut two, &format!("two {number}"));
    }
    let (first, second) = (exported(&mut one), exported(&mut two));
    let halves = [&first[..first.len() / 2], &second[second.len() / 2..]].concat();
    let rehashed = repaired(halves[..halves.len() - 32].to_vec());
    refused(&night, [("halves".to_owned(), halves)], &["courier-damaged"]);
    refused(
        &night,
        [("halves with a hash".to_owned(), rehashed)],
        &["courier-damaged", "codec-compression", "codec-body", "courier-recombined"],
    );
    let open = |bytes: &[u8]| CourierFile::from_bytes(bytes).unwrap().0;
    let (mut both, other) = (open(&first), open(&second));
    both.parts.extend(other.parts.clone());
    let mut moved = open(&first);
    moved.parts[0].parcels = other.parts[0].parcels.clone();
    let mut twice = open(&first);
    twice.parts.push(twice.parts[0].clone());
    let parts = [("both", both), ("moved", moved), ("twice", twice)];
    let parts = parts.map(|(name, file)| (name.to_owned(), file.to_bytes()));
    refused(&night, parts, &["courier-recombined"]);
    let crowded = open(&first);
    let mut body = vec![0x83];
    body.extend_from_slice(&to_cbor(&crowded.hub));
    body.extend_from_slice(&to_cbor(&crowded.id));
    body.extend_from_slice(&[0x99, 0x27, 0x10]);
    // Ten thousand parts without parcels and with an empty ask: within one message.
    let empty = [&[0x83][..], &to_cbor(&crowded.parts[0].lease), &[0x80, 0x40]].concat();
    body.extend(std::iter::repeat_n(empty, 10_000).flatten());
    let ten_thousand = [&b"SG\x01\x05"[..], &body].concat();
    refused(&night, [("10,000 parts".to_owned(), carrying(&ten_thousand))], &["courier-too-many"]);
    // A bomb that says what it is, and one that lies.
    let mut zeros = Vec::new();
    DeflateEncoder::new(std::io::repeat(0).take(64 * 1024 * 1024), Compression::best())
        .read_to_end(&mut zeros)
        .unwrap();
    let bomb = |announced: u32| [&b"SG\x01\x85"[..], &announced.to_be_bytes(), &zeros].concat();
    let bombs =
        [64 * 1024 * 1024, 8 * 1024 * 1024, 100].map(|size| (format!("a bomb of {size}"), carrying(&bomb(size))));
    refused(&night, bombs, &["codec-too-long", "codec-compression"]);
    let nothing = frame(Message::Courier, &Raw(vec![7; 300]));
    refused(&night, [("no file".to_owned(), carrying(&nothing))], &["codec-body"]);
    // Another hub's.
    let mut elsewhere = Night::begin();
    let mut stranger = elsewhere.device(&["GOG"]);
    record(&mut stranger, "three");
    refused(&night, [("foreign".to_owned(), exported(&mut stranger))], &["courier-hub"]);
    assert_eq!((post(&night, &first).0, post(&night, &second).0), (200, 200), "the honest ones go through");
}

#[test]
fn damaged_and_recombined_return_files_change_nothing() {
    let mut night = Night::begin();
    let (mut phone, mut other) = (night.device(&["GOG"]), night.device(&["GOG"]));
    record(&mut phone, "one");
    record(&mut other, "two");
    let (there, back) = (paper(&night, "there"), paper(&night, "back"));
    let return_of = |phone: &mut Phone| {
        std::fs::write(&there, exported(phone)).unwrap();
        admit(&night, &there, &back);
        std::fs::read(&back).unwrap()
    };
    let (mine, theirs) = (return_of(&mut phone), return_of(&mut other));
    let before = serde_json::to_value(phone.report().unwrap()).unwrap();
    for end in (0..mine.len()).step_by(64) {
        assert!(phone.take(mine[..end].to_vec()).is_err(), "{end} bytes");
    }
    assert!(phone.take([&mine[..], &mine].concat()).is_err());
    let open = |bytes: &[u8]| ReturnFile::from_bytes(bytes).unwrap();
    let mut both = open(&mine);
    both.parts.extend(open(&theirs).parts);
    let mut swapped = open(&mine);
    swapped.parts[0].reply = open(&theirs).parts[0].reply.clone();
    for wrong in [both, swapped] {
        assert!(phone.take(wrong.to_bytes()).unwrap_err().to_string().contains("does not belong"));
    }
    assert_eq!(serde_json::to_value(phone.report().unwrap()).unwrap(), before);
    assert_eq!(phone.take(mine).unwrap().taken.unwrap().receipted, 1);
}
