//! Work that a hub is said to have lost: proofs forged, of others, of other work; marks of a log that never was.

use sync_protocol::crypto::{Purpose, Signature};
use sync_protocol::gate::change_hash;
use sync_protocol::ids::{ActorPrefix, ChainTag, ChangeHash, DocumentId, Hash, LogId, Position, Salt};
use sync_protocol::limits::RETURN_DOCUMENTS_MAX;
use sync_protocol::wire::answer::{Answer, Receipt, Rest, leaf, leaf_salt};
use sync_protocol::wire::codec::{Message, Raw, frame, read};
use sync_protocol::wire::exchange::ExchangeRequest;
use sync_protocol::wire::lease::SignedLease;
use sync_protocol::wire::returning::{FeedProof, Mark, Marks, Return, Returned};

use super::{LARGE, Outcome, SMALL, Siege, fates, refused};
use crate::raw::RawDevice;

/// Proofs or leases in one request: each asks for a signature to be checked.
const MANY: usize = 40_000;

/// Runs them.
pub fn run(siege: &mut Siege) {
    proofs(siege);
    leaves(siege);
    changes(siege);
    many(siege);
    marks(siege);
    leases(siege);
}

/// What a device was truly fed, as it would give it back.
fn fed(siege: &Siege, device: &RawDevice) -> Return {
    let request = ExchangeRequest { wants: vec![siege.case], ..device.request(Vec::new()) };
    let (status, body) =
        siege.http().post("/v1/exchange", &frame(Message::ExchangeRequest, &request)).expect("the hub answers");
    assert_eq!(status, 200);
    let answer: Answer = read(Message::Answer, &body).expect("an answer is readable");
    let (receipt, signature) = (answer.receipt.clone(), answer.signature);
    let (_, rest): (Receipt, Rest) = answer.open(&device.hub).expect("it is signed by the hub");
    let seed = rest.seed.expect("something was fed");
    let (mut leaves, mut documents) = (Vec::new(), Vec::new());
    for (index, item) in (0..).zip(&rest.feed) {
        let hashes: Vec<ChangeHash> = item.changes.iter().map(|raw| change_hash(&raw.0)).collect();
        leaves.push(leaf(&leaf_salt(&seed, index), item.document, item.kind, &hashes));
        let channel = rest.channels[usize::from(item.channel)].clone();
        let (document, kind, changes) = (item.document, item.kind, item.changes.clone());
        documents.push(Returned { leaf: index, document, kind, channel, hashes, changes });
    }
    documents.truncate(1);
    Return { proof: FeedProof { receipt, signature, seed, leaves }, documents, authors: rest.leases }
}

fn ask(siege: &Siege, returns: Vec<Return>) -> Outcome {
    siege.ask(&ExchangeRequest { returns, ..siege.attacker.request(Vec::new()) })
}

fn proves_nothing(siege: &mut Siege, name: &str, returned: Return, code: &str) {
    let expected = fates(&[&format!("refused {code}")]);
    siege.withstands(name, &expected, LARGE, |siege| ask(siege, vec![returned]));
}

fn proofs(siege: &mut Siege) {
    let good = fed(siege, &siege.attacker);
    let with = |proof: FeedProof| Return { proof, ..good.clone() };
    let mut garbled = good.proof.clone();
    garbled.receipt.0[30] ^= 1;
    proves_nothing(siege, "a receipt garbled", with(garbled), "return-signature");
    let mut bytes = *good.proof.signature.as_bytes();
    bytes[9] ^= 1;
    let garbled = FeedProof { signature: Signature::new(bytes), ..good.proof.clone() };
    proves_nothing(siege, "its signature garbled", with(garbled), "return-signature");
    let signature = siege.attacker.key.sign(Purpose::Receipt, &good.proof.receipt.0);
    let own = FeedProof { signature, ..good.proof.clone() };
    proves_nothing(siege, "signed by the attacker", with(own), "return-signature");
    let nothing = FeedProof { receipt: Raw(b"words".to_vec()), ..good.proof.clone() };
    proves_nothing(siege, "no receipt", with(nothing), "return-signature");
    let others = fed(siege, &siege.honest);
    proves_nothing(siege, "another device's proof", others, "return-lease");
    // A true one, of what the hub has: there is nothing to be taken.
    siege
        .withstands("what the hub has not lost", &fates(&["duplicate"]), LARGE, |siege| ask(siege, vec![good.clone()]));
    let no_token = ExchangeRequest { token: None, returns: vec![good], ..siege.attacker.request(Vec::new()) };
    siege.withstands("a true proof without a token", &Outcome::Closed, SMALL, |siege| siege.ask(&no_token));
}

fn leaves(siege: &mut Siege) {
    let good = fed(siege, &siege.attacker);
    let mut more = good.clone();
    more.proof.leaves.push(Hash::new([1; 32]));
    proves_nothing(siege, "a leaf more", more, "return-leaves");
    let mut none = good.clone();
    none.proof.leaves.clear();
    proves_nothing(siege, "no leaves", none, "return-leaves");
    let mut exchanged = good.clone();
    exchanged.proof.leaves[0] = Hash::new([1; 32]);
    proves_nothing(siege, "another leaf", exchanged, "return-leaves");
    let mut seeded = good.clone();
    seeded.proof.seed = Salt::new([1; 16]);
    proves_nothing(siege, "another seed", seeded, "return-leaf");
    let with = |change: &dyn Fn(&mut Returned)| {
        let mut returned = good.clone();
        change(&mut returned.documents[0]);
        returned
    };
    proves_nothing(siege, "a leaf that is none", with(&|d| d.leaf = u32::MAX), "return-leaf");
    proves_nothing(siege, "another document", with(&|d| d.document = DocumentId::new([7; 16])), "return-leaf");
    proves_nothing(siege, "another kind", with(&|d| d.kind = 3), "return-leaf");
    proves_nothing(siege, "a hash more", with(&|d| d.hashes.push(ChangeHash::new([7; 32]))), "return-leaf");
    proves_nothing(siege, "no hashes", with(&|d| d.hashes.clear()), "return-leaf");
}

fn changes(siege: &mut Siege) {
    let good = fed(siege, &siege.attacker);
    let with = |change: &dyn Fn(&mut Vec<Raw>)| {
        let mut returned = good.clone();
        change(&mut returned.documents[0].changes);
        returned
    };
    let own = Raw(siege.next());
    let one = |changes: &mut Vec<Raw>, raw: &Raw| *changes = vec![raw.clone()];
    proves_nothing(siege, "a change that was never fed", with(&|c| one(c, &own)), "return-change");
    proves_nothing(siege, "no change", with(&|c| c.clear()), "return-change");
    let last = good.documents[0].changes[0].clone();
    let mut garbled = last.clone();
    garbled.0[30] ^= 1;
    proves_nothing(siege, "a change garbled", with(&|c| one(c, &garbled)), "return-change");
    let words = Raw(b"words".to_vec());
    proves_nothing(siege, "a change that is none", with(&|c| one(c, &words)), "return-change");
    let expected = fates(&["refused return-change"]);
    let twice = with(&|c| *c = vec![last.clone(), last.clone()]);
    siege.withstands("a change twice", &expected, LARGE, |siege| ask(siege, vec![twice]));
}

fn many(siege: &mut Siege) {
    let good = fed(siege, &siege.attacker);
    let most = Return { documents: vec![good.documents[0].clone(); 3], ..good.clone() };
    let signature = Signature::new([1; 64]);
    let nothing = FeedProof { receipt: Raw::default(), signature, seed: Salt::new([1; 16]), leaves: Vec::new() };
    let empty = Return { proof: nothing, documents: Vec::new(), authors: Vec::new() };
    let lease = SignedLease { lease: Raw::default(), signature };
    let bare = Returned { hashes: Vec::new(), changes: Vec::new(), ..good.documents[0].clone() };
    let rows = [
        ("40,000 proofs", vec![empty.clone(); MANY]),
        ("40,000 leases", vec![Return { authors: vec![lease; MANY], ..empty.clone() }]),
        ("more documents than go back", vec![Return { documents: vec![bare; RETURN_DOCUMENTS_MAX + 1], ..empty }]),
    ];
    for (name, returns) in rows {
        siege.withstands(name, &refused(413, "request-too-many"), LARGE, |siege| ask(siege, returns));
    }
    siege.withstands("one document three times", &fates(&["duplicate"; 3]), LARGE, |siege| ask(siege, vec![most]));
}

fn marks(siege: &mut Siege) {
    let good = fed(siege, &siege.attacker).proof;
    let mark = |at| Mark { position: Position(at), tag: ChainTag::new([7; 8]) };
    let marks = |log, receipt: &Raw, signature, earlier| Marks { log, receipt: receipt.clone(), signature, earlier };
    let own = siege.attacker.key.sign(Purpose::Receipt, &good.receipt.0);
    let (log, other) = (siege.attacker.log, LogId::new([9; 16]));
    let rows = [
        ("marks signed by the attacker", marks(log, &good.receipt, own, vec![mark(1)])),
        ("marks of no receipt", marks(log, &Raw(b"words".to_vec()), good.signature, vec![mark(1)])),
        ("marks of another chain", marks(log, &good.receipt, good.signature, vec![mark(5), mark(4), mark(3)])),
        ("marks of another log", marks(other, &good.receipt, good.signature, vec![mark(u64::MAX)])),
        ("marks at the end of all numbers", marks(log, &good.receipt, good.signature, vec![mark(u64::MAX), mark(0)])),
        ("100,000 marks", marks(log, &good.receipt, good.signature, vec![mark(1); 100_000])),
    ];
    for (name, marks) in rows {
        let request = ExchangeRequest { marks: Some(marks), ..siege.attacker.request(Vec::new()) };
        siege.withstands_any(name, LARGE, |siege| {
            let outcome = siege.ask(&request);
            assert!(matches!(outcome, Outcome::Open | Outcome::Refused(413, _)), "{name}: {outcome:?}");
            outcome
        });
    }
}

/// Leases that this hub never signed, shown by devices that it does not know.
fn leases(siege: &mut Siege) {
    let mut lease = siege.attacker.lease.clone();
    lease.prefix = ActorPrefix::new([9; 8]);
    let forged = SignedLease::sign(&lease, &siege.attacker.key);
    let mut garbled = forged.clone();
    garbled.lease.0[3] ^= 1;
    let none = SignedLease { lease: Raw(b"words".to_vec()), ..forged.clone() };
    for (name, signed) in [("a lease signed by the attacker", forged), ("garbled", garbled), ("no lease", none)] {
        let signed_lease = Some(signed);
        let request = ExchangeRequest { lease: lease.prefix, signed_lease, ..siege.attacker.request(Vec::new()) };
        siege.withstands_any(name, SMALL, |siege| {
            let outcome = siege.ask(&request);
            assert!(matches!(outcome, Outcome::Refused(403, _)), "{name}: {outcome:?}");
            outcome
        });
    }
}
