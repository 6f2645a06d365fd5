//! The feed: what a user may see and a cursor has not covered.
//!
//! Reads, for each channel of the scope, the rows after the cursor's place in it, and takes the changes out of the log
//! where they stand. Never opens a merged document. A document that enters a channel comes whole; thousands that enter
//! at once come in pieces, since a place may lie inside a position.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use sync_protocol::gate::change_hash;
use sync_protocol::ids::{ActorPrefix, ChainTag, Channel, DocumentId, LogId, Position};
use sync_protocol::wire::answer::{FeedItem, FeedWhat};
use sync_protocol::wire::codec::{Raw, from_cbor};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::returning::Mark;

use super::continuing::stands;
use super::entry::{Entry, Stored, Work, content_binding};
use super::filing::{FilingError, document_key};
use super::published::{Published, Shared};
use super::writer::{Fatal, read_entry};
use crate::store::documents::{DocumentHead, FeedKind, FeedPlace, FeedRow, HistoryRow};
use crate::store::seal::{self, Key};

/// Feed rows read from the store at once; each is about forty bytes.
const ROWS_PER_READ: usize = 256;
/// History rows of one document read at once.
const HISTORY_PER_READ: usize = 256;
/// Parcel entries kept decoded while one feed is made: neighbours mostly stand in one parcel.
const ENTRIES_KEPT: usize = 4;

/// A device's place in the log, channel by channel. Opaque to the device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// Whose positions these are.
    #[n(0)]
    pub log: LogId,
    /// Up to where each channel was read.
    #[n(1)]
    pub places: Vec<Place>,
    /// The log's end when it was made: the same there, the same before. None in cursors of earlier versions.
    #[n(2)]
    pub mark: Option<Mark>,
}

/// What a cursor is worth here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownCursor {
    /// There is none.
    None,
    /// It is of this log.
    Ours(Cursor),
    /// It is of another history.
    Other(Cursor),
}

impl Cursor {
    /// The cursor as far as both sides share a log.
    #[must_use]
    pub fn up_to(mut self, shared: Position) -> Self {
        for place in &mut self.places {
            if place.position > shared {
                (place.position, place.document) = (shared, None);
            }
            place.since = place.since.min(shared);
        }
        self
    }
}

/// A place in one channel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    /// Which channel.
    #[n(0)]
    pub channel: Channel,
    /// Position read last.
    #[n(1)]
    pub position: Position,
    /// Document of it read last; none when the position was read completely.
    #[n(2)]
    pub document: Option<DocumentId>,
    /// The log's end when the channel was read first: what had left by then was never told, and its leaving is not.
    #[n(3)]
    pub since: Position,
}

/// What a device has told and asked.
pub struct FeedRequest<'a> {
    /// The user's channels.
    pub scope: &'a [Channel],
    /// Of this log, or cut to what is shared with it.
    pub cursor: Option<&'a Cursor>,
    /// Bytes of changes to stop after; at least one item is sent.
    pub budget: usize,
    /// Documents wanted whole.
    pub wants: &'a [DocumentId],
    /// Documents whose changes at a position came with this very request.
    pub brought: &'a BTreeSet<(Position, DocumentId)>,
}

/// A feed.
pub struct Feed {
    /// Its items.
    pub items: Vec<FeedItem>,
    /// For each item: the hashes of its changes, for the leaves.
    pub hashes: Vec<Vec<sync_protocol::ids::ChangeHash>>,
    /// To send next time.
    pub cursor: Cursor,
    /// Whether more follows at once.
    pub more: bool,
    /// Who wrote what is in it.
    pub authors: BTreeSet<ActorPrefix>,
}

/// One channel being read.
struct Reading<'a> {
    index: u8,
    channel: &'a Channel,
    up_to: Position,
    since: Position,
}

struct Maker<'a> {
    shared: &'a Shared,
    entries: Vec<(Position, Entry)>,
    keys: BTreeMap<DocumentId, (Key, u8)>,
    feed: Feed,
    bytes: usize,
}

/// Reads a cursor: its chain says whether it is of this log, whatever the log's id.
///
/// # Errors
/// [`Fatal`] when the log cannot be read.
pub fn read_cursor(shared: &Shared, published: &Published, cursor: Option<&Raw>) -> Result<KnownCursor, Fatal> {
    let Some(cursor) = cursor.and_then(|cursor| from_cbor::<Cursor>(&cursor.0).ok()) else {
        return Ok(KnownCursor::None);
    };
    let ours = match &cursor.mark {
        Some(mark) => stands(shared, published, mark)?,
        None if shared.directory().is_own(cursor.log) => true,
        None => return Ok(KnownCursor::None),
    };
    Ok(if ours { KnownCursor::Ours(cursor) } else { KnownCursor::Other(cursor) })
}

/// Makes a feed as of a published state.
///
/// # Errors
/// [`Fatal`] when the store or the log cannot be read.
pub fn make(shared: &Shared, published: &Published, request: &FeedRequest<'_>) -> Result<Feed, Fatal> {
    let known = request.cursor.map(|cursor| cursor.places.as_slice()).unwrap_or_default();
    let mark = Mark { position: published.position, tag: ChainTag::of(&published.chain) };
    let feed = Feed {
        items: Vec::new(),
        hashes: Vec::new(),
        cursor: Cursor { log: published.log, places: Vec::new(), mark: Some(mark) },
        more: false,
        authors: BTreeSet::new(),
    };
    let mut maker = Maker { shared, entries: Vec::new(), keys: BTreeMap::new(), feed, bytes: 0 };
    for document in request.wants {
        if maker.bytes >= request.budget && !maker.feed.items.is_empty() {
            break;
        }
        maker.wanted(*document, request.scope, published.position)?;
    }
    for (index, channel) in request.scope.iter().enumerate() {
        let index = u8::try_from(index).expect("a scope has at most 255 channels, bounded when it is given");
        let start = known.iter().find(|place| place.channel == *channel);
        let since = start.map_or(published.position, |place| place.since);
        let start = start.map_or(FeedPlace::from(Position::START), |place| FeedPlace {
            position: place.position.min(published.position),
            document: place.document,
        });
        let reading = Reading { index, channel, up_to: published.position, since };
        let end = maker.channel(&reading, start, request)?;
        let place = Place { channel: channel.clone(), position: end.position, document: end.document, since };
        maker.feed.cursor.places.push(place);
    }
    Ok(maker.feed)
}

/// Whether a channel of the scope has anything after the cursor.
///
/// # Errors
/// [`Fatal`] when the store cannot be read.
pub fn has_news(shared: &Shared, scope: &[Channel], cursor: Option<&Raw>) -> Result<bool, Fatal> {
    let published = shared.published();
    let KnownCursor::Ours(cursor) = read_cursor(shared, &published, cursor)? else {
        return Ok(true);
    };
    for channel in scope {
        let Some(place) = cursor.places.iter().find(|place| place.channel == *channel) else {
            return Ok(true);
        };
        let place = FeedPlace { position: place.position, document: place.document };
        if !shared.store.feed(channel, place, published.position, 1).map_err(FilingError::from)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Maker<'_> {
    fn channel(
        &mut self,
        reading: &Reading<'_>,
        start: FeedPlace,
        request: &FeedRequest<'_>,
    ) -> Result<FeedPlace, Fatal> {
        let Reading { index, channel, up_to, since } = *reading;
        let mut place = start;
        loop {
            let rows = self.shared.store.feed(channel, place, up_to, ROWS_PER_READ).map_err(FilingError::from)?;
            let last = rows.len() < ROWS_PER_READ;
            for row in rows {
                if self.bytes >= request.budget && !self.feed.items.is_empty() {
                    self.feed.more = true;
                    return Ok(place);
                }
                place = FeedPlace::from(&row);
                if row.kind == FeedKind::Left && row.position <= since {
                    continue;
                }
                if row.kind == FeedKind::Changes && request.brought.contains(&(row.position, row.document)) {
                    continue;
                }
                if row.kind == FeedKind::Entered && request.brought.contains(&(row.position, row.document)) {
                    // It began with this request: nothing stood before.
                    let earlier = self.history(row.document, row.position)?;
                    if earlier.iter().all(|history| history.position == row.position) {
                        continue;
                    }
                }
                self.row(index, &row)?;
            }
            if last {
                return Ok(FeedPlace::from(up_to));
            }
        }
    }

    fn row(&mut self, channel: u8, row: &FeedRow) -> Result<(), Fatal> {
        // What has left the channel since is no longer this reader's, whatever the channel once held; and what has come
        // back needs no notice that it had left.
        let head = self.shared.store.head(row.document).map_err(FilingError::from)?;
        let is_inside = head.is_some_and(|head| head.channels.contains(&row.channel));
        if is_inside == (row.kind == FeedKind::Left) {
            return Ok(());
        }
        let (what, history) = match row.kind {
            FeedKind::Changes => {
                let at = self.shared.store.history_at(row.document, row.position).map_err(FilingError::from)?;
                (FeedWhat::Changes, at)
            }
            FeedKind::Entered => (FeedWhat::Entered, self.history(row.document, row.position)?),
            FeedKind::Left => (FeedWhat::Left, Vec::new()),
        };
        self.item(channel, row.document, what, &history)
    }

    fn wanted(&mut self, document: DocumentId, scope: &[Channel], up_to: Position) -> Result<(), Fatal> {
        let head = self.shared.store.head(document).map_err(FilingError::from)?;
        let channel = head.and_then(|head| scope.iter().position(|channel| head.channels.contains(channel)));
        let Some(channel) = channel.and_then(|index| u8::try_from(index).ok()) else {
            return Ok(());
        };
        let history = self.history(document, up_to)?;
        self.item(channel, document, FeedWhat::Entered, &history)
    }

    fn history(&self, document: DocumentId, up_to: Position) -> Result<Vec<HistoryRow>, Fatal> {
        let mut all: Vec<HistoryRow> = Vec::new();
        loop {
            let after = all.last().map_or(Position::START, |row| row.position);
            let rows =
                self.shared.store.history(document, after, up_to, HISTORY_PER_READ).map_err(FilingError::from)?;
            let last = rows.len() < HISTORY_PER_READ;
            all.extend(rows);
            if last {
                return Ok(all);
            }
        }
    }

    fn item(&mut self, channel: u8, document: DocumentId, what: FeedWhat, history: &[HistoryRow]) -> Result<(), Fatal> {
        let (key, kind) = self.key(document)?;
        let mut changes = Vec::new();
        for row in history {
            self.changes(&key, row, &mut changes)?;
        }
        self.bytes += changes.iter().map(|change: &Raw| change.0.len()).sum::<usize>() + DocumentId::LEN + 8;
        self.feed.hashes.push(changes.iter().map(|change| change_hash(change.as_ref())).collect());
        self.feed.items.push(FeedItem { document, kind, channel, what, changes });
        Ok(())
    }

    fn key(&mut self, document: DocumentId) -> Result<(Key, u8), Fatal> {
        if let Some((key, kind)) = self.keys.get(&document) {
            return Ok((key.clone(), *kind));
        }
        let head: DocumentHead =
            self.shared.store.head(document).map_err(FilingError::from)?.ok_or_else(|| missing(document))?;
        let (key, _) = document_key(&self.shared.keyring, &head)?;
        self.keys.insert(document, (key.clone(), head.kind));
        Ok((key, head.kind))
    }

    fn changes(&mut self, key: &Key, row: &HistoryRow, out: &mut Vec<Raw>) -> Result<(), Fatal> {
        let work = self.entry(row.source)?.work(usize::from(row.item)).ok_or_else(|| missing(row.document))?;
        let authors = work.authors.to_vec();
        let stored = open_content(&work, row.document, key)?;
        for (from, count) in &row.runs {
            let (from, count) = (usize::from(*from), usize::from(*count));
            out.extend(stored.changes.iter().skip(from).take(count).cloned());
        }
        self.feed.authors.extend(authors);
        Ok(())
    }

    fn entry(&mut self, position: Position) -> Result<&Entry, Fatal> {
        let found = self.entries.iter().position(|(at, _)| *at == position);
        let index = match found {
            Some(index) => index,
            None => {
                if self.entries.len() == ENTRIES_KEPT {
                    self.entries.remove(0);
                }
                self.entries.push((position, read_entry(self.shared, position)?));
                self.entries.len() - 1
            }
        };
        Ok(&self.entries[index].1)
    }
}

fn missing(document: DocumentId) -> FilingError {
    FilingError::Form {
        document,
        source: sync_protocol::wire::codec::CodecError::Body("the feed names a document that is not stored".to_owned()),
    }
}

/// Opens the applied changes of one document of an entry.
///
/// # Errors
/// [`FilingError`] when the key does not fit or there is no content.
pub fn open_content(work: &Work<'_>, document: DocumentId, key: &Key) -> Result<Stored, FilingError> {
    let content = work.filed.content.as_ref().ok_or_else(|| missing(document))?;
    let bound = content_binding(document, &work.manifest, false);
    let bytes = seal::open(key, &bound, content.as_ref()).map_err(|source| FilingError::Sealed { document, source })?;
    from_cbor(&bytes).map_err(|source| FilingError::Form { document, source })
}

/// What a channel holds, for a repair.
#[derive(Debug)]
pub struct Buckets {
    /// The sums of its documents, by the first byte of their ids.
    pub sums: Vec<Digest>,
    /// Each document and its sum.
    pub documents: Vec<(DocumentId, Digest)>,
}

/// The sums of a channel's documents by the first byte of their ids, and the documents themselves.
///
/// # Errors
/// [`Fatal`] when the store cannot be read.
pub fn buckets(shared: &Shared, channel: &Channel) -> Result<Buckets, Fatal> {
    let mut sums = vec![Digest::EMPTY; sync_protocol::limits::REPAIR_BUCKETS];
    let mut documents = Vec::new();
    let mut after = None;
    loop {
        let heads = shared.store.documents_after(after, ROWS_PER_READ).map_err(FilingError::from)?;
        let Some(last) = heads.last() else {
            return Ok(Buckets { sums, documents });
        };
        after = Some(last.document);
        for head in heads {
            let counts = head.kind != sync_protocol::documents::Kind::Annex.code();
            if counts && head.channels.contains(channel) {
                let bucket = usize::from(head.document.as_bytes()[0]);
                sums[bucket] = sums[bucket].plus(head.sum);
                documents.push((head.document, head.sum));
            }
        }
    }
}
