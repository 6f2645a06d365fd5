//! Frames and CBOR of every shape: what is not the one message that belongs there.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_protocol::wire::codec::{Message, Raw, frame, to_cbor, unframe};

use super::{LARGE, Outcome, SMALL, Siege, refused};

/// Bodies drawn at random.
const DRAWN: usize = 60;

/// Runs them.
pub fn run(siege: &mut Siege) {
    frames(siege);
    values(siege);
    fields(siege);
    drawn(siege);
}

fn frames(siege: &mut Siege) {
    let good = frame(Message::ExchangeRequest, &siege.attacker.request(Vec::new()));
    for (name, bytes, code) in [
        ("one byte", b"S".to_vec(), "codec-header"),
        ("a header alone", b"SG\x01\x01".to_vec(), "codec-body"),
        ("other letters", [b"GS", &good[2..]].concat(), "codec-header"),
        ("version 0", [b"SG\x00", &good[3..]].concat(), "codec-version"),
        ("version 2", [b"SG\x02", &good[3..]].concat(), "codec-version"),
        ("version 255", [b"SG\xff", &good[3..]].concat(), "codec-version"),
        ("compressed, without a length", b"SG\x01\x81\x00\x00".to_vec(), "codec-compression"),
        ("compressed, nothing", b"SG\x01\x81\x00\x00\x00\x00".to_vec(), "codec-compression"),
        ("compressed, no stream", b"SG\x01\x81\x00\x00\x00\x05\xff\xff\xff".to_vec(), "codec-compression"),
    ] {
        siege.withstands(name, &refused(400, code), SMALL, |siege| siege.post("/v1/exchange", &bytes));
    }
    for kind in [0, 2, 3, 4, 5, 6, 7, 127] {
        for compressed in [0, 0x80] {
            let bytes = [&[b'S', b'G', 1, kind | compressed], &good[4..]].concat();
            let name = format!("a message of kind {kind}, {compressed}");
            siege.withstands(&name, &refused(400, "codec-kind"), SMALL, |siege| siege.post("/v1/exchange", &bytes));
        }
    }
    siege.withstands("an exchange as an enrolment", &refused(400, "codec-kind"), SMALL, |siege| {
        siege.post("/v1/enrol", &good)
    });
}

fn plain(body: &[u8]) -> Vec<u8> {
    [b"SG\x01\x01", body].concat()
}

fn values(siege: &mut Siege) {
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("a number", vec![0x05]),
        ("the largest number", vec![0x1b, 255, 255, 255, 255, 255, 255, 255, 255]),
        ("a number below zero", vec![0x3b, 255, 255, 255, 255, 255, 255, 255, 255]),
        ("bytes", vec![0x43, 1, 2, 3]),
        ("a text", b"\x65words".to_vec()),
        ("a text that is none", vec![0x62, 0xff, 0xfe]),
        ("a map", vec![0xa1, 1, 2]),
        ("a map of 2^64 pairs", vec![0xbb, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ("a list of 2^64 items", vec![0x9b, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ("bytes of 2^64", vec![0x5b, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ("an empty list", vec![0x80]),
        ("nothing, said", vec![0xf6]),
        ("true", vec![0xf5]),
        ("a fraction", vec![0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]),
        ("a tag", vec![0xc1, 0x80]),
        ("tags on tags", vec![0xc1; 100_000]),
        ("lists in lists", vec![0x81; 1_000_000]),
        ("maps in maps", [0xa1, 0].repeat(100_000)),
        ("a list without an end", vec![0x9f, 0x40, 0xff]),
        ("lists without an end in one another", vec![0x9f; 1_000_000]),
        ("bytes in pieces", vec![0x5f, 0x41, 1, 0xff]),
        ("a break alone", vec![0xff]),
        ("a reserved head", vec![0x1c]),
    ];
    for (name, body) in rows {
        siege.withstands(name, &refused(400, "codec-body"), LARGE, |siege| siege.post("/v1/exchange", &plain(&body)));
        let enrolment = [b"SG\x01\x03", &body[..]].concat();
        siege.withstands(&format!("{name}, as an enrolment"), &refused(400, "codec-body"), LARGE, |siege| {
            siege.post("/v1/enrol", &enrolment)
        });
    }
}

/// A request with each of its fields exchanged for each kind of value, left out, or too many.
fn fields(siege: &mut Siege) {
    let request = siege.attacker.request(Vec::new());
    let good = unframe(Message::ExchangeRequest, &frame(Message::ExchangeRequest, &request)).expect("a frame is read");
    let ends = items(&good);
    let wrong: [&[u8]; 7] =
        [b"\x05", b"\x43abc", b"\x63abc", b"\x81\x05", b"\xa1\x01\x02", b"\xf5", b"\xfb\x7f\xf8\0\0\0\0\0\0"];
    for (field, range) in ends.iter().enumerate() {
        for value in wrong {
            let body = [&good[..range.0], value, &good[range.1..]].concat();
            let name = format!("field {field} is {value:02x?}");
            siege.withstands_any(&name, SMALL, |siege| {
                let outcome = siege.post("/v1/exchange", &plain(&body));
                assert!(!matches!(outcome, Outcome::Refused(500.., _) | Outcome::Cut), "{name}: {outcome:?}");
                outcome
            });
        }
    }
    let cut = [&[0x80 | 3], &good[1..ends[2].1]].concat();
    siege.withstands("fields left out", &refused(400, "codec-body"), SMALL, |siege| {
        siege.post("/v1/exchange", &plain(&cut))
    });
    let behind = [&good[..], &[0]].concat();
    siege.withstands("something behind it", &refused(400, "codec-body"), SMALL, |siege| {
        siege.post("/v1/exchange", &plain(&behind))
    });
    let parcels = to_cbor(&vec![Raw(vec![1; 8]); 3]);
    let body = [&good[..ends[3].0], &parcels[..], &good[ends[3].1..]].concat();
    siege.withstands("parcels that are none", &refused(400, "codec-body"), SMALL, |siege| {
        siege.post("/v1/exchange", &plain(&body))
    });
}

/// Where the items of a list of simple values begin and end; each of ours is a number, a string or an empty list.
fn items(list: &[u8]) -> Vec<(usize, usize)> {
    let mut decoder = minicbor::Decoder::new(list);
    let count = decoder.array().expect("a request is a list").expect("of a definite length");
    (0..count)
        .map(|_| {
            let begin = decoder.position();
            decoder.skip().expect("its items are readable");
            (begin, decoder.position())
        })
        .collect()
}

/// Bytes that nobody has thought of.
fn drawn(siege: &mut Siege) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for turn in 0..DRAWN {
        let length = random.random_range(1..2_000);
        let body: Vec<u8> = (0..length).map(|_| random.random()).collect();
        // One address may fail to enrol so often and no more.
        let enrolment = turn.is_multiple_of(4).then_some(("/v1/enrol", b"SG\x01\x03"));
        let exchanges = [("/v1/exchange", b"SG\x01\x01"), ("/v1/exchange", b"SG\x01\x81")];
        for (path, head) in exchanges.into_iter().chain(enrolment) {
            let bytes = [&head[..], &body].concat();
            siege.withstands_any(&format!("drawn {turn}"), LARGE, |siege| {
                let outcome = siege.post(path, &bytes);
                assert!(matches!(outcome, Outcome::Refused(400, _)), "{outcome:?}");
                outcome
            });
        }
    }
}
