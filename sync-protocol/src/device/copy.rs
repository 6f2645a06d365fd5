//! All that touches Automerge on the device: loading, merging what was fed, saving.
//!
//! What comes down is signed by the hub, which tried it before; still, a document that cannot be read or merged must
//! not stop the others, so every call is made on a copy and a panic is an error of that one document.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change};
use thiserror::Error;

use crate::documents::{self, Kind};
use crate::ids::{ActorPrefix, ChangeHash};

/// A document that could not be read or merged. The caller still has what it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum CopyError {
    #[error("the stored copy cannot be read")]
    Load,
    #[error("a change cannot be read")]
    Change,
    #[error("the changes cannot be merged")]
    Merge,
}

/// A document in memory, for the time of one step.
pub(super) struct Copy {
    pub kind: Kind,
    pub doc: Automerge,
}

fn theirs(hash: &ChangeHash) -> automerge::ChangeHash {
    automerge::ChangeHash(*hash.as_bytes())
}

fn ours(hash: &automerge::ChangeHash) -> ChangeHash {
    ChangeHash::new(hash.0)
}

fn guarded<T>(error: CopyError, step: impl FnOnce() -> Result<T, CopyError>) -> Result<T, CopyError> {
    // What a panic may have left half-done is dropped by every caller.
    catch_unwind(AssertUnwindSafe(step)).unwrap_or(Err(error))
}

impl Copy {
    /// An empty document of the kind.
    pub(super) fn blank(kind: Kind) -> Self {
        Self { kind, doc: documents::blank(kind) }
    }

    /// A stored one, with the constants of this version.
    pub(super) fn load(kind: Kind, bytes: &[u8]) -> Result<Self, CopyError> {
        guarded(CopyError::Load, || {
            let mut doc = Automerge::load(bytes).map_err(|_| CopyError::Load)?;
            let newest = documents::constant_hashes(kind).last();
            if newest.is_some_and(|hash| doc.get_change_meta_by_hash(&theirs(hash)).is_none()) {
                doc.merge(&mut documents::blank(kind)).map_err(|_| CopyError::Load)?;
            }
            Ok(Self { kind, doc })
        })
    }

    /// Its saved form.
    pub(super) fn save(&self) -> Vec<u8> {
        self.doc.save()
    }

    /// Its heads.
    pub(super) fn heads(&self) -> Vec<ChangeHash> {
        documents::edit::heads(&self.doc)
    }

    /// Whether it has this change.
    pub(super) fn has(&self, change: &ChangeHash) -> bool {
        self.doc.get_change_meta_by_hash(&theirs(change)).is_some()
    }

    /// Every change of it but the constants.
    pub(super) fn hashes(&self) -> Vec<ChangeHash> {
        let constants = documents::constant_hashes(self.kind);
        let all = self.doc.get_changes_meta(&[]);
        all.iter().map(|meta| ours(&meta.hash)).filter(|hash| !constants.contains(hash)).collect()
    }

    /// The changes that a change of this document depends on.
    pub(super) fn deps(&self, change: &ChangeHash) -> Vec<ChangeHash> {
        let meta = self.doc.get_change_meta_by_hash(&theirs(change));
        meta.map(|meta| meta.deps.iter().map(ours).collect()).unwrap_or_default()
    }

    /// Whose change it is, of those that this document has.
    pub(super) fn author(&self, change: &ChangeHash) -> Option<ActorPrefix> {
        let meta = self.doc.get_change_meta_by_hash(&theirs(change))?;
        ActorPrefix::from_slice(meta.actor.to_bytes().get(..ActorPrefix::LEN)?)
    }

    /// Merges changes; on an error this copy must be dropped.
    pub(super) fn merge(&mut self, raw: &[&[u8]]) -> Result<(), CopyError> {
        let doc = &mut self.doc;
        guarded(CopyError::Merge, || {
            let changes = raw.iter().map(|raw| Change::from_bytes(raw.to_vec()).map_err(|_| CopyError::Change));
            let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
            let hashes: Vec<_> = changes.iter().map(Change::hash).collect();
            doc.apply_changes(changes).map_err(|_| CopyError::Merge)?;
            // What waits for something that did not come is not part of the document.
            let all_in = hashes.iter().all(|hash| doc.get_change_meta_by_hash(hash).is_some());
            if all_in { Ok(()) } else { Err(CopyError::Merge) }
        })
    }

    /// A document with those changes of this one for which `keep` says so, and what they need.
    pub(super) fn only(&self, keep: &BTreeSet<ChangeHash>) -> Result<Self, CopyError> {
        guarded(CopyError::Merge, || {
            let all = self.doc.get_changes(&[]);
            let kept = all.into_iter().filter(|change| keep.contains(&ours(&change.hash())));
            let mut doc = documents::blank(self.kind);
            doc.apply_changes(kept.collect::<Vec<_>>()).map_err(|_| CopyError::Merge)?;
            Ok(Self { kind: self.kind, doc })
        })
    }

    /// The bytes of those of its changes that are named.
    pub(super) fn raw(&self, wanted: &[ChangeHash]) -> Vec<Vec<u8>> {
        let all = self.doc.get_changes(&[]);
        let named = all.iter().filter(|change| wanted.contains(&ours(&change.hash())));
        named.map(|change| change.raw_bytes().to_vec()).collect()
    }

    /// How many fields have more than one value; looked at only where branches meet.
    pub(super) fn conflicts(&self) -> u32 {
        if self.doc.get_heads().len() < 2 {
            return 0;
        }
        let count = guarded(CopyError::Merge, || Ok(documents::conflicts(self.kind, &self.doc).len()));
        count.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
    }
}

/// The hash of a change's bytes.
pub(super) fn hash_of(raw: &[u8]) -> Result<ChangeHash, CopyError> {
    guarded(CopyError::Change, || {
        let change = Change::from_bytes(raw.to_vec()).map_err(|_| CopyError::Change)?;
        Ok(ours(&change.hash()))
    })
}
