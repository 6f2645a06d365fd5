//! What a projection shows: values and why there is none, where facts come from, summaries, and what it does not know.

use super::*;
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, ObjType, ROOT, ReadDoc};
use serde_json::json;

#[test]
fn a_value_and_every_reason_for_none_are_kept_apart() {
    let mut copy = Copy::new(Kind::Case, 1);
    let states = [State::DoesNotKnow, State::Refused, State::NotAsked, State::AskLater];
    for state in states {
        copy.write(&[set("identity.mother", state)]);
        assert_eq!(copy.read().field("identity.mother").unwrap().value, Answer::from(state));
        assert_eq!(copy.read().text("identity.mother"), None);
    }
    assert_eq!(copy.read().field("identity.father"), None);
    copy.write(&[set("identity.mother", "?")]);
    assert_eq!(copy.read().text("identity.mother"), Some("?"));
    assert_eq!(copy.problems(), []);
}

#[test]
fn a_projection_has_this_json() {
    let mut copy = Copy::new(Kind::Case, 1);
    let birth: Birth = "year 1991 declared".parse().unwrap();
    let when = When { at: "2024-04-29".into(), source: WhenSource::Declared };
    copy.write(&[
        set("identity.given", "Awa"),
        set("identity.mother", State::Refused),
        set("birth.date", Value::from(birth)),
        include("urgent", "nursing"),
        Edit::Add {
            group: "assistance".into(),
            entry: entry(1),
            values: values(&[("kind", "food".into()), ("quantity", 2.into())]),
            at: Some(when),
            from: None,
        },
        add("outcome", 2, &[("step", "present")]),
    ]);
    let (at, by) = (NOON.plus(60_000).0, actor(1).to_string());
    let field = |value: serde_json::Value| json!({"value": value, "at": at, "by": by});
    let expected = json!({
        "kind": "case",
        "version": 1,
        "groups": {
            "identity": {"given": field(json!("Awa")), "mother": field(json!({"state": "refused"}))},
            "birth": {"date": field(json!({"precision": "year", "value": "1991", "source": "declared"}))},
            "urgent": {"nursing": field(json!(true))},
            "assistance": [{
                "entry": "AQEBAQEBAQE", "standing": "stands", "at": at, "by": by,
                "happened": {"at": "2024-04-29", "source": "declared"},
                "fields": {"kind": field(json!("food")), "quantity": field(json!(2))},
            }],
            "outcome": [{
                "entry": "AgICAgICAgI", "standing": "stands", "at": at, "by": by,
                "fields": {"step": field(json!("present"))},
            }],
        },
        "derived": {"consent": [], "outcome": {"step": "present", "stopped": false, "side_by_side": []}},
        "flags": [],
        "unknown": [],
    });
    assert_eq!(serde_json::to_value(copy.read()).unwrap(), expected);
    assert_eq!(copy.read().entries("outcome")[0].when().at, "2024-04-30T12:01");
}

#[test]
fn what_was_typed_from_paper_says_from_which() {
    let mut copy = Copy::new(Kind::Case, 1);
    let paper = Edit::Add {
        group: "sources".into(),
        entry: entry(9),
        values: values(&[("by", "Mme Diarra".into()), ("paper", "A-017".into())]),
        at: Some(When { at: "2024-04-28".into(), source: WhenSource::Paper }),
        from: None,
    };
    copy.write(&[paper, set("identity.given", "Awa"), add("assistance", 1, &[("kind", "food")])]);
    copy.write(&[set("identity.family", "Traoré")]);
    let read = copy.read();
    let source = Some(entry(9).to_string());
    assert_eq!(read.field("identity.given").unwrap().source, source);
    assert_eq!(read.entries("assistance")[0].source, source);
    assert_eq!(read.field("identity.family").unwrap().source, None);
}

#[test]
fn an_entry_on_the_wrong_person_is_voided_and_copied_each_pointing_at_the_other() {
    let (right, wrong) = (crate::ids::DocumentId::new([1; 16]), crate::ids::DocumentId::new([2; 16]));
    let reference = |case, n| EntryRef { case, group: "assistance".into(), entry: entry(n) };
    let mut mistaken = Copy::new(Kind::Case, 1);
    mistaken.write(&[add("assistance", 1, &[("kind", "food")])]);
    mistaken.write(&[Edit::Void {
        group: "assistance".into(),
        entry: entry(1),
        reason: "autre personne".into(),
        to: Some(reference(right, 2)),
    }]);
    let mut meant = Copy::new(Kind::Case, 1);
    meant.write(&[Edit::Add {
        group: "assistance".into(),
        entry: entry(2),
        values: values(&[("kind", "food".into())]),
        at: None,
        from: Some(reference(wrong, 1)),
    }]);
    let (mistaken, meant) = (mistaken.read(), meant.read());
    let old = &mistaken.entries("assistance")[0];
    assert_eq!((old.counts(), old.copied_to.clone()), (false, Some(reference(right, 2))));
    assert_eq!(old.void.as_ref().unwrap().value, "autre personne".into());
    assert_eq!(meant.entries("assistance")[0].copied_from, Some(reference(wrong, 1)));
}

#[test]
fn a_summary_says_what_a_list_shows() {
    let mut copy = Copy::new(Kind::Case, 1);
    assert_eq!(copy.read().summary().name, "");
    copy.write(&[set("identity.called", "Fanta")]);
    assert_eq!(copy.read().summary().name, "Fanta");
    let birth: Birth = "approximate 1960 estimated".parse().unwrap();
    copy.write(&[
        set("card.code", "GOG-24-K7-0042-Y"),
        set("card.site", "GOG"),
        set("identity.given", "Fatoumata"),
        set("identity.family", "Traoré"),
        set("identity.sex", "f"),
        set("birth.date", Value::from(birth)),
        add("outcome", 1, &[("step", "present")]),
    ]);
    let summary = copy.read().summary();
    assert_eq!((summary.code.as_deref(), summary.name.as_str()), (Some("GOG-24-K7-0042-Y"), "Fatoumata Traoré"));
    assert_eq!((summary.sex.as_deref(), summary.site.as_deref()), (Some("f"), Some("GOG")));
    assert_eq!(summary.birth_words.unwrap().fr, "vers 1960 (estimé)");
    assert_eq!(summary.status.as_deref(), Some("present"));
}

/// A document of a later version: a second constant that depends on the first, a new group in it, and a new field and entry
/// field in groups that this version knows.
fn of_a_later_version() -> Copy {
    let mut copy = Copy::new(Kind::Case, 5);
    copy.write(&[add("assistance", 1, &[("kind", "food")])]);
    let mut constant = blank(Kind::Case).with_actor(ActorId::from(constant::CONSTANT_ACTOR));
    let mut tx = constant.transaction();
    let (_, meta) = tx.get(ROOT, schema::META).unwrap().unwrap();
    tx.put(&meta, "version", 2).unwrap();
    tx.put_object(ROOT, "reintegration", ObjType::Map).unwrap();
    tx.commit_with(CommitOptions::default().with_time(0));
    copy.doc.merge(&mut constant).unwrap();
    copy.doc.set_actor(ActorId::from(actor(5).as_bytes()));
    let mut tx = copy.doc.transaction();
    let (_, map) = tx.get(ROOT, "reintegration").unwrap().unwrap();
    tx.put(&map, "plan", "élevage").unwrap();
    let (_, map) = tx.get(ROOT, "identity").unwrap().unwrap();
    tx.put(&map, "clan", "Traoré").unwrap();
    let (_, map) = tx.get(ROOT, "assistance").unwrap().unwrap();
    let (_, map) = tx.get(&map, entry(1).to_string()).unwrap().unwrap();
    tx.put(&map, "colour", "bleu").unwrap();
    tx.commit();
    copy
}

#[test]
fn fields_of_a_newer_version_survive_an_edit_by_an_older_one() {
    let newer = of_a_later_version();
    let mut here = newer.given_to(1);
    here.write(&[set("identity.given", "Awa"), void("assistance", 1), set("profile.trade", "berger")]);
    let read = here.read();
    assert_eq!(read.version, 2);
    assert_eq!(read.text("identity.given"), Some("Awa"));
    assert_eq!(
        read.unknown,
        ["reintegration".to_owned(), "identity.clan".into(), format!("assistance.{}.colour", entry(1))]
    );
    assert_eq!(here.problems(), []);
    let text = |path: &[&str]| {
        let mut map = ROOT;
        for key in path {
            map = here.doc.get(&map, *key).unwrap().unwrap().1;
        }
        map
    };
    let entry = entry(1).to_string();
    for (path, key, value) in [
        (vec!["reintegration"], "plan", "élevage"),
        (vec!["identity"], "clan", "Traoré"),
        (vec!["assistance", &entry], "colour", "bleu"),
    ] {
        let (found, _) = here.doc.get(text(&path), key).unwrap().unwrap();
        assert_eq!(found.as_str(), Some(value));
    }
}
