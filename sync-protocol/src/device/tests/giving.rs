//! Others' work that a hub has lost: a colleague's device gives it back with the hub's own proof.

use super::*;
use crate::limits::PARCEL_DOCUMENT_BYTES;
use crate::wire::answer::Fate;
use crate::wire::codec::to_cbor;
use crate::wire::exchange::ExchangeRequest;

fn agree(phone: &Phone, hub: &FakeHub) {
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
}

fn given_back(requests: &[ExchangeRequest]) -> usize {
    requests.iter().flat_map(|request| &request.returns).map(|back| back.documents.len()).sum()
}

fn proofs(phone: &Phone) -> usize {
    phone.store.keys().filter(|key| matches!(key, Key::FedProof(_))).count()
}

/// A hub that proves what it feeds, and two phones at Gogui.
fn evening() -> (FakeHub, [Phone; 2]) {
    let (mut hub, phones) = night(["GOG", "GOG"]);
    hub.proves = true;
    (hub, phones)
}

/// The hub comes back as it was at a position, under another id.
fn restored(hub: &mut FakeHub, position: Position) {
    hub.restore(position);
    hub.log = LogId::new([2; 16]);
    hub.requests.clear();
}

#[test]
fn a_colleague_alone_brings_back_what_the_hub_lost_once() {
    let (mut hub, [mut gone, mut colleague]) = evening();
    colleague.sync(&mut hub);
    let backup = hub.position;
    let (document, _) = gone.record(case("Awa"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    gone.record(change(document, "identity.family", "Traoré"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    let before = hub.changes(document);
    restored(&mut hub, backup);
    assert!(hub.changes(document).is_empty());
    let synced = colleague.sync(&mut hub);
    assert_eq!(hub.changes(document), before, "{:?}", colleague.reports);
    assert_eq!((given_back(&hub.requests), synced.left), (2, 0));
    let authors = hub.requests.iter().flat_map(|request| &request.returns).map(|back| back.authors.len());
    assert!(authors.sum::<usize>() <= 1);
    agree(&colleague, &hub);
    hub.requests.clear();
    assert_eq!((colleague.sync(&mut hub).exchanges, given_back(&hub.requests)), (1, 0));
    // A phone that comes later has it from there.
    let mut later = Phone::new(9);
    later.enrol(&mut hub, "GOG");
    later.sync(&mut hub);
    assert_eq!(text(&later, document, "identity.family").as_deref(), Some("Traoré"));
}

#[test]
fn own_work_and_others_that_hang_on_each_other_come_back_together() {
    let (mut hub, [mut gone, mut colleague]) = evening();
    colleague.sync(&mut hub);
    let backup = hub.position;
    let (document, _) = gone.record(case("Awa"));
    for turn in 0..3 {
        gone.sync(&mut hub);
        colleague.sync(&mut hub);
        let phone = if turn % 2 == 0 { &mut colleague } else { &mut gone };
        phone.record(change(document, "identity.family", &format!("Traoré {turn}")));
        phone.sync(&mut hub);
    }
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    let mut before = hub.changes(document);
    assert_eq!(before.len(), 4);
    restored(&mut hub, backup);
    let synced = colleague.sync(&mut hub);
    let mut after = hub.changes(document);
    before.sort();
    after.sort();
    assert_eq!((after, synced.left), (before, 0), "{:?}", colleague.reports);
    assert!(!colleague.said(|report| matches!(report, Report::Replayed { .. })), "nothing is written twice");
    agree(&colleague, &hub);
    hub.requests.clear();
    assert_eq!((colleague.sync(&mut hub).exchanges, given_back(&hub.requests)), (1, 0));
}

#[test]
fn one_change_of_a_document_that_the_hub_lost_is_found_and_given_back() {
    let (mut hub, [mut gone, mut colleague]) = evening();
    let (document, _) = gone.record(case("Awa"));
    let (_, lost) = gone.record(change(document, "identity.family", "Traoré"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    hub.lose(document, lost);
    hub.requests.clear();
    colleague.sync(&mut hub);
    assert_eq!(hub.changes(document).len(), 2);
    let back: Vec<usize> =
        hub.requests.iter().flat_map(|request| &request.returns).map(|back| back.documents[0].changes.len()).collect();
    assert_eq!(back, [1], "only what it lacks");
    agree(&colleague, &hub);
}

#[test]
fn own_work_that_no_parcel_carries_any_more_is_packed_anew() {
    let (mut hub, [mut phone, _]) = evening();
    hub.copied_to = Position(1_000);
    let (document, _) = phone.record(case("Awa"));
    let (_, lost) = phone.record(change(document, "identity.family", "Traoré"));
    phone.sync(&mut hub);
    assert_eq!((phone.device.parcels().count(), proofs(&phone)), (0, 0), "a second copy exists");
    hub.lose(document, lost);
    let synced = phone.sync(&mut hub);
    assert_eq!((hub.changes(document).len(), synced.left), (2, 0), "{:?}", phone.reports);
    agree(&phone, &hub);
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn a_hub_that_does_not_take_it_is_not_asked_again() {
    let refused = Fate::Refused("return-leaf".to_owned(), "no".to_owned());
    let waiting = Fate::Waiting(vec![ChangeHash::new([9; 32])]);
    for (fate, most) in [(refused, 1), (Fate::Held("held-who-scope".to_owned()), 1), (waiting, 3)] {
        let (mut hub, [mut gone, mut colleague]) = evening();
        colleague.sync(&mut hub);
        let backup = hub.position;
        let (document, _) = gone.record(case("Awa"));
        gone.sync(&mut hub);
        colleague.sync(&mut hub);
        restored(&mut hub, backup);
        hub.returned = Some(fate.clone());
        colleague.sync(&mut hub);
        assert_eq!(given_back(&hub.requests), most, "{fate:?}");
        assert_eq!(text(&colleague, document, "identity.given").as_deref(), Some("Awa"), "what it has it keeps");
        hub.requests.clear();
        colleague.sync(&mut hub);
        assert!(given_back(&hub.requests) <= most.saturating_sub(1) * 2, "{fate:?}");
    }
}

#[test]
fn what_goes_back_fits_the_link_and_arrives_in_pieces_after_cuts() {
    let (mut hub, [mut gone, mut colleague]) = evening();
    colleague.sync(&mut hub);
    let backup = hub.position;
    for number in 0..12 {
        gone.record(case(&format!("Awa {number}")));
        gone.sync(&mut hub);
        colleague.sync(&mut hub);
    }
    restored(&mut hub, backup);
    colleague.budget = 2 * 1024;
    colleague.begin();
    for _ in 0..4 {
        colleague.cut();
        colleague.restart();
        colleague.begin();
        for _ in 0..4 {
            let Some((number, _, bytes)) = colleague.sent.pop_front() else { break };
            let bytes = hub.exchange(&bytes);
            colleague.give(Event::Answer { number, bytes, budget: 2 * 1024 });
        }
    }
    colleague.cut();
    colleague.sync(&mut hub);
    agree(&colleague, &hub);
    assert_eq!(colleague.device.entries().count(), 12);
    for request in hub.requests.iter().filter(|request| !request.returns.is_empty()) {
        let documents: usize = request.returns.iter().map(|back| back.documents.len()).sum();
        assert!(to_cbor(request).len() <= 2 * (2 * 1024) + PARCEL_DOCUMENT_BYTES || documents == 1);
    }
    assert!(given_back(&hub.requests) >= 12);
    hub.requests.clear();
    assert_eq!((colleague.sync(&mut hub).exchanges, given_back(&hub.requests)), (1, 0));
}

#[test]
fn proofs_go_when_a_second_copy_exists_and_with_an_erased_document() {
    let (mut hub, [mut gone, mut colleague]) = evening();
    let (document, _) = gone.record(case("Awa"));
    gone.sync(&mut hub);
    colleague.sync(&mut hub);
    assert_eq!(proofs(&colleague), 1);
    assert!(colleague.store.contains_key(&Key::FedItems(1, document)));
    colleague.record(change(document, "identity.family", "Traoré"));
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Erased)));
    colleague.sync(&mut hub);
    assert!(!colleague.store.contains_key(&Key::FedItems(1, document)), "nothing of an erased one is kept");
    hub.verdict = None;
    gone.record(case("Moussa"));
    gone.sync(&mut hub);
    hub.copied_to = hub.position;
    colleague.sync(&mut hub);
    assert_eq!(proofs(&colleague), 0);
    assert!(!colleague.store.keys().any(|key| matches!(key, Key::Fed(_) | Key::FedItems(..))));
}
