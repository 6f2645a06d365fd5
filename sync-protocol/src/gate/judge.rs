//! Everything that one parcel brings for one document, judged together.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, StoredForm};
use super::inspect::{InspectedChange, inspect};
use super::lineage;
use super::model::{Kind, Projection};
use super::rejection::{Code, Rejection};
use super::trial::{Passed, Start};
use crate::ids::{ActorPrefix, ChangeHash};
use crate::limits::TRIALS_MAX;

/// The fate of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// In the document now.
    Applied,
    /// Was in the document already.
    Duplicate,
    /// Builds on these changes, which the document does not have; not kept.
    Waiting(Vec<ChangeHash>),
    /// Sound bytes of this user, but the document could not take it; to be kept for a person.
    Held(Rejection),
    /// Not readable as this user's change.
    Refused(Rejection),
}

/// What came of a parcel's changes to one document.
#[derive(Debug)]
pub struct Judgement {
    /// One for each given change, in the order given.
    pub verdicts: Vec<Verdict>,
    /// The hash of each given change, in the order given; `None` where no change could be read.
    pub hashes: Vec<Option<ChangeHash>>,
    /// The document as it is to be stored; `None` when nothing was applied.
    pub applied: Option<Applied>,
}

/// A document that took at least one change.
pub struct Applied {
    /// To be stored.
    pub form: StoredForm,
    /// The same document as plain data.
    pub projection: Projection,
    /// The changes that are new in it, each behind those it builds on.
    pub new_hashes: Vec<ChangeHash>,
}

impl std::fmt::Debug for Applied {
    /// Without the contents: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applied")
            .field("form", &self.form)
            .field("new_hashes", &self.new_hashes)
            .finish_non_exhaustive()
    }
}

/// Judges all that one parcel brings for one document, sent under a lease with this actor prefix.
///
/// The order of the changes does not matter. One that is refused or held never keeps another from being applied,
/// except those that build on it. Nothing is queued, nothing is stored, no panic escapes, and `stored` is not touched.
/// Work is bounded by [`TRIALS_MAX`] trials. Needs the stack of a thread that reads eight nested maps (256 KiB).
#[must_use]
pub fn judge(kind: Kind, stored: Option<&StoredForm>, prefix: ActorPrefix, changes: &[Vec<u8>]) -> Judgement {
    let mut bench = Bench::new(changes, prefix);
    let start = Start::new(kind, stored);
    let best = bench.decide(&start);
    let new_hashes: Vec<_> = bench.applied.iter().map(|index| bench.sound[index].hash).collect();
    let applied = best.map(|Passed { form, projection }| Applied { form, projection, new_hashes });
    Judgement { verdicts: bench.verdicts(), hashes: bench.hashes, applied }
}

/// The changes under judgement, by their place in the parcel.
struct Bench {
    hashes: Vec<Option<ChangeHash>>,
    fates: BTreeMap<usize, Verdict>,
    /// Those that can be read and are this user's, each hash once.
    sound: BTreeMap<usize, InspectedChange>,
    /// Later copies of a change, and where the first one is.
    copies: BTreeMap<usize, usize>,
    held: BTreeSet<ChangeHash>,
    applied: Vec<usize>,
}

impl Bench {
    fn new(changes: &[Vec<u8>], prefix: ActorPrefix) -> Self {
        let mut bench = Self {
            hashes: vec![None; changes.len()],
            fates: BTreeMap::new(),
            sound: BTreeMap::new(),
            copies: BTreeMap::new(),
            held: BTreeSet::new(),
            applied: Vec::new(),
        };
        let mut first: BTreeMap<ChangeHash, usize> = BTreeMap::new();
        for (index, bytes) in changes.iter().enumerate() {
            let inspected = match inspect(bytes) {
                Ok(inspected) => inspected,
                Err(rejection) => {
                    bench.fates.insert(index, Verdict::Refused(rejection));
                    continue;
                }
            };
            bench.hashes[index] = Some(inspected.hash);
            if let Some(first) = first.get(&inspected.hash) {
                bench.copies.insert(index, *first);
            } else if let Err(rejection) = lineage::binding(&inspected, prefix) {
                bench.fates.insert(index, Verdict::Refused(rejection));
            } else {
                first.insert(inspected.hash, index);
                bench.sound.insert(index, inspected);
            }
        }
        bench
    }

    fn verdicts(&mut self) -> Vec<Verdict> {
        for (copy, first) in &self.copies {
            let verdict = match &self.fates[first] {
                Verdict::Applied => Verdict::Duplicate,
                other => other.clone(),
            };
            self.fates.insert(*copy, verdict);
        }
        std::mem::take(&mut self.fates).into_values().collect()
    }

    fn hold(&mut self, index: usize, rejection: Rejection) {
        self.held.insert(self.sound[&index].hash);
        self.fates.insert(index, Verdict::Held(rejection));
    }

    /// Tries what can be tried until everything has its fate; the best document that came of it.
    fn decide(&mut self, start: &Start<'_>) -> Option<Passed> {
        let mut best = None;
        // The first so many candidates are known to pass together.
        let mut good = 0;
        let mut trials = 0;
        loop {
            let candidates = self.line_up(&start.history);
            if candidates.len() == good {
                break self.settle(candidates, best);
            }
            let attempt = |count: usize| {
                let changes: Vec<_> = candidates[..count].iter().map(|index| &self.sound[index]).collect();
                start.attempt(&changes)
            };
            let mut bad = candidates.len();
            let mut rejection = match attempt(bad) {
                Ok(passed) => break self.settle(candidates, Some(passed)),
                Err(rejection) => rejection,
            };
            trials += 1;
            // Halve the distance between what passes and what does not: the change between is the culprit.
            while bad - good > 1 && trials < TRIALS_MAX && rejection.code != Code::Stored {
                let middle = good.midpoint(bad);
                trials += 1;
                match attempt(middle) {
                    Ok(passed) => (good, best) = (middle, Some(passed)),
                    Err(found) => (bad, rejection) = (middle, found),
                }
            }
            if rejection.code == Code::Stored {
                candidates.iter().for_each(|index| self.hold(*index, rejection.clone()));
                break None;
            }
            if bad - good == 1 {
                self.hold(candidates[good], rejection);
            }
            if trials >= TRIALS_MAX {
                let detail = format!("parcel: {TRIALS_MAX} trials were made, and this change was not tried by itself");
                for index in
                    candidates[good..].iter().filter(|index| !self.is_held(**index)).copied().collect::<Vec<_>>()
                {
                    self.hold(index, Rejection::new(Code::Untried, detail.clone()));
                }
            }
        }
    }

    fn settle(&mut self, candidates: Vec<usize>, best: Option<Passed>) -> Option<Passed> {
        for index in &candidates {
            self.fates.insert(*index, Verdict::Applied);
        }
        self.applied = candidates;
        best
    }

    /// The changes that may be tried, each behind those it builds on; the others get their fate.
    fn line_up(&mut self, history: &History) -> Vec<usize> {
        let mut history = history.clone();
        let mut candidates = Vec::new();
        let mut open: Vec<usize> = self.sound.keys().copied().filter(|index| !self.is_held(*index)).collect();
        loop {
            let before = open.len();
            open.retain(|index| !self.place(*index, &mut history, &mut candidates));
            if open.len() == before {
                break;
            }
        }
        for index in open {
            let missing = lineage::missing(&self.sound[&index], &history);
            self.fates.insert(index, Verdict::Waiting(missing));
        }
        candidates
    }

    fn is_held(&self, index: usize) -> bool {
        self.held.contains(&self.sound[&index].hash)
    }

    /// Finds the place of one change; false when it has to wait for others.
    fn place(&mut self, index: usize, history: &mut History, candidates: &mut Vec<usize>) -> bool {
        let change = &self.sound[&index];
        if history.contains(&change.hash) {
            self.fates.insert(index, Verdict::Duplicate);
        } else if let Some(held) = change.deps.iter().find(|hash| self.held.contains(hash)) {
            let detail = format!("change: builds on {held}, which is held");
            self.hold(index, Rejection::new(Code::BehindHeld, detail));
        } else if !lineage::missing(change, history).is_empty() {
            return false;
        } else if let Err(rejection) = lineage::check(change, history) {
            self.hold(index, rejection);
        } else {
            history.push(change);
            candidates.push(index);
        }
        true
    }
}
