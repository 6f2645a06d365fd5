//! The sealed outbox: what is recorded is also sealed to the hub, so that whoever has the device can send it.
//!
//! In the batch that stores a work, a parcel of it is stored that is signed by its user and sealed to the hub
//! ([`crate::sealing`]): one for each turn, or several where it would be too large to pass over a bad link. The parcel has
//! a counter of its own. A device that is unlocked never sends it: it packs its work afresh ([`super::pack`]), and what
//! arrives twice is a duplicate. A locked one sends these and nothing else ([`super::locked`]).
//!
//! Open work (local, packed or refused) is in exactly one sealed parcel. The parcel goes when none of its works is open any
//! more: applied, held at the hub, erased, or set aside and, where possible, written and sealed again. A shell keeps these
//! rows outside the user's encryption, and erases them with the rest when the device is to be erased.

use std::collections::BTreeMap;

use super::Device;
use super::rows::{Key, Work, WorkState};
use super::turn::Turn;
use crate::crypto::CryptoError;
use crate::documents::Kind;
use crate::ids::{ChangeHash, DocumentId, Salt};
use crate::limits::{DOCUMENT_CHANGES_MAX, MANIFEST_DOCUMENTS_MAX, SEALED_PARCEL_BYTES};
use crate::sealing::SealingPublic;
use crate::wire::codec::{Raw, to_cbor};
use crate::wire::manifest::{Manifest, Named, commitment};
use crate::wire::parcel::{Content, Parcel, SealedContents};

impl Work {
    /// Whether the hub is not known to have it.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, WorkState::Local | WorkState::Packed(_) | WorkState::Refused(..))
    }
}

impl Device {
    /// Notes which sealed parcels there are, and which work has none: recorded before the hub's key was known.
    pub(super) fn note_sealed(&mut self) {
        for (sequence, work) in &self.works {
            match work.sealed {
                Some(counter) => drop(self.sealed.entry(counter).or_default().insert(*sequence)),
                None if work.is_open() => drop(self.to_seal.insert(*sequence)),
                None => {}
            }
        }
    }

    /// Seals all open work that is in no sealed parcel. Called once, when a turn ends.
    pub(super) fn seal_work(&mut self, turn: &mut Turn) {
        if self.to_seal.is_empty() {
            return;
        }
        let enrolled = self.identity.as_ref().and_then(|identity| identity.enrolled.as_ref());
        let Some(hub) = enrolled.and_then(|enrolled| enrolled.sealing) else { return };
        let open = |sequence: &u64| self.works.get(sequence).is_some_and(Work::is_open);
        let sequences: Vec<u64> = std::mem::take(&mut self.to_seal).into_iter().filter(open).collect();
        let mut rest = &sequences[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.fitting(rest));
            if self.seal_parcel(now, &hub, turn).is_err() {
                // The key was checked when the device was enrolled: its row was damaged. The work itself is kept.
                return;
            }
            rest = later;
        }
    }

    /// How many of these works, oldest first, one sealed parcel takes: at least one.
    fn fitting(&self, sequences: &[u64]) -> usize {
        let mut bytes = 0;
        let mut changes: BTreeMap<DocumentId, usize> = BTreeMap::new();
        let fits = |sequence: &&u64| {
            let Some(work) = self.works.get(sequence) else { return true };
            let first = bytes == 0;
            bytes += work.raw.as_ref().len();
            let count = changes.entry(work.document).or_default();
            *count += 1;
            let room = *count <= DOCUMENT_CHANGES_MAX && changes.len() <= MANIFEST_DOCUMENTS_MAX;
            first || (room && bytes <= SEALED_PARCEL_BYTES)
        };
        sequences.iter().take_while(fits).count().max(1)
    }

    fn seal_parcel(&mut self, sequences: &[u64], hub: &SealingPublic, turn: &mut Turn) -> Result<(), CryptoError> {
        let Some(session) = &self.session else { return Ok(()) };
        let mut chosen: BTreeMap<DocumentId, Vec<&Work>> = BTreeMap::new();
        for work in sequences.iter().filter_map(|sequence| self.works.get(sequence)) {
            chosen.entry(work.document).or_default().push(work);
        }
        let mut contents = SealedContents { documents: Vec::with_capacity(chosen.len()), statements: Vec::new() };
        let mut named = Vec::with_capacity(chosen.len());
        for (document, works) in &chosen {
            let Some(entry) = self.entries.get(document) else { continue };
            // As in a plain parcel: a card opens a case to a site.
            let card = entry.card.filter(|_| entry.channels.is_empty() && entry.kind == Kind::Case.code());
            let (hashes, changes): (Vec<ChangeHash>, Vec<Raw>) =
                works.iter().map(|work| (work.hash, work.raw.clone())).unzip();
            let salt = Salt::new(turn.draw.bytes());
            let commitment = commitment(&salt, *document, entry.kind, &hashes, card.as_ref());
            named.push(Named { document: *document, kind: entry.kind, commitment });
            contents.documents.push(Content { salt, changes, card });
        }
        let counter = self.progress.counter + 1;
        let manifest = Manifest {
            installation: session.lease.installation,
            user: session.lease.user,
            counter,
            previous: self.progress.previous,
            created: turn.now,
            site: self.progress.site.clone().unwrap_or_else(|| session.lease.site.clone()),
            documents: named,
            statements: Vec::new(),
        };
        let parcel = Parcel::seal(&manifest, &contents, &session.key, hub, turn.draw.bytes())?;
        self.progress.counter = counter;
        self.progress.previous = Some(parcel.hash());
        turn.progress();
        for sequence in sequences {
            if let Some(work) = self.works.get_mut(sequence) {
                work.sealed = Some(counter);
                turn.mark(Key::Work(*sequence));
            }
        }
        self.sealed.insert(counter, sequences.iter().copied().collect());
        turn.put(Key::Sealed(counter), to_cbor(&parcel));
        Ok(())
    }

    /// This work is no longer open, or gone: the sealed parcel goes with the last of its works.
    pub(super) fn unseal(&mut self, sequence: u64, counter: Option<u64>, turn: &mut Turn) {
        self.to_seal.remove(&sequence);
        let Some(counter) = counter else { return };
        let Some(works) = self.sealed.get_mut(&counter) else { return };
        works.remove(&sequence);
        if works.is_empty() {
            self.sealed.remove(&counter);
            turn.delete(Key::Sealed(counter));
        }
    }
}
