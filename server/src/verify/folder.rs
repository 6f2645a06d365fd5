//! A hub's folder, checked: what `segin verify` and the demo do.
//!
//! Changes nothing in it. The log and the keyring are read as they stand, also while a hub runs; the document store is
//! looked at in a copy, because its engine writes when it opens, and only when no hub has the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sync_protocol::ids::{ChangeHash, Channel, DocumentId, Hash, LogId, Position};
use sync_protocol::wire::digest::Digest;
use thiserror::Error;

use super::{DeviceReport, Difference, Recomputed, Report, VerifyError, compare_device, compare_store, recompute};
use crate::hub::filing::{FilingError, open_form};
use crate::random::{Random, draw};
use crate::serve::folder::DOCUMENTS;
use crate::store::documents::{DocumentStore, SledStore, StoreError};
use crate::store::files::{Disk, DiskError, RealDisk};
use crate::store::keyring::{Keyring, KeyringError, MasterKey};
use crate::store::log::{LogError, LogReader, LogSizes, Opening};

/// Documents read at once.
const PER_READ: usize = 256;

/// Why a folder could not be checked. Nothing in it was changed.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The folder.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The master key or the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What the log says cannot be worked out.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The document store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document.
    #[error(transparent)]
    Document(#[from] FilingError),
    /// There is no room or no permission to look at the document store in a copy.
    #[error("the document store could not be copied to {folder} to be looked at: {source}")]
    Copy {
        /// Where to.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
}

impl FolderError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disk(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Log(error) => error.code(),
            Self::Verify(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Document(_) => "verify-document",
            Self::Copy { .. } => "verify-copy",
        }
    }
}

/// A folder that was worked out again, and what was compared with it so far.
pub struct CheckedFolder {
    /// As the log says.
    pub recomputed: Recomputed,
    keyring: Keyring,
    reader: LogReader,
}

/// Works the log of a folder out again and compares the document store with it.
///
/// # Errors
/// [`FolderError`] when the folder cannot be read at all; everything else is a difference in the report.
pub fn check_folder(data: &Path, master_key: &Path, random: &mut dyn Random) -> Result<CheckedFolder, FolderError> {
    // Held to the end: no hub starts while its store is copied.
    let lock = if data.is_dir() { lock(data)? } else { None };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open_read_only(data)?);
    let keyring = Keyring::open(Arc::clone(&disk), &MasterKey::load(master_key)?)?;
    let (reader, opened) = Opening::start(disk, LogSizes::default())?.finish_reading()?;
    let mut recomputed = recompute(&reader, &keyring, random)?;
    let compared = &mut recomputed.report.compared;
    if opened.torn_bytes_cut > 0 {
        compared.push(format!("{} torn bytes at the log's end, never acknowledged", opened.torn_bytes_cut));
    }
    let documents = data.join(DOCUMENTS);
    if lock.is_none() {
        compared.push("not the document store: a hub is running on this folder; stop it to compare it too".to_owned());
    } else if documents.is_dir() {
        let found = look_at_store(&documents, &keyring, &recomputed, random)?;
        recomputed.report.add(found);
        recomputed
            .report
            .compared
            .push("document store, with the projections that the read model is fed from".to_owned());
    } else {
        compared.push("not the document store: there is none; the hub builds it at its next start".to_owned());
    }
    Ok(CheckedFolder { recomputed, keyring, reader })
}

/// The folder's lock; `None` when a hub has it.
fn lock(data: &Path) -> Result<Option<RealDisk>, FolderError> {
    // An empty folder of somebody else's gets no lock file.
    if !data.join("log").is_dir() {
        return Ok(None);
    }
    match RealDisk::open(data) {
        Ok(disk) => Ok(Some(disk)),
        Err(DiskError::Locked { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Compares a copy of the store.
fn look_at_store(
    documents: &Path,
    keyring: &Keyring,
    recomputed: &Recomputed,
    random: &mut dyn Random,
) -> Result<Vec<Difference>, FolderError> {
    let copy = Copy::of(documents, random)?;
    let opened = SledStore::open(&copy.0.join(DOCUMENTS))?;
    if let Some(aside) = opened.set_aside {
        let detail = format!("{}; the hub sets it aside at its next start and builds it again", aside.reason);
        return Ok(vec![Difference { code: "store-damaged", document: None, detail }]);
    }
    Ok(compare_store(keyring, &*recomputed.store, &opened.store)?)
}

/// A copy of a folder, removed when it is dropped. What is in it is sealed.
struct Copy(PathBuf);

impl Copy {
    fn of(folder: &Path, random: &mut dyn Random) -> Result<Self, FolderError> {
        let copy = Self(std::env::temp_dir().join(format!("segin-verify-{}", HEXLOWER.encode(&draw::<8>(random)))));
        let failed = |source| FolderError::Copy { folder: copy.0.display().to_string(), source };
        copy_folder(folder, &copy.0.join(DOCUMENTS)).map_err(failed)?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nothing to do about a temporary folder that cannot be removed.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl CheckedFolder {
    /// What was found so far.
    pub fn report(&mut self) -> &mut Report {
        &mut self.recomputed.report
    }

    /// Compares a device with the log.
    ///
    /// # Errors
    /// [`FolderError::Document`].
    pub fn compare_device(&mut self, device: &DeviceReport) -> Result<(), FolderError> {
        let found = compare_device(&self.keyring, &*self.recomputed.store, device)?;
        self.recomputed.report.devices += 1;
        self.recomputed.report.add(found);
        Ok(())
    }

    /// Every change that is applied, by document.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn applied_changes(&self) -> Result<BTreeMap<DocumentId, BTreeSet<ChangeHash>>, FolderError> {
        let store = &self.recomputed.store;
        let mut all = BTreeMap::new();
        let mut after = None;
        loop {
            let heads = store.documents_after(after, PER_READ)?;
            let Some(last) = heads.last() else { return Ok(all) };
            after = Some(last.document);
            for head in heads {
                if let Some(row) = store.document(head.document)? {
                    let (form, _) = open_form(&self.keyring, &row)?;
                    all.insert(head.document, form.history.hashes().iter().copied().collect());
                }
            }
        }
    }

    /// Whether this is the log's chain at this position: a receipt that says otherwise is of another history.
    #[must_use]
    pub fn has_chain(&self, log: LogId, position: Position, chain: Hash) -> bool {
        self.recomputed.directory.is_own(log) && self.reader.read(position).is_ok_and(|record| record.chain == chain)
    }

    /// The digest of a channel.
    ///
    /// # Errors
    /// [`FolderError::Store`].
    pub fn channel_sum(&self, channel: &Channel) -> Result<Digest, FolderError> {
        Ok(self.recomputed.store.channel(channel)?.sum)
    }
}
