//! What the log holds, read with the keys and without the hub's own code for documents: every change that was applied,
//! where, and every one that is held.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, Change};
use segin::hub::entry::{Entry, HeldContent, Stored, content_binding};
use segin::hub::feed::open_content;
use segin::hub::filing::document_key;
use segin::hub::published::Shared;
use segin::store::keyring::{KeyOwner, WrappedKey};
use segin::store::seal;
use sync_protocol::documents::{self, Kind};
use sync_protocol::ids::{ChangeHash, DocumentId, Hash, Position};
use sync_protocol::wire::codec::{CodecError, from_cbor};

use super::paper::{Mark, marks_in};
use super::promise::{Broken, Check, Promise, holds};

/// One document, by the log.
pub struct Document {
    /// Its kind.
    pub kind: Kind,
    /// Its applied changes, in the order of the log.
    pub changes: Vec<Change>,
    /// All of them merged.
    pub doc: Automerge,
}

/// Everything.
#[derive(Default)]
pub struct Truth {
    /// Documents with applied changes.
    pub documents: BTreeMap<DocumentId, Document>,
    /// Marks in held work.
    pub held: BTreeSet<Mark>,
}

fn broken(position: Position, what: impl std::fmt::Display) -> Broken {
    Broken::new(Promise::SavedMeansSaved, format!("entry {position}: {what}"))
}

/// The hash of a change, as the product names it.
#[must_use]
pub fn hash_of(change: &Change) -> ChangeHash {
    ChangeHash::new(change.hash().0)
}

impl Truth {
    /// Reads the whole log.
    ///
    /// # Errors
    /// [`Broken`] when it cannot be read, or something was applied twice or by nobody.
    pub fn read(shared: &Shared, works: &BTreeSet<ChangeHash>) -> Check<Self> {
        let mut truth = Self::default();
        let mut seen: BTreeSet<(DocumentId, ChangeHash)> = BTreeSet::new();
        for record in shared.log.iter_from(Position(1)) {
            let record = record.map_err(|error| broken(Position::START, error))?;
            let position = record.position;
            let entry = Entry::from_bytes(&record.payload).map_err(|error| broken(position, error))?;
            for (index, (document, kind)) in
                named(&entry).map_err(|error| broken(position, error))?.into_iter().enumerate()
            {
                let work = entry.work(index).ok_or_else(|| broken(position, "a document without work"))?;
                let filed = work.filed;
                if let Some(held) = &filed.held {
                    truth.held.extend(held_marks(shared, &work.manifest, document, held, position)?);
                }
                if filed.content.is_none() {
                    continue;
                }
                let head = shared.store.head(document).map_err(|error| broken(position, error))?;
                let head = head.ok_or_else(|| broken(position, "its document is not in the store"))?;
                let (key, _) = document_key(&shared.keyring, &head).map_err(|error| broken(position, error))?;
                let stored = open_content(&work, document, &key).map_err(|error| broken(position, error))?;
                let kind = Kind::from_code(kind).ok_or_else(|| broken(position, "an unknown kind"))?;
                let found = truth.documents.entry(document).or_insert_with(|| Document {
                    kind,
                    changes: Vec::new(),
                    doc: documents::blank(kind),
                });
                for raw in stored.changes {
                    let change = Change::from_bytes(raw.0).map_err(|error| broken(position, error))?;
                    let hash = hash_of(&change);
                    holds(Promise::Idempotent, seen.insert((document, hash)), || {
                        format!("a change of {document} was applied twice, again at {position}")
                    })?;
                    holds(Promise::HostileBytesStopAtTheGate, works.contains(&hash), || {
                        format!("a change of {document} that no device made was applied at {position}")
                    })?;
                    found.doc.apply_changes([change.clone()]).map_err(|error| broken(position, error))?;
                    found.changes.push(change);
                }
            }
        }
        Ok(truth)
    }
}

/// The documents of an entry, with their kinds.
fn named(entry: &Entry) -> Result<Vec<(DocumentId, u8)>, CodecError> {
    Ok(match entry {
        Entry::Parcel(entry) => {
            entry.read_manifest()?.documents.iter().map(|named| (named.document, named.kind)).collect()
        }
        Entry::Decision(entry) => entry.items.iter().map(|item| (item.document, item.kind)).collect(),
        Entry::Returned(entry) => entry.items.iter().map(|item| (item.document, item.kind)).collect(),
        Entry::Sealed(_) => Vec::new(),
    })
}

fn held_marks(
    shared: &Shared,
    parcel: &Hash,
    document: DocumentId,
    held: &HeldContent,
    position: Position,
) -> Check<BTreeSet<Mark>> {
    let wrapped: WrappedKey = held.key.read().map_err(|error| broken(position, error))?;
    let key = shared
        .keyring
        .unwrap(KeyOwner::Held { parcel: *parcel, document }, &wrapped)
        .map_err(|e| broken(position, e))?;
    let bytes = seal::open(&key, &content_binding(document, parcel, true), held.content.as_ref())
        .map_err(|error| broken(position, error))?;
    let stored: Stored = from_cbor(&bytes).map_err(|error| broken(position, error))?;
    Ok(stored.changes.iter().flat_map(|raw| marks_in(raw.as_ref())).collect())
}
