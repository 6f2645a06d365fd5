//! Columns, run lengths and operations.

use sync_protocol::gate::{Code, Verdict, inspect, judge};

use super::support::*;

#[test]
fn unknown_empty_unordered_and_compressed_columns_are_refused() {
    let story = story();
    refused(story.with(|p| p.columns.push((200, vec![1]))), Code::Columns);
    refused(story.with(|p| p.columns.insert(0, (1, vec![]))), Code::Columns);
    refused(story.with(|p| p.columns.reverse()), Code::Columns);
    refused(story.with(|p| p.columns[0].0 |= 8), Code::Columns);
    refused(story.with(|p| p.columns = (0..20).map(|n| (n, vec![1])).collect()), Code::Columns);
}

#[test]
fn a_missing_column_is_refused() {
    let story = story();
    for (spec, _) in Parts::of(&story.second).columns {
        let verdict = story.judge(&Parts::of(&story.second).without(spec).bytes());
        assert!(matches!(verdict, Verdict::Refused(_)), "without {spec}: {verdict:?}");
    }
}

#[test]
fn a_run_length_bomb_is_refused() {
    let story = story();
    for count in [65_537, 10_000_000, i64::MAX] {
        assert!(bomb(&story, count).len() < 160);
        refused(story.judge(&bomb(&story, count)), Code::Operations);
    }
    inspect(&bomb(&story, 65_536)).unwrap();
}

#[test]
fn a_predecessor_bomb_is_refused() {
    let story = story();
    for count in [131_073_u64, 1 << 40, u64::MAX] {
        let mut parts = Parts::of(&story.second);
        parts.columns = predecessor_bomb(count);
        refused(story.judge(&parts.bytes()), Code::Predecessors);
    }
}

#[test]
fn other_encodings_of_the_same_runs_are_refused() {
    let story = story();
    // Four operations: set, set, make map, set.
    assert_eq!(*Parts::of(&story.second).column(column::ACTION), [2, 1, 0x7e, 0, 1]);
    for other in [
        &[2, 1, 0x7f, 0, 0x7f, 1][..],
        &[1, 1, 1, 1, 0x7e, 0, 1],
        &[0x7c, 1, 1, 0, 1],
        &[0x7e, 1, 1, 0x7e, 0, 1],
        &[2, 1, 1, 0, 1, 1],
        &[2, 1, 0x7e, 0, 1, 0, 0],
    ] {
        refused(story.with(|p| *p.column(column::ACTION) = other.to_vec()), Code::Runs);
    }
    assert_eq!(*Parts::of(&story.second).column(column::INSERT), [4]);
    refused(story.with(|p| *p.column(column::INSERT) = vec![2, 0, 2]), Code::Runs);
    refused(story.with(|p| *p.column(column::INSERT) = vec![4, 0]), Code::Uneven);
    refused(story.with(|p| *p.column(column::KEY_ACTOR) = vec![0, 4]), Code::Runs);
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let story = story();
    refused(story.with(|p| *p.column(column::INSERT) = vec![5]), Code::Uneven);
    refused(story.with(|p| *p.column(column::INSERT) = vec![3]), Code::Uneven);
    refused(story.with(|p| *p.column(column::PRED_COUNT) = vec![5, 0]), Code::Uneven);
    refused(story.with(|p| p.column(column::VALUE).push(1)), Code::Uneven);
}

#[test]
fn an_actor_index_out_of_range_is_refused() {
    let story = story();
    assert!(!Parts::of(&story.second).column(column::OBJECT_ACTOR).is_empty());
    for index in [1, 5, 127] {
        refused(story.with(|p| *p.column(column::OBJECT_ACTOR).last_mut().unwrap() = index), Code::ActorIndex);
    }
}

#[test]
fn references_that_cannot_come_before_are_refused() {
    let story = story();
    // The map made by the third operation, named by the fourth: itself, a later one, the first one, none at all.
    let third = Parts::of(&story.second).start_op + 2;
    let name = |counter: u64| {
        story.with(|p| {
            let mut bytes = vec![0, 3, 0x7f];
            uleb(&mut bytes, counter);
            *p.column(column::OBJECT_COUNTER) = bytes;
        })
    };
    assert_eq!(name(third), Verdict::Applied);
    refused(name(third + 1), Code::Reference);
    refused(name(third + 7), Code::Reference);
    refused(name(u64::MAX), Code::Reference);
    refused(name(0), Code::Reference);
    // An operation that is no container.
    refused(name(third - 1), Code::Operation);
}

#[test]
fn an_unknown_object_is_held() {
    let story = story();
    // Operations of the first change that made no container.
    let verdicts: Vec<_> =
        (2..20).map(|counter| story.with(|p| *p.column(column::OBJECT_COUNTER) = vec![0, 3, 0x7f, counter])).collect();
    assert!(verdicts.iter().any(|v| matches!(v, Verdict::Held(_))), "{verdicts:?}");
    assert!(verdicts.iter().all(|v| matches!(v, Verdict::Held(_) | Verdict::Applied)), "{verdicts:?}");
}

#[test]
fn predecessors_out_of_order_or_twice_are_refused() {
    let mut device = Device::new(1, 1);
    let first = device.put("k", "1");
    let mut other = Device::new(1, 2);
    other.put("k", "2");
    other.put("j", "2");
    other.put("k", "3");
    device.merge(&other);
    let merged = device.put("k", "4");
    let mut all: Vec<_> = device.doc.get_changes(&[]).iter().map(|c| c.raw_bytes().to_vec()).collect();
    all.retain(|c| *c != merged);
    let judgement = judge(KIND, None, prefix(1), &all[1..]);
    let stored = judgement.applied.unwrap().form;
    assert!(judgement.verdicts.iter().all(|v| *v == Verdict::Applied) && !first.is_empty());
    let parts = Parts::of(&merged);
    let counters = parts.clone().column(column::PRED_COUNTER).clone();
    assert_eq!(counters.len(), 3, "two predecessors, of different counters");
    assert_eq!(judge_one(Some(&stored), 1, &parts.bytes()).0, Verdict::Applied);
    // The same two the other way round, and one of them twice.
    let (low, high) = (counters[1], counters[1] + counters[2]);
    let reversed = parts
        .clone()
        .with(column::PRED_ACTOR, &[0x7e, 1, 0])
        .with(column::PRED_COUNTER, &[0x7e, high, (0x80 - (high - low)) & 0x7f]);
    refused(judge_one(Some(&stored), 1, &reversed.bytes()).0, Code::Reference);
    let twice = parts.with(column::PRED_ACTOR, &[2, 1]).with(column::PRED_COUNTER, &[0x7e, high, 0]);
    refused(judge_one(Some(&stored), 1, &twice.bytes()).0, Code::Reference);
}

#[test]
fn operations_whose_parts_do_not_belong_together_are_refused() {
    let story = story();
    // Inserting under a map key; deleting nothing; a value on a container; half an object id.
    refused(story.with(|p| *p.column(column::INSERT) = vec![0, 1, 3]), Code::Operation);
    refused(
        story.with(|p| *p.column(column::ACTION) = vec![0x7d, 3, 1, 0].into_iter().chain([0x7f, 1]).collect()),
        Code::Runs,
    );
    refused(story.with(|p| *p.column(column::ACTION) = vec![2, 1, 2, 0]), Code::Operation);
    refused(story.with(|p| p.columns.retain(|(spec, _)| *spec != column::OBJECT_COUNTER)), Code::Operation);
    let delete = |p: &mut Parts| {
        p.columns = vec![
            (column::KEY_TEXT, vec![0x7f, 1, b'k']),
            (column::INSERT, vec![1]),
            (column::ACTION, vec![0x7f, 3]),
            (column::VALUE_META, vec![0x7f, 0]),
            (column::PRED_COUNT, vec![0x7f, 0]),
        ];
    };
    refused(story.with(delete), Code::Operation);
}
