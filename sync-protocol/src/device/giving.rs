//! Giving back others' work: what the hub once fed and has lost since.
//!
//! Of each answer with a feed the device keeps what proves it: the receipt, the leaves, and for each document which
//! changes its leaf was of. A repair, or work that waits for something, shows which documents the hub lacks something of;
//! these are looked at once their wants are answered. Others' changes go back with their proofs (`wire::returning`), own
//! ones with the parcels that carried them, or as new work where no parcel is left. Proofs go when a second copy of the
//! log covers them, beyond a named size, and with a document that is erased or closed here.
//!
//! What the hub does not take is not offered again: only what must wait for other work is, a few times in a sync.

use std::collections::{BTreeMap, BTreeSet};

use super::Device;
use super::copy::{Copy, hash_of};
use super::exchange::Waiting;
use super::feed::FeedJob;
use super::rows::{FedInfo, FedItem, Key, Rows, Standing, Work, WorkState};
use super::turn::Turn;
use crate::documents::Kind;
use crate::ids::{ActorPrefix, ChangeHash, DocumentId, Hash, Position};
use crate::limits::{FED_PROOF_BYTES_MAX, PARCEL_DOCUMENT_BYTES, RETURN_LOADED_MAX, UNSETTLED_MAX};
use crate::wire::answer::{DocumentFate, Fate, leaf, leaf_salt, leaves_hash};
use crate::wire::codec::{Raw, from_cbor, to_cbor};
use crate::wire::lease::SignedLease;
use crate::wire::returning::{FeedProof, Return, Returned};

/// What is about to go back, while its authors' leases are read.
pub(super) struct Giving {
    returns: Vec<Return>,
    offered: Vec<Offered>,
}

/// A document of the request that is on its way, and which of its changes.
pub(super) type Offered = (DocumentId, Vec<ChangeHash>);

impl Device {
    /// Keeps what proves the feed of an answer, unless a second copy has it already.
    pub(super) fn keep_proof(&mut self, job: &FeedJob, turn: &mut Turn) {
        let (Some(seed), Some(told)) = (job.rest.seed, job.leaves) else { return };
        if job.rest.feed.is_empty() || job.head <= self.progress.copied_to {
            return;
        }
        let mut leaves: Vec<Hash> = Vec::with_capacity(job.rest.feed.len());
        let mut items: BTreeMap<DocumentId, Vec<FedItem>> = BTreeMap::new();
        for (index, item) in (0..).zip(&job.rest.feed) {
            let hashes = item.changes.iter().map(|raw| hash_of(raw.as_ref())).collect::<Result<Vec<ChangeHash>, _>>();
            let (Ok(hashes), Some(channel)) = (hashes, job.rest.channels.get(usize::from(item.channel))) else {
                return;
            };
            leaves.push(leaf(&leaf_salt(&seed, index), item.document, item.kind, &hashes));
            let open = self.entries.get(&item.document).is_some_and(|entry| entry.standing == Standing::Open);
            if open && !hashes.is_empty() {
                let fed = FedItem { leaf: index, kind: item.kind, channel: channel.clone(), hashes };
                items.entry(item.document).or_default().push(fed);
            }
        }
        // A hub whose leaves are others proves nothing with them.
        if items.is_empty() || leaves_hash(&leaves) != told {
            return;
        }
        let number = self.fed.keys().last().map_or(1, |last| last + 1);
        let (receipt, signature) = (job.receipt.clone(), job.signature);
        let proof = to_cbor(&FeedProof { receipt, signature, seed, leaves });
        let mut bytes = proof.len();
        turn.put(Key::FedProof(number), proof);
        let documents = items.keys().copied().collect();
        for (document, items) in items {
            let row = to_cbor(&items);
            bytes += row.len();
            turn.put(Key::FedItems(number, document), row);
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.fed.insert(number, FedInfo { head: job.head, bytes, documents, beyond: false });
        turn.mark(Key::Fed(number));
    }

    /// Forgets proofs of what a second copy covers, and the oldest beyond what a device keeps.
    pub(super) fn drop_proofs(&mut self, turn: &mut Turn) {
        let mut bytes: u64 = self.fed.values().map(|info| u64::from(info.bytes)).sum();
        let copied_to = self.progress.copied_to;
        for (number, info) in self.fed.clone() {
            let copied = info.head <= copied_to && !info.beyond;
            if copied || bytes > FED_PROOF_BYTES_MAX {
                bytes -= u64::from(info.bytes);
                self.drop_proof(number, turn);
            }
        }
    }

    fn drop_proof(&mut self, number: u64, turn: &mut Turn) {
        let Some(info) = self.fed.remove(&number) else { return };
        turn.mark(Key::Fed(number));
        turn.delete(Key::FedProof(number));
        for document in info.documents {
            turn.delete(Key::FedItems(number, document));
        }
    }

    /// The hub's log is another beyond `shared`: what it fed later is kept until both sides hold the same. Annexes are in no
    /// sum, so nothing else would show that they are gone.
    pub(super) fn keep_proofs_beyond(&mut self, shared: Position, turn: &mut Turn) {
        let mut annexes = BTreeSet::new();
        for (number, info) in self.fed.iter_mut().filter(|(_, info)| info.head > shared) {
            info.beyond = true;
            turn.mark(Key::Fed(*number));
            annexes.extend(
                info.documents.iter().copied().filter(|document| {
                    self.entries.get(document).is_some_and(|entry| entry.kind == Kind::Annex.code())
                }),
            );
        }
        for document in annexes {
            self.put_up_for_return(document, turn);
        }
    }

    /// Both sides hold the same: what was kept for a log of before is as good as copied.
    pub(super) fn forget_proofs_beyond(&mut self, turn: &mut Turn) {
        if !self.progress.returns.is_empty() {
            return;
        }
        for (number, info) in self.fed.iter_mut().filter(|(_, info)| info.beyond) {
            info.beyond = false;
            turn.mark(Key::Fed(*number));
        }
    }

    /// Nothing of the document is given back any more.
    pub(super) fn forget_proofs_of(&mut self, document: DocumentId, turn: &mut Turn) {
        for (number, info) in &mut self.fed {
            if let Some(index) = info.documents.iter().position(|id| *id == document) {
                info.documents.remove(index);
                turn.mark(Key::Fed(*number));
                turn.delete(Key::FedItems(*number, document));
            }
        }
        if self.progress.returns.contains(&document) {
            self.progress.returns.retain(|id| *id != document);
            turn.progress();
        }
    }

    /// Whether something of the document was fed and is not offered too often.
    pub(super) fn may_return(&self, document: DocumentId) -> bool {
        let tries = self.sync.as_ref().and_then(|sync| sync.offers.get(&document)).copied().unwrap_or_default();
        tries < UNSETTLED_MAX && self.fed.values().any(|info| info.documents.contains(&document))
    }

    /// The hub lacks something of the document: it is looked at what of it goes back.
    pub(super) fn put_up_for_return(&mut self, document: DocumentId, turn: &mut Turn) {
        if !self.progress.returns.contains(&document) {
            self.progress.returns.push(document);
            turn.progress();
        }
    }

    /// Documents to be looked at now: what was asked for of them has come.
    fn to_return(&self) -> Vec<DocumentId> {
        let Some(sync) = &self.sync else { return Vec::new() };
        let ready = |document: &&DocumentId| {
            !self.progress.wants.contains(document)
                && sync.offers.get(document).copied().unwrap_or_default() < UNSETTLED_MAX
        };
        self.progress.returns.iter().filter(ready).copied().take(RETURN_LOADED_MAX).collect()
    }

    pub(super) fn has_to_return(&self) -> bool {
        !self.to_return().is_empty()
    }

    /// Reads what may go back, if there is anything.
    pub(super) fn start_returns(&mut self, turn: &mut Turn) -> bool {
        let documents = self.to_return();
        if documents.is_empty() {
            return false;
        }
        let mut keys: Vec<Key> = documents.iter().map(|document| Key::Copy(*document)).collect();
        for (number, info) in &self.fed {
            let of_it: Vec<DocumentId> =
                documents.iter().filter(|document| info.documents.contains(document)).copied().collect();
            if !of_it.is_empty() {
                keys.push(Key::FedProof(*number));
                keys.extend(of_it.into_iter().map(|document| Key::FedItems(*number, document)));
            }
        }
        turn.load(keys);
        self.waiting = Some(Waiting::Returns(documents));
        true
    }

    /// The second step, with copies and proofs: what goes back with the next request, as much as the link carries.
    pub(super) fn choose_returns(&mut self, documents: &[DocumentId], rows: Rows, turn: &mut Turn) {
        let mut copies: BTreeMap<DocumentId, Vec<u8>> = BTreeMap::new();
        let mut proofs: BTreeMap<u64, FeedProof> = BTreeMap::new();
        let mut items: BTreeMap<(DocumentId, u64), Vec<FedItem>> = BTreeMap::new();
        for (key, bytes) in rows {
            let Some(bytes) = bytes else { continue };
            match key {
                Key::Copy(document) => drop(copies.insert(document, bytes)),
                Key::FedProof(number) => drop(from_cbor(&bytes).map(|proof| proofs.insert(number, proof))),
                Key::FedItems(number, document) => {
                    drop(from_cbor(&bytes).map(|row| items.insert((document, number), row)));
                }
                _ => {}
            }
        }
        let budget = self.sync.as_ref().map_or(0, |sync| sync.budget) as usize;
        let mut bytes = 0;
        let mut chosen: BTreeMap<u64, Vec<Returned>> = BTreeMap::new();
        let mut authors: BTreeSet<ActorPrefix> = BTreeSet::new();
        for document in documents {
            if bytes >= budget {
                break;
            }
            let kind = self.entries.get(document).and_then(|entry| Kind::from_code(entry.kind));
            let copy = kind.and_then(|kind| Copy::load(kind, copies.get(document)?).ok());
            let mut offered = false;
            if let Some(copy) = copy {
                let others = self.take_apart(*document, &copy, turn);
                let of_it = items.range((*document, 0)..=(*document, u64::MAX));
                let of_it = of_it.filter(|((_, number), _)| proofs.contains_key(number));
                for (number, returned) in proved(*document, others, of_it, &copy) {
                    bytes += returned.changes.iter().map(|raw| raw.as_ref().len()).sum::<usize>()
                        + returned.hashes.len() * Hash::LEN
                        + PARCEL_DOCUMENT_BYTES;
                    if !chosen.contains_key(&number) {
                        bytes += proofs
                            .get(&number)
                            .map_or(0, |proof| proof.receipt.as_ref().len() + proof.leaves.len() * Hash::LEN);
                    }
                    authors.extend(returned.hashes.iter().filter_map(|hash| copy.author(hash)));
                    chosen.entry(number).or_default().push(returned);
                    offered = true;
                }
            }
            if offered {
                if let Some(sync) = &mut self.sync {
                    *sync.offers.entry(*document).or_default() += 1;
                }
            } else {
                self.no_more_to_return(*document, turn);
            }
        }
        let mut giving = Giving { returns: Vec::new(), offered: Vec::new() };
        for (number, documents) in chosen {
            let Some(proof) = proofs.remove(&number) else { continue };
            for returned in &documents {
                let hashes = returned.changes.iter().filter_map(|raw| hash_of(raw.as_ref()).ok()).collect();
                giving.offered.push((returned.document, hashes));
            }
            giving.returns.push(Return { proof, documents, authors: Vec::new() });
        }
        if let Some(sync) = &mut self.sync {
            sync.moved = true;
        }
        if giving.returns.is_empty() {
            self.go_on(turn);
        } else {
            turn.load(authors.into_iter().map(Key::Lease).collect());
            self.waiting = Some(Waiting::Leases(Box::new(giving)));
        }
    }

    /// The third step, with the authors' leases: the request.
    pub(super) fn send_returns(&mut self, giving: Giving, rows: Rows, turn: &mut Turn) {
        let Giving { mut returns, offered } = giving;
        if let Some(first) = returns.first_mut() {
            let leases = rows.into_iter().filter_map(|(_, bytes)| from_cbor::<SignedLease>(&bytes?).ok());
            first.authors = leases.collect();
        }
        self.send_back(returns, offered, turn);
    }

    /// Parts what the hub lacks of a document: own changes go back with their parcels or become new work; others' are given.
    fn take_apart(&mut self, document: DocumentId, copy: &Copy, turn: &mut Turn) -> BTreeSet<ChangeHash> {
        let Some(entry) = self.entries.get(&document) else { return BTreeSet::new() };
        let gone = entry.channels.is_empty() || self.sync.as_ref().is_some_and(|sync| sync.gone.contains(&document));
        let (uncounted, neighbours) = (entry.uncounted.clone(), entry.neighbours.clone());
        let prefix = self.lease().map(|lease| lease.prefix);
        let mut others = BTreeSet::new();
        let mut to_give = Vec::new();
        let waiting = self.sync.as_ref().map(|sync| sync.set_back.clone()).unwrap_or_default();
        let set_back = |counter: &u64| waiting.contains(counter);
        for hash in copy.hashes() {
            let lost = gone || uncounted.contains(&hash);
            if !lost || neighbours.contains(&hash) || self.work_of(document, hash).is_some() {
                continue;
            }
            self.uncount(document, hash, turn);
            if copy.author(&hash) != prefix {
                others.insert(hash);
            } else if let Some(counter) =
                self.receipted_parcel_with(document, hash).filter(|counter| !set_back(counter))
            {
                to_give.push(counter);
            } else if self.aside.values().all(|aside| aside.hash != hash)
                && let Some(raw) = copy.raw(&[hash]).pop()
            {
                let (raw, state) = (Raw(raw), WorkState::Local);
                self.add_work(Work { document, hash, raw, state, replays: 0, sealed: None, waits: 0 }, turn);
            }
        }
        for counter in to_give {
            self.give_back(counter, turn);
        }
        others
    }

    /// Nothing of the document can be given back; work that waited for it is written again.
    fn no_more_to_return(&mut self, document: DocumentId, turn: &mut Turn) {
        self.progress.returns.retain(|id| *id != document);
        turn.progress();
        let waited = self.sync.as_mut().is_some_and(|sync| sync.waits_for_return.remove(&document));
        if waited {
            self.put_up_for_replay(document);
        }
    }

    /// What became of what was given back.
    pub(super) fn take_returned(&mut self, offered: &[Offered], fates: &[DocumentFate], turn: &mut Turn) {
        if offered.is_empty() {
            return;
        }
        let mut left: BTreeSet<DocumentId> = BTreeSet::new();
        let mut taken = false;
        for (index, (document, changes)) in offered.iter().enumerate() {
            // A hub that says nothing of them did not look: they are offered in the next sync.
            let Some(fate) = fates.get(index) else {
                if let Some(sync) = &mut self.sync {
                    sync.offers.insert(*document, UNSETTLED_MAX);
                }
                left.insert(*document);
                continue;
            };
            let fated = fate.runs.iter().flat_map(|run| std::iter::repeat_n(&run.fate, usize::from(run.count)));
            for (change, fate) in changes.iter().zip(fated) {
                match fate {
                    Fate::Applied | Fate::Duplicate => {
                        if self.entries.get(document).is_some_and(|entry| entry.uncounted.contains(change)) {
                            self.count(*document, *change, turn);
                        }
                        taken = true;
                    }
                    Fate::Waiting(_) => drop(left.insert(*document)),
                    Fate::Erased => self.erase(*document, turn),
                    // For a person, or never: not offered again.
                    Fate::Held(_) | Fate::Refused(..) => {}
                }
            }
            for channel in &fate.entered {
                self.enter(*document, channel, turn);
            }
            let open = self.entries.get(document).is_some_and(|entry| !entry.uncounted.is_empty());
            self.note_loose(*document, !open);
        }
        for (document, _) in offered.iter().filter(|(document, _)| !left.contains(document)) {
            self.progress.returns.retain(|id| id != document);
            if let Some(sync) = &mut self.sync {
                sync.waits_for_return.remove(document);
            }
        }
        if let Some(sync) = self.sync.as_mut().filter(|_| taken) {
            sync.moved = true;
            // What waited for it may go now; what waits for something else is offered again after that.
            sync.waits_for_return.clear();
        }
        turn.progress();
    }
}

/// For each item that has some of these changes, oldest first: those of them that no item before it had.
fn proved<'a>(
    document: DocumentId,
    mut left: BTreeSet<ChangeHash>,
    rows: impl Iterator<Item = (&'a (DocumentId, u64), &'a Vec<FedItem>)>,
    copy: &Copy,
) -> Vec<(u64, Returned)> {
    let mut all = Vec::new();
    for ((_, number), items) in rows {
        for item in items {
            let part: Vec<ChangeHash> = item.hashes.iter().filter(|hash| left.contains(hash)).copied().collect();
            let mut raw = Vec::with_capacity(part.len());
            for hash in &part {
                raw.extend(copy.raw(&[*hash]).into_iter().map(Raw));
                left.remove(hash);
            }
            if !part.is_empty() {
                let FedItem { leaf, kind, channel, hashes } = item.clone();
                all.push((*number, Returned { leaf, document, kind, channel, hashes, changes: raw }));
            }
        }
    }
    all
}
