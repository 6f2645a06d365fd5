//! Receipts: what became of each change, believed only under the hub's signature.
//!
//! Owns fates and the keeping of parcels until a second copy exists. Which log a receipt is of: `marks`.

use std::collections::BTreeSet;

use super::Device;
use super::event::Report;
use super::rows::{KeptReceipt, Key, ParcelInfo, Standing, Work, WorkState};
use super::turn::Turn;
use crate::documents::Kind;
use crate::ids::{ChangeHash, DocumentId, Hash, Position};
use crate::limits::{RECEIPTS_KEPT_MAX, RETAINED_PARCEL_BYTES_MAX};
use crate::wire::answer::{Answer, DocumentFate, Fate, ParcelReceipt, Receipt};
use crate::wire::codec::to_cbor;

/// Codes of work held for who sent it begin so: later changes hang on it.
const HELD_WHO: &str = "held-who";
/// Codes of a refusal that is about this one parcel, and not about who sent it.
const ABOUT_THE_PARCEL: &str = "parcel-";
/// Old receipts that are forgotten at most when one comes: more than come, so that they never gather.
const RECEIPTS_DROPPED_MAX: usize = 1_024;

impl Device {
    /// Marks a receipted parcel to be sent again; until then its changes do not count.
    pub(super) fn give_back(&mut self, counter: u64, turn: &mut Turn) {
        let Some(info) = self.parcels.get_mut(&counter).filter(|info| info.position.is_some() && !info.again) else {
            return;
        };
        info.again = true;
        turn.mark(Key::Parcel(counter));
        for (document, changes) in info.documents.clone() {
            for change in changes {
                if self.work_of(document, change).is_none() {
                    self.uncount(document, change, turn);
                }
            }
        }
    }

    /// Takes the receipts of an answer.
    ///
    /// # Errors
    /// When a receipt does not fit its parcel; nothing of that parcel is then marked.
    /// `known`: it is of the log that this device knows; what `copied_to` covers is only then what was receipted here.
    pub(super) fn take_receipts(
        &mut self,
        receipt: &Receipt,
        answer: &Answer,
        known: bool,
        turn: &mut Turn,
    ) -> Result<(), String> {
        for parcel in &receipt.parcels {
            let Some(counter) = self.counter_of(parcel.manifest) else { continue };
            match (&parcel.refused, parcel.position) {
                (Some((code, sentence)), _) => self.refused_whole(counter, code, sentence, turn)?,
                (None, Some(position)) => {
                    self.take_receipt(counter, parcel, position, turn)?;
                    let kept = KeptReceipt { receipt: answer.receipt.clone(), signature: answer.signature };
                    turn.put(Key::Receipt(counter), to_cbor(&kept));
                    self.drop_old_receipts(counter, turn);
                    if let Some(sync) = self.sync.as_mut().filter(|_| !known) {
                        sync.receipted_elsewhere.insert(counter);
                    }
                }
                (None, None) => return Err("the hub answered a parcel with neither a position nor a reason".to_owned()),
            }
        }
        if known {
            self.drop_copied(turn);
            self.drop_proofs(turn);
        }
        Ok(())
    }

    /// Forgets the oldest receipts, some in each turn: counters have gaps, since sealed parcels have counters of their own.
    fn drop_old_receipts(&mut self, counter: u64, turn: &mut Turn) {
        let Some(last) = counter.checked_sub(RECEIPTS_KEPT_MAX) else { return };
        for old in (self.progress.receipts_from..=last).take(RECEIPTS_DROPPED_MAX) {
            turn.delete(Key::Receipt(old));
            self.progress.receipts_from = old + 1;
        }
    }

    fn counter_of(&self, manifest: Hash) -> Option<u64> {
        self.parcels.iter().find(|(_, info)| info.manifest == manifest).map(|(counter, _)| *counter)
    }

    fn take_receipt(
        &mut self,
        counter: u64,
        receipt: &ParcelReceipt,
        position: Position,
        turn: &mut Turn,
    ) -> Result<(), String> {
        let Some(info) = self.parcels.get(&counter).cloned() else { return Ok(()) };
        let fits = info.documents.len() == receipt.documents.len()
            && info.documents.iter().zip(&receipt.documents).all(|((_, changes), fate)| {
                changes.len() == fate.runs.iter().map(|run| usize::from(run.count)).sum::<usize>()
            });
        if !fits {
            return Err("the hub's receipt does not fit the parcel that was sent".to_owned());
        }
        let mut applied = 0;
        for ((document, changes), fate) in info.documents.iter().zip(&receipt.documents) {
            applied += self.take_fate(*document, changes, fate, turn);
        }
        for sequence in &info.states {
            if let Some(aside) = self.aside.get_mut(sequence) {
                aside.told = true;
                turn.mark(Key::Aside(*sequence));
            }
        }
        // Given back, and some of it must wait for what goes back of others' work: that is packed anew, since a parcel that
        // a hub has taken has its receipt.
        let waits = |(document, changes): &(DocumentId, Vec<ChangeHash>), fate: &DocumentFate| {
            let is_lost = |change: &ChangeHash| self.work_of(*document, *change).is_none();
            self.progress.returns.contains(document)
                && fate.runs.iter().any(|run| matches!(run.fate, Fate::Waiting(_)))
                && changes.iter().any(is_lost)
        };
        let waits = info.again && info.documents.iter().zip(&receipt.documents).any(|(named, fate)| waits(named, fate));
        if let Some(info) = self.parcels.get_mut(&counter) {
            info.position = Some(position);
            info.again = false;
            turn.mark(Key::Parcel(counter));
        }
        if let Some(sync) = self.sync.as_mut().filter(|_| waits) {
            sync.set_back.insert(counter);
        }
        self.packed.take_if(|(packed, _)| *packed == counter);
        self.stated(counter, turn);
        for (document, _) in &info.documents {
            self.drop_parcels_of_erased(*document, turn);
        }
        if let Some(sync) = &mut self.sync {
            sync.done.receipted += applied;
            sync.moved = true;
        }
        if !info.documents.is_empty() {
            turn.report(Report::Receipted { changes: applied, position });
        }
        Ok(())
    }

    /// One document's fates; says how many changes the hub now has applied.
    pub(super) fn take_fate(
        &mut self,
        document: DocumentId,
        changes: &[ChangeHash],
        fate: &DocumentFate,
        turn: &mut Turn,
    ) -> u32 {
        let fates = fate.runs.iter().flat_map(|run| std::iter::repeat_n(&run.fate, usize::from(run.count)));
        let mut applied = 0;
        for (change, fate) in changes.iter().zip(fates) {
            match fate {
                Fate::Applied | Fate::Duplicate => {
                    let uncounted = self.entries.get(&document).is_some_and(|entry| entry.uncounted.contains(change));
                    if uncounted {
                        self.count(document, *change, turn);
                    }
                    // Given back, and taken this time: the copy was made anew without it.
                    if self.drop_aside(document, *change, turn) {
                        self.want(document, turn);
                    }
                    applied += 1;
                }
                Fate::Held(code) => self.held(document, *change, code, turn),
                Fate::Refused(code, sentence) => self.refused(document, *change, code, sentence, turn),
                Fate::Waiting(deps) => self.must_wait(document, *change, deps, turn),
                Fate::Erased => self.erase(document, turn),
            }
        }
        // What was only given back is no work that could be stuck.
        if self.works_of.contains_key(&document) && fate.runs.iter().any(|run| comes_back(&run.fate)) {
            self.came_back(document);
        }
        for channel in &fate.entered {
            self.enter(document, channel, turn);
        }
        self.close_annex(document, turn);
        self.note_loose(document, applied as usize == changes.len());
        applied
    }

    /// Remembers a document of which the hub has everything and that is in no channel of the user's.
    pub(super) fn note_loose(&mut self, document: DocumentId, all_applied: bool) {
        let loose = self.entries.get(&document).is_some_and(|entry| entry.channels.is_empty());
        if let Some(sync) = self.sync.as_mut().filter(|_| loose && all_applied) {
            sync.loose.insert(document);
        }
    }

    pub(super) fn held(&mut self, document: DocumentId, change: ChangeHash, code: &str, turn: &mut Turn) {
        if let Some(sync) = &mut self.sync {
            sync.done.held += 1;
        }
        let state = if code.starts_with(HELD_WHO) {
            WorkState::HeldWho(code.to_owned())
        } else {
            self.put_up_for_replay(document);
            WorkState::HeldWhat(code.to_owned())
        };
        self.set_state(document, change, state, turn);
        turn.report(Report::Held { document, code: code.to_owned() });
    }

    pub(super) fn refused(
        &mut self,
        document: DocumentId,
        change: ChangeHash,
        code: &str,
        sentence: &str,
        turn: &mut Turn,
    ) {
        self.put_up_for_replay(document);
        self.set_state(document, change, WorkState::Refused(code.to_owned(), sentence.to_owned()), turn);
    }

    /// The hub lacks something that this change needs: it is given back, or asked for and the work written again.
    pub(super) fn must_wait(&mut self, document: DocumentId, change: ChangeHash, deps: &[ChangeHash], turn: &mut Turn) {
        self.set_state(document, change, WorkState::Local, turn);
        let (mut replay, mut neighbour, mut returned) = (false, false, false);
        for dep in deps {
            if let Some(work) = self.work_of(document, *dep).and_then(|sequence| self.works.get(&sequence)) {
                replay |= matches!(work.state, WorkState::Refused(..) | WorkState::HeldWhat(_));
            } else if let Some(counter) = self.receipted_parcel_with(document, *dep) {
                self.give_back(counter, turn);
            } else if self.waits_for_neighbour(document, change, *dep) {
                neighbour = true;
            } else if self.may_return(document) {
                // What this device was fed goes back first, once the hub has shown what it has of it.
                if self.sync.as_ref().is_none_or(|sync| !sync.asked.contains(&document)) {
                    self.want(document, turn);
                }
                self.put_up_for_return(document, turn);
                returned = true;
            } else {
                self.want(document, turn);
                replay = true;
            }
        }
        if returned {
            if let Some(sync) = &mut self.sync {
                sync.waits_for_return.insert(document);
            }
        } else if replay {
            self.put_up_for_replay(document);
        } else if neighbour {
            self.wait_for_neighbour(document, change, turn);
        }
    }

    /// The receipted parcel that carried this change, if it is still kept.
    pub(super) fn receipted_parcel_with(&self, document: DocumentId, change: ChangeHash) -> Option<u64> {
        let holds = |info: &ParcelInfo| {
            info.position.is_some()
                && info.documents.iter().any(|(id, changes)| *id == document && changes.contains(&change))
        };
        self.parcels.iter().find(|(_, info)| holds(info)).map(|(counter, _)| *counter)
    }

    pub(super) fn erase(&mut self, document: DocumentId, turn: &mut Turn) {
        let Some(entry) = self.entries.get(&document).filter(|entry| entry.standing != Standing::Erased) else {
            return;
        };
        for channel in entry.channels.clone() {
            let sum = self.sums.entry(channel).or_default();
            *sum = sum.minus(entry.sum);
        }
        for sequence in self.works_of.get(&document).cloned().unwrap_or_default() {
            self.forget_work(sequence, turn);
        }
        let aside: Vec<u64> =
            self.aside.iter().filter(|(_, aside)| aside.document == document).map(|(sequence, _)| *sequence).collect();
        for sequence in aside {
            self.aside.remove(&sequence);
            turn.mark(Key::Aside(sequence));
            turn.delete(Key::Edits(sequence));
        }
        if let Some(entry) = self.entries.get_mut(&document) {
            entry.channels.clear();
            entry.uncounted.clear();
            entry.neighbours.clear();
            entry.card = None;
            entry.code = None;
            entry.standing = Standing::Erased;
        }
        self.forget_proofs_of(document, turn);
        turn.entry(document);
        turn.delete(Key::Copy(document));
        turn.report(Report::Erased { document });
    }

    /// A kept parcel with an erased document goes once it is receipted; the hub has the rest of it.
    fn drop_parcels_of_erased(&mut self, document: DocumentId, turn: &mut Turn) {
        if self.entries.get(&document).is_none_or(|entry| entry.standing != Standing::Erased) {
            return;
        }
        let named = self.parcels.iter().filter(|(_, info)| info.documents.iter().any(|(id, _)| *id == document));
        let receipted: Vec<u64> = named.filter(|(_, info)| info.position.is_some()).map(|(n, _)| *n).collect();
        for counter in receipted {
            self.unpack(counter, turn);
        }
    }

    /// An annex is readable here only until the hub has all of it.
    pub(super) fn close_annex(&mut self, document: DocumentId, turn: &mut Turn) {
        let works = self.works_of.get(&document).into_iter().flatten().filter_map(|sequence| self.works.get(sequence));
        let unsent = works.filter(|work| !matches!(work.state, WorkState::HeldWho(_))).count() > 0;
        let Some(entry) = self.entries.get_mut(&document) else { return };
        let readable = entry.standing == Standing::Open && entry.channels.is_empty();
        if entry.kind == Kind::Annex.code() && readable && !unsent {
            entry.standing = Standing::Closed;
            turn.entry(document);
            turn.delete(Key::Copy(document));
        }
    }

    /// The whole parcel was refused: about the parcel, it is packed smaller until the one document is found.
    fn refused_whole(&mut self, counter: u64, code: &str, sentence: &str, turn: &mut Turn) -> Result<(), String> {
        let Some(info) = self.parcels.get(&counter).cloned() else { return Ok(()) };
        if info.position.is_some() {
            // Given back and not wanted: kept, but not offered again.
            if let Some(info) = self.parcels.get_mut(&counter) {
                info.again = false;
                turn.mark(Key::Parcel(counter));
            }
            return Ok(());
        }
        self.unpack(counter, turn);
        if !code.starts_with(ABOUT_THE_PARCEL) {
            return Err(format!("{sentence} ({code})"));
        }
        if info.documents.is_empty() {
            self.statements_refused(turn);
        } else if let [(document, changes)] = &info.documents[..] {
            for change in changes {
                self.refused(*document, *change, code, sentence, turn);
            }
        } else if let Some(sync) = &mut self.sync {
            sync.parcel_documents = Some((info.documents.len() / 2).max(1));
        }
        if let Some(sync) = &mut self.sync {
            sync.moved = true;
        }
        Ok(())
    }

    pub(super) fn set_state(&mut self, document: DocumentId, change: ChangeHash, state: WorkState, turn: &mut Turn) {
        if let Some(sequence) = self.work_of(document, change)
            && let Some(work) = self.works.get_mut(&sequence)
        {
            work.state = state;
            let open = work.is_open();
            let sealed = if open { work.sealed } else { work.sealed.take() };
            turn.mark(Key::Work(sequence));
            if !open {
                self.unseal(sequence, sealed, turn);
            } else if sealed.is_none() {
                self.to_seal.insert(sequence);
            }
        }
    }

    /// Work of the document is to be written again.
    pub(super) fn put_up_for_replay(&mut self, document: DocumentId) {
        if let Some(sync) = &mut self.sync {
            sync.replay.insert(document);
        }
    }

    /// Work of the document came back; too often within one sync, and it waits for the next.
    fn came_back(&mut self, document: DocumentId) {
        if let Some(sync) = &mut self.sync {
            let times = sync.unsettled.entry(document).or_default();
            *times = times.saturating_add(1);
        }
    }

    /// Forgets parcels of which a second copy exists, and the oldest beyond what a device keeps; never the last one that
    /// carried work which the hub did not keep.
    fn drop_copied(&mut self, turn: &mut Turn) {
        let copied_to = self.progress.copied_to;
        let open = self.last_with_unkept_work();
        let receipted = self.parcels.iter().filter(|(counter, info)| !info.again && !open.contains(counter));
        let mut kept: Vec<(u64, Position, u64)> =
            receipted.filter_map(|(counter, info)| Some((*counter, info.position?, u64::from(info.bytes)))).collect();
        let mut bytes: u64 = kept.iter().map(|(_, _, bytes)| bytes).sum();
        kept.retain(|(counter, position, size)| {
            let gone = *position <= copied_to || bytes > RETAINED_PARCEL_BYTES_MAX;
            if gone {
                bytes -= size;
                self.parcels.remove(counter);
                turn.mark(Key::Parcel(*counter));
                turn.delete(Key::ParcelBytes(*counter));
            }
            !gone
        });
    }

    /// For each change that the hub did not keep, the last parcel that carried it.
    fn last_with_unkept_work(&self) -> BTreeSet<u64> {
        let unkept = |work: &&Work| !matches!(work.state, WorkState::HeldWho(_));
        let mut open: BTreeSet<(DocumentId, ChangeHash)> =
            self.works.values().filter(unkept).map(|work| (work.document, work.hash)).collect();
        let mut last = BTreeSet::new();
        for (counter, info) in self.parcels.iter().rev() {
            let before = open.len();
            if before == 0 {
                break;
            }
            let carried = info.documents.iter().flat_map(|(id, changes)| changes.iter().map(|hash| (*id, *hash)));
            for change in carried {
                open.remove(&change);
            }
            if open.len() < before {
                last.insert(*counter);
            }
        }
        last
    }

    /// The document is asked for whole in the next request.
    pub(super) fn want(&mut self, document: DocumentId, turn: &mut Turn) {
        if !self.progress.wants.contains(&document) {
            self.progress.wants.push(document);
            turn.progress();
        }
    }
}

/// Whether a change with this fate is not settled: it will be sent again in one form or another.
fn comes_back(fate: &Fate) -> bool {
    match fate {
        Fate::Waiting(_) | Fate::Refused(..) => true,
        Fate::Held(code) => !code.starts_with(HELD_WHO),
        Fate::Applied | Fate::Duplicate | Fate::Erased => false,
    }
}
