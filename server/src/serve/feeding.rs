//! Filling the read model: from the store and the log at the start, then group by group as the log grows.
//!
//! A thread of its own reads what the writer has published, so that recording never waits for lists. Owns how a stored
//! document and a log entry become rows' raw material: parcels, decisions on held work, moves. Who wrote a conflicting
//! value is looked up here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sync_protocol::ids::{Actor, DocumentId, Position};
use sync_protocol::wire::codec::from_cbor;
use sync_protocol::wire::manifest::manifest_hash;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::metrics::fate_name;
use crate::hub::directory::Directory;
use crate::hub::entry::{Entry, Filed, ParcelEntry};
use crate::hub::fact::{Fact, FactEntry, Placement};
use crate::hub::filing::{document_key, projection_binding};
use crate::hub::published::Shared;
use crate::store::documents::DocumentHead;
use crate::store::read_model::{
    DocumentPage, DocumentUpdate, HeldUpdate, PlacementUpdate, ReadModel, ReceiptUpdate, Source, SourceError, Update,
    UpdateBatch,
};
use crate::store::seal;

/// Entries told in one batch: bounds what is in memory while the model is behind.
const BATCH_ENTRIES: usize = 256;

/// Documents of one batch, after which no further entry is taken into it: a site that closes brings hundreds an entry.
const BATCH_DOCUMENTS: usize = 1_024;

/// What some entries changed.
#[derive(Default)]
struct Changed {
    updates: Vec<Update>,
    /// Documents to be read again, with the entry that created them where it is among these.
    documents: BTreeMap<DocumentId, Option<Position>>,
}

impl Changed {
    fn filed(&mut self, position: Position, document: DocumentId, filed: &Filed) {
        if filed.content.is_none() {
            return;
        }
        let known = self.documents.entry(document).or_default();
        *known = known.or(filed.new_key.is_some().then_some(position));
        let (entered, left) = (filed.entered.clone(), Vec::new());
        self.updates.push(Update::Placed(PlacementUpdate { position, document, entered, left }));
    }

    fn placed(&mut self, position: Position, placement: Placement) {
        let Placement { document, entered, left } = placement;
        self.documents.entry(document).or_default();
        self.updates.push(Update::Placed(PlacementUpdate { position, document, entered, left }));
    }
}

/// The hub as the read model's source.
#[derive(Clone)]
pub struct Feeding {
    shared: Arc<Shared>,
}

fn wrong(error: impl std::fmt::Display) -> SourceError {
    SourceError(error.to_string())
}

impl Feeding {
    /// Over a hub.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Tells the model what comes after a position, until the sender of the news is gone.
    pub fn run(&self, from: Position, model: &ReadModel, mut news: watch::Receiver<Position>, runtime: &Handle) {
        let mut told = from;
        loop {
            while told < self.shared.published().position {
                match self.batch(told) {
                    Ok(batch) => {
                        told = batch.up_to;
                        model.follow(batch);
                    }
                    Err(error) => {
                        tracing::error!(%error, "the lists do not follow; they are behind until the next entry");
                        break;
                    }
                }
            }
            if runtime.block_on(news.changed()).is_err() {
                return;
            }
        }
    }

    /// What the entries after a position changed, as far as one batch goes.
    fn batch(&self, after: Position) -> Result<UpdateBatch, SourceError> {
        let mut changed = Changed::default();
        let mut up_to = after;
        let head = self.shared.published().position;
        for record in self.shared.log.iter_from(after.next()).take(BATCH_ENTRIES) {
            let record = record.map_err(wrong)?;
            if record.position > head {
                break;
            }
            up_to = record.position;
            self.follow(record.position, &record.payload, &mut changed)?;
            if changed.documents.len() >= BATCH_DOCUMENTS {
                break;
            }
        }
        let Changed { mut updates, documents } = changed;
        for (document, created) in documents {
            if let Some(head) = self.shared.store.head(document).map_err(wrong)? {
                updates.push(Update::Document(Box::new(self.document(&head, created)?)));
            }
        }
        let held = self.held_rows().into_iter().filter(|held| held.position > after && held.position <= up_to);
        updates.extend(held.map(Update::Held));
        Ok(UpdateBatch { up_to, updates })
    }

    /// Notes what one entry changed.
    fn follow(&self, position: Position, payload: &[u8], changed: &mut Changed) -> Result<(), SourceError> {
        match Entry::from_bytes(payload).map_err(wrong)? {
            Entry::Parcel(entry) => {
                let manifest = entry.read_manifest().map_err(wrong)?;
                changed.updates.push(Update::Receipt(self.receipt(position, &entry)?));
                for (named, filed) in manifest.documents.iter().zip(&entry.documents) {
                    changed.filed(position, named.document, filed);
                }
            }
            Entry::Decision(decision) => {
                for item in &decision.items {
                    let (held, document, lease) = (item.position, item.document, item.lease.to_string());
                    changed.updates.push(Update::Decided { position, held, document, lease });
                    changed.filed(position, document, &item.filed);
                }
            }
            Entry::Returned(returned) => {
                for item in &returned.items {
                    changed.filed(position, item.document, &item.filed);
                }
            }
            Entry::Sealed(sealed) => {
                let opened = self.shared.keyring.open_entry(&sealed).map_err(wrong)?;
                let entry: FactEntry = from_cbor(&opened).map_err(wrong)?;
                if let Fact::Placed { documents, .. } = entry.fact {
                    for placement in documents {
                        changed.placed(position, placement);
                    }
                }
            }
        }
        Ok(())
    }

    fn receipt(&self, position: Position, entry: &ParcelEntry) -> Result<ReceiptUpdate, SourceError> {
        let manifest = entry.read_manifest().map_err(wrong)?;
        let mut fates: BTreeMap<String, u32> = BTreeMap::new();
        for run in entry.documents.iter().flat_map(|filed| &filed.runs) {
            *fates.entry(fate_name(&run.fate).to_owned()).or_default() += u32::from(run.count);
        }
        let directory = self.shared.directory();
        let user = directory.leases.get(&entry.lease).map(|state| state.lease.name.clone()).unwrap_or_default();
        let documents = u32::try_from(manifest.documents.len()).unwrap_or(u32::MAX);
        let (site, manifest) = (Some(manifest.site), manifest_hash(&entry.manifest));
        Ok(ReceiptUpdate { position, at: entry.at, user, site, documents, fates, manifest })
    }

    fn document(&self, head: &DocumentHead, created: Option<Position>) -> Result<DocumentUpdate, SourceError> {
        let document = head.document;
        let (key, _) = document_key(&self.shared.keyring, head).map_err(wrong)?;
        let sealed = self.shared.store.projection(document).map_err(wrong)?;
        let sealed = sealed.ok_or_else(|| wrong("a document has no projection"))?;
        let bytes = seal::open(&key, &projection_binding(document), &sealed).map_err(wrong)?;
        let mut view: Value = serde_json::from_slice(&bytes).map_err(|_| wrong("a projection is not JSON"))?;
        let mut conflicts = view["conflicts"].take();
        name_authors(&mut conflicts, &self.shared.directory());
        Ok(DocumentUpdate {
            position: head.changed_at,
            document,
            kind: head.kind,
            created,
            projection: view["projection"].take(),
            conflicts: if conflicts.is_array() { conflicts } else { json!([]) },
            channels: head.channels.clone(),
        })
    }

    fn held_rows(&self) -> Vec<HeldUpdate> {
        let directory = self.shared.directory();
        let row = |(document, items): (&DocumentId, &Vec<crate::hub::directory::HeldItem>)| {
            let document = *document;
            let rows = items.iter().map(move |item| HeldUpdate {
                position: item.position,
                document,
                lease: item.lease.to_string(),
                reason: item.code.clone(),
            });
            rows.collect::<Vec<_>>()
        };
        let mut held: Vec<HeldUpdate> = directory.held.iter().flat_map(row).collect();
        held.sort_by_key(|held| (held.position, held.document));
        held
    }
}

/// Puts name, site and device letters beside each value's actor.
pub(super) fn name_authors(conflicts: &mut Value, directory: &Directory) {
    let values =
        conflicts.as_array_mut().into_iter().flatten().filter_map(|conflict| conflict["values"].as_array_mut());
    for value in values.flatten() {
        let actor = value["actor"].as_str().and_then(|text| text.parse::<Actor>().ok());
        let state = actor.and_then(|actor| directory.leases.get(&actor.prefix()));
        if let (Some(state), Some(value)) = (state, value.as_object_mut()) {
            value.insert("by".to_owned(), json!(state.lease.name));
            value.insert("site".to_owned(), json!(state.lease.site));
            value.insert("letters".to_owned(), json!(state.lease.letters));
        }
    }
}

impl Source for Feeding {
    fn position(&self) -> Result<Position, SourceError> {
        Ok(self.shared.published().position)
    }

    fn documents(
        &self,
        after: Option<DocumentId>,
        changed_after: Position,
        limit: usize,
    ) -> Result<DocumentPage, SourceError> {
        let heads = self.shared.store.documents_after(after, limit).map_err(wrong)?;
        let next = if heads.len() < limit { None } else { heads.last().map(|head| head.document) };
        let mut documents = Vec::new();
        for head in heads.iter().filter(|head| head.changed_at > changed_after) {
            let first = self.shared.store.history(head.document, Position::START, head.changed_at, 1).map_err(wrong)?;
            documents.push(self.document(head, first.first().map(|row| row.position))?);
        }
        Ok(DocumentPage { documents, next })
    }

    fn receipts(&self, after: Position, limit: usize) -> Result<Vec<ReceiptUpdate>, SourceError> {
        let mut receipts = Vec::new();
        let head = self.shared.published().position;
        for record in self.shared.log.iter_from(after.next()) {
            let record = record.map_err(wrong)?;
            if record.position > head || receipts.len() >= limit {
                break;
            }
            if let Entry::Parcel(entry) = Entry::from_bytes(&record.payload).map_err(wrong)? {
                receipts.push(self.receipt(record.position, &entry)?);
            }
        }
        Ok(receipts)
    }

    fn held(&self) -> Result<Vec<HeldUpdate>, SourceError> {
        Ok(self.held_rows())
    }
}
