//! Parcels that were sealed to the hub: from admission on they are like any other.

use sync_protocol::crypto::SecretKey;
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::codec::to_cbor;
use sync_protocol::wire::parcel::{Contents, SealedContents};

use super::*;

/// The same parcel, its contents sealed to this key.
fn sealed_to(key: &SealingKey, parcel: Parcel) -> Parcel {
    let hash = parcel.hash();
    let Contents::Plain { documents, statements } = parcel.contents else { panic!("sealed already") };
    let contents = to_cbor(&SealedContents { documents, statements });
    let sealed = key.public().seal(&contents, &hash, [6; 32]).unwrap();
    Parcel { contents: Contents::Sealed(Raw(sealed)), ..parcel }
}

fn sealed(hub: &TestHub, parcel: Parcel) -> Parcel {
    sealed_to(hub.shared.keyring.sealing_key().unwrap(), parcel)
}

/// As somebody sends it who has the device, not its user's key or token.
fn pushed(device: &TestDevice, parcels: Vec<Parcel>) -> ExchangeRequest {
    ExchangeRequest { token: None, cursor: None, budget: 0, ..device.request(parcels) }
}

#[test]
fn the_log_keeps_of_a_sealed_parcel_what_it_keeps_of_a_plain_one() {
    let chain = |seal: bool| {
        let mut hub = TestHub::new();
        let mut gogui = hub.device("GOG", 1);
        let case = DocumentId::new([9; 16]);
        let change = gogui.name(case, "Fatoumata");
        let plain = gogui.parcel(case, &[change], None);
        let parcel = if seal { sealed(&hub, plain) } else { plain };
        let (receipt, rest) = hub.exchange(&pushed(&gogui, vec![parcel.clone()]));
        assert!(rest.channels.is_empty(), "it opens no feed");
        assert_eq!(only_fate(&receipt), &Fate::Applied);
        let mut hub = hub.crash(Arc::new(MemoryStore::new()));
        let (again, _) = hub.exchange(&pushed(&gogui, vec![parcel]));
        assert_eq!(again.parcels, receipt.parcels, "the same parcel gets the same receipt, after a crash too");
        (receipt.parcels, receipt.chain, hub.shared.published().chain)
    };
    assert_eq!(chain(true), chain(false));
}

#[test]
fn what_came_sealed_is_a_duplicate_when_it_comes_again_and_counters_may_come_in_any_order() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let case = DocumentId::new([9; 16]);
    let changes: Vec<_> = ["Awa", "Aoua"].into_iter().map(|name| gogui.name(case, name)).collect();
    let first = sealed(&hub, gogui.parcel(case, &changes[..1], None));
    let second = sealed(&hub, gogui.parcel(case, &changes[1..], None));
    let both = gogui.parcel(case, &changes, None);
    let later = gogui.name(case, "Hawa");
    let last = sealed(&hub, gogui.parcel(case, &[later], None));
    // The unlocked device comes first; then somebody sends what it had sealed, newest first.
    let (receipt, _) = gogui.sync(&mut hub, vec![both]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    for (parcel, fate) in [(last, Fate::Applied), (second, Fate::Duplicate), (first, Fate::Duplicate)] {
        let (receipt, rest) = hub.exchange(&pushed(&gogui, vec![parcel.clone(), parcel]));
        assert_eq!(receipt.parcels[0], receipt.parcels[1]);
        assert_eq!(only_fate(&receipt), &fate);
        assert!(!rest.orders.contains(&Order::CloneSeen));
    }
    assert_eq!(gogui.sync(&mut hub, Vec::new()).1.digests, [gogui.digest()]);
    // The same counter with something else in it is a clone.
    gogui.counter = 3;
    let other = gogui.name(case, "Hawa D.");
    let clone = sealed(&hub, gogui.parcel(case, &[other], None));
    let (receipt, rest) = gogui.sync(&mut hub, vec![clone]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    assert!(rest.orders.contains(&Order::CloneSeen));
}

#[test]
fn sealed_work_is_held_and_waits_like_any_other() {
    let mut hub = TestHub::new();
    let (mut gogui, mut kayes) = (hub.device("GOG", 1), hub.device("KAY", 2));
    let case = DocumentId::new([9; 16]);
    let first = gogui.name(case, "Awa");
    let parcel = gogui.parcel(case, &[first], None);
    gogui.sync(&mut hub, vec![parcel]);
    let theirs = kayes.name(case, "Hawa");
    let parcel = sealed(&hub, kayes.parcel(case, &[theirs], None));
    let (receipt, _) = hub.exchange(&pushed(&kayes, vec![parcel]));
    assert!(matches!(only_fate(&receipt), Fate::Held(_)));
    assert!(receipt.parcels[0].position.is_some(), "and kept");
    let other = DocumentId::new([8; 16]);
    gogui.name(other, "Fanta");
    let second = gogui.name(other, "Fatou");
    let parcel = sealed(&hub, gogui.parcel(other, &[second], None));
    let (receipt, _) = hub.exchange(&pushed(&gogui, vec![parcel]));
    assert!(matches!(only_fate(&receipt), Fate::Waiting(_)));
}

#[test]
fn what_does_not_open_is_refused_whole_and_nothing_else_with_it() {
    let mut hub = TestHub::new();
    let mut gogui = hub.device("GOG", 1);
    let documents: Vec<_> = (1..=5).map(|number| DocumentId::new([number; 16])).collect();
    let mut plain = |number: usize| {
        let change = gogui.name(documents[number], "Awa");
        gogui.parcel(documents[number], &[change], None)
    };
    let good = sealed(&hub, plain(0));
    let other_hub = sealed_to(&SealingKey::from_bytes(&[5; 32]).unwrap(), plain(1));
    let mut damaged = sealed(&hub, plain(2));
    if let Contents::Sealed(sealed) = &mut damaged.contents {
        sealed.0[100] ^= 1;
    }
    let contents_of_another = Parcel { contents: good.contents.clone(), ..plain(3) };
    let stranger = SecretKey::from_bytes(&[4; 32]).unwrap();
    let manifest: Manifest = plain(4).manifest.read().unwrap();
    let forged = sealed(&hub, Parcel::sign(&manifest, Vec::new(), Vec::new(), &stranger));
    let before = hub.shared.published().position;
    let (receipt, _) = hub.exchange(&pushed(&gogui, vec![other_hub, damaged, contents_of_another, forged, good]));
    let codes: Vec<_> =
        receipt.parcels.iter().map(|parcel| parcel.refused.as_ref().map(|(code, _)| &code[..])).collect();
    let opening = Some("parcel-sealed-opening");
    assert_eq!(codes, [opening, opening, opening, Some("parcel-signature"), None]);
    assert!(receipt.parcels[..4].iter().all(|parcel| parcel.position.is_none() && parcel.documents.is_empty()));
    assert_eq!(hub.shared.published().position, before.next(), "one entry: the good one");
}
