//! The byte form of segments and entries. Numbers are big-endian.
//!
//! Segment: header, entries without gaps, zeros up to the end of the file.
//! Header (84 bytes): magic 8 · version 4 · number 4 · log id 16 · salt 8 · first position 8 · chain before it 32 ·
//! checksum 4, over everything before it.
//! Entry: payload length 4 · checksum 4 · position 8 · index in its group 4 · chain 32 · payload. The checksum is CRC-32
//! over salt, length and everything behind the checksum; it starts with a secret salt so that nobody can send a payload
//! inside which something looks like an entry of this log.

use sha2::{Digest, Sha256};
use sync_protocol::crypto::{Purpose, hash};
use sync_protocol::ids::{Hash, LogId, Position};

use super::{FOLDER, LogError};
use crate::limits::{LOG_CHUNK_BYTES, LOG_ENTRY_BYTES_MAX};
use crate::store::files::{DiskError, DiskFile};

/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER_BYTES: usize = 84;

/// Bytes that an entry has besides its payload.
pub const RECORD_HEADER_BYTES: usize = 52;

/// The form that this version writes.
pub(super) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"SEGINLOG";
const SUFFIX: &str = ".seg";
const NUMBER_DIGITS: usize = 10;

/// Random bytes that only the log's own files hold.
pub(super) type Salt = [u8; 8];

/// The chain before the first entry.
pub(super) fn first_chain(log_id: LogId) -> Hash {
    hash(Purpose::Chain, &[log_id.as_bytes()])
}

/// The chain after an entry.
#[must_use]
pub fn next_chain(before: &Hash, position: Position, payload: &[u8]) -> Hash {
    let digest = Sha256::digest(payload);
    hash(Purpose::Chain, &[before.as_bytes(), &position.0.to_be_bytes(), &digest])
}

/// What stands at the start of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: u32,
    pub(super) log_id: LogId,
    pub(super) salt: Salt,
    /// Position of the first entry in this segment.
    pub(super) first: Position,
    /// The chain before that entry.
    pub(super) before: Hash,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(self.log_id.as_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.first.0.to_be_bytes());
        bytes.extend_from_slice(self.before.as_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
        bytes.try_into().expect("the fields above have 84 bytes together")
    }

    /// Reads a header; `number` is the one in the file's name, `first` the entry that is expected.
    pub(super) fn decode(bytes: &[u8], number: u32, first: Position) -> Result<Self, LogError> {
        let damaged = |offset, what| LogError::Damaged { file: segment_path(number), offset, position: first, what };
        let mut fields = Fields(bytes.get(..SEGMENT_HEADER_BYTES).ok_or_else(|| damaged(0, "its header is cut"))?);
        if &fields.take::<8>() != MAGIC {
            return Err(damaged(0, "this is no segment of a log"));
        }
        // Before the checksum, which a later version may keep elsewhere.
        let version = u32::from_be_bytes(fields.take());
        if version > VERSION {
            return Err(LogError::NewerVersion { file: segment_path(number), found: version, known: VERSION });
        }
        let header = Self {
            number: u32::from_be_bytes(fields.take()),
            log_id: LogId::new(fields.take()),
            salt: fields.take(),
            first: Position(u64::from_be_bytes(fields.take())),
            before: Hash::new(fields.take()),
        };
        if header.encode() != bytes[..SEGMENT_HEADER_BYTES] {
            return Err(damaged(0, "the checksum of its header does not fit"));
        }
        if header.number != number {
            return Err(damaged(12, "its header has the number of another segment"));
        }
        Ok(header)
    }
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) length: usize,
    checksum: u32,
    pub(super) position: Position,
    /// How many entries of its group stand before it.
    pub(super) index: u32,
    pub(super) chain: Hash,
}

impl RecordHeader {
    /// Reads the header of an entry; what it says is not to be believed before [`RecordHeader::check`].
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut fields = Fields(bytes.get(..RECORD_HEADER_BYTES).ok_or("the file ends inside it")?);
        let header = Self {
            length: u32::from_be_bytes(fields.take()) as usize,
            checksum: u32::from_be_bytes(fields.take()),
            position: Position(u64::from_be_bytes(fields.take())),
            index: u32::from_be_bytes(fields.take()),
            chain: Hash::new(fields.take()),
        };
        if header.length > LOG_ENTRY_BYTES_MAX { Err("its length is beyond any entry's") } else { Ok(header) }
    }

    /// The payload out of the entry's bytes, if the checksum fits.
    pub(super) fn check<'b>(&self, salt: Salt, bytes: &'b [u8]) -> Result<&'b [u8], &'static str> {
        let entry = bytes.get(..RECORD_HEADER_BYTES + self.length).ok_or("the file ends inside it")?;
        if checksum(salt, entry) == self.checksum {
            Ok(&entry[RECORD_HEADER_BYTES..])
        } else {
            Err("its checksum does not fit")
        }
    }
}

/// Appends an entry's bytes.
pub(super) fn put_record(out: &mut Vec<u8>, salt: Salt, position: Position, index: u32, chain: &Hash, payload: &[u8]) {
    let start = out.len();
    let length = u32::try_from(payload.len()).expect("payloads are limited far below 4 GiB before they come here");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&position.0.to_be_bytes());
    out.extend_from_slice(&index.to_be_bytes());
    out.extend_from_slice(chain.as_bytes());
    out.extend_from_slice(payload);
    let checksum = checksum(salt, &out[start..]);
    out[start + 4..start + 8].copy_from_slice(&checksum.to_be_bytes());
}

/// Over salt, length and everything behind the checksum of one whole entry.
fn checksum(salt: Salt, entry: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt);
    hasher.update(&entry[..4]);
    hasher.update(&entry[8..]);
    hasher.finalize()
}

/// Lays zeros down from one offset to another.
pub(super) fn put_zeros(file: &dyn DiskFile, from: u64, to: u64) -> Result<(), DiskError> {
    let chunk = LOG_CHUNK_BYTES as u64;
    let zeros = vec![0; to.saturating_sub(from).min(chunk) as usize];
    let mut offset = from;
    while offset < to {
        let part = (to - offset).min(chunk);
        file.write_at(offset, &zeros[..part as usize])?;
        offset += part;
    }
    Ok(())
}

/// The path of a segment.
pub(super) fn segment_path(number: u32) -> String {
    format!("{FOLDER}/{number:0NUMBER_DIGITS$}{SUFFIX}")
}

/// The numbers of the segments among the names of a folder, ascending; other names are none of ours.
pub(super) fn segments(names: &[String]) -> Vec<u32> {
    let number = |name: &String| {
        let digits = name.strip_suffix(SUFFIX).filter(|digits| digits.len() == NUMBER_DIGITS)?;
        digits.parse().ok()
    };
    let mut numbers: Vec<u32> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Fixed-size fields, one after the other.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the caller cut as many bytes as the fields have");
        self.0 = rest;
        *field
    }
}
