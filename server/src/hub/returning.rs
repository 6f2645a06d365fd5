//! Returning: others' work that this hub has lost and a device gives back.
//!
//! The hub signed what it fed: receipt, leaves, the leaf of the item. With them a device proves that these very changes
//! were once taken here, from whoever their actors are. What is not proved is refused and changes nothing. What is goes
//! the way of pushed work (`admission`), judged without the binding to one lease, and into a log entry of its own that
//! names who brought it and whose it is. Owns the vetting of proofs and that entry; what devices write themselves comes
//! back as parcels.

use std::collections::BTreeSet;

use sync_protocol::crypto::PublicKey;
use sync_protocol::gate::{self, InspectedChange, Rejection};
use sync_protocol::ids::{ActorPrefix, ChangeHash, Channel, DocumentId, Hash, Position, Salt};
use sync_protocol::limits::DOCUMENT_HISTORY_MAX;
use sync_protocol::wire::answer::{DocumentFate, Fate, Run, leaf, leaf_salt, leaves_hash, verify_receipt};
use sync_protocol::wire::codec::{CodecError, Raw, to_cbor};
use sync_protocol::wire::lease::SignedLease;
use sync_protocol::wire::returning::{FeedProof, Return, Returned};
use thiserror::Error;

use super::admission::{Admission, Item, Way};
use super::entry::{Entry, Filed, KeptProof, ReturnEntry, ReturnedItem};
use super::vet::{RequestError, Room, change_weight};
use super::writer::{Fatal, Group, read_entry};
use crate::limits::{DOCUMENT_WEIGHT, SIGNATURE_WEIGHT};
use crate::random::Random;

/// Why something that was given back is refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReturnError {
    /// Not signed by this hub.
    #[error("the receipt that is to prove it is not signed by this hub")]
    Signature,
    /// Fed to another device.
    #[error("the receipt that is to prove it was another device's")]
    Lease,
    /// The leaves are not those of that answer.
    #[error("the leaves that are to prove it are not those that the receipt names")]
    Leaves,
    /// The item is not one of the leaves.
    #[error("document, kind and changes do not make the leaf that is to prove them")]
    Leaf,
    /// Other changes than the item had, or damaged ones.
    #[error("a change that was given back cannot be read or is not one of those that are proved")]
    Change,
}

impl ReturnError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Signature => "return-signature",
            Self::Lease => "return-lease",
            Self::Leaves => "return-leaves",
            Self::Leaf => "return-leaf",
            Self::Change => "return-change",
        }
    }
}

/// What one request gives back.
#[derive(Debug, Default)]
pub struct VettedReturns {
    /// What proves it.
    pub proofs: Vec<FeedProof>,
    /// Each document, in the request's order.
    pub documents: Vec<VettedReturn>,
    /// The leases of those who wrote it, signed by this hub.
    pub authors: Vec<SignedLease>,
}

/// One document.
#[derive(Debug)]
pub struct VettedReturn {
    /// Which.
    pub document: DocumentId,
    /// How many changes.
    pub count: u16,
    /// As far as it is proved.
    pub proved: Result<Proved, ReturnError>,
}

/// What is proved of one document.
#[derive(Debug)]
pub struct Proved {
    kind: u8,
    channel: Channel,
    /// Which of the proofs, and which leaf of it.
    proof: u16,
    leaf: u32,
    salt: Salt,
    /// The salted leaf over what came.
    manifest: Hash,
    authors: Vec<ActorPrefix>,
    changes: Vec<Result<InspectedChange, Rejection>>,
}

impl VettedReturns {
    /// Bytes that it takes in the log, at most.
    #[must_use]
    pub fn weight(&self) -> usize {
        let proofs = self.proofs.iter().map(proof_weight).sum::<usize>();
        let changes = self.documents.iter().flat_map(|document| &document.proved).flat_map(|proved| &proved.changes);
        proofs + self.documents.len() * DOCUMENT_WEIGHT + changes.map(change_weight).sum::<usize>()
    }
}

fn proof_weight(proof: &FeedProof) -> usize {
    proof.receipt.0.len() + proof.leaves.len() * Hash::LEN
}

/// Checks what is given back by a lease.
///
/// # Errors
/// [`RequestError`]: the whole request is too much.
pub(super) fn vet_returns(
    returns: Vec<Return>,
    hub: &PublicKey,
    lease: ActorPrefix,
    room: &mut Room<'_>,
) -> Result<VettedReturns, RequestError> {
    let mut vetted = VettedReturns::default();
    for Return { proof, documents, authors } in returns {
        room.take(SIGNATURE_WEIGHT + proof_weight(&proof))?;
        let stands = check_proof(&proof, hub, lease);
        let number = u16::try_from(vetted.proofs.len()).unwrap_or(u16::MAX);
        for document in documents {
            room.take(DOCUMENT_WEIGHT)?;
            let changes: Vec<_> = document.changes.iter().map(|raw| gate::inspect(raw.as_ref())).collect();
            for change in &changes {
                room.take(change_weight(change))?;
            }
            let (id, count) = (document.document, u16::try_from(changes.len()).unwrap_or(u16::MAX));
            let proved = stands.and_then(|()| check_document(document, changes, &proof, number));
            vetted.documents.push(VettedReturn { document: id, count, proved });
        }
        vetted.proofs.push(proof);
        for signed in authors {
            room.take(SIGNATURE_WEIGHT)?;
            vetted.authors.extend(signed.verify(hub).is_ok().then_some(signed));
        }
    }
    Ok(vetted)
}

/// Whether this hub said so, to this lease.
fn check_proof(proof: &FeedProof, hub: &PublicKey, lease: ActorPrefix) -> Result<(), ReturnError> {
    let receipt = verify_receipt(&proof.receipt, &proof.signature, hub).map_err(|_| ReturnError::Signature)?;
    if receipt.lease != lease {
        return Err(ReturnError::Lease);
    }
    if receipt.leaves != Some(leaves_hash(&proof.leaves)) {
        return Err(ReturnError::Leaves);
    }
    Ok(())
}

/// Whether the proof is of these changes.
fn check_document(
    returned: Returned,
    changes: Vec<Result<InspectedChange, Rejection>>,
    proof: &FeedProof,
    number: u16,
) -> Result<Proved, ReturnError> {
    let Returned { leaf: index, document, kind, channel, hashes, .. } = returned;
    let salt = leaf_salt(&proof.seed, index);
    let known = proof.leaves.get(usize::try_from(index).unwrap_or(usize::MAX));
    if hashes.len() > DOCUMENT_HISTORY_MAX || known != Some(&leaf(&salt, document, kind, &hashes)) {
        return Err(ReturnError::Leaf);
    }
    let mut left: BTreeSet<ChangeHash> = hashes.into_iter().collect();
    let mut given = Vec::with_capacity(changes.len());
    let mut authors: Vec<ActorPrefix> = Vec::new();
    for change in &changes {
        let Ok(change) = change else { return Err(ReturnError::Change) };
        if !left.remove(&change.hash) {
            return Err(ReturnError::Change);
        }
        given.push(change.hash);
        if !authors.contains(&change.actor.prefix()) {
            authors.push(change.actor.prefix());
        }
    }
    if given.is_empty() {
        return Err(ReturnError::Change);
    }
    let manifest = leaf(&salt, document, kind, &given);
    Ok(Proved { kind, channel, proof: number, leaf: index, salt, manifest, authors, changes })
}

impl Group<'_> {
    /// Takes back what a device gives back: what became of each document, and where it stands.
    pub(super) fn take_back(
        &mut self,
        lease: ActorPrefix,
        returns: VettedReturns,
        random: &mut dyn Random,
    ) -> Result<Vec<(Option<Position>, DocumentFate)>, Fatal> {
        let VettedReturns { proofs, documents, authors: _ } = returns;
        let scope = self.scope_of(lease);
        let position = self.head.next();
        let mut operations = self.operations_max;
        let mut items: Vec<ReturnedItem> = Vec::new();
        let mut fates = Vec::with_capacity(documents.len());
        for VettedReturn { document, count, proved } in documents {
            let fate = match proved {
                Err(error) => {
                    let fate = Fate::Refused(error.code().to_owned(), error.to_string());
                    (None, vec![Run { count, fate }])
                }
                Ok(proved) => match self.given_before(&proved.manifest)? {
                    Some(runs) => (None, runs),
                    None => {
                        self.take_back_one(lease, document, proved, position, &mut items, &mut operations, random)?
                    }
                },
            };
            fates.push((document, fate));
        }
        if !items.is_empty() {
            let proofs = proofs.into_iter().map(|FeedProof { receipt, signature, leaves, .. }| {
                let kept = KeptProof { receipt, signature, leaves };
                Raw(self.shared.keyring.seal_entry(random, &to_cbor(&kept)))
            });
            let entry = ReturnEntry { at: self.now, lease, proofs: proofs.collect(), items };
            self.shared.directory_mut().fold_return(position, &entry);
            self.payloads.push(entry.to_bytes());
            self.head = position;
            self.entries.insert(position, Entry::Returned(entry));
            self.act_on_notes(random)?;
        }
        let mut told = Vec::with_capacity(fates.len());
        for (document, (position, runs)) in fates {
            let here = runs.iter().any(|run| matches!(run.fate, Fate::Applied | Fate::Duplicate));
            let now = self.filing.document(document)?.filter(|_| here);
            let channels = now.map(|now| now.channels.clone()).unwrap_or_default();
            let entered = channels.into_iter().filter(|channel| scope.contains(channel)).collect();
            told.push((position, DocumentFate { runs, entered }));
        }
        Ok(told)
    }

    /// What became of the very same when it was given back before.
    fn given_before(&self, manifest: &Hash) -> Result<Option<Vec<Run>>, Fatal> {
        let Some((position, item)) = self.shared.directory().returned.get(manifest).copied() else { return Ok(None) };
        let entry = match self.entries.get(&position) {
            Some(entry) => entry.clone(),
            None => read_entry(self.shared, position)?,
        };
        Ok(entry.work(usize::from(item)).map(|work| work.filed.runs.clone()))
    }

    #[expect(clippy::too_many_arguments, reason = "what one item of the entry in the making needs")]
    fn take_back_one(
        &mut self,
        lease: ActorPrefix,
        document: DocumentId,
        proved: Proved,
        position: Position,
        items: &mut Vec<ReturnedItem>,
        operations: &mut u64,
        random: &mut dyn Random,
    ) -> Result<(Option<Position>, Vec<Run>), Fatal> {
        let Proved { kind, channel, proof, leaf, salt, manifest, authors, changes } = proved;
        let directory = self.shared.directory();
        let Some(state) = directory.leases.get(&lease) else {
            return Err(CodecError::Body(format!("lease {lease} has vanished")).into());
        };
        let site = channel.site_code().map(|site| directory.site_now(&site));
        let site = site.map_or_else(|| channel.clone(), |site| Channel::site(&site));
        let index = u16::try_from(items.len()).expect("a request gives back at most 2,048 documents");
        let authors_of = authors.clone();
        let item = Item { manifest, index, position, document, kind, salt, card: None, site, authors };
        let mut admission = Admission {
            directory: &directory,
            filing: &mut self.filing,
            keyring: &self.shared.keyring,
            random,
            now: self.now,
            operations,
            notes: Vec::new(),
        };
        let principal = directory.principal_of(state, self.now);
        let filed: Filed = admission.admit_document(state, &principal, &item, &changes, Way::Pushed)?;
        let notes = std::mem::take(&mut admission.notes);
        self.notes.extend(notes);
        let runs = filed.runs.clone();
        if !filed.is_kept() {
            return Ok((None, runs));
        }
        items.push(ReturnedItem { document, kind, authors: authors_of, manifest, proof, leaf, channel, filed });
        Ok((Some(position), runs))
    }
}
