//! A store in memory for simulations: forgets what was not synced, and fails when it is told to.

use std::collections::BTreeMap;

use sync_protocol::device::{Key, Write};

use super::{FieldStore, StoreError};
use crate::field::locked::Outside;

/// Rows in memory. By default every batch is synced before it is acknowledged, as a real store must.
#[derive(Debug, Clone, Default)]
pub struct MemoryFieldStore {
    synced: BTreeMap<Key, Vec<u8>>,
    unsynced: Vec<Vec<Write>>,
    door: Option<Vec<u8>>,
    acknowledges_early: bool,
    fails_in: Option<usize>,
    written_though_failed: bool,
}

fn apply(rows: &mut BTreeMap<Key, Vec<u8>>, batch: &[Write]) {
    for write in batch {
        match write {
            Write::Put(key, bytes) => drop(rows.insert(key.clone(), bytes.clone())),
            Write::Delete(key) => drop(rows.remove(key)),
        }
    }
}

impl MemoryFieldStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A fault of the harness: batches are acknowledged before they are synced, until [`Self::sync`].
    pub fn acknowledge_early(&mut self, early: bool) {
        self.acknowledges_early = early;
    }

    /// The batch after this many more fails; `written` says whether it is on disk all the same.
    pub fn fail_in(&mut self, batches: usize, written: bool) {
        self.fails_in = Some(batches);
        self.written_though_failed = written;
    }

    /// Syncs what was acknowledged early.
    pub fn sync(&mut self) {
        for batch in std::mem::take(&mut self.unsynced) {
            apply(&mut self.synced, &batch);
        }
    }

    /// The device loses its power: what was not synced is gone.
    pub fn crash(&mut self) {
        self.unsynced.clear();
        self.fails_in = None;
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a locked device has of it.
    #[must_use]
    pub fn outside(&self) -> Outside {
        let sealed = self.rows().into_iter().filter_map(|(key, bytes)| match key {
            Key::Sealed(counter) => Some((counter, bytes)),
            _ => None,
        });
        Outside { door: self.door.clone(), sealed: sealed.collect(), series: None }
    }

    fn rows(&self) -> BTreeMap<Key, Vec<u8>> {
        let mut rows = self.synced.clone();
        self.unsynced.iter().for_each(|batch| apply(&mut rows, batch));
        rows
    }
}

impl FieldStore for MemoryFieldStore {
    fn hot_rows(&mut self) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        Ok(self.rows().into_iter().filter(|(key, _)| key.is_hot()).collect())
    }

    fn load(&mut self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        if self.unsynced.is_empty() { Ok(self.synced.get(key).cloned()) } else { Ok(self.rows().remove(key)) }
    }

    fn write(&mut self, batch: &[Write]) -> Result<(), StoreError> {
        let fails = self.fails_in == Some(0);
        self.fails_in = self.fails_in.and_then(|left| left.checked_sub(1));
        if !fails || self.written_though_failed {
            if self.acknowledges_early {
                self.unsynced.push(batch.to_vec());
            } else {
                self.sync();
                apply(&mut self.synced, batch);
            }
        }
        if fails { Err(StoreError::Full) } else { Ok(()) }
    }

    fn keep_door(&mut self, door: &[u8]) -> Result<(), StoreError> {
        self.door = Some(door.to_vec());
        Ok(())
    }

    fn wipe(&mut self, then: &[Write]) -> Result<(), StoreError> {
        self.synced.clear();
        self.unsynced.clear();
        self.door = None;
        self.write(then)
    }
}
