//! Documents that load and are not as they should be: every reader says so, none panics, none hides what stands beside.

use super::*;
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};

/// Writes past the typed edits, as a stranger's program may.
fn raw(copy: &mut Copy, write: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>) {
    copy.doc.set_actor(ActorId::from(actor(66).as_bytes()));
    let mut tx = copy.doc.transaction();
    write(&mut tx).unwrap();
    tx.commit_with(CommitOptions::default().with_time(i64::MAX));
}

fn at(tx: &Transaction<'_>, path: &[&str]) -> ObjId {
    path.iter().fold(ROOT, |map, key| tx.get(&map, *key).unwrap().unwrap().1)
}

fn read_all(copy: &Copy) {
    for kind in Kind::ALL {
        let _ = (project(kind, &copy.doc), validate(kind, &copy.doc), conflicts(kind, &copy.doc));
    }
}

#[test]
fn every_wrong_value_is_named_with_its_path_and_the_rest_is_read() {
    let mut copy = Copy::new(Kind::Case, 1);
    copy.write(&[
        set("identity.given", "Awa"),
        add("assistance", 1, &[("kind", "food")]),
        add("notes", 2, &[("text", "a")]),
    ]);
    let (food, note) = (entry(1).to_string(), entry(2).to_string());
    raw(&mut copy, |tx| {
        let identity = at(tx, &["identity"]);
        tx.put(&identity, "sex", "x")?;
        tx.put(&identity, "family", 7)?;
        tx.put(&identity, "father", "a".repeat(501))?;
        tx.put_object(&identity, "mother", ObjType::Map)?;
        let called = tx.put_object(&identity, "called", ObjType::Text)?;
        tx.splice_text(&called, 0, 0, "Fanta")?;
        let profile = at(tx, &["profile"]);
        tx.put(&profile, "children", f64::NAN)?;
        tx.put(at(tx, &["birth"]), "date", "year 1991-01-01 declared")?;
        tx.put(at(tx, &["assistance"]), "loose", 1)?;
        let stranger = tx.put_object(at(tx, &["assistance"]), "stranger", ObjType::Map)?;
        tx.put(&stranger, "xof", -5)?;
        tx.put(at(tx, &["assistance", &food]), "quantity", u64::MAX)?;
        tx.put(at(tx, &["notes", &note]), "text", "plain")?;
        tx.put(at(tx, &["urgent"]), "not a code", true)?;
        tx.put(at(tx, &["urgent"]), "nursing", ScalarValue::Null)
    });
    let mut problems = copy.problems();
    problems.sort();
    let expected = [
        (format!("assistance.{food}.quantity"), "value"),
        ("assistance.loose".into(), "entry"),
        ("assistance.stranger".into(), "entry_id"),
        ("assistance.stranger.kind".into(), "required"),
        ("assistance.stranger.xof".into(), "value"),
        ("birth.date".into(), "value"),
        ("identity.called".into(), "text_object"),
        ("identity.family".into(), "value"),
        ("identity.father".into(), "value"),
        ("identity.mother".into(), "value"),
        ("identity.sex".into(), "value"),
        (format!("notes.{note}.text"), "plain_text"),
        ("profile.children".into(), "value"),
        ("urgent.not a code".into(), "value"),
        ("urgent.nursing".into(), "value"),
    ];
    assert_eq!(problems, expected);
    for problem in validate(Kind::Case, &copy.doc) {
        assert!(!problem.message.fr.is_empty() && !problem.message.en.is_empty());
    }
    let read = copy.read();
    assert_eq!((read.text("identity.given"), read.text("identity.called")), (Some("Awa"), Some("Fanta")));
    assert_eq!(read.entries("assistance").len(), 2);
}

#[test]
fn a_container_put_beside_ours_hides_nothing_and_one_put_over_it_is_named() {
    let mut here = Copy::new(Kind::Case, 1);
    let mut there = here.given_to(2);
    here.write(&[set("identity.given", "Awa")]);
    // Concurrently, by a program that knows no constants and an actor that wins.
    raw(&mut there, |tx| {
        let map = tx.put_object(ROOT, "identity", ObjType::Map)?;
        tx.put(&map, "given", "Zz")
    });
    let both = here.merged(&there);
    read_all(&both);
    assert_eq!(there.problems(), [("identity".to_owned(), "container")]);
    assert!(both.problems().contains(&("identity".to_owned(), "container")));
    for key in schema::groups(Kind::Case).iter().map(|group| group.key).chain([schema::META]) {
        for kind_of_damage in 0..3 {
            let mut copy = here.clone();
            raw(&mut copy, |tx| match kind_of_damage {
                0 => tx.delete(ROOT, key),
                1 => tx.put(ROOT, key, "x"),
                _ => tx.put_object(ROOT, key, ObjType::List).map(|_| ()),
            });
            read_all(&copy);
            assert!(copy.problems().iter().any(|(path, _)| path == key), "{key}");
            let edit = if key == "identity" { set("card.site", "GOG") } else { set("identity.family", "Diarra") };
            copy.write(&[edit]);
        }
    }
}

#[test]
fn a_document_of_another_kind_or_of_none_is_said_to_be_so() {
    let movement = Copy::new(Kind::Movement, 1);
    assert_eq!(project(Kind::Case, &movement.doc), Err(ProjectError::NotOfKind(Kind::Case)));
    assert!(validate(Kind::Case, &movement.doc).iter().any(|problem| problem.code == "not_of_kind"));
    let nothing = Copy { doc: Automerge::new(), ..movement };
    read_all(&nothing);
    assert!(project(Kind::Case, &nothing.doc).is_err());
    let mut foreign = nothing.clone();
    assert_eq!(foreign.try_write(&[set("trip.mode", "road")]), Err(EditError::NotOfKind(Kind::Movement)));
}

#[test]
fn too_much_of_anything_is_named() {
    let mut copy = Copy::new(Kind::Case, 1);
    raw(&mut copy, |tx| {
        let (identity, urgent) = (at(tx, &["identity"]), at(tx, &["urgent"]));
        for n in 0..=crate::limits::UNKNOWN_KEYS_MAX {
            tx.put(&identity, format!("key{n}"), 1)?;
        }
        for n in 0..=crate::limits::GROUP_ITEMS_MAX {
            tx.put(&urgent, format!("need{n}"), true)?;
        }
        let outcome = at(tx, &["outcome"]);
        for n in 0..=crate::limits::OUTCOME_STEPS_MAX {
            tx.put_object(&outcome, EntryId::new((n as u64).to_be_bytes()).to_string(), ObjType::Map)?;
        }
        Ok(())
    });
    let problems = copy.problems();
    assert!(problems.contains(&(String::new(), "too_many_unknown")), "{problems:?}");
    assert!(problems.contains(&("urgent".to_owned(), "too_many")));
    assert!(problems.contains(&("outcome".to_owned(), "too_many")));
}

#[test]
fn any_scalar_at_any_place_is_read_without_a_panic() {
    let scalars = || {
        vec![
            ScalarValue::Null,
            ScalarValue::Boolean(false),
            ScalarValue::Int(i64::MIN),
            ScalarValue::Uint(u64::MAX),
            ScalarValue::F64(f64::INFINITY),
            ScalarValue::F64(-1e300),
            ScalarValue::Timestamp(i64::MIN),
            ScalarValue::counter(1),
            ScalarValue::Bytes(vec![255; 9]),
            ScalarValue::Str("".into()),
            ScalarValue::Str("day 0000-00-00 document".into()),
            ScalarValue::Str("age_only 999 declared 9999-12-31".into()),
            ScalarValue::Str("?".into()),
            ScalarValue::Str("\u{0}".into()),
            ScalarValue::Str("a:b:c/d e".into()),
            ScalarValue::Str("2024-04-30T".into()),
            ScalarValue::Str("clock é".into()),
        ]
    };
    for kind in Kind::ALL {
        for scalar in scalars() {
            let mut copy = Copy::new(kind, 1);
            raw(&mut copy, |tx| {
                for group in schema::groups(kind) {
                    let map = at(tx, &[group.key]);
                    let map = if group.has_entries() {
                        tx.put_object(&map, entry(1).to_string(), ObjType::Map)?
                    } else {
                        map
                    };
                    for key in group.fields.iter().chain(schema::COMMON).map(|field| field.key).chain(["?"]) {
                        tx.put(&map, key, scalar.clone())?;
                    }
                }
                Ok(())
            });
            read_all(&copy);
            assert!(!copy.problems().is_empty() || scalar == ScalarValue::Str("?".into()), "{kind} {scalar:?}");
        }
    }
}
