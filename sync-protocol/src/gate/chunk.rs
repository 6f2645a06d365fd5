//! The envelope of a change: magic, checksum, kind, length; inflated under a cap.
//!
//! Automerge parses a chunk without comparing its checksum and inflates without a bound; both are done here, before
//! it sees a byte. Only plain and compressed changes pass: documents and bundles can end a process.

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};

use super::reader::Reader;
use super::rejection::{Code, Rejection, demand};
use crate::ids::ChangeHash;
use crate::limits::CHANGE_BYTES_MAX;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const KIND_CHANGE: u8 = 1;
const KIND_COMPRESSED: u8 = 2;

/// A change as it came out of its envelope.
pub(super) struct Opened {
    pub(super) hash: ChangeHash,
    /// The whole chunk, uncompressed.
    pub(super) raw: Vec<u8>,
    /// Where the contents begin in it.
    pub(super) body: usize,
}

/// Opens the envelope and proves that the contents are what the checksum says.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, Rejection> {
    demand(bytes.len() <= CHANGE_BYTES_MAX, Code::Size, || {
        format!("change: {} bytes, at most {CHANGE_BYTES_MAX} are taken", bytes.len())
    })?;
    let mut reader = Reader::new(bytes, "chunk header");
    let magic: [u8; 4] = reader.array()?;
    demand(magic == MAGIC, Code::Magic, || "chunk header: not an Automerge chunk".into())?;
    let checksum: [u8; 4] = reader.array()?;
    let [kind] = reader.array()?;
    demand(matches!(kind, KIND_CHANGE | KIND_COMPRESSED), Code::Kind, || {
        format!("chunk header: kind {kind}; only plain (1) and compressed (2) changes are taken")
    })?;
    let length = reader.uleb()?;
    demand(length == reader.len() as u64, Code::Length, || {
        format!("chunk header: {length} bytes announced, {} there", reader.len())
    })?;
    let opened = if kind == KIND_CHANGE {
        let body = bytes.len() - reader.len();
        Opened { hash: hash_of(reader.rest()), raw: bytes.to_vec(), body }
    } else {
        wrap(&inflate(reader.rest())?)
    };
    demand(checksum == opened.hash.as_bytes()[..4], Code::Checksum, || {
        "chunk header: the checksum does not fit the contents; the bytes were changed on the way".into()
    })?;
    Ok(opened)
}

/// The hash of an uncompressed change that passed the gate before, from its bytes alone; nothing is checked.
#[must_use]
pub fn change_hash(raw: &[u8]) -> ChangeHash {
    // Behind magic and checksum stands exactly what is hashed: kind, length, contents.
    ChangeHash::new(Sha256::digest(raw.get(8..).unwrap_or_default()).into())
}

/// The SHA-256 over kind, length and contents: Automerge's change hash.
fn hash_of(contents: &[u8]) -> ChangeHash {
    let mut hasher = Sha256::new();
    let mut head = vec![KIND_CHANGE];
    write_uleb(&mut head, contents.len() as u64);
    hasher.update(&head);
    hasher.update(contents);
    ChangeHash::new(hasher.finalize().into())
}

/// A plain chunk around contents, with the right checksum.
pub(super) fn wrap(contents: &[u8]) -> Opened {
    let hash = hash_of(contents);
    let mut raw = Vec::with_capacity(contents.len() + 16);
    raw.extend_from_slice(&MAGIC);
    raw.extend_from_slice(&hash.as_bytes()[..4]);
    raw.push(KIND_CHANGE);
    write_uleb(&mut raw, contents.len() as u64);
    let body = raw.len();
    raw.extend_from_slice(contents);
    Opened { hash, raw, body }
}

fn write_uleb(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Inflates a raw deflate stream that must fill its bytes exactly and stay under the cap.
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, Rejection> {
    let broken = |why: &str| Rejection::new(Code::Deflate, format!("compressed change: {why}"));
    let mut inflater = Decompress::new(false);
    let mut out = Vec::with_capacity((compressed.len() * 3).clamp(512, CHANGE_BYTES_MAX));
    loop {
        let consumed = inflater.total_in() as usize;
        let written = out.len();
        let status = inflater
            .decompress_vec(&compressed[consumed..], &mut out, FlushDecompress::Finish)
            .map_err(|_| broken("not a deflate stream"))?;
        match status {
            Status::StreamEnd => break,
            _ if out.len() > CHANGE_BYTES_MAX => break,
            _ if out.len() == out.capacity() => out.reserve(out.len().min(CHANGE_BYTES_MAX) + 1),
            _ if out.len() == written && inflater.total_in() as usize == consumed => {
                return Err(broken("the deflate stream is cut"));
            }
            _ => {}
        }
    }
    demand(out.len() <= CHANGE_BYTES_MAX, Code::Size, || {
        format!("compressed change: inflates to more than {CHANGE_BYTES_MAX} bytes")
    })?;
    demand(inflater.total_in() as usize == compressed.len(), Code::Deflate, || {
        "compressed change: bytes behind the deflate stream".into()
    })?;
    Ok(out)
}
