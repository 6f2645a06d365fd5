//! What the stores of record ask of a folder of files, and how that can fail.
//!
//! Owns the contract ([`Disk`], [`DiskFile`]), the real folder ([`RealDisk`]) and the fake one ([`FakeDisk`]) that
//! remembers what was synced and what was only written. One conformance suite runs on both. Knows no formats: those are
//! in [`crate::store::log`] and [`crate::store::keyring`].
//!
//! Paths are relative to the folder, with `/` between parts, such as `log/0000000001.seg`. Names that end in `.new` are
//! unfinished replacements and the name `lock` is the folder's lock: neither is listed.

#[cfg(test)]
mod conformance;
mod error;
mod fake;
mod real;

use std::sync::Arc;

pub use error::DiskError;
pub use fake::{Call, Calls, CrashMode, FakeDisk, Often};
pub use real::RealDisk;
pub(in crate::store) use real::write_file;

/// A folder of files. Written by one process at a time; every call may fail.
pub trait Disk: Send + Sync {
    /// Makes an empty file, with the folders above it. Its name is durable after [`Disk::sync_folder`] only.
    ///
    /// # Errors
    /// [`DiskError::Exists`] when there is such a file; or the disk fails.
    fn create(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError>;

    /// Opens a file that exists, for reading and writing.
    ///
    /// # Errors
    /// [`DiskError::NotFound`]; or the disk fails.
    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError>;

    /// Reads a whole file.
    ///
    /// # Errors
    /// [`DiskError::NotFound`]; or the disk fails.
    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError>;

    /// Puts these bytes in the place of the file, or makes it: afterwards, and after a crash at any moment, there are
    /// either the old bytes (or no file) or the new ones. `Ok` means durable, name and bytes.
    ///
    /// # Errors
    /// When the disk fails; then either may be there.
    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// The names of the files in a folder, sorted; none when there is no such folder. The empty path is the top.
    ///
    /// # Errors
    /// When the disk fails.
    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError>;

    /// Removes a file; durable after [`Disk::sync_folder`] only.
    ///
    /// # Errors
    /// [`DiskError::NotFound`]; or the disk fails.
    fn remove(&self, path: &str) -> Result<(), DiskError>;

    /// Makes durable which files the folder holds: creations, replacements and removals. The empty path is the top.
    ///
    /// # Errors
    /// When the disk fails; then any of them may be forgotten.
    fn sync_folder(&self, folder: &str) -> Result<(), DiskError>;

    /// Bytes that can still be written before the disk is full.
    ///
    /// # Errors
    /// When the disk cannot say.
    fn free_bytes(&self) -> Result<u64, DiskError>;
}

/// An open file. Handles may be shared; one writes, others read what was written before.
pub trait DiskFile: Send + Sync {
    /// Writes all the bytes from this offset on; beyond the end, the gap is zeros. Durable after
    /// [`DiskFile::sync_data`] only.
    ///
    /// # Errors
    /// [`DiskError::Full`], or the disk fails; then any part of the bytes may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError>;

    /// Reads from this offset until the buffer is full or the file ends; gives the number of bytes read.
    ///
    /// # Errors
    /// When the disk fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError>;

    /// Bytes from the first to the end of the file.
    ///
    /// # Errors
    /// When the disk fails.
    fn len(&self) -> Result<u64, DiskError>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// When the disk fails.
    fn is_empty(&self) -> Result<bool, DiskError> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file, or lengthens it with zeros. Durable after [`DiskFile::sync_data`] only.
    ///
    /// # Errors
    /// [`DiskError::Full`], or the disk fails.
    fn set_len(&self, len: u64) -> Result<(), DiskError>;

    /// Makes durable all that was written to this file, and its length.
    ///
    /// # Errors
    /// When the disk fails; then any part of it may be lost, **also if a later call says `Ok`**: operating systems
    /// forget what they failed to write. Whoever gets this error ends, and writes those bytes anew at the next start.
    fn sync_data(&self) -> Result<(), DiskError>;
}

/// The folder part of a path; empty for the top.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What stands behind the name of an unfinished replacement.
const UNFINISHED: &str = ".new";

/// The name of the file that is locked while a process works on the folder.
const LOCK: &str = "lock";

/// Whether [`Disk::list`] shows this name.
fn is_listed(name: &str) -> bool {
    !name.ends_with(UNFINISHED) && name != LOCK
}
