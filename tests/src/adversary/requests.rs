//! What HTTP itself can be made to say: too large, without an end, slow, in pieces, and lengths that lie.

use std::io::Write;
use std::time::Duration;

use segin::limits::BODY_BYTES_MAX;
use sync_protocol::wire::codec::{Message, frame};

use super::{LARGE, Outcome, SMALL, Siege, fates, refused};
use crate::door::{House, Said, ask, hear, knock};

/// Within which a head and a body must have come, in this hub.
const SHORT: Duration = Duration::from_millis(150);
const CBOR: &str = "content-type: application/cbor\r\n";

/// A hub that waits for nobody.
pub fn impatient(house: &mut House) {
    house.options.bounds.head = SHORT;
    house.options.bounds.body = SHORT;
}

/// Runs them, against a hub made with [`impatient`].
pub fn run(siege: &mut Siege) {
    lengths(siege);
    pieces(siege);
    headers(siege);
    slowness(siege);
}

fn outcome(said: &Said) -> Outcome {
    match said.status {
        0 => Outcome::Cut,
        200 => Outcome::Open,
        status => Outcome::Refused(status, said.code()),
    }
}

fn sent(siege: &Siege, line: &str, headers: &str, body: &[u8]) -> Outcome {
    let head = format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", siege.address());
    outcome(&ask(siege.address(), &[head.as_bytes(), body].concat()))
}

fn post(siege: &Siege, headers: &str, body: &[u8]) -> Outcome {
    sent(siege, "POST /v1/exchange", headers, body)
}

/// A request of the attacker's whose parcel is refused: nothing changes when it is read.
fn body(siege: &mut Siege) -> Vec<u8> {
    let change = siege.rewritten(|p| p.start_op = 1 << 63);
    let parcel = siege.packed(&[change]);
    frame(Message::ExchangeRequest, &siege.attacker.request(vec![parcel]))
}

fn lengths(siege: &mut Siege) {
    let good = body(siege);
    let length = |n: usize| format!("{CBOR}content-length: {n}\r\n");
    siege.withstands("as it should be", &Outcome::Open, SMALL, |siege| post(siege, &length(good.len()), &good));
    siege.withstands("longer than it is", &refused(408, "body-cut"), SMALL, |siege| {
        post(siege, &length(good.len() + 9), &good)
    });
    siege.withstands("shorter than it is", &refused(400, "codec-body"), SMALL, |siege| {
        post(siege, &length(good.len() - 9), &good)
    });
    siege.withstands("nothing announced", &refused(400, "codec-header"), SMALL, |siege| post(siege, CBOR, &good));
    for most in [BODY_BYTES_MAX + 1, 999_999_999, usize::MAX] {
        let name = format!("{most} bytes announced");
        siege.withstands_any(&name, SMALL, |siege| {
            let outcome = post(siege, &length(most), b"SG");
            assert!(
                matches!(&outcome, Outcome::Refused(413, code) if code == "body-too-large") || most == usize::MAX,
                "{outcome:?}"
            );
            assert!(!matches!(outcome, Outcome::Open));
            outcome
        });
    }
    for lie in ["-1", "1e3", "0x10", "99999999999999999999999", "", "5, 6", "five"] {
        siege.withstands_any(&format!("a length of {lie:?}"), SMALL, |siege| {
            let outcome = post(siege, &format!("{CBOR}content-length: {lie}\r\n"), &good);
            assert!(matches!(outcome, Outcome::Refused(400, _) | Outcome::Cut), "{outcome:?}");
            outcome
        });
    }
    let two = format!("{CBOR}content-length: {}\r\ncontent-length: 3\r\n", good.len());
    siege.withstands_any("two lengths", SMALL, |siege| {
        let outcome = post(siege, &two, &good);
        assert!(matches!(outcome, Outcome::Refused(400, _) | Outcome::Cut), "{outcome:?}");
        outcome
    });
    let all = vec![0; BODY_BYTES_MAX];
    siege.withstands("as large as can be, of zeros", &refused(400, "codec-header"), LARGE, |siege| {
        post(siege, &length(all.len()), &all)
    });
}

fn pieces(siege: &mut Siege) {
    let good = body(siege);
    let chunked = format!("{CBOR}transfer-encoding: chunked\r\n");
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let by = |size: usize| [good.chunks(size).map(chunk).collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat();
    for size in [1, 7, 100_000] {
        let name = format!("in pieces of {size}");
        siege.withstands(&name, &Outcome::Open, SMALL, |siege| post(siege, &chunked, &by(size)));
    }
    siege.withstands("pieces without an end", &refused(408, "body-cut"), SMALL, |siege| {
        post(siege, &chunked, &chunk(&good))
    });
    let much = chunk(&vec![b'x'; 1 << 20]).repeat(9);
    siege.withstands_any("pieces beyond what is taken", LARGE, |siege| {
        let outcome = post(siege, &chunked, &much);
        assert!(matches!(outcome, Outcome::Refused(413, _) | Outcome::Cut), "{outcome:?}");
        outcome
    });
    for (name, lie) in [
        ("a piece longer than it is", [b"fff\r\n".as_slice(), &good, b"\r\n0\r\n\r\n"].concat()),
        ("a piece shorter than it is", [b"3\r\n".as_slice(), &good, b"\r\n0\r\n\r\n"].concat()),
        ("a piece of no number", [b"xyz\r\n".as_slice(), &good].concat()),
        ("a piece of 2^64 bytes", [b"10000000000000000\r\n".as_slice(), &good].concat()),
        ("a piece of minus one", [b"-1\r\n".as_slice(), &good].concat()),
        ("an extension without an end", [b"1;".as_slice(), &vec![b'x'; 100_000]].concat()),
    ] {
        siege.withstands_any(name, SMALL, |siege| {
            let outcome = post(siege, &chunked, &lie);
            assert!(matches!(outcome, Outcome::Refused(400 | 408, _) | Outcome::Cut), "{outcome:?}");
            outcome
        });
    }
    let both = format!("{chunked}content-length: 5\r\n");
    siege.withstands_any("pieces and a length", SMALL, |siege| {
        // One of the two may be believed; a second request hidden behind the first one is not answered.
        let hidden = [&by(100_000)[..], b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"].concat();
        let outcome = post(siege, &both, &hidden);
        assert!(!matches!(outcome, Outcome::Fates(_)), "{outcome:?}");
        outcome
    });
    let twice = format!("{CBOR}transfer-encoding: chunked, chunked\r\n");
    siege.withstands_any("pieces of pieces", SMALL, |siege| {
        let outcome = post(siege, &twice, &by(100));
        assert!(!matches!(outcome, Outcome::Refused(500.., _)), "{outcome:?}");
        outcome
    });
    for coding in ["gzip", "identity", "gzip, chunked"] {
        siege.withstands_any(&format!("sent as {coding}"), SMALL, |siege| {
            let outcome = post(siege, &format!("{CBOR}transfer-encoding: {coding}\r\n"), &by(100));
            assert!(!matches!(outcome, Outcome::Refused(500.., _)), "{outcome:?}");
            outcome
        });
    }
}

fn headers(siege: &mut Siege) {
    let good = body(siege);
    let with = |headers: &str| format!("{headers}content-length: {}\r\n", good.len());
    for kind in ["", "content-type: text/plain\r\n", "content-type: application/json\r\n", "content-type: \r\n"] {
        let name = format!("as {:?}", kind.trim());
        siege.withstands(&name, &refused(415, "media-type"), SMALL, |siege| post(siege, &with(kind), &good));
    }
    let two = with(&format!("content-type: text/plain\r\n{CBOR}"));
    siege.withstands("of two types", &refused(415, "media-type"), SMALL, |siege| post(siege, &two, &good));
    // The hub unpacks nothing but its own frames: the header says something else than the bytes.
    let gzip = with(&format!("{CBOR}content-encoding: gzip\r\n"));
    siege.withstands("a frame called gzip", &Outcome::Open, SMALL, |siege| post(siege, &gzip, &good));
    let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &super::bombs::deflated_zeros(4)].concat();
    let header = format!("{CBOR}content-encoding: gzip\r\ncontent-length: {}\r\n", packed.len());
    siege.withstands("true gzip", &refused(400, "codec-header"), SMALL, |siege| post(siege, &header, &packed));
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let name = format!("{method} instead of POST");
        siege.withstands(&name, &refused(405, "method-unknown"), SMALL, |siege| {
            sent(siege, &format!("{method} /v1/exchange"), &with(CBOR), &good)
        });
    }
    siege.withstands("another path", &refused(404, "path-unknown"), SMALL, |siege| {
        sent(siege, "POST /v2/exchange", &with(CBOR), &good)
    });
    let long = with(&format!("{CBOR}x-long: {}\r\n", "x".repeat(20_000)));
    siege.withstands("a head of 20 KB", &refused(431, "head-too-large"), SMALL, |siege| post(siege, &long, &good));
    for line in ["x-\0: y\r\n", "no colon\r\n", ": nameless\r\n", "x: a\r\n folded\r\n", "x: \x01\x7f\r\n"] {
        siege.withstands_any(&format!("a header {line:?}"), SMALL, |siege| {
            let outcome = post(siege, &with(&format!("{CBOR}{line}")), &good);
            assert!(!matches!(outcome, Outcome::Refused(500.., _)), "{outcome:?}");
            outcome
        });
    }
    for words in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"SG\x01\x01\r\n\r\n",
    ] {
        siege.withstands_any("another protocol", SMALL, |siege| {
            let said = outcome(&ask(siege.address(), words));
            assert!(matches!(said, Outcome::Refused(400..=431, _) | Outcome::Cut), "{said:?}");
            said
        });
    }
}

fn slowness(siege: &mut Siege) {
    let good = body(siege);
    let head = format!(
        "POST /v1/exchange HTTP/1.1\r\nhost: {}\r\n{CBOR}content-length: {}\r\n\r\n",
        siege.address(),
        good.len()
    );
    siege.withstands("a body that stops in the middle", &refused(408, "body-cut"), SMALL, |siege| {
        let mut slow = knock(siege.address());
        slow.write_all(&[head.as_bytes(), &good[..good.len() / 2]].concat()).expect("the hub reads");
        outcome(&hear(slow))
    });
    siege.withstands_any("a head that stops in the middle", SMALL, |siege| {
        let mut slow = knock(siege.address());
        slow.write_all(&head.as_bytes()[..40]).expect("the hub reads");
        let said = outcome(&hear(slow));
        assert!(!matches!(said, Outcome::Open), "{said:?}");
        said
    });
    siege.withstands_any("nothing at all", SMALL, |siege| outcome(&hear(knock(siege.address()))));
    let change = siege.rewritten(|p| p.start_op = 1 << 63);
    let parcel = siege.packed(&[change]);
    siege.withstands("gone before the answer", &fates(&["refused gate-start-op"]), SMALL, |siege| {
        for _ in 0..20 {
            let mut gone = knock(siege.address());
            gone.write_all(&[head.as_bytes(), &good].concat()).expect("the hub reads");
        }
        siege.push(vec![parcel])
    });
}
