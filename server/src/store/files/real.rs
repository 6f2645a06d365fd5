//! A folder of the operating system, locked for one process, readable by its owner alone.
//!
//! Refuses to share the folder with another process, and to follow a name out of it. The contract is in [`super`].

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, DiskError, DiskFile, LOCK, UNFINISHED, folder_of, is_listed};

/// Access for the owner alone: names, exports and backups leave a hub on purpose only.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A real folder. The lock is held until this is dropped.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    /// `None` when opened for reading only.
    lock: Option<File>,
}

impl RealDisk {
    /// Takes the folder for this process alone; makes it when it does not exist.
    ///
    /// # Errors
    /// [`DiskError::Locked`] when another process has it; or it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, DiskError> {
        make_folder(folder)?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|e| DiskError::new(show(&path), "opened", e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DiskError::Locked { folder: show(folder) }),
            Err(TryLockError::Error(e)) => Err(DiskError::new(show(&path), "locked", e)),
        }
    }

    /// Opens a folder that exists for reading only, without taking it from the process that writes to it.
    ///
    /// # Errors
    /// [`DiskError::NotFound`] when there is no such folder.
    pub fn open_read_only(folder: &Path) -> Result<Self, DiskError> {
        match folder.metadata() {
            Ok(data) if data.is_dir() => Ok(Self { folder: folder.to_owned(), lock: None }),
            Ok(_) => Err(DiskError::NotFound { path: show(folder) }),
            Err(e) => Err(DiskError::new(show(folder), "opened", e)),
        }
    }

    /// Which folder this is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, path: &str) -> PathBuf {
        debug_assert!(path.split('/').all(|part| part != ".."), "paths stay inside the folder");
        self.folder.join(path)
    }

    fn writable(&self, path: &Path) -> Result<(), DiskError> {
        if self.lock.is_some() { Ok(()) } else { Err(DiskError::ReadOnly { path: show(path) }) }
    }

    fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).write(self.lock.is_some()).mode(FILE_MODE);
        options
    }

    fn handle(&self, path: PathBuf, file: File) -> Arc<dyn DiskFile> {
        Arc::new(RealFile { path, file, writable: self.lock.is_some() })
    }
}

impl Disk for RealDisk {
    fn create(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        let full = self.path(path);
        self.writable(&full)?;
        make_folder(&self.path(folder_of(path)))?;
        let file =
            self.options().create_new(true).open(&full).map_err(|e| DiskError::new(show(&full), "created", e))?;
        Ok(self.handle(full, file))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        let full = self.path(path);
        let file = self.options().open(&full).map_err(|e| DiskError::new(show(&full), "opened", e))?;
        Ok(self.handle(full, file))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        let full = self.path(path);
        std::fs::read(&full).map_err(|e| DiskError::new(show(&full), "read", e))
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let full = self.path(path);
        self.writable(&full)?;
        write_file(&full, bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        let full = self.path(folder);
        let failed = |e| DiskError::new(show(&full), "listed", e);
        let entries = match std::fs::read_dir(&full) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let is_file = entry.file_type().map_err(failed)?.is_file();
            // A name that is not Unicode is none of ours.
            if let (true, Some(name)) = (is_file, entry.file_name().to_str()) {
                names.push(name.to_owned());
            }
        }
        names.retain(|name| is_listed(name));
        names.sort();
        Ok(names)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        let full = self.path(path);
        self.writable(&full)?;
        std::fs::remove_file(&full).map_err(|e| DiskError::new(show(&full), "removed", e))
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        sync_folder(&self.path(folder))
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        let stat =
            rustix::fs::statvfs(&self.folder).map_err(|e| DiskError::new(show(&self.folder), "measured", e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// An open file of the operating system.
struct RealFile {
    path: PathBuf,
    file: File,
    writable: bool,
}

impl RealFile {
    fn writable(&self) -> Result<(), DiskError> {
        if self.writable { Ok(()) } else { Err(DiskError::ReadOnly { path: show(&self.path) }) }
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(std::io::Error) -> DiskError {
        let path = show(&self.path);
        move |e| DiskError::new(path, doing, e)
    }
}

impl DiskFile for RealFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.writable()?;
        self.file.write_all_at(bytes, offset).map_err(self.failed("written"))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(self.failed("read")(e)),
            }
        }
        Ok(done)
    }

    fn len(&self) -> Result<u64, DiskError> {
        self.file.metadata().map(|data| data.len()).map_err(self.failed("measured"))
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.writable()?;
        self.file.set_len(len).map_err(self.failed("resized"))
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(self.failed("synced"))
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// Puts these bytes in the place of a file, or makes it and the folders above it: afterwards there are the old bytes or
/// the new ones. `Ok` means durable.
///
/// # Errors
/// When the disk fails.
pub(in crate::store) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let failed = |doing: &'static str| move |e| DiskError::new(show(path), doing, e);
    let folder = folder_above(path);
    make_folder(folder)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    let mut file = options.open(&unfinished).map_err(failed("made anew"))?;
    file.write_all(bytes).map_err(failed("written"))?;
    file.sync_all().map_err(failed("synced"))?;
    std::fs::rename(&unfinished, path).map_err(failed("replaced"))?;
    sync_folder(folder)
}

fn folder_above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|e| DiskError::new(show(folder), "synced", e))
}

/// Makes a folder and those above it that are missing, each of them durable.
fn make_folder(folder: &Path) -> Result<(), DiskError> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_above(folder);
    make_folder(above)?;
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Ok(()) => sync_folder(above),
        Err(e) => Err(DiskError::new(show(folder), "created", e)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn two_processes_never_write_to_one_folder() {
        // Prevents: two hubs started on one folder append to one log and destroy it.
        let folder = tempfile::tempdir().unwrap();
        let held = RealDisk::open(folder.path()).unwrap();
        let refused = RealDisk::open(folder.path()).unwrap_err();
        assert_eq!(refused.code(), "disk-locked");
        drop(held);
        assert!(RealDisk::open(folder.path()).is_ok());
    }

    #[test]
    fn a_folder_opened_for_reading_is_not_written() {
        // Prevents: an inspection of a running hub's folder changes it.
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        disk.replace("a", b"x").unwrap();
        let reading = RealDisk::open_read_only(folder.path()).unwrap();
        assert_eq!(reading.read("a").unwrap(), b"x");
        let file = reading.open("a").unwrap();
        for refused in [
            reading.replace("a", b"y").unwrap_err(),
            reading.remove("a").unwrap_err(),
            reading.create("b").map(|_| ()).unwrap_err(),
            file.write_at(0, b"y").unwrap_err(),
            file.set_len(0).unwrap_err(),
        ] {
            assert_eq!(refused.code(), "disk-read-only");
        }
        assert_eq!(disk.read("a").unwrap(), b"x");
        assert_eq!(RealDisk::open_read_only(&folder.path().join("no")).unwrap_err().code(), "disk-not-found");
    }

    #[test]
    fn files_are_for_their_owner_alone() {
        // Prevents: another account of the machine reads the keyring or copies the log.
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("data");
        let disk = RealDisk::open(&folder).unwrap();
        disk.create("log/a").unwrap();
        disk.replace("b", b"x").unwrap();
        for (path, mode) in [("", 0o700), ("log", 0o700), ("log/a", 0o600), ("b", 0o600), ("lock", 0o600)] {
            assert_eq!(folder.join(path).metadata().unwrap().permissions().mode() & 0o777, mode, "{path}");
        }
    }
}
