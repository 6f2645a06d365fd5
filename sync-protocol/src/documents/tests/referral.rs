//! The referral: facts that somebody chose, a consent whose withdrawal nothing undoes, steps, feedback.

use super::*;
use crate::ids::PartnerCode;

const CASE: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn referral() -> Copy {
    let mut copy = Copy::new(Kind::Referral, 1);
    copy.write(&[
        set("referral.case", CASE),
        set("referral.partner", "OIM"),
        set("referral.purpose", "medical"),
        set("referral.urgency", "urgent"),
        set("referral.deadline", "2024-05-10"),
        set("consent.given_by", "self"),
        add("facts", 1, &[("path", "birth.date"), ("value", "vers 1991")]),
        add("status", 2, &[("step", "sent")]),
    ]);
    copy
}

fn step(copy: &Copy) -> Option<String> {
    copy.read().referral_status().and_then(|status| status.step.clone())
}

#[test]
fn a_referral_says_what_was_chosen_and_nothing_else() {
    let copy = referral();
    let read = copy.read();
    assert_eq!(copy.problems(), []);
    assert_eq!(read.text("referral.partner"), Some("OIM"));
    let facts: Vec<_> = read.entries("facts").iter().filter_map(|fact| fact.text("path")).collect();
    assert_eq!(facts, ["birth.date"]);
    assert!(!read.is_withdrawn());
    assert_eq!(copy.conflicts(), []);
}

#[test]
fn partner_and_case_are_given_once_and_must_be_one() {
    let mut copy = referral();
    assert!(matches!(copy.try_write(&[set("referral.partner", "UNICEF")]), Err(EditError::Once { .. })));
    assert!(matches!(
        copy.try_write(&[set("referral.case", CASE.replace('0', "1").as_str())]),
        Err(EditError::Once { .. })
    ));
    let mut new = Copy::new(Kind::Referral, 1);
    for wrong in ["oim", "O", "OIM Mali", "site/GOG"] {
        assert!(matches!(new.try_write(&[set("referral.partner", wrong)]), Err(EditError::Invalid(_))), "{wrong}");
    }
    // An entry without its text says nothing.
    assert!(new.try_write(&[add("facts", 1, &[("path", "identity.given")])]).is_err());
}

#[test]
fn a_withdrawal_stands_against_whatever_is_written_beside_it_and_after_it() {
    let mut here = referral();
    let mut there = here.given_to(2);
    here.write(&[set("consent.withdrawn", "2024-05-02"), set("consent.withdrawn_reason", "ne veut plus")]);
    there.write(&[set("consent.given_by", "parent"), set("consent.withdrawn", State::NotAsked)]);
    for mut merged in [here.merged(&there), there.merged(&here)] {
        assert!(merged.read().is_withdrawn());
        for undo in ["2024-05-03".into(), Answer::from(State::NotAsked)] {
            assert!(matches!(merged.try_write(&[set("consent.withdrawn", undo)]), Err(EditError::Once { .. })));
        }
    }
    // What nobody asked was not given: it can still be given.
    assert!(!there.read().is_withdrawn());
    there.write(&[set("consent.withdrawn", "2024-05-03")]);
    assert!(there.read().is_withdrawn());
}

#[test]
fn the_last_step_stands_and_beside_each_other_the_one_that_stops_most() {
    let mut here = referral();
    here.write(&[add("status", 3, &[("step", "received")])]);
    let mut there = here.given_to(2);
    here.write(&[add("status", 4, &[("step", "accepted")])]);
    assert_eq!(step(&here).as_deref(), Some("accepted"));
    there.write(&[add("status", 5, &[("step", "withdrawn")])]);
    let merged = here.merged(&there);
    assert_eq!(step(&merged).as_deref(), Some("withdrawn"));
    assert!(merged.read().is_withdrawn());
    assert_eq!(merged.read().flags.len(), 1, "accepted without knowing");
}

#[test]
fn feedback_of_two_people_stands_side_by_side() {
    let mut here = referral();
    let mut there = here.given_to(2);
    here.write(&[add("feedback", 6, &[("text", "reçue le matin"), ("result", "partly")])]);
    there.write(&[add("feedback", 7, &[("text", "revient lundi")])]);
    assert_eq!(here.merged(&there).read().entries("feedback").len(), 2);
}

#[test]
fn a_case_says_which_purposes_are_withdrawn_and_which_partners_are_barred() {
    let consent =
        |n, purpose, to, decision| add("consent", n, &[("purpose", purpose), ("to", to), ("decision", decision)]);
    let oim = PartnerCode::new("OIM").unwrap();
    let unicef = PartnerCode::new("UNICEF").unwrap();
    let mut case = Copy::new(Kind::Case, 1);
    case.write(&[consent(1, "referral", "OIM", "granted"), consent(2, "tracing", "CICR", "granted")]);
    assert!(!case.read().bars_referral_to(&oim));
    let mut there = case.given_to(2);
    there.write(&[consent(3, "referral", "oim ", "withdrawn")]);
    case.merge(&there);
    case.write(&[consent(4, "tracing", "CICR", "withdrawn")]);
    let read = case.read();
    assert_eq!(read.withdrawn_purposes().map(|c| c.purpose.as_str()).collect::<Vec<_>>(), ["referral", "tracing"]);
    assert!(read.bars_referral_to(&oim) && !read.bars_referral_to(&unicef));
    // Towards nobody in particular: towards everybody.
    case.write(&[add("consent", 5, &[("purpose", "referral"), ("decision", "withdrawn")])]);
    assert!(case.read().bars_referral_to(&unicef));
}
