//! What was signed, by whom, and whether what travels beside it is what was signed.

use sync_protocol::crypto::{Purpose, Signature};
use sync_protocol::documents::{Edit, Kind, Value};
use sync_protocol::ids::{DocumentId, Hash, Millis, Salt, SiteCode};
use sync_protocol::limits::MANIFEST_DOCUMENTS_MAX;
use sync_protocol::wire::answer::Order;
use sync_protocol::wire::codec::Raw;
use sync_protocol::wire::manifest::{Manifest, Named, Stated, Statement, commitment};
use sync_protocol::wire::parcel::{Content, Contents, Parcel};

use super::{LARGE, Outcome, SMALL, Siege, changed, fates, parcel, refused};

/// The order of the curve's group: s and the order less s are the two halves of every signature.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Runs them.
pub fn run(siege: &mut Siege) {
    garbled(siege);
    swapped(siege);
    of_others(siege);
    shapes(siege);
    statements(siege);
    where_it_may_not(siege);
    again(siege);
}

/// The same signature with the other half.
#[must_use]
pub fn twin(signature: &Signature) -> Signature {
    let mut bytes = *signature.as_bytes();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        bytes[32 + at] = digit.rem_euclid(256).to_le_bytes()[0];
    }
    Signature::new(bytes)
}

fn good(siege: &mut Siege) -> Parcel {
    siege.packed(&[siege.next()])
}

fn send(siege: &mut Siege, name: &str, sent: Parcel, code: &str) {
    siege.withstands(name, &parcel(code), SMALL, |siege| siege.push(vec![sent]));
}

fn garbled(siege: &mut Siege) {
    let sent = good(siege);
    for at in (0..sent.manifest.0.len()).step_by(17) {
        let mut garbled = sent.clone();
        garbled.manifest.0[at] ^= 0x10;
        send(siege, &format!("manifest garbled at {at}"), garbled, "parcel-signature");
    }
    for at in [0, 31, 32, 63] {
        let mut bytes = *sent.signature.as_bytes();
        bytes[at] ^= 1;
        let garbled = Parcel { signature: Signature::new(bytes), ..sent.clone() };
        send(siege, &format!("signature garbled at {at}"), garbled, "parcel-signature");
    }
    for (name, bytes) in [("zeros", [0; 64]), ("ones", [0xff; 64])] {
        let garbled = Parcel { signature: Signature::new(bytes), ..sent.clone() };
        send(siege, &format!("a signature of {name}"), garbled, "parcel-signature");
    }
    let key = siege.attacker.key.clone();
    let manifest = Raw(b"words".to_vec());
    let signature = key.sign(Purpose::Manifest, &manifest.0);
    send(siege, "signed, and no manifest", Parcel { manifest, signature, ..sent.clone() }, "parcel-manifest");
    let manifest = Raw([&sent.manifest.0[..], &[0]].concat());
    let signature = key.sign(Purpose::Manifest, &manifest.0);
    send(siege, "signed, and something behind it", Parcel { manifest, signature, ..sent.clone() }, "parcel-manifest");
    for purpose in [Purpose::Receipt, Purpose::Proof, Purpose::Lease] {
        let signature = key.sign(purpose, &sent.manifest.0);
        send(siege, "signed for something else", Parcel { signature, ..sent.clone() }, "parcel-signature");
    }
}

fn swapped(siege: &mut Siege) {
    let (one, two) = (good(siege), good(siege));
    let mixed = Parcel { contents: two.contents.clone(), ..one.clone() };
    send(siege, "another parcel's contents", mixed, "parcel-contents");
    send(siege, "another parcel's signature", Parcel { signature: two.signature, ..one.clone() }, "parcel-signature");
    let with = |change: &dyn Fn(&mut Vec<Content>)| {
        let Contents::Plain { mut documents, statements } = one.contents.clone() else { panic!("it is plain") };
        change(&mut documents);
        Parcel { contents: Contents::Plain { documents, statements }, ..one.clone() }
    };
    send(siege, "another salt", with(&|d| d[0].salt = Salt::new([1; 16])), "parcel-contents");
    send(siege, "a change left out", with(&|d| drop(d[0].changes.pop())), "parcel-contents");
    send(siege, "a change twice", with(&|d| d[0].changes.extend_from_within(..)), "parcel-contents");
    send(
        siege,
        "a card beside it",
        with(&|d| d[0].card = Some(sync_protocol::ids::CardToken::new([1; 12]))),
        "parcel-contents",
    );
    send(siege, "no documents", with(&|d| d.clear()), "parcel-shape");
    send(siege, "a document more", with(&|d| d.extend_from_within(..)), "parcel-shape");
}

/// A manifest of the attacker's, signed with the attacker's key.
fn manifest(siege: &Siege) -> Manifest {
    let lease = &siege.attacker.lease;
    Manifest {
        installation: lease.installation,
        user: lease.user,
        counter: 1_000 + siege.count as u64,
        previous: None,
        created: Millis(1_714_480_000_000),
        site: lease.site.clone(),
        documents: Vec::new(),
        statements: Vec::new(),
    }
}

/// One document with the attacker's next change, as a manifest names it and as it travels.
fn document(siege: &Siege, document: DocumentId, kind: u8) -> (Named, Content) {
    let (raw, hash) = changed(&siege.next());
    let salt = Salt::new([4; 16]);
    let commitment = commitment(&salt, document, kind, &[hash], None);
    (Named { document, kind, commitment }, Content { salt, changes: vec![raw], card: None })
}

fn signed(siege: &Siege, manifest: &Manifest, contents: Vec<Content>, statements: Vec<Stated>) -> Parcel {
    Parcel::sign(manifest, contents, statements, &siege.attacker.key)
}

fn of_others(siege: &mut Siege) {
    let (named, content) = document(siege, siege.case, Kind::Case.code());
    let own = Manifest { documents: vec![named], ..manifest(siege) };
    let colleague = siege.colleague.lease.clone();
    let as_colleague = Manifest { user: colleague.user, ..own.clone() };
    let sent = signed(siege, &as_colleague, vec![content.clone()], Vec::new());
    send(siege, "in the name of a colleague on the same tablet", sent, "parcel-lease");
    let elsewhere = Manifest { installation: siege.honest.lease.installation, ..own.clone() };
    let sent = signed(siege, &elsewhere, vec![content.clone()], Vec::new());
    send(siege, "in the name of another installation", sent, "parcel-lease");
    let sent = Parcel::sign(&as_colleague, vec![content.clone()], Vec::new(), &siege.colleague.key);
    send(siege, "a colleague's own parcel under the attacker's lease", sent.clone(), "parcel-signature");
    // Under the colleague's lease it is the colleague's, and the change in it the attacker's.
    siege.withstands(
        "a change of the attacker's signed by a colleague",
        &fates(&["refused gate-foreign-actor"]),
        SMALL,
        |siege| {
            let request = siege.colleague.request(vec![sent]);
            siege.ask(&request)
        },
    );
    let sent = signed(siege, &own, vec![content], Vec::new());
    siege.withstands("the attacker's parcel under a colleague's lease", &parcel("parcel-signature"), SMALL, |siege| {
        siege.ask(&siege.colleague.request(vec![sent]))
    });
}

fn shapes(siege: &mut Siege) {
    let (named, content) = document(siege, siege.case, Kind::Case.code());
    let twice = Manifest { documents: vec![named.clone(), named.clone()], ..manifest(siege) };
    let sent = signed(siege, &twice, vec![content.clone(), content.clone()], Vec::new());
    send(siege, "a document named twice", sent, "parcel-shape");
    let count = MANIFEST_DOCUMENTS_MAX + 1;
    let id = |n: usize| DocumentId::new((n as u128).to_be_bytes());
    let many = Manifest {
        documents: (0..count).map(|n| Named { document: id(n), ..named.clone() }).collect(),
        ..manifest(siege)
    };
    let sent = signed(siege, &many, vec![Content { changes: Vec::new(), ..content.clone() }; count], Vec::new());
    siege.withstands("2,049 documents", &parcel("parcel-shape"), LARGE, |siege| siege.push(vec![sent]));
    let parcels = vec![good(siege); 65];
    siege.withstands("65 parcels", &refused(413, "request-too-many"), SMALL, |siege| siege.push(parcels));
    let (named, content) = document(siege, DocumentId::new([5; 16]), 99);
    let sent = signed(siege, &Manifest { documents: vec![named], ..manifest(siege) }, vec![content], Vec::new());
    siege.withstands("a kind that is none", &fates(&["refused kind-unknown"]), SMALL, |siege| siege.push(vec![sent]));
    let (named, content) = document(siege, siege.case, Kind::Household.code());
    let sent = signed(siege, &Manifest { documents: vec![named], ..manifest(siege) }, vec![content], Vec::new());
    siege.withstands("a case called a household", &fates(&["refused kind-mismatch"]), SMALL, |siege| {
        siege.push(vec![sent])
    });
    let (named, content) = document(siege, siege.case, Kind::Case.code());
    let empty = commitment(&content.salt, siege.case, named.kind, &[], None);
    let none = Manifest { documents: vec![Named { commitment: empty, ..named }], ..manifest(siege) };
    let sent = signed(siege, &none, vec![Content { changes: Vec::new(), ..content }], Vec::new());
    siege.withstands_any("a document without changes", SMALL, |siege| siege.push(vec![sent]));
}

fn statements(siege: &mut Siege) {
    let stated = |statement: Raw| Stated { salt: Salt::new([3; 16]), statement };
    let wipe = stated(Raw::of(&Statement::Superseded {
        document: siege.case,
        change: sync_protocol::ids::ChangeHash::new([1; 32]),
    }));
    let other = stated(Raw::of(&Statement::Read { document: siege.case, at: Millis(1), times: 1 }));
    let committed = Manifest { statements: vec![wipe.commitment()], ..manifest(siege) };
    let sent = signed(siege, &committed, Vec::new(), vec![other.clone()]);
    send(siege, "another statement than was signed", sent, "parcel-statement");
    let sent = signed(siege, &committed, Vec::new(), Vec::new());
    send(siege, "a statement left out", sent, "parcel-shape");
    let sent = signed(siege, &manifest(siege), Vec::new(), vec![other.clone()]);
    send(siege, "a statement put in", sent, "parcel-shape");
    let many = Manifest { statements: vec![other.commitment(); 257], ..manifest(siege) };
    let sent = signed(siege, &many, Vec::new(), vec![other; 257]);
    send(siege, "257 statements", sent, "parcel-shape");
}

fn where_it_may_not(siege: &mut Siege) {
    let (named, content) = document(siege, DocumentId::new([6; 16]), Kind::Case.code());
    let kayes = SiteCode::new("KAY").expect("a site's code");
    let elsewhere = Manifest { documents: vec![named], site: kayes, ..manifest(siege) };
    let sent = signed(siege, &elsewhere, vec![content], Vec::new());
    siege.withstands("begun at a site of others", &fates(&["held held-who-scope"]), SMALL, |siege| {
        siege.push(vec![sent])
    });
}

/// What was taken once, sent again in every way. The first time is honest work and no attack.
fn again(siege: &mut Siege) {
    let field = |value: &str| Edit::Set { field: "identity.father".into(), value: Value::Text(value.into()).into() };
    let mut http = siege.http();
    let (case, kind) = (siege.case, Kind::Case);
    siege.attacker.sync(&mut http, Vec::new()).expect("the hub feeds");
    let change = siege.attacker.edit(case, kind, &[field("Mamadou")]);
    let sent = siege.attacker.parcel(&[(case, vec![change.clone()], None)]);
    siege.attacker.sync(&mut http, vec![sent.clone()]).expect("the hub takes it");
    let mut honest = siege.http();
    siege.honest.sync(&mut honest, Vec::new()).expect("the hub feeds");
    siege.settled("the attacker's own honest work");

    // The same parcel has the same receipt for ever: `applied`, of its first time.
    let first = siege.told(&siege.attacker.request(vec![sent.clone()])).0.parcels;
    for turn in 0..3 {
        let name = format!("replayed, time {turn}");
        replay(siege, &name, &sent, &first);
    }
    let re_signed = Parcel { signature: twin(&sent.signature), ..sent.clone() };
    replay(siege, "signed again with the signature's other half", &re_signed, &first);
    siege.withstands("replayed under another lease", &parcel("parcel-signature"), SMALL, |siege| {
        siege.ask(&siege.honest.request(vec![sent.clone()]))
    });

    // Its counter with something else in it, on a chain that never was: a copy of the device. Both may go on.
    let own = manifest(siege);
    let (raw, hash) = change;
    let salt = Salt::new([8; 16]);
    let named =
        Named { document: case, kind: kind.code(), commitment: commitment(&salt, case, kind.code(), &[hash], None) };
    let content = Content { salt, changes: vec![raw], card: None };
    for (name, previous) in [("counter reused", None), ("chain forked", Some(Hash::new([9; 32])))] {
        let forked = Manifest { counter: 1, previous, documents: vec![named.clone()], ..own.clone() };
        let sent = signed(siege, &forked, vec![content.clone()], Vec::new());
        siege.withstands(name, &fates(&["duplicate"]), SMALL, |siege| siege.push(vec![sent]));
    }
    // New work under a counter that was used: kept, and the device is told that there are two of it.
    let bad = siege.rewritten(|p| p.seq += 7);
    let (raw, hash) = changed(&bad);
    let named = Named { commitment: commitment(&salt, case, kind.code(), &[hash], None), ..named };
    let forked = Manifest { counter: 1, documents: vec![named], ..own };
    let sent = signed(siege, &forked, vec![Content { changes: vec![raw], ..content }], Vec::new());
    siege.withstands("counter reused for other work", &fates(&["held gate-sequence-gap"]), SMALL, |siege| {
        siege.push(vec![sent])
    });
    let (_, rest) = siege.told(&siege.attacker.request(Vec::new()));
    assert!(rest.orders.contains(&Order::CloneSeen), "the device is told");
}

fn replay(siege: &mut Siege, name: &str, sent: &Parcel, first: &[sync_protocol::wire::answer::ParcelReceipt]) {
    siege.withstands_any(name, SMALL, |siege| {
        let (receipt, _) = siege.told(&siege.attacker.request(vec![sent.clone()]));
        assert_eq!(receipt.parcels, first, "{name}");
        Outcome::Closed
    });
}
