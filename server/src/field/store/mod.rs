//! The device's own store: rows under keys, in batches that are on disk whole or not at all.
//!
//! Owns the contract, which is small: read the hot rows, read one row, write a batch. "Ok" means durable. What the
//! rows mean is `sync_protocol::device::rows`.

mod key_file;
mod memory;
mod sqlite;
mod wiped;

use std::path::PathBuf;

use sync_protocol::device::{Key, Wiped, Write};
use sync_protocol::ids::Millis;
use thiserror::Error;

pub use key_file::{create_key_file, read_key_file};
pub use memory::MemoryFieldStore;
pub use sqlite::SqliteStore;

/// Where a device keeps its rows.
pub trait FieldStore: Send {
    /// Every row for which [`Key::is_hot`].
    ///
    /// # Errors
    /// [`StoreError`].
    fn hot_rows(&mut self) -> Result<Vec<(Key, Vec<u8>)>, StoreError>;

    /// One row.
    ///
    /// # Errors
    /// [`StoreError`].
    fn load(&mut self, key: &Key) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a batch: all of it is durable when this returns `Ok`, and nothing of it may be half there ever.
    ///
    /// # Errors
    /// [`StoreError`]; whether the batch was written is then unknown until the store is opened again.
    fn write(&mut self, batch: &[Write]) -> Result<(), StoreError>;

    /// Keeps what a locked device must know outside the encryption, in place of what stood there
    /// ([`Outside::door`](super::locked::Outside)). So stand rows of [`Key::Sealed`]: the hub alone can read them.
    ///
    /// # Errors
    /// [`StoreError`].
    fn keep_door(&mut self, door: &[u8]) -> Result<(), StoreError>;

    /// The row of the courier files that were made while the device was locked, if any were.
    ///
    /// # Errors
    /// [`StoreError`].
    fn series(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    /// Erases everything and whatever it was sealed with; from then on only these rows can be read.
    ///
    /// # Errors
    /// [`StoreError`]: what could not be erased is erased when the store is opened again.
    fn wipe(&mut self, then: &[Write]) -> Result<(), StoreError>;
}

/// Why a store cannot be used. Nothing was overwritten.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no device in this folder.
    #[error("there is no device in {0}: create one with 'segin device enrol'")]
    Missing(PathBuf),
    /// There is one already.
    #[error("there is a device in {0} already; give another folder for a new one")]
    Exists(PathBuf),
    /// The key file cannot be used.
    #[error("the key file {path} cannot be used: {reason}")]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key file is another device's.
    #[error("the key file does not open this device: it belongs to another one")]
    WrongKey,
    /// Written by a newer version.
    #[error(
        "this device was written by a newer version of segin (form {found}, this version reads {known}): update segin"
    )]
    Newer {
        /// As found.
        found: i64,
        /// The newest that this version reads.
        known: i64,
    },
    /// Damaged, or not a device's store.
    #[error(
        "the device's store in {path} is damaged or not a store: {reason}; keep the folder, its unsent work may still be saved"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Everything was erased by order of the hub.
    #[error(
        "this device was erased by order of the hub on {}: its folder and key file can be removed; enrol a new device in another folder",
        day(.0.at)
    )]
    Wiped(Wiped),
    /// No room.
    #[error("the disk is full: nothing was stored; make room and try again")]
    Full,
    /// Another process has it open.
    #[error("this device is in use by another segin process")]
    InUse,
    /// The machine failed.
    #[error("the device's store cannot be read or written: {0}")]
    Machine(String),
}

/// The day of a moment, UTC.
fn day(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "field-missing",
            Self::Exists(_) => "field-exists",
            Self::KeyFile { .. } => "field-key-file",
            Self::WrongKey => "field-wrong-key",
            Self::Newer { .. } => "field-newer",
            Self::Damaged { .. } => "field-damaged",
            Self::Wiped(_) => "field-wiped",
            Self::Full => "field-disk-full",
            Self::InUse => "field-in-use",
            Self::Machine(_) => "field-machine",
        }
    }
}

#[cfg(test)]
mod tests;
