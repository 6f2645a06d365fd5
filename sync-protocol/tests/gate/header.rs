//! The fields in front of the columns, and the footer behind them.

use sync_protocol::gate::{Code, Verdict};

use super::support::*;

fn set_message(length: usize) -> impl FnOnce(&mut Parts) {
    move |parts| parts.message = vec![b'a'; length]
}

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
