//! Two people on one device: what one records, the other reads and goes on with, before either has a network.

use super::*;
use crate::limits::{NEIGHBOUR_WAITS_MAX, NEIGHBOURS_MAX};
use crate::wire::codec::Raw;
use crate::wire::manifest::Statement;

/// What `one` recorded and the hub does not have, as the shell hands it to a colleague.
pub(super) fn of(one: &Phone) -> Event {
    let documents: BTreeSet<DocumentId> = one.device.works().map(|work| work.document).collect();
    let neighbours = documents.into_iter().map(|document| {
        let entry = one.device.entry(document).unwrap();
        let changes = one.device.works_of(document).map(|work| work.raw.clone()).collect();
        let kind = Kind::from_code(entry.kind).unwrap();
        Neighbour { document, kind, code: entry.code.clone(), card: entry.card, changes }
    });
    Event::Neighbours(neighbours.collect())
}

fn agree(phone: &Phone, hub: &FakeHub) {
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums().get(&channel).copied().unwrap_or_default(), hub.digest(&channel));
}

#[test]
fn a_colleagues_case_is_read_at_once_never_sent_and_counted_once() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, hash) = one.record(case("Awa"));
    two.give(of(&one));
    assert_eq!(text(&two, document, "identity.given").as_deref(), Some("Awa"));
    let entry = two.device.entry(document).unwrap().clone();
    assert!(entry.channels.is_empty() && entry.code.is_some() && entry.card.is_some());
    assert_eq!((entry.uncounted, entry.neighbours), (vec![hash], vec![hash]));
    let stored = two.store.clone();
    two.give(of(&one));
    assert_eq!(two.store, stored, "a second time nothing is written");
    two.restart();
    assert_eq!(two.sync(&mut hub).exchanges, 1);
    assert!(hub.changes(document).is_empty(), "it is not this user's to send");
    assert!(two.store.contains_key(&Key::Copy(document)), "nor to forget");
    agree(&two, &hub);

    one.sync(&mut hub);
    two.sync(&mut hub);
    let entry = two.device.entry(document).unwrap();
    assert!(entry.uncounted.is_empty() && entry.neighbours.is_empty() && entry.channels.len() == 1);
    agree(&two, &hub);
    two.give(of(&one));
    let synced = two.sync(&mut hub);
    assert_eq!((synced.exchanges, synced.fed), (1, 0), "hub and device hold the same");
    assert!(!two.said(|report| matches!(report, Report::Differs { .. } | Report::Repaired { .. })));
}

#[test]
fn work_on_a_colleagues_case_waits_for_it_and_is_not_written_again() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, first) = one.record(case("Awa"));
    two.give(of(&one));
    let (_, second) = two.record(change(document, "identity.family", "Traoré"));
    for _ in 0..3 {
        let synced = two.sync(&mut hub);
        assert_eq!((synced.refused, synced.left, synced.exchanges), (0, 1, 1), "one try in a sync");
        two.restart();
    }
    assert_eq!(two.device.works().next().unwrap().hash, second);
    one.sync(&mut hub);
    assert_eq!(two.sync(&mut hub).left, 0);
    assert_eq!(hub.changes(document), [first, second]);
    one.sync(&mut hub);
    assert_eq!(heads(&one, document), heads(&two, document));
    agree(&one, &hub);
    agree(&two, &hub);
    assert_eq!(two.sync(&mut hub).exchanges, 1);
    assert!(two.device.aside().next().is_none() && two.device.works().next().is_none());
}

#[test]
fn work_whose_neighbour_never_comes_is_written_again_in_the_end() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    two.give(of(&one));
    let (_, second) = two.record(change(document, "identity.family", "Traoré"));
    for _ in 0..NEIGHBOUR_WAITS_MAX {
        assert_eq!(two.sync(&mut hub).left, 1);
    }
    assert_eq!(two.sync(&mut hub).left, 0, "{:?}", two.reports);
    assert_eq!(hub.changes(document).len(), 1);
    assert_ne!(hub.changes(document), [second]);
    assert_eq!(text(&two, document, "identity.given").as_deref(), Some("Awa"), "what the colleague wrote stays here");
    // And comes in the end.
    one.sync(&mut hub);
    two.sync(&mut hub);
    one.sync(&mut hub);
    assert_eq!(heads(&one, document), heads(&two, document));
    assert_eq!(text(&one, document, "identity.family").as_deref(), Some("Traoré"));
    agree(&one, &hub);
    agree(&two, &hub);
}

#[test]
fn both_go_on_with_each_others_work() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    two.give(of(&one));
    two.record(change(document, "identity.family", "Traoré"));
    one.give(of(&two));
    one.record(change(document, "identity.called", "Mama"));
    two.give(of(&one));
    assert_eq!(heads(&one, document), heads(&two, document));
    for _ in 0..3 {
        two.sync(&mut hub);
        one.sync(&mut hub);
    }
    assert_eq!(hub.changes(document).len(), 3);
    agree(&one, &hub);
    agree(&two, &hub);
    assert_eq!((one.sync(&mut hub).exchanges, two.sync(&mut hub).exchanges), (1, 1));
}

#[test]
fn a_hub_that_is_compared_while_a_neighbours_work_is_on_its_way_holds_the_same() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    one.record(change(document, "identity.family", "Traoré"));
    two.give(of(&one));
    assert_eq!(text(&two, document, "identity.family").as_deref(), Some("Traoré"));
    assert_eq!(two.sync(&mut hub).exchanges, 1);
    assert!(!two.said(|report| matches!(report, Report::Repaired { .. })));
    agree(&two, &hub);
    let channel = Channel::site(&site("GOG"));
    let before = hub.digest(&channel);
    two.record(case("Fanta"));
    two.sync(&mut hub);
    let held = hub.statements.iter().rev().find_map(|statement| match statement {
        Statement::Held { digest, .. } => Some(*digest),
        _ => None,
    });
    assert_eq!(held, Some(before), "what it states to hold is what the hub had fed it");
    one.sync(&mut hub);
    two.sync(&mut hub);
    agree(&two, &hub);
}

#[test]
fn annexes_and_what_hangs_in_the_air_are_not_taken() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    one.record(change(document, "identity.family", "Traoré"));
    two.give(of(&one));
    assert!(two.said(|report| matches!(report, Report::NotTaken { reason, .. } if reason.contains("not here yet"))));
    assert!(two.device.entry(document).is_none() && !two.store.contains_key(&Key::Copy(document)));
    two.sync(&mut hub);
    two.give(of(&one));
    assert_eq!(text(&two, document, "identity.family").as_deref(), Some("Traoré"), "handed in again");

    let about = set("annex.case", &document.to_string());
    let (annex, _) = one.record(EditRequest::begin(Kind::Annex, vec![about]));
    two.reports.clear();
    two.give(of(&one));
    assert!(two.said(|report| matches!(report, Report::NotTaken { document, .. } if *document == annex)));
    assert!(two.device.entry(annex).is_none());

    let broken = Neighbour { document, kind: Kind::Case, code: None, card: None, changes: vec![Raw(vec![7; 50])] };
    let before = two.store.clone();
    two.give(Event::Neighbours(vec![broken; NEIGHBOURS_MAX + 1]));
    assert_eq!(two.reports.iter().filter(|one| matches!(one, Report::NotTaken { .. })).count(), NEIGHBOURS_MAX + 2);
    assert_eq!(two.store, before);
}
