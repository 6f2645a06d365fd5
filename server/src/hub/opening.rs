//! Opening a hub: from a data folder to a writer and its readers.
//!
//! Reads the whole log once, checking it from its first byte and folding the directory; then brings the document store
//! up to it, from where it stands or, if it does not fit this log, from nothing. Rebuilding applies what the entries
//! say and never decides again.

use std::sync::Arc;

use sync_protocol::documents::Kind;
use sync_protocol::ids::{DocumentId, LogId, Millis, Position};
use sync_protocol::wire::codec::{CodecError, Raw, from_cbor, to_cbor};
use thiserror::Error;

use super::directory::Directory;
use super::entry::Entry;
use super::fact::{By, Fact, FactEntry};
use super::filing::{Absorb, Filing, FilingError};
use super::published::{Published, Shared};
use super::rebuilding::{Ahead, catch_up, reapply};
use super::writer::{Fatal, Writer};
use crate::random::{Random, draw};
use crate::store::documents::{DocumentStore, StoreError};
use crate::store::keyring::{KeyOwner, Keyring, KeyringError, WrappedKey};
use crate::store::log::{Log, LogError, LogReader};

/// Why a hub did not open. Nothing was changed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The document store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Filing what the log says.
    #[error("the documents could not be built from the log at position {position}: {source}")]
    Filing {
        /// Of the entry.
        position: Position,
        /// Why.
        source: FilingError,
    },
    /// An entry that this version cannot read.
    #[error("entry {position} of the log cannot be read: {what}")]
    Entry {
        /// Of the entry.
        position: Position,
        /// Why.
        what: String,
    },
    /// The log's first entry names another hub key.
    #[error("the keyring does not belong to this log: restore the keyring that was copied together with it")]
    ForeignKeyring,
}

/// What opening found and did.
#[derive(Debug, Clone, Default)]
pub struct OpenReport {
    /// Entries of the log.
    pub entries: u64,
    /// Entries that the document store did not have.
    pub applied: u64,
    /// Why the store was built from nothing, if it was.
    pub rebuilt: Option<String>,
}

/// An open hub.
pub struct Opened {
    /// The one writer.
    pub writer: Writer,
    /// For everybody else.
    pub shared: Arc<Shared>,
    /// What happened.
    pub report: OpenReport,
}

/// What a new hub begins with.
pub struct Beginning {
    /// The configuration, signed with the keyring's key, and its version.
    pub configuration: (u32, Raw),
    /// Hub time.
    pub now: Millis,
}

/// Writes the first entries of a new log.
///
/// # Errors
/// [`Fatal::Log`] when the log cannot be written.
pub fn begin(log: &mut Log, keyring: &Keyring, beginning: &Beginning, random: &mut dyn Random) -> Result<(), Fatal> {
    let (version, signed) = beginning.configuration.clone();
    let facts = [Fact::Begun { hub: keyring.hub_key().public(), parent: None }, Fact::Configured { version, signed }];
    let payloads: Vec<Vec<u8>> = facts
        .into_iter()
        .map(|fact| {
            let entry = to_cbor(&FactEntry { at: beginning.now, fact, by: By::Hub });
            Entry::sealed_bytes(&keyring.seal_entry(random, &entry))
        })
        .collect();
    log.append_group(&payloads)?;
    Ok(())
}

/// Draws a log id.
#[must_use]
pub fn new_log_id(random: &mut dyn Random) -> LogId {
    LogId::new(draw(random))
}

/// Folds a log's records into a directory.
pub struct Folding<'a> {
    keyring: &'a Keyring,
    /// As far as was folded.
    pub directory: Directory,
}

impl<'a> Folding<'a> {
    /// Of a log of which nothing was read yet.
    #[must_use]
    pub fn new(log: LogId, keyring: &'a Keyring) -> Self {
        Self { keyring, directory: Directory::new(log) }
    }

    /// Folds one record.
    ///
    /// # Errors
    /// [`OpenError::Entry`] when it cannot be read.
    pub fn fold(&mut self, position: Position, payload: &[u8]) -> Result<(), OpenError> {
        let unreadable = |error: CodecError| OpenError::Entry { position, what: error.to_string() };
        match Entry::from_bytes(payload).map_err(unreadable)? {
            Entry::Parcel(entry) => self.directory.fold_parcel(position, &entry).map_err(unreadable),
            Entry::Decision(entry) => {
                self.directory.fold_decision(position, &entry);
                Ok(())
            }
            Entry::Returned(entry) => {
                self.directory.fold_return(position, &entry);
                Ok(())
            }
            Entry::Sealed(sealed) => {
                let bytes = self.keyring.open_entry(&sealed)?;
                let entry: FactEntry = from_cbor(&bytes).map_err(unreadable)?;
                self.directory.fold_fact(position, &entry).map_err(unreadable)
            }
        }
    }
}

/// Opens a hub over a log that was scanned into `directory`, on the calling thread alone.
///
/// # Errors
/// [`OpenError`].
pub fn open(
    log: Log,
    reader: LogReader,
    keyring: Arc<Keyring>,
    store: Arc<dyn DocumentStore>,
    directory: Directory,
    random: &mut dyn Random,
) -> Result<Opened, OpenError> {
    open_with(log, reader, keyring, store, directory, random, 0)
}

/// The same; so many further threads apply what the store lacks.
///
/// # Errors
/// [`OpenError`].
pub fn open_with(
    log: Log,
    reader: LogReader,
    keyring: Arc<Keyring>,
    store: Arc<dyn DocumentStore>,
    directory: Directory,
    random: &mut dyn Random,
    workers: usize,
) -> Result<Opened, OpenError> {
    if directory.hub != Some(keyring.hub_key().public()) {
        return Err(OpenError::ForeignKeyring);
    }
    let mut report = OpenReport::default();
    let (head, chain) = reader.head();
    report.entries = head.0;
    let from = match fits(&reader, &*store)? {
        Ok(position) => position,
        Err(why) => {
            report.rebuilt = Some(why);
            Position::START
        }
    };
    report.applied = catch_up(&reader, &keyring, &*store, from, random, workers)?;
    let channels = store.channels()?.into_iter().collect();
    let published = Published { log: directory.log, position: head, chain, channels };
    let shared = Arc::new(Shared::new(reader, store, keyring, directory, published));
    Ok(Opened { writer: Writer::new(log, Arc::clone(&shared)), shared, report })
}

/// Up to where the store already has this log; or why it must be built from nothing.
///
/// # Errors
/// [`OpenError`] when the store or the log cannot be read.
pub fn fits(reader: &LogReader, store: &dyn DocumentStore) -> Result<Result<Position, String>, OpenError> {
    let Some(applied) = store.applied_to()? else {
        return Ok(Err("it was empty".to_owned()));
    };
    if applied.log_id != reader.log_id() {
        return Ok(Err("it belonged to another log".to_owned()));
    }
    if applied.position > reader.head().0 {
        return Ok(Err("it was ahead of the log".to_owned()));
    }
    if reader.read(applied.position)?.chain != applied.chain {
        return Ok(Err("it held another history of this log".to_owned()));
    }
    Ok(Ok(applied.position))
}

/// Files what an entry says was applied or moved, without deciding anything.
///
/// # Errors
/// [`FilingError`] when its contents cannot be opened or no longer apply.
pub fn refile(
    filing: &mut Filing<'_>,
    keyring: &Keyring,
    position: Position,
    entry: &Entry,
) -> Result<(), FilingError> {
    refile_with(filing, keyring, position, entry, &mut Ahead::default())
}

/// The same, with what was applied ahead.
///
/// # Errors
/// As [`refile`].
pub(super) fn refile_with(
    filing: &mut Filing<'_>,
    keyring: &Keyring,
    position: Position,
    entry: &Entry,
    ahead: &mut Ahead,
) -> Result<(), FilingError> {
    let unreadable = |source: CodecError| FilingError::Form { document: DocumentId::new([0; 16]), source };
    match entry {
        Entry::Parcel(_) | Entry::Decision(_) | Entry::Returned(_) => {
            for (index, named) in entry.documents().map_err(unreadable)?.into_iter().enumerate() {
                refile_work(filing, keyring, position, index, named, entry, ahead)?;
            }
        }
        Entry::Sealed(sealed) => {
            let fact: FactEntry = from_cbor(&keyring.open_entry(sealed)?).map_err(unreadable)?;
            if let Fact::Placed { documents, .. } = fact.fact {
                for placement in &documents {
                    filing.place(position, placement)?;
                }
            }
        }
    }
    Ok(())
}

/// Files the work on one document.
fn refile_work(
    filing: &mut Filing<'_>,
    keyring: &Keyring,
    position: Position,
    index: usize,
    (document, kind): (DocumentId, u8),
    entry: &Entry,
    ahead: &mut Ahead,
) -> Result<(), FilingError> {
    let unreadable = |source: CodecError| FilingError::Form { document, source };
    let Some(work) = entry.work(index).filter(|work| work.filed.content.is_some()) else { return Ok(()) };
    let kind = Kind::from_code(kind).ok_or(FilingError::Kind { document, kind })?;
    if let Some(wrapped) = &work.filed.new_key {
        let wrapped: WrappedKey = wrapped.read().map_err(unreadable)?;
        let key = keyring.unwrap(KeyOwner::Document(document), &wrapped)?;
        filing.begin(document, kind, key, wrapped);
    }
    let Some(working) = filing.document(document)? else {
        return Err(unreadable(CodecError::Body("its first entry is missing".to_owned())));
    };
    let done = match ahead.take(position, index) {
        Some(done) => done?,
        None => reapply(&work, document, kind, &working.key, working.form.as_ref())?,
    };
    let absorb = Absorb {
        position,
        source: position,
        item: u16::try_from(index).unwrap_or(u16::MAX),
        runs: vec![(0, done.count)],
        form: done.form,
        projection: done.projection,
        hashes: &done.hashes,
        entered: &work.filed.entered,
    };
    filing.absorb(document, absorb)
}
