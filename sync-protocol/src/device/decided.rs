//! Second receipts: what a person decided on work that the hub had held.
//!
//! Applied: the work is done, whether the feed brought it before, brings it later or never does. Rejected: its bytes are
//! kept aside with the reason and not written again; other work that hangs on it is, on what the hub has. A decision may
//! come any number of times and in any order: it says how a change stands, not what to do.

use super::Device;
use super::event::Report;
use super::rows::{Key, Standing, WorkState};
use super::turn::Turn;
use crate::ids::{ChangeHash, DocumentId, Position};
use crate::wire::answer::{Decided, Fate, Rest};

/// What a decision changed on this device for one change.
enum Said {
    Applied,
    Rejected,
    Nothing,
}

impl Device {
    /// Takes the decisions of an answer. `fresh`: the request named the positions of this log.
    pub(super) fn take_decisions(&mut self, rest: &Rest, fresh: bool, turn: &mut Turn) {
        for decided in &rest.decided {
            let fates = decided.runs.iter().map(|run| usize::from(run.count)).sum::<usize>();
            // One that does not fit is passed over, as a document of the feed would be.
            if fates == decided.changes.len() {
                self.take_decision(decided, turn);
            }
        }
        if let Some(position) = rest.decided_to.filter(|_| fresh) {
            self.progress.decided_to = self.progress.decided_to.max(position);
            turn.progress();
        }
        if let Some(sync) = &mut self.sync {
            sync.moved |= !rest.decided.is_empty();
            sync.decisions_again = !fresh;
        }
    }

    /// Another log goes on in place of the old one from there: what was decided after it is told again. Whether the last
    /// request had named a position of both.
    pub(super) fn forget_decisions_after(&mut self, shared: Position) -> bool {
        let fresh = self.progress.decided_to <= shared;
        self.progress.decided_to = self.progress.decided_to.min(shared);
        fresh
    }

    /// Whether decisions are to be asked for again: some work waits for one.
    pub(super) fn has_decisions_to_ask(&self) -> bool {
        self.sync.as_ref().is_some_and(|sync| sync.decisions_again)
            && (self.works.values().any(|work| matches!(work.state, WorkState::HeldWho(_)))
                || self.aside.values().any(|aside| aside.superseded_by.is_none()))
    }

    fn take_decision(&mut self, decided: &Decided, turn: &mut Turn) {
        let document = decided.document;
        let fates = decided.runs.iter().flat_map(|run| std::iter::repeat_n(&run.fate, usize::from(run.count)));
        let (mut applied, mut rejected, mut sentence) = (0, 0, None);
        for (change, fate) in decided.changes.iter().zip(fates) {
            match self.decide(document, *change, fate, turn) {
                Said::Applied => applied += 1,
                Said::Rejected => rejected += 1,
                Said::Nothing => {}
            }
            if let (Fate::Refused(_, why), None) = (fate, &sentence) {
                sentence = Some(why.clone());
            }
        }
        for channel in &decided.entered {
            self.enter(document, channel, turn);
        }
        self.close_annex(document, turn);
        let settled = !self.works_of.contains_key(&document);
        self.note_loose(document, settled);
        if applied + rejected > 0 {
            if let Some(sync) = &mut self.sync {
                sync.done.decided += applied + rejected;
            }
            turn.report(Report::Decided { document, applied, rejected, sentence });
        }
    }

    fn decide(&mut self, document: DocumentId, change: ChangeHash, fate: &Fate, turn: &mut Turn) -> Said {
        let work = self.work_of(document, change);
        match fate {
            Fate::Applied | Fate::Duplicate => {
                let aside = self.drop_aside(document, change, turn);
                if self.entries.get(&document).is_some_and(|entry| entry.uncounted.contains(&change)) {
                    self.count(document, change, turn);
                }
                if let Some(sequence) = self.work_of(document, change) {
                    self.forget_work(sequence, turn);
                }
                if work.is_some() || aside { Said::Applied } else { Said::Nothing }
            }
            Fate::Refused(code, sentence) => self.reject(document, change, code, sentence, turn),
            Fate::Held(code) if work.is_some() => {
                self.held(document, change, code, turn);
                Said::Nothing
            }
            Fate::Waiting(deps) if work.is_some() => {
                self.must_wait(document, change, deps, turn);
                Said::Nothing
            }
            Fate::Erased => {
                self.erase(document, turn);
                Said::Nothing
            }
            Fate::Held(_) | Fate::Waiting(_) => Said::Nothing,
        }
    }

    fn reject(&mut self, document: DocumentId, change: ChangeHash, code: &str, why: &str, turn: &mut Turn) -> Said {
        if let Some(sequence) = self.work_of(document, change) {
            let refused = WorkState::Refused(code.to_owned(), why.to_owned());
            if self.works.get(&sequence).is_some_and(|work| work.state == refused) {
                return Said::Nothing;
            }
            self.set_state(document, change, refused, turn);
            let readable = self.entries.get(&document).is_some_and(|entry| entry.standing == Standing::Open);
            if readable {
                self.put_up_for_replay(document);
            } else {
                self.set_refused_aside(document, turn);
            }
            return Said::Rejected;
        }
        let found = self.aside.iter_mut().find(|(_, aside)| aside.document == document && aside.hash == change);
        match found {
            Some((sequence, aside)) if aside.code != code || aside.sentence != why => {
                aside.code = code.to_owned();
                aside.sentence = why.to_owned();
                turn.mark(Key::Aside(*sequence));
                Said::Rejected
            }
            _ => Said::Nothing,
        }
    }

    /// Forgets the bytes that were kept aside of a change that the hub has applied after all.
    pub(super) fn drop_aside(&mut self, document: DocumentId, change: ChangeHash, turn: &mut Turn) -> bool {
        let found = self.aside.iter().find(|(_, aside)| aside.document == document && aside.hash == change);
        let Some(sequence) = found.map(|(sequence, _)| *sequence) else { return false };
        self.aside.remove(&sequence);
        turn.mark(Key::Aside(sequence));
        true
    }
}
