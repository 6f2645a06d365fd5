//! What the hub orders: to wait, to go on sending, to erase everything.

use super::*;
use crate::wire::answer::{Fate, Order, WipeWhen};
use crate::wire::manifest::Statement;

const GENTLY: Order = Order::Wipe { when: WipeWhen::AfterReceipts };

fn is_erased(phone: &mut Phone, wanted: WipeWhen) {
    assert!(phone.said(|report| matches!(report, Report::Wiped { when } if *when == wanted)), "{:?}", phone.reports);
    assert_eq!(phone.store.keys().cloned().collect::<Vec<_>>(), [Key::Wiped], "nothing else is left");
    phone.restart();
    assert_eq!(phone.device.wiped().map(|wiped| wiped.when), Some(wanted));
    assert!(phone.device.lease().is_none() && phone.device.entries().next().is_none());
    phone.reports.clear();
    phone.give(Event::Edit(vec![case("Awa")]));
    assert!(
        phone.said(|report| matches!(report, Report::EditRefused { reason, .. } if reason.contains("erased by order")))
    );
    phone.begin();
    assert!(phone.said(|report| matches!(report, Report::SyncFailed { reason } if reason.contains("erased by order"))));
    assert_eq!(phone.store.len(), 1);
}

#[test]
fn a_pending_device_goes_on_recording_and_sending_and_reads_once_it_is_confirmed() {
    let (mut hub, [mut other, mut phone]) = night(["GOG", "GOG"]);
    let (theirs, _) = other.record(case("Moussa"));
    other.sync(&mut hub);
    hub.closed = true;
    hub.orders = vec![Order::Renew(crate::ids::Salt::new([1; 16])), Order::Pending];
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-pending".to_owned()))));
    let (document, first) = phone.record(case("Awa"));
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.exchanges, synced.held), (1, 1), "no proof opens the feed");
    assert!(phone.said(|report| matches!(report, Report::Standing { standing: LeaseStanding::Pending })));
    phone.restart();
    assert_eq!(phone.device.standing(), LeaseStanding::Pending);
    phone.record(change(document, "identity.family", "Traoré"));
    assert_eq!(phone.sync(&mut hub).held, 1);
    assert!(!phone.said(|report| matches!(report, Report::Standing { .. })), "said once");

    let hashes: Vec<_> = phone.device.works().map(|work| (work.hash, Fate::Applied)).collect();
    for raw in phone.device.works().map(|work| work.raw.clone()).collect::<Vec<_>>() {
        hub.approve(document, Kind::Case, raw, &site("GOG"));
    }
    hub.decide(document, &hashes);
    (hub.closed, hub.verdict, hub.orders) = (false, None, Vec::new());
    phone.sync(&mut hub);
    assert_eq!(phone.device.standing(), LeaseStanding::Active);
    assert_eq!(phone.device.works().count(), 0);
    assert_eq!(hub.changes(document)[0], first);
    assert_eq!(text(&phone, theirs, "identity.given").as_deref(), Some("Moussa"));
}

#[test]
fn a_revoked_device_still_sends() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.closed = true;
    hub.orders = vec![Order::Revoked];
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-revoked".to_owned()))));
    phone.record(case("Awa"));
    assert_eq!(phone.sync(&mut hub).held, 1);
    assert_eq!(phone.device.standing(), LeaseStanding::Revoked);
}

#[test]
fn a_device_is_erased_once_the_hub_has_everything_and_says_so_last() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.record(change(document, "identity.family", "Traoré"));
    phone.record(case("Moussa"));
    phone.give(Event::Shown(vec![document]));
    hub.orders = vec![GENTLY];
    // The link is cut after the order came, and more is recorded.
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let bytes = hub.exchange(&bytes);
    phone.give(Event::Answer { number, bytes, budget: 1 });
    phone.cut();
    assert!(phone.said(|report| *report == Report::WipeOrdered));
    phone.restart();
    assert!(phone.device.is_wipe_ordered(), "remembered");
    let (late, hash) = phone.record(case("Fanta"));
    phone.begin();
    phone.go_on(&mut hub);
    assert_eq!(hub.changes(late), [hash], "what is recorded meanwhile is sent first");
    let of_two = |wanted: fn(&Statement) -> bool| hub.statements.iter().position(wanted);
    assert!(of_two(|statement| matches!(statement, Statement::Read { .. })).is_some());
    let end = of_two(|statement| matches!(statement, Statement::WipeDone { .. }));
    assert!(end.is_some_and(|at| hub.statements[at..].iter().all(|s| !matches!(s, Statement::Superseded { .. }))));
    is_erased(&mut phone, WipeWhen::AfterReceipts);
}

#[test]
fn held_work_counts_as_received_and_work_on_its_way_does_not() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.orders = vec![GENTLY];
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-revoked".to_owned()))));
    phone.record(case("Awa"));
    phone.begin();
    // Something is recorded while the last parcel is on its way.
    let mut late = None;
    while let Some((number, _, bytes)) = phone.sent.pop_front() {
        let bytes = hub.exchange(&bytes);
        let ends = hub.statements.iter().any(|statement| matches!(statement, Statement::WipeDone { .. }));
        if ends && late.is_none() {
            late = Some(phone.record(case("Moussa")));
        }
        phone.give(Event::Answer { number, bytes, budget: 64 * 1024 });
    }
    assert!(hub.parcels_seen.len() >= 3, "the late one came, too");
    is_erased(&mut phone, WipeWhen::AfterReceipts);
}

#[test]
fn an_order_to_erase_can_be_called_off_and_a_hub_that_wants_no_last_word_is_obeyed() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    hub.orders = vec![GENTLY];
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let bytes = hub.exchange(&bytes);
    phone.give(Event::Answer { number, bytes, budget: 10_000 });
    phone.cut();
    assert!(phone.device.is_wipe_ordered());
    hub.orders.clear();
    phone.begin();
    phone.go_on(&mut hub);
    assert!(phone.said(|report| *report == Report::WipeCalledOff) && phone.device.wiped().is_none());
    assert_eq!(phone.device.entries().count(), 1);

    hub.orders = vec![GENTLY];
    hub.documents_only = true;
    phone.begin();
    phone.go_on(&mut hub);
    is_erased(&mut phone, WipeWhen::AfterReceipts);
}

#[test]
fn a_device_in_wrong_hands_is_erased_at_once_and_only_by_its_own_hub() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    hub.orders = vec![Order::Wipe { when: WipeWhen::AtOnce }];
    let right = std::mem::replace(&mut hub.key, FakeHub::other());
    phone.begin();
    phone.go_on(&mut hub);
    assert!(phone.device.wiped().is_none(), "not signed by its hub");
    hub.key = right;
    phone.begin();
    phone.go_on(&mut hub);
    is_erased(&mut phone, WipeWhen::AtOnce);
}
