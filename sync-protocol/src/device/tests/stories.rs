//! What a night is made of: recording, sending, receiving, two people on one case.

use super::*;
use crate::wire::codec::{Message, read};
use crate::wire::exchange::ExchangeRequest;

fn request(phone: &Phone) -> ExchangeRequest {
    read(Message::ExchangeRequest, &phone.sent.front().unwrap().2).unwrap()
}

#[test]
fn a_case_recorded_offline_is_receipted_and_counted_on_both_sides() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (document, hash) = phone.record(case("Awa"));
    assert!(phone.said(|report| matches!(report, Report::Recorded { code: Some(code), card: Some(_), .. }
        if code.starts_with("GOG-24-K2-0001-"))));
    assert_eq!(phone.device.works().count(), 1);
    let synced = phone.sync(&mut hub);
    assert_eq!((synced.exchanges, synced.receipted, synced.left), (1, 1, 0));
    assert_eq!(hub.changes(document), [hash]);
    assert_eq!(phone.device.works().count(), 0);
    let channel = Channel::site(&site("GOG"));
    assert_eq!(phone.device.sums()[&channel], hub.digest(&channel));
    assert!(phone.store.contains_key(&Key::Receipt(2)), "the first counter is that of the sealed parcel");
}

#[test]
fn one_exchange_when_nothing_changed_whatever_the_number_of_documents() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    phone.begin();
    let small = phone.sent.front().unwrap().2.len();
    phone.go_on(&mut hub);
    for _ in 0..40 {
        phone.record(case("Moussa"));
    }
    phone.sync(&mut hub);
    phone.restart();
    phone.begin();
    let large = phone.sent.front().unwrap().2.len();
    phone.go_on(&mut hub);
    assert!(matches!(phone.reports.last(), Some(Report::Synced(synced)) if synced.exchanges == 1 && synced.fed == 0));
    assert!(large.abs_diff(small) <= 4, "{small} {large}");
}

#[test]
fn nothing_is_sent_before_it_is_stored() {
    let (_, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.batches_left = Some(0);
    phone.begin();
    assert!(phone.sent.is_empty(), "the batch failed: nothing after it happens");
    phone.restart();
    assert_eq!(phone.device.works().count(), 1);
    assert_eq!(phone.device.counter(), 1, "that of the sealed parcel");
}

#[test]
fn a_code_is_taken_once_even_if_the_store_fails() {
    let (_, [mut phone]) = night(["GOG"]);
    phone.batches_left = Some(0);
    phone.give(Event::Edit(vec![case("Awa")]));
    assert!(!phone.said(|report| matches!(report, Report::Recorded { .. })));
    phone.restart();
    phone.record(case("Awa"));
    phone.record(case("Awa"));
    let codes: Vec<_> = phone.device.entries().filter_map(|(_, entry)| entry.code.clone()).collect();
    assert_eq!(codes.len(), 2);
    assert!(codes.iter().any(|code| code.contains("-0001-")) && codes.iter().any(|code| code.contains("-0002-")));
}

#[test]
fn two_clerks_on_one_field_leave_both_values_standing() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    assert_eq!(two.sync(&mut hub).fed, 1);
    one.record(change(document, "identity.family", "Traoré"));
    two.record(change(document, "identity.family", "Tarawele"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    assert!(two.said(|report| matches!(report, Report::Conflict { fields: 1, .. })), "{:?}", two.reports);
    one.sync(&mut hub);
    assert_eq!(heads(&one, document), heads(&two, document));
    assert_eq!(field(&one, document, "identity.family").unwrap().1, 2);
    assert_eq!(field(&one, document, "identity.family"), field(&two, document, "identity.family"));
}

#[test]
fn either_value_of_a_conflict_can_be_chosen() {
    for chosen in ["Traoré", "Tarawele"] {
        let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
        let (document, _) = one.record(case("Awa"));
        one.sync(&mut hub);
        two.sync(&mut hub);
        one.record(change(document, "identity.family", "Traoré"));
        two.record(change(document, "identity.family", "Tarawele"));
        one.sync(&mut hub);
        two.sync(&mut hub);
        let view = view::view(Kind::Case, &two.store[&Key::Copy(document)]).unwrap();
        assert_eq!(view.conflicts[0].values.len(), 2);
        let choice = vec![set("identity.family", chosen)];
        two.record(EditRequest::change(document, Kind::Case, Some(view.heads), choice));
        two.sync(&mut hub);
        one.sync(&mut hub);
        assert_eq!(field(&one, document, "identity.family"), Some((chosen.to_owned(), 1)));
    }
}

#[test]
fn an_edit_made_at_what_was_shown_keeps_what_came_meanwhile() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "GOG"]);
    let (document, _) = one.record(case("Awa"));
    one.sync(&mut hub);
    two.sync(&mut hub);
    let shown = heads(&one, document);
    two.record(change(document, "identity.given", "Hawa"));
    two.sync(&mut hub);
    one.sync(&mut hub);
    one.record(EditRequest { shown: Some(shown), ..change(document, "identity.given", "Aoua") });
    assert_eq!(field(&one, document, "identity.given").unwrap().1, 2, "the other value was not silently replaced");
}

#[test]
fn two_sites_work_on_a_case_from_its_card_before_either_has_synced() {
    let (mut hub, [mut one, mut two]) = night(["GOG", "KAY"]);
    let (document, _) = one.record(case("Awa"));
    let card = one.device.entry(document).unwrap().card;
    two.record(EditRequest { card, ..change(document, "identity.family", "Traoré") });
    // The site that got the card from the other syncs first or second: the same in the end.
    one.sync(&mut hub);
    two.sync(&mut hub);
    one.sync(&mut hub);
    for phone in [&one, &two] {
        assert_eq!(text(phone, document, "identity.given").as_deref(), Some("Awa"));
        assert_eq!(text(phone, document, "identity.family").as_deref(), Some("Traoré"));
        assert_eq!(phone.device.works().count(), 0);
    }
    assert_eq!(heads(&one, document), heads(&two, document));
}

#[test]
fn a_reopened_device_writes_under_a_new_actor() {
    let (_, [mut phone]) = night(["GOG"]);
    let (document, first) = phone.record(case("Awa"));
    phone.restart();
    let (_, second) = phone.record(change(document, "identity.family", "Traoré"));
    let doc = automerge::Automerge::load(&phone.store[&Key::Copy(document)]).unwrap();
    let actor = |hash: ChangeHash| {
        doc.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes())).unwrap().actor.to_bytes().to_vec()
    };
    assert_ne!(actor(first), actor(second));
}

#[test]
fn a_push_states_what_the_device_held_after_its_last_complete_feed() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    let channel = Channel::site(&site("GOG"));
    let digest = hub.digest(&channel);
    phone.record(case("Moussa"));
    phone.sync(&mut hub);
    let held = crate::wire::manifest::Statement::Held { log: hub.log, position: Position(2), channel, digest };
    assert_eq!(hub.statements, [held]);
}

#[test]
fn edits_that_come_while_the_store_is_read_wait_their_turn() {
    let (_, [mut phone]) = night(["GOG"]);
    let (document, _) = phone.record(case("Awa"));
    let inputs = Inputs { now: Millis(0), seed: [50; 32] };
    let first = phone.device.handle(Event::Edit(vec![change(document, "identity.family", "Traoré")]), &inputs);
    assert_eq!(first, [Effect::Load(vec![Key::Copy(document)])]);
    let second = Event::Edit(vec![change(document, "identity.called", "Papa")]);
    assert!(phone.device.handle(second, &Inputs { seed: [51; 32], ..inputs }).is_empty());
    let row = (Key::Copy(document), phone.store.get(&Key::Copy(document)).cloned());
    phone.give(Event::Loaded(vec![row]));
    assert_eq!(text(&phone, document, "identity.family").as_deref(), Some("Traoré"));
    assert_eq!(text(&phone, document, "identity.called").as_deref(), Some("Papa"));
    assert_eq!(phone.device.works().count(), 3);
}

#[test]
fn a_copied_parcel_is_forgotten_and_no_other() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    phone.record(case("Awa"));
    phone.sync(&mut hub);
    assert_eq!(phone.device.parcels().count(), 1);
    phone.record(case("Moussa"));
    hub.copied_to = Position(2);
    phone.sync(&mut hub);
    let kept: Vec<u64> = phone.device.parcels().map(|(counter, _)| counter).collect();
    assert_eq!(kept, [4]);
    assert!(!phone.store.contains_key(&Key::ParcelBytes(2)) && phone.store.contains_key(&Key::ParcelBytes(4)));
}

#[test]
fn an_annex_closes_when_the_hub_has_it() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    let (case, _) = phone.record(case("Awa"));
    let about = set("annex.case", &case.to_string());
    let (annex, hash) = phone.record(EditRequest::begin(Kind::Annex, vec![about]));
    assert!(phone.store.contains_key(&Key::Copy(annex)), "readable until the hub has it");
    hub.nobody_reads = Some(annex);
    phone.sync(&mut hub);
    assert_eq!(hub.changes(annex), [hash]);
    assert_eq!(phone.device.entry(annex).unwrap().standing, Standing::Closed);
    assert!(!phone.store.contains_key(&Key::Copy(annex)));
    let more = EditRequest::change(annex, Kind::Annex, None, vec![set("annex.case", "x")]);
    phone.give(Event::Edit(vec![more]));
    assert!(matches!(phone.reports.last(), Some(Report::EditRefused { .. })));
    assert_eq!(phone.sync(&mut hub).exchanges, 1, "annexes are no difference");
}

#[test]
fn a_narrow_link_gets_smaller_parcels() {
    let (mut hub, [mut phone]) = night(["GOG"]);
    for number in 0..60 {
        phone.record(case(&format!("Awa {number}")));
    }
    phone.begin();
    assert_eq!(request(&phone).parcels.len(), 1);
    phone.cut();
    // The parcel is far more than this link carries: its work is packed again, in pieces.
    phone.budget = 2_048;
    let synced = phone.sync(&mut hub);
    assert!(synced.exchanges > 5, "{synced:?}");
    assert_eq!((synced.receipted, synced.left), (60, 0));
}
