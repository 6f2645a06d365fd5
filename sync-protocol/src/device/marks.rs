//! Marks: whether the log that answers is the one that this device knows.
//!
//! A hub may come back from an older copy of its folder, or exist twice. Its id does not show it: the chain does. The
//! device keeps the last receipt whole and marks of earlier ones. When another log seems to answer, nothing that was
//! known is given up: the next request shows the marks, and the hub says up to where both know the same log
//! (`Rest::shared`). What was receipted beyond it goes back; never more. Owns this comparison and the marks; what goes
//! back of others' work: `giving`.

use super::Device;
use super::event::Report;
use super::rows::{KeptReceipt, Key};
use super::turn::Turn;
use crate::crypto::Signature;
use crate::ids::{ChainTag, Position};
use crate::limits::MARKS_MAX;
use crate::wire::answer::{Answer, Order, Receipt, Rest};
use crate::wire::codec::{Raw, to_cbor};
use crate::wire::returning::{Mark, Marks};

/// Which log answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnsweringLog {
    /// The one that the request spoke of.
    Same,
    /// One that both sides now agree on up to a position; the request spoke of another.
    Agreed,
    /// Another than this device knows: it shows its marks next.
    Another,
}

impl Device {
    /// Notes which log answers, and what it says of itself. `marked`: the request showed marks.
    pub(super) fn note_log(
        &mut self,
        receipt: &Receipt,
        answer: &Answer,
        rest: &Rest,
        marked: bool,
        turn: &mut Turn,
    ) -> AnsweringLog {
        let other = self.log() != Some(receipt.log)
            || receipt.head < self.progress.head
            || rest.orders.contains(&Order::ShowMarks);
        let log = if marked {
            // A hub that does not know marks says nothing: then nothing is known to be shared.
            let fresh = self.agree(receipt, rest.shared.unwrap_or_default(), turn);
            if fresh { AnsweringLog::Same } else { AnsweringLog::Agreed }
        } else if other {
            if let Some(sync) = &mut self.sync {
                sync.show_marks = !sync.marks_shown;
            }
            return AnsweringLog::Another;
        } else {
            AnsweringLog::Same
        };
        self.note_mark(Mark { position: receipt.head, tag: ChainTag::of(&receipt.chain) });
        self.progress.head = receipt.head;
        self.progress.copied_to = receipt.copied_to;
        let kept = KeptReceipt { receipt: answer.receipt.clone(), signature: answer.signature };
        turn.put(Key::LastReceipt, to_cbor(&kept));
        turn.progress();
        log
    }

    /// Both know the same log up to `shared`: what was receipted beyond it goes back. Whether the request had named no
    /// decision beyond it.
    fn agree(&mut self, receipt: &Receipt, shared: Position, turn: &mut Turn) -> bool {
        if let Some(enrolled) = self.identity.as_mut().and_then(|identity| identity.enrolled.as_mut())
            && enrolled.log != receipt.log
        {
            enrolled.log = receipt.log;
            turn.mark(Key::Identity);
        }
        let elsewhere = self.sync.as_ref().map(|sync| sync.receipted_elsewhere.clone()).unwrap_or_default();
        let beyond = self.parcels.iter().filter(|(counter, info)| {
            info.position.is_some_and(|position| position > shared) && !elsewhere.contains(counter)
        });
        let beyond: Vec<u64> = beyond.map(|(counter, _)| *counter).collect();
        if !beyond.is_empty() || shared < self.progress.head {
            turn.report(Report::GivingBack { parcels: u32::try_from(beyond.len()).unwrap_or(u32::MAX) });
        }
        for counter in beyond {
            self.give_back(counter, turn);
        }
        self.keep_proofs_beyond(shared, turn);
        self.progress.held.clear();
        self.progress.marks.retain(|mark| mark.position <= shared);
        if let Some(sync) = &mut self.sync {
            sync.moved = true;
        }
        self.forget_decisions_after(shared)
    }

    /// Adds the newest mark. Of those that lie about equally far back (as many bits has the distance) the oldest stays: it
    /// is the one that will be far enough for the next.
    fn note_mark(&mut self, newest: Mark) {
        let distance = |mark: &Mark| {
            let bits = u64::BITS - newest.position.0.saturating_sub(mark.position.0).leading_zeros();
            (bits as usize).min(MARKS_MAX - 1)
        };
        self.progress.marks.retain(|mark| mark.position < newest.position);
        self.progress.marks.push(newest);
        self.progress.marks.dedup_by(|later, earlier| distance(later) == distance(earlier));
    }

    /// What this device knows of the log. Without a stored receipt they prove nothing, and the hub shares nothing.
    pub(super) fn marks(&self, stored: Option<KeptReceipt>) -> Option<Marks> {
        let none = KeptReceipt { receipt: Raw::default(), signature: Signature::new([0; 64]) };
        let KeptReceipt { receipt, signature } = stored.unwrap_or(none);
        let earlier = self.progress.marks.iter().rev().copied().collect();
        Some(Marks { log: self.log()?, receipt, signature, earlier })
    }
}
