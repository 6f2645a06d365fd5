//! A few bytes that announce or become very many: compressed, run-length encoded, nested, listed.

use flate2::{Compress, Compression, FlushCompress};
use sha2::{Digest, Sha256};
use sync_protocol::ids::DocumentId;
use sync_protocol::limits::{CHANGE_BYTES_MAX, DOCUMENT_CHANGES_MAX, MESSAGE_BYTES_MAX};
use sync_protocol::wire::codec::{Raw, to_cbor};

use super::{LARGE, SMALL, Siege, fates, refused};
use crate::parts::{Parts, framed, predecessor_bomb, run_bomb, uleb};

/// Bytes of one piece that bombs are made of.
const PIECE: usize = 1024 * 1024;
/// What bombs become, in such pieces: 100 MiB and 1 GiB.
const SIZES: [usize; 2] = [100, 1024];

/// Runs them.
pub fn run(siege: &mut Siege) {
    for pieces in SIZES {
        changes(siege, pieces);
        messages(siege, pieces);
    }
    runs(siege);
    many(siege);
}

/// Zeros, compressed piece by piece: no more than one piece is ever held.
#[must_use]
pub fn deflated_zeros(pieces: usize) -> Vec<u8> {
    let zeros = vec![0; PIECE];
    let mut packer = Compress::new(Compression::best(), false);
    let mut out = Vec::new();
    for piece in 1..=pieces {
        let flush = if piece == pieces { FlushCompress::Finish } else { FlushCompress::None };
        let begun = packer.total_in();
        loop {
            let done = usize::try_from(packer.total_in() - begun).expect("a piece is small");
            out.reserve(64 * 1024);
            let before = out.len();
            packer.compress_vec(&zeros[done..], &mut out, flush).expect("zeros are compressed");
            let done = usize::try_from(packer.total_in() - begun).expect("a piece is small");
            if done == PIECE && (flush == FlushCompress::None || out.len() == before) {
                break;
            }
        }
    }
    out
}

/// The checksum that a change of so many zeros has.
fn checksum_of_zeros(pieces: usize) -> [u8; 4] {
    let zeros = vec![0; PIECE];
    let mut head = vec![1];
    uleb(&mut head, (pieces * PIECE) as u64);
    let mut hasher = Sha256::new_with_prefix(&head);
    (0..pieces).for_each(|_| hasher.update(&zeros));
    let hash: [u8; 32] = hasher.finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn changes(siege: &mut Siege, pieces: usize) {
    let packed = deflated_zeros(pieces);
    for (checksum, which) in [(checksum_of_zeros(pieces), "right"), ([7; 4], "wrong")] {
        let name = format!("a change that inflates to {pieces} MiB, {which} checksum");
        let bytes = framed(2, checksum, &packed);
        siege.change(&name, &bytes, "refused gate-size");
    }
    // As long as a change may be on the wire, however much it would become.
    let most = &packed[..packed.len().min(CHANGE_BYTES_MAX - 32)];
    siege.change(&format!("{pieces} MiB, cut to what is looked at"), &framed(2, [7; 4], most), "refused gate-size");
}

fn messages(siege: &mut Siege, pieces: usize) {
    let packed = deflated_zeros(pieces);
    let message = |announced: u32| [b"SG\x01\x81".as_slice(), &announced.to_be_bytes(), &packed].concat();
    let true_length = u32::try_from(pieces * PIECE).expect("below 4 GiB");
    let longest = u32::try_from(MESSAGE_BYTES_MAX).expect("below 4 GiB");
    for (announced, how) in
        [(true_length, "as it is"), (longest, "as the longest"), (1_000, "as short"), (u32::MAX, "as 4 GiB")]
    {
        let name = format!("a message that inflates to {pieces} MiB, announced {how}");
        siege.withstands(&name, &refused(400, "codec-too-long"), LARGE, |siege| {
            siege.post("/v1/exchange", &message(announced))
        });
        let enrolment = message(announced).into_iter().enumerate().map(|(at, byte)| if at == 3 { 0x83 } else { byte });
        let enrolment: Vec<u8> = enrolment.collect();
        siege.withstands(&format!("{name}, as an enrolment"), &refused(400, "codec-too-long"), LARGE, |siege| {
            siege.post("/v1/enrol", &enrolment)
        });
    }
}

fn runs(siege: &mut Siege) {
    for count in [65_537, 10_000_000, 1 << 40, i64::MAX] {
        let change = siege.rewritten(|p| p.columns = run_bomb(count));
        assert!(change.len() < 250);
        siege.change(&format!("a run of {count} operations"), &change, "refused gate-operations");
    }
    for count in [131_073, 1 << 40, i64::MAX as u64, u64::MAX] {
        let change = siege.rewritten(|p| p.columns = predecessor_bomb(count));
        assert!(change.len() < 250);
        siege.change(&format!("an operation with {count} predecessors"), &change, "refused gate-predecessors");
    }
}

fn many(siege: &mut Siege) {
    // Compressed changes within a compressed message: more when unpacked than a request may weigh.
    let long = siege.next_of(|t| {
        let value = "a".repeat(CHANGE_BYTES_MAX - 4_096);
        automerge::transaction::Transactable::put(t, automerge::ROOT, "long", value).expect("a key is put");
    });
    let small = crate::parts::compressed(&Parts::of(&long).contents());
    let works: Vec<_> = (0..100).map(|n| (DocumentId::new([n; 16]), vec![small.clone()])).collect();
    let sent = siege.packed_for(&works);
    siege.withstands("compressed within compressed", &refused(413, "request-too-many"), LARGE, |siege| {
        siege.push(vec![sent])
    });

    // Four million empty strings: a few kilobytes on the line.
    let sent = to_cbor(&vec![Raw::default(); 4_000_000]);
    let bytes = sync_protocol::wire::codec::frame(
        sync_protocol::wire::codec::Message::ExchangeRequest,
        &vec![Raw::default(); 4_000_000],
    );
    assert!(bytes.len() < 16_384 && sent.len() > 4_000_000);
    siege.withstands("four million items", &refused(400, "codec-too-many"), LARGE, |siege| {
        siege.post("/v1/exchange", &bytes)
    });

    // Unreadable changes, each with its own refusal: what is said of them stays bounded, too.
    let bad = |n: usize| {
        [&[0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0][..], if n.is_multiple_of(2) { &[9] } else { &[1, 9] }].concat()
    };
    let works: Vec<_> =
        (0..200).map(|n| (DocumentId::new([n; 16]), (0..DOCUMENT_CHANGES_MAX).map(bad).collect::<Vec<_>>())).collect();
    let sent = siege.packed_for(&works);
    siege.withstands("100,000 unreadable changes", &refused(413, "request-too-many"), LARGE, |siege| {
        siege.push(vec![sent])
    });
    let few: Vec<Vec<u8>> = (0..DOCUMENT_CHANGES_MAX).map(bad).collect();
    let sent = siege.packed(&few);
    let said: Vec<&str> = (0..DOCUMENT_CHANGES_MAX)
        .map(|n| if n.is_multiple_of(2) { "refused gate-kind" } else { "refused gate-length" })
        .collect();
    siege.withstands("512 unreadable changes of one case", &fates(&said), SMALL, |siege| siege.push(vec![sent]));
    let sent = siege.packed(&vec![siege.next(); DOCUMENT_CHANGES_MAX + 1]);
    siege.withstands("more changes of one case than are taken", &super::parcel("parcel-shape"), SMALL, |siege| {
        siege.push(vec![sent])
    });
}
