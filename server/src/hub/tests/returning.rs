//! Others' work that a device gives back to a hub that has lost it.

use sync_protocol::crypto::Signature;
use sync_protocol::ids::{ChangeHash, Hash};
use sync_protocol::wire::answer::{leaf, leaf_salt};
use sync_protocol::wire::lease::SignedLease;
use sync_protocol::wire::returning::{FeedProof, Return, Returned};

use super::*;
use crate::hub::entry::Entry;
use crate::hub::vet::RequestError;
use crate::hub::writer::read_entry;
use crate::limits::REQUEST_WEIGHT_MAX;
use crate::verify::{compare_store, recompute};

const CASE: DocumentId = DocumentId::new([9; 16]);

/// A hub with an author and a colleague at Gogui and one at Kayes. Made twice it is twice the same: the second is what an
/// older copy of the first one's folder is.
fn night() -> (TestHub, [TestDevice; 3]) {
    let mut hub = TestHub::new();
    let author = hub.device("GOG", 1);
    let colleague = hub.device("GOG", 2);
    let elsewhere = hub.device("KAY", 3);
    (hub, [author, colleague, elsewhere])
}

/// What a device gives back of an answer, all of it.
fn given_back(answer: &Answer, rest: &Rest) -> Return {
    let (seed, mut leaves) = (rest.seed.unwrap(), Vec::new());
    let mut documents = Vec::new();
    for (index, item) in (0..).zip(&rest.feed) {
        let hashes: Vec<ChangeHash> = item.changes.iter().map(|raw| sync_protocol::gate::change_hash(&raw.0)).collect();
        leaves.push(leaf(&leaf_salt(&seed, index), item.document, item.kind, &hashes));
        documents.push(Returned {
            leaf: index,
            document: item.document,
            kind: item.kind,
            channel: rest.channels[usize::from(item.channel)].clone(),
            hashes,
            changes: item.changes.clone(),
        });
    }
    let proof = FeedProof { receipt: answer.receipt.clone(), signature: answer.signature, seed, leaves };
    Return { proof, documents, authors: rest.leases.clone() }
}

/// The author records a case under two names at the hub, and the reader is fed it; what the reader can give back.
fn lost(hub: &mut TestHub, author: &mut TestDevice, reader: &mut TestDevice) -> Return {
    let changes = ["Fatoumata", "Fatou"].map(|name| author.name(CASE, name));
    let parcel = author.parcel(CASE, &changes, None);
    author.sync(hub, vec![parcel]);
    fed(hub, reader)
}

fn fed(hub: &mut TestHub, reader: &mut TestDevice) -> Return {
    let answer = hub.answer(&ExchangeRequest { wants: vec![CASE], ..reader.request(Vec::new()) });
    let (_, rest) = answer.open(&hub.shared.keyring.hub_key().public()).unwrap();
    reader.sync(hub, Vec::new());
    given_back(&answer, &rest)
}

fn returning(device: &TestDevice, returns: Vec<Return>) -> ExchangeRequest {
    ExchangeRequest { cursor: None, returns, ..device.request(Vec::new()) }
}

fn fates(rest: &Rest) -> Vec<&Fate> {
    rest.returned.iter().flat_map(|fate| &fate.runs).map(|run| &run.fate).collect()
}

fn verified(hub: &TestHub) -> Vec<crate::verify::Difference> {
    let mut random = SeededRandom::new(9);
    let recomputed = recompute(&hub.shared.log, &hub.shared.keyring, &mut random).unwrap();
    let store: &dyn DocumentStore = &*hub.store;
    let compared = compare_store(&hub.shared.keyring, &*recomputed.store, store).unwrap();
    recomputed.report.differences.into_iter().chain(compared).collect()
}

#[test]
fn it_comes_back_under_its_author_with_the_proof_and_stays_after_a_rebuild() {
    let (mut before, [mut author, mut colleague, _]) = night();
    let mut back = lost(&mut before, &mut author, &mut colleague);
    back.documents.truncate(1);
    let (mut hub, [mut again, _, _]) = night();
    let (receipt, rest) = hub.exchange(&returning(&colleague, vec![back.clone()]));
    assert_eq!(fates(&rest), [&Fate::Applied]);
    assert_eq!(rest.returned[0].entered, [Channel::new("site/GOG").unwrap()]);
    assert!(rest.feed.is_empty(), "what the request carried is not sent back");
    assert_eq!(rest.digests, [colleague.digest()]);
    let Entry::Returned(entry) = read_entry(&hub.shared, receipt.head).unwrap() else { panic!("no such entry") };
    assert_eq!((entry.lease, &entry.items[0].authors), (colleague.lease.prefix, &vec![author.lease.prefix]));

    // Twice is once.
    let (after, rest) = hub.exchange(&returning(&colleague, vec![back]));
    assert_eq!((fates(&rest), after.head), (vec![&Fate::Applied], receipt.head));

    // The author, enrolled anew from nothing, is fed it with the author's lease.
    let (_, rest) = again.sync(&mut hub, Vec::new());
    assert_eq!(rest.feed.len(), 1);
    assert_eq!(rest.leases[0].verify(&hub.shared.keyring.hub_key().public()).unwrap().prefix, author.lease.prefix);
    assert_eq!(again.digest(), colleague.digest());

    assert_eq!(verified(&hub), []);
    let rows = hub.store.documents_after(None, 10).unwrap();
    let mut hub = hub.crash(Arc::new(MemoryStore::new()));
    assert_eq!(hub.store.documents_after(None, 10).unwrap(), rows);
    // The author's phone comes after all: what it gives back itself is there.
    author.counter = 0;
    let changes: Vec<_> = author.documents[&CASE]
        .get_changes(&[])
        .into_iter()
        .filter(|change| change.actor_id().to_bytes().starts_with(author.lease.prefix.as_bytes()))
        .map(|change| (Raw(change.raw_bytes().to_vec()), ChangeHash::new(change.hash().0)))
        .collect();
    let parcel = author.parcel(CASE, &changes, None);
    let (receipt, _) = hub.exchange(&ExchangeRequest { cursor: None, ..author.request(vec![parcel]) });
    assert_eq!(only_fate(&receipt), &Fate::Duplicate);
}

#[test]
fn work_of_several_authors_in_one_item_comes_back_together_and_what_the_hub_has_of_it_need_not() {
    let (mut before, [mut author, mut colleague, _]) = night();
    let mut third = before.device("GOG", 4);
    lost(&mut before, &mut author, &mut colleague);
    let change = colleague.name(CASE, "Fatoumata D.");
    let parcel = colleague.parcel(CASE, &[change], None);
    colleague.sync(&mut before, vec![parcel]);
    let mut back = fed(&mut before, &mut third);
    back.documents.truncate(1);
    assert_eq!(back.documents[0].hashes.len(), 3);

    let (mut hub, [_, _, _]) = night();
    let third_again = hub.device("GOG", 4);
    assert_eq!(third_again.lease.prefix, third.lease.prefix);
    // The hub has the first change.
    let first = back.documents[0].changes.remove(0);
    let hash = back.documents[0].hashes[0];
    author.counter = 0;
    let parcel = author.parcel(CASE, &[(first, hash)], None);
    hub.exchange(&ExchangeRequest { cursor: None, ..author.request(vec![parcel]) });
    let (receipt, rest) = hub.exchange(&returning(&third, vec![back]));
    assert_eq!(fates(&rest), [&Fate::Applied]);
    assert_eq!(rest.digests, [third.digest()]);
    let Entry::Returned(entry) = read_entry(&hub.shared, receipt.head).unwrap() else { panic!("no such entry") };
    assert_eq!(entry.items[0].authors, [author.lease.prefix, colleague.lease.prefix]);
    assert_eq!(verified(&hub), []);
}

#[test]
fn what_is_forged_foreign_or_altered_is_refused_with_a_code_and_changes_nothing() {
    let (mut before, [mut author, mut colleague, _]) = night();
    let mut honest = lost(&mut before, &mut author, &mut colleague);
    honest.documents.truncate(1);
    let (mut hub, [_, _, mut elsewhere]) = night();
    let other = SecretKey::from_bytes(&[99; 32]).unwrap();
    let own = elsewhere.name(CASE, "Mallory");
    let mut cases: Vec<(&str, Return)> = Vec::new();
    let mut add = |code, change: &dyn Fn(&mut Return)| {
        let mut altered = honest.clone();
        change(&mut altered);
        cases.push((code, altered));
    };
    let receipt: Receipt = honest.proof.receipt.read().unwrap();
    add("return-signature", &|back| {
        let signed = Answer::sign(receipt.clone(), &Rest::default(), receipt.leaves, &other);
        (back.proof.receipt, back.proof.signature) = (signed.receipt, signed.signature);
    });
    add("return-signature", &|back| {
        let forged = Receipt { leaves: Some(Hash::new([1; 32])), ..receipt.clone() };
        back.proof.receipt = Raw::of(&forged);
    });
    add("return-leaves", &|back| back.proof.leaves[0] = Hash::new([1; 32]));
    add("return-leaves", &|back| back.proof.leaves.push(Hash::new([1; 32])));
    add("return-leaf", &|back| back.proof.seed = Salt::new([1; 16]));
    add("return-leaf", &|back| back.documents[0].leaf = 7);
    add("return-leaf", &|back| back.documents[0].document = DocumentId::new([8; 16]));
    add("return-leaf", &|back| back.documents[0].kind = Kind::Movement.code());
    add("return-leaf", &|back| back.documents[0].hashes.push(own.1));
    add("return-leaf", &|back| back.documents[0].hashes.reverse());
    add("return-change", &|back| back.documents[0].changes[1] = own.0.clone());
    add("return-change", &|back| back.documents[0].changes.push(own.0.clone()));
    add("return-change", &|back| *back.documents[0].changes[0].0.last_mut().unwrap() ^= 1);
    add("return-change", &|back| {
        let first = back.documents[0].changes[0].clone();
        back.documents[0].changes.push(first);
    });
    add("return-change", &|back| back.documents[0].changes.clear());
    let head = hub.shared.published().position;
    for (index, (wanted, back)) in cases.into_iter().enumerate() {
        let (receipt, rest) = hub.exchange(&returning(&colleague, vec![back]));
        assert!(matches!(fates(&rest)[..], [Fate::Refused(code, _)] if code == wanted), "{index}: {:?}", rest.returned);
        assert_eq!((receipt.head, &rest.feed, rest.digests[0]), (head, &vec![], Digest::EMPTY), "{index}");
    }
    // What another device was fed is not this one's to give back; nor anything without a token.
    let (_, rest) = hub.exchange(&returning(&elsewhere, vec![honest.clone()]));
    assert!(matches!(fates(&rest)[..], [Fate::Refused(code, _)] if code == "return-lease"), "{:?}", rest.returned);
    let closed = ExchangeRequest { token: None, ..returning(&colleague, vec![honest.clone()]) };
    assert!(hub.exchange(&closed).1.returned.is_empty());
    assert_eq!(hub.shared.published().position, head);
    let (_, rest) = hub.exchange(&returning(&colleague, vec![honest]));
    assert_eq!(fates(&rest), [&Fate::Applied], "and an honest one works right after");
}

#[test]
fn outside_the_scope_it_is_held_and_a_person_lets_it_in_as_its_authors() {
    let (mut before, [mut author, mut colleague, _]) = night();
    let mut back = lost(&mut before, &mut author, &mut colleague);
    back.documents.truncate(1);
    let (mut hub, [_, _, mut elsewhere]) = night();
    back.documents[0].channel = Channel::new("site/KAY").unwrap();
    let (receipt, rest) = hub.exchange(&returning(&colleague, vec![back.clone()]));
    assert!(matches!(fates(&rest)[..], [Fate::Held(code)] if code == "held-who-scope"), "{:?}", rest.returned);
    assert!(rest.returned[0].entered.is_empty());
    let (again, _) = hub.exchange(&returning(&colleague, vec![back]));
    assert_eq!(again.head, receipt.head, "held once");
    let items = vec![(receipt.head, 0)];
    let decision = super::super::deciding::Decision { items, approve: true, reason: String::new(), by: By::Setup };
    let Done::Decided(done) = hub.job(Job::Decide(decision)) else { panic!("not decided") };
    assert_eq!(done.decided, 1);
    let (_, rest) = elsewhere.sync(&mut hub, Vec::new());
    assert_eq!(rest.feed.len(), 1, "it begins where it was");
    let writers: Vec<_> =
        rest.leases.iter().map(|signed: &SignedLease| signed.lease.read::<Lease>().unwrap().prefix).collect();
    assert_eq!(writers, [author.lease.prefix]);
    let (_, rest) = hub.exchange(&returning(&colleague, Vec::new()));
    assert!(rest.decided.iter().any(|decided| decided.document == CASE && decided.changes.len() == 2));
    assert_eq!(verified(&hub), []);
    let rows = hub.store.documents_after(None, 10).unwrap();
    let hub = hub.crash(Arc::new(MemoryStore::new()));
    assert_eq!(hub.store.documents_after(None, 10).unwrap(), rows);
}

#[test]
fn very_many_proofs_or_leases_are_refused_before_all_of_them_are_checked() {
    // Prevents: some kilobytes on the wire ask for a hundred thousand signatures to be checked.
    const MANY: usize = 40_000;
    let (mut hub, [_, mut colleague, _]) = night();
    colleague.sync(&mut hub, Vec::new());
    let signature = Signature::new([1; 64]);
    let nothing = FeedProof { receipt: Raw::default(), signature, seed: Salt::new([1; 16]), leaves: Vec::new() };
    let proof = Return { proof: nothing, documents: Vec::new(), authors: Vec::new() };
    let lease = SignedLease { lease: Raw::default(), signature };
    let leases = Return { authors: vec![lease; MANY], ..proof.clone() };
    for returns in [vec![proof; MANY], vec![leases]] {
        let mut request = returning(&colleague, returns);
        let bytes = frame(Message::ExchangeRequest, &request);
        assert!(bytes.len() < 100_000, "{} bytes on the wire", bytes.len());
        let Err(RequestError::TooMany { found, .. }) = receive(&hub.shared, &bytes, NOW) else { panic!("all checked") };
        assert!(found < REQUEST_WEIGHT_MAX + 10_000, "{found}");
        // Nothing of it is looked at for whoever has no token.
        request.token = None;
        assert!(receive(&hub.shared, &frame(Message::ExchangeRequest, &request), NOW).is_ok());
    }
}
