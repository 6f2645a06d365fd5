//! Why a hub does not start, or ends: one sentence and a stable code each.

use std::net::SocketAddr;

use thiserror::Error;

use super::console::ConsoleTokenError;
use super::writer::WriterFailure;
use crate::hub::opening::OpenError;
use crate::hub::writer::Fatal;
use crate::store::copy::CopyError;
use crate::store::documents::StoreError;
use crate::store::files::DiskError;
use crate::store::keyring::KeyringError;
use crate::store::log::LogError;
use crate::store::read_model::ReadModelError;
use crate::tls::CertificateError;

/// Why a hub did not start. Nothing that was recorded was changed.
#[derive(Debug, Error)]
pub enum StartError {
    /// The port is taken.
    #[error("{0} is in use by another program: stop that one, or name another port with --listen")]
    AddressInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("the hub cannot listen on {address}: {source}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Plain HTTP at an address that is not of this machine alone.
    #[error(
        "{0} can be reached from other machines, and without TLS everybody on the way could read along: give \
         --tls-cert and --tls-key, or listen on 127.0.0.1; where something else protects the way, say what with \
         --plain-http-is-protected-by \"WORDS\""
    )]
    NotLoopback(SocketAddr),
    /// The master key would lie beside what it opens.
    #[error(
        "the master key file {key} lies inside the data folder {folder}: a copy of the folder would open itself; name \
         a file elsewhere"
    )]
    KeyInside {
        /// The key file.
        key: String,
        /// The data folder.
        folder: String,
    },
    /// The folder holds other things.
    #[error("the folder {folder} is not empty and holds no hub ({found} …): name an empty folder, or that of a hub")]
    NotAHub {
        /// Which.
        folder: String,
        /// One of the things in it.
        found: String,
    },
    /// Both copies in one place.
    #[error("the second copy's folder {folder} is the data folder itself: name one on another disk")]
    CopyIsData {
        /// Which.
        folder: String,
    },
    /// The second copy would go with what it is a copy of.
    #[error("the second copy's folder {folder} lies inside the data folder: name one outside of it, on another disk")]
    CopyInside {
        /// Which.
        folder: String,
    },
    /// The certificate or its key.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The console token.
    #[error(transparent)]
    Console(#[from] ConsoleTokenError),
    /// The data folder.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The master key or the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The document store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the log says cannot be brought back.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first entries of a new log.
    #[error(transparent)]
    Begin(#[from] Fatal),
    /// The second copy is not one.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The lists cannot be kept.
    #[error(transparent)]
    ReadModel(#[from] ReadModelError),
    /// The system gives no thread.
    #[error("the system gives the hub no thread: {0}")]
    Thread(std::io::Error),
    /// A defect of this program.
    #[error("the hub ended abnormally while starting: its log says more")]
    Panicked,
}

impl StartError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AddressInUse(_) => "address-in-use",
            Self::Address { .. } => "address",
            Self::NotLoopback(_) => "address-not-loopback",
            Self::KeyInside { .. } => "master-key-inside",
            Self::NotAHub { .. } => "folder-not-a-hub",
            Self::CopyIsData { .. } => "copy-is-data",
            Self::CopyInside { .. } => "copy-inside",
            Self::Certificate(error) => error.code(),
            Self::Console(_) => "console-token",
            Self::Disk(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Open(error) => open_code(error),
            Self::Begin(error) => fatal_code(error),
            Self::Copy(error) => error.code(),
            Self::ReadModel(error) => error.code(),
            Self::Thread(_) => "thread",
            Self::Panicked => "defect",
        }
    }
}

const fn open_code(error: &OpenError) -> &'static str {
    match error {
        OpenError::Log(error) => error.code(),
        OpenError::Keyring(error) => error.code(),
        OpenError::Store(error) => error.code(),
        OpenError::Filing { .. } => "documents-not-built",
        OpenError::Entry { .. } => "log-entry",
        OpenError::ForeignKeyring => "keyring-foreign",
    }
}

const fn fatal_code(error: &Fatal) -> &'static str {
    match error {
        Fatal::Log(error) => error.code(),
        Fatal::Filing(_) => "documents-failed",
        Fatal::Entry(_) => "log-entry",
    }
}

/// Why a running hub ended before it was asked to. What was receipted is safe; the next start brings it back.
#[derive(Debug, Error)]
pub enum HubFailure {
    /// The writer.
    #[error("the hub stopped because it could not write; what was receipted is safe: {0}")]
    Writer(#[from] WriterFailure),
    /// A defect of this program.
    #[error("the hub ended abnormally; what was receipted is safe, start it again: {0}")]
    Panicked(String),
}

impl HubFailure {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Writer(WriterFailure::Fatal(fatal)) => fatal_code(fatal),
            Self::Writer(WriterFailure::Panicked(_)) | Self::Panicked(_) => "defect",
        }
    }
}
