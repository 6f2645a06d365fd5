//! How keyring and master key fail, with stable codes.

use sync_protocol::ids::DocumentId;
use thiserror::Error;

use crate::store::files::DiskError;

/// Why a key is not to be had.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// There is no keyring on the disk.
    #[error("there is no keyring in this folder; restore it from the second copy or a backup, with the log")]
    Missing,
    /// There is one already.
    #[error("there is a keyring in this folder already; it is not overwritten")]
    Exists,
    /// Sealed under another master key.
    #[error("the master key does not open the keyring; name the master key file that belongs to this folder")]
    WrongMasterKey,
    /// Not the bytes that were written.
    #[error("the keyring is damaged: {what}; nothing was changed; restore it from the second copy or a backup")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
    /// Written by a later version of this program.
    #[error("the keyring has format {found}, this version knows up to {known}; start a newer version of the program")]
    NewerVersion {
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// The keyring is older than the log.
    #[error(
        "the keyring is older than the log (generation {found}, the log names {wanted}); restore the newest copy of it"
    )]
    Older {
        /// The keyring's generation.
        found: u32,
        /// The one that the log names.
        wanted: u32,
    },
    /// The key was destroyed.
    #[error("document {document} is erased: its key was destroyed")]
    Erased {
        /// Which document.
        document: DocumentId,
    },
    /// Sealed by another keyring, or changed.
    #[error("{what} does not open: it was changed, or this keyring belongs to another log")]
    DoesNotOpen {
        /// What was to be opened.
        what: &'static str,
    },
    /// An earlier rewrite failed, so that nobody knows which generation the disk holds.
    #[error("the keyring could not be rewritten and gives no new keys; the process must end and start again")]
    Poisoned,
    /// No master key file.
    #[error("the master key file {path} does not exist; restore it: without it nothing that is stored can be read")]
    MasterKeyMissing {
        /// Which file.
        path: String,
    },
    /// There is a master key file already.
    #[error("the master key file {path} exists already; it is not overwritten")]
    MasterKeyExists {
        /// Which file.
        path: String,
    },
    /// No master key in the file.
    #[error("{path} holds no master key: 64 hexadecimal digits are wanted; name the right file or restore it")]
    MasterKeyUnreadable {
        /// Which file.
        path: String,
    },
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl KeyringError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "keyring-missing",
            Self::Exists => "keyring-exists",
            Self::WrongMasterKey => "keyring-wrong-master-key",
            Self::Damaged { .. } => "keyring-damaged",
            Self::NewerVersion { .. } => "keyring-newer-version",
            Self::Older { .. } => "keyring-older-than-log",
            Self::Erased { .. } => "keyring-erased",
            Self::DoesNotOpen { .. } => "keyring-does-not-open",
            Self::Poisoned => "keyring-poisoned",
            Self::MasterKeyMissing { .. } => "master-key-missing",
            Self::MasterKeyExists { .. } => "master-key-exists",
            Self::MasterKeyUnreadable { .. } => "master-key-unreadable",
            Self::Disk(error) => error.code(),
        }
    }
}
