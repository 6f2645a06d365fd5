//! The document store on disk: sled, one tree, one batch for each commit.
//!
//! Owns the engine's handle; only this folder names the engine. Every call runs guarded: a panic of the engine
//! becomes [`StoreError::Damaged`], the folder is marked, and the next [`SledStore::open`] sets it aside. Not synced
//! at a commit, since the log is the record. Opening and setting aside: `open`; keys and values: `rows`.

mod open;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use sync_protocol::ids::{Channel, DocumentId, Position};

use super::{
    AppliedTo, Batch, ChannelState, DocumentHead, DocumentRow, DocumentStore, FeedPlace, FeedRow, HistoryRow,
    StoreError,
};
use crate::limits;
use rows::{StoredHead, StoredState};

pub use open::{Opened, SetAside};

/// The document store in a folder of its own.
pub struct SledStore {
    folder: PathBuf,
    /// Taken out when dropped, so that this too can be guarded.
    db: Option<sled::Db>,
    /// A commit holds this for writing, a read for reading: the engine's reads of several keys see no half batch.
    state: RwLock<Option<StoredState>>,
    broken: AtomicBool,
    /// What went wrong first: the engine keeps an error of the file system and gives it to every later call.
    failed: OnceLock<String>,
}

impl SledStore {
    /// Runs a piece of work on the engine. A panic or damage is remembered here and in the folder.
    fn guarded<T>(&self, work: impl FnOnce(&sled::Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(damaged("an earlier call had failed"));
        }
        let db = self.db.as_ref().expect("the engine is taken out only when the store is dropped");
        let result = catch_unwind(AssertUnwindSafe(|| work(db)))
            .unwrap_or_else(|panic| Err(damaged(&format!("the engine panicked: {}", open::panic_text(&*panic)))));
        match &result {
            Err(StoreError::Damaged { what }) => {
                self.failed.get_or_init(|| what.clone());
                self.broken.store(true, Ordering::Release);
                open::mark(&self.folder, what);
            }
            Err(StoreError::Io { action, source }) => {
                self.failed.get_or_init(|| format!("could not {action}: {source}"));
            }
            _ => {}
        }
        result
    }

    /// As [`SledStore::guarded`], while no commit runs.
    fn reading<T>(&self, work: impl FnOnce(&sled::Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _no_commit = self.state_now();
        self.guarded(work)
    }

    fn state_now(&self) -> RwLockReadGuard<'_, Option<StoredState>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        let db = self.db.take();
        // The engine writes its tail when dropped; on a damaged one this may panic, and nothing is lost by it.
        if catch_unwind(AssertUnwindSafe(|| drop(db))).is_err() {
            open::mark(&self.folder, "the engine panicked when it was closed");
        }
    }
}

impl DocumentStore for SledStore {
    fn applied_to(&self) -> Result<Option<AppliedTo>, StoreError> {
        Ok(self.state_now().map(|state| state.applied_to))
    }

    fn document(&self, document: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        self.reading(|db| {
            let Some(head) = stored_head(db, document)? else { return Ok(None) };
            let form = pieces(db, rows::FORMS, head.since, document, head.form_bytes)?;
            let projection = pieces(db, rows::PROJECTIONS, head.since, document, head.projection_bytes)?;
            Ok(Some(head.into_row(document, form, projection)))
        })
    }

    fn head(&self, document: DocumentId) -> Result<Option<DocumentHead>, StoreError> {
        self.reading(|db| Ok(stored_head(db, document)?.map(|head| head.into_head(document))))
    }

    fn projection(&self, document: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        self.reading(|db| {
            let Some(head) = stored_head(db, document)? else { return Ok(None) };
            pieces(db, rows::PROJECTIONS, head.since, document, head.projection_bytes).map(Some)
        })
    }

    fn documents_after(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<DocumentHead>, StoreError> {
        let from = match after {
            Some(document) => Bound::Excluded(rows::document_key(rows::HEADS, document)),
            None => Bound::Included(vec![rows::HEADS]),
        };
        let to = Bound::Excluded(vec![rows::HEADS + 1]);
        self.reading(|db| {
            let heads = db.range((from, to)).take(limit).map(|item| {
                let (key, value) = item.map_err(read_error)?;
                let document = rows::document_of(&key).ok_or_else(|| damaged("a head's key"))?;
                let head: StoredHead = rows::decode(&value).ok_or_else(|| damaged("a head"))?;
                Ok(head.into_head(document))
            });
            heads.collect()
        })
    }

    fn history(
        &self,
        document: DocumentId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        if up_to <= after {
            return Ok(Vec::new());
        }
        let range = rows::history_behind(document, after)..rows::history_behind(document, up_to);
        self.reading(|db| {
            let mut found: Vec<HistoryRow> = Vec::new();
            for item in db.range(range) {
                let row = history_row(item)?;
                if found.len() >= limit && found.last().is_none_or(|last| last.position != row.position) {
                    break;
                }
                found.push(row);
            }
            Ok(found)
        })
    }

    fn history_at(&self, document: DocumentId, position: Position) -> Result<Vec<HistoryRow>, StoreError> {
        let range = rows::history_from(document, position)..rows::history_behind(document, position);
        self.reading(|db| db.range(range).map(history_row).collect())
    }

    fn feed(
        &self,
        channel: &Channel,
        after: FeedPlace,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<FeedRow>, StoreError> {
        let last_document = DocumentId::new([u8::MAX; DocumentId::LEN]);
        let from = rows::feed_key(channel, after.position, after.document.unwrap_or(last_document));
        let to = rows::feed_key(channel, up_to, last_document);
        if to <= from {
            return Ok(Vec::new());
        }
        self.reading(|db| {
            let found = db.range((Bound::Excluded(from), Bound::Included(to))).take(limit).map(|item| {
                let (key, value) = item.map_err(read_error)?;
                rows::feed_row(channel, &key, &value).ok_or_else(|| damaged("a feed row"))
            });
            found.collect()
        })
    }

    fn channel(&self, channel: &Channel) -> Result<ChannelState, StoreError> {
        self.reading(|db| match db.get(rows::channel_key(channel)).map_err(read_error)? {
            Some(value) => rows::decode(&value).ok_or_else(|| damaged("a channel")),
            None => Ok(ChannelState::default()),
        })
    }

    fn channels(&self) -> Result<Vec<(Channel, ChannelState)>, StoreError> {
        self.reading(|db| {
            let found = db.scan_prefix([rows::CHANNELS]).map(|item| {
                let (key, value) = item.map_err(read_error)?;
                let channel = rows::channel_of(&key).ok_or_else(|| damaged("a channel's name"))?;
                Ok((channel, rows::decode(&value).ok_or_else(|| damaged("a channel"))?))
            });
            found.collect()
        })
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        batch.check(state.map(|state| state.applied_to))?;
        let written = self.guarded(|db| {
            let writes = writes_of(db, batch)?;
            let sum = sum_after(db, &writes, state.map_or(0, |state| state.sum))?;
            let written = StoredState { applied_to: batch.applied_to, sum };
            let mut engine_batch = sled::Batch::default();
            for (key, value) in writes {
                match value {
                    Some(value) => engine_batch.insert(key, value),
                    None => engine_batch.remove(key),
                }
            }
            engine_batch.insert(rows::STATE_KEY, rows::encode(&written));
            db.apply_batch(engine_batch).map_err(|error| open::engine_error("write a batch", error))?;
            Ok(written)
        })?;
        *state = Some(written);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.guarded(|db| db.flush().map(|_| ()).map_err(|error| open::engine_error("write its files", error)))
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.failed.get().map_or(Ok(()), |first| Err(damaged(first)))
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

fn read_error(error: sled::Error) -> StoreError {
    open::engine_error("read", error)
}

fn stored_head(db: &sled::Db, document: DocumentId) -> Result<Option<StoredHead>, StoreError> {
    let Some(value) = db.get(rows::document_key(rows::HEADS, document)).map_err(read_error)? else { return Ok(None) };
    rows::decode(&value).map(Some).ok_or_else(|| damaged("a head"))
}

/// Puts a form or projection together again; pieces beyond its length are damage, as are missing ones.
fn pieces(
    db: &sled::Db,
    table: u8,
    since: Position,
    document: DocumentId,
    bytes: usize,
) -> Result<Vec<u8>, StoreError> {
    let mut whole = Vec::with_capacity(bytes);
    for item in db.scan_prefix(rows::pieces_key(table, since, document)) {
        let (_, piece) = item.map_err(read_error)?;
        whole.extend_from_slice(&piece);
    }
    if whole.len() == bytes { Ok(whole) } else { Err(damaged("the pieces of a document have another length")) }
}

fn history_row(item: sled::Result<(sled::IVec, sled::IVec)>) -> Result<HistoryRow, StoreError> {
    let (key, value) = item.map_err(read_error)?;
    rows::history_row(&key, &value).ok_or_else(|| damaged("a history row"))
}

/// Keys with their new values; `None` removes.
type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Every row that a commit writes and removes.
fn writes_of(db: &sled::Db, batch: &Batch) -> Result<Writes, StoreError> {
    let mut writes = Writes::new();
    // The last row of a document counts, or pieces of an earlier one would stay.
    let documents: BTreeMap<DocumentId, &DocumentRow> = batch.documents.iter().map(|row| (row.document, row)).collect();
    for (document, row) in documents {
        let old = stored_head(db, document)?;
        let since = old.as_ref().map_or(row.changed_at, |head| head.since);
        let (old_form, old_projection) = old.map_or((0, 0), |head| (head.form_bytes, head.projection_bytes));
        replace_pieces(&mut writes, (rows::FORMS, since, document), &row.sealed_form, old_form);
        replace_pieces(&mut writes, (rows::PROJECTIONS, since, document), &row.sealed_projection, old_projection);
        writes.insert(rows::document_key(rows::HEADS, document), Some(rows::encode(&StoredHead::of(row, since))));
    }
    for row in &batch.history {
        writes.insert(rows::history_key(row), Some(rows::encode(&row.runs)));
    }
    for row in &batch.feed {
        writes.insert(rows::feed_key(&row.channel, row.position, row.document), Some(vec![row.kind.to_byte()]));
    }
    for (channel, state) in &batch.channels {
        writes.insert(rows::channel_key(channel), Some(rows::encode(state)));
    }
    Ok(writes)
}

fn replace_pieces(
    writes: &mut Writes,
    (table, since, document): (u8, Position, DocumentId),
    bytes: &[u8],
    old_bytes: usize,
) {
    for (piece, chunk) in (0_u16..).zip(bytes.chunks(limits::DOCUMENT_PIECE_BYTES)) {
        writes.insert(rows::piece_key(table, since, document, piece), Some(chunk.to_vec()));
    }
    for piece in rows::pieces_of(bytes.len())..rows::pieces_of(old_bytes) {
        writes.insert(rows::piece_key(table, since, document, piece), None);
    }
}

/// The sum over all rows once these are written.
fn sum_after(db: &sled::Db, writes: &Writes, before: u64) -> Result<u64, StoreError> {
    let mut sum = before;
    for (key, value) in writes {
        if let Some(old) = db.get(key).map_err(read_error)? {
            sum = sum.wrapping_sub(rows::row_sum(key, &old));
        }
        if let Some(new) = value {
            sum = sum.wrapping_add(rows::row_sum(key, new));
        }
    }
    Ok(sum)
}
