//! Filing: from entries of the log to rows of the document store.
//!
//! Owns the working set of one group: documents as they stand after it, their history, the feeds and channel digests,
//! turned into one batch. The same code serves admission and rebuilding, so that a rebuilt store equals the one it
//! replaces. Decides nothing: what is applied here was allowed and tried before.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use sync_protocol::documents::Kind;
use sync_protocol::gate::StoredForm;
use sync_protocol::ids::{ChangeHash, Channel, DocumentId, Position};
use sync_protocol::wire::codec::{CodecError, Raw, from_cbor, to_cbor};
use sync_protocol::wire::digest::Digest;
use thiserror::Error;

use super::fact::Placement;
use crate::random::Random;
use crate::store::documents::{
    AppliedTo, Batch, ChannelState, DocumentHead, DocumentRow, DocumentStore, FeedKind, FeedRow, HistoryRow, StoreError,
};
use crate::store::keyring::{KeyOwner, Keyring, KeyringError, WrappedKey};
use crate::store::seal::{self, Key, SealError};

/// Why a document could not be read or written. The log has everything: the store can be rebuilt.
#[derive(Debug, Error)]
pub enum FilingError {
    /// The document store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A sealed value does not open under its document's key.
    #[error("what is stored of document {document} does not open under its key: {source}")]
    Sealed {
        /// Which document.
        document: DocumentId,
        /// From the cipher.
        source: SealError,
    },
    /// A stored value is not what was written.
    #[error("what is stored of document {document} cannot be read: {source}")]
    Form {
        /// Which document.
        document: DocumentId,
        /// From the codec.
        source: CodecError,
    },
    /// A document of a kind that this version does not know.
    #[error("document {document} is of kind {kind}, which this version does not know")]
    Kind {
        /// Which document.
        document: DocumentId,
        /// The code found.
        kind: u8,
    },
}

/// A document within a group.
pub struct Working {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Its key, wrapped.
    pub wrapped: WrappedKey,
    /// Its merged form; none for one that begins in this group.
    pub form: Option<StoredForm>,
    /// Its projection as JSON, once it changed in this group.
    pub projection: Option<Vec<u8>>,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// The digest of its changes.
    pub sum: Digest,
    /// How many changes were applied to it.
    pub changes: u64,
    /// The last entry that changed it.
    pub changed_at: Position,
    dirty: bool,
}

/// A channel that a document has moved: how, and by how much.
type Touched = (Channel, FeedKind, ChannelState);

impl Working {
    /// Enters those of the channels that it is not in.
    fn enter(&mut self, channels: &[Channel], touched: &mut Vec<Touched>) {
        for channel in channels {
            if !self.channels.contains(channel) {
                self.channels.push(channel.clone());
                let all = ChannelState { sum: self.sum, documents: 1, changes: self.changes };
                touched.push((channel.clone(), FeedKind::Entered, all));
            }
        }
    }
}

/// What is sealed as a document's form.
#[derive(Encode, Decode)]
struct SealedForm {
    #[n(0)]
    form: StoredForm,
    #[n(1)]
    changes: u64,
}

/// What one entry does to one document.
pub struct Absorb<'a> {
    /// Where it is applied.
    pub position: Position,
    /// The entry that holds the bytes.
    pub source: Position,
    /// Which document of that entry.
    pub item: u16,
    /// Which of its stored changes.
    pub runs: Vec<(u16, u16)>,
    /// The merged form afterwards.
    pub form: StoredForm,
    /// The projection afterwards, as JSON.
    pub projection: Vec<u8>,
    /// The changes that are new.
    pub hashes: &'a [ChangeHash],
    /// Channels entered.
    pub entered: &'a [Channel],
}

/// The working set of one group.
pub struct Filing<'a> {
    store: &'a dyn DocumentStore,
    keyring: &'a Keyring,
    working: BTreeMap<DocumentId, Option<Working>>,
    channels: BTreeMap<Channel, ChannelState>,
    history: Vec<HistoryRow>,
    feed: Vec<FeedRow>,
}

fn form_binding(document: DocumentId) -> Vec<u8> {
    [b"segin/1 form".as_slice(), document.as_bytes()].concat()
}

/// What a sealed projection is bound to.
#[must_use]
pub fn projection_binding(document: DocumentId) -> Vec<u8> {
    [b"segin/1 projection".as_slice(), document.as_bytes()].concat()
}

/// Opens the key of a stored document.
///
/// # Errors
/// [`FilingError`].
pub fn document_key(keyring: &Keyring, head: &DocumentHead) -> Result<(Key, WrappedKey), FilingError> {
    let document = head.document;
    let wrapped: WrappedKey = from_cbor(&head.wrapped_key).map_err(|source| FilingError::Form { document, source })?;
    Ok((keyring.unwrap(KeyOwner::Document(document), &wrapped)?, wrapped))
}

/// Reads a document's merged form and the number of its changes.
///
/// # Errors
/// [`FilingError`].
pub fn open_form(keyring: &Keyring, row: &DocumentRow) -> Result<(StoredForm, u64), FilingError> {
    let document = row.document;
    let (key, _) = document_key(keyring, &row.head())?;
    let bytes = seal::open(&key, &form_binding(document), &row.sealed_form)
        .map_err(|source| FilingError::Sealed { document, source })?;
    let sealed: SealedForm = from_cbor(&bytes).map_err(|source| FilingError::Form { document, source })?;
    Ok((sealed.form, sealed.changes))
}

impl<'a> Filing<'a> {
    /// An empty working set over a store.
    #[must_use]
    pub fn new(store: &'a dyn DocumentStore, keyring: &'a Keyring) -> Self {
        Self {
            store,
            keyring,
            working: BTreeMap::new(),
            channels: BTreeMap::new(),
            history: Vec::new(),
            feed: Vec::new(),
        }
    }

    /// A document as it stands, from this group or the store.
    ///
    /// # Errors
    /// [`FilingError`].
    pub fn document(&mut self, document: DocumentId) -> Result<Option<&mut Working>, FilingError> {
        if !self.working.contains_key(&document) {
            let loaded = self.load(document)?;
            self.working.insert(document, loaded);
        }
        Ok(self.working.get_mut(&document).and_then(Option::as_mut))
    }

    fn load(&self, document: DocumentId) -> Result<Option<Working>, FilingError> {
        let Some(row) = self.store.document(document)? else {
            return Ok(None);
        };
        let kind = Kind::from_code(row.kind).ok_or(FilingError::Kind { document, kind: row.kind })?;
        let (key, wrapped) = document_key(self.keyring, &row.head())?;
        let (form, changes) = open_form(self.keyring, &row)?;
        Ok(Some(Working {
            kind,
            key,
            wrapped,
            form: Some(form),
            projection: None,
            channels: row.channels,
            sum: row.sum,
            changes,
            changed_at: row.changed_at,
            dirty: false,
        }))
    }

    /// Begins a document with its key. It is filed once something is absorbed into it.
    pub fn begin(&mut self, document: DocumentId, kind: Kind, key: Key, wrapped: WrappedKey) {
        let working = Working {
            kind,
            key,
            wrapped,
            form: None,
            projection: None,
            channels: Vec::new(),
            sum: Digest::EMPTY,
            changes: 0,
            changed_at: Position::START,
            dirty: false,
        };
        self.working.insert(document, Some(working));
    }

    /// Files what an entry does to a document of the working set.
    ///
    /// # Errors
    /// [`FilingError::Store`] when a channel cannot be read.
    pub fn absorb(&mut self, document: DocumentId, absorb: Absorb<'_>) -> Result<(), FilingError> {
        let Some(working) = self.working.get_mut(&document).and_then(Option::as_mut) else {
            return Ok(());
        };
        let sum =
            absorb.hashes.iter().fold(Digest::EMPTY, |sum, change| sum.plus(Digest::of_change(document, *change)));
        let changes = absorb.hashes.len() as u64;
        let counts = working.kind != Kind::Annex;
        let mut touched: Vec<Touched> = Vec::new();
        for channel in &working.channels {
            touched.push((channel.clone(), FeedKind::Changes, ChannelState { sum, documents: 0, changes }));
        }
        working.sum = working.sum.plus(sum);
        working.changes += changes;
        working.enter(absorb.entered, &mut touched);
        working.form = Some(absorb.form);
        working.projection = Some(absorb.projection);
        working.changed_at = absorb.position;
        working.dirty = true;
        self.touch(document, absorb.position, counts, touched)?;
        if changes > 0 {
            self.history.push(HistoryRow {
                document,
                position: absorb.position,
                source: absorb.source,
                item: absorb.item,
                runs: absorb.runs,
            });
        }
        Ok(())
    }

    /// Files that a document enters and leaves channels. One that the store does not have is passed over.
    ///
    /// # Errors
    /// [`FilingError`].
    pub fn place(&mut self, position: Position, placement: &Placement) -> Result<(), FilingError> {
        let document = placement.document;
        let sealed = match self.document(document)? {
            Some(working) if working.projection.is_none() => self.store.projection(document)?,
            _ => None,
        };
        let Some(working) = self.working.get_mut(&document).and_then(Option::as_mut) else { return Ok(()) };
        if let Some(sealed) = sealed {
            let opened = seal::open(&working.key, &projection_binding(document), &sealed);
            working.projection = Some(opened.map_err(|source| FilingError::Sealed { document, source })?);
        }
        let mut touched = Vec::new();
        for channel in &placement.left {
            if let Some(index) = working.channels.iter().position(|known| known == channel) {
                working.channels.remove(index);
                let all = ChannelState { sum: working.sum, documents: 1, changes: working.changes };
                touched.push((channel.clone(), FeedKind::Left, all));
            }
        }
        working.enter(&placement.entered, &mut touched);
        working.dirty |= !touched.is_empty();
        working.changed_at = position;
        let counts = working.kind != Kind::Annex;
        self.touch(document, position, counts, touched)?;
        Ok(())
    }

    /// Counts what happened to channels and notes it for their feeds.
    fn touch(
        &mut self,
        document: DocumentId,
        position: Position,
        counts: bool,
        touched: Vec<Touched>,
    ) -> Result<(), StoreError> {
        for (channel, kind, more) in touched {
            if kind == FeedKind::Changes && more.changes == 0 {
                continue;
            }
            if counts {
                let state = self.channel(&channel)?;
                if kind == FeedKind::Left {
                    state.sum = state.sum.minus(more.sum);
                    state.documents = state.documents.saturating_sub(more.documents);
                    state.changes = state.changes.saturating_sub(more.changes);
                } else {
                    state.sum = state.sum.plus(more.sum);
                    state.documents += more.documents;
                    state.changes += more.changes;
                }
            }
            self.feed.push(FeedRow { channel, position, document, kind });
        }
        Ok(())
    }

    fn channel(&mut self, channel: &Channel) -> Result<&mut ChannelState, StoreError> {
        if !self.channels.contains_key(channel) {
            let state = self.store.channel(channel)?;
            self.channels.insert(channel.clone(), state);
        }
        Ok(self.channels.entry(channel.clone()).or_default())
    }

    /// The documents that changed in this group.
    pub fn changed(&self) -> impl Iterator<Item = (DocumentId, &Working)> {
        self.working
            .iter()
            .filter_map(|(id, working)| working.as_ref().filter(|working| working.dirty).map(|working| (*id, working)))
    }

    /// The channels that changed in this group.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<Channel, ChannelState> {
        &self.channels
    }

    /// Everything as one batch, sealed.
    #[must_use]
    pub fn batch(&self, applied_to: AppliedTo, random: &mut dyn Random) -> Batch {
        let mut documents = Vec::new();
        for (document, working) in self.changed() {
            let (Some(form), Some(projection)) = (&working.form, &working.projection) else {
                continue;
            };
            let form = to_cbor(&SealedForm { form: form.clone(), changes: working.changes });
            documents.push(DocumentRow {
                document,
                kind: working.kind.code(),
                wrapped_key: Raw::of(&working.wrapped).0,
                sealed_form: seal::seal(&working.key, random, &form_binding(document), &form),
                sealed_projection: seal::seal(&working.key, random, &projection_binding(document), projection),
                sum: working.sum,
                channels: working.channels.clone(),
                changed_at: working.changed_at,
            });
        }
        let channels = self.channels.iter().map(|(channel, state)| (channel.clone(), *state)).collect();
        Batch { documents, history: self.history.clone(), feed: self.feed.clone(), channels, applied_to }
    }
}
