//! Repair: when the sums of a channel differ, find the documents that do, and mend both sides.
//!
//! 256 sums go up, by the first byte of the document id; the documents and sums of those that differ come back; what
//! differs is asked for whole. What only this device has goes back with its parcels, or with its proof (`giving`). Nothing
//! is ever dropped here: a document that the hub does not list leaves the channel, its copy stays.

use super::Device;
use super::event::Report;
use super::turn::Turn;
use crate::documents::Kind;
use crate::ids::{Channel, DocumentId};
use crate::limits::REPAIR_BUCKETS;
use crate::wire::answer::Rest;
use crate::wire::digest::Digest;
use crate::wire::exchange::Repair;

impl Device {
    /// Compares the sums at the end of a feed; one channel is repaired at a time, each once in a sync.
    pub(super) fn compare(&mut self, rest: &Rest, turn: &mut Turn) {
        let mine = |channel: &Channel| self.sums.get(channel).copied().unwrap_or_default();
        if rest.channels.iter().zip(&rest.digests).all(|(channel, theirs)| mine(channel) == *theirs) {
            self.forget_proofs_beyond(turn);
            return;
        }
        let Some(sync) = &mut self.sync else { return };
        for (channel, theirs) in rest.channels.iter().zip(&rest.digests) {
            let mine = self.sums.get(channel).copied().unwrap_or_default();
            if mine == *theirs {
                continue;
            }
            if sync.repaired.contains(channel) {
                turn.report(Report::Differs { channel: channel.clone() });
            } else if sync.repair.is_none() {
                sync.repair = Some(channel.clone());
            }
        }
    }

    /// The device's half: a sum for each first byte of a document id.
    pub(super) fn buckets(&mut self, channel: Channel) -> Repair {
        let mut buckets = vec![Digest::EMPTY; REPAIR_BUCKETS];
        for (document, entry) in self.entries.iter().filter(|(_, entry)| entry.channels.contains(&channel)) {
            let bucket = &mut buckets[usize::from(document.as_bytes()[0])];
            *bucket = bucket.plus(entry.sum);
        }
        if let Some(sync) = &mut self.sync {
            sync.repaired.insert(channel.clone());
        }
        Repair { channel, buckets }
    }

    /// The hub's half.
    pub(super) fn take_repair(&mut self, rest: &Rest, turn: &mut Turn) {
        let Some(repair) = &rest.repair else { return };
        let Some(channel) = rest.channels.get(usize::from(repair.channel)) else { return };
        let mut wanted = 0;
        for (document, theirs) in &repair.documents {
            let mine = self.entries.get(document);
            let same = mine.is_some_and(|entry| entry.channels.contains(channel) && entry.sum == *theirs);
            if !same {
                self.want(*document, turn);
                wanted += 1;
            }
        }
        let listed = |document: &DocumentId| repair.documents.iter().any(|(id, _)| id == document);
        let only_here = self.entries.iter().filter(|(document, entry)| {
            entry.kind != Kind::Annex.code()
                && entry.channels.contains(channel)
                && repair.buckets.contains(&document.as_bytes()[0])
                && !listed(document)
        });
        for document in only_here.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.step_out(document, channel, turn);
            let carried = self
                .parcels
                .iter()
                .filter(|(_, info)| info.position.is_some() && info.documents.iter().any(|(id, _)| *id == document));
            let carried: Vec<u64> = carried.map(|(counter, _)| *counter).collect();
            if carried.is_empty() || self.may_return(document) {
                self.put_up_for_return(document, turn);
            }
            for counter in carried {
                self.give_back(counter, turn);
            }
        }
        turn.report(Report::Repaired { channel: channel.clone(), documents: wanted });
    }
}
