//! A locked phone: what is sealed is sent without the user's key.

use super::*;
use crate::device::locked::{Locked, SealedFate};
use crate::limits::REQUEST_PARCELS_MAX;
use crate::wire::answer::{Fate, Order, WipeWhen};

/// What a locked shell has of a phone.
pub(super) fn locked(phone: &Phone) -> Locked {
    let rows = phone.store.iter().filter_map(|(key, bytes)| match key {
        Key::Sealed(counter) => Some((*counter, bytes.clone())),
        _ => None,
    });
    let (lease, hub) = (phone.device.lease().unwrap().prefix, *phone.device.hub().unwrap());
    Locked::new(lease, hub, rows)
}

/// Sends until nothing is left; says how many requests it took.
fn send(locked: &mut Locked, hub: &mut FakeHub, budget: u32) -> usize {
    let mut requests = 0;
    while let Some(bytes) = locked.request(budget) {
        locked.answer(&hub.exchange(&bytes)).unwrap();
        requests += 1;
    }
    requests
}

fn kept(locked: &Locked) -> usize {
    locked.fates().values().filter(|fate| matches!(fate, SealedFate::Kept { .. })).count()
}

#[test]
fn twenty_intakes_reach_the_hub_in_pieces_and_the_owner_finds_them_there() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for number in 0..20 {
        phone.record(case(&format!("Awa {number}")));
    }
    let mut sender = locked(&phone);
    let requests = send(&mut sender, &mut hub, 2 * 1024);
    assert!(requests > 3, "{requests}");
    assert_eq!((kept(&sender), sender.left()), (20, 0));
    for request in &hub.requests {
        assert!(request.token.is_none() && request.cursor.is_none() && request.budget == 0);
        assert!(crate::wire::codec::to_cbor(&request.parcels).len() <= 2 * 1024 + 10);
    }
    assert_eq!(sender.copied().count(), 0);
    hub.copied_to = hub.position;
    let mut again = locked(&phone);
    send(&mut again, &mut hub, 1024 * 1024);
    assert_eq!((kept(&again), again.copied().count()), (20, 20), "sent twice, there once");
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.receipted, synced.left), (20, 0));
    assert_eq!(locked(&phone).request(1024), None);
}

#[test]
fn an_answer_that_is_not_the_hubs_or_not_for_this_lease_is_not_believed() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    one.record(case("Awa"));
    two.record(case("Moussa"));
    let (mut first, mut second) = (locked(&one), locked(&two));
    let answer = hub.exchange(&first.request(1024).unwrap());
    let request = second.request(1024).unwrap();
    assert!(second.answer(&answer).unwrap_err().contains("another device"));
    let mut stranger = FakeHub::new();
    stranger.key = crate::crypto::SecretKey::from_bytes(&[5; 32]).unwrap();
    hub.key = stranger.key.clone();
    let forged = hub.exchange(&request);
    assert!(second.answer(&forged).unwrap_err().contains("not signed by the hub"));
    assert!(second.answer(&answer[..answer.len() / 2]).is_err());
    assert_eq!((second.left(), second.fates().len()), (1, 0));
    assert_eq!(second.request(1024), Some(request), "it is sent again as it was");
    assert!(first.answer(&answer).is_ok());
    assert!(first.answer(&answer).unwrap_err().contains("nothing that was sent"), "a doubled answer");
}

#[test]
fn damaged_and_refused_rows_stop_no_other() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (bad, _) = phone.record(case("Awa"));
    phone.record(case("Moussa"));
    phone.record(case("Fanta"));
    phone.store.insert(Key::Sealed(2), vec![7; 100]);
    hub.poison = Some(bad);
    let mut sender = locked(&phone);
    send(&mut sender, &mut hub, 1024 * 1024);
    assert_eq!(sender.damaged().collect::<Vec<_>>(), [2]);
    assert!(matches!(&sender.fates()[&1], SealedFate::Refused { code, .. } if code == "parcel-shape"));
    assert!(matches!(sender.fates()[&3], SealedFate::Kept { .. }));
    assert_eq!(sender.left(), 0);
}

#[test]
fn what_waits_for_a_colleague_is_said_and_goes_through_after_them() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    two.give(super::neighbours::of(&one));
    two.record(change(document, "identity.family", "Traoré"));
    let mut sender = locked(&two);
    send(&mut sender, &mut hub, 1024);
    assert_eq!(sender.fates()[&1], SealedFate::Waits);
    send(&mut locked(&one), &mut hub, 1024);
    let mut sender = locked(&two);
    send(&mut sender, &mut hub, 1024);
    assert_eq!(kept(&sender), 1);
    assert_eq!(hub.changes(document).len(), 2);
    let held = Fate::Held("held-who-pending".to_owned());
    hub.verdict = Some(Box::new(move |_, _| Some(held.clone())));
    two.record(change(document, "identity.called", "Mama"));
    let mut sender = locked(&two);
    send(&mut sender, &mut hub, 1024);
    assert_eq!(kept(&sender), 2, "held counts: the hub has it");
}

#[test]
fn an_order_to_erase_at_once_is_heard_by_a_locked_phone() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    hub.orders = vec![Order::Wipe { when: WipeWhen::AfterReceipts }];
    let mut sender = locked(&phone);
    send(&mut sender, &mut hub, 1024);
    assert!(!sender.is_to_be_erased(), "what is unsent first: that is for the unlocked phone to know");
    hub.orders = vec![Order::Wipe { when: WipeWhen::AtOnce }];
    let mut sender = locked(&phone);
    send(&mut sender, &mut hub, 1024);
    assert!(sender.is_to_be_erased());
}

#[test]
fn a_request_holds_a_bounded_number_of_parcels() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for _ in 0..REQUEST_PARCELS_MAX + 3 {
        phone.record(case("Awa"));
    }
    let mut sender = locked(&phone);
    assert_eq!(send(&mut sender, &mut hub, u32::MAX), 2);
    assert_eq!(hub.requests[0].parcels.len(), REQUEST_PARCELS_MAX);
}
