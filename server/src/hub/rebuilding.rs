//! Rebuilding: the document store brought up to the log, several documents at once.
//!
//! Owns the order of it. What an entry does to a document depends on that document alone: while one batch is filed in
//! the order of the log and committed, the next one's changes are applied by workers ([`Ahead`]), each document's
//! in their order. What is filed is the same, whoever applied it; nothing is decided. Without workers everything happens
//! on the calling thread, one entry after the other, as the simulation wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sync_protocol::documents::Kind;
use sync_protocol::gate::{self, StoredForm};
use sync_protocol::ids::{ChangeHash, DocumentId, Hash, LogId, Position};
use sync_protocol::wire::codec::CodecError;

use super::entry::{Entry, Work};
use super::feed::open_content;
use super::filing::{Filing, FilingError, document_key, open_form};
use super::opening::{OpenError, refile_with};
use super::placing;
use crate::limits::{CATCH_UP_DOCUMENTS, CATCH_UP_ENTRIES, WORKER_STACK_BYTES};
use crate::random::Random;
use crate::store::documents::{AppliedTo, DocumentStore};
use crate::store::keyring::{KeyOwner, Keyring, WrappedKey};
use crate::store::log::{LogIter, LogReader, Record};
use crate::store::seal::Key;

/// A document's changes applied once more.
pub struct Reapplied {
    /// The merged form afterwards.
    pub form: StoredForm,
    /// The projection afterwards, as JSON.
    pub projection: Vec<u8>,
    /// The changes that are new.
    pub hashes: Vec<ChangeHash>,
    /// How many the entry holds.
    pub count: u16,
}

/// What one entry does to one document: the entry's position, and which of its documents.
type Item = (Position, usize);

/// What a document goes through in a batch, in the order of the log.
struct Chain {
    document: DocumentId,
    /// The code of its kind, beside each: it comes from what a device said.
    items: Vec<(Item, u8)>,
}

/// What was applied before its turn came.
#[derive(Default)]
pub struct Ahead(HashMap<Item, Result<Reapplied, FilingError>>);

impl Ahead {
    /// Hands out what was applied for this item, if it was.
    pub fn take(&mut self, position: Position, index: usize) -> Option<Result<Reapplied, FilingError>> {
        self.0.remove(&(position, index))
    }
}

/// Applies a work's changes to a document as it stood before.
///
/// # Errors
/// [`FilingError`] when its contents cannot be opened or no longer apply.
pub fn reapply(
    work: &Work<'_>,
    document: DocumentId,
    kind: Kind,
    key: &Key,
    before: Option<&StoredForm>,
) -> Result<Reapplied, FilingError> {
    let stored = open_content(work, document, key)?;
    let changes: Vec<Vec<u8>> = stored.changes.into_iter().map(|change| change.0).collect();
    let applied = gate::reapply(kind, before, &changes)
        .map_err(|rejection| FilingError::Form { document, source: CodecError::Body(rejection.to_string()) })?;
    Ok(Reapplied {
        form: applied.form,
        projection: placing::view_json(&applied.reading),
        hashes: applied.new_hashes,
        count: u16::try_from(changes.len()).unwrap_or(u16::MAX),
    })
}

/// Entries that are filed with one commit.
#[derive(Default)]
struct Batch {
    entries: Vec<(Position, Hash, Entry)>,
    chains: Vec<Chain>,
    /// Which of them is a document's.
    by_document: HashMap<DocumentId, usize>,
}

impl Batch {
    /// The next entries of the log; `None` after the last.
    fn read(records: &mut LogIter) -> Result<Option<Self>, OpenError> {
        let mut batch = Self::default();
        while batch.entries.len() < CATCH_UP_ENTRIES && batch.chains.len() < CATCH_UP_DOCUMENTS {
            let Some(record) = records.next() else { break };
            let Record { position, chain, payload } = record?;
            let unreadable = |error: CodecError| OpenError::Entry { position, what: error.to_string() };
            let entry = Entry::from_bytes(&payload).map_err(unreadable)?;
            for (index, (document, kind)) in entry.documents().map_err(unreadable)?.into_iter().enumerate() {
                let chains = &mut batch.chains;
                let at = *batch.by_document.entry(document).or_insert_with(|| {
                    chains.push(Chain { document, items: Vec::new() });
                    chains.len() - 1
                });
                chains[at].items.push(((position, index), kind));
            }
            batch.entries.push((position, chain, entry));
        }
        Ok(if batch.entries.is_empty() { None } else { Some(batch) })
    }

    fn entry(&self, position: Position) -> Option<&Entry> {
        let first = self.entries.first()?.0;
        self.entries.get(usize::try_from(position.0.checked_sub(first.0)?).ok()?).map(|(_, _, entry)| entry)
    }
}

/// What is read from while rebuilding.
#[derive(Clone, Copy)]
struct Sources<'a> {
    keyring: &'a Keyring,
    store: &'a dyn DocumentStore,
}

/// Applies the entries after a position to the store; how many there were. With workers, that many threads apply changes
/// while this one files.
///
/// # Errors
/// [`OpenError`].
pub fn catch_up(
    reader: &LogReader,
    keyring: &Keyring,
    store: &dyn DocumentStore,
    after: Position,
    random: &mut dyn Random,
    workers: usize,
) -> Result<u64, OpenError> {
    let mut records = reader.iter_from(after.next());
    let from = Sources { keyring, store };
    let mut applied = 0;
    let Some(mut batch) = Batch::read(&mut records)? else { return Ok(0) };
    let nothing = HashMap::new();
    let mut ahead = thread::scope(|scope| Workers::start(scope, workers, from, &batch, &nothing).join());
    loop {
        let next = Batch::read(&mut records)?;
        let (filed, following) = thread::scope(|scope| {
            let following = next.as_ref().map(|next| Workers::start(scope, workers, from, next, &batch.by_document));
            let filed = file(from, reader.log_id(), &batch, &mut ahead, random);
            (filed, following.map(Workers::join).unwrap_or_default())
        });
        filed?;
        applied += batch.entries.len() as u64;
        match next {
            Some(next) => (batch, ahead) = (next, following),
            None => return Ok(applied),
        }
    }
}

/// Files a batch in the order of the log and commits it.
fn file(
    from: Sources<'_>,
    log: LogId,
    batch: &Batch,
    ahead: &mut Ahead,
    random: &mut dyn Random,
) -> Result<(), OpenError> {
    let mut filing = Filing::new(from.store, from.keyring);
    for (position, _, entry) in &batch.entries {
        let position = *position;
        refile_with(&mut filing, from.keyring, position, entry, ahead)
            .map_err(|source| OpenError::Filing { position, source })?;
    }
    if let Some((position, chain, _)) = batch.entries.last() {
        let applied_to = AppliedTo { log_id: log, position: *position, chain: *chain };
        from.store.commit(&filing.batch(applied_to, random))?;
    }
    Ok(())
}

/// What one worker has applied.
type Done = Vec<(Item, Result<Reapplied, FilingError>)>;

/// The threads that apply one batch's changes.
struct Workers<'scope>(Vec<thread::ScopedJoinHandle<'scope, Done>>);

impl<'scope> Workers<'scope> {
    /// Documents that another batch is changing meanwhile are left for their turn.
    fn start<'env: 'scope>(
        scope: &'scope thread::Scope<'scope, 'env>,
        workers: usize,
        from: Sources<'env>,
        batch: &'env Batch,
        busy: &'env HashMap<DocumentId, usize>,
    ) -> Self {
        let next = Arc::new(AtomicUsize::new(0));
        let spawned = (0..workers).filter_map(|_| {
            let next = Arc::clone(&next);
            let work = move || {
                let mut done = Vec::new();
                while let Some(chain) = batch.chains.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !busy.contains_key(&chain.document) {
                        follow(from, batch, chain, &mut done);
                    }
                }
                done
            };
            let builder = thread::Builder::new().name("rebuilding".to_owned()).stack_size(WORKER_STACK_BYTES);
            // Without a thread it happens in its turn.
            builder.spawn_scoped(scope, work).ok()
        });
        Self(spawned.collect())
    }

    fn join(self) -> Ahead {
        // What a worker that panicked has not done is done in its turn, and fails there if it must.
        Ahead(self.0.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect())
    }
}

/// Applies what the entries of a batch do to one document, in their order, each to what the one before left. Ends at the
/// first that fails: it is told in its turn.
fn follow(from: Sources<'_>, batch: &Batch, chain: &Chain, done: &mut Done) {
    let mut known: Option<(Key, Option<StoredForm>)> = None;
    for (number, &((position, index), kind)) in chain.items.iter().enumerate() {
        match one(from, batch, (chain.document, kind), (position, index), &mut known) {
            Ok(None) => {}
            Ok(Some(applied)) => {
                if let Some((_, form)) = known.as_mut().filter(|_| number + 1 < chain.items.len()) {
                    *form = Some(applied.form.clone());
                }
                done.push(((position, index), Ok(applied)));
            }
            Err(error) => {
                done.push(((position, index), Err(error)));
                return;
            }
        }
    }
}

/// One of them; `None` where nothing was applied.
fn one(
    from: Sources<'_>,
    batch: &Batch,
    (document, code): (DocumentId, u8),
    (position, index): Item,
    known: &mut Option<(Key, Option<StoredForm>)>,
) -> Result<Option<Reapplied>, FilingError> {
    let unreadable = |source: CodecError| FilingError::Form { document, source };
    let Some(entry) = batch.entry(position) else { return Ok(None) };
    let Some(work) = entry.work(index).filter(|work| work.filed.content.is_some()) else { return Ok(None) };
    let kind = Kind::from_code(code).ok_or(FilingError::Kind { document, kind: code })?;
    if let Some(wrapped) = &work.filed.new_key {
        let wrapped: WrappedKey = wrapped.read().map_err(unreadable)?;
        *known = Some((from.keyring.unwrap(KeyOwner::Document(document), &wrapped)?, None));
    }
    if known.is_none() {
        // Left for its turn where the store has nothing: there it is said what is missing.
        let Some(row) = from.store.document(document)? else { return Ok(None) };
        let (key, _) = document_key(from.keyring, &row.head())?;
        *known = Some((key, Some(open_form(from.keyring, &row)?.0)));
    }
    let Some((key, form)) = known else { return Ok(None) };
    reapply(&work, document, kind, key, form.as_ref()).map(Some)
}
