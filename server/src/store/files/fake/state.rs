//! What the fake disk remembers: what is seen, what is synced, what is pending, and what a crash makes of it.

use std::collections::BTreeMap;

use super::{Call, Calls, CrashMode, Often};
use crate::limits::FAKE_PAGE_BYTES;
use crate::random::SeededRandom;
use crate::store::files::{DiskError, folder_of};

pub(super) type FileId = u64;

pub(super) struct Inner {
    pub(super) random: SeededRandom,
    pub(super) contents: BTreeMap<FileId, Content>,
    /// What a reader sees.
    pub(super) names: BTreeMap<String, FileId>,
    /// What survives a power cut for certain.
    names_synced: BTreeMap<String, FileId>,
    names_pending: Vec<NameChange>,
    next_id: FileId,
    /// Handles from before a crash belong to an older life and fail.
    pub(super) life: u64,
    pub(super) bytes_max: Option<u64>,
    faults: Vec<Fault>,
    /// Calls that change or sync something until the power is cut, and what that takes.
    pub(super) power_cut: Option<(u64, CrashMode)>,
    pub(super) calls: Calls,
}

/// What hits a call.
pub(super) enum Strike {
    Fault,
    PowerCut(CrashMode),
}

#[derive(Default)]
pub(super) struct Content {
    /// What a reader sees.
    pub(super) seen: Vec<u8>,
    /// What survives a power cut for certain.
    pub(super) synced: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Resize(usize),
}

struct NameChange {
    path: String,
    /// `None` removes the name.
    file: Option<FileId>,
}

struct Fault {
    call: Call,
    /// Calls of the kind that still succeed.
    left: u64,
    often: Often,
}

impl Inner {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            contents: BTreeMap::new(),
            names: BTreeMap::new(),
            names_synced: BTreeMap::new(),
            names_pending: Vec::new(),
            next_id: 0,
            life: 0,
            bytes_max: None,
            faults: Vec::new(),
            power_cut: None,
            calls: Calls::default(),
        }
    }

    /// A file that is there and synced, name and bytes.
    pub(super) fn add_synced(&mut self, path: &str, bytes: Vec<u8>) {
        let id = self.add(bytes);
        self.names.insert(path.to_owned(), id);
        self.names_synced.insert(path.to_owned(), id);
    }

    pub(super) fn heal(&mut self) {
        self.faults.clear();
        self.power_cut = None;
        self.bytes_max = None;
    }

    pub(super) fn add_fault(&mut self, call: Call, left: u64, often: Often) {
        self.faults.push(Fault { call, left, often });
    }

    pub(super) fn call(&mut self, call: Call, path: &str) -> Result<(), DiskError> {
        match self.strike(call) {
            None => return Ok(()),
            Some(Strike::Fault) => {}
            Some(Strike::PowerCut(mode)) => self.crash(mode),
        }
        Err(struck(call, path))
    }

    pub(super) fn strike(&mut self, call: Call) -> Option<Strike> {
        match call {
            Call::Write => self.calls.writes += 1,
            Call::Sync => self.calls.syncs += 1,
            Call::Read => self.calls.reads += 1,
        }
        if call != Call::Read
            && let Some((left, mode)) = self.power_cut.take()
        {
            if left == 0 {
                return Some(Strike::PowerCut(mode));
            }
            self.power_cut = Some((left - 1, mode));
        }
        let mut fails = false;
        self.faults.retain_mut(|fault| {
            if fault.call != call {
                return true;
            }
            if fault.left > 0 {
                fault.left -= 1;
                return true;
            }
            fails = true;
            fault.often == Often::ForEver
        });
        fails.then_some(Strike::Fault)
    }

    pub(super) fn add(&mut self, bytes: Vec<u8>) -> FileId {
        self.next_id += 1;
        self.contents.insert(self.next_id, Content { seen: bytes.clone(), synced: bytes, pending: Vec::new() });
        self.next_id
    }

    pub(super) fn find(&self, path: &str) -> Result<FileId, DiskError> {
        self.names.get(path).copied().ok_or_else(|| DiskError::NotFound { path: path.to_owned() })
    }

    pub(super) fn rename(&mut self, path: &str, file: Option<FileId>) {
        let change = NameChange { path: path.to_owned(), file };
        change.apply(&mut self.names);
        self.names_pending.push(change);
    }

    pub(super) fn sync_folder(&mut self, folder: &str, path: &str) -> Result<(), DiskError> {
        // What failed stays pending: a folder's changes stand in the file system's journal, which tries again.
        self.call(Call::Sync, path)?;
        for change in self.names_pending.extract_if(.., |change| folder_of(&change.path) == folder) {
            change.apply(&mut self.names_synced);
        }
        Ok(())
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.names.values().map(|id| self.contents[id].seen.len() as u64).sum()
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.bytes_max.unwrap_or(u64::MAX).saturating_sub(self.used_bytes())
    }

    pub(super) fn crash(&mut self, mode: CrashMode) {
        self.life += 1;
        if mode == CrashMode::ProcessOnly {
            return;
        }
        let names_kept = match mode {
            CrashMode::RandomPages | CrashMode::CutTail => self.random.below(self.names_pending.len() as u64 + 1),
            CrashMode::ProcessOnly | CrashMode::ForgetUnsynced => 0,
        };
        for change in self.names_pending.drain(..).take(names_kept as usize) {
            change.apply(&mut self.names_synced);
        }
        self.names.clone_from(&self.names_synced);
        self.contents.retain(|id, _| self.names.values().any(|named| named == id));
        for content in self.contents.values_mut() {
            let pending = std::mem::take(&mut content.pending);
            match mode {
                CrashMode::RandomPages => keep_pages(&mut content.synced, &pending, &mut self.random),
                CrashMode::CutTail => keep_start(&mut content.synced, &pending, &mut self.random),
                CrashMode::ProcessOnly | CrashMode::ForgetUnsynced => {}
            }
            content.seen.clone_from(&content.synced);
        }
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self.file {
            Some(id) => names.insert(self.path.clone(), id),
            None => names.remove(&self.path),
        };
    }
}

impl Change {
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes: written } => write(bytes, *offset, written),
            Self::Resize(len) => bytes.resize(*len, 0),
        }
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    let end = offset + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(written);
}

/// Of the pending changes, keeps random pages.
pub(super) fn keep_pages(synced: &mut Vec<u8>, pending: &[Change], random: &mut SeededRandom) {
    if pending.is_empty() {
        return;
    }
    let mut whole = synced.clone();
    pending.iter().for_each(|change| change.apply(&mut whole));
    if whole.len() < synced.len() && random.below(2) == 0 {
        synced.truncate(whole.len());
    }
    let odds = 1 + random.below(9);
    for (number, page) in whole.chunks(FAKE_PAGE_BYTES).enumerate() {
        let start = number * FAKE_PAGE_BYTES;
        let same = synced.get(start..start + page.len()) == Some(page);
        if !same && random.below(10) < odds {
            write(synced, start, page);
        }
    }
}

/// Of the pending changes, keeps the first, up to any byte.
fn keep_start(synced: &mut Vec<u8>, pending: &[Change], random: &mut SeededRandom) {
    let size = |change: &Change| match change {
        Change::Write { bytes, .. } => bytes.len(),
        Change::Resize(_) => 1,
    };
    let total: usize = pending.iter().map(size).sum();
    let mut left = random.below(total as u64 + 1) as usize;
    for change in pending {
        let size = size(change);
        match change {
            Change::Write { offset, bytes } if left < size => write(synced, *offset, &bytes[..left]),
            _ if left < size => {}
            _ => change.apply(synced),
        }
        left = left.saturating_sub(size);
        if left == 0 {
            break;
        }
    }
}

pub(super) fn struck(call: Call, path: &str) -> DiskError {
    let doing = match call {
        Call::Write => "written",
        Call::Sync => "synced",
        Call::Read => "read",
    };
    failure(path, doing, "a fault of the fake disk")
}

pub(super) fn failure(path: &str, doing: &'static str, why: &'static str) -> DiskError {
    DiskError::Io { path: path.to_owned(), doing, source: std::io::Error::other(why) }
}
