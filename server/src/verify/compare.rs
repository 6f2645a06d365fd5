//! Comparing what was worked out from the log with what a store or a device holds.

use std::collections::BTreeSet;

use sync_protocol::documents::Kind;
use sync_protocol::ids::DocumentId;

use super::{DeviceReport, Difference};
use crate::hub::filing::{FilingError, document_key, open_form, projection_binding};
use crate::store::documents::{DocumentRow, DocumentStore};
use crate::store::keyring::Keyring;
use crate::store::seal::{self, Key};

/// Documents read from a store at once.
const PER_READ: usize = 256;

/// A document's view, opened; `None` when it is not readable.
pub(super) fn view(key: &Key, row: &DocumentRow) -> Option<serde_json::Value> {
    let bytes = seal::open(key, &projection_binding(row.document), &row.sealed_projection).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn differs(code: &'static str, document: DocumentId, detail: impl Into<String>) -> Difference {
    Difference { code, document: Some(document), detail: detail.into() }
}

/// Everything in which a store differs from what the log says.
///
/// # Errors
/// [`FilingError`] when one of the stores cannot be read.
pub fn compare_store(
    keyring: &Keyring,
    log: &dyn DocumentStore,
    store: &dyn DocumentStore,
) -> Result<Vec<Difference>, FilingError> {
    let mut differences = Vec::new();
    if log.applied_to()? != store.applied_to()? {
        let detail = "the document store was applied up to another entry than the log's last".to_owned();
        differences.push(Difference { code: "store-position", document: None, detail });
    }
    let expected = ids(log)?;
    let found = ids(store)?;
    differences.extend(expected.difference(&found).map(|id| differs("store-missing", *id, "not in the store")));
    differences.extend(found.difference(&expected).map(|id| differs("store-extra", *id, "not in the log")));
    for id in expected.intersection(&found) {
        if let (Some(one), Some(other)) = (log.document(*id)?, store.document(*id)?) {
            differences.extend(compare_rows(keyring, &one, &other)?);
        }
    }
    let (one, other) = (log.channels()?, store.channels()?);
    for (channel, state) in &one {
        if !other.iter().any(|(name, found)| name == channel && found == state) {
            let detail = format!("channel {channel} has another digest or count than the log gives");
            differences.push(Difference { code: "store-channel", document: None, detail });
        }
    }
    Ok(differences)
}

fn ids(store: &dyn DocumentStore) -> Result<BTreeSet<DocumentId>, FilingError> {
    let mut ids = BTreeSet::new();
    let mut after = None;
    loop {
        let heads = store.documents_after(after, PER_READ)?;
        let Some(last) = heads.last() else { return Ok(ids) };
        after = Some(last.document);
        ids.extend(heads.iter().map(|head| head.document));
    }
}

fn compare_rows(keyring: &Keyring, log: &DocumentRow, store: &DocumentRow) -> Result<Vec<Difference>, FilingError> {
    let id = log.document;
    let mut differences = Vec::new();
    let (expected, _) = open_form(keyring, log)?;
    let (found, _) = open_form(keyring, store)?;
    if expected.history.heads() != found.history.heads() {
        differences.push(differs("store-heads", id, "other heads than the log gives"));
    }
    if log.kind != store.kind || log.sum != store.sum {
        differences.push(differs("store-sum", id, "another kind or digest than the log gives"));
    }
    let sorted = |row: &DocumentRow| row.channels.iter().cloned().collect::<BTreeSet<_>>();
    if sorted(log) != sorted(store) {
        differences.push(differs("store-channels", id, "other channels than the log gives"));
    }
    let (key, _) = document_key(keyring, &log.head())?;
    // The read model is fed from these and from nothing else.
    if view(&key, log) != view(&key, store) {
        differences.push(differs("store-projection", id, "another projection than the log gives"));
    }
    Ok(differences)
}

/// Everything in which a device differs from what the log says: each document that it reports must have the hub's
/// heads. Whether it lacks a document shows in the digests that devices state, see `recompute`.
///
/// # Errors
/// [`FilingError`] when the store cannot be read.
pub fn compare_device(
    keyring: &Keyring,
    log: &dyn DocumentStore,
    report: &DeviceReport,
) -> Result<Vec<Difference>, FilingError> {
    let mut differences = Vec::new();
    let device = &report.device;
    if report.unsent > 0 {
        let detail = format!("{device} holds {} changes without a receipt", report.unsent);
        differences.push(Difference { code: "device-unsent", document: None, detail });
    }
    for (id, heads) in &report.documents {
        let Some(row) = log.document(*id)? else {
            differences.push(differs("device-extra", *id, format!("{device} reports it, the log does not have it")));
            continue;
        };
        let (form, _) = open_form(keyring, &row)?;
        let expected: BTreeSet<_> = form.history.heads().into_iter().collect();
        let annex = row.kind == Kind::Annex.code();
        if !annex && expected != heads.iter().copied().collect() {
            differences.push(differs("device-heads", *id, format!("{device} reports other heads than the log gives")));
        }
    }
    Ok(differences)
}
