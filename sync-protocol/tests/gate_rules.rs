//! Every rule of the gate: one hostile change for each, and the code it is turned away with.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod gate_support;

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ScalarValue};
use gate_support::*;
use sync_protocol::gate::{Code, StoredForm, Verdict, inspect, judge};
use sync_protocol::ids::ChangeHash;

/// A device, its first change applied, and its second one, which is honest and not applied yet.
struct Story {
    device: Device,
    stored: StoredForm,
    second: Vec<u8>,
}

fn story() -> Story {
    let mut device = Device::new(1, 1);
    let first = rich(&mut device, 1);
    let (verdict, stored) = judge_one(None, 1, &first);
    assert_eq!(verdict, Verdict::Applied);
    let second = device.edit(|t| {
        t.put(ROOT, "one", 1).unwrap();
        t.put(ROOT, "two", "deux").unwrap();
        let map = t.put_object(ROOT, "three", ObjType::Map).unwrap();
        t.put(&map, "four", 4).unwrap();
    });
    Story { device, stored: stored.unwrap(), second }
}

impl Story {
    fn judge(&self, change: &[u8]) -> Verdict {
        let (verdict, form) = judge_one(Some(&self.stored), 1, change);
        assert_eq!(form.is_some(), verdict == Verdict::Applied);
        verdict
    }

    /// The second change with something else in it.
    fn with(&self, change: impl FnOnce(&mut Parts)) -> Verdict {
        let mut parts = Parts::of(&self.second);
        change(&mut parts);
        self.judge(&parts.bytes())
    }
}

#[track_caller]
fn refused(verdict: Verdict, code: Code) {
    assert!(matches!(&verdict, Verdict::Refused(r) if r.code == code), "wanted {code}, found {verdict:?}");
}

#[track_caller]
fn held(verdict: Verdict, code: Code) {
    assert!(matches!(&verdict, Verdict::Held(r) if r.code == code), "wanted {code}, found {verdict:?}");
}

fn set_message(length: usize) -> impl FnOnce(&mut Parts) {
    move |parts| parts.message = vec![b'a'; length]
}

// The envelope.

#[test]
fn a_flipped_byte_is_refused() {
    let story = story();
    for at in 20..story.second.len() {
        let mut bytes = story.second.clone();
        bytes[at] ^= 1;
        refused(story.judge(&bytes), Code::Checksum);
    }
    assert_eq!(story.judge(&story.second), Verdict::Applied);
}

#[test]
fn a_wrong_checksum_is_refused() {
    let story = story();
    let mut bytes = story.second.clone();
    bytes[4] ^= 1;
    refused(story.judge(&bytes), Code::Checksum);
}

#[test]
fn a_checksum_of_the_compressed_form_is_refused() {
    let story = story();
    let packed = deflate(&Parts::of(&story.second).contents());
    refused(story.judge(&framed(2, checksum(2, &packed), &packed)), Code::Checksum);
}

#[test]
fn trailing_and_missing_bytes_are_refused() {
    let story = story();
    let mut bytes = story.second.clone();
    bytes.push(0);
    refused(story.judge(&bytes), Code::Length);
    let mut twice = story.second.clone();
    twice.extend_from_slice(&story.second);
    refused(story.judge(&twice), Code::Length);
    refused(story.judge(&story.second[..story.second.len() - 1]), Code::Length);
    refused(story.judge(&story.second[..6]), Code::Cut);
    refused(story.judge(&[]), Code::Cut);
}

#[test]
fn documents_bundles_sync_messages_and_unknown_chunks_are_refused() {
    let story = story();
    refused(story.judge(&story.device.doc.save()), Code::Kind);
    let all: Vec<_> = story.device.doc.get_changes(&[]).iter().map(|c| c.hash()).collect();
    refused(story.judge(story.device.doc.bundle(all).unwrap().bytes()), Code::Kind);
    refused(story.judge(&chunk(9, &Parts::of(&story.second).contents())), Code::Kind);
    // A sync message with absurd Bloom parameters ends the process that reads it.
    refused(story.judge(&[0x42, 0, 0, 1, 0, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0x0f]), Code::Magic);
    refused(story.judge(b"GET / HTTP/1.1\r\n\r\n"), Code::Magic);
}

#[test]
fn a_change_inside_a_document_chunk_is_refused() {
    let story = story();
    refused(story.judge(&chunk(0, &Parts::of(&story.second).contents())), Code::Kind);
    refused(story.judge(&chunk(3, &Parts::of(&story.second).contents())), Code::Kind);
}

#[test]
fn a_deflate_bomb_is_refused() {
    let story = story();
    let bomb = compressed(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.len() < 80_000);
    refused(story.judge(&bomb), Code::Size);
}

#[test]
fn a_broken_a_cut_and_a_padded_deflate_stream_are_refused() {
    let story = story();
    let contents = Parts::of(&story.second).contents();
    let packed = deflate(&contents);
    let sum = checksum(1, &contents);
    let padded = [&packed[..], &[0]].concat();
    for broken in [&packed[..packed.len() - 1], &padded, b"\xff\xff\xff", b""] {
        refused(story.judge(&framed(2, sum, broken)), Code::Deflate);
    }
    assert_eq!(story.judge(&framed(2, sum, &packed)), Verdict::Applied);
}

#[test]
fn a_change_that_is_too_large_is_refused() {
    let story = story();
    let long = "a".repeat(sync_protocol::limits::CHANGE_BYTES_MAX);
    let change = story.device.clone().edit(|t| t.put(ROOT, "long", long).unwrap());
    refused(story.judge(&change), Code::Size);
    refused(story.judge(&compressed(&Parts::of(&change).contents())), Code::Size);
}

// The header.

#[test]
fn numbers_in_a_longer_form_are_refused() {
    let story = story();
    let contents = Parts::of(&story.second).contents();
    // The number of dependencies, 1, in two bytes.
    let long = [&[0x81, 0][..], &contents[1..]].concat();
    refused(story.judge(&chunk(1, &long)), Code::Number);
    // The chunk's length in a longer form, which is part of what is hashed.
    let mut bytes = story.second.clone();
    let at = 9 + bytes[9..].iter().position(|b| b & 0x80 == 0).unwrap();
    bytes[at] |= 0x80;
    bytes.insert(at + 1, 0);
    refused(story.judge(&bytes), Code::Number);
}

#[test]
fn contents_that_end_anywhere_too_early_are_refused() {
    let story = story();
    let contents = Parts::of(&story.second).contents();
    for end in 0..contents.len() {
        let verdict = story.judge(&chunk(1, &contents[..end]));
        assert!(matches!(verdict, Verdict::Refused(_)), "cut at {end}: {verdict:?}");
    }
}

#[test]
fn dependencies_twice_or_out_of_order_or_too_many_are_refused() {
    let story = story();
    refused(story.with(|p| p.deps.push(p.deps[0])), Code::Dependencies);
    refused(story.with(|p| p.deps = vec![[2; 32], [1; 32]]), Code::Dependencies);
    let many =
        |p: &mut Parts| p.deps = (0..300_u16).map(|n| [n.to_be_bytes(); 16].concat().try_into().unwrap()).collect();
    refused(story.with(many), Code::Dependencies);
}

#[test]
fn actor_ids_of_other_lengths_are_refused() {
    let story = story();
    for length in [0, 8, 15, 17, 32] {
        refused(story.with(|p| p.actor = vec![1; length]), Code::Actor);
        refused(story.with(|p| p.others = vec![vec![1; length]]), Code::Actor);
    }
    let id = |n: u8| vec![n; 16];
    refused(story.with(|p| p.others = vec![id(9), id(8)]), Code::Actor);
    refused(story.with(|p| p.others = vec![id(8), id(8)]), Code::Actor);
    refused(story.with(|p| p.others = vec![p.actor.clone()]), Code::Actor);
    refused(story.with(|p| p.others = (0..=255).map(id).chain([vec![255; 16]]).collect()), Code::Actor);
    // One that no operation refers to would not be saved, and the change would get another hash.
    refused(story.with(|p| p.others = vec![id(9)]), Code::Actor);
}

#[test]
fn sequence_number_zero_and_absurd_ones_are_refused() {
    let story = story();
    for seq in [0, 1 << 32, u64::MAX] {
        refused(story.with(|p| p.seq = seq), Code::Sequence);
    }
}

#[test]
fn times_are_taken_from_any_wrong_clock_but_not_from_none() {
    let story = story();
    for time in [i64::MIN, i64::MAX, 1 << 60] {
        refused(story.with(|p| p.time = time), Code::Time);
    }
    for time in [-1, 0, -2_208_988_800, 253_402_300_799_000, -62_135_596_800_000] {
        assert_eq!(story.with(|p| p.time = time), Verdict::Applied, "{time}");
    }
}

#[test]
fn messages_are_taken_up_to_their_limit() {
    let story = story();
    assert_eq!(story.with(set_message(1_024)), Verdict::Applied);
    refused(story.with(set_message(1_025)), Code::Message);
    refused(story.with(|p| p.message = vec![0xff]), Code::Message);
}

#[test]
fn an_author_footer_stands_on_an_actors_first_change_only() {
    let footer = |length: u8| [&[1, length][..], &vec![7; usize::from(length)]].concat();
    let mut first = Parts::of(&rich(&mut Device::new(1, 1), 1));
    let mut judge_footer = |bytes: Vec<u8>| {
        first.footer = bytes;
        judge_one(None, 1, &first.bytes()).0
    };
    assert_eq!(judge_footer(footer(16)), Verdict::Applied);
    assert_eq!(judge_footer(footer(62)), Verdict::Applied);
    refused(judge_footer(footer(63)), Code::Footer);
    refused(judge_footer(vec![2, 1, 7]), Code::Footer);
    refused(judge_footer(vec![1, 1, 7, 7]), Code::Footer);
    refused(judge_footer(vec![1, 2, 7]), Code::Cut);
    let story = story();
    refused(story.with(|p| p.footer = footer(16)), Code::Footer);
}

// The columns.

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

/// One operation that sets a key of the root to null, run-length encoded `count` times.
fn bomb(story: &Story, count: i64) -> Vec<u8> {
    let mut run = Vec::new();
    sleb(&mut run, count);
    let with = |value: &[u8]| [&run[..], value].concat();
    let mut flags = Vec::new();
    uleb(&mut flags, count as u64);
    let mut parts = Parts::of(&story.second);
    parts.columns = vec![
        (column::KEY_TEXT, with(&[1, b'k'])),
        (column::INSERT, flags),
        (column::ACTION, with(&[1])),
        (column::VALUE_META, with(&[0])),
        (column::PRED_COUNT, with(&[0])),
    ];
    parts.bytes()
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
        parts.columns = vec![
            (column::KEY_TEXT, vec![0x7f, 1, b'k']),
            (column::INSERT, vec![1]),
            (column::ACTION, vec![0x7f, 1]),
            (column::VALUE_META, vec![0x7f, 0]),
            (column::PRED_COUNT, vec![0x7f]),
            (column::PRED_ACTOR, Vec::new()),
            (column::PRED_COUNTER, Vec::new()),
        ];
        uleb(parts.column(column::PRED_COUNT), count);
        sleb(parts.column(column::PRED_ACTOR), i64::MAX);
        parts.column(column::PRED_ACTOR).push(0);
        sleb(parts.column(column::PRED_COUNTER), i64::MAX);
        parts.column(column::PRED_COUNTER).push(1);
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

// The values.

/// The second change with another first value.
fn value(story: &Story, kind: u8, bytes: &[u8]) -> Verdict {
    let mut meta = vec![0x7f];
    uleb(&mut meta, (bytes.len() as u64) << 4 | u64::from(kind));
    story.with(|p| {
        p.columns = vec![
            (column::KEY_TEXT, vec![0x7f, 1, b'k']),
            (column::INSERT, vec![1]),
            (column::ACTION, vec![0x7f, 1]),
            (column::VALUE_META, meta),
            (column::VALUE, bytes.to_vec()),
            (column::PRED_COUNT, vec![0x7f, 0]),
        ];
        p.columns.retain(|(_, data)| !data.is_empty());
    })
}

#[test]
fn counters_and_increments_are_refused() {
    let story = story();
    refused(value(&story, 8, &[1]), Code::Counter);
    let mut device = story.device.clone();
    let counter = device.edit(|t| t.put(ROOT, "n", ScalarValue::counter(1)).unwrap());
    assert_eq!(inspect(&counter).unwrap_err().code, Code::Counter);
    let increment = device.edit(|t| t.increment(ROOT, "n", 1).unwrap());
    assert_eq!(inspect(&increment).unwrap_err().code, Code::Counter);
}

#[test]
fn marks_are_refused() {
    use automerge::marks::{ExpandMark, Mark};
    let change = Device::new(1, 1).edit(|t| {
        let text = t.put_object(ROOT, "t", ObjType::Text).unwrap();
        t.splice_text(&text, 0, 0, "texte").unwrap();
        t.mark(&text, Mark::new("bold".into(), true, 1, 3), ExpandMark::Both).unwrap();
    });
    assert_eq!(inspect(&change).unwrap_err().code, Code::Mark);
}

#[test]
fn tables_and_unknown_actions_are_refused() {
    let story = story();
    for (action, code) in
        [(6, Code::Action), (8, Code::Action), (63, Code::Action), (5, Code::Counter), (7, Code::Mark)]
    {
        refused(story.with(|p| *p.column(column::ACTION) = vec![2, 1, 0x7e, action, 1]), code);
    }
}

#[test]
fn integers_that_not_every_client_keeps_are_refused() {
    let story = story();
    let signed = |n: i64| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, n);
        value(&story, 4, &bytes)
    };
    let unsigned = |n: u64| {
        let mut bytes = Vec::new();
        uleb(&mut bytes, n);
        value(&story, 3, &bytes)
    };
    let most = (1_i64 << 53) - 1;
    assert_eq!([signed(most), signed(-most), unsigned(most as u64)], [const { Verdict::Applied }; 3]);
    for n in [most + 1, -most - 1, i64::MAX, i64::MIN] {
        refused(signed(n), Code::Integer);
    }
    for n in [most as u64 + 1, u64::MAX] {
        refused(unsigned(n), Code::Integer);
    }
    refused(value(&story, 4, &[0x81, 0]), Code::Number);
    refused(value(&story, 4, &[1, 1]), Code::Value);
    refused(value(&story, 4, &[]), Code::Cut);
}

#[test]
fn dates_and_numbers_that_are_not_finite_are_refused() {
    let story = story();
    let date = |n: i64| {
        let mut bytes = Vec::new();
        sleb(&mut bytes, n);
        value(&story, 9, &bytes)
    };
    assert_eq!(date(-2_208_988_800_000), Verdict::Applied);
    for n in [i64::MIN, i64::MAX, 8_640_000_000_000_001] {
        refused(date(n), Code::Date);
    }
    assert_eq!(value(&story, 5, &1.5_f64.to_le_bytes()), Verdict::Applied);
    for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(value(&story, 5, &n.to_le_bytes()), Code::Float);
    }
    refused(value(&story, 5, &[0; 7]), Code::Cut);
    refused(value(&story, 5, &[0; 9]), Code::Value);
}

#[test]
fn unknown_value_types_and_broken_texts_are_refused() {
    let story = story();
    for kind in 10..=15 {
        refused(value(&story, kind, &[1]), Code::Value);
    }
    for kind in 0..=2 {
        refused(value(&story, kind, &[1]), Code::Value);
        assert_eq!(value(&story, kind, &[]), Verdict::Applied);
    }
    refused(value(&story, 6, &[0xff]), Code::Value);
    refused(story.with(|p| *p.column(column::KEY_TEXT) = vec![0x7c, 1, 0xff, 1, b'b', 1, b'c', 1, b'd']), Code::Value);
}

// Who and what before.

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
    device.merge(&Device { doc: automerge::Automerge::load(&story.stored.saved).unwrap(), actor: actor(1, 1) });
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

// The document.

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
