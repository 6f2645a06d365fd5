//! How the log fails, with stable codes.

use sync_protocol::ids::Position;
use thiserror::Error;

use crate::store::files::DiskError;

/// Why the log was not opened, read or written.
#[derive(Debug, Error)]
pub enum LogError {
    /// There is no log on the disk.
    #[error("there is no log in this folder: name the folder of a hub, or restore the log together with its keyring")]
    Missing,
    /// There is a log already.
    #[error("there is a log in this folder already; it is not overwritten")]
    Exists,
    /// Bytes that are not what was written.
    #[error(
        "the log is damaged: {file}, byte {offset}, entry {position}: {what}; nothing was changed; restore the folder \
         from the second copy or a backup"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Bytes from its start.
        offset: u64,
        /// The entry that was expected there.
        position: Position,
        /// What is wrong.
        what: &'static str,
    },
    /// Written by a later version of this program.
    #[error("{file} has format {found}, this version knows up to {known}; start a newer version of the program")]
    NewerVersion {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// No such entry.
    #[error("the log has no entry {position}; the last one is {head}")]
    NoSuchPosition {
        /// The entry asked for.
        position: Position,
        /// The last one that is durable.
        head: Position,
    },
    /// More bytes than the log takes; nothing was written.
    #[error("the {what} has {bytes} bytes, the log takes up to {bytes_max}; send less at once")]
    TooLarge {
        /// `entry`, `group` or `segment`.
        what: &'static str,
        /// Its bytes.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// An earlier call failed, so that nobody knows what the disk holds.
    #[error("the log failed before and takes nothing more; the process must end and start again")]
    Poisoned,
    /// No room. What was acknowledged before is there; of this group, nothing may be acknowledged.
    #[error(
        "the disk is full: {path} could not be written; everything acknowledged is kept; make room, then start again"
    )]
    DiskFull {
        /// The file.
        path: String,
    },
    /// The disk failed.
    #[error(transparent)]
    Disk(DiskError),
}

impl LogError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "log-missing",
            Self::Exists => "log-exists",
            Self::Damaged { .. } => "log-damaged",
            Self::NewerVersion { .. } => "log-newer-version",
            Self::NoSuchPosition { .. } => "log-no-such-position",
            Self::TooLarge { .. } => "log-too-large",
            Self::Poisoned => "log-poisoned",
            Self::DiskFull { .. } => "log-disk-full",
            Self::Disk(error) => error.code(),
        }
    }
}
