//! A hub that is another than before: restored from an older copy, under another id, or twice.

use super::*;
use crate::wire::exchange::ExchangeRequest;

fn site_sum(phone: &Phone) -> Option<Digest> {
    phone.device.sums().get(&Channel::site(&site("GOG"))).copied()
}

fn parcels_sent(requests: &[ExchangeRequest]) -> usize {
    requests.iter().map(|request| request.parcels.len()).sum()
}

#[test]
fn only_what_was_receipted_beyond_the_shared_log_goes_back() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for name in ["Awa", "Moussa", "Fanta"] {
        phone.record(case(name));
        phone.sync(&mut hub);
    }
    let backup = hub.position;
    let (lost, _) = phone.record(case("Sira"));
    phone.sync(&mut hub);
    hub.restore(backup);
    hub.log = LogId::new([2; 16]);
    hub.requests.clear();
    phone.sync(&mut hub);
    assert!(phone.said(|report| matches!(report, Report::GivingBack { parcels: 1 })), "{:?}", phone.reports);
    assert_eq!(hub.changes(lost).len(), 1);
    assert_eq!(parcels_sent(&hub.requests), 1, "what both have is not sent again");
    assert_eq!(phone.device.log(), Some(hub.log));
    assert_eq!(site_sum(&phone), Some(hub.digest(&Channel::site(&site("GOG")))));
    hub.requests.clear();
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
    assert!(hub.requests[0].marks.is_none(), "marks are shown when they are asked for");
}

#[test]
fn a_log_that_goes_on_under_another_id_and_lost_nothing_gets_nothing_back() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.sync(&mut hub);
    hub.log = LogId::new([2; 16]);
    hub.requests.clear();
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.exchanges, parcels_sent(&hub.requests)), (2, 0));
    assert!(!phone.said(|report| matches!(report, Report::GivingBack { .. })));
    assert_eq!(phone.device.log(), Some(hub.log));
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn a_hub_from_the_same_backup_that_has_gone_further_is_told_by_its_chain() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    let backup = hub.position;
    let (lost, _) = one.record(case("Moussa"));
    one.sync(&mut hub);
    // The other one has the same id and more entries by now.
    hub.restore(backup);
    for name in ["Fanta", "Sira", "Bintou"] {
        two.record(case(name));
        two.sync(&mut hub);
    }
    assert!(hub.changes(lost).is_empty());
    one.record(case("Oumou"));
    let synced = one.sync(&mut hub);
    assert_eq!(synced.left, 0);
    assert_eq!(hub.changes(lost).len(), 1);
    assert_eq!(one.device.entries().count(), 6, "and what the other one had meanwhile comes down");
    assert_eq!(site_sum(&one), Some(hub.digest(&Channel::site(&site("GOG")))));
    assert_eq!(one.sync(&mut hub).exchanges, 1);
}

#[test]
fn a_device_that_dies_before_both_agree_asks_again() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    let backup = hub.position;
    let (lost, _) = phone.record(case("Moussa"));
    phone.sync(&mut hub);
    hub.restore(backup);
    hub.copied_to = Position(1_000);
    phone.begin();
    let (number, _, bytes) = phone.sent.pop_front().unwrap();
    let bytes = hub.exchange(&bytes);
    phone.give(Event::Answer { number, bytes, budget: 64 * 1024 });
    phone.restart();
    assert!(phone.device.parcels().count() >= 1, "what another log calls copied says nothing of what is here");
    phone.sync(&mut hub);
    assert_eq!(hub.changes(lost).len(), 1);
}

#[test]
fn an_earlier_hub_that_knows_no_marks_gets_everything_back() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.old = true;
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    let backup = hub.position;
    let (lost, _) = phone.record(case("Moussa"));
    phone.sync(&mut hub);
    hub.restore(backup);
    hub.log = LogId::new([2; 16]);
    phone.sync(&mut hub);
    assert_eq!(hub.changes(lost).len(), 1);
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn marks_are_few_and_lie_further_and_further_apart() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for _ in 0..300 {
        hub.position = hub.position.next();
        phone.sync(&mut hub);
    }
    let head = hub.position;
    hub.restore(Position(2));
    hub.log = LogId::new([2; 16]);
    hub.requests.clear();
    phone.sync(&mut hub);
    let marks = hub.requests.iter().find_map(|request| request.marks.clone()).unwrap();
    let positions: Vec<u64> = marks.earlier.iter().map(|mark| mark.position.0).collect();
    assert!(positions.len() <= 10, "{positions:?}");
    assert_eq!(positions[0], head.0);
    for back in [1, 10, 100, 250] {
        let near = positions.iter().filter(|at| **at <= head.0 - back).max();
        assert!(near.is_some_and(|at| head.0 - at <= 4 * back), "{back} back: {positions:?}");
    }
}

#[test]
fn a_hub_that_does_not_know_the_lease_is_shown_it_once() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    let turned_away = |phone: &mut Phone| {
        let (number, _, bytes) = phone.sent.pop_front().unwrap();
        let (code, reason) = ("lease-unknown".to_owned(), "no such lease".to_owned());
        phone.give(Event::TurnedAway { number, code, reason });
        bytes
    };
    phone.begin();
    turned_away(&mut phone);
    turned_away(&mut phone);
    assert!(phone.said(|report| matches!(report, Report::SyncFailed { .. })), "once");
    phone.begin();
    turned_away(&mut phone);
    phone.go_on(&mut hub);
    assert!(matches!(phone.reports.last(), Some(Report::Synced(synced)) if synced.receipted == 1));
    let shown: Vec<bool> = hub.requests.iter().map(|request| request.signed_lease.is_some()).collect();
    assert!(shown[0] && shown[1..].iter().all(|shown| !shown), "{shown:?}");
    assert_eq!(hub.requests[0].parcels.len(), 1, "with what it carried");
}
