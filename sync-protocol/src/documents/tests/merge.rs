//! What becomes of concurrent work, group by group.

use super::*;
use automerge::{Change, ReadDoc};
use rand::SeedableRng;
use rand::seq::SliceRandom;

fn consent(n: u8, decision: &str, over: &[u8]) -> Edit {
    let mut fields = vec![("purpose", Answer::from("tracing")), ("decision", decision.into())];
    if !over.is_empty() {
        let over: Vec<EntryId> = over.iter().map(|n| entry(*n)).collect();
        fields.push(("over", Answer::from(over)));
    }
    Edit::Add { group: "consent".into(), entry: entry(n), values: values(&fields), at: None, from: None }
}

fn standing(copy: &Copy, group: &str) -> Vec<rules::Standing> {
    copy.read().entries(group).iter().map(|entry| entry.standing).collect()
}

#[test]
fn two_sites_that_open_one_case_before_either_has_synced_keep_every_field() {
    for kind in Kind::ALL {
        let (mut here, mut there) = (Copy::new(kind, 1), Copy::new(kind, 2));
        here.write(&[add("sources", 1, &[("paper", "17")])]);
        there.write(&[add("sources", 2, &[("paper", "18")])]);
        let both = here.merged(&there).read();
        assert_eq!(both.entries("sources").len(), 2, "{kind}");
    }
    let (mut gogui, mut kayes) = (Copy::new(Kind::Case, 1), Copy::new(Kind::Case, 2));
    gogui.write(&[set("identity.given", "Awa"), set("card.site", "GOG"), include("urgent", "nursing")]);
    kayes.write(&[set("identity.family", "Traoré"), add("arrivals", 1, &[("point", "kayes")])]);
    kayes.write(&[include("urgent", "disability")]);
    let both = gogui.merged(&kayes);
    let read = both.read();
    assert_eq!(read, kayes.merged(&gogui).read());
    assert_eq!(read.text("identity.given"), Some("Awa"));
    assert_eq!(read.text("identity.family"), Some("Traoré"));
    assert_eq!(read.entries("arrivals").len(), 1);
    assert_eq!(read.fields("urgent").unwrap().keys().collect::<Vec<_>>(), ["disability", "nursing"]);
    assert_eq!((both.conflicts(), both.problems()), (vec![], vec![]));
}

#[test]
fn concurrent_values_are_all_shown_with_who_and_when() {
    let mut here = Copy::new(Kind::Case, 1);
    let mut there = here.given_to(2);
    let first = here.write(&[set("identity.given", "Awa"), set("identity.sex", "f")]);
    there.write(&[set("identity.family", "Diarra")]);
    let second = there.write(&[set("identity.given", "Hawa"), set("identity.sex", "f")]);
    let both = here.merged(&there);
    let conflicts = both.conflicts();
    assert_eq!(conflicts.len(), 1, "the same value twice is no conflict");
    assert_eq!(conflicts[0].path, "identity.given");
    assert_eq!(conflicts[0].label.fr, "Prénoms");
    let found: Vec<_> =
        conflicts[0].values.iter().map(|v| (v.value.clone(), v.change, v.actor, v.at, v.winner)).collect();
    assert_eq!(
        found,
        [
            ("Awa".into(), first.hash, actor(1), NOON.plus(60_000), false),
            ("Hawa".into(), second.hash, actor(2), NOON.plus(120_000), true),
        ]
    );
    let read = both.read();
    assert!(read.field("identity.given").unwrap().conflict);
    assert!(!read.field("identity.sex").unwrap().conflict);
}

#[test]
fn that_nobody_asked_never_stands_against_a_value() {
    for (state, conflict) in
        [(State::NotAsked, false), (State::AskLater, false), (State::Refused, true), (State::DoesNotKnow, true)]
    {
        // Whoever has the higher actor wins in Automerge: try it both ways.
        for (asks, knows) in [(1, 2), (2, 1)] {
            let mut asking = Copy::new(Kind::Case, asks);
            let mut knowing = asking.given_to(knows);
            asking.write(&[set("identity.mother", state)]);
            knowing.write(&[set("identity.mother", "Aminata")]);
            let both = asking.merged(&knowing);
            assert_eq!(both.conflicts().len(), usize::from(conflict), "{state:?}");
            assert_eq!(both.read().field("identity.mother").unwrap().conflict, conflict);
            if !conflict {
                assert_eq!(both.read().text("identity.mother"), Some("Aminata"));
            }
        }
    }
}

#[test]
fn what_is_put_in_again_while_another_takes_it_out_stays() {
    let mut here = Copy::new(Kind::Case, 1);
    here.write(&[include("urgent", "nursing"), include("urgent", "disability")]);
    let mut there = here.given_to(2);
    there.write(&[exclude("urgent", "nursing"), exclude("urgent", "disability")]);
    here.write(&[include("urgent", "nursing")]);
    let read = here.merged(&there).read();
    assert_eq!(read.fields("urgent").unwrap().keys().collect::<Vec<_>>(), ["nursing"]);
}

#[test]
fn an_entry_voided_while_somebody_worked_on_it_counts_until_decided() {
    let mut here = Copy::new(Kind::Case, 1);
    here.write(&[add("assistance", 1, &[("kind", "food")]), add("assistance", 2, &[("kind", "water")])]);
    let mut there = here.given_to(2);
    let proof = |copy: &mut Copy| {
        copy.write(&[Edit::Amend {
            group: "assistance".into(),
            entry: entry(1),
            field: "proof".into(),
            value: "bon 12".into(),
        }])
    };
    proof(&mut there);
    here.write(&[void("assistance", 1), void("assistance", 2)]);
    assert_eq!(standing(&here, "assistance"), [rules::Standing::Voided; 2]);
    let mut both = here.merged(&there);
    assert_eq!(standing(&both, "assistance"), [rules::Standing::Disputed, rules::Standing::Voided]);
    let read = both.read();
    assert!(read.entries("assistance")[0].counts() && !read.entries("assistance")[1].counts());
    assert_eq!(read.flags.iter().map(|flag| flag.code).collect::<Vec<_>>(), ["disputed_void"]);
    for (stands, expected) in [(true, rules::Standing::Stands), (false, rules::Standing::Voided)] {
        both.write(&[Edit::Decide { group: "assistance".into(), entry: entry(1), stands }]);
        assert_eq!(standing(&both, "assistance")[0], expected);
        assert_eq!(both.read().flags, []);
    }
    // Work that goes on beside the decision reopens it.
    let mut again = there.given_to(3);
    again.write(&[Edit::Amend {
        group: "assistance".into(),
        entry: entry(1),
        field: "proof".into(),
        value: "bon 13".into(),
    }]);
    assert_eq!(standing(&both.merged(&again), "assistance")[0], rules::Standing::Disputed);
}

#[test]
fn the_most_restrictive_of_concurrent_consents_wins_until_one_that_has_seen_it() {
    let mut here = Copy::new(Kind::Case, 1);
    here.write(&[consent(1, "granted", &[])]);
    let mut there = here.given_to(2);
    here.write(&[consent(2, "withdrawn", &[1])]);
    there.write(&[consent(3, "granted", &[1])]);
    let mut both = here.merged(&there);
    let held = both.read().consents().to_vec();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].decision.as_str(), held[0].conflict), ("withdrawn", true));
    assert_eq!(held[0].entries, [entry(2).to_string(), entry(3).to_string()]);
    both.write(&[consent(4, "granted", &[2, 3])]);
    let held = both.read().consents().to_vec();
    assert_eq!((held[0].decision.as_str(), held[0].conflict), ("granted", false));
    // A grant that has not seen the withdrawal changes nothing, however late its clock.
    there.at = there.at.plus(Millis::DAY);
    there.write(&[consent(5, "granted", &[3])]);
    assert_eq!(here.merged(&there).read().consents()[0].decision, "withdrawn");
}

#[test]
fn the_latest_step_stands_by_causality_and_beside_it_the_one_that_stops() {
    let mut here = Copy::new(Kind::Case, 2);
    here.at = NOON.plus(Millis::DAY);
    here.write(&[add("outcome", 1, &[("step", "present")])]);
    let mut there = here.given_to(1);
    there.at = NOON;
    there.write(&[add("outcome", 2, &[("step", "died")])]);
    let status = |copy: &Copy| {
        let outcome = copy.read().outcome().unwrap().clone();
        (outcome.step.unwrap_or_default(), outcome.stopped)
    };
    assert_eq!(status(&there), ("died".into(), true), "a clock that is a day late decides nothing");
    here.write(&[add("outcome", 3, &[("step", "follow_up")])]);
    let mut both = here.merged(&there);
    assert_eq!(status(&both), ("died".into(), true));
    let flags = both.read().flags;
    assert_eq!(flags.len(), 1);
    assert_eq!((flags[0].path.clone(), flags[0].code), (format!("outcome.{}", entry(3)), "beside_a_stop"));
    // It was a mistake: the case goes on.
    both.write(&[void("outcome", 2)]);
    assert_eq!((status(&both), both.read().flags), (("follow_up".into(), false), vec![]));
}

#[test]
fn clerks_tallies_are_summed_and_announced_is_not_counted() {
    let mut here = Copy::new(Kind::Movement, 1);
    let count = |n: u8, men: i64, boys: i64| Edit::Add {
        group: "counted".into(),
        entry: entry(n),
        values: values(&[("men", men.into()), ("boys", boys.into())]),
        at: None,
        from: None,
    };
    here.write(&[set("announced.total", 120), count(1, 60, 4)]);
    let mut there = here.given_to(2);
    there.write(&[count(2, 42, 0)]);
    here.write(&[Edit::Amend { group: "counted".into(), entry: entry(1), field: "men".into(), value: 59.into() }]);
    let project::Derived::Movement { counted, .. } = here.merged(&there).read().derived else { panic!() };
    assert_eq!((counted["men"], counted["boys"], counted["girls"]), (101, 4, 0));
}

#[test]
fn a_movement_tells_absent_unlisted_and_lost_on_the_way() {
    let case = |n: u8| crate::ids::DocumentId::new([n; 16]).to_string();
    let mut here = Copy::new(Kind::Movement, 1);
    here.write(&[include("expected", &case(1)), include("expected", &case(2)), include("boarded", &case(2))]);
    here.write(&[include("boarded", &case(3)), include("arrived", &case(3))]);
    let project::Derived::Movement { absent, unlisted, not_arrived, .. } = here.read().derived else { panic!() };
    assert_eq!(absent.into_iter().collect::<Vec<_>>(), [case(1), case(2)]);
    assert_eq!(unlisted.into_iter().collect::<Vec<_>>(), [case(3)]);
    assert_eq!(not_arrived.into_iter().collect::<Vec<_>>(), [case(2)]);
}

#[test]
fn the_most_careful_of_concurrent_verdicts_stands() {
    let verdict = |copy: &Copy| match copy.read().derived {
        project::Derived::Link { verdict } => verdict,
        _ => panic!(),
    };
    let mut here = Copy::new(Kind::Link, 1);
    let mut there = here.given_to(2);
    here.write(&[set("link.verdict", "different")]);
    there.write(&[set("link.verdict", "same")]);
    let mut both = here.merged(&there);
    assert_eq!((verdict(&there), verdict(&both), both.conflicts().len()), ("same".into(), "different".into(), 1));
    both.write(&[set("link.verdict", "same")]);
    assert_eq!((verdict(&both), both.conflicts().len()), ("same".into(), 0));
}

#[test]
fn a_note_merges_letter_by_letter_and_nothing_of_it_is_lost_in_a_replay() {
    let rewrite = |before: &str, after: &str| Edit::Rewrite {
        group: "notes".into(),
        entry: entry(1),
        field: "text".into(),
        before: before.into(),
        after: after.into(),
    };
    let mut here = Copy::new(Kind::Case, 1);
    here.write(&[add("notes", 1, &[("text", "Vue à Gogui.")])]);
    let mut there = here.given_to(2);
    here.write(&[rewrite("Vue à Gogui.", "Vue à Gogui. Fatiguée.")]);
    there.write(&[rewrite("Vue à Gogui.", "Vue hier à Gogui.")]);
    let text = |copy: &Copy| copy.read().entries("notes")[0].text("text").unwrap().to_owned();
    let mut both = here.merged(&there);
    assert_eq!(text(&both), "Vue hier à Gogui. Fatiguée.");
    both.write(&[rewrite("Vue à Gogui.", "Vue à Gogui, toussait.")]);
    assert_eq!(text(&both), "Vue hier à Gogui. Fatiguée.\nVue à Gogui, toussait.");
    assert_eq!(both.problems(), []);
}

#[test]
fn the_same_changes_in_any_order_read_the_same() {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let steps: Vec<Box<dyn Fn(u8) -> Edit>> = vec![
        Box::new(|n| set("identity.given", format!("Awa {n}").as_str())),
        Box::new(|n| add("assistance", n, &[("kind", "food")])),
        Box::new(|n| add("outcome", n, &[("step", if n % 3 == 0 { "died" } else { "present" })])),
        Box::new(|n| consent(n, if n % 2 == 0 { "withdrawn" } else { "granted" }, &[n.saturating_sub(1)])),
        Box::new(|n| if n % 2 == 0 { include("urgent", "nursing") } else { exclude("urgent", "nursing") }),
        Box::new(|_| void("assistance", 0)),
        Box::new(|n| set("identity.mother", if n % 2 == 0 { State::Refused } else { State::AskLater })),
    ];
    let mut start = Copy::new(Kind::Case, 0);
    start.write(&[add("assistance", 0, &[("kind", "water")])]);
    for round in 0..20_u8 {
        let mut copies: Vec<Copy> = (1..=3).map(|n| start.given_to(n)).collect();
        for turn in 0..12_u8 {
            let at = usize::from(turn.wrapping_mul(7).wrapping_add(round)) % copies.len();
            let step = &steps[usize::from(turn.wrapping_add(round)) % steps.len()];
            // Taking out what is not there is no change.
            let _ = copies[at].try_write(&[step(turn + 1)]);
            if turn % 4 == 3 {
                let other = copies[(at + 1) % 3].clone();
                copies[at].merge(&other);
            }
        }
        let mut all = copies[0].merged(&copies[1]);
        all.merge(&copies[2]);
        let expected = (all.read(), all.conflicts(), all.problems());
        let mut changes: Vec<Change> = all.doc.get_changes(&[]);
        for _ in 0..5 {
            changes.shuffle(&mut random);
            let mut other = Copy { doc: Automerge::new(), ..all.clone() };
            for change in &changes {
                other.doc.apply_changes([change.clone()]).unwrap();
            }
            assert!(other.doc.get_missing_deps(&[]).is_empty());
            assert_eq!((other.read(), other.conflicts(), other.problems()), expected);
        }
        let loaded = Copy { doc: Automerge::load(&all.doc.save()).unwrap(), ..all };
        assert_eq!((loaded.read(), loaded.conflicts(), loaded.problems()), expected);
    }
}
