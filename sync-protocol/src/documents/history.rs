//! The changes of a document as far as merge rules need them: who, when, and what had been seen.

use std::collections::HashMap;

use automerge::{Automerge, ObjId};

use crate::ids::{Actor, ChangeHash, Millis};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub hash: ChangeHash,
    pub actor: Actor,
    pub at: Millis,
    deps: Vec<usize>,
}

/// All changes of one document, by number.
#[derive(Debug, Default)]
pub(crate) struct History {
    changes: Vec<Origin>,
    numbers: HashMap<ChangeHash, usize>,
}

/// What had been seen when a change was made, itself included.
pub(crate) struct Seen(Vec<bool>);

impl History {
    pub fn of(doc: &Automerge) -> Self {
        let metas = doc.get_changes_meta(&[]);
        let numbers: HashMap<ChangeHash, usize> =
            metas.iter().enumerate().map(|(number, meta)| (ChangeHash::new(meta.hash.0), number)).collect();
        let changes = metas
            .iter()
            .map(|meta| Origin {
                hash: ChangeHash::new(meta.hash.0),
                actor: actor_of(meta.actor.to_bytes()),
                at: Millis(meta.timestamp.saturating_mul(1_000)),
                deps: meta.deps.iter().filter_map(|dep| numbers.get(&ChangeHash::new(dep.0)).copied()).collect(),
            })
            .collect();
        Self { changes, numbers }
    }

    /// The change that made an operation.
    pub fn of_operation(&self, doc: &Automerge, operation: &ObjId) -> Option<usize> {
        let hash = doc.hash_for_opid(operation)?;
        self.numbers.get(&ChangeHash::new(hash.0)).copied()
    }

    pub fn get(&self, number: usize) -> Option<&Origin> {
        self.changes.get(number)
    }

    /// Everything that came before the change with this number, and the change.
    pub fn seen_by(&self, number: usize) -> Seen {
        let mut seen = vec![false; self.changes.len()];
        let mut next = vec![number];
        while let Some(number) = next.pop() {
            if let Some(change) = self.changes.get(number)
                && !std::mem::replace(&mut seen[number], true)
            {
                next.extend(&change.deps);
            }
        }
        Seen(seen)
    }
}

impl Seen {
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number).copied().unwrap_or(false)
    }
}

/// Actors of ours have 16 bytes. Of a foreign one the first 16 are kept: enough to show, never to decide on.
pub(crate) fn actor_of(bytes: &[u8]) -> Actor {
    let mut actor = [0; Actor::LEN];
    let len = bytes.len().min(Actor::LEN);
    actor[..len].copy_from_slice(&bytes[..len]);
    Actor::new(actor)
}
