//! Stories of people who record on several devices and of who sees what, with real devices over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use segin::field::Recorded;
use segin_tests::audit::Audit;
use segin_tests::night::{Night, Phone};
use sync_protocol::documents::{Edit, Kind, State, Value};
use sync_protocol::ids::DocumentId;

fn set(field: &str, value: &str) -> Edit {
    Edit::Set { field: field.into(), value: Value::Text(value.into()).into() }
}

fn says(phone: &mut Phone, document: DocumentId, field: &str) -> Option<String> {
    phone.show(document).unwrap().projection.text(field).map(str::to_owned)
}

fn has(phone: &Phone, kind: Kind, document: DocumentId) -> bool {
    phone.documents(kind).contains(&document)
}

#[test]
fn two_clerks_on_one_person_see_both_values_until_one_decides() {
    let mut night = Night::begin();
    let (mut awa, mut moussa) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let case = awa.record(vec![set("identity.given", "Fanta"), set("identity.family", "Diarra")]).unwrap().document;
    night.sync(&mut awa);
    night.sync(&mut moussa);

    awa.edit(case, None, vec![set("identity.family", "Diara"), set("origin.village", "Simby")]).unwrap();
    moussa.edit(case, None, vec![set("identity.family", "Jarra"), set("identity.father", "Bakary")]).unwrap();
    for phone in [&mut awa, &mut moussa] {
        night.sync(phone);
    }
    night.sync(&mut awa);
    for phone in [&mut awa, &mut moussa] {
        let shown = phone.show(case).unwrap();
        let [conflict] = &shown.conflicts[..] else { panic!("{:?}", shown.conflicts) };
        assert_eq!((conflict.path.as_str(), conflict.values.len()), ("identity.family", 2));
        assert_eq!(shown.projection.text("origin.village"), Some("Simby"), "what nobody disputes is merged");
        assert_eq!(shown.projection.text("identity.father"), Some("Bakary"));
    }
    let at_hub = night.conflicts_at_the_hub();
    assert_eq!(at_hub["total"], 1, "{at_hub}");
    let both = at_hub["conflicts"][0].to_string();
    assert!(both.contains("Diara") && both.contains("Jarra"), "{both}");

    let conflict = moussa.show(case).unwrap().conflicts.remove(0);
    let wanted = conflict.values.iter().position(|value| value.value == Value::Text("Jarra".into()).into()).unwrap();
    moussa.resolve(case, "identity.family", wanted + 1).unwrap();
    night.sync(&mut moussa);
    night.sync(&mut awa);
    for phone in [&mut awa, &mut moussa] {
        assert_eq!(phone.conflicts().unwrap(), [], "it is settled");
        assert_eq!(says(phone, case, "identity.family").as_deref(), Some("Jarra"));
    }
    assert_eq!(night.conflicts_at_the_hub()["total"], 0);
    night.end();
}

#[test]
fn a_value_decided_while_another_is_written_stays_in_conflict_with_it() {
    // Prevents: a decision that silently destroys what its author had not seen.
    let mut night = Night::begin();
    let (mut awa, mut moussa) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let case = awa.record(vec![set("identity.family", "Diarra")]).unwrap().document;
    night.sync(&mut awa);
    night.sync(&mut moussa);
    let shown = awa.show(case).unwrap().heads;
    moussa.edit(case, None, vec![set("identity.family", "Jarra")]).unwrap();
    night.sync(&mut moussa);
    night.sync(&mut awa);
    awa.edit(case, Some(shown), vec![set("identity.family", "Diara")]).unwrap();
    night.sync(&mut awa);
    night.sync(&mut moussa);
    for phone in [&mut awa, &mut moussa] {
        assert_eq!(phone.show(case).unwrap().conflicts[0].values.len(), 2);
    }
    night.end();
}

#[test]
fn two_sites_work_on_one_case_from_its_card_before_either_has_synced() {
    let fields = [
        ("identity.given", "Fanta", true),
        ("identity.family", "Diarra", true),
        ("origin.village", "Simby", true),
        ("identity.father", "Bakary", false),
        ("identity.mother", "Sira", false),
        ("destination.village", "Sadiola", false),
    ];
    let of = |at_gogui: bool| -> Vec<Edit> {
        fields.iter().filter(|(.., at)| *at == at_gogui).map(|(field, value, _)| set(field, value)).collect()
    };
    for kayes_first in [false, true] {
        let mut night = Night::begin();
        let (mut gogui, mut kayes) = (night.device(&["GOG"]), night.device(&["KAY"]));
        let Recorded { document: case, card, .. } = gogui.record(of(true)).unwrap();
        kayes.open_card(&card.unwrap(), of(false)).unwrap();

        let mut phones = [&mut gogui, &mut kayes];
        if kayes_first {
            phones.reverse();
        }
        for phone in &mut phones {
            let report = night.sync(phone);
            assert_eq!((report.synced.held, report.synced.refused, report.synced.left), (0, 0, 0));
        }
        night.sync(phones[0]);
        for phone in &mut phones {
            let shown = phone.show(case).unwrap();
            for (field, value, _) in fields {
                assert_eq!(shown.projection.text(field), Some(value), "kayes first: {kayes_first}");
            }
            assert_eq!(shown.conflicts, []);
        }
        let mut bamako = night.device(&["BAM"]);
        night.sync(&mut bamako);
        assert!(!has(&bamako, Kind::Case, case), "who has no card does not see it");
        let place = night.end();
        let audit = Audit::of(place.data(), &place.command.master_key);
        let mut channels = audit.channels(case);
        channels.sort();
        assert_eq!(channels, ["site/GOG", "site/KAY"]);
    }
}

#[test]
fn a_movement_is_seen_at_both_its_ends_and_nowhere_else() {
    let mut night = Night::begin();
    let [mut gogui, mut kayes, mut bamako] = ["GOG", "KAY", "BAM"].map(|site| night.device(&[site]));
    let movement = gogui
        .create_document(Kind::Movement, vec![set("trip.from_site", "GOG"), set("trip.to_site", "BAM")])
        .unwrap()
        .document;
    for phone in [&mut gogui, &mut kayes, &mut bamako] {
        night.sync(phone);
    }
    assert!(has(&bamako, Kind::Movement, movement));
    assert!(!has(&kayes, Kind::Movement, movement));

    gogui.edit(movement, None, vec![set("trip.vehicle", "Car 12")]).unwrap();
    bamako.edit(movement, None, vec![set("trip.organiser", "Croix-Rouge")]).unwrap();
    for phone in [&mut gogui, &mut bamako] {
        night.sync(phone);
    }
    night.sync(&mut gogui);
    for phone in [&mut gogui, &mut bamako] {
        assert_eq!(says(phone, movement, "trip.vehicle").as_deref(), Some("Car 12"));
        assert_eq!(says(phone, movement, "trip.organiser").as_deref(), Some("Croix-Rouge"));
    }
    night.end();
}

#[test]
fn a_household_is_seen_where_its_cases_are() {
    let mut night = Night::begin();
    let mut both = night.device(&["GOG", "KAY"]);
    let [mut gogui, mut kayes, mut bamako] = ["GOG", "KAY", "BAM"].map(|site| night.device(&[site]));
    let wife = gogui.record(vec![set("identity.given", "Fanta")]).unwrap().document;
    let husband = kayes.record(vec![set("identity.given", "Bakary")]).unwrap().document;
    for phone in [&mut gogui, &mut kayes, &mut both] {
        night.sync(phone);
    }
    assert!(has(&both, Kind::Case, wife) && has(&both, Kind::Case, husband));
    let member = |case: DocumentId| Edit::Include { set: "members".into(), member: case.to_string(), value: None };
    let household = both.create_document(Kind::Household, vec![member(wife), member(husband)]).unwrap().document;
    for phone in [&mut both, &mut gogui, &mut kayes, &mut bamako] {
        night.sync(phone);
    }
    assert!(has(&gogui, Kind::Household, household));
    assert!(has(&kayes, Kind::Household, household));
    assert!(!has(&bamako, Kind::Household, household));
    assert!(!has(&kayes, Kind::Case, wife), "the case itself stays where it was");
    night.end();
}

#[test]
fn an_annex_is_at_the_hub_and_on_no_colleagues_device() {
    let mut night = Night::begin();
    let mut awa = night.device(&["GOG"]);
    let mut moussa = night.device(&["GOG"]);
    let mut bamako = night.device(&["BAM"]);
    let case = awa.record(vec![set("identity.given", "Fanta")]).unwrap().document;
    let annex = awa
        .create_document(
            Kind::Annex,
            vec![
                set("annex.type", "protection"),
                set("annex.case", &case.to_string()),
                set("child.carer", "une tante"),
            ],
        )
        .unwrap()
        .document;
    assert_eq!(says(&mut awa, annex, "child.carer").as_deref(), Some("une tante"), "readable until it is sent");
    for phone in [&mut awa, &mut moussa, &mut bamako] {
        let report = night.sync(phone);
        assert_eq!((report.synced.held, report.synced.refused), (0, 0));
    }
    assert!(!has(&awa, Kind::Annex, annex), "reading ends when it is at the hub");
    assert!(awa.show(annex).is_err());
    for phone in [&moussa, &bamako] {
        assert!(phone.device().entry(annex).is_none());
    }
    assert!(has(&moussa, Kind::Case, case), "the case is as open as before");
    // Promise 5 with an annex: the sums agree without it.
    assert_eq!(night.sync(&mut awa).synced.exchanges, 1);
    let place = night.end();
    let audit = Audit::of(place.data(), &place.command.master_key);
    assert_eq!(audit.channels(annex), ["annex/protection"]);
    assert!(!audit.changes(annex).is_empty());
}

#[test]
fn why_a_field_has_no_value_travels_as_it_was_said() {
    let mut night = Night::begin();
    let (mut awa, mut moussa) = (night.device(&["GOG"]), night.device(&["GOG"]));
    let case = awa
        .record(vec![
            Edit::Set { field: "identity.father".into(), value: State::DoesNotKnow.into() },
            Edit::Set { field: "identity.mother".into(), value: State::Refused.into() },
        ])
        .unwrap()
        .document;
    night.sync(&mut awa);
    night.sync(&mut moussa);
    let (one, other) = (awa.show(case).unwrap(), moussa.show(case).unwrap());
    assert_eq!(one.projection.field("identity.father"), other.projection.field("identity.father"));
    assert_eq!(one.projection.field("identity.mother"), other.projection.field("identity.mother"));
    assert_ne!(other.projection.field("identity.father"), other.projection.field("identity.mother"));
    assert_eq!(one.heads, other.heads);
    night.end();
}
