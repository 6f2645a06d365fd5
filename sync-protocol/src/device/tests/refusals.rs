//! What the hub does not take: held, refused, waiting. One bad record never blocks another.

use super::*;
use crate::wire::answer::Fate;
use crate::wire::manifest::Statement;

fn refuse(only: ChangeHash, fate: Fate) -> Option<super::hub::Verdict> {
    Some(Box::new(move |_, change| (change.hash().0 == *only.as_bytes()).then(|| fate.clone())))
}

#[test]
fn a_change_refused_for_how_it_was_written_is_written_again_with_what_follows() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let (_, bad) = phone.record(change(document, "identity.family", "Traoré"));
    let (_, later) = phone.record(change(document, "identity.called", "Papa"));
    let (other, _) = phone.record(case("Moussa"));
    hub.verdict = refuse(bad, Fate::Refused("gate-sequence-reused".to_owned(), "used before".to_owned()));
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.left, synced.refused), (0, 0), "{:?}", phone.reports);
    assert_eq!(hub.changes(other).len(), 1);
    assert_eq!(hub.changes(document).len(), 3);
    assert!(!hub.changes(document).contains(&bad) && !hub.changes(document).contains(&later));
    assert_eq!(text(&phone, document, "identity.family").as_deref(), Some("Traoré"));
    assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"));
    // The old bytes are kept aside, and the hub was told what they were replaced by.
    let aside: Vec<_> = phone.device.aside().map(|aside| (aside.hash, aside.told)).collect();
    assert_eq!(aside, [(bad, true)]);
    assert!(hub.statements.contains(&Statement::Superseded { document, change: bad }));
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
}

#[test]
fn a_change_refused_for_what_it_says_is_kept_and_shown_and_the_rest_goes_on() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.record(change(document, "identity.family", "Traoré"));
    phone.record(change(document, "identity.called", "Papa"));
    // Whatever writes the family name is refused, by whichever actor.
    hub.verdict = Some(Box::new(|_, change| {
        let bytes = change.raw_bytes();
        let says = bytes.windows(6).any(|part| part == b"family");
        says.then(|| Fate::Refused("gate-content".to_owned(), "not as the schema wants".to_owned()))
    }));
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.left, synced.refused), (0, 1), "{:?}", phone.reports);
    assert!(phone.said(|report| matches!(report, Report::Refused { code, .. } if code == "gate-content")));
    assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"));
    assert_eq!(text(&phone, document, "identity.family"), None);
    assert_eq!(phone.device.aside().filter(|aside| aside.superseded_by.is_none()).count(), 1);
    assert_eq!(phone.sync(&mut hub).exchanges, 1);
}

#[test]
fn work_held_for_who_sent_it_hangs_and_counts_when_it_is_let_in() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, first) = phone.record(case("Awa"));
    hub.verdict = Some(Box::new(|_, _| Some(Fate::Held("held-who-scope".to_owned()))));
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.held, synced.left, synced.receipted), (1, 0, 0));
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    phone.sync(&mut hub);
    assert_eq!(phone.device.works().count(), 2);
    assert!(phone.device.works().all(|work| matches!(work.state, WorkState::HeldWho(_))));
    assert_eq!(phone.sync(&mut hub).exchanges, 1, "held work is at the hub: it is not sent again");
    let raw: Vec<_> = phone.device.works().map(|work| work.raw.clone()).collect();
    hub.verdict = None;
    for raw in raw {
        hub.approve(document, Kind::Case, raw, &site("GOG"));
    }
    phone.sync(&mut hub);
    assert_eq!(hub.changes(document), [first, second]);
    assert_eq!(phone.device.works().count(), 0);
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
}

#[test]
fn work_behind_a_change_held_for_what_it_says_goes_on_without_it() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let (_, held) = phone.record(change(document, "identity.family", "Traoré"));
    let (_, behind) = phone.record(change(document, "identity.called", "Papa"));
    hub.verdict = Some(Box::new(move |_, change| {
        let is = |hash: ChangeHash| change.hash().0 == *hash.as_bytes();
        if is(held) {
            Some(Fate::Held("held-what-erased-field".to_owned()))
        } else {
            is(behind).then(|| Fate::Held("gate-behind-held".to_owned()))
        }
    }));
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.held, synced.left), (2, 0));
    assert_eq!(hub.changes(document).len(), 2);
    assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"));
    assert!(hub.statements.contains(&Statement::Superseded { document, change: behind }));
    assert!(!hub.statements.contains(&Statement::Superseded { document, change: held }));
}

#[test]
fn a_replay_keeps_two_values_apart_that_were_written_apart() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    two.record(change(document, "identity.family", "Tarawele"));
    two.sync(&mut hub);
    let (_, bad) = one.record(change(document, "identity.family", "Traoré"));
    hub.verdict = refuse(bad, Fate::Refused("gate-sequence-reused".to_owned(), String::new()));
    one.sync(&mut hub);
    assert_eq!(field(&one, document, "identity.family").unwrap().1, 2);
    two.sync(&mut hub);
    assert_eq!(field(&two, document, "identity.family").unwrap().1, 2);
    assert_eq!(heads(&one, document), heads(&two, document));
}

#[test]
fn a_change_that_must_wait_gets_what_it_waits_for() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, first) = phone.record(case("Awa"));
    phone.sync(&mut hub);
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    hub.lose(document, first);
    phone.sync(&mut hub);
    assert_eq!(hub.changes(document), [first, second]);
    assert_eq!(phone.device.works().count(), 0);
}

#[test]
fn a_change_that_waits_for_somebody_elses_lost_work_is_written_again() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    let (_, lost) = one.record(change(document, "identity.family", "Traoré"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    two.record(change(document, "identity.called", "Papa"));
    hub.lose(document, lost);
    let synced = two.sync(&mut hub);
    assert_eq!(synced.left, 0, "{:?}", two.reports);
    assert_eq!(hub.changes(document).len(), 2);
    assert_eq!(text(&two, document, "identity.called").as_deref(), Some("Papa"));
    assert_eq!(text(&two, document, "identity.family").as_deref(), Some("Traoré"), "others' work stays in the copy");
    // Its author gives it back in the end.
    one.sync(&mut hub);
    two.sync(&mut hub);
    assert_eq!(hub.changes(document).len(), 3);
    assert_eq!(heads(&one, document), heads(&two, document));
}

#[test]
fn a_parcel_refused_whole_is_split_until_the_one_document_is_found() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let documents: Vec<DocumentId> = (0..9).map(|number| phone.record(case(&format!("Awa {number}"))).0).collect();
    hub.poison = Some(documents[5]);
    phone.sync(&mut hub);
    for (number, document) in documents.iter().enumerate() {
        assert_eq!(hub.changes(*document).len(), usize::from(number != 5), "{number}");
    }
    assert!(phone.store.contains_key(&Key::Copy(documents[5])), "kept and shown");
    assert!(phone.device.aside().any(|aside| aside.document == documents[5]));
}

#[test]
fn an_erased_document_is_gone_here_and_takes_nothing_more() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    let (other, _) = phone.record(case("Moussa"));
    phone.sync(&mut hub);
    phone.record(change(document, "identity.family", "Traoré"));
    phone.record(change(other, "identity.family", "Diarra"));
    hub.verdict = Some(Box::new(move |id, _| (id == document).then_some(Fate::Erased)));
    phone.begin();
    phone.go_on(&mut hub);
    assert!(!phone.store.contains_key(&Key::Copy(document)));
    assert!(phone.store.values().all(|row| !row.windows(7).any(|part| part == "Traoré".as_bytes())), "nothing is left");
    assert_eq!(hub.changes(other).len(), 2);
    phone.give(Event::Edit(vec![change(document, "identity.called", "Papa")]));
    assert!(matches!(phone.reports.last(), Some(Report::EditRefused { .. })));
}
