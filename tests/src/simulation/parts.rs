//! Parts of the hub that the simulation wraps: a disk that may lie about syncs, a document store that may fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use segin::store::documents::{
    AppliedTo, Batch, ChannelState, DocumentHead, DocumentRow, DocumentStore, FeedPlace, FeedRow, HistoryRow,
    MemoryStore, StoreError,
};
use segin::store::files::{Disk, DiskError, DiskFile, FakeDisk};
use sync_protocol::ids::{Channel, DocumentId, Position};

/// A disk whose files say that they synced, and did not.
pub struct LyingDisk(pub FakeDisk);

struct LyingFile(Arc<dyn DiskFile>);

impl Disk for LyingDisk {
    fn create(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        Ok(Arc::new(LyingFile(self.0.create(path)?)))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        Ok(Arc::new(LyingFile(self.0.open(path)?)))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.0.read(path)
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.0.replace(path, bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        self.0.list(folder)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.0.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.0.sync_folder(folder)
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        self.0.free_bytes()
    }
}

impl DiskFile for LyingFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.0.write_at(offset, bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.0.read_at(offset, buffer)
    }

    fn len(&self) -> Result<u64, DiskError> {
        self.0.len()
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        Ok(())
    }
}

/// The document store in memory, with a commit that can be made to fail.
#[derive(Default)]
pub struct SimStore {
    /// The store itself.
    pub inner: MemoryStore,
    fails_next: AtomicBool,
    /// Whether every batch counts its channels' changes twice.
    counts_twice: bool,
}

impl SimStore {
    /// Over what a start found.
    #[must_use]
    pub fn new(inner: MemoryStore, counts_twice: bool) -> Self {
        Self { inner, fails_next: AtomicBool::new(false), counts_twice }
    }

    /// The next commit fails and changes nothing: the hub dies between append and commit.
    pub fn fail_next_commit(&self) {
        self.fails_next.store(true, Ordering::SeqCst);
    }

    /// A commit that was to fail did not come.
    pub fn fail_no_commit(&self) {
        self.fails_next.store(false, Ordering::SeqCst);
    }

    fn doubled(&self, batch: &Batch) -> Result<Batch, StoreError> {
        let mut batch = batch.clone();
        for (channel, state) in &mut batch.channels {
            let before = self.inner.channel(channel)?;
            state.sum = state.sum.plus(state.sum.minus(before.sum));
        }
        Ok(batch)
    }
}

impl DocumentStore for SimStore {
    fn applied_to(&self) -> Result<Option<AppliedTo>, StoreError> {
        self.inner.applied_to()
    }

    fn document(&self, document: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        self.inner.document(document)
    }

    fn head(&self, document: DocumentId) -> Result<Option<DocumentHead>, StoreError> {
        self.inner.head(document)
    }

    fn projection(&self, document: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.projection(document)
    }

    fn documents_after(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentHead>, StoreError> {
        self.inner.documents_after(after, limit)
    }

    fn history(
        &self,
        document: DocumentId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        self.inner.history(document, after, up_to, limit)
    }

    fn history_at(&self, document: DocumentId, position: Position) -> Result<Vec<HistoryRow>, StoreError> {
        self.inner.history_at(document, position)
    }

    fn feed(
        &self,
        channel: &Channel,
        after: FeedPlace,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<FeedRow>, StoreError> {
        self.inner.feed(channel, after, up_to, limit)
    }

    fn channel(&self, channel: &Channel) -> Result<ChannelState, StoreError> {
        self.inner.channel(channel)
    }

    fn channels(&self) -> Result<Vec<(Channel, ChannelState)>, StoreError> {
        self.inner.channels()
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails_next.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Damaged {
                what: "the simulated hub dies before its store has the batch".to_owned(),
            });
        }
        if self.counts_twice { self.inner.commit(&self.doubled(batch)?) } else { self.inner.commit(batch) }
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush()
    }
}
