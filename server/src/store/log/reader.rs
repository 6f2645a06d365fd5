//! Reading what is durable: by position, or from a position on, while the writer goes on.
//!
//! Owns the index (where each entry stands, 8 bytes an entry, in memory) and the published head. An entry is visible
//! from the moment when its sync returned, never before. The writer is in [`super`].

use std::sync::{Arc, PoisonError, RwLock};

use sync_protocol::ids::{Hash, LogId, Position};

use super::format::{RecordHeader, Salt, segment_path};
use super::{LogError, RECORD_HEADER_BYTES};
use crate::limits::LOG_READ_BYTES;
use crate::store::files::DiskFile;

/// One entry as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub position: Position,
    /// The chain's hash up to and including it.
    pub chain: Hash,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// The reading end of a log. Clones are cheap and may go to other threads.
#[derive(Clone)]
pub struct LogReader(Arc<Shared>);

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Number of the segment, from 1.
    pub(super) segment: u32,
    pub(super) offset: u32,
}

/// What the writer and the readers share.
pub(super) struct Shared {
    pub(super) log_id: LogId,
    pub(super) salt: Salt,
    state: RwLock<State>,
}

struct State {
    /// Segment 1 first.
    segments: Vec<Arc<dyn DiskFile>>,
    /// Position 1 first.
    places: Vec<Place>,
    chain: Hash,
}

impl Shared {
    pub(super) fn new(
        log_id: LogId,
        salt: Salt,
        segments: Vec<Arc<dyn DiskFile>>,
        places: Vec<Place>,
        chain: Hash,
    ) -> Arc<Self> {
        Arc::new(Self { log_id, salt, state: RwLock::new(State { segments, places, chain }) })
    }

    pub(super) fn head(&self) -> (Position, Hash) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (Position(state.places.len() as u64), state.chain)
    }

    pub(super) fn add_segment(&self, file: Arc<dyn DiskFile>) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).segments.push(file);
    }

    /// Makes synced entries visible.
    pub(super) fn publish(&self, places: &[Place], head: Position, chain: Hash) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.places.extend_from_slice(places);
        state.chain = chain;
        debug_assert_eq!(state.places.len() as u64, head.0);
    }
}

impl LogReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Which log this is.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.0.log_id
    }

    /// The last durable entry ([`Position::START`] when there is none), and the chain's hash up to it.
    #[must_use]
    pub fn head(&self) -> (Position, Hash) {
        self.0.head()
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`LogError::NoSuchPosition`]; [`LogError::Damaged`] when the bytes are not what was written; or the disk fails.
    pub fn read(&self, position: Position) -> Result<Record, LogError> {
        let (place, file) = self.find(position)?;
        let offset = u64::from(place.offset);
        let damaged = |what| LogError::Damaged { file: segment_path(place.segment), offset, position, what };

        let mut bytes = vec![0; LOG_READ_BYTES];
        let count = file.read_at(offset, &mut bytes)?;
        bytes.truncate(count);
        let header = RecordHeader::decode(&bytes).map_err(damaged)?;
        let wanted = RECORD_HEADER_BYTES + header.length;
        if wanted > count && count == LOG_READ_BYTES {
            bytes.resize(wanted, 0);
            let more = file.read_at(offset + count as u64, &mut bytes[count..])?;
            bytes.truncate(count + more);
        }
        header.check(self.0.salt, &bytes).map_err(damaged)?;
        if header.position != position {
            return Err(damaged("another entry stands in its place"));
        }
        bytes.truncate(wanted);
        bytes.drain(..RECORD_HEADER_BYTES);
        Ok(Record { position, chain: header.chain, payload: bytes })
    }

    /// The entries from this position on (the first one is [`Position`] 1), up to the head at the time of each step.
    #[must_use]
    pub fn iter_from(&self, position: Position) -> LogIter {
        LogIter { reader: self.clone(), next: position.max(Position(1)) }
    }

    fn find(&self, position: Position) -> Result<(Place, Arc<dyn DiskFile>), LogError> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let index = position.0.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let Some(place) = index.and_then(|index| state.places.get(index)).copied() else {
            return Err(LogError::NoSuchPosition { position, head: Position(state.places.len() as u64) });
        };
        let file = state.segments.get(place.segment as usize - 1);
        Ok((place, Arc::clone(file.expect("an entry is published after the segment it stands in"))))
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader").field("log_id", &self.0.log_id).field("head", &self.head().0).finish()
    }
}

/// Walks over entries. After `None` it goes on when there are new ones; after an error it repeats the same entry.
#[derive(Debug, Clone)]
pub struct LogIter {
    reader: LogReader,
    next: Position,
}

impl Iterator for LogIter {
    type Item = Result<Record, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.reader.head().0 {
            return None;
        }
        let record = self.reader.read(self.next);
        if record.is_ok() {
            self.next = self.next.next();
        }
        Some(record)
    }
}
