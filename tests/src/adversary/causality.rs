//! Who wrote it, and what came before: operations, sequence numbers and dependencies that are not as they say.

use sync_protocol::gate::inspect;

use super::{LARGE, Siege, fates};
use crate::parts::{Parts, run_bomb};

/// Changes that each build on as many unknown ones as a change may: 102,400 in all.
const UNKNOWN: (usize, usize) = (400, 256);

/// Runs them.
pub fn run(siege: &mut Siege) {
    starts(siege);
    sequences(siege);
    actors(siege);
    dependencies(siege);
}

fn starts(siege: &mut Siege) {
    let start = Parts::of(&siege.next()).start_op;
    for (to, expected) in [
        (start + 5, "held gate-start-op"),
        (start - 1, "held gate-start-op"),
        (1, "held gate-start-op"),
        ((1 << 31) - 10, "held gate-start-op"),
        (0, "refused gate-start-op"),
        (1 << 31, "refused gate-start-op"),
        ((1 << 32) - 6, "refused gate-start-op"),
        (1 << 63, "refused gate-start-op"),
        (u64::MAX, "refused gate-start-op"),
    ] {
        let change = siege.rewritten(|p| {
            p.columns = run_bomb(2);
            p.start_op = to;
        });
        siege.change(&format!("operations from {to} where {start} is next"), &change, expected);
    }
}

fn sequences(siege: &mut Siege) {
    let next = Parts::of(&siege.next()).seq;
    for (seq, expected) in [
        (0, "refused gate-sequence"),
        (1 << 32, "refused gate-sequence"),
        (u64::MAX, "refused gate-sequence"),
        (next + 1, "held gate-sequence-gap"),
        (900_000, "held gate-sequence-gap"),
        (1, "held gate-sequence-reused"),
    ] {
        let change = siege.rewritten(|p| p.seq = seq);
        siege.change(&format!("sequence {seq} where {next} is next"), &change, expected);
    }
    let again = siege.rewritten(|p| {
        p.seq = 1;
        p.message = b"another one".to_vec();
    });
    siege.change("a sequence number used for other content", &again, "held gate-sequence-reused");
    let blank = sync_protocol::documents::blank(sync_protocol::documents::Kind::Case);
    let reused = siege.rewritten(|p| {
        p.deps = blank.get_heads().iter().map(|head| head.0).collect();
        p.start_op = blank.get_changes(&[]).iter().map(automerge::Change::max_op).max().unwrap_or_default() + 1;
        p.columns = run_bomb(2);
    });
    siege.change("operation ids used once more", &reused, "held gate-own-previous");
    // What hangs on it is held with it, in one entry.
    let bad = siege.rewritten(|p| p.start_op += 5);
    let bad = {
        let mut parts = Parts::of(&bad);
        parts.columns = run_bomb(2);
        parts.bytes()
    };
    let behind = siege.rewritten(|p| {
        p.deps = vec![*inspect(&bad).expect("it is readable").hash.as_bytes()];
        p.seq += 1;
        p.start_op += 7;
    });
    let behind = {
        let mut parts = Parts::of(&behind);
        parts.columns = run_bomb(2);
        parts.bytes()
    };
    let sent = siege.packed(&[bad, behind]);
    let expected = fates(&["held gate-start-op", "held gate-behind-held"]);
    siege.withstands("what hangs on a held change", &expected, LARGE, |siege| siege.push(vec![sent]));
}

fn actors(siege: &mut Siege) {
    let honest = siege.honest.actor();
    let colleague = siege.colleague.actor();
    let random = [9; 16];
    for (name, actor) in [
        ("somebody else's", honest.as_bytes()),
        ("a colleague's on the same tablet", colleague.as_bytes()),
        ("nobody's", &random),
    ] {
        let next = siege.rewritten(|p| p.actor = actor.to_vec());
        siege.change(&format!("an actor: {name}"), &next, "refused gate-foreign-actor");
    }
    let constant = sync_protocol::documents::blank(sync_protocol::documents::Kind::Case).get_changes(&[]);
    let constant = constant.first().expect("a kind has a first change").raw_bytes().to_vec();
    siege.change("the constant change itself", &constant, "refused gate-foreign-actor");
    let forged = siege.rewritten(|p| {
        p.actor = Parts::of(&constant).actor;
        p.seq = 2;
    });
    siege.change("a second constant change", &forged, "refused gate-foreign-actor");
    // The other's own bytes, as they stand in the case.
    let all = siege.honest.documents[&siege.case].1.get_changes(&[]);
    let theirs = all.iter().rev().find(|change| change.actor_id().to_bytes() == honest.as_bytes());
    let theirs = theirs.expect("the honest device has written").raw_bytes().to_vec();
    siege.change("somebody else's own change", &theirs, "refused gate-foreign-actor");
}

fn dependencies(siege: &mut Siege) {
    let one = siege.rewritten(|p| p.deps = vec![[9; 32]]);
    siege.change("an unknown dependency", &one, "waiting");
    let many = siege.rewritten(|p| p.deps = (0..300_u32).map(numbered).collect());
    siege.change("300 dependencies", &many, "refused gate-dependencies");
    let most = siege.rewritten(|p| p.deps = (0..100_000_u32).map(numbered).collect());
    let sent = siege.packed(&[most]);
    let size = fates(&["refused gate-size"]);
    siege.withstands("100,000 dependencies of one change", &size, LARGE, |siege| siege.push(vec![sent]));
    // Each of them is named in the answer, nothing of it is kept.
    let (count, each) = UNKNOWN;
    let changes: Vec<Vec<u8>> = (0..count)
        .map(|n| siege.rewritten(|p| p.deps = (0..each).map(|d| numbered((n * each + d) as u32)).collect()))
        .collect();
    let sent = siege.packed(&changes);
    let expected = fates(&vec!["waiting"; count]);
    siege.withstands("100,000 unknown dependencies", &expected, LARGE, |siege| siege.push(vec![sent]));
    let chain: Vec<Vec<u8>> = {
        let mut dep = [9; 32];
        (0..512)
            .map(|_| {
                let change = siege.rewritten(|p| p.deps = vec![dep]);
                dep = *inspect(&change).expect("it is readable").hash.as_bytes();
                change
            })
            .collect()
    };
    let sent = siege.packed(&chain);
    siege.withstands_any("a chain of 512 that hangs on nothing", LARGE, |siege| siege.push(vec![sent]));
}

/// Hashes in ascending order.
fn numbered(n: u32) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    hash
}
