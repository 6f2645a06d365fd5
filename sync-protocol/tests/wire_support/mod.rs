//! Fixed values of every structure that travels: the same bytes for ever, for the golden files and their tests.
//!
//! Secret keys are one byte repeated (1: hub, 2: Awa's phone, 3: the hub's for sealing); identifiers likewise. Changes are stand-ins: what a real
//! change looks like is the gate's business, for the codec they are bytes.

#![allow(dead_code, reason = "each test file uses its part")]

use sync_protocol::crypto::SecretKey;
use sync_protocol::ids::{
    ActorPrefix, CardToken, ChainTag, ChangeHash, Channel, DocumentId, Hash, InstallationId, LogId, Millis, Position,
    Salt, SiteCode, UserId,
};
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::answer::{
    Answer, DECIDED_REJECTED, Decided, DocumentFate, Fate, FeedItem, FeedWhat, Order, ParcelReceipt, Receipt,
    RepairAnswer, Rest, Run, WipeWhen, leaf, leaf_salt, leaves_hash,
};
use sync_protocol::wire::codec::{Raw, to_cbor};
use sync_protocol::wire::courier::{Ask, CourierFile, CourierPart, Place, Reply, ReturnFile, ReturnPart, hub_tag};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};
use sync_protocol::wire::exchange::{ExchangeRequest, Renewal, Repair};
use sync_protocol::wire::lease::{Lease, SignedLease};
use sync_protocol::wire::manifest::{Manifest, Named, Stated, Statement, commitment};
use sync_protocol::wire::parcel::{Content, Parcel, SealedContents};
use sync_protocol::wire::returning::{FeedProof, Mark, Marks, Return, Returned};

/// 2026-03-14 17:05 UTC, the second wave.
pub const EVENING: Millis = Millis(1_773_507_900_000);

pub fn hub_key() -> SecretKey {
    SecretKey::from_bytes(&[1; 32]).expect("a number below the order")
}

pub fn user_key() -> SecretKey {
    SecretKey::from_bytes(&[2; 32]).expect("a number below the order")
}

pub const LOG: LogId = LogId::new([0x10; 16]);
pub const INSTALLATION: InstallationId = InstallationId::new([0x11; 16]);
pub const USER: UserId = UserId::new([0x12; 16]);
pub const PREFIX: ActorPrefix = ActorPrefix::new([0x13; 8]);
pub const TOKEN: Salt = Salt::new([0x14; 16]);
pub const CASE: DocumentId = DocumentId::new([0x20; 16]);
pub const MOVEMENT: DocumentId = DocumentId::new([0x21; 16]);
pub const CARD: CardToken = CardToken::new([0x30; 12]);

pub fn change_hash(byte: u8) -> ChangeHash {
    ChangeHash::new([byte; 32])
}

pub fn change(byte: u8) -> Raw {
    Raw(vec![byte; 40])
}

pub fn site() -> SiteCode {
    SiteCode::new("GOG").expect("three capitals")
}

pub fn channel() -> Channel {
    Channel::site(&site())
}

pub fn digest() -> Digest {
    Digest::of_change(CASE, change_hash(0x41))
}

pub fn invitation() -> Invitation {
    Invitation::parse("7K3Q-M2XP-9WTA").expect("twelve characters")
}

pub fn lease() -> Lease {
    Lease {
        installation: INSTALLATION,
        user: USER,
        key: user_key().public(),
        prefix: PREFIX,
        letters: "K7".to_owned(),
        year: 26,
        site: site(),
        name: "Awa T.".to_owned(),
        issued: EVENING,
    }
}

pub fn signed_lease() -> SignedLease {
    SignedLease::sign(&lease(), &hub_key())
}

pub fn contents() -> Vec<Content> {
    vec![
        Content { salt: Salt::new([0x50; 16]), changes: vec![change(0x61), change(0x62)], card: Some(CARD) },
        Content { salt: Salt::new([0x51; 16]), changes: vec![change(0x63)], card: None },
    ]
}

pub fn statement() -> Statement {
    Statement::Held { log: LOG, position: Position(41), channel: channel(), digest: digest() }
}

pub fn every_statement() -> Vec<Statement> {
    vec![
        statement(),
        Statement::Superseded { document: CASE, change: change_hash(0x45) },
        Statement::Read { document: CASE, at: EVENING, times: 2 },
        Statement::Vouched { key: user_key().public() },
        Statement::WipeDone { at: EVENING },
    ]
}

pub fn stated() -> Stated {
    Stated { salt: Salt::new([0x52; 16]), statement: Raw::of(&statement()) }
}

pub fn case_line() -> Named {
    let changes = [change_hash(0x41), change_hash(0x42)];
    Named { document: CASE, kind: 1, commitment: commitment(&Salt::new([0x50; 16]), CASE, 1, &changes, Some(&CARD)) }
}

pub fn first_manifest() -> Manifest {
    let movement = commitment(&Salt::new([0x51; 16]), MOVEMENT, 2, &[change_hash(0x43)], None);
    Manifest {
        installation: INSTALLATION,
        user: USER,
        counter: 1,
        previous: None,
        created: EVENING,
        site: site(),
        documents: vec![case_line(), Named { document: MOVEMENT, kind: 2, commitment: movement }],
        statements: vec![],
    }
}

pub fn next_manifest() -> Manifest {
    Manifest {
        counter: 3,
        previous: Some(first_parcel().hash()),
        created: Millis(-1),
        documents: vec![],
        statements: vec![stated().commitment()],
        ..first_manifest()
    }
}

pub fn first_parcel() -> Parcel {
    Parcel::sign(&first_manifest(), contents(), vec![], &user_key())
}

pub fn stating_parcel() -> Parcel {
    Parcel::sign(&next_manifest(), vec![], vec![stated()], &user_key())
}

pub fn sealed_parcel() -> Parcel {
    Parcel::seal(&sealed_manifest(), &sealed_contents(), &user_key(), &sealing_key().public(), SEALING_DRAW)
        .expect("a key made here is a key")
}

/// What [`sealed_parcel`] draws for its ephemeral key.
pub const SEALING_DRAW: [u8; 32] = [0x56; 32];

/// Of the hub; for tests only.
pub fn sealing_key() -> SealingKey {
    SealingKey::from_bytes(&[3; 32]).expect("a number below the curve's order")
}

pub fn sealed_manifest() -> Manifest {
    Manifest {
        counter: 2,
        previous: Some(first_parcel().hash()),
        statements: vec![stated().commitment()],
        ..first_manifest()
    }
}

pub fn sealed_contents() -> SealedContents {
    SealedContents { documents: contents(), statements: vec![stated()] }
}

pub fn empty_request() -> ExchangeRequest {
    ExchangeRequest {
        lease: PREFIX,
        token: Some(TOKEN),
        cursor: Some(Raw(vec![0x71; 12])),
        parcels: vec![],
        budget: 65_536,
        wants: vec![],
        repair: None,
        renewal: None,
        configuration: 1,
        decided_to: Position(40),
        marks: None,
        returns: vec![],
        signed_lease: None,
    }
}

pub fn first_request() -> ExchangeRequest {
    ExchangeRequest {
        token: None,
        cursor: None,
        budget: 0,
        configuration: 0,
        decided_to: Position::START,
        ..pushing_request()
    }
}

pub fn pushing_request() -> ExchangeRequest {
    ExchangeRequest { parcels: vec![first_parcel(), stating_parcel()], ..empty_request() }
}

pub fn renewal() -> Renewal {
    Renewal::sign(LOG, PREFIX, Salt::new([0x53; 16]), &user_key())
}

pub fn renewing_request() -> ExchangeRequest {
    ExchangeRequest { token: None, renewal: Some(renewal()), ..empty_request() }
}

pub fn wanting_request() -> ExchangeRequest {
    ExchangeRequest { wants: vec![CASE, MOVEMENT], ..empty_request() }
}

pub fn repair() -> Repair {
    let mut buckets = vec![Digest::EMPTY; 256];
    buckets[0x20] = digest();
    Repair { channel: channel(), buckets }
}

pub fn repairing_request() -> ExchangeRequest {
    ExchangeRequest { repair: Some(repair()), ..empty_request() }
}

pub fn marks() -> Marks {
    let Answer { receipt, signature, .. } = quiet_answer();
    let earlier = [(Position(40), 0x16), (Position(20), 0x17)];
    let earlier = earlier.map(|(position, byte)| Mark { position, tag: ChainTag::of(&Hash::new([byte; 32])) });
    Marks { log: LOG, receipt, signature, earlier: earlier.to_vec() }
}

pub fn marking_request() -> ExchangeRequest {
    ExchangeRequest { marks: Some(marks()), ..empty_request() }
}

/// The second item of [`feeding_rest`]: of its two changes the hub has the first still.
pub fn returned() -> Return {
    let Answer { receipt, signature, .. } = feeding_answer();
    let proof = FeedProof { receipt, signature, seed: Salt::new([0x54; 16]), leaves: leaves() };
    let document = Returned {
        leaf: 1,
        document: MOVEMENT,
        kind: 1,
        channel: channel(),
        hashes: vec![change_hash(0x42), change_hash(0x43)],
        changes: vec![change(0x63)],
    };
    Return { proof, documents: vec![document], authors: vec![signed_lease()] }
}

pub fn returning_request() -> ExchangeRequest {
    ExchangeRequest { returns: vec![returned()], ..empty_request() }
}

pub fn presenting_request() -> ExchangeRequest {
    ExchangeRequest { signed_lease: Some(signed_lease()), ..first_request() }
}

pub fn sharing_rest() -> Rest {
    let applied = DocumentFate { runs: vec![Run { count: 1, fate: Fate::Applied }], entered: vec![] };
    Rest { orders: vec![Order::ShowMarks], shared: Some(Position(20)), returned: vec![applied], ..quiet_rest() }
}

pub fn every_order() -> Vec<Order> {
    [ordering_rest().orders, vec![Order::ShowMarks]].concat()
}

pub fn every_fate() -> Vec<(&'static str, Fate)> {
    vec![
        ("applied", Fate::Applied),
        ("duplicate", Fate::Duplicate),
        ("held", Fate::Held("scope".to_owned())),
        ("waiting", Fate::Waiting(vec![change_hash(0x44)])),
        ("erased", Fate::Erased),
        ("refused", Fate::Refused("gate-length".to_owned(), "change 2: cut at byte 17".to_owned())),
    ]
}

pub fn document_fate() -> DocumentFate {
    let runs = every_fate().into_iter().zip(1..).map(|((_, fate), count)| Run { count, fate }).collect();
    DocumentFate { runs, entered: vec![channel()] }
}

pub fn parcel_receipt() -> ParcelReceipt {
    ParcelReceipt {
        manifest: first_parcel().hash(),
        position: Some(Position(42)),
        documents: vec![document_fate()],
        refused: None,
    }
}

pub fn refused_parcel_receipt() -> ParcelReceipt {
    let reason = ("parcel-sealed".to_owned(), "sealed parcels are not accepted by this version".to_owned());
    ParcelReceipt { manifest: first_parcel().hash(), position: None, documents: vec![], refused: Some(reason) }
}

/// As the hub fills it in before signing: `rest` and `leaves` are set by [`Answer::sign`].
pub fn empty_receipt() -> Receipt {
    Receipt {
        log: LOG,
        at: EVENING,
        head: Position(42),
        chain: Hash::new([0x15; 32]),
        copied_to: Position(40),
        parcels: vec![],
        leaves: None,
        rest: Hash::new([0; 32]),
        lease: PREFIX,
    }
}

pub fn quiet_rest() -> Rest {
    Rest {
        channels: vec![channel()],
        cursor: Some(Raw(vec![0x72; 12])),
        digests: vec![digest()],
        position: Some(Position(42)),
        ..Rest::default()
    }
}

pub fn feed() -> Vec<FeedItem> {
    let item = |document, what, changes| FeedItem { document, kind: 1, channel: 0, what, changes };
    vec![
        item(CASE, FeedWhat::Changes, vec![change(0x61)]),
        item(MOVEMENT, FeedWhat::Entered, vec![change(0x62), change(0x63)]),
        item(DocumentId::new([0x22; 16]), FeedWhat::Left, vec![]),
    ]
}

pub fn feeding_rest() -> Rest {
    Rest {
        seed: Some(Salt::new([0x54; 16])),
        feed: feed(),
        more: true,
        digests: vec![],
        leases: vec![signed_lease()],
        position: None,
        ..quiet_rest()
    }
}

pub fn ordering_rest() -> Rest {
    Rest {
        orders: vec![
            Order::Renew(Salt::new([0x53; 16])),
            Order::ChannelClosed(channel()),
            Order::CloneSeen,
            Order::Wipe { when: WipeWhen::AfterReceipts },
            Order::Wipe { when: WipeWhen::AtOnce },
            Order::Pending,
            Order::Revoked,
        ],
        token: Some(TOKEN),
        configuration: Some(Raw(vec![0x73; 20])),
        repair: Some(repair_answer()),
        ..quiet_rest()
    }
}

pub fn decided() -> Decided {
    let rejected = Fate::Refused(DECIDED_REJECTED.to_owned(), "not this person".to_owned());
    Decided {
        position: Position(41),
        manifest: first_parcel().hash(),
        document: CASE,
        runs: vec![Run { count: 2, fate: Fate::Applied }, Run { count: 1, fate: rejected }],
        changes: vec![change_hash(0x41), change_hash(0x42), change_hash(0x45)],
        entered: vec![channel()],
    }
}

pub fn deciding_rest() -> Rest {
    Rest { decided: vec![decided()], decided_to: Some(Position(42)), ..quiet_rest() }
}

pub fn repair_answer() -> RepairAnswer {
    RepairAnswer { channel: 0, documents: vec![(CASE, digest())], buckets: vec![0x20, 0x21] }
}

/// The leaves of [`feeding_rest`], its changes standing for hashes 41, 42 and 43.
pub fn leaves() -> Vec<Hash> {
    let seed = Salt::new([0x54; 16]);
    vec![
        leaf(&leaf_salt(&seed, 0), CASE, 1, &[change_hash(0x41)]),
        leaf(&leaf_salt(&seed, 1), MOVEMENT, 1, &[change_hash(0x42), change_hash(0x43)]),
        leaf(&leaf_salt(&seed, 2), DocumentId::new([0x22; 16]), 1, &[]),
    ]
}

pub fn quiet_answer() -> Answer {
    Answer::sign(empty_receipt(), &quiet_rest(), None, &hub_key())
}

pub fn receipting_answer() -> Answer {
    let receipt = Receipt { parcels: vec![parcel_receipt(), refused_parcel_receipt()], ..empty_receipt() };
    Answer::sign(receipt, &quiet_rest(), None, &hub_key())
}

pub fn feeding_answer() -> Answer {
    Answer::sign(empty_receipt(), &feeding_rest(), Some(leaves_hash(&leaves())), &hub_key())
}

pub fn ordering_answer() -> Answer {
    Answer::sign(empty_receipt(), &ordering_rest(), None, &hub_key())
}

pub fn enrol_request() -> EnrolRequest {
    EnrolRequest::sign(&invitation(), INSTALLATION, &user_key())
}

pub fn enrol_answer() -> EnrolAnswer {
    EnrolAnswer {
        lease: signed_lease(),
        token: TOKEN,
        hub: hub_key().public(),
        log: LOG,
        configuration: Raw(vec![0x73; 20]),
        sealing: Some(sealing_key().public()),
    }
}

pub const COURIER_FILE: Salt = Salt::new([0x57; 16]);
pub const ASK_DRAW: [u8; 32] = [0x58; 32];
pub const REPLY_DRAW: [u8; 32] = [0x59; 32];

/// Where a device's answers are sealed to: the secret is one byte repeated.
pub fn reply_key() -> SealingKey {
    SealingKey::from_bytes(&[4; 32]).expect("a number below the curve's order")
}

pub fn ask() -> Ask {
    Ask {
        series: Salt::new([0x5a; 16]),
        number: 3,
        before: Some(Hash::new([0x5b; 32])),
        reply_to: reply_key().public(),
        request: empty_request(),
    }
}

pub fn courier_part() -> CourierPart {
    let place = Place { file: COURIER_FILE, index: 0, of: 1 };
    CourierPart::seal(&place, PREFIX, vec![sealed_parcel()], &ask(), &sealing_key().public(), ASK_DRAW)
        .expect("a key made here is a key")
}

pub fn courier_file() -> CourierFile {
    CourierFile { hub: hub_tag(&hub_key().public()), id: COURIER_FILE, parts: vec![courier_part()] }
}

/// Its answer's frame is not compressed: compressors differ, and what is sealed would differ with them.
pub fn reply() -> Reply {
    let answer = [&b"SG\x01\x02"[..], &to_cbor(&quiet_answer())].concat();
    Reply { number: 3, missing: vec![(2, 2)], answer: Raw(answer) }
}

pub fn courier_hash() -> Hash {
    CourierFile::from_bytes(&courier_file().to_bytes()).expect("a file just written").1
}

pub fn return_part() -> ReturnPart {
    ReturnPart::seal((&courier_hash(), 0, 1), &courier_part(), &reply(), &reply_key().public(), REPLY_DRAW)
        .expect("a key made here is a key")
}

pub fn return_file() -> ReturnFile {
    ReturnFile { courier: courier_hash(), parts: vec![return_part()] }
}
