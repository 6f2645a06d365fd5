//! The ledger: which changes the hub is known to have, and the sums that follow from it.
//!
//! A change counts once the hub fed it or receipted it as applied. An entry lists what does *not* count
//! (`uncounted`: own work on its way, changes that the hub lost), because that list is nearly always empty. Constants
//! and annexes never count.

use super::Device;
use super::rows::{Entry, Key, Standing, Work};
use super::turn::Turn;
use crate::documents::Kind;
use crate::ids::{ChangeHash, Channel, DocumentId};
use crate::wire::digest::Digest;

impl Entry {
    pub(super) fn new(kind: u8) -> Self {
        Self {
            kind,
            channels: Vec::new(),
            sum: Digest::EMPTY,
            uncounted: Vec::new(),
            card: None,
            code: None,
            standing: Standing::Open,
            neighbours: Vec::new(),
        }
    }
}

impl Device {
    /// Every channel's sum, from the entries.
    pub(super) fn add_up(&mut self) {
        self.sums.clear();
        for entry in self.entries.values() {
            for channel in &entry.channels {
                let sum = self.sums.entry(channel.clone()).or_default();
                *sum = sum.plus(entry.sum);
            }
        }
    }

    /// The hub has this change of the document. Forgets the work that it was, if it was one.
    pub(super) fn count(&mut self, document: DocumentId, change: ChangeHash, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&document) else { return };
        entry.uncounted.retain(|hash| *hash != change);
        entry.neighbours.retain(|hash| *hash != change);
        if entry.kind != Kind::Annex.code() {
            let digest = Digest::of_change(document, change);
            entry.sum = entry.sum.plus(digest);
            for channel in &entry.channels {
                let sum = self.sums.entry(channel.clone()).or_default();
                *sum = sum.plus(digest);
            }
        }
        turn.entry(document);
        if let Some(sequence) = self.work_of(document, change) {
            self.forget_work(sequence, turn);
        }
    }

    /// The hub does not have this change after all; it stays in the copy.
    pub(super) fn uncount(&mut self, document: DocumentId, change: ChangeHash, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&document) else { return };
        if entry.uncounted.contains(&change) {
            return;
        }
        entry.uncounted.push(change);
        if entry.kind != Kind::Annex.code() {
            let digest = Digest::of_change(document, change);
            entry.sum = entry.sum.minus(digest);
            for channel in &entry.channels {
                let sum = self.sums.entry(channel.clone()).or_default();
                *sum = sum.minus(digest);
            }
        }
        turn.entry(document);
    }

    /// The document is in the channel.
    pub(super) fn enter(&mut self, document: DocumentId, channel: &Channel, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&document) else { return };
        if entry.channels.contains(channel) {
            return;
        }
        entry.channels.push(channel.clone());
        entry.channels.sort();
        let sum = self.sums.entry(channel.clone()).or_default();
        *sum = sum.plus(entry.sum);
        turn.entry(document);
    }

    /// The document is no longer in the channel. What the user may no longer read goes, unless work of it is unsent.
    pub(super) fn leave(&mut self, document: DocumentId, channel: &Channel, turn: &mut Turn) {
        self.step_out(document, channel, turn);
        self.close_if_done(document, turn);
    }

    /// The document is no longer in the channel; its copy stays.
    pub(super) fn step_out(&mut self, document: DocumentId, channel: &Channel, turn: &mut Turn) {
        let Some(entry) = self.entries.get_mut(&document) else { return };
        let before = entry.channels.len();
        entry.channels.retain(|other| other != channel);
        if entry.channels.len() == before {
            return;
        }
        let sum = self.sums.entry(channel.clone()).or_default();
        *sum = sum.minus(entry.sum);
        turn.entry(document);
    }

    /// Removes the readable copy of a document that no channel of the user holds, once nothing of it is unsent.
    pub(super) fn close_if_done(&mut self, document: DocumentId, turn: &mut Turn) {
        let unsent = self.works_of.get(&document).is_some_and(|works| !works.is_empty());
        let Some(entry) = self.entries.get(&document) else { return };
        // A change that the hub lost may be the only one left anywhere.
        let open = entry.standing == Standing::Open;
        if open && entry.channels.is_empty() && entry.uncounted.is_empty() && !unsent {
            self.entries.remove(&document);
            self.forget_proofs_of(document, turn);
            turn.entry(document);
            turn.delete(Key::Copy(document));
        }
    }

    pub(super) fn work_of(&self, document: DocumentId, change: ChangeHash) -> Option<u64> {
        let works = self.works_of.get(&document)?;
        works.iter().copied().find(|sequence| self.works.get(sequence).is_some_and(|work| work.hash == change))
    }

    pub(super) fn add_work(&mut self, work: Work, turn: &mut Turn) -> u64 {
        self.progress.sequence += 1;
        let sequence = self.progress.sequence;
        self.works_of.entry(work.document).or_default().insert(sequence);
        self.works.insert(sequence, work);
        self.to_seal.insert(sequence);
        turn.progress();
        turn.mark(Key::Work(sequence));
        sequence
    }

    /// Removes a work and its typed edits.
    pub(super) fn forget_work(&mut self, sequence: u64, turn: &mut Turn) -> Option<Work> {
        let work = self.works.remove(&sequence)?;
        if let Some(works) = self.works_of.get_mut(&work.document) {
            works.remove(&sequence);
            if works.is_empty() {
                self.works_of.remove(&work.document);
            }
        }
        turn.mark(Key::Work(sequence));
        turn.delete(Key::Edits(sequence));
        self.unseal(sequence, work.sealed, turn);
        Some(work)
    }
}
