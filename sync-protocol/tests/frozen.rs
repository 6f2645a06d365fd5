//! Promises checked here: what was written by a released version reads and means the same for ever.
//!
//! `vectors/frozen/N/` holds the forms of protocol version N as they were; files are added, never changed (`SHA256SUMS`).
//!
//! - Every frame and structure still decodes, and gives the same bytes when it is written again.
//! - Its fields have the names and values that they had; later ones stand behind them.
//! - Hashes, commitments, leaves and signatures are still computed so, the constants are still those.
//! - The story of `worked.json` still verifies, and still comes to the same document.

#![allow(clippy::disallowed_methods, reason = "the test reads the committed files; the crate does not")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use automerge::{Automerge, Change};
use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sync_protocol::crypto::PublicKey;
use sync_protocol::documents::{Kind, blank, conflicts, constants, project};
use sync_protocol::gate;
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::answer::{
    Answer, Decided, DocumentFate, FeedItem, ParcelReceipt, Receipt, RepairAnswer, Rest, Run, leaf, leaf_salt,
    leaves_hash,
};
use sync_protocol::wire::codec::{CodecError, Message, from_cbor, read, to_cbor, unframe};
use sync_protocol::wire::courier::{Ask, CourierFile, CourierPart, Reply, ReturnFile, ReturnPart};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal, Repair};
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Named, Stated};
use sync_protocol::wire::parcel::{Content, Parcel};
use sync_protocol::wire::returning::{FeedProof, Mark, Marks, Return, Returned};

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn frozen() -> PathBuf {
    vectors().join("frozen/1")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of vectors") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file of vectors")).expect("JSON")
}

fn unhex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().expect("hexadecimal").as_bytes()).expect("hexadecimal")
}

fn again<T: for<'b> Decode<'b, ()> + Encode<()>>(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    Ok(to_cbor(&from_cbor::<T>(bytes)?))
}

type Again = fn(&[u8]) -> Result<Vec<u8>, CodecError>;

/// How a file's bytes are read, by the start of its name; the longest that fits.
const STRUCTURES: [(&str, Again, Option<Message>); 33] = [
    ("request-", again::<ExchangeRequest>, Some(Message::ExchangeRequest)),
    ("answer-", again::<Answer>, Some(Message::Answer)),
    ("enrol-request", again::<EnrolRequest>, Some(Message::EnrolRequest)),
    ("enrol-answer", again::<EnrolAnswer>, Some(Message::EnrolAnswer)),
    ("receipt-", again::<Receipt>, None),
    ("rest-", again::<Rest>, None),
    ("parcel-receipt", again::<ParcelReceipt>, None),
    ("parcel-", again::<Parcel>, None),
    ("document-fate", again::<DocumentFate>, None),
    ("run", again::<Run>, None),
    ("feed-item", again::<FeedItem>, None),
    ("decided", again::<Decided>, None),
    ("repair-answer", again::<RepairAnswer>, None),
    ("repair", again::<Repair>, None),
    ("renewal", again::<Renewal>, None),
    ("lease", again::<Lease>, None),
    ("signed-lease", again::<SignedLease>, None),
    ("manifest-", again::<Manifest>, None),
    ("named", again::<Named>, None),
    ("stated", again::<Stated>, None),
    ("content", again::<Content>, None),
    ("mark", again::<Mark>, None),
    ("marks", again::<Marks>, None),
    ("return", again::<Return>, None),
    ("returned", again::<Returned>, None),
    ("feed-proof", again::<FeedProof>, None),
    ("courier-file", again::<CourierFile>, Some(Message::Courier)),
    ("courier-part", again::<CourierPart>, None),
    ("ask", again::<Ask>, None),
    ("return-file", again::<ReturnFile>, Some(Message::Return)),
    ("return-part", again::<ReturnPart>, None),
    ("reply", again::<Reply>, None),
    ("", |_| Err(CodecError::Body("no structure is known by this name".to_owned())), None),
];

#[test]
fn nothing_frozen_was_changed() {
    let listed = std::fs::read_to_string(frozen().join("SHA256SUMS")).expect("SHA256SUMS");
    let mut names = BTreeSet::new();
    for line in listed.lines() {
        let (sum, name) = line.split_once("  ").expect("SUM  NAME");
        let bytes = std::fs::read(frozen().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(HEXLOWER.encode(&Sha256::digest(&bytes)), sum, "{name} was changed: frozen files never are");
        names.insert(frozen().join(name));
    }
    let there: BTreeSet<PathBuf> = files(&frozen()).into_iter().filter(|path| !path.ends_with("SHA256SUMS")).collect();
    assert_eq!(there, names, "files and SHA256SUMS");
}

#[test]
fn every_frozen_structure_still_reads_and_means_the_same() {
    let mut read = 0;
    for path in files(&frozen().join("wire")) {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
        let was = json_of(&path);
        if was["cbor"].is_null() {
            continue;
        }
        let fits = STRUCTURES.iter().filter(|(start, ..)| name.starts_with(start));
        let (_, again, message) = fits.max_by_key(|(start, ..)| start.len()).expect("the last fits everything");
        let bytes = unhex(&was["cbor"]);
        assert_eq!(again(&bytes).as_ref(), Ok(&bytes), "{name}");
        if let Some(message) = message {
            assert_eq!(unframe(*message, &unhex(&was["frame"])).as_ref(), Ok(&bytes), "{name}: its frame");
        }
        // What the bytes are read as today stands in the file of the same name; its own test holds it so.
        let is = json_of(&vectors().join(format!("wire/{name}.json")));
        assert_eq!(is["cbor"], was["cbor"], "{name}");
        let fields = |file: &Value| file["fields"].as_array().cloned().expect("fields");
        let names = |fields: Vec<Value>| -> Vec<String> {
            let name = |field: &Value| field.as_str().and_then(|text| text.split(" = ").next()).map(str::to_owned);
            fields.iter().filter_map(name).collect()
        };
        assert!(names(fields(&is)).starts_with(&names(fields(&was))), "{name}: its fields");
        read += 1;
    }
    assert!(read >= 35, "{read} structures");
}

/// What was there is there still: texts equal, of lists every item.
fn still_there(was: &Value, is: &Value, at: &str) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            for (name, value) in was {
                still_there(value, is.get(name).unwrap_or(&Value::Null), &format!("{at}, {name}"));
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            for item in was {
                assert!(is.contains(item), "{at}: {item}");
            }
        }
        _ => assert_eq!(was, is, "{at}"),
    }
}

#[test]
fn hashes_signatures_and_constants_are_still_those() {
    let is = json_of(&vectors().join("wire/derived.json"));
    for was in ["derived", "derived-more"] {
        still_there(&json_of(&frozen().join(format!("wire/{was}.json"))), &is, was);
    }
    for kind in Kind::ALL {
        let was = std::fs::read_to_string(frozen().join(format!("constants/{kind}.hex"))).expect("a constant");
        let is: Vec<String> = constants(kind).iter().map(|constant| HEXLOWER.encode(&constant.bytes)).collect();
        assert!(
            is.iter().map(String::as_str).collect::<Vec<_>>().starts_with(&was.lines().collect::<Vec<_>>()),
            "{kind}"
        );
    }
}

#[test]
fn frozen_courier_files_still_open() {
    let files = json_of(&frozen().join("wire/courier.json"));
    let key = |name: &str| {
        let bytes: [u8; 32] = unhex(&files[name]).try_into().expect("32 bytes");
        SealingKey::from_bytes(&bytes).expect("a secret key")
    };
    let (courier, hash) = CourierFile::from_bytes(&unhex(&files["courier file"])).expect("a courier file");
    assert_eq!(json!(hash), files["hash of the courier file"]);
    let ask = courier.parts[0].open(&courier.place(0), &key("secret key of the hub")).expect("the hub opens it");
    let back = ReturnFile::from_bytes(&unhex(&files["return file"])).expect("a return file");
    let reply = back.open(0, &key("secret key of the device, for replies")).expect("the device opens it");
    assert_eq!((back.courier, back.parts[0].part, reply.number), (hash, courier.parts[0].hash(), ask.number));
}

#[test]
fn the_frozen_story_still_verifies_and_comes_to_the_same() {
    let story = json_of(&frozen().join("worked.json"));
    let bytes = |name: &str| unhex(&story[name]);
    let hub = PublicKey::new(bytes("the hub's public key").try_into().expect("33 bytes"));
    let case = story["the case"].as_str().and_then(|id| id.parse().ok()).expect("a UUID");

    let enrolling = json_of(&frozen().join("wire/enrol-request.json"));
    let enrolling: EnrolRequest = read(Message::EnrolRequest, &unhex(&enrolling["frame"])).expect("a request");
    enrolling.verify(&Invitation::parse(&enrolling.invitation).expect("an invitation")).expect("its proof");
    let enrolled: EnrolAnswer =
        from_cbor(&unhex(&json_of(&frozen().join("wire/enrol-answer.json"))["cbor"])).expect("an answer");
    let lease = enrolled.lease.verify(&hub).expect("signed by the hub");

    for name in ["the first", "the last"] {
        let request: ExchangeRequest =
            read(Message::ExchangeRequest, &bytes(&format!("{name} request, its frame"))).expect("a request");
        let opened = request.parcels[0].clone().open(&lease, None).expect("one piece");
        let hashes: Vec<_> = opened.documents[0].changes.iter().map(|raw| gate::change_hash(&raw.0)).collect();
        assert!(opened.commits_to(0, &hashes), "{name}: its commitment");
        let answer: Answer = read(Message::Answer, &bytes(&format!("{name} answer, its frame"))).expect("an answer");
        let (receipt, rest) = answer.open(&hub).expect("signed by the hub");
        assert_eq!(receipt.parcels[0].manifest, opened.hash);
        assert!(!rest.more);
    }
    let fed: Answer = read(Message::Answer, &bytes("the colleague's answer, its frame")).expect("an answer");
    let (receipt, rest) = fed.open(&hub).expect("signed by the hub");
    let hashes: Vec<_> = rest.feed[0].changes.iter().map(|raw| gate::change_hash(&raw.0)).collect();
    let salt = leaf_salt(&rest.seed.expect("a seed"), 0);
    assert_eq!(receipt.leaves, Some(leaves_hash(&[leaf(&salt, case, 1, &hashes)])));

    let mut document = blank(Kind::Case);
    let mut sum = Digest::EMPTY;
    let take = |document: &mut Automerge, sum: &mut Digest, name: &str| {
        let raw = bytes(name);
        *sum = sum.plus(Digest::of_change(case, gate::inspect(&raw).expect("passes the gate").hash));
        document.apply_changes([Change::from_bytes(raw).expect("a change")]).expect("it applies");
    };
    for name in ["the first change", "Awa's family name", "Moussa's family name"] {
        take(&mut document, &mut sum, name);
    }
    assert_eq!(json!(conflicts(Kind::Case, &document)), story["the conflict"]);
    take(&mut document, &mut sum, "the choice");
    assert_eq!(json!(project(Kind::Case, &document).expect("a case")), story["the case as plain data"]);
    assert_eq!(json!(sum), json!(HEXLOWER.encode(&bytes("the channel's digest in the end"))));
}
