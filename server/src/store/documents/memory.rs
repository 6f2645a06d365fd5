//! The document store in memory, for tests and the simulation.
//!
//! Keeps every batch, so that [`MemoryStore::at_prefix`] gives the store as a crash may leave it: as it stood after
//! any earlier batch. Refuses nothing that the real store accepts.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sync_protocol::ids::{Channel, DocumentId, Position};

use super::{
    AppliedTo, Batch, ChannelState, DocumentHead, DocumentRow, DocumentStore, FeedKind, FeedPlace, FeedRow, HistoryRow,
    StoreError,
};

type HistoryKey = (DocumentId, Position, Position, u16);
type FeedKey = (Channel, Position, DocumentId);

#[derive(Clone, Default)]
struct State {
    batches: Vec<Arc<Batch>>,
    applied_to: Option<AppliedTo>,
    documents: BTreeMap<DocumentId, Arc<DocumentRow>>,
    history: BTreeMap<HistoryKey, HistoryRow>,
    feed: BTreeMap<FeedKey, FeedKind>,
    channels: BTreeMap<Channel, ChannelState>,
}

/// A document store in memory. A clone is a snapshot: what is committed to one is not seen by the other.
#[derive(Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many batches were committed.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.read().batches.len()
    }

    /// The store as it stood after the first `batches` batches (all of them when there are fewer).
    #[must_use]
    pub fn at_prefix(&self, batches: usize) -> MemoryStore {
        let mut state = State::default();
        for batch in self.read().batches.iter().take(batches) {
            state.apply(batch);
        }
        MemoryStore { state: RwLock::new(state) }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        MemoryStore { state: RwLock::new(self.read().clone()) }
    }
}

impl State {
    fn apply(&mut self, batch: &Arc<Batch>) {
        for row in &batch.documents {
            self.documents.insert(row.document, Arc::new(row.clone()));
        }
        for row in &batch.history {
            self.history.insert((row.document, row.position, row.source, row.item), row.clone());
        }
        for row in &batch.feed {
            self.feed.insert((row.channel.clone(), row.position, row.document), row.kind);
        }
        for (channel, state) in &batch.channels {
            self.channels.insert(channel.clone(), *state);
        }
        self.applied_to = Some(batch.applied_to);
        self.batches.push(Arc::clone(batch));
    }

    /// History after a position up to another, oldest first.
    fn history(
        &self,
        document: DocumentId,
        after: Position,
        up_to: Position,
    ) -> impl Iterator<Item = &HistoryRow> + use<'_> {
        let from = (document, after, Position(u64::MAX), u16::MAX);
        self.history
            .range((Bound::Excluded(from), Bound::Unbounded))
            .map(|(_, row)| row)
            .take_while(move |row| row.document == document && row.position <= up_to)
    }
}

impl DocumentStore for MemoryStore {
    fn applied_to(&self) -> Result<Option<AppliedTo>, StoreError> {
        Ok(self.read().applied_to)
    }

    fn document(&self, document: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        Ok(self.read().documents.get(&document).map(|row| DocumentRow::clone(row)))
    }

    fn head(&self, document: DocumentId) -> Result<Option<DocumentHead>, StoreError> {
        Ok(self.read().documents.get(&document).map(|row| row.head()))
    }

    fn projection(&self, document: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().documents.get(&document).map(|row| row.sealed_projection.clone()))
    }

    fn documents_after(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentHead>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.read();
        Ok(state.documents.range((from, Bound::Unbounded)).take(limit).map(|(_, row)| row.head()).collect())
    }

    fn history(
        &self,
        document: DocumentId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        let state = self.read();
        let mut rows: Vec<HistoryRow> = Vec::new();
        for row in state.history(document, after, up_to) {
            if rows.len() >= limit && rows.last().is_none_or(|last| last.position != row.position) {
                break;
            }
            rows.push(row.clone());
        }
        Ok(rows)
    }

    fn history_at(&self, document: DocumentId, position: Position) -> Result<Vec<HistoryRow>, StoreError> {
        let state = self.read();
        let from = (document, position, Position::START, 0);
        let to = (document, position, Position(u64::MAX), u16::MAX);
        Ok(state.history.range(from..=to).map(|(_, row)| row.clone()).collect())
    }

    fn feed(
        &self,
        channel: &Channel,
        after: FeedPlace,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<FeedRow>, StoreError> {
        let last_document = after.document.unwrap_or(DocumentId::new([u8::MAX; 16]));
        let from = (channel.clone(), after.position, last_document);
        let state = self.read();
        Ok(state
            .feed
            .range((Bound::Excluded(from), Bound::Unbounded))
            .take_while(|((of, position, _), _)| of == channel && *position <= up_to)
            .take(limit)
            .map(|((of, position, document), kind)| FeedRow {
                channel: of.clone(),
                position: *position,
                document: *document,
                kind: *kind,
            })
            .collect())
    }

    fn channel(&self, channel: &Channel) -> Result<ChannelState, StoreError> {
        Ok(self.read().channels.get(channel).copied().unwrap_or_default())
    }

    fn channels(&self) -> Result<Vec<(Channel, ChannelState)>, StoreError> {
        Ok(self.read().channels.iter().map(|(channel, state)| (channel.clone(), *state)).collect())
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        batch.check(state.applied_to)?;
        state.apply(&Arc::new(batch.clone()));
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{CASES, batch, document, id};
    use super::*;

    #[test]
    fn it_does_what_every_store_does() {
        for (name, case) in CASES {
            eprintln!("{name}");
            case(&MemoryStore::new());
        }
    }

    #[test]
    fn a_prefix_is_the_store_as_it_stood() {
        let store = MemoryStore::new();
        for position in 1..=3 {
            let row = document(1, u8::try_from(position).unwrap(), 10);
            store.commit(&Batch { documents: vec![row], ..batch(position) }).unwrap();
        }
        assert_eq!(store.batches(), 3);
        for batches in 0..=3 {
            let old = store.at_prefix(batches);
            assert_eq!(old.batches(), batches);
            let position = old.applied_to().unwrap().map_or(0, |applied| applied.position.0);
            assert_eq!(position, batches as u64);
            assert_eq!(old.head(id(1)).unwrap().map_or(0, |head| head.changed_at.0), batches as u64);
        }
        let snapshot = store.clone();
        store.commit(&batch(4)).unwrap();
        assert_eq!((snapshot.batches(), store.batches()), (3, 4));
    }
}
