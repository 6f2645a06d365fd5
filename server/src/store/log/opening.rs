//! A start: every byte of every segment is checked once, entries are handed out on the way, a torn tail is cut.
//!
//! Owns the judgement torn or damaged (see [`super`]). Writes nothing before [`Opening::finish`], and nothing at all
//! when the log is damaged.

use std::sync::Arc;

use sync_protocol::ids::{Hash, LogId, Position};

use super::format::{self, RecordHeader, SEGMENT_HEADER_BYTES, SegmentHeader, segment_path};
use super::reader::{Place, Shared};
use super::{FOLDER, Log, LogError, LogReader, LogSizes, RECORD_HEADER_BYTES, Record, next_chain, place_offset};
use crate::limits::LOG_CHUNK_BYTES;
use crate::store::files::{Disk, DiskFile};

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenReport {
    /// Which log.
    pub log_id: LogId,
    /// Bytes of unacknowledged entries at the end that a crash left torn; they are cut.
    pub torn_bytes_cut: u64,
    /// The last entry.
    pub head: Position,
    /// The chain's hash up to it.
    pub chain: Hash,
    /// How many segments there are.
    pub segments: u32,
}

/// A log on the way to being open.
pub struct Opening {
    disk: Arc<dyn Disk>,
    sizes: LogSizes,
    segments_count: u32,
    segments: Vec<Arc<dyn DiskFile>>,
    places: Vec<Place>,
    /// The first segment's header: every other one must fit it.
    first: SegmentHeader,
    head: Position,
    chain: Hash,
    /// The segment that is being checked, whole.
    bytes: Vec<u8>,
    /// Where the next entry is expected in it.
    offset: usize,
    /// Where the last group that was seen in it begins.
    group_offset: usize,
    torn_bytes: u64,
    is_done: bool,
}

impl Opening {
    /// Begins to check the log.
    ///
    /// # Errors
    /// [`LogError::Missing`]; [`LogError::NewerVersion`]; [`LogError::Damaged`]; or the disk fails.
    pub fn start(disk: Arc<dyn Disk>, sizes: LogSizes) -> Result<Self, LogError> {
        let numbers = format::segments(&disk.list(FOLDER)?);
        for (expected, &number) in (1..).zip(&numbers) {
            if number != expected {
                let (file, what) = (segment_path(expected), "the file is missing");
                return Err(LogError::Damaged { file, offset: 0, position: Position::START, what });
            }
        }
        let segments_count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        if segments_count == 0 {
            return Err(LogError::Missing);
        }
        let bytes = disk.read(&segment_path(1))?;
        let first = SegmentHeader::decode(&bytes, 1, Position(1))?;
        let mut opening = Self {
            disk,
            sizes,
            segments_count,
            segments: Vec::new(),
            places: Vec::new(),
            first,
            head: Position::START,
            chain: format::first_chain(first.log_id),
            bytes: Vec::new(),
            offset: 0,
            group_offset: 0,
            torn_bytes: 0,
            is_done: false,
        };
        opening.enter_segment(bytes)?;
        Ok(opening)
    }

    /// Which log this is.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.first.log_id
    }

    /// How many segments are checked, and how many there are: for a progress bar.
    #[must_use]
    pub fn progress(&self) -> (u32, u32) {
        let checked = self.segments.len() as u32 - u32::from(!self.is_done);
        (checked, self.segments_count)
    }

    /// The next entry, checked; `None` after the last.
    ///
    /// # Errors
    /// [`LogError::NewerVersion`]; [`LogError::Damaged`]; or the disk fails.
    pub fn next_record(&mut self) -> Result<Option<Record>, LogError> {
        while !self.is_done {
            if let Some(record) = self.next_in_segment()? {
                return Ok(Some(record));
            }
            if self.is_last_segment() {
                self.is_done = true;
            } else {
                let bytes = self.disk.read(&segment_path(self.number() + 1))?;
                self.enter_segment(bytes)?;
            }
        }
        Ok(None)
    }

    /// Checks what is left, cuts the torn tail, makes durable what was read, and opens the log for writing.
    ///
    /// # Errors
    /// As [`Opening::next_record`], and when the disk fails on writing: the process must end, nothing that was read may
    /// be told as durable.
    pub fn finish(mut self) -> Result<(Log, LogReader, OpenReport), LogError> {
        while self.next_record()?.is_some() {}
        let number = self.number();
        let file = Arc::clone(self.segments.last().expect("start() entered the first segment"));
        self.write_tail_anew(&*file)?;
        let (offset, allocated) = (self.offset as u64, self.bytes.len() as u64);
        let (disk, sizes) = (Arc::clone(&self.disk), self.sizes);
        let (shared, report) = self.into_shared();
        let log =
            Log { disk, sizes, shared: Arc::clone(&shared), file, segment: number, offset, allocated, poisoned: false };
        Ok((log, LogReader::new(shared), report))
    }

    /// Checks what is left and gives the reading end alone. Writes nothing, cuts nothing: for inspecting a folder that
    /// may be in use.
    ///
    /// # Errors
    /// As [`Opening::next_record`].
    pub fn finish_reading(mut self) -> Result<(LogReader, OpenReport), LogError> {
        while self.next_record()?.is_some() {}
        let (shared, report) = self.into_shared();
        Ok((LogReader::new(shared), report))
    }

    fn into_shared(self) -> (Arc<Shared>, OpenReport) {
        let report = OpenReport {
            log_id: self.first.log_id,
            torn_bytes_cut: self.torn_bytes,
            head: self.head,
            chain: self.chain,
            segments: self.segments_count,
        };
        let shared = Shared::new(self.first.log_id, self.first.salt, self.segments, self.places, self.chain);
        (shared, report)
    }

    fn number(&self) -> u32 {
        self.segments.len() as u32
    }

    fn is_last_segment(&self) -> bool {
        self.number() == self.segments_count
    }

    fn enter_segment(&mut self, bytes: Vec<u8>) -> Result<(), LogError> {
        let number = self.number() + 1;
        let header = SegmentHeader::decode(&bytes, number, self.head.next())?;
        let expected = SegmentHeader { number, first: self.head.next(), before: self.chain, ..self.first };
        self.segments.push(self.disk.open(&segment_path(number))?);
        self.bytes = bytes;
        self.offset = SEGMENT_HEADER_BYTES;
        self.group_offset = SEGMENT_HEADER_BYTES;
        if header.log_id != expected.log_id || header.salt != expected.salt {
            return Err(self.damaged(0, "it is a segment of another log"));
        }
        if header.first != expected.first {
            return Err(self.damaged(0, "entries before it are missing"));
        }
        if header.before != expected.before {
            return Err(self.damaged(0, "the chain of the segment before it ends otherwise"));
        }
        Ok(())
    }

    /// The next entry of the present segment; `None` at its end or where its torn tail begins.
    fn next_in_segment(&mut self) -> Result<Option<Record>, LogError> {
        let rest = &self.bytes[self.offset..];
        if is_zero(&rest[..rest.len().min(RECORD_HEADER_BYTES)]) && is_zero(rest) {
            return Ok(None);
        }
        let read = RecordHeader::decode(rest).and_then(|header| Ok((header, header.check(self.first.salt, rest)?)));
        let (header, payload) = match read {
            Ok(read) => read,
            Err(_) if self.is_torn() => {
                let last = rest.iter().rposition(|&byte| byte != 0);
                self.torn_bytes = last.map_or(0, |last| last as u64 + 1);
                return Ok(None);
            }
            Err(what) => return Err(self.damaged(self.offset, what)),
        };
        let position = self.head.next();
        if header.position != position {
            return Err(self.damaged(self.offset, "another entry stands in its place"));
        }
        let chain = next_chain(&self.chain, position, payload);
        if header.chain != chain {
            return Err(self.damaged(self.offset, "the chain does not fit: it or an entry before it was exchanged"));
        }
        let record = Record { position, chain, payload: payload.to_vec() };
        self.places.push(Place { segment: self.number(), offset: place_offset(self.offset as u64)? });
        if header.index == 0 {
            self.group_offset = self.offset;
        }
        self.offset += RECORD_HEADER_BYTES + header.length;
        self.head = position;
        self.chain = chain;
        Ok(Some(record))
    }

    /// Whether the unreadable entry at the present offset may be what a crash left of the last group: no entry of a
    /// later group stands behind it, for that one was only written once this one was synced.
    fn is_torn(&self) -> bool {
        if !self.is_last_segment() {
            return false;
        }
        let position = self.head.next();
        let rest = &self.bytes[self.offset..];
        let entries_max = (rest.len() / RECORD_HEADER_BYTES) as u64 + 1;
        let later = position.0 + 1..=position.0.saturating_add(entries_max);
        !(1..rest.len().saturating_sub(RECORD_HEADER_BYTES - 1)).any(|offset| {
            let candidate = &rest[offset..];
            // The cheap question first: it is asked at every byte.
            let stated = candidate.get(8..16).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
            later.contains(&stated)
                && RecordHeader::decode(candidate).is_ok_and(|header| {
                    let group_first = header.position.0.saturating_sub(u64::from(header.index));
                    group_first > position.0 && header.check(self.first.salt, candidate).is_ok()
                })
        })
    }

    /// Writes the last group and everything behind it once more, and syncs it, before anybody relies on it: it may have
    /// been read from the memory of an operating system that never got it onto the disk (the process was killed before
    /// its sync, or its sync failed, after which a later one says `Ok` without trying again).
    fn write_tail_anew(&mut self, file: &dyn DiskFile) -> Result<(), LogError> {
        self.bytes[self.offset..].fill(0);
        for (number, chunk) in self.bytes[self.group_offset..].chunks(LOG_CHUNK_BYTES).enumerate() {
            file.write_at((self.group_offset + number * LOG_CHUNK_BYTES) as u64, chunk)?;
        }
        file.sync_data()?;
        self.disk.sync_folder(FOLDER)?;
        Ok(self.disk.sync_folder("")?)
    }

    fn damaged(&self, offset: usize, what: &'static str) -> LogError {
        let file = segment_path(self.number());
        LogError::Damaged { file, offset: offset as u64, position: self.head.next(), what }
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("log_id", &self.first.log_id).field("head", &self.head).finish()
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}
