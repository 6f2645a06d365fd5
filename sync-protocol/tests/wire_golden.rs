//! Promises checked here:
//!
//! - Every message and every structure of version 1 keeps its bytes: fixed values give the committed files under
//!   `vectors/wire/`, and those files read back to the same values.
//! - Hashes, commitments, leaves, digests and signatures keep their bytes (`derived.json`).
//! - Every structure that a frame can hold has a file, and every file has its structure.
//! - A frame reads back whatever compressor wrote it: bodies are compared, compressed streams are not.
//! - What a later version adds at the end of a structure is passed over; orders that this version does not know too.
//!
//! `SEGIN_WRITE_VECTORS=1` writes the files anew. A changed file is a changed protocol: bytes of version 1 never change.

#![allow(clippy::disallowed_methods, reason = "the test reads and writes the committed files; the crate does not")]

mod wire_support;

use std::fmt::Debug;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};
use serde_json::{Value, json};
use sync_protocol::crypto::{Purpose, hash};
use sync_protocol::ids::Salt;
use sync_protocol::sealing::ENCAPSULATED_KEY_BYTES;
use sync_protocol::wire::answer::{
    Answer, Decided, DocumentFate, FeedItem, FeedWhat, ParcelReceipt, Receipt, RepairAnswer, Rest, Run, leaf_salt,
    leaves_hash,
};
use sync_protocol::wire::codec::{CodecError, Message, frame, from_cbor, to_cbor, unframe};
use sync_protocol::wire::courier::{Ask, CourierFile, CourierPart, Reply, ReturnFile, ReturnPart};
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, token_hash};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal, Repair};
use sync_protocol::wire::fingerprint::fingerprint;
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Named, Stated};
use sync_protocol::wire::parcel::{Content, Contents, Parcel};
use sync_protocol::wire::returning::{FeedProof, Mark, Marks, Return, Returned};
use wire_support as fixed;

/// One committed file.
struct Vector {
    name: &'static str,
    about: &'static str,
    /// `name = value`, in the order of the CBOR array.
    fields: Vec<String>,
    bytes: Vec<u8>,
    message: Option<Message>,
    /// Reads bytes as the structure and writes it again.
    again: fn(&[u8]) -> Result<Vec<u8>, CodecError>,
}

fn again<T: for<'b> Decode<'b, ()> + Encode<()>>(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    Ok(to_cbor(&from_cbor::<T>(bytes)?))
}

fn show(name: &str, value: &impl Debug) -> String {
    format!("{name} = {value:?}")
}

/// A structure's vector. All its fields must be named: one added later does not compile until it stands here too.
macro_rules! vector {
    ($name:literal, $about:literal, $value:expr, $message:expr, $kind:ident { $($field:ident),* $(,)? }) => {{
        let value: $kind = $value;
        let bytes = to_cbor(&value);
        let $kind { $($field),* } = value;
        let fields = vec![$(show(stringify!($field), &$field)),*];
        Vector { name: $name, about: $about, fields, bytes, message: $message, again: again::<$kind> }
    }};
}

#[rustfmt::skip]
fn messages() -> Vec<Vector> {
    macro_rules! request { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, Some(Message::ExchangeRequest), ExchangeRequest {
            lease, token, cursor, parcels, budget, wants, repair, renewal, configuration, decided_to, marks, returns,
            signed_lease })
    } }
    macro_rules! answer { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, Some(Message::Answer), Answer { receipt, signature, rest })
    } }
    vec![
        request!("request-empty", "Nothing to send, nothing changed: the request of a quiet reconnect.", fixed::empty_request()),
        request!("request-first", "Work pushed without token, cursor or wish for a feed.", fixed::first_request()),
        request!("request-parcels", "Two parcels: documents, and a statement.", fixed::pushing_request()),
        request!("request-renewal", "A challenge answered, for a new token.", fixed::renewing_request()),
        request!("request-wants", "Two documents asked for by name.", fixed::wanting_request()),
        request!("request-repair", "256 sums of one channel, all empty but that of byte 20.", fixed::repairing_request()),
        request!("request-marks", "The last receipt and two earlier marks: the hub asked which log is meant.", fixed::marking_request()),
        request!("request-returns", "The second item of answer-feed, one of its two changes, goes back.", fixed::returning_request()),
        request!("request-lease", "The lease of a device that the hub does not know.", fixed::presenting_request()),
        answer!("answer-empty", "Nothing new: the answer of a quiet reconnect.", fixed::quiet_answer()),
        answer!("answer-receipts", "One parcel with every fate, one refused whole.", fixed::receipting_answer()),
        answer!("answer-feed", "Three feed items, the author's lease, more to follow.", fixed::feeding_answer()),
        answer!("answer-orders", "Every order, a new token, a configuration, a repair.", fixed::ordering_answer()),
        vector!("enrol-request", "The invitation 7K3Q-M2XP-9WTA used.", fixed::enrol_request(),
            Some(Message::EnrolRequest), EnrolRequest { invitation, installation, key, proof }),
        vector!("enrol-answer", "Lease, token, the hub's key, the log, the configuration, the key to seal to.", fixed::enrol_answer(),
            Some(Message::EnrolAnswer), EnrolAnswer { lease, token, hub, log, configuration, sealing }),
        vector!("courier-file", "One part, to be carried to the hub: courier.json says how the file is made of it.", fixed::courier_file(),
            Some(Message::Courier), CourierFile { hub, id, parts }),
        vector!("return-file", "Its answer, to be carried back.", fixed::return_file(), Some(Message::Return),
            ReturnFile { courier, parts }),
    ]
}

#[rustfmt::skip]
fn structures() -> Vec<Vector> {
    macro_rules! receipt { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value.receipt.read().expect("a receipt just written"), None, Receipt {
            log, at, head, chain, copied_to, parcels, leaves, rest, lease })
    } }
    macro_rules! rest { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, None, Rest {
            channels, seed, feed, cursor, more, digests, leases, orders, token, configuration, position, repair, decided,
            decided_to, shared, returned })
    } }
    macro_rules! manifest { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, None, Manifest {
            installation, user, counter, previous, created, site, documents, statements })
    } }
    macro_rules! parcel { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, None, Parcel { manifest, signature, contents })
    } }
    macro_rules! parcel_receipt { ($name:literal, $about:literal, $value:expr) => {
        vector!($name, $about, $value, None, ParcelReceipt { manifest, position, documents, refused })
    } }
    vec![
        receipt!("receipt-empty", "The signed half of answer-empty.", fixed::quiet_answer()),
        receipt!("receipt-parcels", "The signed half of answer-receipts.", fixed::receipting_answer()),
        receipt!("receipt-feed", "The signed half of answer-feed: it carries the hash of the leaves.", fixed::feeding_answer()),
        rest!("rest-empty", "The other half of answer-empty: digests and position close the feed.", fixed::quiet_rest()),
        rest!("rest-feed", "The other half of answer-feed.", fixed::feeding_rest()),
        rest!("rest-orders", "The other half of answer-orders.", fixed::ordering_rest()),
        parcel_receipt!("parcel-receipt", "Six runs, one for each fate.", fixed::parcel_receipt()),
        parcel_receipt!("parcel-receipt-refused", "A parcel refused whole.", fixed::refused_parcel_receipt()),
        vector!("document-fate", "One document's runs, and the channel that it entered.", fixed::document_fate(), None,
            DocumentFate { runs, entered }),
        vector!("run", "Three changes held.", fixed::document_fate().runs.remove(2), None, Run { count, fate }),
        vector!("feed-item", "A document that enters the channel and comes whole.", fixed::feed().remove(1), None,
            FeedItem { document, kind, channel, what, changes }),
        vector!("decided", "Two changes applied by a person's decision, one rejected.", fixed::decided(), None,
            Decided { position, manifest, document, runs, changes, entered }),
        rest!("rest-decided", "A second receipt, nothing else new.", fixed::deciding_rest()),
        rest!("rest-shared", "Marks are asked for and were answered, a document that went back was taken.", fixed::sharing_rest()),
        vector!("marks", "As in request-marks.", fixed::marks(), None, Marks { log, receipt, signature, earlier }),
        vector!("mark", "The latest of the earlier marks.", fixed::marks().earlier.remove(0), None, Mark { position, tag }),
        vector!("return", "As in request-returns.", fixed::returned(), None, Return { proof, documents, authors }),
        vector!("feed-proof", "That answer-feed was an answer of the hub.", fixed::returned().proof, None,
            FeedProof { receipt, signature, seed, leaves }),
        vector!("returned", "The document of request-returns.", fixed::returned().documents.remove(0), None,
            Returned { leaf, document, kind, channel, hashes, changes }),
        vector!("repair", "The device's half of a repair.", fixed::repair(), None, Repair { channel, buckets }),
        vector!("repair-answer", "The hub's half of a repair.", fixed::repair_answer(), None,
            RepairAnswer { channel, documents, buckets }),
        vector!("renewal", "The challenge 53… signed with the user's key.", fixed::renewal(), None,
            Renewal { challenge, signature }),
        vector!("lease", "Before it is signed.", fixed::lease(), None,
            Lease { installation, user, key, prefix, letters, year, site, name, issued }),
        vector!("signed-lease", "Signed with the hub's key.", fixed::signed_lease(), None, SignedLease { lease, signature }),
        manifest!("manifest-first", "A case with its card, and a movement.", fixed::first_manifest()),
        manifest!("manifest-next", "A gap in the counter, a statement, a clock before 1970.", fixed::next_manifest()),
        vector!("named", "One document's line of a manifest.", fixed::case_line(), None, Named { document, kind, commitment }),
        vector!("stated", "A statement and its salt.", fixed::stated(), None, Stated { salt, statement }),
        vector!("content", "The changes of one document, and its card token.", fixed::contents().remove(0), None,
            Content { salt, changes, card }),
        parcel!("parcel-plain", "Signed with the user's key.", fixed::first_parcel()),
        parcel!("parcel-statement", "No documents, one statement.", fixed::stating_parcel()),
        parcel!("parcel-sealed", "Signed by the user, its contents sealed to the hub: sealing.json says how.", fixed::sealed_parcel()),
        vector!("courier-part", "A sealed parcel and the ask that belongs to it.", fixed::courier_part(), None,
            CourierPart { lease, parcels, ask }),
        vector!("ask", "What courier-part has sealed to the hub: the request of a quiet reconnect, the third of its series.", fixed::ask(), None,
            Ask { series, number, before, reply_to, request }),
        vector!("return-part", "A reply, sealed to the key that the ask named.", fixed::return_part(), None,
            ReturnPart { lease, part, reply }),
        vector!("reply", "answer-empty in its frame, and that the second file of the series has not come.", fixed::reply(), None,
            Reply { number, missing, answer }),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/wire")
}

/// The committed file as JSON; written first when the environment asks for it.
fn committed(name: &str, wanted: &Value) -> Value {
    let path = folder().join(format!("{name}.json"));
    if std::env::var("SEGIN_WRITE_VECTORS").is_ok_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(wanted).expect("JSON is writable");
        std::fs::write(&path, text + "\n").expect("the vectors folder is writable");
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}.json: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

fn unhex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().expect("hexadecimal text").as_bytes()).expect("hexadecimal text")
}

#[test]
fn every_structure_has_the_bytes_that_were_committed_and_reads_back() {
    for vector in messages().into_iter().chain(structures()) {
        let name = vector.name;
        let mut wanted =
            json!({ "about": vector.about, "fields": vector.fields, "cbor": HEXLOWER.encode(&vector.bytes) });
        if let Some(message) = vector.message {
            wanted["frame"] = HEXLOWER.encode(&frame(message, &RawCbor(&vector.bytes))).into();
        }
        let file = committed(name, &wanted);
        assert_eq!(file["about"], wanted["about"], "{name}: about");
        assert_eq!(file["fields"], wanted["fields"], "{name}: fields");
        assert_eq!(file["cbor"], wanted["cbor"], "{name}: bytes");
        assert_eq!((vector.again)(&unhex(&file["cbor"])).as_ref(), Ok(&vector.bytes), "{name}: reading back");
        if let Some(message) = vector.message {
            assert_eq!(unframe(message, &unhex(&file["frame"])).as_ref(), Ok(&vector.bytes), "{name}: frame");
        }
    }
}

/// Bytes that are CBOR already.
struct RawCbor<'a>(&'a [u8]);

impl<C> Encode<C> for RawCbor<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.writer_mut().write_all(self.0).map_err(minicbor::encode::Error::write)
    }
}

#[test]
fn sealed_contents_have_the_bytes_that_were_committed() {
    let (key, parcel, contents) = (fixed::sealing_key(), fixed::sealed_parcel(), fixed::sealed_contents());
    let Contents::Sealed(sealed) = &parcel.contents else { panic!("it is sealed") };
    let plain = to_cbor(&contents);
    assert_eq!(key.open(sealed.as_ref(), &parcel.hash()).as_ref(), Ok(&plain));
    let opened = parcel.clone().open(&fixed::lease(), Some(&key)).expect("the hub opens it");
    assert_eq!((opened.documents, opened.statements), (contents.documents, contents.statements));
    let (encapsulated, text) = sealed.as_ref().split_at(ENCAPSULATED_KEY_BYTES);
    let wanted = json!({
        "about": "How parcel-sealed is made: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode. The ephemeral key is DeriveKeyPair(ikm); the secret key is for tests only.",
        "secret key of the hub": HEXLOWER.encode(&key.to_bytes()[..]),
        "public key of the hub": HEXLOWER.encode(key.public().as_bytes()),
        "ikm": HEXLOWER.encode(&fixed::SEALING_DRAW),
        "info": HEXLOWER.encode(Purpose::Sealing.prefix()),
        "aad, the hash of the manifest": parcel.hash().to_string(),
        "contents, as CBOR": HEXLOWER.encode(&plain),
        "bytes before sealing: length (4, big-endian), contents, zeros up to a multiple of 256": (plain.len() + 4).next_multiple_of(256),
        "encapsulated key": HEXLOWER.encode(encapsulated),
        "ciphertext": HEXLOWER.encode(text),
        "sealed": HEXLOWER.encode(sealed.as_ref()),
    });
    assert_eq!(committed("sealing", &wanted), wanted);
}

#[test]
fn carried_files_have_the_bytes_that_were_committed() {
    let (courier, back) = (fixed::courier_file().to_bytes(), fixed::return_file().to_bytes());
    // Written once: what deflates otherwise makes other frames, which read back to the same.
    let wanted = json!({
        "about": "Both files whole: head, length of the frame (4, big-endian), frame, zeros up to a multiple of 4,096, SHA-256 over all before. Frames that were compressed elsewhere differ; those here must read back.",
        "head of a courier file": sync_protocol::wire::carried::COURIER_HEAD,
        "head of a return file": sync_protocol::wire::carried::RETURN_HEAD,
        "secret key of the hub": HEXLOWER.encode(&fixed::sealing_key().to_bytes()[..]),
        "secret key of the device, for replies": HEXLOWER.encode(&fixed::reply_key().to_bytes()[..]),
        "draw of the ask": HEXLOWER.encode(&fixed::ASK_DRAW),
        "draw of the reply": HEXLOWER.encode(&fixed::REPLY_DRAW),
        "tag of the hub 01 × 32": fixed::courier_file().hub.to_string(),
        "hash of courier-part": fixed::courier_part().hash().to_string(),
        "hash of the courier file": fixed::courier_hash().to_string(),
        "courier file": HEXLOWER.encode(&courier),
        "return file": HEXLOWER.encode(&back),
    });
    let file = committed("courier", &wanted);
    assert_eq!(file, wanted);
    let (read, hash) = CourierFile::from_bytes(&unhex(&file["courier file"])).expect("the committed file reads back");
    assert_eq!((&read, hash), (&fixed::courier_file(), fixed::courier_hash()));
    assert_eq!(read.parts[0].open(&read.place(0), &fixed::sealing_key()), Ok(fixed::ask()));
    let read = ReturnFile::from_bytes(&unhex(&file["return file"])).expect("the committed file reads back");
    assert_eq!(read, fixed::return_file());
    assert_eq!(read.open(0, &fixed::reply_key()), Ok(fixed::reply()));
}

#[test]
fn every_file_belongs_to_a_structure() {
    let mut known: Vec<String> =
        messages().iter().chain(&structures()).map(|vector| format!("{}.json", vector.name)).collect();
    known.push("derived.json".to_owned());
    known.push("sealing.json".to_owned());
    known.push("courier.json".to_owned());
    known.sort();
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().expect("names are ASCII"))
        .collect();
    found.sort();
    assert_eq!(found, known);
}

#[test]
fn hashes_and_signatures_have_the_bytes_that_were_committed() {
    let seed = Salt::new([0x54; 16]);
    let user = fixed::user_key();
    let purposes: Vec<Purpose> = vec![
        Purpose::Manifest,
        Purpose::Commitment,
        Purpose::Statement,
        Purpose::Chain,
        Purpose::Receipt,
        Purpose::Leaf,
        Purpose::Leaves,
        Purpose::Lease,
        Purpose::Configuration,
        Purpose::Proof,
        Purpose::Card,
        Purpose::Token,
        Purpose::Invitation,
        Purpose::Digest,
        Purpose::Fingerprint,
        Purpose::Sealing,
        Purpose::Courier,
    ];
    let hashed: Vec<Value> = purposes
        .into_iter()
        .map(|purpose| json!([String::from_utf8_lossy(purpose.prefix()), hash(purpose, &[b"abc"]).to_string()]))
        .collect();
    let fates: Vec<Value> =
        fixed::every_fate().iter().map(|(name, fate)| json!([name, HEXLOWER.encode(&to_cbor(fate))])).collect();
    let orders: Vec<Value> = fixed::every_order()
        .iter()
        .map(|order| json!([format!("{order:?}"), HEXLOWER.encode(&to_cbor(order))]))
        .collect();
    let feed_whats: Vec<Value> = [FeedWhat::Changes, FeedWhat::Entered, FeedWhat::Left]
        .iter()
        .map(|what| json!([format!("{what:?}"), HEXLOWER.encode(&to_cbor(what))]))
        .collect();
    let statements: Vec<Value> = fixed::every_statement()
        .iter()
        .map(|statement| json!([format!("{statement:?}"), HEXLOWER.encode(&to_cbor(statement))]))
        .collect();
    let salts = [0, 1, 256].map(|index| leaf_salt(&seed, index).to_string());
    let wanted = json!({
        "about": "What is computed from fixed values. Each line says of what; secret keys are for tests only.",
        "hash of 'abc' for each purpose": hashed,
        "fate, as CBOR": fates,
        "order, as CBOR": orders,
        "feed item's what, as CBOR": feed_whats,
        "statement, as CBOR": statements,
        "fingerprint of the user's key": fingerprint(&user.public()).to_string(),
        "public key of secret key 01 × 32 (hub)": HEXLOWER.encode(fixed::hub_key().public().as_bytes()),
        "public key of secret key 02 × 32 (user)": HEXLOWER.encode(user.public().as_bytes()),
        "signature of 'abc' by the user's key for manifests": HEXLOWER.encode(user.sign(Purpose::Manifest, b"abc").as_bytes()),
        "hash of the manifest of parcel-plain": fixed::first_parcel().hash().to_string(),
        "commitment: salt 50…, document 20…, kind 1, changes 41… 42…, card 30…": fixed::case_line().commitment.to_string(),
        "commitment: salt 51…, document 21…, kind 2, change 43…": fixed::first_manifest().documents[1].commitment.to_string(),
        "commitment to the statement of stated": fixed::stated().commitment().to_string(),
        "digest: document 20…, change 41…": fixed::digest().to_string(),
        "salts of leaves 0, 1 and 256 of seed 54…": salts,
        "leaves of rest-feed, its changes standing for hashes 41…, 42… and 43…":
            fixed::leaves().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "hash of these leaves": leaves_hash(&fixed::leaves()).to_string(),
        "hash of the invitation 7K3Q-M2XP-9WTA": fixed::invitation().hash().to_string(),
        "hash of the token 14…": token_hash(&fixed::TOKEN).to_string(),
    });
    assert_eq!(committed("derived", &wanted), wanted);
}

#[test]
fn what_a_later_version_adds_at_the_end_is_passed_over() {
    let later: [&[u8]; 5] = [&[0x07], b"\x64more", &[0x82, 0x01, 0x81, 0xf6], &[0xa1, 0x01, 0x02], &[0xf6]];
    for vector in messages().into_iter().chain(structures()) {
        assert!((0x80..0x97).contains(&vector.bytes[0]), "{}: an array of fewer than 23 fields", vector.name);
        for added in later {
            // Empty fields at the end are not written: first they are.
            let written = usize::from(vector.bytes[0] - 0x80);
            let empty = vector.fields.len() - written;
            let mut longer = vector.bytes.clone();
            longer[0] += u8::try_from(empty + 1).expect("fewer than 23 fields");
            longer.extend(std::iter::repeat_n(0xf6, empty));
            longer.extend_from_slice(added);
            assert_eq!((vector.again)(&longer).as_ref(), Ok(&vector.bytes), "{}: {added:02x?}", vector.name);
        }
        let mut trailing = vector.bytes.clone();
        trailing.push(0xf6);
        assert!(matches!((vector.again)(&trailing), Err(CodecError::Body(_))), "{}: trailing byte", vector.name);
    }
}

#[test]
fn an_order_of_a_later_version_is_passed_over_and_the_others_are_read() {
    let rest = fixed::ordering_rest();
    let mut orders = vec![0x80 + u8::try_from(rest.orders.len() + 1).expect("a handful")];
    orders.extend_from_slice(&to_cbor(&rest.orders[0]));
    orders.extend_from_slice(&[0x82, 0x18, 99, 0x82, 0x01, 0x41, 0x02]);
    rest.orders[1..].iter().for_each(|order| orders.extend_from_slice(&to_cbor(order)));
    let later = replaced(&to_cbor(&rest), &to_cbor(&rest.orders), &orders);
    assert_eq!(from_cbor::<Rest>(&later), Ok(rest));
}

fn replaced(bytes: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let at = bytes.windows(part.len()).position(|window| window == part).expect("the part is there");
    [&bytes[..at], by, &bytes[at + part.len()..]].concat()
}
