//! The document store: merged documents, their history, feed and channel digests, all derived from the log.
//!
//! Owns the contract ([`DocumentStore`]), its rows and its errors. Refuses to know what is in the sealed bytes, to
//! decide anything, and to be a record: what is lost here is built again from the log, from [`AppliedTo`] on.
//! Whether that fits the log is judged by the hub. [`MemoryStore`] serves tests and the simulation, [`SledStore`]
//! the hub; both pass one conformance suite.

#[cfg(test)]
mod conformance;
mod disk;
mod error;
mod memory;

use std::fmt;

use minicbor::{Decode, Encode};
use sync_protocol::ids::{Channel, DocumentId, Hash, LogId, Position};
use sync_protocol::wire::digest::Digest;

use crate::limits;

pub use disk::{Opened, SetAside, SledStore};
pub use error::StoreError;
pub use memory::MemoryStore;

/// Up to where the log is contained in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AppliedTo {
    /// Which log.
    #[n(0)]
    pub log_id: LogId,
    /// Its last entry that was applied.
    #[n(1)]
    pub position: Position,
    /// The chain hash of that entry, so that another history of the same log is noticed.
    #[n(2)]
    pub chain: Hash,
}

/// One document as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Which document.
    pub document: DocumentId,
    /// The number of its kind.
    pub kind: u8,
    /// Its key, wrapped; opaque.
    pub wrapped_key: Vec<u8>,
    /// Merged form and what is kept beside it, sealed; at most [`limits::DOCUMENT_FORM_BYTES_MAX`].
    pub sealed_form: Vec<u8>,
    /// Its projection, sealed; at most [`limits::DOCUMENT_PROJECTION_BYTES_MAX`].
    pub sealed_projection: Vec<u8>,
    /// The digest of its applied changes.
    pub sum: Digest,
    /// The channels that it is in.
    pub channels: Vec<Channel>,
    /// The last entry that changed it.
    pub changed_at: Position,
}

/// One document without its large parts.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentHead {
    /// Which document.
    pub document: DocumentId,
    /// The number of its kind.
    pub kind: u8,
    /// Its key, wrapped; opaque.
    pub wrapped_key: Vec<u8>,
    /// The digest of its applied changes.
    pub sum: Digest,
    /// The channels that it is in.
    pub channels: Vec<Channel>,
    /// The last entry that changed it.
    pub changed_at: Position,
}

/// Where changes of a document stand in the log. Identified by document, position, source and item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Which document.
    pub document: DocumentId,
    /// The entry that applied them.
    pub position: Position,
    /// The entry that holds their bytes; an earlier one where work was held before.
    pub source: Position,
    /// Which document of that entry's parcel, from 0.
    pub item: u16,
    /// Which of its changes: (first, how many).
    pub runs: Vec<(u16, u16)>,
}

/// What a feed tells about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKind {
    /// Changes were applied that a reader up to then has not.
    Changes,
    /// It entered the channel: it is sent whole.
    Entered,
    /// It left the channel: a notice is sent.
    Left,
}

impl FeedKind {
    /// The byte that stands for it on disk.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Changes => 0,
            Self::Entered => 1,
            Self::Left => 2,
        }
    }

    /// What a byte on disk stands for.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Changes, Self::Entered, Self::Left].into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// One line of a channel's feed. Identified by channel, position and document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Whose feed.
    pub channel: Channel,
    /// The entry of which it tells.
    pub position: Position,
    /// Of which document.
    pub document: DocumentId,
    /// What.
    pub kind: FeedKind,
}

/// A place in a feed, for reading on. One entry may bring thousands of rows (a site that changes scope), so a place
/// may lie inside a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedPlace {
    /// The position read last.
    pub position: Position,
    /// The document of it read last; `None` when the position was read completely.
    pub document: Option<DocumentId>,
}

impl From<Position> for FeedPlace {
    /// After everything at that position.
    fn from(position: Position) -> Self {
        Self { position, document: None }
    }
}

impl From<&FeedRow> for FeedPlace {
    /// After that row.
    fn from(row: &FeedRow) -> Self {
        Self { position: row.position, document: Some(row.document) }
    }
}

/// What a channel holds, for comparing with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(array)]
pub struct ChannelState {
    /// The digest of the applied changes of its documents.
    #[n(0)]
    pub sum: Digest,
    /// How many documents are in it.
    #[n(1)]
    pub documents: u64,
    /// How many changes they have.
    #[n(2)]
    pub changes: u64,
}

/// What a group of log entries changes: applied whole or not at all. Rows replace rows of the same identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Documents as they stand afterwards.
    pub documents: Vec<DocumentRow>,
    /// New history.
    pub history: Vec<HistoryRow>,
    /// New lines of feeds.
    pub feed: Vec<FeedRow>,
    /// Channels as they stand afterwards.
    pub channels: Vec<(Channel, ChannelState)>,
    /// The last entry of the group.
    pub applied_to: AppliedTo,
}

/// Where merged documents are kept. Handles are shared: one writer, many readers; a reader never sees half a batch.
pub trait DocumentStore: Send + Sync {
    /// Up to where the log is contained; `None` when nothing was ever applied.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`], as in every method here.
    fn applied_to(&self) -> Result<Option<AppliedTo>, StoreError>;

    /// One document, whole.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn document(&self, document: DocumentId) -> Result<Option<DocumentRow>, StoreError>;

    /// One document without its large parts.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn head(&self, document: DocumentId) -> Result<Option<DocumentHead>, StoreError>;

    /// One document's sealed projection, without reading its form.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn projection(&self, document: DocumentId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Documents in the order of their ids, after the one named, at most `limit`.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn documents_after(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentHead>, StoreError>;

    /// A document's history after one position up to and with another, oldest first. A position is never cut, so
    /// that the last one can be given as the next `after`: the rows may be more than `limit` by those of one position.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn history(
        &self,
        document: DocumentId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, StoreError>;

    /// What one entry applied to a document, by source and item; several rows where a decision released held work.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn history_at(&self, document: DocumentId, position: Position) -> Result<Vec<HistoryRow>, StoreError>;

    /// A channel's feed after a place up to and with a position, by position then document, at most `limit`. Read on
    /// from the last row (`FeedPlace::from(&row)`).
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn feed(
        &self,
        channel: &Channel,
        after: FeedPlace,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<FeedRow>, StoreError>;

    /// What a channel holds; nothing for one never heard of.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn channel(&self, channel: &Channel) -> Result<ChannelState, StoreError>;

    /// All channels ever heard of, by name.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn channels(&self) -> Result<Vec<(Channel, ChannelState)>, StoreError>;

    /// Applies a batch whole or not at all; visible to every reader when this returns. A document's old form is
    /// replaced completely. Not durable by itself: after a crash the store is as it was after some earlier batch.
    /// May be repeated.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] and [`StoreError::TooLarge`] before anything is written; else as above.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Writes out what is only in memory, so that less is applied again after a start.
    ///
    /// # Errors
    /// As [`DocumentStore::applied_to`].
    fn flush(&self) -> Result<(), StoreError>;

    /// Whether it can go on being used. Once it cannot, every further call fails until it is opened again.
    ///
    /// # Errors
    /// What it met first, as in every method here.
    fn usable(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Batch {
    /// Checks what every implementation refuses.
    fn check(&self, applied: Option<AppliedTo>) -> Result<(), StoreError> {
        if let Some(applied) = applied
            && applied.log_id == self.applied_to.log_id
            && applied.position > self.applied_to.position
        {
            return Err(StoreError::OutOfOrder { given: self.applied_to.position, applied: applied.position });
        }
        for row in &self.documents {
            within(row.document, "the sealed form (bytes)", row.sealed_form.len(), limits::DOCUMENT_FORM_BYTES_MAX)?;
            let allowed = limits::DOCUMENT_PROJECTION_BYTES_MAX;
            within(row.document, "the sealed projection (bytes)", row.sealed_projection.len(), allowed)?;
            let allowed = limits::DOCUMENT_WRAPPED_KEY_BYTES_MAX;
            within(row.document, "the wrapped key (bytes)", row.wrapped_key.len(), allowed)?;
            within(row.document, "the number of channels", row.channels.len(), limits::DOCUMENT_CHANNELS_MAX)?;
        }
        for row in &self.history {
            within(row.document, "the number of runs", row.runs.len(), limits::HISTORY_RUNS_MAX)?;
        }
        Ok(())
    }
}

fn within(document: DocumentId, what: &'static str, found: usize, allowed: usize) -> Result<(), StoreError> {
    if found <= allowed { Ok(()) } else { Err(StoreError::TooLarge { document, what, found, allowed }) }
}

impl DocumentRow {
    /// The row without its large parts.
    #[must_use]
    pub fn head(&self) -> DocumentHead {
        DocumentHead {
            document: self.document,
            kind: self.kind,
            wrapped_key: self.wrapped_key.clone(),
            sum: self.sum,
            channels: self.channels.clone(),
            changed_at: self.changed_at,
        }
    }
}

impl fmt::Debug for DocumentRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentRow")
            .field("head", &self.head())
            .field("sealed_form_bytes", &self.sealed_form.len())
            .field("sealed_projection_bytes", &self.sealed_projection.len())
            .finish()
    }
}

impl fmt::Debug for DocumentHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentHead")
            .field("document", &self.document)
            .field("kind", &self.kind)
            .field("sum", &self.sum)
            .field("channels", &self.channels)
            .field("changed_at", &self.changed_at)
            .finish_non_exhaustive()
    }
}
