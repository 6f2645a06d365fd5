//! A folder in memory that remembers what was synced and what was only written, and that fails on demand.
//!
//! For tests and the simulation, in the library because both use it. Deterministic: everything follows from the seed
//! and the calls. What a crash loses is decided in `state`, open files are in `file`; the contract is in [`super`].

mod file;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::file::FakeFile;
use self::state::{FileId, Inner};
use super::{Disk, DiskError, DiskFile, folder_of, is_listed};

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

impl FakeDisk {
    /// An empty folder; faults and crashes draw from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner::new(seed))))
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
        self.inner().add_fault(call, calls_before, often);
    }

    /// Crashes inside the writing or syncing call after `calls_before` more of them (0: the very next): that call fails
    /// half done, handles fail from then on, and the folder is at once as the next start finds it.
    pub fn crash_inside(&self, calls_before: u64, mode: CrashMode) {
        self.inner().power_cut = Some((calls_before, mode));
    }

    /// Ends all faults, forgets a crash that is still to come, and gives room again.
    pub fn heal(&self) {
        self.inner().heal();
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
            disk.inner().add_synced(path, bytes.clone());
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
