//! What a document does not take.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ReadDoc};
use sync_protocol::gate::{Code, StoredForm, Verdict, change_hash, inspect, judge, reapply};

use super::support::*;

#[test]
fn nine_levels_of_maps_are_turned_away_and_eight_taken() {
    let nest = |device: &mut Device, levels: usize| {
        device.edit(|t| {
            let mut parent = ROOT;
            for _ in 0..levels {
                parent = t.put_object(&parent, "m", ObjType::Map).unwrap();
            }
        })
    };
    assert_eq!(judge_one(None, 1, &nest(&mut Device::new(1, 1), 8)).0, Verdict::Applied);
    refused(judge_one(None, 1, &nest(&mut Device::new(1, 1), 9)).0, Code::Depth);
    // 300 nested maps end a process that hydrates them on a small stack.
    refused(judge_one(None, 1, &nest(&mut Device::new(1, 1), 300)).0, Code::Depth);
}

#[test]
fn levels_added_change_by_change_are_counted_too() {
    let mut device = Device::new(1, 1);
    let mut parent = ROOT;
    let changes: Vec<_> = (0..9)
        .map(|_| {
            let mut made = None;
            let change = device.edit(|t| made = Some(t.put_object(&parent, "m", ObjType::Map).unwrap()));
            parent = made.unwrap();
            change
        })
        .collect();
    let judgement = judge(KIND, None, prefix(1), &changes);
    assert_eq!(judgement.verdicts[..8], [const { Verdict::Applied }; 8]);
    held(judgement.verdicts[8].clone(), Code::Depth);
    // A level hidden below something deleted is counted as well.
    let stored = judgement.applied.unwrap().form;
    let mut hidden = Device::new(1, 2);
    hidden.doc.merge(&mut automerge::Automerge::load(&stored.saved).unwrap()).unwrap();
    let delete = hidden.edit(|t| t.delete(ROOT, "m").unwrap());
    let judgement = judge(KIND, Some(&stored), prefix(1), &[changes[8].clone(), delete]);
    held(judgement.verdicts[0].clone(), Code::Depth);
    assert_eq!(judgement.verdicts[1], Verdict::Applied);
}

#[test]
fn a_document_that_would_be_too_large_keeps_what_it_has() {
    use rand::Rng;
    let mut random: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(1);
    let mut device = Device::new(1, 1);
    let mut stored = None;
    for turn in 0.. {
        assert!(turn < 20, "the limit was never met");
        let mut bytes = vec![0; 380_000];
        random.fill_bytes(&mut bytes);
        let change = device.edit(|t| t.put(ROOT, format!("k{turn}"), bytes).unwrap());
        match judge_one(stored.as_ref(), 1, &change) {
            (Verdict::Applied, form) => stored = form,
            (verdict, _) => {
                held(verdict, Code::DocumentBytes);
                break;
            }
        }
    }
    let small = Device::new(1, 2).put("small", "1");
    assert_eq!(judge_one(stored.as_ref(), 1, &small).0, Verdict::Applied);
}

#[test]
fn a_document_with_too_many_operations_is_left_as_it_is() {
    // Changes of 65,536 operations are a hundred bytes each.
    let mut stored: Option<StoredForm> = None;
    for random in 0..5 {
        let mut parts = Parts::of(&Device::new(1, random).put("k", "v"));
        parts.columns = Parts::of(&bomb(&story(), 65_536)).columns;
        match judge_one(stored.as_ref(), 1, &parts.bytes()) {
            (Verdict::Applied, form) => stored = form,
            (verdict, _) => {
                held(verdict, Code::DocumentOperations);
                assert_eq!(random, 3);
                return;
            }
        }
    }
    panic!("the limit was never met");
}

#[test]
fn a_stored_document_that_cannot_be_read_holds_what_comes() {
    let story = story();
    let mut broken = story.stored.clone();
    broken.saved.truncate(broken.saved.len() / 2);
    held(judge_one(Some(&broken), 1, &story.second).0, Code::Stored);
    let mut other = story.stored.clone();
    other.saved = sync_protocol::documents::blank(KIND).save();
    held(judge_one(Some(&other), 1, &story.second).0, Code::Stored);
}

/// A registered case as it is stored, and a device of another actor that has all of it.
fn registered() -> (StoredForm, Device) {
    let mut device = Device::new(1, 1);
    let changes = intake(&mut device.doc, actor(1, 1), 1);
    let judgement = judge(KIND, None, prefix(1), &changes);
    assert_eq!(judgement.verdicts, [const { Verdict::Applied }; 3]);
    let mut other = Device::new(1, 2);
    other.merge(&device);
    (judgement.applied.unwrap().form, other)
}

fn group(t: &automerge::transaction::Transaction<'_>, key: &str) -> automerge::ObjId {
    t.get(ROOT, key).unwrap().unwrap().1
}

#[test]
fn a_change_that_hides_or_removes_a_container_is_held() {
    let (stored, device) = registered();
    for change in [
        device.clone().edit(|t| t.put(ROOT, "identity", "gone").unwrap()),
        device.clone().edit(|t| t.delete(ROOT, "identity").unwrap()),
        device.clone().edit(|t| drop(t.put_object(ROOT, "identity", ObjType::Map).unwrap())),
        device.clone().edit(|t| t.put(ROOT, "meta", 1).unwrap()),
    ] {
        held(judge_one(Some(&stored), 1, &change).0, Code::Content);
    }
}

#[test]
fn a_shared_text_outside_of_notes_is_held() {
    let (stored, device) = registered();
    let shared = device.clone().edit(|t| {
        let text = t.put_object(group(t, "identity"), "called", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, "Fanta").unwrap();
    });
    held(judge_one(Some(&stored), 1, &shared).0, Code::Content);
    // In a field that only a newer version knows, anything may stand.
    let newer = device.clone().edit(|t| {
        let text = t.put_object(group(t, "identity"), "of_a_newer_version", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, "Fanta").unwrap();
    });
    assert_eq!(judge_one(Some(&stored), 1, &newer).0, Verdict::Applied);
}

#[test]
fn an_entry_that_is_none_is_held() {
    let (stored, device) = registered();
    let stray = device.clone().edit(|t| t.put(group(t, "assistance"), "0101010101010101", 1).unwrap());
    held(judge_one(Some(&stored), 1, &stray).0, Code::Content);
}

#[test]
fn a_value_that_does_not_fit_its_field_is_applied_and_shown_as_a_problem() {
    let (stored, device) = registered();
    let odd = device.clone().edit(|t| t.put(group(t, "identity"), "sex", 7).unwrap());
    let judgement = judge(KIND, Some(&stored), prefix(1), &[odd]);
    assert_eq!(judgement.verdicts, [Verdict::Applied]);
    let problems = judgement.applied.unwrap().reading.problems;
    assert!(problems.iter().any(|problem| problem.path == "identity.sex" && problem.code == "value"));
}

#[test]
fn twenty_thousand_keys_are_held_and_a_newer_versions_few_taken() {
    let (stored, device) = registered();
    let keys = |count: usize| {
        device.clone().edit(|t| {
            (0..count).for_each(|n| t.put(ROOT, format!("k{n}"), n as i64).unwrap());
        })
    };
    assert_eq!(judge_one(Some(&stored), 1, &keys(100)).0, Verdict::Applied);
    let many = keys(20_000);
    let change = if many.len() > sync_protocol::limits::CHANGE_BYTES_MAX { keys(9_000) } else { many };
    held(judge_one(Some(&stored), 1, &change).0, Code::UnknownKeys);
}

#[test]
fn what_was_wrong_before_does_not_keep_later_work_out() {
    let (stored, mut device) = registered();
    // A document that got its problem elsewhere, as an older version may have let it in.
    let hide = device.edit(|t| t.put(ROOT, "journey", "hidden").unwrap());
    let broken = reapply(KIND, Some(&stored), &[hide]).unwrap();
    assert!(broken.reading.problems.iter().any(|problem| problem.code == "container"));
    let later = write(&mut device.doc, actor(1, 2), &[set("identity.called", "Fanta")]);
    assert_eq!(judge_one(Some(&broken.form), 1, &later).0, Verdict::Applied);
}

#[test]
fn a_document_of_another_kind_takes_nothing_of_this_one() {
    use sync_protocol::documents::Kind;
    let (stored, _) = registered();
    let case = intake(&mut Device::new(1, 1).doc, actor(1, 1), 1);
    let judgement = judge(Kind::Movement, None, prefix(1), &case[..1]);
    let missing = sync_protocol::documents::constant_hashes(KIND).to_vec();
    assert_eq!(judgement.verdicts, [Verdict::Waiting(missing)]);
    held(judge_one(Some(&StoredForm { saved: vec![], ..stored }), 1, &Device::new(1, 5).put("k", "v")).0, Code::Stored);
}

#[test]
fn applying_again_gives_the_same_document_and_passes_over_what_is_there() {
    let mut device = Device::new(1, 1);
    let changes = intake(&mut device.doc, actor(1, 1), 1);
    let applied = judge(KIND, None, prefix(1), &changes).applied.unwrap();
    let again = reapply(KIND, None, &changes).unwrap();
    assert_eq!((&again.form, &again.reading), (&applied.form, &applied.reading));
    assert_eq!(again.new_hashes, applied.new_hashes);
    let twice = reapply(KIND, Some(&again.form), &changes).unwrap();
    assert_eq!((&twice.form, twice.new_hashes.len()), (&applied.form, 0));
    let one_by_one = changes.iter().fold(None, |form: Option<StoredForm>, change| {
        Some(reapply(KIND, form.as_ref(), std::slice::from_ref(change)).unwrap().form)
    });
    assert_eq!(one_by_one.unwrap().history, applied.form.history);
    // Without those before it, it does not fit: the log is at fault.
    assert_eq!(reapply(KIND, None, &changes[1..]).unwrap_err().code, Code::Stored);
    assert_eq!(reapply(KIND, None, &[vec![1]]).unwrap_err().code, Code::Stored);
}

#[test]
fn a_hash_from_the_bytes_alone_is_the_changes_hash() {
    for change in intake(&mut Device::new(1, 1).doc, actor(1, 1), 1) {
        assert_eq!(change_hash(&change), inspect(&change).unwrap().hash);
    }
    let _ = change_hash(&[]);
}

#[test]
fn among_many_bad_changes_the_good_are_found_until_the_trials_are_spent() {
    let (stored, device) = registered();
    let mut parcel = Vec::new();
    // Each of an actor of its own, so that none hangs on another; every seventh hides a container.
    let bad = |n: u8| n % 7 == 3;
    for n in 10..31 {
        let mut one = Device::new(1, n);
        one.merge(&device);
        let key = format!("k{n}");
        parcel.push(
            one.edit(|t| if bad(n) { t.delete(ROOT, "identity").unwrap() } else { t.put(ROOT, key, 1).unwrap() }),
        );
    }
    let judgement = judge(KIND, Some(&stored), prefix(1), &parcel);
    for (n, verdict) in (10..31).zip(judgement.verdicts) {
        if bad(n) { held(verdict, Code::Content) } else { assert_eq!(verdict, Verdict::Applied, "{n}") }
    }
    assert_eq!(judgement.applied.unwrap().new_hashes.len(), 18);

    // Too many of them: what is left is kept untried, and what was found good is applied.
    let bad: Vec<_> = (10..90)
        .map(|n| {
            let mut one = Device::new(1, n);
            one.merge(&device);
            one.edit(|t| t.delete(ROOT, "identity").unwrap())
        })
        .collect();
    let mut one = Device::new(1, 5);
    one.merge(&device);
    let good = one.put("good", "1");
    let judgement = judge(KIND, Some(&stored), prefix(1), &[vec![good], bad].concat());
    assert_eq!(judgement.verdicts[0], Verdict::Applied);
    held(judgement.verdicts[1].clone(), Code::Content);
    held(judgement.verdicts[80].clone(), Code::Untried);
    assert_eq!(judgement.applied.unwrap().new_hashes.len(), 1);
}
