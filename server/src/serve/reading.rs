//! Reading one document for a person, with every call to the document store counted.
//!
//! The calls are shown by `/metrics`, and must not depend on whether a document exists or is in somebody's scope.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use sync_protocol::documents::Kind;
use sync_protocol::ids::{Channel, DocumentId, Position};

use super::feeding::name_authors;
use crate::hub::filing::{FilingError, document_key, projection_binding};
use crate::hub::published::Shared;
use crate::store::documents::DocumentStore;
use crate::store::seal;

/// Reads documents.
pub struct Reading {
    shared: Arc<Shared>,
    calls: AtomicU64,
}

/// Where a document is, or that it is nowhere: then there are no channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub document: DocumentId,
    /// Its kind; a case's where there is none.
    pub kind: Kind,
    /// The channels that it is in now.
    pub channels: Vec<Channel>,
}

/// A document as plain data.
pub struct Plain {
    /// The entry that changed it last.
    pub changed: Position,
    /// Every group and field.
    pub projection: Value,
    /// Its conflicts, with who wrote what.
    pub conflicts: Value,
}

impl Reading {
    /// Over a hub's documents.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, calls: AtomicU64::new(0) }
    }

    /// Calls to the document store since the start.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The store, for one call.
    fn store(&self) -> &dyn DocumentStore {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &*self.shared.store
    }

    /// Where a document is: one call.
    ///
    /// # Errors
    /// [`FilingError`] when the store cannot be read.
    pub fn place(&self, document: DocumentId) -> Result<Place, FilingError> {
        let head = self.store().head(document)?;
        let (kind, channels) = head.map_or((Kind::Case.code(), Vec::new()), |head| (head.kind, head.channels));
        let kind = Kind::from_code(kind).ok_or(FilingError::Kind { document, kind })?;
        Ok(Place { document, kind, channels })
    }

    /// A document's content: two calls, whether it is there or not, and whether it is to be opened or not.
    ///
    /// # Errors
    /// [`FilingError`] when it cannot be read.
    pub fn content(&self, document: DocumentId, is_open: bool) -> Result<Option<Plain>, FilingError> {
        let head = self.store().head(document)?;
        let sealed = self.store().projection(document)?;
        let (Some(head), Some(sealed), true) = (head, sealed, is_open) else { return Ok(None) };
        let (key, _) = document_key(&self.shared.keyring, &head)?;
        let bytes = seal::open(&key, &projection_binding(document), &sealed)
            .map_err(|source| FilingError::Sealed { document, source })?;
        let mut view: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut conflicts = view["conflicts"].take();
        name_authors(&mut conflicts, &self.shared.directory());
        Ok(Some(Plain { changed: head.changed_at, projection: view["projection"].take(), conflicts }))
    }
}
