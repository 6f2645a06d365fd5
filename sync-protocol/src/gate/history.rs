//! What is kept beside a stored document: which changes it has, and how they hang together.
//!
//! Enough to answer, without loading the document, whether a change is known, whether what it builds on is there, and
//! which operations its author had seen. About 36 bytes a change.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use super::InspectedChange;
use crate::ids::{Actor, ChangeHash};
use crate::limits::DOCUMENT_HISTORY_MAX;

/// The format's version, first in the stored form.
const VERSION: u64 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    actor: usize,
    /// Number among its actor's changes.
    seq: u64,
    /// Counter of the last operation.
    max_op: u64,
    /// Places of the changes that it builds on; each smaller than its own.
    deps: Vec<usize>,
}

/// The changes of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    hashes: Vec<ChangeHash>,
    nodes: Vec<Node>,
    places: BTreeMap<ChangeHash, usize>,
    actors: Vec<Actor>,
    /// Where each actor stands in that list.
    indices: BTreeMap<Actor, usize>,
    /// The place of each actor's last change.
    last: Vec<usize>,
    heads: BTreeSet<usize>,
    operations: u64,
}

/// What the author of a change had seen: for each actor of the history, the place of the last change.
pub(super) struct Seen(Vec<Option<usize>>);

impl History {
    /// How many changes there are, constants included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Operations of all changes together.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Whether a change is in the document.
    #[must_use]
    pub fn contains(&self, hash: &ChangeHash) -> bool {
        self.places.contains_key(hash)
    }

    /// All changes, each behind those it builds on.
    #[must_use]
    pub fn hashes(&self) -> &[ChangeHash] {
        &self.hashes
    }

    /// The changes that nothing builds on yet, in ascending order.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self.heads.iter().map(|place| self.hashes[*place]).collect();
        heads.sort_unstable();
        heads
    }

    /// The counter of the last operation; 0 when there is none.
    #[must_use]
    pub fn max_op(&self) -> u64 {
        self.heads.iter().map(|place| self.nodes[*place].max_op).max().unwrap_or(0)
    }

    /// The sequence number and the hash of an actor's last change.
    #[must_use]
    pub fn last_of(&self, actor: &Actor) -> Option<(u64, ChangeHash)> {
        let last = self.last[self.actor(actor)?];
        Some((self.nodes[last].seq, self.hashes[last]))
    }

    fn actor(&self, actor: &Actor) -> Option<usize> {
        self.indices.get(actor).copied()
    }

    /// The highest counter among these changes.
    pub(super) fn max_op_of(&self, hashes: &[ChangeHash]) -> u64 {
        let max_op = |hash| self.places.get(hash).map_or(0, |place| self.nodes[*place].max_op);
        hashes.iter().map(max_op).max().unwrap_or(0)
    }

    /// What these changes and all before them contain. All of them are in the history.
    pub(super) fn seen(&self, hashes: &[ChangeHash]) -> Seen {
        let tips: BTreeSet<usize> = hashes.iter().filter_map(|hash| self.places.get(hash).copied()).collect();
        if tips == self.heads {
            return Seen(self.last.iter().copied().map(Some).collect());
        }
        let mut seen = vec![None; self.actors.len()];
        let mut reached = vec![false; tips.last().map_or(0, |last| last + 1)];
        for tip in tips {
            reached[tip] = true;
        }
        // Each change stands behind those it builds on, so one pass from the end reaches everything.
        for place in (0..reached.len()).rev() {
            if !reached[place] {
                continue;
            }
            let node = &self.nodes[place];
            seen[node.actor].get_or_insert(place);
            for dep in &node.deps {
                reached[*dep] = true;
            }
        }
        Seen(seen)
    }

    /// Whether an actor's last change was seen; true for an actor without changes.
    pub(super) fn saw_last_of(&self, seen: &Seen, actor: &Actor) -> bool {
        self.actor(actor).is_none_or(|index| seen.0[index] == Some(self.last[index]))
    }

    /// The highest counter that an operation of this actor can have among what was seen; `None` when nothing was.
    pub(super) fn seen_max_op(&self, seen: &Seen, actor: &Actor) -> Option<u64> {
        seen.0[self.actor(actor)?].map(|place| self.nodes[place].max_op)
    }

    /// Adds a change whose dependencies are all there.
    pub(super) fn push(&mut self, change: &InspectedChange) {
        let deps = change.deps.iter().filter_map(|hash| self.places.get(hash).copied()).collect();
        self.add(change.hash, change.actor, 1 + change.max_op - change.start_op, deps);
    }

    /// Adds a change that was applied before; `None` when it does not fit, which a sound log cannot bring about.
    pub(super) fn push_applied(&mut self, change: &automerge::Change) -> Option<ChangeHash> {
        let hash = ChangeHash::new(change.hash().0);
        let actor = Actor::from_slice(change.actor_id().to_bytes())?;
        let place = |dep: &automerge::ChangeHash| self.places.get(&ChangeHash::new(dep.0)).copied();
        let deps = change.deps().iter().map(place).collect::<Option<Vec<_>>>()?;
        self.add(hash, actor, change.len() as u64, deps);
        Some(hash)
    }

    fn add(&mut self, hash: ChangeHash, actor: Actor, operations: u64, deps: Vec<usize>) {
        let place = self.nodes.len();
        let known = self.actor(&actor);
        let actor = known.unwrap_or_else(|| {
            self.indices.insert(actor, self.actors.len());
            self.actors.push(actor);
            self.last.push(place);
            self.actors.len() - 1
        });
        let seq = if known.is_some() { self.nodes[self.last[actor]].seq + 1 } else { 1 };
        self.last[actor] = place;
        let before = deps.iter().map(|dep| self.nodes[*dep].max_op).max().unwrap_or(0);
        for dep in &deps {
            self.heads.remove(dep);
        }
        self.heads.insert(place);
        self.operations = self.operations.saturating_add(operations);
        self.hashes.push(hash);
        self.places.insert(hash, place);
        self.nodes.push(Node { actor, seq, max_op: before.saturating_add(operations), deps });
    }
}

/// `[1, actors, hashes, [actor, operations, how many dependencies, how far back each … of every change]]`. The rest
/// follows: an actor's changes are counted from 1, and a change's operations start right behind those it depends on.
impl<C> Encode<C> for History {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let actors: Vec<u8> = self.actors.iter().flat_map(|actor| *actor.as_bytes()).collect();
        let hashes: Vec<u8> = self.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let numbers: usize = self.nodes.iter().map(|node| 3 + node.deps.len()).sum();
        e.array(4)?.u64(VERSION)?.bytes(&actors)?.bytes(&hashes)?.array(numbers as u64)?;
        for (place, node) in self.nodes.iter().enumerate() {
            let before = node.deps.iter().map(|dep| self.nodes[*dep].max_op).max().unwrap_or(0);
            e.u64(node.actor as u64)?.u64(node.max_op - before)?.u64(node.deps.len() as u64)?;
            for dep in &node.deps {
                e.u64((place - dep) as u64)?;
            }
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for History {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let wrong = decode::Error::message;
        if d.array()? != Some(4) || d.u64()? != VERSION {
            return Err(wrong("a document's history of another version"));
        }
        let (actors, hashes) = (d.bytes()?, d.bytes()?);
        let actors: Vec<Actor> = actors.chunks(Actor::LEN).filter_map(Actor::from_slice).collect();
        let hashes: Vec<ChangeHash> = hashes.chunks(ChangeHash::LEN).filter_map(ChangeHash::from_slice).collect();
        // Twice the bound, so that a document from before a smaller bound still opens.
        if hashes.len() > 2 * DOCUMENT_HISTORY_MAX {
            return Err(wrong("a document's history that is too long"));
        }
        let mut history = Self::default();
        d.array()?;
        for (place, hash) in hashes.iter().enumerate() {
            let actor = usize::try_from(d.u64()?).ok().and_then(|index| actors.get(index));
            let actor = actor.ok_or_else(|| wrong("a document's history names an actor that it does not list"))?;
            let operations = d.u64()?;
            let mut deps = Vec::new();
            for _ in 0..d.u64()? {
                let back = usize::try_from(d.u64()?).ok().and_then(|back| place.checked_sub(back));
                let dep = back.filter(|dep| *dep < place);
                deps.push(dep.ok_or_else(|| wrong("a document's history reaches outside of itself"))?);
            }
            history.add(*hash, *actor, operations, deps);
        }
        Ok(history)
    }
}

/// A document as it is stored.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct StoredForm {
    /// Automerge's saved form.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub saved: Vec<u8>,
    /// The changes in it.
    #[n(1)]
    pub history: History,
}

impl std::fmt::Debug for StoredForm {
    /// Without the contents: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredForm({} bytes, {} changes)", self.saved.len(), self.history.len())
    }
}
