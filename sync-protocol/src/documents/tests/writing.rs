//! One call, one change; at the heads that were shown; by an actor whose last change was shown.

use super::*;
use automerge::Change;
use serde_json::json;

/// About thirty fields, as a clerk at the gate fills them in.
fn intake() -> Vec<Edit> {
    let birth: Birth = "year 1991 declared".parse().unwrap();
    let place = PlaceCode { code: "ML0106".into(), scheme: "cod".into(), vintage: 2021 };
    vec![
        set("card.code", "GOG-24-K7-0042-Y"),
        set("card.site", "GOG"),
        set("identity.given", "Fatoumata"),
        set("identity.family", "Traoré"),
        set("identity.called", "Fanta"),
        set("identity.father", "Moussa"),
        set("identity.mother", "Aminata Diarra"),
        set("identity.sex", "f"),
        set("birth.date", Value::from(birth)),
        set("birth.place", "Nioro"),
        set("birth.nationality", "MLI"),
        set("origin.village", "Fardougou"),
        set("origin.place", Value::from(place)),
        set("destination.village", "Diamou"),
        set("destination.with", "deux enfants"),
        set("journey.last_country", "MRT"),
        add("documents", 1, &[("type", "none")]),
        add("arrivals", 2, &[("point", "gogui"), ("category", "expulsion"), ("on", "2024-04-30")]),
        add("consent", 3, &[("purpose", "registration"), ("decision", "granted"), ("by", "self"), ("method", "thumb")]),
        add("assistance", 4, &[("kind", "water"), ("item", "1,5 l")]),
        add("outcome", 6, &[("step", "present")]),
        include("urgent", "nursing"),
    ]
}

#[test]
fn one_call_makes_one_change_of_the_right_size_and_place() {
    let mut copy = Copy::new(Kind::Case, 1);
    let first = copy.write(&intake());
    let second = copy.write(&[set("identity.given", "Fanta")]);
    assert_eq!(edit::heads(&copy.doc), [second.hash]);
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.deps, constant_hashes(Kind::Case));
    assert_eq!(second.deps, [first.hash]);
    assert!((450..=700).contains(&first.raw.len()), "an intake is {} bytes", first.raw.len());
    assert!(second.raw.len() <= 140, "one field is {} bytes", second.raw.len());
    let change = Change::from_bytes(second.raw).unwrap();
    assert_eq!(change.hash().0, *second.hash.as_bytes());
    let before = Change::from_bytes(first.raw).unwrap();
    assert_eq!(change.start_op().get(), before.max_op() + 1);
    assert_eq!(change.timestamp(), NOON.plus(120_000).0 / 1_000);
    assert!(change.message().is_none());
    assert_eq!(copy.problems(), []);
}

#[test]
fn debug_forms_name_no_content() {
    let mut copy = Copy::new(Kind::Case, 1);
    copy.write(&intake());
    let printed = format!("{:?} {:?} {:?} {:?}", intake(), copy.read(), copy.read().summary(), copy.conflicts());
    for secret in ["Fatoumata", "Traoré", "1991", "Fardougou", "thumb"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn the_same_edits_give_the_same_bytes() {
    let (mut one, mut other) = (Copy::new(Kind::Case, 1), Copy::new(Kind::Case, 1));
    assert_eq!(one.write(&intake()), other.write(&intake()));
}

#[test]
fn an_edit_at_the_heads_that_were_shown_keeps_what_came_in_between() {
    let mut here = Copy::new(Kind::Case, 1);
    here.write(&[set("identity.given", "Awa")]);
    let shown = edit::heads(&here.doc);
    let mut there = here.given_to(2);
    there.write(&[set("identity.given", "Hawa"), set("identity.sex", "f")]);
    // The other change arrives while the form is open.
    here.merge(&there);
    let committed = apply(&mut here.doc, Kind::Case, &shown, actor(1), NOON, &[set("identity.given", "Ava")]).unwrap();
    assert_eq!(committed.deps, shown);
    let conflicts = here.conflicts();
    assert_eq!(conflicts.len(), 1);
    let values: Vec<_> = conflicts[0].values.iter().filter_map(|value| value.value.value()?.as_text()).collect();
    assert_eq!(values, ["Ava", "Hawa"]);
    assert_eq!(here.read().text("identity.sex"), Some("f"));
    // Choosing at the heads that show both is an ordinary edit, also when it is the winner that is chosen.
    here.write(&[set("identity.given", "Hawa")]);
    assert_eq!(here.conflicts(), []);
    assert_eq!(here.read().text("identity.given"), Some("Hawa"));
}

#[test]
fn why_there_is_no_note_is_no_problem_of_the_document() {
    let mut copy = Copy::new(Kind::Case, 1);
    let values = values(&[("text", State::Refused.into())]);
    copy.write(&[Edit::Add { group: "notes".to_owned(), entry: entry(1), values, at: None, from: None }]);
    assert_eq!(copy.problems(), []);
}

#[test]
fn an_actor_whose_last_change_was_not_shown_is_refused() {
    let mut copy = Copy::new(Kind::Case, 1);
    let shown = edit::heads(&copy.doc);
    copy.write(&[set("identity.given", "Awa")]);
    let saved = copy.doc.save();
    let edits = [set("identity.given", "Ava")];
    assert!(!actor_fits(&copy.doc, &shown, actor(1)));
    assert_eq!(apply(&mut copy.doc, Kind::Case, &shown, actor(1), NOON, &edits), Err(EditError::ActorNotAtHeads));
    assert_eq!(copy.doc.save(), saved);
    assert!(actor_fits(&copy.doc, &shown, actor(2)));
    let committed = apply(&mut copy.doc, Kind::Case, &shown, actor(2), NOON, &edits).unwrap();
    assert_eq!((committed.deps, committed.seq), (shown, 1));
    assert!(actor_fits(&copy.doc, &edit::heads(&copy.doc), actor(1)));
}

#[test]
fn what_cannot_be_written_is_said_and_changes_nothing() {
    let mut copy = Copy::new(Kind::Case, 1);
    copy.write(&[set("card.code", "GOG-24-K7-0042-Y"), add("assistance", 1, &[("kind", "food")])]);
    let saved = copy.doc.save();
    let long = "a".repeat(501);
    let wrong: Vec<(Edit, &str, &str)> = vec![
        (set("card.code", "GOG-24-K7-0043-W"), "edit-once", "card.code"),
        (set("identity.given", ""), "edit-invalid", "identity.given"),
        (set("identity.given", long.as_str()), "edit-invalid", "identity.given"),
        (set("identity.given", "?refused"), "edit-invalid", "identity.given"),
        (set("identity.given", 4), "edit-invalid", "identity.given"),
        (set("identity.sex", "x"), "edit-invalid", "identity.sex"),
        (set("identity.colour", "x"), "edit-invalid", "identity.colour"),
        (set("religion.name", "x"), "edit-invalid", "religion"),
        (set("identity", "x"), "edit-invalid", "identity"),
        (set("assistance.kind", "x"), "edit-invalid", "assistance"),
        (set("profile.children", 100), "edit-invalid", "profile.children"),
        (add("assistance", 1, &[("kind", "food")]), "edit-entry-exists", "assistance"),
        (add("assistance", 2, &[("item", "rice")]), "edit-invalid", "assistance"),
        (add("assistance", 2, &[("kind", "food"), ("void", "x")]), "edit-invalid", "void"),
        (add("identity", 2, &[]), "edit-invalid", "identity"),
        (void("assistance", 9), "edit-no-entry", "assistance"),
        (include("urgent", "not a code"), "edit-invalid", "urgent"),
        (include("identity", "x"), "edit-invalid", "identity"),
        (
            Edit::Amend { group: "assistance".into(), entry: entry(1), field: "kind".into(), value: "water".into() },
            "edit-invalid",
            "kind",
        ),
        (exclude("urgent", "nursing"), "edit-nothing-changed", ""),
    ];
    for (edit, code, path) in wrong {
        let error = copy.try_write(&[set("identity.father", "Moussa"), edit.clone()]);
        let error = if code == "edit-nothing-changed" { copy.try_write(std::slice::from_ref(&edit)) } else { error };
        let Err(error) = error else {
            panic!("written: {edit:?}");
        };
        assert_eq!(error.code(), code, "{edit:?}: {error}");
        assert!(error.to_string().contains(path), "{error}");
        if code != "edit-nothing-changed" {
            assert_eq!(copy.doc.save(), saved, "{edit:?}");
        }
        copy.doc = Automerge::load(&saved).unwrap();
    }
    assert_eq!(copy.try_write(&[]), Err(EditError::Empty));
    let mut movement = Copy::new(Kind::Movement, 1);
    movement.kind = Kind::Case;
    assert_eq!(movement.try_write(&[include("notes", "x")]).unwrap_err().code(), "edit-invalid");
    assert_eq!(movement.try_write(&[set("card.site", "GOG")]), Err(EditError::NotOfKind(Kind::Case)));
}

#[test]
fn edits_have_this_json_for_ever() {
    let birth: Birth = "age_only 34 declared 2024-04-30".parse().unwrap();
    let when = When { at: "2024-04-30T14:25".into(), source: WhenSource::Paper };
    let case = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
    let other = EntryRef { case, group: "assistance".into(), entry: entry(7) };
    let edits = vec![
        set("identity.given", "Awa"),
        set("identity.mother", State::AskLater),
        set("birth.date", Value::from(birth)),
        Edit::Add {
            group: "assistance".into(),
            entry: entry(1),
            values: values(&[("kind", "food".into()), ("quantity", 2.into())]),
            at: Some(when),
            from: Some(other.clone()),
        },
        Edit::Amend { group: "stays".into(), entry: entry(1), field: "to_on".into(), value: "2024-05-01".into() },
        Edit::Rewrite {
            group: "notes".into(),
            entry: entry(1),
            field: "text".into(),
            before: "a".into(),
            after: "b".into(),
        },
        Edit::Void { group: "assistance".into(), entry: entry(1), reason: "autre personne".into(), to: Some(other) },
        Edit::Decide { group: "assistance".into(), entry: entry(1), stands: false },
        Edit::Include { set: "urgent".into(), member: "child_alone".into(), value: Some("2024-05-01".into()) },
        exclude("urgent", "nursing"),
    ];
    let json = json!([
        {"edit": "set", "field": "identity.given", "value": "Awa"},
        {"edit": "set", "field": "identity.mother", "value": {"state": "ask_later"}},
        {"edit": "set", "field": "birth.date",
            "value": {"precision": "age_only", "value": "34", "source": "declared", "as_of": "2024-04-30"}},
        {"edit": "add", "group": "assistance", "entry": "AQEBAQEBAQE", "values": {"kind": "food", "quantity": 2},
            "at": {"at": "2024-04-30T14:25", "source": "paper"},
            "from": {"case": "0f8fad5b-d9cb-469f-a165-70867728950e", "group": "assistance", "entry": "BwcHBwcHBwc"}},
        {"edit": "amend", "group": "stays", "entry": "AQEBAQEBAQE", "field": "to_on", "value": "2024-05-01"},
        {"edit": "rewrite", "group": "notes", "entry": "AQEBAQEBAQE", "field": "text", "before": "a", "after": "b"},
        {"edit": "void", "group": "assistance", "entry": "AQEBAQEBAQE", "reason": "autre personne",
            "to": {"case": "0f8fad5b-d9cb-469f-a165-70867728950e", "group": "assistance", "entry": "BwcHBwcHBwc"}},
        {"edit": "decide", "group": "assistance", "entry": "AQEBAQEBAQE", "stands": false},
        {"edit": "include", "set": "urgent", "member": "child_alone", "value": "2024-05-01"},
        {"edit": "exclude", "set": "urgent", "member": "nursing"},
    ]);
    assert_eq!(serde_json::to_value(&edits).unwrap(), json);
    assert_eq!(serde_json::from_value::<Vec<Edit>>(json).unwrap(), edits);
    for edit in &edits {
        check_edit(Kind::Case, edit).unwrap();
    }
}
