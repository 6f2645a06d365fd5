//! Who wrote it, and what came before.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT};
use sync_protocol::gate::{Code, Verdict, inspect, judge};
use sync_protocol::ids::ChangeHash;

use super::support::*;

#[test]
fn a_foreign_actor_is_refused() {
    let story = story();
    let mut stranger = Device::new(2, 1);
    stranger.merge(&story.device);
    refused(story.judge(&stranger.put("k", "v")), Code::ForeignActor);
    // The victim's own bytes, sent by another lease: not even told to be a duplicate.
    let (verdict, _) = judge_one(Some(&story.stored), 2, &rich(&mut Device::new(1, 1), 1));
    refused(verdict, Code::ForeignActor);
}

#[test]
fn a_forged_constant_is_refused() {
    let story = story();
    let constant = sync_protocol::documents::blank(KIND).get_changes(&[])[0].raw_bytes().to_vec();
    refused(story.judge(&constant), Code::ForeignActor);
    let mut forged = Parts::of(&story.second);
    forged.actor = Parts::of(&constant).actor;
    forged.seq = 2;
    refused(story.judge(&forged.bytes()), Code::ForeignActor);
}

#[test]
fn missing_dependencies_are_named_and_nothing_is_queued() {
    let story = story();
    let mut device = story.device.clone();
    let third = device.put("third", "3");
    let fourth = device.put("fourth", "4");
    let judgement = judge(KIND, Some(&story.stored), prefix(1), &[fourth.clone(), third.clone()]);
    let hash = |change: &[u8]| inspect(change).unwrap().hash;
    assert_eq!(judgement.verdicts, [Verdict::Waiting(vec![hash(&third)]), Verdict::Waiting(vec![hash(&story.second)])]);
    assert!(judgement.applied.is_none());
    // Once it is there, all pass; in any order.
    let judgement = judge(KIND, Some(&story.stored), prefix(1), &[fourth, story.second.clone(), third]);
    assert_eq!(judgement.verdicts, [const { Verdict::Applied }; 3]);
    assert_eq!(story.with(|p| p.deps = vec![[9; 32]]), Verdict::Waiting(vec![ChangeHash::new([9; 32])]));
}

#[test]
fn jumping_first_operations_are_held() {
    let story = story();
    let start = Parts::of(&story.second).start_op;
    // Without references to itself, so that only the start is wrong.
    let moved = |to: u64| {
        let mut parts = Parts::of(&story.second);
        parts.columns = Parts::of(&bomb(&story, 2)).columns;
        parts.start_op = to;
        story.judge(&parts.bytes())
    };
    assert_eq!(moved(start), Verdict::Applied);
    held(moved(start + 5), Code::StartOp);
    held(moved(start - 1), Code::StartOp);
    held(moved(1), Code::StartOp);
    refused(moved((1 << 32) - 6), Code::StartOp);
    refused(moved(1 << 63), Code::StartOp);
    refused(moved(0), Code::StartOp);
    held(moved((1 << 31) - 10), Code::StartOp);
    refused(moved(1 << 31), Code::StartOp);
}

#[test]
fn reused_operation_ids_are_held() {
    let story = story();
    // The second change built on the blank document instead of the first change: the same counters once more.
    let blank = sync_protocol::documents::blank(KIND);
    let verdict = story.with(|p| {
        p.deps = blank.get_heads().iter().map(|h| h.0).collect();
        p.start_op = blank.get_changes(&[]).iter().map(automerge::Change::max_op).max().unwrap() + 1;
        p.columns = Parts::of(&bomb(&story, 2)).columns;
    });
    held(verdict, Code::OwnPrevious);
}

#[test]
fn a_sequence_gap_is_held() {
    let story = story();
    held(story.with(|p| p.seq = 3), Code::SequenceGap);
    held(story.with(|p| p.seq = 900_000), Code::SequenceGap);
    let mut first = Parts::of(&rich(&mut Device::new(1, 7), 1));
    first.seq = 2;
    held(story.judge(&first.bytes()), Code::SequenceGap);
}

#[test]
fn a_sequence_number_used_for_other_content_is_held() {
    let story = story();
    held(story.with(|p| p.seq = 1), Code::SequenceReused);
    // A cloned device: same actor, same number, other work.
    let mut clone = Device::new(1, 1);
    let other = clone.put("cloned", "yes");
    held(story.judge(&other), Code::SequenceReused);
    let judgement = judge(KIND, None, prefix(1), &[rich(&mut Device::new(1, 1), 1), other]);
    assert_eq!(judgement.verdicts[0], Verdict::Applied);
    held(judgement.verdicts[1].clone(), Code::SequenceReused);
}

#[test]
fn references_to_what_the_author_had_not_seen_are_held() {
    let story = story();
    // Another actor that built on the blank document names a map that only the first change made.
    let mut other = Device::new(1, 2);
    other.merge(&story.device);
    let honest = other.edit(|t| {
        let map = t.put_object(ROOT, "m", ObjType::Map).unwrap();
        t.put(&map, "k", 1).unwrap();
    });
    let mut parts = Parts::of(&honest);
    let blank = sync_protocol::documents::blank(KIND);
    parts.deps = blank.get_heads().iter().map(|h| h.0).collect();
    parts.start_op = blank.get_changes(&[]).iter().map(automerge::Change::max_op).max().unwrap() + 1;
    parts.others = vec![actor(1, 1).as_bytes().to_vec()];
    parts.columns = Parts::of(&bomb(&story, 2)).columns;
    let start = parts.start_op as u8;
    let forged = parts.with(column::OBJECT_ACTOR, &[0, 1, 0x7f, 1]).with(column::OBJECT_COUNTER, &[0, 1, 0x7f, start]);
    held(story.judge(&forged.bytes()), Code::Unseen);
    // The same with an actor that nobody knows.
    let mut unknown = forged;
    unknown.others = vec![vec![5; 16]];
    held(story.judge(&unknown.bytes()), Code::Unseen);
}

#[test]
fn what_hangs_on_a_held_change_is_held_and_nothing_else() {
    let story = story();
    let mut device = Device::new(1, 3);
    device.merge(&Device { doc: automerge::Automerge::load(&story.stored.saved).unwrap() });
    let mut bad = Parts::of(&device.put("bad", "1"));
    bad.start_op += 5;
    let bad = bad.bytes();
    let mut after = Parts::of(&device.put("after", "1"));
    after.deps = vec![*inspect(&bad).unwrap().hash.as_bytes()];
    let after = after.bytes();
    let mut last = Parts::of(&device.put("last", "1"));
    last.deps = vec![*inspect(&after).unwrap().hash.as_bytes()];
    let judgement =
        judge(KIND, Some(&story.stored), prefix(1), &[last.bytes(), after, bad, story.second.clone(), vec![1, 2, 3]]);
    held(judgement.verdicts[0].clone(), Code::BehindHeld);
    held(judgement.verdicts[1].clone(), Code::BehindHeld);
    held(judgement.verdicts[2].clone(), Code::StartOp);
    assert_eq!(judgement.verdicts[3], Verdict::Applied);
    refused(judgement.verdicts[4].clone(), Code::Cut);
    assert_eq!(judgement.hashes[4], None);
}

#[test]
fn a_change_twice_in_a_parcel_is_a_duplicate() {
    let story = story();
    let judgement = judge(KIND, Some(&story.stored), prefix(1), &[story.second.clone(), story.second.clone()]);
    assert_eq!(judgement.verdicts, [Verdict::Applied, Verdict::Duplicate]);
}
