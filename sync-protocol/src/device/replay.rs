//! Replay: work that the hub did not take is written again, by a fresh actor, on the document as the hub has it.
//!
//! The old bytes are kept aside. A change refused for how it was written (its sequence number, what it hangs on) goes
//! through the second time; one refused for what it says fails again and waits for a person, without stopping the
//! work that came after it.

use std::collections::{BTreeMap, BTreeSet};

use super::Device;
use super::copy::Copy;
use super::event::Report;
use super::exchange::Waiting;
use super::rows::{Aside, EditsRow, Key, Work, WorkState};
use super::turn::Turn;
use crate::documents::{Edit, EditError, Kind};
use crate::ids::{ChangeHash, DocumentId};
use crate::limits::REPLAYS_MAX;
use crate::wire::answer::DECIDED_REJECTED;
use crate::wire::codec::{Raw, from_cbor};

/// The code of a change that is held only because the one before it is.
const BEHIND_HELD: &str = "gate-behind-held";
/// Why a change that is held for what it says is not written again.
const FOR_A_PERSON: &str = "a person must decide at the hub";

impl Device {
    /// Documents with work that an earlier sync left to be replayed.
    pub(super) fn unsettled_documents(&self) -> BTreeSet<DocumentId> {
        let unsettled = |work: &&Work| matches!(work.state, WorkState::Refused(..) | WorkState::HeldWhat(_));
        self.works.values().filter(unsettled).map(|work| work.document).collect()
    }

    /// The next document to be replayed: nothing of it is on its way up or down.
    pub(super) fn next_replay(&self) -> Option<DocumentId> {
        let sync = self.sync.as_ref()?;
        let ready = |document: &&DocumentId| {
            let packed = self.works_of(**document).any(|work| matches!(work.state, WorkState::Packed(_)));
            !packed && !sync.is_stuck(**document) && !self.progress.wants.contains(document)
        };
        sync.replay.iter().find(ready).copied()
    }

    pub(super) fn start_replay(&mut self, document: DocumentId, turn: &mut Turn) {
        let works = self.works_of.get(&document).into_iter().flatten();
        turn.load(std::iter::once(Key::Copy(document)).chain(works.map(|sequence| Key::Edits(*sequence))).collect());
        self.waiting = Some(Waiting::Replay(document));
    }

    pub(super) fn replay(&mut self, document: DocumentId, rows: &[(Key, Option<Vec<u8>>)], turn: &mut Turn) {
        if let Some(sync) = &mut self.sync {
            sync.replay.remove(&document);
            sync.moved = true;
        }
        let kind = self.entries.get(&document).and_then(|entry| Kind::from_code(entry.kind));
        let stored = rows.iter().find_map(|(key, bytes)| (*key == Key::Copy(document)).then_some(bytes.as_ref()?));
        let (Some(kind), Some(stored)) = (kind, stored) else {
            self.set_refused_aside(document, turn);
            return;
        };
        let Ok(old) = Copy::load(kind, stored) else {
            turn.report(Report::Unreadable { document });
            self.want(document, turn);
            return;
        };
        let edits: BTreeMap<u64, EditsRow> = rows
            .iter()
            .filter_map(|(key, bytes)| match key {
                Key::Edits(sequence) => Some((*sequence, from_cbor(bytes.as_ref()?).ok()?)),
                _ => None,
            })
            .collect();
        self.rebuild(document, &old, &edits, turn);
    }

    /// Writes the document's open work again on what the hub has.
    fn rebuild(&mut self, document: DocumentId, old: &Copy, edits: &BTreeMap<u64, EditsRow>, turn: &mut Turn) {
        let (again, redone) = self.to_write_again(document, old);
        let own: BTreeSet<ChangeHash> = self.works_of(document).map(|work| work.hash).collect();
        let uncounted = self.entries.get(&document).map(|entry| entry.uncounted.clone()).unwrap_or_default();
        // Others' changes that the hub lost: kept in the copy, nothing new is hung on them.
        let surplus: Vec<ChangeHash> = uncounted.iter().filter(|hash| !own.contains(hash)).copied().collect();
        let hub_has: BTreeSet<ChangeHash> =
            old.hashes().into_iter().filter(|hash| !redone.contains(hash) && !surplus.contains(hash)).collect();
        let Ok(mut copy) = old.only(&hub_has) else {
            turn.report(Report::Unreadable { document });
            return;
        };
        if let Some(session) = &mut self.session {
            session.renew_actor(turn);
        }
        if let Some(entry) = self.entries.get_mut(&document) {
            entry.uncounted.retain(|hash| !redone.contains(hash));
        }
        let mut written: BTreeMap<ChangeHash, ChangeHash> = BTreeMap::new();
        for sequence in again {
            let Some(work) = self.forget_work(sequence, turn) else { continue };
            let new = self.write_again(&work, edits.get(&sequence), old, &mut copy, &written, turn);
            if let Some(new) = new {
                written.insert(work.hash, new);
            }
        }
        let plain = copy.doc.clone();
        let raw = old.raw(&surplus);
        if copy.merge(&raw.iter().map(Vec::as_slice).collect::<Vec<_>>()).is_err() {
            copy.doc = plain;
        }
        turn.entry(document);
        turn.put(Key::Copy(document), copy.save());
        turn.report(Report::Replayed { document, changes: u32::try_from(written.len()).unwrap_or(u32::MAX) });
    }

    /// The works of a document that are written again, oldest first, and their changes: all but those that a person at the
    /// hub still has to let in. Of these, what hangs on another that is written again cannot be let in any more.
    fn to_write_again(&self, document: DocumentId, old: &Copy) -> (Vec<u64>, BTreeSet<ChangeHash>) {
        let works =
            || self.works_of.get(&document).into_iter().flatten().filter_map(|n| Some((*n, self.works.get(n)?)));
        let open = |work: &Work| !matches!(work.state, WorkState::HeldWho(_));
        let mut redone: BTreeSet<ChangeHash> =
            works().filter(|(_, work)| open(work)).map(|(_, work)| work.hash).collect();
        for (_, work) in works() {
            if old.deps(&work.hash).iter().any(|dep| redone.contains(dep)) {
                redone.insert(work.hash);
            }
        }
        (works().filter(|(_, work)| redone.contains(&work.hash)).map(|(n, _)| n).collect(), redone)
    }

    /// There is no copy to write on: what was not accepted is kept aside as it is.
    pub(super) fn set_refused_aside(&mut self, document: DocumentId, turn: &mut Turn) {
        for sequence in self.works_of.get(&document).cloned().unwrap_or_default() {
            let state = self.works.get(&sequence).map(|work| work.state.clone());
            let (code, sentence) = match state {
                Some(WorkState::Refused(code, sentence)) => (code, sentence),
                Some(WorkState::HeldWhat(code)) => (code, FOR_A_PERSON.to_owned()),
                _ => continue,
            };
            if let Some(work) = self.forget_work(sequence, turn) {
                if let Some(entry) = self.entries.get_mut(&document) {
                    entry.uncounted.retain(|hash| *hash != work.hash);
                    turn.entry(document);
                }
                self.set_aside(&work, code, sentence, None, turn);
            }
        }
    }

    /// Writes one work again, or sets it aside; says which change it became.
    fn write_again(
        &mut self,
        work: &Work,
        row: Option<&EditsRow>,
        old: &Copy,
        copy: &mut Copy,
        written: &BTreeMap<ChangeHash, ChangeHash>,
        turn: &mut Turn,
    ) -> Option<ChangeHash> {
        let (code, sentence) = match &work.state {
            WorkState::Refused(code, sentence) => (code.clone(), sentence.clone()),
            WorkState::HeldWhat(code) => (code.clone(), FOR_A_PERSON.to_owned()),
            WorkState::HeldWho(code) => (code.clone(), "the work that it hung on was not accepted".to_owned()),
            _ => (String::new(), String::new()),
        };
        let refused = matches!(work.state, WorkState::Refused(..));
        let for_a_person = matches!(&work.state, WorkState::HeldWhat(code) if code != BEHIND_HELD)
            || matches!(&work.state, WorkState::Refused(code, _) if code == DECIDED_REJECTED);
        if for_a_person || (refused && work.replays >= REPLAYS_MAX) {
            self.set_aside(work, code, sentence, None, turn);
            return None;
        }
        let edits: Option<Vec<Edit>> = row.and_then(|row| serde_json::from_slice(row.edits.as_ref()).ok());
        let (Some(row), Some(edits), Some(session)) = (row, edits, self.session.as_mut()) else {
            self.set_aside(work, "device-edits".to_owned(), "its typed edits cannot be read".to_owned(), None, turn);
            return None;
        };
        let shown = common_heads(&row.shown, old, copy, written);
        match session.commit(copy, &shown, row.at, &edits, turn) {
            Ok(committed) => {
                let replays = work.replays + u8::from(refused);
                let new = Work {
                    document: work.document,
                    hash: committed.hash,
                    raw: Raw(committed.raw),
                    state: WorkState::Local,
                    replays,
                    sealed: None,
                    waits: 0,
                };
                self.keep_work(new, shown, &edits, row.at, turn);
                if !matches!(work.state, WorkState::Local | WorkState::Packed(_)) {
                    self.set_aside(work, code, sentence, Some(committed.hash), turn);
                }
                Some(committed.hash)
            }
            // Everything that it said stands there already.
            Err(EditError::NothingChanged) => None,
            Err(error) => {
                self.set_aside(work, error.code().to_owned(), error.to_string(), None, turn);
                None
            }
        }
    }

    fn set_aside(
        &mut self,
        work: &Work,
        code: String,
        sentence: String,
        superseded_by: Option<ChangeHash>,
        turn: &mut Turn,
    ) {
        if superseded_by.is_none() {
            if let Some(sync) = &mut self.sync {
                sync.done.refused += 1;
            }
            let (code, sentence) = (code.clone(), sentence.clone());
            turn.report(Report::Refused { document: work.document, code, sentence });
        }
        self.progress.sequence += 1;
        let sequence = self.progress.sequence;
        let (document, hash, raw) = (work.document, work.hash, work.raw.clone());
        self.aside.insert(sequence, Aside { document, hash, raw, code, sentence, superseded_by, told: false });
        turn.mark(Key::Aside(sequence));
        turn.progress();
    }
}

/// The heads that were shown, as far as the new copy has them: a change written again stands for the old one, one
/// that is gone for what it hung on.
fn common_heads(
    shown: &[ChangeHash],
    old: &Copy,
    copy: &Copy,
    written: &BTreeMap<ChangeHash, ChangeHash>,
) -> Vec<ChangeHash> {
    let mut todo: Vec<ChangeHash> = shown.to_vec();
    let mut seen: BTreeSet<ChangeHash> = BTreeSet::new();
    let mut heads: BTreeSet<ChangeHash> = BTreeSet::new();
    while let Some(hash) = todo.pop() {
        if !seen.insert(hash) {
            continue;
        }
        if let Some(new) = written.get(&hash) {
            heads.insert(*new);
        } else if copy.has(&hash) {
            heads.insert(hash);
        } else {
            todo.extend(old.deps(&hash));
        }
    }
    if heads.is_empty() { copy.heads() } else { heads.into_iter().collect() }
}
