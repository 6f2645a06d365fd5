//! Packing: unsent work becomes one signed parcel, stored before it is sent.
//!
//! The counter moves in the batch that stores the parcel. A parcel without a receipt travels again as it is, unless
//! it has become too large for the link: then its work is packed again in smaller ones, and what the hub already has
//! comes back as a duplicate.

use std::collections::BTreeMap;

use super::Device;
use super::exchange::Sync;
use super::rows::{Key, ParcelInfo, WorkState};
use super::turn::Turn;
use crate::documents::Kind;
use crate::ids::{ChangeHash, DocumentId, Salt};
use crate::limits::{
    COURIER_PARCELS_MAX, DOCUMENT_CHANGES_MAX, MANIFEST_DOCUMENTS_MAX, MANIFEST_STATEMENTS_MAX, PARCEL_DOCUMENT_BYTES,
    REQUEST_PARCELS_MAX,
};
use crate::wire::codec::{Raw, to_cbor};
use crate::wire::manifest::{Manifest, Named, Stated, commitment};
use crate::wire::parcel::{Content, Parcel};

/// How many times the link's batch a parcel may be before it is packed again.
const OVERSIZE: u32 = 2;

impl Device {
    /// Whether a parcel waits for its receipt or is to be given back.
    pub(super) fn has_outstanding(&self) -> bool {
        self.parcels.values().any(|info| info.position.is_none() || info.again)
    }

    /// Whether there is work for a new parcel.
    pub(super) fn has_to_pack(&self) -> bool {
        let Some(sync) = &self.sync else { return false };
        self.works.values().any(|work| work.state == WorkState::Local && self.may_pack(sync, work.document))
            || self.has_to_state()
    }

    /// The parcels of the next request, oldest first; packs a new one when none waits.
    pub(super) fn outstanding(&mut self, turn: &mut Turn) -> Vec<u64> {
        let budget = self.sync.as_ref().map_or(0, |sync| sync.budget);
        let too_large = |info: &&ParcelInfo| {
            info.position.is_none() && info.documents.len() > 1 && info.bytes > budget.saturating_mul(OVERSIZE)
        };
        let large: Vec<u64> =
            self.parcels.iter().filter(|(_, info)| too_large(info)).map(|(counter, _)| *counter).collect();
        for counter in large {
            self.unpack(counter, turn);
        }
        let mut bytes = 0u32;
        let waiting = self.parcels.iter().filter(|(_, info)| info.position.is_none() || info.again);
        let fitting = waiting.take_while(|(_, info)| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(info.bytes);
            first || bytes <= budget
        });
        let counters: Vec<u64> = fitting.map(|(counter, _)| *counter).take(REQUEST_PARCELS_MAX).collect();
        if counters.is_empty() { self.pack(turn).into_iter().collect() } else { counters }
    }

    /// All parcels that wait, oldest first, and new ones for all unsent work, as far as there is room: for a file.
    pub(super) fn pack_all(&mut self, room: u32, turn: &mut Turn) -> Vec<u64> {
        let waiting = self.parcels.iter().filter(|(_, info)| info.position.is_none() || info.again);
        let waiting: Vec<(u64, u32)> = waiting.map(|(counter, info)| (*counter, info.bytes)).collect();
        let mut counters: Vec<u64> = Vec::new();
        let mut bytes = 0u32;
        for (counter, size) in waiting {
            bytes = bytes.saturating_add(size);
            if !counters.is_empty() && (bytes > room || counters.len() >= COURIER_PARCELS_MAX) {
                return counters;
            }
            counters.push(counter);
        }
        while bytes < room && counters.len() < COURIER_PARCELS_MAX {
            let Some(counter) = self.pack(turn) else { break };
            bytes = bytes.saturating_add(self.parcels.get(&counter).map_or(0, |info| info.bytes));
            counters.push(counter);
        }
        counters
    }

    /// Packs what the link carries of the unsent work and what is to be stated; `None` when there is neither.
    fn pack(&mut self, turn: &mut Turn) -> Option<u64> {
        let chosen = match self.choose() {
            Some(chosen) => chosen,
            None if self.has_to_state() => BTreeMap::new(),
            None => return None,
        };
        let counter = self.progress.counter + 1;
        let states = self.untold();
        let statements = self.statements(&states, counter, turn);
        let session = self.session.as_ref()?;
        let mut contents = Vec::with_capacity(chosen.len());
        let mut named = Vec::with_capacity(chosen.len());
        let mut documents = Vec::with_capacity(chosen.len());
        for (document, sequences) in &chosen {
            let entry = self.entries.get(document)?;
            // A card opens a case to a site; in a channel of the user's it is open already.
            let card = entry.card.filter(|_| entry.channels.is_empty() && entry.kind == Kind::Case.code());
            let works = sequences.iter().filter_map(|sequence| self.works.get(sequence));
            let (hashes, changes): (Vec<ChangeHash>, Vec<Raw>) =
                works.map(|work| (work.hash, work.raw.clone())).unzip();
            let salt = Salt::new(turn.draw.bytes());
            let commitment = commitment(&salt, *document, entry.kind, &hashes, card.as_ref());
            named.push(Named { document: *document, kind: entry.kind, commitment });
            contents.push(Content { salt, changes, card });
            documents.push((*document, hashes));
        }
        let manifest = Manifest {
            installation: session.lease.installation,
            user: session.lease.user,
            counter,
            previous: self.progress.previous,
            created: turn.now,
            site: self.progress.site.clone().unwrap_or_else(|| session.lease.site.clone()),
            documents: named,
            statements: statements.iter().map(Stated::commitment).collect(),
        };
        let parcel = Parcel::sign(&manifest, contents, statements, &session.key);
        let bytes = to_cbor(&parcel);
        let info = ParcelInfo {
            manifest: parcel.hash(),
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            documents,
            position: None,
            again: false,
            states,
        };
        for sequence in chosen.values().flatten() {
            if let Some(work) = self.works.get_mut(sequence) {
                work.state = WorkState::Packed(counter);
                turn.mark(Key::Work(*sequence));
            }
        }
        self.progress.counter = counter;
        self.progress.previous = Some(info.manifest);
        turn.progress();
        self.parcels.insert(counter, info);
        turn.mark(Key::Parcel(counter));
        turn.put(Key::ParcelBytes(counter), bytes);
        self.packed = Some((counter, parcel));
        Some(counter)
    }

    /// The oldest unsent work up to the budget: at least one change.
    fn choose(&self) -> Option<BTreeMap<DocumentId, Vec<u64>>> {
        let sync = self.sync.as_ref()?;
        let documents_max = sync.parcel_documents.unwrap_or(MANIFEST_DOCUMENTS_MAX);
        let mut chosen: BTreeMap<DocumentId, Vec<u64>> = BTreeMap::new();
        let mut bytes = 0;
        for (sequence, work) in &self.works {
            if work.state != WorkState::Local || !self.may_pack(sync, work.document) {
                continue;
            }
            let beside = if chosen.contains_key(&work.document) { 0 } else { PARCEL_DOCUMENT_BYTES };
            bytes += work.raw.as_ref().len() + beside;
            let full = bytes > sync.budget as usize || (beside > 0 && chosen.len() >= documents_max);
            if full && !chosen.is_empty() {
                break;
            }
            let sequences = chosen.entry(work.document).or_default();
            if sequences.len() < DOCUMENT_CHANGES_MAX {
                sequences.push(*sequence);
            }
        }
        (!chosen.is_empty()).then_some(chosen)
    }

    fn may_pack(&self, sync: &Sync, document: DocumentId) -> bool {
        !sync.replay.contains(&document) && !sync.is_stuck(document) && !sync.waits_for_return.contains(&document)
    }

    /// Superseded changes that the hub was not told of.
    fn untold(&self) -> Vec<u64> {
        let untold = self.aside.iter().filter(|(_, aside)| aside.superseded_by.is_some() && !aside.told);
        untold.map(|(sequence, _)| *sequence).take(MANIFEST_STATEMENTS_MAX / 2).collect()
    }

    /// Takes an unreceipted parcel apart: its work is packed again. A receipted one whose bytes are gone is forgotten.
    pub(super) fn unpack(&mut self, counter: u64, turn: &mut Turn) {
        let Some(info) = self.parcels.remove(&counter) else { return };
        for (document, changes) in &info.documents {
            for sequence in changes.iter().filter_map(|change| self.work_of(*document, *change)).collect::<Vec<_>>() {
                if let Some(work) = self.works.get_mut(&sequence)
                    && work.state == WorkState::Packed(counter)
                {
                    work.state = WorkState::Local;
                    turn.mark(Key::Work(sequence));
                }
            }
        }
        self.unstate(counter, turn);
        turn.mark(Key::Parcel(counter));
        turn.delete(Key::ParcelBytes(counter));
        self.packed.take_if(|(packed, _)| *packed == counter);
    }
}
