//! Everything that one parcel brings for one document, judged together.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, StoredForm};
use super::inspect::{InspectedChange, inspect};
use super::lineage;
use super::model::Reading;
use super::rejection::{Code, Rejection};
use super::trial::{self, Passed, Start};
use crate::documents::Kind;
use crate::ids::{ActorPrefix, ChangeHash};
use crate::limits::{TRIAL_OPERATIONS_MAX, TRIALS_MAX};

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
    /// Operations that were merged, saved and loaded for it, failed trials included: what it cost.
    pub work: u64,
    /// The document as it is to be stored; `None` when nothing was applied.
    pub applied: Option<Applied>,
}

/// A document that took at least one change.
pub struct Applied {
    /// To be stored.
    pub form: StoredForm,
    /// The same document as people read it.
    pub reading: Reading,
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
/// Work is bounded by [`TRIALS_MAX`] trials and [`TRIAL_OPERATIONS_MAX`]. 2 MiB of stack are enough.
#[must_use]
pub fn judge(kind: Kind, stored: Option<&StoredForm>, prefix: ActorPrefix, changes: &[Vec<u8>]) -> Judgement {
    let inspected: Vec<_> = changes.iter().map(|bytes| inspect(bytes)).collect();
    judge_inspected(kind, stored, prefix, &inspected)
}

/// [`judge`] for changes that were inspected before, perhaps on another thread.
#[must_use]
pub fn judge_inspected(
    kind: Kind,
    stored: Option<&StoredForm>,
    prefix: ActorPrefix,
    changes: &[Result<InspectedChange, Rejection>],
) -> Judgement {
    judge_bound(kind, stored, Some(prefix), changes)
}

/// [`judge_inspected`] for changes of several authors, of which the hub's own leaf proves that it once took them: each is
/// its actor's.
#[must_use]
pub fn judge_proved(
    kind: Kind,
    stored: Option<&StoredForm>,
    changes: &[Result<InspectedChange, Rejection>],
) -> Judgement {
    judge_bound(kind, stored, None, changes)
}

fn judge_bound(
    kind: Kind,
    stored: Option<&StoredForm>,
    prefix: Option<ActorPrefix>,
    changes: &[Result<InspectedChange, Rejection>],
) -> Judgement {
    let mut bench = Bench::new(changes, prefix);
    let start = Start::new(kind, stored);
    let best = bench.decide(&start);
    let new_hashes: Vec<_> = bench.applied.iter().map(|index| bench.sound[index].hash).collect();
    let applied = best.map(|Passed { form, reading }| Applied { form, reading, new_hashes });
    Judgement { verdicts: bench.verdicts(), hashes: bench.hashes, work: bench.work, applied }
}

/// Applies changes that were applied before, decides nothing: for rebuilding documents from the log. What is there
/// already is passed over. No limit is asked, so that a smaller one never makes what was receipted unreadable.
///
/// # Errors
/// Where the changes no longer apply: the log or this version of the program is at fault.
pub fn reapply(kind: Kind, stored: Option<&StoredForm>, changes: &[Vec<u8>]) -> Result<Applied, Rejection> {
    let (Passed { form, reading }, new_hashes) = trial::repeat(&Start::new(kind, stored), changes)?;
    Ok(Applied { form, reading, new_hashes })
}

/// The changes under judgement, by their place in the parcel.
struct Bench<'a> {
    hashes: Vec<Option<ChangeHash>>,
    fates: BTreeMap<usize, Verdict>,
    /// Those that can be read and are this user's, each hash once.
    sound: BTreeMap<usize, &'a InspectedChange>,
    /// The same, each behind those it builds on.
    order: Vec<usize>,
    /// Later copies of a change, and where the first one is.
    copies: BTreeMap<usize, usize>,
    held: BTreeSet<ChangeHash>,
    applied: Vec<usize>,
    work: u64,
}

impl<'a> Bench<'a> {
    fn new(changes: &'a [Result<InspectedChange, Rejection>], prefix: Option<ActorPrefix>) -> Self {
        let mut bench = Self {
            hashes: vec![None; changes.len()],
            fates: BTreeMap::new(),
            sound: BTreeMap::new(),
            order: Vec::new(),
            copies: BTreeMap::new(),
            held: BTreeSet::new(),
            applied: Vec::new(),
            work: 0,
        };
        let mut first: BTreeMap<ChangeHash, usize> = BTreeMap::new();
        for (index, inspected) in changes.iter().enumerate() {
            let inspected = match inspected {
                Ok(inspected) => inspected,
                Err(rejection) => {
                    bench.fates.insert(index, Verdict::Refused(rejection.clone()));
                    continue;
                }
            };
            bench.hashes[index] = Some(inspected.hash);
            if let Some(first) = first.get(&inspected.hash) {
                bench.copies.insert(index, *first);
            } else if let Err(rejection) = lineage::binding(inspected, prefix) {
                bench.fates.insert(index, Verdict::Refused(rejection));
            } else {
                first.insert(inspected.hash, index);
                bench.sound.insert(index, inspected);
            }
        }
        bench.order = in_order(&bench.sound);
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
            let mut bad = candidates.len();
            let mut rejection = match self.attempt(start, &candidates) {
                Ok(passed) => break self.settle(candidates, Some(passed)),
                Err(rejection) => rejection,
            };
            trials += 1;
            if rejection.code == Code::Stored {
                candidates.iter().for_each(|index| self.hold(*index, rejection.clone()));
                break None;
            }
            let may_go_on = |bench: &Self, trials| trials < TRIALS_MAX && bench.work < TRIAL_OPERATIONS_MAX;
            // Halve the distance between what passes and what does not: the change between is the culprit.
            while bad - good > 1 && may_go_on(self, trials) {
                let middle = good.midpoint(bad);
                trials += 1;
                match self.attempt(start, &candidates[..middle]) {
                    Ok(passed) => (good, best) = (middle, Some(passed)),
                    Err(found) => (bad, rejection) = (middle, found),
                }
            }
            if bad - good == 1 {
                self.hold(candidates[good], rejection);
            }
            if !may_go_on(self, trials) {
                let open: Vec<_> = candidates[good..].iter().copied().filter(|index| !self.is_held(*index)).collect();
                for index in open {
                    let detail =
                        format!("parcel: {trials} trials failed before, and this change was not tried by itself");
                    self.hold(index, Rejection::new(Code::Untried, detail));
                }
            }
        }
    }

    fn attempt(&mut self, start: &Start<'_>, candidates: &[usize]) -> Result<Passed, Rejection> {
        let changes: Vec<_> = candidates.iter().map(|index| self.sound[index]).collect();
        self.work += start.history.operations() + changes.iter().map(|change| change.operations.count).sum::<u64>();
        start.attempt(&changes)
    }

    fn settle(&mut self, candidates: Vec<usize>, best: Option<Passed>) -> Option<Passed> {
        for index in &candidates {
            self.fates.insert(*index, Verdict::Applied);
        }
        self.applied = candidates;
        best
    }

    /// The changes that may be tried, each behind those it builds on; the others get the fate that they have as long as
    /// all of these pass.
    fn line_up(&mut self, history: &History) -> Vec<usize> {
        let mut line = Line { history: history.clone(), held: self.held.clone(), candidates: Vec::new() };
        for index in &self.order {
            if !self.is_held(*index)
                && let Some(fate) = line.place(*index, self.sound[index])
            {
                self.fates.insert(*index, fate);
            }
        }
        line.candidates
    }

    fn is_held(&self, index: usize) -> bool {
        self.held.contains(&self.sound[&index].hash)
    }
}

/// Changes that may be tried together, in order.
struct Line {
    history: History,
    held: BTreeSet<ChangeHash>,
    candidates: Vec<usize>,
}

impl Line {
    /// Finds the place of one change; a fate when it has none in this line.
    fn place(&mut self, index: usize, change: &InspectedChange) -> Option<Verdict> {
        if self.history.contains(&change.hash) {
            return Some(Verdict::Duplicate);
        }
        let rejection = if let Some(held) = change.deps.iter().find(|hash| self.held.contains(hash)) {
            Rejection::new(Code::BehindHeld, format!("change: builds on {held}, which is held"))
        } else {
            let missing = lineage::missing(change, &self.history);
            if !missing.is_empty() {
                return Some(Verdict::Waiting(missing));
            }
            match lineage::check(change, &self.history) {
                Err(rejection) => rejection,
                Ok(()) => {
                    self.history.push(change);
                    self.candidates.push(index);
                    return None;
                }
            }
        };
        self.held.insert(change.hash);
        Some(Verdict::Held(rejection))
    }
}

/// The changes in an order in which each stands behind those of them that it builds on, else as they came.
fn in_order(sound: &BTreeMap<usize, &InspectedChange>) -> Vec<usize> {
    let places: BTreeMap<ChangeHash, usize> = sound.iter().map(|(index, change)| (change.hash, *index)).collect();
    let mut waits_for: BTreeMap<usize, usize> = BTreeMap::new();
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, change) in sound {
        let before: Vec<_> = change.deps.iter().filter_map(|dep| places.get(dep)).collect();
        waits_for.insert(*index, before.len());
        before.into_iter().for_each(|dep| followers.entry(*dep).or_default().push(*index));
    }
    let mut ready: BTreeSet<usize> =
        waits_for.iter().filter(|(_, count)| **count == 0).map(|(index, _)| *index).collect();
    let mut order = Vec::with_capacity(sound.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for follower in followers.remove(&index).unwrap_or_default() {
            let count = waits_for.entry(follower).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                ready.insert(follower);
            }
        }
    }
    order
}
