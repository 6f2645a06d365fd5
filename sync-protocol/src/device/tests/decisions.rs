//! Second receipts: what people decide on held work reaches the device, in any order, any number of times.

use super::*;
use crate::wire::answer::{DECIDED_REJECTED, Fate};
use crate::wire::manifest::Statement;

const WHO: &str = "held-who-pending";

fn held(code: &'static str) -> Option<super::hub::Verdict> {
    Some(Box::new(move |_, _| Some(Fate::Held(code.to_owned()))))
}

fn rejected() -> Fate {
    Fate::Refused(DECIDED_REJECTED.to_owned(), "pas cette personne".to_owned())
}

fn told(phone: &Phone) -> Option<(u32, u32, Option<String>)> {
    phone.reports.iter().find_map(|report| match report {
        Report::Decided { applied, rejected, sentence, .. } => Some((*applied, *rejected, sentence.clone())),
        _ => None,
    })
}

fn same_sums(phone: &Phone, hub: &FakeHub) {
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums().get(&channel).copied().unwrap_or_default(), hub.digest(&channel));
}

/// A phone with a case of two changes that the hub holds for who sent them.
fn waiting() -> (FakeHub, Phone, DocumentId, [ChangeHash; 2]) {
    let (mut hub, [mut phone]) = night(["GOG"]);
    hub.verdict = held(WHO);
    let (document, first) = phone.record(case("Awa"));
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    assert_eq!(phone.sync(&mut hub).held, 2);
    hub.verdict = None;
    (hub, phone, document, [first, second])
}

fn approve(hub: &mut FakeHub, phone: &Phone, document: DocumentId) {
    let raw: Vec<_> = phone.device.works_of(document).map(|work| work.raw.clone()).collect();
    for raw in raw {
        hub.approve(document, Kind::Case, raw, &site("GOG"));
    }
}

#[test]
fn approved_work_is_done_when_the_feed_brings_it_too() {
    let (mut hub, mut phone, document, [first, second]) = waiting();
    approve(&mut hub, &phone, document);
    hub.decide(document, &[(first, Fate::Applied), (second, Fate::Applied)]);
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.decided, told(&phone)), (2, Some((2, 0, None))));
    assert_eq!(phone.device.works().count(), 0);
    same_sums(&phone, &hub);
    let again = phone.sync(&mut hub);
    assert_eq!((again.exchanges, again.decided, told(&phone)), (1, 0, None));
}

#[test]
fn approved_work_is_done_when_the_feed_brought_it_before_or_never_does() {
    for feed_first in [true, false] {
        let (mut hub, mut phone, document, [first, second]) = waiting();
        if feed_first {
            approve(&mut hub, &phone, document);
            phone.sync(&mut hub);
            same_sums(&phone, &hub);
        }
        hub.decide(document, &[(first, Fate::Applied), (second, Fate::Applied)]);
        phone.sync(&mut hub);
        assert_eq!(phone.device.works().count(), 0, "feed first: {feed_first}");
        if feed_first {
            same_sums(&phone, &hub);
            assert_eq!(text(&phone, document, "identity.family").as_deref(), Some("Traoré"));
        } else {
            // It is in no channel of the user's: nothing of it is unsent, so nothing stays readable.
            assert!(phone.device.entry(document).is_none());
        }
    }
}

#[test]
fn rejected_work_is_kept_aside_and_what_hangs_on_it_is_written_again() {
    let (mut hub, mut phone, document, [first, second]) = waiting();
    let (_, third) = phone.record(change(document, "identity.called", "Papa"));
    hub.verdict = held(WHO);
    phone.sync(&mut hub);
    // The second is not this person; the third hangs on it and was not decided.
    approve(&mut hub, &phone, document);
    for hash in [second, third] {
        hub.lose(document, hash);
    }
    hub.decide(document, &[(first, Fate::Applied), (second, rejected())]);
    hub.verdict = None;
    let synced = phone.sync(&mut hub);
    assert_eq!(told(&phone), Some((1, 1, Some("pas cette personne".to_owned()))));
    assert_eq!((synced.left, synced.refused), (0, 1), "{:?}", phone.reports);
    assert_eq!(text(&phone, document, "identity.family"), None);
    assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"));
    assert_eq!(hub.changes(document).len(), 2);
    assert!(!hub.changes(document).contains(&third), "written again as another change");
    let aside: Vec<_> = phone.device.aside().map(|aside| (aside.hash, aside.superseded_by.is_some())).collect();
    assert_eq!(aside, [(second, false), (third, true)]);
    assert!(phone.device.aside().any(|aside| aside.code == DECIDED_REJECTED && aside.sentence == "pas cette personne"));
    assert!(hub.statements.contains(&Statement::Superseded { document, change: third }));
    assert!(!hub.statements.contains(&Statement::Superseded { document, change: second }));
    same_sums(&phone, &hub);
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn of_a_case_of_which_nothing_was_accepted_the_bytes_are_kept() {
    let (mut hub, mut phone, document, [first, second]) = waiting();
    hub.decide(document, &[(first, rejected()), (second, rejected())]);
    let raw: Vec<_> = phone.device.works().map(|work| work.raw.clone()).collect();
    phone.sync(&mut hub);
    assert_eq!(text(&phone, document, "identity.given"), None);
    assert_eq!(phone.device.aside().map(|aside| aside.raw.clone()).collect::<Vec<_>>(), raw);
    assert_eq!(phone.device.works().count(), 0);
    phone.restart();
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn work_held_for_what_it_says_is_decided_while_it_lies_aside() {
    for approved in [true, false] {
        let (mut hub, [mut phone]) = night(["GOG"]);
        let (document, _) = phone.record(case("Awa"));
        phone.sync(&mut hub);
        hub.verdict = held("held-what-name");
        let (_, hash) = phone.record(change(document, "identity.family", "Traoré"));
        phone.sync(&mut hub);
        hub.verdict = None;
        assert_eq!(text(&phone, document, "identity.family"), None);
        let raw = phone.device.aside().next().unwrap().raw.clone();
        if approved {
            hub.approve(document, Kind::Case, raw, &site("GOG"));
        }
        hub.decide(document, &[(hash, if approved { Fate::Applied } else { rejected() })]);
        phone.sync(&mut hub);
        assert_eq!(phone.device.aside().count(), usize::from(!approved));
        assert_eq!(text(&phone, document, "identity.family").as_deref(), approved.then_some("Traoré"));
        assert!(phone.device.aside().all(|aside| aside.code == DECIDED_REJECTED));
        same_sums(&phone, &hub);
    }
}

#[test]
fn decisions_that_come_again_or_turned_round_change_nothing_more() {
    let (mut hub, mut phone, document, [first, second]) = waiting();
    hub.decide(document, &[(first, rejected()), (second, rejected())]);
    phone.sync(&mut hub);
    let before: Vec<_> = phone.device.aside().cloned().collect();
    // Told from the start again, as a hub that goes on under another log and shares nothing would.
    (hub.log, hub.old) = (LogId::new([9; 16]), true);
    hub.requests.clear();
    hub.verdict = held(WHO);
    let synced = phone.sync(&mut hub);
    assert_eq!((told(&phone), synced.decided), (None, 0));
    assert_eq!(phone.device.aside().cloned().collect::<Vec<_>>(), before);
    assert_eq!(phone.device.log(), Some(hub.log));
    let asked = hub.requests.iter().any(|request| request.decided_to == Position::START);
    assert!(asked, "the other log's positions say nothing");
    assert_eq!(phone.device.decided_to(), hub.position);
    // A second person lets it in after all.
    hub.verdict = None;
    for aside in before {
        hub.approve(document, Kind::Case, aside.raw, &site("GOG"));
    }
    hub.decide(document, &[(first, Fate::Applied), (second, Fate::Applied)]);
    phone.sync(&mut hub);
    assert_eq!(phone.device.aside().count(), 0);
    assert_eq!(text(&phone, document, "identity.given").as_deref(), Some("Awa"));
    same_sums(&phone, &hub);
}

#[test]
fn a_phone_that_dies_while_it_takes_a_decision_ends_where_another_does() {
    for batches in 0..4 {
        let (mut hub, mut phone, document, [first, second]) = waiting();
        let (_, third) = phone.record(change(document, "identity.called", "Papa"));
        approve(&mut hub, &phone, document);
        [second, third].iter().for_each(|hash| hub.lose(document, *hash));
        hub.decide(document, &[(first, Fate::Applied), (second, rejected())]);
        phone.batches_left = Some(batches);
        phone.begin();
        phone.go_on(&mut hub);
        phone.restart();
        phone.sync(&mut hub);
        assert_eq!(phone.device.works().count(), 0, "after {batches} batches");
        assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"), "after {batches} batches");
        assert_eq!(text(&phone, document, "identity.family"), None, "after {batches} batches");
        same_sums(&phone, &hub);
    }
}

#[test]
fn rejected_work_that_is_given_back_and_taken_this_time_is_in_the_document_again() {
    let (mut hub, mut phone, document, [first, second]) = waiting();
    hub.decide(document, &[(first, rejected()), (second, rejected())]);
    phone.sync(&mut hub);
    assert_eq!(phone.device.aside().count(), 2);
    (hub.log, hub.old) = (LogId::new([9; 16]), true);
    hub.decided.clear();
    phone.sync(&mut hub);
    assert_eq!(phone.device.aside().count(), 0);
    assert_eq!(text(&phone, document, "identity.family").as_deref(), Some("Traoré"));
    same_sums(&phone, &hub);
}

#[test]
fn a_decision_that_does_not_fit_is_passed_over() {
    let (mut hub, mut phone, document, [first, _]) = waiting();
    hub.decide(document, &[(first, rejected())]);
    hub.decided[0].changes.clear();
    phone.sync(&mut hub);
    assert_eq!((told(&phone), phone.device.works().count()), (None, 2));
}
