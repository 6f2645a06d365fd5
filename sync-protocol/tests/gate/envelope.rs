//! The envelope of a change: what does not come out of it whole is refused.

use automerge::ROOT;
use automerge::transaction::Transactable;
use sync_protocol::gate::{Code, Verdict};

use super::support::*;

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
