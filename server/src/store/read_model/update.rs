//! What the read model is told, and where it gets the rest from when it was told too much at once.
//!
//! Plain data: who fills it in knows documents and keys, the read model does not. Holds personal data, hence no
//! `Debug` that would print it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sync_protocol::ids::{Channel, DocumentId, Hash, Millis, Position, SiteCode};
use thiserror::Error;

/// What a group of log entries changed. Sent for every group, also when nothing of it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateBatch {
    /// The last entry of the group.
    pub up_to: Position,
    /// In the order of the log.
    pub updates: Vec<Update>,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// A document as it stands after an entry.
    Document(Box<DocumentUpdate>),
    /// A parcel was receipted.
    Receipt(ReceiptUpdate),
    /// Work is held until a person decides.
    Held(HeldUpdate),
    /// A document entered and left channels.
    Placed(PlacementUpdate),
    /// Held work was decided, one way or the other.
    Decided {
        /// The entry of the decision.
        position: Position,
        /// The entry that held it.
        held: Position,
        /// On which document.
        document: DocumentId,
        /// Whose work.
        lease: String,
    },
}

/// A document that entered and left channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementUpdate {
    /// The entry that says so.
    pub position: Position,
    /// Which document.
    pub document: DocumentId,
    /// Channels that it is in from there on.
    pub entered: Vec<Channel>,
    /// Channels that it is no longer in.
    pub left: Vec<Channel>,
}

/// A document as it stands after an entry.
#[derive(Clone, PartialEq)]
pub struct DocumentUpdate {
    /// The entry that changed it last.
    pub position: Position,
    /// Which document.
    pub document: DocumentId,
    /// The number of its kind.
    pub kind: u8,
    /// The entry that created it, where that is known.
    pub created: Option<Position>,
    /// Its typed projection as JSON.
    pub projection: Value,
    /// Its conflicts: an array of objects with `path`, `label` and `values`; the last two are shown as they are.
    pub conflicts: Value,
    /// The channels that it is in.
    pub channels: Vec<Channel>,
}

impl fmt::Debug for DocumentUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentUpdate")
            .field("position", &self.position)
            .field("document", &self.document)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A parcel that was receipted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptUpdate {
    /// The parcel's entry.
    pub position: Position,
    /// Hub time of the entry.
    pub at: Millis,
    /// Who sent it, as shown to people: a label, not a name of a returnee.
    pub user: String,
    /// From which site, where the manifest names one.
    pub site: Option<SiteCode>,
    /// How many documents it named.
    pub documents: u32,
    /// How many changes met which fate, by the fate's name.
    pub fates: BTreeMap<String, u32>,
    /// The manifest's hash.
    pub manifest: Hash,
}

/// Work that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUpdate {
    /// The entry that holds it.
    pub position: Position,
    /// On which document.
    pub document: DocumentId,
    /// Whose work.
    pub lease: String,
    /// Why: a stable code.
    pub reason: String,
}

/// Some documents of a source, and where to go on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DocumentPage {
    /// Those of the page that changed since.
    pub documents: Vec<DocumentUpdate>,
    /// The last document looked at; `None` when there are no more.
    pub next: Option<DocumentId>,
}

/// Why a source could not be read.
#[derive(Debug, Error)]
#[error("the read model could not be filled: {0}")]
pub struct SourceError(pub String);

/// Where the read model is filled from, at the start and after it was left behind. Called on the model's own thread.
pub trait Source: Send {
    /// Up to where everything below is complete. What is newer may be contained already.
    ///
    /// # Errors
    /// When the store cannot be read; the model tries again at the next update.
    fn position(&self) -> Result<Position, SourceError>;

    /// Looks at about `limit` documents in the order of their ids and returns those that changed after a position.
    ///
    /// # Errors
    /// As [`Source::position`].
    fn documents(
        &self,
        after: Option<DocumentId>,
        changed_after: Position,
        limit: usize,
    ) -> Result<DocumentPage, SourceError>;

    /// Receipts after a position, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`Source::position`].
    fn receipts(&self, after: Position, limit: usize) -> Result<Vec<ReceiptUpdate>, SourceError>;

    /// All work that is held now.
    ///
    /// # Errors
    /// As [`Source::position`].
    fn held(&self) -> Result<Vec<HeldUpdate>, SourceError>;
}
