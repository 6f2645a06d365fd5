//! Work is sealed to the hub when it is recorded, and can be sent by whoever has the phone.

use super::*;
use crate::limits::SEALED_PARCEL_BYTES;
use crate::wire::answer::{Fate, ParcelReceipt};
use crate::wire::parcel::Contents;

/// The sealed parcels of the store, by counter, and the changes that each brings to the hub.
fn sealed(phone: &Phone, hub: &FakeHub) -> Vec<(u64, usize)> {
    let rows = phone.store.iter().filter_map(|(key, bytes)| match key {
        Key::Sealed(counter) => Some((*counter, from_cbor::<Parcel>(bytes).unwrap())),
        _ => None,
    });
    rows.map(|(counter, parcel)| {
        assert!(matches!(parcel.contents, Contents::Sealed(_)));
        let opened = parcel.open(phone.device.lease().unwrap(), Some(&hub.sealing)).unwrap();
        assert_eq!(opened.manifest.counter, counter);
        (counter, opened.documents.iter().map(|content| content.changes.len()).sum())
    })
    .collect()
}

fn fates(receipts: &[ParcelReceipt]) -> Vec<Fate> {
    let runs = receipts.iter().flat_map(|parcel| parcel.documents.iter().flat_map(|document| &document.runs));
    runs.flat_map(|run| std::iter::repeat_n(run.fate.clone(), run.count.into())).collect()
}

#[test]
fn each_edit_leaves_one_sealed_parcel_until_the_hub_has_its_work() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.give(Event::Edit(vec![change(document, "identity.family", "Traoré"), case("Moussa")]));
    assert_eq!(sealed(&phone, &hub), [(1, 1), (2, 2)]);
    phone.restart();
    assert_eq!(sealed(&phone, &hub), [(1, 1), (2, 2)], "nothing is sealed twice");
    phone.sync(&mut hub);
    assert_eq!(sealed(&phone, &hub), []);
    assert!(phone.device.works().next().is_none());
    assert_eq!(hub.requests.iter().map(|request| request.parcels.len()).sum::<usize>(), 1, "none of them was sent");
}

#[test]
fn a_sealed_parcel_stays_until_the_last_of_its_work_is_settled() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.give(Event::Edit(vec![case("Awa"), case("Moussa"), case("Fanta")]));
    phone.budget = 2 * 1024;
    let documents: Vec<_> = phone.device.works().map(|work| work.document).collect();
    let (held, cut) = (documents[0], documents[2]);
    hub.verdict = Some(Box::new(move |document, _| {
        (document == held)
            .then(|| Fate::Held("held-who-pending".to_owned()))
            .or_else(|| (document == cut).then(|| Fate::Refused("gate-length".to_owned(), "cut".to_owned())))
    }));
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    hub.exchange(&bytes);
    phone.give(Event::Failed { number, reason: "cut".to_owned() });
    assert_eq!(sealed(&phone, &hub), [(1, 3)], "no receipt came");
    phone.sync(&mut hub);
    assert!(phone.device.works().all(|work| work.document == held), "the third was set aside");
    assert_eq!(sealed(&phone, &hub), [], "held counts: the hub has it");
    phone.restart();
    assert_eq!(sealed(&phone, &hub), []);
}

#[test]
fn what_was_sent_sealed_is_a_duplicate_when_the_phone_syncs() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, first) = phone.record(case("Awa"));
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    assert_eq!(fates(&hub.take_sealed(&phone)), [Fate::Applied, Fate::Applied]);
    assert!(fates(&hub.take_sealed(&phone)).iter().all(Fate::is_kept), "and again");
    assert_eq!(hub.changes(document), [first, second]);
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.receipted, synced.left), (2, 0));
    assert_eq!(hub.changes(document), [first, second], "nothing twice");
    assert_eq!(sealed(&phone, &hub), []);
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
    assert_eq!(phone.sync(&mut hub).exchanges, 1, "both hold the same");
}

#[test]
fn work_that_is_written_again_is_sealed_again() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let (_, bad) = phone.record(change(document, "identity.family", "Traoré"));
    hub.verdict = Some(Box::new(move |_, change| {
        let fate = || Fate::Refused("gate-sequence-reused".to_owned(), "used before".to_owned());
        (change.hash().0 == *bad.as_bytes()).then(fate)
    }));
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let bytes = hub.exchange(&bytes);
    phone.give(Event::Answer { number, bytes, budget: phone.budget });
    let again = phone.device.works().next().unwrap().clone();
    assert_ne!(again.hash, bad);
    assert_eq!(sealed(&phone, &hub), [(again.sealed.unwrap(), 1)], "the old parcel is gone, the new one is there");
    phone.go_on(&mut hub);
    assert_eq!(sealed(&phone, &hub), []);
}

#[test]
fn many_at_once_are_sealed_in_parcels_that_pass_over_a_bad_link() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.give(Event::Edit((0..60).map(|_| case(&"a".repeat(400))).collect()));
    let parcels = sealed(&phone, &hub);
    assert!(parcels.len() > 1 && parcels.iter().map(|(_, changes)| changes).sum::<usize>() == 60, "{parcels:?}");
    for (counter, _) in parcels {
        assert!(phone.store[&Key::Sealed(counter)].len() < 2 * SEALED_PARCEL_BYTES);
    }
    assert_eq!(fates(&hub.take_sealed(&phone)).len(), 60);
    assert_eq!(phone.sync(&mut hub).receipted, 60);
    assert_eq!(sealed(&phone, &hub), []);
}

#[test]
fn a_hub_that_opens_nothing_sealed_gets_nothing_sealed() {
    let mut hub = FakeHub::new();
    hub.seals = false;
    let mut phone = Phone::new(1);
    phone.enrol(&mut hub, "GOG");
    phone.record(case("Awa"));
    assert_eq!(sealed(&phone, &hub), []);
    assert_eq!(phone.sync(&mut hub).receipted, 1);
}

#[test]
fn an_erased_phone_keeps_nothing_sealed() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    hub.orders = vec![crate::wire::answer::Order::Wipe { when: crate::wire::answer::WipeWhen::AtOnce }];
    phone.begin();
    phone.go_on(&mut hub);
    assert_eq!(phone.store.keys().cloned().collect::<Vec<_>>(), [Key::Wiped]);
}
