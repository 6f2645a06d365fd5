//! The log: entries in the order in which they were accepted, append-only, chained by hash. A store of record.
//!
//! Owns the segment files (`log/0000000001.seg`), what a start accepts of them and what it cuts, and the promise that an
//! entry whose [`Log::append_group`] said `Ok` is there after any crash. Entries are bytes here: their meaning is
//! the hub's, their sealing [`crate::store::keyring`]'s. Refuses to repair damage, and to go on after a failure.
//!
//! - [`Log`] appends, for one writer. [`LogReader`] reads, for any number of readers, what is durable.
//! - [`Opening`] hands out every entry once while it checks them all, so that a start reads the log a single time.
//! - `format` is the byte form. The chain: `H0 = hash(log id)`, `Hn = hash(Hn-1 ‖ position ‖ SHA-256(payload))`.
//!
//! **What a crash leaves.** A group is written and synced before the next one is written, so only the last group can be
//! torn. Every entry says how many of its group stand before it: an unreadable entry with entries of a *later* group
//! behind it is damage and stops the start; otherwise it is a torn tail and is cut. Damage to the very last group cannot
//! be told from a torn one; devices' heads and the second copy show that.

mod error;
mod format;
mod opening;
mod reader;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_crash;

use std::sync::Arc;

use sync_protocol::ids::{Hash, LogId, Position};

pub use error::LogError;
pub use format::{RECORD_HEADER_BYTES, next_chain};
pub use opening::{OpenReport, Opening};
pub use reader::{LogIter, LogReader, Record};

use self::format::SegmentHeader;
use self::reader::{Place, Shared};
use super::files::{Disk, DiskError, DiskFile};
use crate::limits::{LOG_ENTRY_BYTES_MAX, LOG_GROUP_BYTES_MAX, LOG_SEGMENT_BYTES, LOG_STEP_BYTES};
use crate::random::{Random, draw};

/// The folder of the segments.
const FOLDER: &str = "log";

/// Sizes of segments; only tests and the simulation use others than the default ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSizes {
    /// Bytes after which the next segment begins; a segment takes at least one group.
    pub segment_bytes: u32,
    /// Bytes by which a segment grows ahead of what is written; at least one.
    pub step_bytes: u32,
}

impl Default for LogSizes {
    fn default() -> Self {
        Self { segment_bytes: LOG_SEGMENT_BYTES, step_bytes: LOG_STEP_BYTES }
    }
}

/// What the log gave an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub position: Position,
    /// The chain's hash up to and including it.
    pub chain: Hash,
}

/// The writing end of the log.
pub struct Log {
    disk: Arc<dyn Disk>,
    sizes: LogSizes,
    shared: Arc<Shared>,
    file: Arc<dyn DiskFile>,
    segment: u32,
    /// Where the next entry goes.
    offset: u64,
    /// Up to where zeros have been laid down.
    allocated: u64,
    poisoned: bool,
}

impl Log {
    /// Whether the disk holds a log, sound or not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn exists(disk: &dyn Disk) -> Result<bool, LogError> {
        Ok(!format::segments(&disk.list(FOLDER)?).is_empty())
    }

    /// Begins an empty log. The random source gives the salt of its checksums.
    ///
    /// # Errors
    /// [`LogError::Exists`] when the disk holds one already; or the disk fails.
    pub fn create(
        disk: Arc<dyn Disk>,
        log_id: LogId,
        sizes: LogSizes,
        random: &mut dyn Random,
    ) -> Result<(Log, LogReader), LogError> {
        if Self::exists(&*disk)? {
            return Err(LogError::Exists);
        }
        let chain = format::first_chain(log_id);
        let header = SegmentHeader { number: 1, log_id, salt: draw(random), first: Position(1), before: chain };
        let allocated = make_segment(&*disk, &header, sizes)?;
        let (log, reader, _) = Self::open(disk, sizes)?;
        debug_assert_eq!(log.allocated, allocated);
        Ok((log, reader))
    }

    /// Opens the log: checks it from its first byte, cuts a torn tail. A caller that wants to see every entry takes an
    /// [`Opening`] instead.
    ///
    /// # Errors
    /// As [`Opening::start`], [`Opening::next_record`] and [`Opening::finish`].
    pub fn open(disk: Arc<dyn Disk>, sizes: LogSizes) -> Result<(Log, LogReader, OpenReport), LogError> {
        Opening::start(disk, sizes)?.finish()
    }

    /// Appends the entries with one write and one sync. `Ok` means durable, in this order, without gaps; an empty group
    /// does nothing.
    ///
    /// # Errors
    /// [`LogError::TooLarge`] and [`LogError::Poisoned`] change nothing. After any other error **the outcome is
    /// unknown**: after the next start, none, some of the first or all of the group's entries are in the log. The log
    /// then refuses every later call: the process must end and tell nobody anything about this group.
    /// [`LogError::DiskFull`] is such an error, too, named because a person can do something about it.
    pub fn append_group<P: AsRef<[u8]>>(&mut self, payloads: &[P]) -> Result<Vec<Appended>, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        check_sizes(payloads)?;
        if payloads.is_empty() {
            return Ok(Vec::new());
        }
        let result = self.write_group(payloads);
        self.poisoned = result.is_err();
        result
    }

    /// The reading end.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader::new(Arc::clone(&self.shared))
    }

    fn write_group<P: AsRef<[u8]>>(&mut self, payloads: &[P]) -> Result<Vec<Appended>, LogError> {
        let size: usize = payloads.iter().map(|payload| RECORD_HEADER_BYTES + payload.as_ref().len()).sum();
        let (mut head, mut chain) = self.shared.head();
        let is_empty = self.offset == format::SEGMENT_HEADER_BYTES as u64;
        if !is_empty && self.offset + size as u64 > u64::from(self.sizes.segment_bytes) {
            self.next_segment(head, chain)?;
        }
        let mut bytes = Vec::with_capacity(size);
        let mut appended = Vec::with_capacity(payloads.len());
        let mut places = Vec::with_capacity(payloads.len());
        for (index, payload) in (0..).zip(payloads) {
            let payload = payload.as_ref();
            head = head.next();
            chain = next_chain(&chain, head, payload);
            places.push(Place { segment: self.segment, offset: place_offset(self.offset + bytes.len() as u64)? });
            format::put_record(&mut bytes, self.shared.salt, head, index, &chain, payload);
            appended.push(Appended { position: head, chain });
        }
        self.allocate(bytes.len() as u64)?;
        self.file.write_at(self.offset, &bytes)?;
        self.file.sync_data()?;
        self.offset += bytes.len() as u64;
        self.shared.publish(&places, head, chain);
        Ok(appended)
    }

    /// Lays zeros down in whole steps, so that the syncs of many groups find the file's size and blocks unchanged.
    fn allocate(&mut self, bytes: u64) -> Result<(), LogError> {
        let end = self.offset + bytes;
        if end > self.allocated {
            let to = end.next_multiple_of(u64::from(self.sizes.step_bytes));
            format::put_zeros(&*self.file, self.allocated, to)?;
            self.allocated = to;
        }
        Ok(())
    }

    fn next_segment(&mut self, head: Position, chain: Hash) -> Result<(), LogError> {
        let Shared { log_id, salt, .. } = *self.shared;
        let number = self.segment + 1;
        let header = SegmentHeader { number, log_id, salt, first: head.next(), before: chain };
        self.allocated = make_segment(&*self.disk, &header, self.sizes)?;
        self.file = self.disk.open(&format::segment_path(number))?;
        self.segment = number;
        self.offset = format::SEGMENT_HEADER_BYTES as u64;
        self.shared.add_segment(Arc::clone(&self.file));
        Ok(())
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("log_id", &self.shared.log_id).field("head", &self.shared.head().0).finish()
    }
}

/// Makes a segment that is whole from its first moment: a crash leaves it or nothing, never half a header.
fn make_segment(disk: &dyn Disk, header: &SegmentHeader, sizes: LogSizes) -> Result<u64, LogError> {
    let mut bytes = header.encode().to_vec();
    bytes.resize(bytes.len().next_multiple_of(sizes.step_bytes as usize), 0);
    disk.replace(&format::segment_path(header.number), &bytes)?;
    Ok(bytes.len() as u64)
}

fn check_sizes<P: AsRef<[u8]>>(payloads: &[P]) -> Result<(), LogError> {
    let mut group = 0_usize;
    for payload in payloads {
        let bytes = payload.as_ref().len();
        if bytes > LOG_ENTRY_BYTES_MAX {
            return Err(LogError::TooLarge { what: "entry", bytes, bytes_max: LOG_ENTRY_BYTES_MAX });
        }
        group = group.saturating_add(RECORD_HEADER_BYTES + bytes);
    }
    if group > LOG_GROUP_BYTES_MAX {
        return Err(LogError::TooLarge { what: "group", bytes: group, bytes_max: LOG_GROUP_BYTES_MAX });
    }
    Ok(())
}

fn place_offset(offset: u64) -> Result<u32, LogError> {
    u32::try_from(offset).map_err(|_| LogError::TooLarge {
        what: "segment",
        bytes: usize::try_from(offset).unwrap_or(usize::MAX),
        bytes_max: u32::MAX as usize,
    })
}

impl From<DiskError> for LogError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Full { path } => Self::DiskFull { path },
            other => Self::Disk(other),
        }
    }
}
