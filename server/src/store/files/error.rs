//! How a disk fails, told so that the person at the hub knows what to do.

use std::io;

use thiserror::Error;

/// A file operation that failed.
#[derive(Debug, Error)]
pub enum DiskError {
    /// No such file.
    #[error("{path} does not exist")]
    NotFound {
        /// Which file.
        path: String,
    },
    /// There is such a file already.
    #[error("{path} exists already; it is not overwritten")]
    Exists {
        /// Which file.
        path: String,
    },
    /// No room on the disk.
    #[error("the disk is full: {path} could not be written; make room, then start again")]
    Full {
        /// Which file.
        path: String,
    },
    /// Another process works on the folder.
    #[error("the folder {folder} is in use by another process; stop that one first, or name another folder")]
    Locked {
        /// Which folder.
        folder: String,
    },
    /// A write to a folder that was opened for reading only.
    #[error("{path} is not written: its folder was opened for reading only")]
    ReadOnly {
        /// Which file.
        path: String,
    },
    /// Anything else that the operating system said.
    #[error("{path} could not be {doing}: {source}")]
    Io {
        /// Which file or folder.
        path: String,
        /// What was tried, such as `written`.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

impl DiskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "disk-not-found",
            Self::Exists { .. } => "disk-exists",
            Self::Full { .. } => "disk-full",
            Self::Locked { .. } => "disk-locked",
            Self::ReadOnly { .. } => "disk-read-only",
            Self::Io { .. } => "disk-io",
        }
    }

    /// From what the operating system said about a path.
    pub(super) fn new(path: impl Into<String>, doing: &'static str, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, doing, source },
        }
    }
}
