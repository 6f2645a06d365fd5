//! What can go wrong in a document store, with stable codes.

use sync_protocol::ids::{DocumentId, Position};
use thiserror::Error;

/// Why the document store did not do what it was asked. Nothing in it is lost for good: the log has it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store's files are not what was written. The next start sets them aside and builds them again.
    #[error("the document store is damaged ({what}): start the hub again, it will rebuild the store from the log")]
    Damaged {
        /// What was found, without content.
        what: String,
    },
    /// Written by a later version of this program.
    #[error(
        "the document store in '{folder}' has format {found}, this version reads up to {supported}: \
         use the newer version, or move the folder away to rebuild it from the log"
    )]
    NewerVersion {
        /// Where.
        folder: String,
        /// The format found.
        found: u32,
        /// The last format that is known.
        supported: u32,
    },
    /// Another process has it open.
    #[error("the document store in '{folder}' is in use by another process: stop that one first")]
    InUse {
        /// Where.
        folder: String,
    },
    /// The file system refused.
    #[error("the document store could not {action}: {source}")]
    Io {
        /// What was being done, with the path where there is one.
        action: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A batch goes back behind what was applied of the same log.
    #[error("a batch up to position {given} came after position {applied} had been applied")]
    OutOfOrder {
        /// The batch's position.
        given: Position,
        /// The store's position.
        applied: Position,
    },
    /// A row is larger than is ever written.
    #[error("{what} of document {document} is {found}, at most {allowed} are kept")]
    TooLarge {
        /// Which document.
        document: DocumentId,
        /// Which part, with its unit.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        allowed: usize,
    },
}

impl StoreError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "documents-damaged",
            Self::NewerVersion { .. } => "documents-newer-version",
            Self::InUse { .. } => "documents-in-use",
            Self::Io { .. } => "documents-io",
            Self::OutOfOrder { .. } => "documents-out-of-order",
            Self::TooLarge { .. } => "documents-too-large",
        }
    }
}
