//! Changes whose bytes were turned, cut, lengthened, renamed or written in another way than the one way there is.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::wire::codec::{Message, frame};

use super::{Outcome, SMALL, Siege, fates, parcel};
use crate::parts::{Parts, chunk, column, compressed, deflate, framed};

/// Requests of which a few bits are turned.
const TURNED: usize = 60;

/// Runs them.
pub fn run(siege: &mut Siege) {
    envelopes(siege);
    other_forms(siege);
    turned_on_the_way(siege);
}

fn envelopes(siege: &mut Siege) {
    let good = siege.next();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    // Damaged on its way: not this parcel at all, which may still come whole.
    siege.change("a bit turned, checksum as it was", &with(&|b| b[40] ^= 1), "parcel-contents");
    siege.change("a bit of the checksum turned", &with(&|b| b[5] ^= 1), "parcel-contents");
    siege.change("not a chunk at all", b"GET / HTTP/1.1\r\n\r\n", "parcel-contents");
    let sync_message = [0x42, 0, 0, 1, 0, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0x0f];
    siege.change("a sync message that ends a process", &sync_message, "parcel-contents");
    siege.change("nothing at all", b"", "refused gate-cut");
    siege.change("cut in its header", &good[..6], "refused gate-cut");
    siege.change("cut by a byte", &good[..good.len() - 1], "refused gate-length");
    siege.change("a byte behind it", &with(&|b| b.push(0)), "refused gate-length");
    siege.change("twice in one", &with(&|b| b.extend_from_slice(&good)), "refused gate-length");
    siege.change(
        "a length of 2^63",
        &with(&|b| drop(b.splice(9..11, [0x80; 8].into_iter().chain([1])))),
        "refused gate-length",
    );
    let contents = Parts::of(&good).contents();
    for kind in [0, 3, 9, 255] {
        siege.change(&format!("a chunk of kind {kind}"), &chunk(kind, &contents), "refused gate-kind");
    }
    let whole = siege.attacker.documents[&siege.case].1.save();
    siege.change("a whole document", &whole, "refused gate-kind");

    // A bit turned and the checksum made anew: whoever it is then of, or builds on, it is not the attacker's change.
    siege.change(
        "the actor turned, checksum made anew",
        &rewrite(siege, |p| p.actor[0] ^= 1),
        "refused gate-foreign-actor",
    );
    siege.change("a dependency turned, checksum made anew", &rewrite(siege, |p| p.deps[0][7] ^= 1), "waiting");
    siege.change(
        "a column turned, checksum made anew",
        &rewrite(siege, |p| p.columns[0].0 ^= 1),
        "refused gate-columns",
    );
}

fn rewrite(siege: &Siege, change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    siege.rewritten(change)
}

fn other_forms(siege: &mut Siege) {
    let good = siege.next();
    let contents = Parts::of(&good).contents();
    let packed = deflate(&contents);
    let sum = crate::parts::checksum(1, &contents);
    siege.change("a compressed part cut", &framed(2, sum, &packed[..packed.len() - 1]), "refused gate-deflate");
    siege.change(
        "a byte behind the compressed part",
        &framed(2, sum, &[&packed[..], &[0]].concat()),
        "refused gate-deflate",
    );
    siege.change("no deflate stream", &framed(2, sum, b"\xff\xff\xff"), "refused gate-deflate");
    siege.change(
        "a checksum of the compressed form",
        &framed(2, crate::parts::checksum(2, &packed), &packed),
        "parcel-contents",
    );
    siege.change("compressed, of another kind", &framed(3, sum, &packed), "refused gate-kind");
    let inner = compressed(&compressed(&contents));
    siege.change("compressed twice", &inner, "refused gate-dependencies");

    let long = [&[0x81, 0][..], &contents[1..]].concat();
    siege.change("a number in a longer form", &chunk(1, &long), "refused gate-number");
    let number = [&[0xff; 10][..], &contents[1..]].concat();
    siege.change("a number beyond 64 bits", &chunk(1, &number), "refused gate-number");
    for (name, action) in [
        ("runs split", &[2, 1, 0x7f, 0, 0x7f, 1][..]),
        ("a run written one by one", &[0x7c, 1, 1, 0, 1]),
        ("a run of one", &[1, 1, 1, 1, 0x7e, 0, 1]),
        ("an empty run", &[2, 1, 0x7e, 0, 1, 0, 0]),
    ] {
        let change = siege.rewritten(|p| *p.column(column::ACTION) = action.to_vec());
        siege.change(name, &change, "refused gate-runs");
    }
    let uneven = siege.rewritten(|p| *p.column(column::INSERT) = vec![5]);
    siege.change("columns of different lengths", &uneven, "refused gate-uneven");
    let cut = chunk(1, &contents[..contents.len() / 2]);
    siege.change("contents that end early, checksum made anew", &cut, "refused gate-cut");
    let behind = siege.rewritten(|p| p.footer = vec![7; 80]);
    siege.change("something behind the columns", &behind, "refused gate-footer");
}

/// Whole requests with some bits turned: whatever comes of it, nothing is taken. The change in them is none that would be,
/// since a bit that turns beside what is signed (a number of the feed) leaves the parcel whole.
fn turned_on_the_way(siege: &mut Siege) {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let sent = siege.packed(&[siege.rewritten(|p| p.start_op = 1 << 63)]);
    let good = frame(Message::ExchangeRequest, &siege.attacker.request(vec![sent]));
    for turn in 0..TURNED {
        let mut bytes = good.clone();
        let at = if turn < 8 { turn } else { random.random_range(8..bytes.len()) };
        bytes[at] ^= 1 << random.random_range(0..8_u32);
        siege.withstands_any(&format!("bit turned at {at}"), SMALL, |siege| siege.post("/v1/exchange", &bytes));
    }
    siege.withstands("a frame cut in the middle", &super::refused(400, "codec-body"), SMALL, |siege| {
        siege.post("/v1/exchange", &good[..good.len() / 2])
    });
    // The same once more, whole and signed: what was refused as damaged has left no trace that keeps it out.
    let changes = [[siege.next(), vec![1]].concat()];
    let sent = siege.packed(&changes);
    siege.withstands("one change is bad, the parcel is answered", &fates(&["refused gate-length"]), SMALL, |siege| {
        siege.push(vec![sent])
    });
    let mut sent = siege.packed(&[siege.next()]);
    sent.manifest.0.push(0);
    siege.withstands("a byte behind the manifest", &parcel("parcel-signature"), SMALL, |siege| siege.push(vec![sent]));
    siege.withstands("no body", &super::refused(400, "codec-header"), SMALL, |siege| siege.post("/v1/exchange", b""));
    let closed = |outcome: &Outcome| matches!(outcome, Outcome::Refused(400, _));
    assert!(closed(&siege.post("/v1/enrol", &good)), "another message's frame");
}
