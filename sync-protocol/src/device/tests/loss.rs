//! Cuts, crashes, a hub that lost something, a copy that cannot be read.

use super::*;
use crate::wire::answer::Fate;

#[test]
fn a_lost_answer_sends_the_same_parcel_again_and_applies_it_once() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, hash) = phone.record(case("Awa"));
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let lost = hub.exchange(&bytes);
    phone.give(Event::Failed { number, reason: "cut".to_owned() });
    assert_eq!(phone.device.works().count(), 1);
    // More is recorded meanwhile; the parcel stays as it is.
    phone.record(case("Moussa"));
    let synced = phone.sync(&mut hub);
    assert_eq!(hub.parcels_seen[0], hub.parcels_seen[1]);
    assert_eq!((synced.receipted, synced.left), (2, 0));
    assert_eq!(hub.changes(document), [hash]);
    // The lost answer comes after all: nothing happens.
    let before = phone.store.clone();
    phone.give(Event::Answer { number, bytes: lost, budget: 1 });
    assert!(phone.store == before);
}

#[test]
fn a_phone_that_dies_at_any_batch_loses_nothing_it_called_saved() {
    for batches in 0..12 {
        let (mut hub, [mut phone]) = night(["GOG"]);
        let (first, _) = phone.record(case("Awa"));
        phone.batches_left = Some(batches);
        for name in ["Moussa", "Fanta"] {
            phone.give(Event::Edit(vec![case(name)]));
            phone.give(Event::Edit(vec![change(first, "identity.called", name)]));
            phone.begin();
            phone.go_on(&mut hub);
        }
        let saved: BTreeSet<(DocumentId, ChangeHash)> = phone
            .reports
            .iter()
            .filter_map(|report| match report {
                Report::Recorded { document, change, .. } => Some((*document, *change)),
                _ => None,
            })
            .collect();
        phone.restart();
        let synced = phone.sync(&mut hub);
        assert_eq!(synced.left, 0, "after {batches} batches");
        for (document, change) in saved {
            assert!(hub.changes(document).contains(&change), "after {batches} batches");
        }
        let channel = Channel::site(&site("GOG"));
        assert_eq!(phone.device.sums()[&channel], hub.digest(&channel), "after {batches} batches");
    }
}

#[test]
fn an_answer_of_another_hub_is_not_believed() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let right = std::mem::replace(&mut hub.key, FakeHub::other());
    let bytes = hub.exchange(&bytes);
    phone.give(Event::Answer { number, bytes, budget: 10_000 });
    assert!(phone.said(|report| matches!(report, Report::SyncFailed { reason } if reason.contains("not signed"))));
    assert_eq!(phone.device.works().count(), 1);
    hub.key = right;
    assert_eq!(phone.sync(&mut hub).receipted, 1);
}

#[test]
fn a_parcel_with_work_that_the_hub_did_not_keep_stays_until_it_does() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.copied_to = Position(1_000);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    assert_eq!(phone.device.parcels().count(), 0, "a second copy exists");
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Waiting(vec![ChangeHash::new([9; 32])]))));
    phone.record(case("Moussa"));
    for _ in 0..3 {
        assert_eq!(phone.sync(&mut hub).left, 1);
        let carrying = phone.device.parcels().filter(|(_, info)| !info.documents.is_empty()).count();
        assert_eq!(carrying, 1, "one is enough");
    }
    hub.verdict = None;
    phone.sync(&mut hub);
    assert_eq!((phone.device.works().count(), phone.device.parcels().count()), (0, 0));
}

#[test]
fn an_answer_for_another_device_is_not_believed() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "KAY"]);
    one.record(case("Awa"));
    two.record(case("Moussa"));
    one.begin();
    two.begin();
    let (to_one, _, bytes) = one.sent.pop_front().unwrap();
    let for_one = hub.exchange(&bytes);
    let (to_two, _, bytes) = two.sent.pop_front().unwrap();
    let for_two = hub.exchange(&bytes);
    for (phone, number, bytes) in [(&mut one, to_one, for_two), (&mut two, to_two, for_one)] {
        let before = phone.store.clone();
        phone.give(Event::Answer { number, bytes, budget: 10_000 });
        assert!(
            phone.said(|report| matches!(report, Report::SyncFailed { reason } if reason.contains("another device")))
        );
        assert!(phone.store == before, "nothing of it is stored");
        assert_eq!(phone.sync(&mut hub).receipted, 1);
    }
}

#[test]
fn a_hub_restored_from_a_backup_gets_back_what_it_lost() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (first, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let backup = hub.position;
    let (second, _) = phone.record(case("Moussa"));
    phone.record(change(first, "identity.family", "Traoré"));
    phone.sync(&mut hub);
    hub.restore(backup);
    hub.log = LogId::new([2; 16]);
    phone.sync(&mut hub);
    assert!(phone.said(|report| matches!(report, Report::GivingBack { parcels: 1 })), "{:?}", phone.reports);
    assert_eq!(hub.changes(first).len(), 2);
    assert_eq!(hub.changes(second).len(), 1);
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn a_hub_whose_log_ends_earlier_gets_back_what_it_lost() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    let backup = hub.position;
    let (second, _) = phone.record(case("Moussa"));
    phone.sync(&mut hub);
    hub.restore(backup);
    phone.sync(&mut hub);
    assert!(phone.said(|report| matches!(report, Report::GivingBack { parcels: 1 })));
    assert_eq!(hub.changes(second).len(), 1);
}

#[test]
fn a_difference_is_found_by_its_digest_and_mended() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (first, _) = one.record(case("Awa"));
    let (second, change) = one.record(case("Moussa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    // The device lost a document that the hub has.
    two.store.remove(&Key::Copy(first));
    two.store.remove(&Key::Entry(first));
    two.restart();
    two.sync(&mut hub);
    assert!(two.said(|report| matches!(report, Report::Repaired { documents: 1, .. })), "{:?}", two.reports);
    assert_eq!(text(&two, first, "identity.given").as_deref(), Some("Awa"));
    // The hub lost a change that only its author can give back.
    hub.lose(second, change);
    one.sync(&mut hub);
    assert_eq!(hub.changes(second), [change]);
    assert_eq!(one.sync(&mut hub).exchanges, 1);
}

#[test]
fn a_copy_that_cannot_be_read_is_asked_for_whole_and_stops_no_other() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (first, _) = one.record(case("Awa"));
    let (second, _) = one.record(case("Moussa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    let (_, own) = two.record(change(first, "identity.called", "Papa"));
    two.store.insert(Key::Copy(first), b"damaged".to_vec());
    one.record(change(first, "identity.family", "Traoré"));
    one.record(change(second, "identity.family", "Diarra"));
    one.sync(&mut hub);
    two.begin();
    two.go_on(&mut hub);
    assert!(two.said(|report| matches!(report, Report::Unreadable { .. })));
    assert_eq!(text(&two, second, "identity.family").as_deref(), Some("Diarra"));
    assert_eq!(text(&two, first, "identity.family").as_deref(), Some("Traoré"));
    assert_eq!(text(&two, first, "identity.called").as_deref(), Some("Papa"));
    assert!(hub.changes(first).contains(&own));
    let channel = Channel::site(&site("GOG"));
    assert_eq!(two.device.sums()[&channel], hub.digest(&channel));
}

#[test]
fn a_long_feed_comes_in_pieces_and_goes_on_after_a_cut() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    for number in 0..20 {
        one.record(case(&format!("Awa {number}")));
        one.sync(&mut hub);
    }
    hub.items_max = 6;
    two.begin();
    let (number, _, bytes) = two.sent.pop_front().unwrap();
    let bytes = hub.exchange(&bytes);
    two.give(Event::Answer { number, bytes, budget: 10_000 });
    two.cut();
    two.restart();
    assert_eq!(two.device.entries().count(), 6);
    assert_eq!(two.sync(&mut hub).fed, 14);
    assert_eq!(two.device.entries().count(), 20);
}
