//! The second copy: log and keyring in another place, synced, entry by entry.
//!
//! Owns up to which position the copy is complete (`copied_to`). The copy is a log of its own folder that opens like any
//! other: it has the same log id, entries and chain, and as it takes only what fits its chain it cannot differ unnoticed.
//! Refuses to write into a folder that is not a copy of this log. The master key is never copied.
//!
//! The keyring goes first: whichever entries the copy has, its keyring knows their generation.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sync_protocol::ids::{LogId, Position};
use thiserror::Error;

use super::files::{Disk, DiskError};
use super::keyring;
use super::log::{Log, LogError, LogReader, LogSizes, Opening, RECORD_HEADER_BYTES};
use crate::limits::COPY_GROUP_BYTES;
use crate::random::Random;

/// Why there is no second copy, or no longer. Nothing that was copied is lost, and the hub may go on without.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The folder holds another hub's data.
    #[error("the second copy's folder belongs to another log ({found}); it is not overwritten; name an empty folder")]
    OtherLog {
        /// The log found there.
        found: LogId,
    },
    /// A keyring without a log.
    #[error("the second copy's folder holds a keyring and no log; it is not overwritten; name an empty folder")]
    NotACopy,
    /// The copy has entries that the log lacks.
    #[error(
        "the second copy is longer than the log ({copied} entries, the log has {head}): the log was restored from an \
         older state; the copy is not overwritten; start with a data folder that was copied from it, or start with \
         --restored and name an empty folder for a new copy"
    )]
    Longer {
        /// The copy's last entry.
        copied: Position,
        /// The log's last entry.
        head: Position,
    },
    /// The copy has other entries than the log.
    #[error("the second copy has another entry {position} than the log; it is not overwritten; name an empty folder")]
    Differs {
        /// The entry up to which they were compared.
        position: Position,
    },
    /// The log could not be read.
    #[error("the log could not be read for the second copy: {0}")]
    Source(LogError),
    /// The copy could not be opened or written.
    #[error("the second copy could not be kept: {0}")]
    Target(LogError),
    /// The keyring could not be read.
    #[error("the keyring could not be read for the second copy: {0}")]
    SourceKeyring(DiskError),
    /// The copy's keyring could not be written.
    #[error("the second copy's keyring could not be kept: {0}")]
    TargetKeyring(DiskError),
}

impl CopyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherLog { .. } => "copy-other-log",
            Self::NotACopy => "copy-not-a-copy",
            Self::Longer { .. } => "copy-longer",
            Self::Differs { .. } => "copy-differs",
            Self::Source(_) | Self::SourceKeyring(_) => "copy-source-failed",
            Self::Target(_) | Self::TargetKeyring(_) => "copy-failed",
        }
    }
}

/// Keeps the second copy. After an error it is done with; a new one may be opened when the cause is gone.
pub struct Copier {
    source: Arc<dyn Disk>,
    reader: LogReader,
    target: Arc<dyn Disk>,
    copy: Log,
    keyring: Option<Vec<u8>>,
}

impl Copier {
    /// Opens the copy and checks it from its first byte, or begins it in an empty folder.
    ///
    /// # Errors
    /// [`CopyError`]; a folder that is not a copy of this log is left as it is.
    pub fn open(
        source: Arc<dyn Disk>,
        reader: LogReader,
        target: Arc<dyn Disk>,
        sizes: LogSizes,
        random: &mut dyn Random,
    ) -> Result<Self, CopyError> {
        let copy = if Log::exists(&*target).map_err(CopyError::Target)? {
            open_copy(&reader, &target, sizes)?
        } else {
            begin_copy(&reader, &target, sizes, random)?
        };
        let keyring = match target.read(keyring::FILE) {
            Ok(bytes) => Some(bytes),
            Err(DiskError::NotFound { .. }) => None,
            Err(error) => return Err(CopyError::TargetKeyring(error)),
        };
        Ok(Self { source, reader, target, copy, keyring })
    }

    /// Up to which position the copy is complete: from it, keyring and entries can be restored.
    #[must_use]
    pub fn copied_to(&self) -> Position {
        if self.keyring.is_some() { self.copy.reader().head().0 } else { Position::START }
    }

    /// Copies the keyring, if it changed, and everything up to the log's head of this moment. `Ok` means durable.
    ///
    /// # Errors
    /// [`CopyError`]; what was copied before stays, [`Copier::copied_to`] says how far.
    pub fn copy(&mut self) -> Result<Position, CopyError> {
        // The head before the keyring: a later entry may name a generation that this keyring does not know.
        let (head, _) = self.reader.head();
        self.copy_keyring()?;
        while self.copied_to() < head {
            self.copy_group(head)?;
        }
        Ok(self.copied_to())
    }

    fn copy_keyring(&mut self) -> Result<(), CopyError> {
        let bytes = self.source.read(keyring::FILE).map_err(CopyError::SourceKeyring)?;
        if self.keyring.as_ref() != Some(&bytes) {
            keyring::replace_and_wipe(&*self.target, &bytes).map_err(CopyError::TargetKeyring)?;
            self.keyring = Some(bytes);
        }
        Ok(())
    }

    fn copy_group(&mut self, head: Position) -> Result<(), CopyError> {
        let mut payloads = Vec::new();
        let mut chains = Vec::new();
        let mut bytes = 0;
        for record in self.reader.iter_from(self.copied_to().next()) {
            let record = record.map_err(CopyError::Source)?;
            bytes += RECORD_HEADER_BYTES + record.payload.len();
            payloads.push(record.payload);
            chains.push(record.chain);
            if bytes >= COPY_GROUP_BYTES || record.position >= head {
                break;
            }
        }
        let appended = self.copy.append_group(&payloads).map_err(CopyError::Target)?;
        match appended.iter().zip(&chains).find(|(appended, chain)| appended.chain != **chain) {
            Some((appended, _)) => Err(CopyError::Differs { position: appended.position }),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Copier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copier").field("copied_to", &self.copied_to()).finish()
    }
}

fn begin_copy(
    reader: &LogReader,
    target: &Arc<dyn Disk>,
    sizes: LogSizes,
    random: &mut dyn Random,
) -> Result<Log, CopyError> {
    match target.read(keyring::FILE) {
        Err(DiskError::NotFound { .. }) => {}
        Ok(_) => return Err(CopyError::NotACopy),
        Err(error) => return Err(CopyError::TargetKeyring(error)),
    }
    let (copy, _) = Log::create(Arc::clone(target), reader.log_id(), sizes, random).map_err(CopyError::Target)?;
    Ok(copy)
}

/// Opens a copy that exists. Nothing is written before it is known to be one.
fn open_copy(reader: &LogReader, target: &Arc<dyn Disk>, sizes: LogSizes) -> Result<Log, CopyError> {
    let mut opening = Opening::start(Arc::clone(target), sizes).map_err(CopyError::Target)?;
    if opening.log_id() != reader.log_id() {
        return Err(CopyError::OtherLog { found: opening.log_id() });
    }
    let (head, _) = reader.head();
    let mut last = None;
    while let Some(record) = opening.next_record().map_err(CopyError::Target)? {
        last = Some((record.position, record.chain));
    }
    if let Some((copied, chain)) = last {
        if copied > head {
            return Err(CopyError::Longer { copied, head });
        }
        if reader.read(copied).map_err(CopyError::Source)?.chain != chain {
            return Err(CopyError::Differs { position: copied });
        }
    }
    opening.finish().map(|(copy, _, _)| copy).map_err(CopyError::Target)
}
