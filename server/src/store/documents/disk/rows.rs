//! Keys and values of the document store on disk.
//!
//! One tree; a key is a table's byte and fixed-size big-endian parts, so that order by bytes is the order wanted and
//! no key is the beginning of another table's. No names and no hashes stand in keys, no personal data in values that
//! is not sealed. A change here, or of [`limits::DOCUMENT_PIECE_BYTES`], is a new [`FORMAT`].

use minicbor::{Decode, Encode};
use sync_protocol::ids::{Channel, DocumentId, Position};
use sync_protocol::wire::digest::Digest;

use super::super::{AppliedTo, DocumentHead, DocumentRow, FeedKind, FeedRow, HistoryRow};
use crate::limits;

/// The format that this version writes, and the last that it reads.
pub(super) const FORMAT: u32 = 2;

/// Four bytes, big endian: the format.
pub(super) const FORMAT_KEY: &[u8] = &[0x01];
/// [`StoredState`].
pub(super) const STATE_KEY: &[u8] = &[0x02];
/// All keys from here on are rows, which [`row_sum`] covers.
pub(super) const ROWS_FROM: &[u8] = &[0x10];

/// Document → [`StoredHead`].
pub(super) const HEADS: u8 = 0x10;
/// Position since which the store has the document, document, piece (two bytes) → bytes of the sealed form. Large rows in
/// the order in which they come: by random ids alone, each new document would load and rewrite a page of others.
pub(super) const FORMS: u8 = 0x11;
/// The same → bytes of the sealed projection.
pub(super) const PROJECTIONS: u8 = 0x12;
/// Document, position, source, item → runs.
const HISTORY: u8 = 0x20;
/// Length of the channel's name, the name, position, document → kind.
const FEED: u8 = 0x30;
/// Name → [`super::super::ChannelState`].
pub(super) const CHANNELS: u8 = 0x40;

/// What stands beside the rows, written with every batch.
#[derive(Clone, Copy, Encode, Decode)]
#[cbor(array)]
pub(super) struct StoredState {
    #[n(0)]
    pub(super) applied_to: AppliedTo,
    /// The sum of [`row_sum`] over all rows, modulo 2^64.
    #[n(1)]
    pub(super) sum: u64,
}

/// What one row adds to the sum of all. Found necessary by trial: after damage to its file the engine may open without
/// complaint and show some rows of an older state beside newer ones. A checksum against accidents, not against people.
pub(super) fn row_sum(key: &[u8], value: &[u8]) -> u64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    // Spread over 64 bits (the finaliser of SplitMix64), so that sums of many rows do not cancel out.
    let mut mixed = (u64::from(crc.finalize()) << 32) | (value.len() as u64 & 0xffff_ffff);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A document's head as stored: the row and the lengths of what stands in pieces.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct StoredHead {
    #[n(0)]
    kind: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    wrapped_key: Vec<u8>,
    #[n(2)]
    sum: Digest,
    #[n(3)]
    channels: Vec<Channel>,
    #[n(4)]
    changed_at: Position,
    #[n(5)]
    pub(super) form_bytes: usize,
    #[n(6)]
    pub(super) projection_bytes: usize,
    /// The document's first [`DocumentRow::changed_at`] in this store: part of the keys of its pieces, never changed.
    #[n(7)]
    pub(super) since: Position,
}

impl StoredHead {
    pub(super) fn of(row: &DocumentRow, since: Position) -> Self {
        Self {
            since,
            kind: row.kind,
            wrapped_key: row.wrapped_key.clone(),
            sum: row.sum,
            channels: row.channels.clone(),
            changed_at: row.changed_at,
            form_bytes: row.sealed_form.len(),
            projection_bytes: row.sealed_projection.len(),
        }
    }

    pub(super) fn into_head(self, document: DocumentId) -> DocumentHead {
        let Self { kind, wrapped_key, sum, channels, changed_at, .. } = self;
        DocumentHead { document, kind, wrapped_key, sum, channels, changed_at }
    }

    pub(super) fn into_row(self, document: DocumentId, form: Vec<u8>, projection: Vec<u8>) -> DocumentRow {
        let Self { kind, wrapped_key, sum, channels, changed_at, .. } = self;
        DocumentRow {
            document,
            kind,
            wrapped_key,
            sealed_form: form,
            sealed_projection: projection,
            sum,
            channels,
            changed_at,
        }
    }
}

/// How many pieces so many bytes take.
pub(super) fn pieces_of(bytes: usize) -> u16 {
    let pieces = bytes.div_ceil(limits::DOCUMENT_PIECE_BYTES);
    u16::try_from(pieces).expect("forms are checked to be at most 5 MiB, 732 pieces")
}

pub(super) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing to memory cannot fail")
}

pub(super) fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    minicbor::decode(bytes).ok()
}

pub(super) fn document_key(table: u8, document: DocumentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + DocumentId::LEN + 26);
    key.push(table);
    key.extend_from_slice(document.as_bytes());
    key
}

/// What the keys of all pieces of a document begin with.
pub(super) fn pieces_key(table: u8, since: Position, document: DocumentId) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 8 + DocumentId::LEN + 2);
    key.push(table);
    key.extend_from_slice(&since.0.to_be_bytes());
    key.extend_from_slice(document.as_bytes());
    key
}

pub(super) fn piece_key(table: u8, since: Position, document: DocumentId, piece: u16) -> Vec<u8> {
    let mut key = pieces_key(table, since, document);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// The document of a key of [`HEADS`].
pub(super) fn document_of(key: &[u8]) -> Option<DocumentId> {
    DocumentId::from_slice(key.get(1..)?)
}

/// The first key of a document's history from a position on.
pub(super) fn history_from(document: DocumentId, position: Position) -> Vec<u8> {
    let mut key = document_key(HISTORY, document);
    key.extend_from_slice(&position.0.to_be_bytes());
    key
}

/// The first key behind a document's history up to and with a position.
pub(super) fn history_behind(document: DocumentId, position: Position) -> Vec<u8> {
    match position.0.checked_add(1) {
        Some(next) => history_from(document, Position(next)),
        // Longer than every key of that position, with the highest bytes.
        None => [history_from(document, position).as_slice(), &[u8::MAX; 11]].concat(),
    }
}

pub(super) fn history_key(row: &HistoryRow) -> Vec<u8> {
    let mut key = history_from(row.document, row.position);
    key.extend_from_slice(&row.source.0.to_be_bytes());
    key.extend_from_slice(&row.item.to_be_bytes());
    key
}

pub(super) fn history_row(key: &[u8], value: &[u8]) -> Option<HistoryRow> {
    let rest = key.strip_prefix(&[HISTORY])?;
    let (document, rest) = rest.split_at_checked(DocumentId::LEN)?;
    let (position, rest) = rest.split_first_chunk()?;
    let (source, rest) = rest.split_first_chunk()?;
    Some(HistoryRow {
        document: DocumentId::from_slice(document)?,
        position: Position(u64::from_be_bytes(*position)),
        source: Position(u64::from_be_bytes(*source)),
        item: u16::from_be_bytes(rest.try_into().ok()?),
        runs: decode(value)?,
    })
}

/// What all keys of a channel's feed begin with. The length in front keeps `site/GO` out of `site/GOG`.
pub(super) fn feed_prefix(channel: &Channel) -> Vec<u8> {
    let name = channel.as_str().as_bytes();
    let length = u8::try_from(name.len()).expect("a channel's name has at most 24 bytes");
    [&[FEED, length], name].concat()
}

pub(super) fn feed_key(channel: &Channel, position: Position, document: DocumentId) -> Vec<u8> {
    let mut key = feed_prefix(channel);
    key.extend_from_slice(&position.0.to_be_bytes());
    key.extend_from_slice(document.as_bytes());
    key
}

pub(super) fn feed_row(channel: &Channel, key: &[u8], value: &[u8]) -> Option<FeedRow> {
    let rest = key.get(feed_prefix(channel).len()..)?;
    let (position, document) = rest.split_first_chunk()?;
    let [kind] = *value else { return None };
    Some(FeedRow {
        channel: channel.clone(),
        position: Position(u64::from_be_bytes(*position)),
        document: DocumentId::from_slice(document)?,
        kind: FeedKind::from_byte(kind)?,
    })
}

pub(super) fn channel_key(channel: &Channel) -> Vec<u8> {
    [&[CHANNELS], channel.as_str().as_bytes()].concat()
}

/// The channel of a key of [`CHANNELS`].
pub(super) fn channel_of(key: &[u8]) -> Option<Channel> {
    Channel::new(std::str::from_utf8(key.get(1..)?).ok()?).ok()
}
