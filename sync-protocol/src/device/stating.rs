//! Stating: what travels beside the work, committed to by the same manifest.
//!
//! What the device held after the last complete feed, what it supersedes, which documents were shown, for whose key its
//! user vouches, and that it is about to erase itself. Statements go with the next parcel; readings, vouchers and the end
//! also alone. Each is stated until a receipt covers it.

use super::Device;
use super::event::Report;
use super::progress::Vouch;
use super::rows::{Key, Read};
use super::turn::Turn;
use crate::crypto::PublicKey;
use crate::ids::{DocumentId, Salt};
use crate::limits::{MANIFEST_STATEMENTS_MAX, READ_STATEMENT_BYTES, READS_KEPT_MAX, VOUCHES_KEPT_MAX};
use crate::wire::codec::Raw;
use crate::wire::fingerprint::fingerprint;
use crate::wire::manifest::{Stated, Statement};

/// Of the link's batch, the part that readings may take: work comes first.
const READS_PART: u32 = 4;

impl Device {
    /// Documents were shown.
    pub(super) fn shown(&mut self, documents: &[DocumentId], turn: &mut Turn) {
        for document in documents.iter().filter(|id| self.entries.contains_key(id)) {
            let read = self.reads.entry(*document).or_insert(Read { at: turn.now, times: 0, packed: None });
            read.at = turn.now;
            read.times = read.times.saturating_add(1);
            turn.mark(Key::Read(*document));
        }
        while self.reads.len() > READS_KEPT_MAX {
            let oldest = self.reads.iter().min_by_key(|(_, read)| read.at).map(|(id, _)| *id);
            let Some(oldest) = oldest else { break };
            self.reads.remove(&oldest);
            turn.mark(Key::Read(oldest));
        }
    }

    /// The user vouches for a key.
    pub(super) fn vouch(&mut self, key: PublicKey, turn: &mut Turn) {
        let own = self.session.as_ref().is_some_and(|session| session.lease.key == key);
        let reason = if self.session.is_none() {
            "this device is not enrolled yet: enrol it with an invitation"
        } else if key.check().is_err() {
            "this is no device's key: scan it again"
        } else if own {
            "this is this device's own key: somebody else must vouch for it"
        } else if self.progress.vouches.len() >= VOUCHES_KEPT_MAX {
            "too many keys wait to be sent: please sync first"
        } else {
            if self.progress.vouches.iter().all(|vouch| vouch.key != key) {
                self.progress.vouches.push(Vouch { key, parcel: None });
                turn.progress();
            }
            turn.report(Report::Vouched { fingerprint: fingerprint(&key) });
            return;
        };
        turn.report(Report::NotVouched { reason: reason.to_owned() });
    }

    /// Whether there is something to state that does not wait for work.
    pub(super) fn has_to_state(&self) -> bool {
        let open = self.sync.as_ref().is_some_and(|sync| !sync.statements_refused);
        let reads = || self.reads.values().any(|read| read.packed.is_none());
        let vouches = || self.progress.vouches.iter().any(|vouch| vouch.parcel.is_none());
        open && (reads() || vouches() || self.has_to_say_the_end())
    }

    /// Whether everything is receipted and about to be erased, and the hub was not told.
    fn has_to_say_the_end(&self) -> bool {
        let untold = self.progress.wipe.as_ref().is_some_and(|wipe| !wipe.told && wipe.parcel.is_none());
        untold && self.all_receipted()
    }

    /// The statements of the parcel of this counter, which also states that these rows of [`Key::Aside`] are superseded.
    pub(super) fn statements(&mut self, states: &[u64], counter: u64, turn: &mut Turn) -> Vec<Stated> {
        let mut all = self.held_and_superseded(states);
        let end = self.has_to_say_the_end();
        if let Some(wipe) = self.progress.wipe.as_mut().filter(|_| end) {
            wipe.parcel = Some(counter);
            all.push(Statement::WipeDone { at: turn.now });
        }
        for vouch in self.progress.vouches.iter_mut().filter(|vouch| vouch.parcel.is_none()) {
            if all.len() < MANIFEST_STATEMENTS_MAX {
                vouch.parcel = Some(counter);
                all.push(Statement::Vouched { key: vouch.key });
            }
        }
        let budget = self.sync.as_ref().map_or(0, |sync| sync.budget);
        let most = (budget / READS_PART / READ_STATEMENT_BYTES).max(1) as usize;
        let room = MANIFEST_STATEMENTS_MAX.saturating_sub(all.len()).min(most);
        for (document, read) in self.reads.iter_mut().filter(|(_, read)| read.packed.is_none()).take(room) {
            read.packed = Some((counter, read.times));
            turn.mark(Key::Read(*document));
            all.push(Statement::Read { document: *document, at: read.at, times: read.times });
        }
        all.iter()
            .map(|statement| Stated { salt: Salt::new(turn.draw.bytes()), statement: Raw::of(statement) })
            .collect()
    }

    /// What the device held after the last complete feed, and what it supersedes.
    fn held_and_superseded(&self, states: &[u64]) -> Vec<Statement> {
        let Some(log) = self.log() else { return Vec::new() };
        let position = self.progress.read_to;
        let held = self.progress.held.iter().map(|(channel, digest)| Statement::Held {
            log,
            position,
            channel: channel.clone(),
            digest: *digest,
        });
        let superseded = states.iter().filter_map(|sequence| {
            let aside = self.aside.get(sequence)?;
            Some(Statement::Superseded { document: aside.document, change: aside.hash })
        });
        held.take(MANIFEST_STATEMENTS_MAX / 4).chain(superseded).collect()
    }

    /// A receipt covers the statements of this parcel.
    pub(super) fn stated(&mut self, counter: u64, turn: &mut Turn) {
        let covered = self.reads.iter().filter(|(_, read)| read.packed.is_some_and(|(packed, _)| packed == counter));
        for document in covered.map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(read) = self.reads.get_mut(&document) {
                let (_, said) = read.packed.take().unwrap_or_default();
                read.times = read.times.saturating_sub(said);
                if read.times == 0 {
                    self.reads.remove(&document);
                }
                turn.mark(Key::Read(document));
            }
        }
        self.progress.vouches.retain(|vouch| vouch.parcel != Some(counter));
        if let Some(wipe) = self.progress.wipe.as_mut().filter(|wipe| wipe.parcel == Some(counter)) {
            wipe.told = true;
        }
        turn.progress();
    }

    /// The parcel was taken apart before a receipt covered it.
    pub(super) fn unstate(&mut self, counter: u64, turn: &mut Turn) {
        for (document, read) in &mut self.reads {
            if read.packed.take_if(|(packed, _)| *packed == counter).is_some() {
                turn.mark(Key::Read(*document));
            }
        }
        for vouch in &mut self.progress.vouches {
            vouch.parcel.take_if(|packed| *packed == counter);
        }
        if let Some(wipe) = &mut self.progress.wipe {
            wipe.parcel.take_if(|packed| *packed == counter);
        }
        turn.progress();
    }

    /// The hub does not take a parcel of statements alone: they wait for work, and an end need not be told.
    pub(super) fn statements_refused(&mut self, turn: &mut Turn) {
        if let Some(sync) = &mut self.sync {
            sync.statements_refused = true;
        }
        if let Some(wipe) = &mut self.progress.wipe {
            wipe.told = true;
            turn.progress();
        }
    }
}
