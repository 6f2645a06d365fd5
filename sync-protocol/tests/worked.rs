//! Promises checked here: one story told in bytes, from enrolling to a receipt that anybody can verify, keeps its bytes.
//!
//! `vectors/worked.json` holds it, each step under a name: secret keys (for tests only), changes, commitments, manifests,
//! requests, answers, what a field with two values reads like. PROTOCOL.md prints parts of it; `tests/document.rs` holds
//! the two equal. Frames stand as one compressor wrote them: another may write others, which read the same.
//!
//! `SEGIN_WRITE_VECTORS=1` writes the file anew. A changed file is a changed protocol.

#![allow(clippy::disallowed_methods, reason = "the test reads and writes the committed file; the crate does not")]

mod wire_support;

use std::path::PathBuf;

use automerge::{Automerge, Change};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sync_protocol::crypto::{SecretKey, hash};
use sync_protocol::documents::{self, Code, Committed, DeviceLetters, Edit, Kind, apply, blank, conflicts, heads};
use sync_protocol::gate;
use sync_protocol::ids::{
    Actor, ActorPrefix, CardToken, DocumentId, Hash, InstallationId, Millis, Position, Salt, UserId,
};
use sync_protocol::wire::answer::{
    Answer, DocumentFate, Fate, FeedItem, FeedWhat, ParcelReceipt, Receipt, Rest, Run, leaf, leaf_salt, leaves_hash,
    verify_receipt,
};
use sync_protocol::wire::codec::{Message, Raw, frame, from_cbor, read, to_cbor};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Named, commitment};
use sync_protocol::wire::parcel::{Content, Parcel};
use wire_support::{self as fixed, EVENING};

const CASE: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const CARD: CardToken = CardToken::new([0x30; 12]);
const SALT: Salt = Salt::new([0x50; 16]);
/// Of the second phone, Moussa's.
const MOUSSA: ActorPrefix = ActorPrefix::new([0x17; 8]);

fn case() -> DocumentId {
    CASE.parse().expect("a UUID")
}

fn moussas_key() -> SecretKey {
    SecretKey::from_bytes(&[4; 32]).expect("a number below the order")
}

fn moussas_lease() -> Lease {
    Lease {
        installation: InstallationId::new([0x18; 16]),
        user: UserId::new([0x19; 16]),
        key: moussas_key().public(),
        prefix: MOUSSA,
        letters: "M3".to_owned(),
        name: "Moussa K.".to_owned(),
        ..fixed::lease()
    }
}

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn write(doc: &mut Automerge, prefix: ActorPrefix, random: u8, at: Millis, edits: &[Edit]) -> Committed {
    let (shown, actor) = (heads(doc), Actor::from_parts(prefix, [random; 8]));
    apply(doc, Kind::Case, &shown, actor, at, edits).expect("edits that fit the schema")
}

fn merge(doc: &mut Automerge, changes: &[&Committed]) {
    let changes = changes.iter().map(|change| Change::from_bytes(change.raw.clone()).expect("a change just written"));
    doc.apply_changes(changes.collect::<Vec<_>>()).expect("changes that build on what is there");
}

/// What is told, by name: hexadecimal, but where a text or JSON says more.
#[derive(Default)]
struct Story(serde_json::Map<String, Value>);

impl Story {
    fn hex(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.insert(name.to_owned(), HEXLOWER.encode(bytes.as_ref()).into());
    }

    fn tell(&mut self, name: &str, what: impl Into<Value>) {
        self.0.insert(name.to_owned(), what.into());
    }

    fn change(&mut self, name: &str, change: &Committed) {
        assert_eq!(gate::inspect(&change.raw).expect("passes the gate").hash, change.hash);
        self.hex(name, &change.raw);
        self.hex(&format!("{name}, its hash"), change.hash.as_bytes());
    }
}

fn parcel(
    story: &mut Story,
    name: &str,
    counter: u64,
    previous: Option<Hash>,
    content: Content,
    of: &[&Committed],
) -> Parcel {
    let hashes: Vec<_> = of.iter().map(|change| change.hash).collect();
    let commitment = commitment(&content.salt, case(), Kind::Case.code(), &hashes, content.card.as_ref());
    let manifest = Manifest {
        counter,
        previous,
        documents: vec![Named { document: case(), kind: Kind::Case.code(), commitment }],
        ..fixed::first_manifest()
    };
    let parcel = Parcel::sign(&manifest, vec![content], vec![], &fixed::user_key());
    story.hex(&format!("{name}, its commitment"), commitment.as_bytes());
    story.hex(&format!("{name}, its manifest"), &parcel.manifest.0);
    story.hex(&format!("{name}, its manifest's hash"), parcel.hash().as_bytes());
    story.hex(&format!("{name}, its signature"), parcel.signature.as_bytes());
    story.hex(name, to_cbor(&parcel));
    parcel
}

fn receipt(position: u64, lease: ActorPrefix, parcels: Vec<ParcelReceipt>) -> Receipt {
    Receipt { head: Position(position), copied_to: Position(0), parcels, lease, ..fixed::empty_receipt() }
}

fn applied(parcel: &Parcel, position: u64, changes: u16, entered: bool) -> ParcelReceipt {
    let entered = if entered { vec![fixed::channel()] } else { vec![] };
    let documents = vec![DocumentFate { runs: vec![Run { count: changes, fate: Fate::Applied }], entered }];
    ParcelReceipt { manifest: parcel.hash(), position: Some(Position(position)), documents, refused: None }
}

fn answer(story: &mut Story, name: &str, receipt: Receipt, rest: &Rest, leaves: Option<Hash>) {
    let answer = Answer::sign(receipt, rest, leaves, &fixed::hub_key());
    let bytes = frame(Message::Answer, &answer);
    let again: Answer = read(Message::Answer, &bytes).expect("a frame just made");
    verify_receipt(&again.receipt, &again.signature, &fixed::hub_key().public()).expect("signed by the hub");
    story.hex(&format!("{name}, its receipt"), &answer.receipt.0);
    story.hex(&format!("{name}, its signature"), answer.signature.as_bytes());
    story.hex(&format!("{name}, its rest"), &answer.rest.0);
    story.hex(
        &format!("{name}, its rest's hash"),
        hash(sync_protocol::crypto::Purpose::Receipt, &[&answer.rest.0]).as_bytes(),
    );
    story.hex(name, to_cbor(&answer));
    story.hex(&format!("{name}, its frame"), bytes);
}

fn request(story: &mut Story, name: &str, request: &ExchangeRequest) {
    story.hex(name, to_cbor(request));
    story.hex(&format!("{name}, its frame"), frame(Message::ExchangeRequest, request));
}

fn told() -> Value {
    let mut story = Story::default();
    story.tell(
        "about",
        "One story in bytes: Awa enrols (wire/enrol-request, wire/enrol-answer), records a case and sends it; Moussa reads \
         it; both write the family name; Awa chooses. Secret keys are for tests only.",
    );
    story.hex("the hub's secret key", fixed::hub_key().to_bytes());
    story.hex("the hub's public key", fixed::hub_key().public().as_bytes());
    story.hex("Awa's secret key", fixed::user_key().to_bytes());
    story.hex("Awa's public key", fixed::user_key().public().as_bytes());
    story.tell("the case", CASE);

    // Recorded without a network.
    let letters = DeviceLetters::new("K7").expect("two letters");
    let code = Code::next(&fixed::site(), 26, letters, 0).expect("a counter");
    let edits = [set("card.code", &code.to_string()), set("card.site", "GOG"), set("identity.given", "Awa")];
    story.tell("the first edits", json!(edits));
    let mut awas = blank(Kind::Case);
    let first = write(&mut awas, fixed::PREFIX, 0x0a, EVENING, &edits);
    story.change("the first change", &first);

    // Sent.
    let content = Content { salt: SALT, changes: vec![Raw(first.raw.clone())], card: Some(CARD) };
    let sent = parcel(&mut story, "the first parcel", 1, None, content, &[&first]);
    let pushing = ExchangeRequest {
        cursor: None,
        parcels: vec![sent.clone()],
        configuration: 0,
        decided_to: Position::START,
        ..fixed::empty_request()
    };
    request(&mut story, "the first request", &pushing);
    let digest = Digest::of_change(case(), first.hash);
    story.hex("the channel's digest after the first change", digest.to_bytes());
    let quiet = Rest { position: Some(Position(7)), digests: vec![digest], ..fixed::quiet_rest() };
    answer(&mut story, "the first answer", receipt(7, fixed::PREFIX, vec![applied(&sent, 7, 1, true)]), &quiet, None);

    // Read by a colleague.
    let seed = Salt::new([0x54; 16]);
    let item = FeedItem {
        document: case(),
        kind: Kind::Case.code(),
        channel: 0,
        what: FeedWhat::Entered,
        changes: vec![Raw(first.raw.clone())],
    };
    let leaves = [leaf(&leaf_salt(&seed, 0), case(), Kind::Case.code(), &[first.hash])];
    story.hex("the colleague's answer, the salt of its leaf", leaf_salt(&seed, 0).as_bytes());
    story.hex("the colleague's answer, its leaf", leaves[0].as_bytes());
    story.hex("the colleague's answer, the hash of its leaves", leaves_hash(&leaves).as_bytes());
    let fed = Rest { seed: Some(seed), feed: vec![item], leases: vec![fixed::signed_lease()], ..quiet };
    answer(&mut story, "the colleague's answer", receipt(7, MOUSSA, vec![]), &fed, Some(leaves_hash(&leaves)));
    story.hex("Moussa's lease", to_cbor(&SignedLease::sign(&moussas_lease(), &fixed::hub_key())));

    // Both write the family name, each without the other's.
    let mut moussas = blank(Kind::Case);
    merge(&mut moussas, &[&first]);
    let later = EVENING.plus(60_000);
    let one = write(&mut awas, fixed::PREFIX, 0x0a, later, &[set("identity.family", "Traoré")]);
    let other = write(&mut moussas, MOUSSA, 0x0b, later, &[set("identity.family", "Tarawele")]);
    story.change("Awa's family name", &one);
    story.change("Moussa's family name", &other);
    merge(&mut awas, &[&other]);
    merge(&mut moussas, &[&one]);
    let conflict = json!(conflicts(Kind::Case, &awas));
    assert_eq!(conflict, json!(conflicts(Kind::Case, &moussas)), "the same changes, the same document");
    story.tell("the conflict", conflict);
    story.tell("the heads with the conflict", json!(heads(&awas)));

    // Awa chooses, at the heads that were shown.
    let chosen = write(&mut awas, fixed::PREFIX, 0x0a, later.plus(60_000), &[set("identity.family", "Traoré")]);
    story.change("the choice", &chosen);
    assert!(conflicts(Kind::Case, &awas).is_empty());
    let content = Content {
        salt: Salt::new([0x51; 16]),
        changes: vec![Raw(one.raw.clone()), Raw(chosen.raw.clone())],
        card: None,
    };
    let second = parcel(&mut story, "the second parcel", 2, Some(sent.hash()), content, &[&one, &chosen]);
    let all = [&first, &one, &other, &chosen]
        .into_iter()
        .fold(Digest::EMPTY, |sum, change| sum.plus(Digest::of_change(case(), change.hash)));
    story.hex("the channel's digest in the end", all.to_bytes());
    let pushing = ExchangeRequest { parcels: vec![second.clone()], ..fixed::empty_request() };
    request(&mut story, "the last request", &pushing);
    let rest = Rest { position: Some(Position(9)), digests: vec![all], ..fixed::quiet_rest() };
    answer(&mut story, "the last answer", receipt(9, fixed::PREFIX, vec![applied(&second, 9, 2, false)]), &rest, None);
    let projection = documents::project(Kind::Case, &awas).expect("a case");
    story.tell("the case as plain data", json!(projection));
    story.tell("the case's line of a list", json!(projection.summary()));
    Value::Object(story.0)
}

#[test]
fn the_story_keeps_its_bytes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/worked.json");
    let told = told();
    if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&told).expect("texts") + "\n").expect("written");
    }
    let text = std::fs::read_to_string(&path).expect("vectors/worked.json");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    for (name, what) in told.as_object().expect("names") {
        assert_eq!(Some(what), kept.get(name), "{name}");
    }
    assert_eq!(told, kept);
}

#[test]
fn a_request_of_the_story_reads_back() {
    let told = told();
    let bytes = |name: &str| HEXLOWER.decode(told[name].as_str().expect(name).as_bytes()).expect("hexadecimal");
    let framed: ExchangeRequest =
        read(Message::ExchangeRequest, &bytes("the first request, its frame")).expect("a request");
    let plain: ExchangeRequest = from_cbor(&bytes("the first request")).expect("a request");
    assert_eq!(framed, plain);
    let opened = framed.parcels[0].clone().open(&fixed::lease(), None).expect("one piece");
    let hashes: Vec<_> = opened.documents[0].changes.iter().map(|raw| gate::change_hash(&raw.0)).collect();
    assert!(opened.commits_to(0, &hashes));
}
