//! A folder in memory that remembers what was synced and what was only written, and that fails on demand.
//!
//! For tests and the simulation, in the library because both use it. Deterministic: everything follows from the seed
//! and the calls. Owns how a crash loses things; the contract is in [`super`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskError, DiskFile, folder_of, is_listed};
use crate::limits::FAKE_PAGE_BYTES;
use crate::random::SeededRandom;

/// What a crash takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashMode {
    /// The process died, the machine did not: everything written is there, but is still not synced.
    ProcessOnly,
    /// Power cut: exactly what was synced is there.
    ForgetUnsynced,
    /// Power cut: of what was not synced, random pages of 4 KiB are there, and the first few of the names.
    RandomPages,
    /// Power cut: what was not synced is there up to any byte, and the first few of the names.
    CutTail,
}

impl CrashMode {
    /// All of them, for suites.
    pub const ALL: [CrashMode; 4] = [Self::ProcessOnly, Self::ForgetUnsynced, Self::RandomPages, Self::CutTail];
}

/// A kind of call that can be counted and made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Changes something: creates, writes, resizes, replaces or removes.
    Write,
    /// Syncs a file or a folder.
    Sync,
    /// Opens, reads, lists or measures.
    Read,
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// Once, then calls succeed again.
    Once,
    /// From then on, until [`FakeDisk::heal`].
    ForEver,
}

/// How many calls there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Calls of [`Call::Write`].
    pub writes: u64,
    /// Calls of [`Call::Sync`].
    pub syncs: u64,
    /// Calls of [`Call::Read`].
    pub reads: u64,
    /// Bytes handed over to be written.
    pub bytes_written: u64,
}

/// A folder in memory. Its clones are the same folder.
#[derive(Clone)]
pub struct FakeDisk(Arc<Mutex<Inner>>);

type FileId = u64;

struct Inner {
    random: SeededRandom,
    contents: BTreeMap<FileId, Content>,
    /// What a reader sees.
    names: BTreeMap<String, FileId>,
    /// What survives a power cut for certain.
    names_synced: BTreeMap<String, FileId>,
    names_pending: Vec<NameChange>,
    next_id: FileId,
    /// Handles from before a crash belong to an older life and fail.
    life: u64,
    bytes_max: Option<u64>,
    faults: Vec<Fault>,
    /// Calls that change or sync something until the power is cut, and what that takes.
    power_cut: Option<(u64, CrashMode)>,
    calls: Calls,
}

/// What hits a call.
enum Strike {
    Fault,
    PowerCut(CrashMode),
}

#[derive(Default)]
struct Content {
    /// What a reader sees.
    seen: Vec<u8>,
    /// What survives a power cut for certain.
    synced: Vec<u8>,
    pending: Vec<Change>,
}

enum Change {
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

impl FakeDisk {
    /// An empty folder; faults and crashes draw from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
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
        })))
    }

    /// This folder as the contracts want it.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    /// Ends this life of the machine or of the process: loses what the mode says; handles of before fail from now on.
    /// Faults stay as they are.
    pub fn crash(&self, mode: CrashMode) {
        self.inner().crash(mode);
    }

    /// The call of this kind after `calls_before` more of them fails (0: the very next).
    pub fn fail(&self, call: Call, calls_before: u64, often: Often) {
        self.inner().faults.push(Fault { call, left: calls_before, often });
    }

    /// Crashes inside the writing or syncing call after `calls_before` more of them (0: the very next): that call fails
    /// half done, handles fail from then on, and the folder is at once as the next start finds it.
    pub fn crash_inside(&self, calls_before: u64, mode: CrashMode) {
        self.inner().power_cut = Some((calls_before, mode));
    }

    /// Ends all faults, forgets a crash that is still to come, and gives room again.
    pub fn heal(&self) {
        let mut inner = self.inner();
        inner.power_cut = None;
        inner.faults.clear();
        inner.bytes_max = None;
    }

    /// From now on the disk holds so many bytes in all.
    pub fn limit_bytes(&self, bytes_max: u64) {
        self.inner().bytes_max = Some(bytes_max);
    }

    /// Bytes of all files as a reader sees them.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.inner().used_bytes()
    }

    /// How many calls there were so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.inner().calls
    }

    /// Every file as a reader sees it: a backup.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inner = self.inner();
        inner.names.iter().map(|(path, id)| (path.clone(), inner.contents[id].seen.clone())).collect()
    }

    /// A folder that holds these files, synced: a restored backup.
    #[must_use]
    pub fn from_files(seed: u64, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let disk = Self::new(seed);
        for (path, bytes) in files {
            let mut inner = disk.inner();
            let id = inner.add(bytes.clone());
            inner.names.insert(path.clone(), id);
            inner.names_synced.insert(path.clone(), id);
        }
        disk
    }

    /// Damages a byte of a file, synced: exclusive-or with the mask. `false` when there is no such byte.
    pub fn damage(&self, path: &str, offset: usize, mask: u8) -> bool {
        let mut inner = self.inner();
        let Some(content) = inner.names.get(path).copied().and_then(|id| inner.contents.get_mut(&id)) else {
            return false;
        };
        let mut found = false;
        for byte in [content.seen.get_mut(offset), content.synced.get_mut(offset)].into_iter().flatten() {
            *byte ^= mask;
            found = true;
        }
        found
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A test that panicked elsewhere says so itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, inner: &Inner, path: &str, id: FileId) -> Arc<dyn DiskFile> {
        Arc::new(FakeFile { disk: self.clone(), path: path.to_owned(), id, life: inner.life })
    }
}

impl Disk for FakeDisk {
    fn create(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Write, path)?;
        if inner.names.contains_key(path) {
            return Err(DiskError::Exists { path: path.to_owned() });
        }
        let id = inner.add(Vec::new());
        inner.rename(path, Some(id));
        Ok(self.handle(&inner, path, id))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Read, path)?;
        let id = inner.find(path)?;
        Ok(self.handle(&inner, path, id))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Read, path)?;
        let id = inner.find(path)?;
        Ok(inner.contents[&id].seen.clone())
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.inner();
        // The unfinished file is written and synced under a name that nobody lists: only the four steps can fail.
        inner.call(Call::Write, path)?;
        if inner.free_bytes() < bytes.len() as u64 {
            return Err(DiskError::Full { path: path.to_owned() });
        }
        inner.calls.bytes_written += bytes.len() as u64;
        inner.call(Call::Sync, path)?;
        let id = inner.add(bytes.to_vec());
        inner.call(Call::Write, path)?;
        inner.rename(path, Some(id));
        inner.sync_folder(folder_of(path), path)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Read, folder)?;
        let in_folder = inner.names.keys().filter(|path| folder_of(path) == folder);
        let names = in_folder.map(|path| path.rsplit('/').next().unwrap_or(path));
        Ok(names.filter(|name| is_listed(name)).map(str::to_owned).collect())
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Write, path)?;
        inner.find(path)?;
        inner.rename(path, None);
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.inner().sync_folder(folder, folder)
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        let mut inner = self.inner();
        inner.call(Call::Read, "")?;
        Ok(inner.free_bytes())
    }
}

impl Inner {
    fn call(&mut self, call: Call, path: &str) -> Result<(), DiskError> {
        match self.strike(call) {
            None => return Ok(()),
            Some(Strike::Fault) => {}
            Some(Strike::PowerCut(mode)) => self.crash(mode),
        }
        Err(struck(call, path))
    }

    fn strike(&mut self, call: Call) -> Option<Strike> {
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

    fn add(&mut self, bytes: Vec<u8>) -> FileId {
        self.next_id += 1;
        self.contents.insert(self.next_id, Content { seen: bytes.clone(), synced: bytes, pending: Vec::new() });
        self.next_id
    }

    fn find(&self, path: &str) -> Result<FileId, DiskError> {
        self.names.get(path).copied().ok_or_else(|| DiskError::NotFound { path: path.to_owned() })
    }

    fn rename(&mut self, path: &str, file: Option<FileId>) {
        let change = NameChange { path: path.to_owned(), file };
        change.apply(&mut self.names);
        self.names_pending.push(change);
    }

    fn sync_folder(&mut self, folder: &str, path: &str) -> Result<(), DiskError> {
        // What failed stays pending: a folder's changes stand in the file system's journal, which tries again.
        self.call(Call::Sync, path)?;
        for change in self.names_pending.extract_if(.., |change| folder_of(&change.path) == folder) {
            change.apply(&mut self.names_synced);
        }
        Ok(())
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|id| self.contents[id].seen.len() as u64).sum()
    }

    fn free_bytes(&self) -> u64 {
        self.bytes_max.unwrap_or(u64::MAX).saturating_sub(self.used_bytes())
    }

    fn crash(&mut self, mode: CrashMode) {
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
    fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self.file {
            Some(id) => names.insert(self.path.clone(), id),
            None => names.remove(&self.path),
        };
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
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
fn keep_pages(synced: &mut Vec<u8>, pending: &[Change], random: &mut SeededRandom) {
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

/// An open file of the fake disk.
struct FakeFile {
    disk: FakeDisk,
    path: String,
    id: FileId,
    life: u64,
}

impl FakeFile {
    /// The folder, if this handle is of its present life.
    fn inner(&self) -> Result<MutexGuard<'_, Inner>, DiskError> {
        let inner = self.disk.inner();
        if inner.life == self.life {
            Ok(inner)
        } else {
            Err(failure(&self.path, "used", "it was opened before a crash"))
        }
    }

    fn read_call(&self) -> Result<MutexGuard<'_, Inner>, DiskError> {
        let mut inner = self.inner()?;
        inner.call(Call::Read, &self.path)?;
        Ok(inner)
    }

    /// A sync that failed: some of what was pending is on the disk, the rest never will be, though it is still seen.
    fn lose_pending(&self, inner: &mut Inner) {
        let Inner { contents, random, .. } = inner;
        if let Some(content) = contents.get_mut(&self.id) {
            let pending = std::mem::take(&mut content.pending);
            keep_pages(&mut content.synced, &pending, random);
        }
    }

    fn change(&self, inner: &mut Inner, change: Change) {
        if let Some(content) = inner.contents.get_mut(&self.id) {
            change.apply(&mut content.seen);
            content.pending.push(change);
        }
    }

    fn seen_len(&self, inner: &Inner) -> usize {
        inner.contents.get(&self.id).map_or(0, |content| content.seen.len())
    }
}

impl DiskFile for FakeFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let offset = offset as usize;
        let mut inner = self.inner()?;
        if let Some(strike) = inner.strike(Call::Write) {
            // A write that failed may have written any part.
            let part = inner.random.below(bytes.len() as u64 + 1) as usize;
            self.change(&mut inner, Change::Write { offset, bytes: bytes[..part].to_vec() });
            if let Strike::PowerCut(mode) = strike {
                inner.crash(mode);
            }
            return Err(struck(Call::Write, &self.path));
        }
        inner.calls.bytes_written += bytes.len() as u64;
        let growth = (offset + bytes.len()).saturating_sub(self.seen_len(&inner));
        let missing = (growth as u64).saturating_sub(inner.free_bytes()) as usize;
        let fitting = bytes.len().saturating_sub(missing);
        self.change(&mut inner, Change::Write { offset, bytes: bytes[..fitting].to_vec() });
        if missing > 0 { Err(DiskError::Full { path: self.path.clone() }) } else { Ok(()) }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let inner = self.read_call()?;
        let seen = inner.contents.get(&self.id).map_or(&[][..], |content| &content.seen);
        let from = seen.get(offset as usize..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.seen_len(&*self.read_call()?) as u64)
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        let mut inner = self.inner()?;
        inner.call(Call::Write, &self.path)?;
        let growth = len.saturating_sub(self.seen_len(&inner) as u64);
        if growth > inner.free_bytes() {
            return Err(DiskError::Full { path: self.path.clone() });
        }
        self.change(&mut inner, Change::Resize(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        let mut inner = self.inner()?;
        if let Some(strike) = inner.strike(Call::Sync) {
            match strike {
                Strike::Fault => self.lose_pending(&mut inner),
                Strike::PowerCut(mode) => inner.crash(mode),
            }
            return Err(struck(Call::Sync, &self.path));
        }
        if let Some(content) = inner.contents.get_mut(&self.id) {
            for change in std::mem::take(&mut content.pending) {
                change.apply(&mut content.synced);
            }
        }
        Ok(())
    }
}

fn struck(call: Call, path: &str) -> DiskError {
    let doing = match call {
        Call::Write => "written",
        Call::Sync => "synced",
        Call::Read => "read",
    };
    failure(path, doing, "a fault of the fake disk")
}

fn failure(path: &str, doing: &'static str, why: &'static str) -> DiskError {
    DiskError::Io { path: path.to_owned(), doing, source: std::io::Error::other(why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(disk: &FakeDisk) -> Arc<dyn DiskFile> {
        let file = disk.create("a").unwrap();
        file.write_at(0, b"synced").unwrap();
        file.sync_data().unwrap();
        disk.sync_folder("").unwrap();
        file.write_at(6, b" and not").unwrap();
        file
    }

    #[test]
    fn a_power_cut_takes_what_was_not_synced_and_a_killed_process_nothing() {
        // Prevents: a fake that is kinder than a disk, under which an early answer passes every test.
        let disk = FakeDisk::new(1);
        written(&disk);
        disk.crash(CrashMode::ProcessOnly);
        assert_eq!(disk.read("a").unwrap(), b"synced and not");
        disk.crash(CrashMode::ForgetUnsynced);
        assert_eq!(disk.read("a").unwrap(), b"synced");
    }

    #[test]
    fn a_name_is_forgotten_until_its_folder_is_synced() {
        // Prevents: a segment that was never made durable by name, with acknowledged entries inside.
        let disk = FakeDisk::new(1);
        let file = disk.create("a").unwrap();
        file.write_at(0, b"x").unwrap();
        file.sync_data().unwrap();
        disk.crash(CrashMode::ForgetUnsynced);
        assert_eq!(disk.read("a").unwrap_err().code(), "disk-not-found");

        written(&disk);
        disk.remove("a").unwrap();
        disk.crash(CrashMode::ForgetUnsynced);
        assert_eq!(disk.read("a").unwrap(), b"synced");
    }

    #[test]
    fn what_a_failed_sync_lost_stays_lost_after_a_later_sync() {
        // Prevents: a log that repeats a failed sync, is told that all is well, and acknowledges.
        for seed in 0..20 {
            let disk = FakeDisk::new(seed);
            let file = written(&disk);
            disk.fail(Call::Sync, 0, Often::Once);
            assert_eq!(file.sync_data().unwrap_err().code(), "disk-io");
            file.sync_data().unwrap();
            assert_eq!(disk.read("a").unwrap(), b"synced and not");
            disk.crash(CrashMode::ForgetUnsynced);
            if disk.read("a").unwrap() == b"synced" {
                return;
            }
        }
        panic!("a failed sync never lost anything");
    }

    #[test]
    fn a_cut_ends_at_any_byte_and_pages_are_kept_at_random() {
        // Prevents: torn writes that are only ever whole or absent.
        let mut lengths = std::collections::BTreeSet::new();
        let mut holes = 0;
        for seed in 0..200 {
            let disk = FakeDisk::new(seed);
            written(&disk);
            disk.crash(CrashMode::CutTail);
            lengths.insert(disk.read("a").unwrap().len());

            let disk = FakeDisk::new(seed);
            let file = written(&disk);
            file.write_at(0, &[1; 3 * FAKE_PAGE_BYTES]).unwrap();
            disk.crash(CrashMode::RandomPages);
            let bytes = disk.read("a").unwrap();
            holes += usize::from(bytes.len() == 3 * FAKE_PAGE_BYTES && bytes[FAKE_PAGE_BYTES] == 0);
        }
        assert_eq!(lengths, (6..=14).collect());
        assert!(holes > 0);
    }

    #[test]
    fn a_handle_from_before_a_crash_is_dead() {
        // Prevents: a simulated hub that goes on writing after its own death.
        let disk = FakeDisk::new(1);
        let file = written(&disk);
        disk.crash(CrashMode::ProcessOnly);
        assert!(file.write_at(0, b"x").is_err() && file.sync_data().is_err());
        assert_eq!(disk.read("a").unwrap(), b"synced and not");
    }

    #[test]
    fn faults_strike_at_the_call_they_name_and_are_counted() {
        // Prevents: fault tests that pass because nothing failed.
        let disk = FakeDisk::new(1);
        let file = written(&disk);
        disk.fail(Call::Write, 1, Often::Once);
        assert!(file.write_at(0, b"1").is_ok() && file.write_at(0, b"2").is_err() && file.write_at(0, b"3").is_ok());
        disk.fail(Call::Sync, 0, Often::ForEver);
        assert!(file.sync_data().is_err() && disk.sync_folder("").is_err());
        disk.heal();
        assert!(file.sync_data().is_ok());
        assert_eq!(disk.calls().syncs, 5);
        disk.limit_bytes(20);
        assert_eq!(file.write_at(14, &[0; 10]).unwrap_err().code(), "disk-full");
        assert_eq!(file.len().unwrap(), 20);
    }
}
