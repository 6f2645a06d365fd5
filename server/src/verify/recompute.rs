//! Everything worked out again from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_protocol::crypto::Purpose;
use sync_protocol::documents::Kind;
use sync_protocol::gate::change_hash;
use sync_protocol::ids::{Channel, LogId, Position};
use sync_protocol::wire::answer::{Fate, leaf as sync_leaf, leaves_hash, verify_receipt};
use sync_protocol::wire::codec::{CodecError, from_cbor};
use sync_protocol::wire::digest::Digest;
use sync_protocol::wire::manifest::{Manifest, Stated, Statement, commitment, manifest_hash};
use thiserror::Error;

use super::{Difference, Report};
use crate::hub::directory::Directory;
use crate::hub::entry::{Entry, KeptProof, ParcelEntry, ReturnEntry};
use crate::hub::fact::{Fact, FactEntry};
use crate::hub::feed::open_content;
use crate::hub::filing::{Filing, FilingError, document_key};
use crate::hub::opening::refile;
use crate::random::Random;
use crate::store::documents::{AppliedTo, DocumentStore, MemoryStore, StoreError};
use crate::store::keyring::{Keyring, KeyringError};
use crate::store::log::{LogError, LogReader, Record};

/// Why nothing could be worked out.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The log is damaged.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The keyring does not open it.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// An entry cannot be read.
    #[error("entry {position} of the log cannot be read: {source}")]
    Entry {
        /// Of the entry.
        position: Position,
        /// Why.
        source: CodecError,
    },
    /// An entry no longer applies.
    #[error("entry {position} of the log cannot be applied again: {source}")]
    Filing {
        /// Of the entry.
        position: Position,
        /// Why.
        source: FilingError,
    },
    /// The store in memory, or the one that is compared.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl VerifyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Log(error) => error.code(),
            Self::Keyring(error) => error.code(),
            Self::Entry { .. } => "verify-entry",
            Self::Filing { .. } => "verify-filing",
            Self::Store(error) => error.code(),
        }
    }
}

/// The outcome: documents in memory, and what was found on the way.
pub struct Recomputed {
    /// As the log says.
    pub store: Arc<MemoryStore>,
    /// Who and where.
    pub directory: Directory,
    /// With what was found so far.
    pub report: Report,
}

/// A statement, to be compared once its position is reached.
struct Claim {
    channel: Channel,
    digest: Digest,
    made_at: Position,
}

struct Work<'a> {
    keyring: &'a Keyring,
    store: Arc<MemoryStore>,
    directory: Directory,
    report: Report,
    claims: BTreeMap<Position, Vec<Claim>>,
}

/// Works a log out again.
///
/// # Errors
/// [`VerifyError`] when the log cannot be read at all; everything else is a difference in the report.
pub fn recompute(reader: &LogReader, keyring: &Keyring, random: &mut dyn Random) -> Result<Recomputed, VerifyError> {
    let log = reader.log_id();
    let (head, chain) = reader.head();
    let report = Report {
        log,
        head,
        chain: chain.to_string(),
        parcels: 0,
        signatures: 0,
        commitments: 0,
        documents: BTreeMap::new(),
        changes: 0,
        conflicts: 0,
        held: 0,
        statements: 0,
        devices: 0,
        compared: Vec::new(),
        differences: Vec::new(),
        more_differences: 0,
    };
    let store = Arc::new(MemoryStore::new());
    let mut work = Work { keyring, store, directory: Directory::new(log), report, claims: BTreeMap::new() };
    work.collect(reader)?;
    for record in reader.iter_from(Position(1)) {
        work.entry(log, &record?, random)?;
    }
    work.report.log = work.directory.log;
    work.count(head)?;
    Ok(Recomputed { store: work.store, directory: work.directory, report: work.report })
}

impl Work<'_> {
    /// Every id that the log has had, and up to where one who had the same log may speak of it.
    fn own_logs(&self, reader: &LogReader) -> Result<Vec<(LogId, Position)>, VerifyError> {
        let mut directory = Directory::new(reader.log_id());
        for record in reader.iter_from(Position(1)) {
            let Record { position, payload, .. } = record?;
            let unreadable = |source| VerifyError::Entry { position, source };
            let Entry::Sealed(sealed) = Entry::from_bytes(&payload).map_err(unreadable)? else { continue };
            let fact: FactEntry = from_cbor(&self.keyring.open_entry(&sealed)?).map_err(unreadable)?;
            if matches!(fact.fact, Fact::Continued { .. }) {
                directory.fold_fact(position, &fact).map_err(unreadable)?;
            }
        }
        let mut logs = directory.ancestors;
        logs.push((directory.log, Position(u64::MAX)));
        Ok(logs)
    }

    /// The statements first: they speak of positions that lie before them.
    fn collect(&mut self, reader: &LogReader) -> Result<(), VerifyError> {
        let logs = self.own_logs(reader)?;
        for record in reader.iter_from(Position(1)) {
            let Record { position, payload, .. } = record?;
            let unreadable = |source| VerifyError::Entry { position, source };
            let Entry::Parcel(entry) = Entry::from_bytes(&payload).map_err(unreadable)? else { continue };
            let Some(sealed) = &entry.statements else { continue };
            let statements: Vec<Stated> = from_cbor(&self.keyring.open_entry(sealed.as_ref())?).map_err(unreadable)?;
            for stated in statements {
                // A kind of statement that this version does not know is kept, and not compared.
                let Ok(Statement::Held { log, position: read_to, channel, digest }) = stated.statement.read() else {
                    continue;
                };
                // One that speaks of entries after its own, or of a log beyond what was shared with it, was made in another
                // history, which this log does not have.
                let is_own = logs.iter().any(|(own, up_to)| *own == log && read_to <= *up_to);
                if is_own && read_to < position {
                    self.claims.entry(read_to).or_default().push(Claim { channel, digest, made_at: position });
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, log: LogId, record: &Record, random: &mut dyn Random) -> Result<(), VerifyError> {
        let position = record.position;
        let unreadable = |source| VerifyError::Entry { position, source };
        let store = Arc::clone(&self.store);
        let mut filing = Filing::new(&*store, self.keyring);
        let entry = Entry::from_bytes(&record.payload).map_err(unreadable)?;
        match &entry {
            Entry::Sealed(sealed) => {
                let fact: FactEntry = from_cbor(&self.keyring.open_entry(sealed)?).map_err(unreadable)?;
                self.directory.fold_fact(position, &fact).map_err(unreadable)?;
            }
            Entry::Parcel(parcel) => self.directory.fold_parcel(position, parcel).map_err(unreadable)?,
            Entry::Decision(decision) => self.directory.fold_decision(position, decision),
            Entry::Returned(returned) => self.directory.fold_return(position, returned),
        }
        refile(&mut filing, self.keyring, position, &entry)
            .map_err(|source| VerifyError::Filing { position, source })?;
        if let Entry::Parcel(parcel) = &entry {
            self.report.parcels += 1;
            self.check_parcel(position, parcel, &mut filing).map_err(unreadable)?;
        }
        if let Entry::Returned(returned) = &entry {
            self.check_return(position, returned, &entry, &mut filing)?;
        }
        let applied_to = AppliedTo { log_id: log, position, chain: record.chain };
        store.commit(&filing.batch(applied_to, random))?;
        for claim in self.claims.remove(&position).unwrap_or_default() {
            self.report.statements += 1;
            let sum = store.channel(&claim.channel)?.sum;
            if sum != claim.digest {
                let detail = format!(
                    "entry {}: a device states {} for {} at position {position}, the log gives {sum}",
                    claim.made_at, claim.digest, claim.channel
                );
                self.report.add([Difference { code: "device-digest", document: None, detail }]);
            }
        }
        Ok(())
    }

    fn check_parcel(
        &mut self,
        position: Position,
        entry: &ParcelEntry,
        filing: &mut Filing<'_>,
    ) -> Result<(), CodecError> {
        let manifest: Manifest = entry.read_manifest()?;
        let wrong = |code, detail: String| Difference { code, document: None, detail };
        match self.directory.leases.get(&entry.lease) {
            None => self.report.add([wrong("lease-unknown", format!("entry {position}: lease {}", entry.lease))]),
            Some(state) => {
                let signed = state.lease.key.verify(Purpose::Manifest, entry.manifest.as_ref(), &entry.signature);
                match signed {
                    Ok(()) => self.report.signatures += 1,
                    Err(error) => {
                        self.report.add([wrong("signature", format!("entry {position}: {error}"))]);
                    }
                }
            }
        }
        for (index, (named, filed)) in manifest.documents.iter().zip(&entry.documents).enumerate() {
            let all_applied = filed.runs.iter().all(|run| run.fate == Fate::Applied) && filed.content.is_some();
            let Ok(Some(working)) = filing.document(named.document) else { continue };
            if !all_applied {
                continue;
            }
            let Some(work) = entry.work(index) else { continue };
            let Ok(stored) = open_content(&work, named.document, &working.key) else {
                let detail = format!("entry {position}: the contents do not open");
                self.report.add([Difference { code: "content", document: Some(named.document), detail }]);
                continue;
            };
            let hashes: Vec<_> = stored.changes.iter().map(|change| change_hash(change.as_ref())).collect();
            let card = stored.card.as_ref();
            if commitment(&stored.salt, named.document, named.kind, &hashes, card) == named.commitment {
                self.report.commitments += 1;
            } else if hashes.len() == 1 {
                // Several may stand in another order than they were sent in: then nothing can be said.
                let detail = format!("entry {position}, parcel {}", manifest_hash(&entry.manifest));
                self.report.add([Difference { code: "commitment", document: Some(named.document), detail }]);
            }
        }
        Ok(())
    }

    /// What a device gave back: the hub's own signature over what it once fed, and that this is it.
    fn check_return(
        &mut self,
        position: Position,
        returned: &ReturnEntry,
        entry: &Entry,
        filing: &mut Filing<'_>,
    ) -> Result<(), VerifyError> {
        let unreadable = |source| VerifyError::Entry { position, source };
        let hub = self.keyring.hub_key().public();
        let mut proofs: Vec<KeptProof> = Vec::with_capacity(returned.proofs.len());
        for sealed in &returned.proofs {
            proofs.push(from_cbor(&self.keyring.open_entry(sealed.as_ref())?).map_err(unreadable)?);
        }
        for proof in &proofs {
            let signed = verify_receipt(&proof.receipt, &proof.signature, &hub);
            if signed.is_ok_and(|receipt| receipt.leaves == Some(leaves_hash(&proof.leaves))) {
                self.report.signatures += 1;
            } else {
                let detail = format!("entry {position}: what proves it is not what this hub signed");
                self.report.add([Difference { code: "return-proof", document: None, detail }]);
            }
        }
        for (index, item) in returned.items.iter().enumerate() {
            let document = item.document;
            let leaf = proofs.get(usize::from(item.proof)).and_then(|proof| proof.leaves.get(item.leaf as usize));
            let Some(work) = entry.work(index).filter(|work| work.filed.content.is_some()) else { continue };
            let Ok(Some(working)) = filing.document(document) else { continue };
            let Ok(stored) = open_content(&work, document, &working.key) else {
                let detail = format!("entry {position}: the contents do not open");
                self.report.add([Difference { code: "content", document: Some(document), detail }]);
                continue;
            };
            let hashes: Vec<_> = stored.changes.iter().map(|change| change_hash(change.as_ref())).collect();
            // Only where the whole item came back, in its order: else nothing can be said.
            if sync_leaf(&stored.salt, document, item.kind, &hashes) == item.manifest && leaf == Some(&item.manifest) {
                self.report.commitments += 1;
            }
        }
        Ok(())
    }

    fn count(&mut self, head: Position) -> Result<(), VerifyError> {
        // What was decided since is held no longer.
        self.report.held = self.directory.held.values().flatten().map(|item| u64::from(item.changes)).sum();
        let mut after = None;
        loop {
            let heads = self.store.documents_after(after, 256)?;
            let Some(last) = heads.last() else { break };
            after = Some(last.document);
            for document in heads {
                let name = Kind::from_code(document.kind).map_or("unknown", Kind::name);
                *self.report.documents.entry(name).or_default() += 1;
                let row = self.store.document(document.document)?;
                let Some(row) = row else { continue };
                let filing = |source| VerifyError::Filing { position: head, source };
                let (form, _) = crate::hub::filing::open_form(self.keyring, &row).map_err(filing)?;
                let (key, _) = document_key(self.keyring, &document).map_err(filing)?;
                let constants = Kind::from_code(document.kind)
                    .map_or(0, |kind| sync_protocol::documents::constant_hashes(kind).len());
                self.report.changes += form.history.len().saturating_sub(constants) as u64;
                let view = super::compare::view(&key, &row).unwrap_or_default();
                let conflicts = view.get("conflicts").and_then(|list| list.as_array()).map_or(0, Vec::len);
                self.report.conflicts += conflicts as u64;
            }
        }
        let channels = self.store.channels()?.len();
        self.report.compared.push(format!("log and keyring: {head} entries, {channels} channels"));
        Ok(())
    }
}
