//! The merge rules that need more than a value a field: what stands among entries that were made side by side.
//!
//! Order is causality, never a clock: an entry comes after another when its change had seen the other's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::date::Date;
use super::history::History;
use super::schema::case::CONSENT_DECISIONS;
use super::tree::{EntryNode, GroupNode, Slot};
use super::value::{Answer, Value};
use crate::limits::OUTCOME_STEPS_MAX;

named! {
    /// Whether an entry counts.
    pub enum Standing {
        /// It counts.
        Stands = "stands",
        /// It was voided.
        Voided = "voided",
        /// It was voided while somebody else worked on it: it counts until decided.
        Disputed = "disputed",
    }
}

/// What holds for one purpose of consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentStanding {
    /// The purpose.
    pub purpose: String,
    /// Towards whom, for a referral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `granted`, `refused` or `withdrawn`.
    pub decision: String,
    /// The entries that nobody has superseded: a new decision names them.
    pub entries: Vec<String>,
    /// Until when, the earliest of what stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Date>,
    /// Whether decisions that stand side by side differ.
    pub conflict: bool,
}

/// What dated steps come to: of a case's outcome, of a referral.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OutcomeStanding {
    /// The step that holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whether follow-ups and calls stop.
    pub stopped: bool,
    /// Entries made side by side with a step that stops: a person must look.
    pub side_by_side: Vec<String>,
}

/// Whether an entry counts. With a decision that had seen void and work, as decided.
pub(crate) fn standing(history: &History, entry: &EntryNode) -> Standing {
    let Some(void) = entry.slot("void").filter(|slot| !slot.found.is_empty()) else { return Standing::Stands };
    let voids: Vec<usize> = void.found.iter().map(|found| found.change).collect();
    let work: BTreeSet<usize> = entry.written_by().collect();
    if let Some(decided) = entry.slot("decided").and_then(|slot| decision(history, slot, &voids, &work)) {
        return decided;
    }
    let voids_seen: Vec<_> = voids.iter().map(|void| history.seen_by(*void)).collect();
    let unseen = work.iter().any(|work| !voids_seen.iter().any(|seen| seen.contains(*work)));
    if unseen { Standing::Disputed } else { Standing::Voided }
}

fn decision(history: &History, slot: &Slot, voids: &[usize], work: &BTreeSet<usize>) -> Option<Standing> {
    let (answer, change, conflict) = slot.chosen()?;
    let seen = history.seen_by(change);
    let saw_all = voids.iter().chain(work).all(|change| seen.contains(*change));
    let stands = matches!(&answer, Answer::Value(Value::Text(text)) if text == "stands");
    let decided = if stands { Standing::Stands } else { Standing::Voided };
    (saw_all && !conflict).then_some(decided)
}

/// Consent by purpose. An entry stands until another names it; among those that stand the most restrictive wins.
pub(crate) fn consents(node: &GroupNode, history: &History) -> Vec<ConsentStanding> {
    let counted = || node.entries.iter().filter(|entry| standing(history, entry) != Standing::Voided);
    let mut superseded: BTreeSet<(String, String)> = BTreeSet::new();
    for entry in counted() {
        let over = entry.slot("over").and_then(Slot::chosen);
        if let Some((Answer::Value(Value::Entries(ids)), ..)) = over {
            superseded.extend(ids.iter().map(|id| (entry.text("purpose").unwrap_or_default(), id.to_string())));
        }
    }
    let mut purposes: BTreeMap<(String, Option<String>), Vec<&EntryNode>> = BTreeMap::new();
    for entry in counted() {
        let purpose = entry.text("purpose").unwrap_or_default();
        if !superseded.contains(&(purpose.clone(), entry.key.clone())) {
            purposes.entry((purpose, entry.text("to"))).or_default().push(entry);
        }
    }
    purposes.into_iter().map(|((purpose, to), entries)| consent(purpose, to, &entries)).collect()
}

fn consent(purpose: String, to: Option<String>, entries: &[&EntryNode]) -> ConsentStanding {
    // A field given twice over, or one that cannot be read, is taken at its most restrictive.
    let strictest = CONSENT_DECISIONS.len() - 1;
    let rank = |entry: &EntryNode| {
        let answers = entry.slot("decision").map(Slot::answers).unwrap_or_default();
        let ranks = answers.iter().map(|(answer, _)| match answer {
            Answer::Value(Value::Text(text)) => CONSENT_DECISIONS.iter().position(|d| d == text).unwrap_or(strictest),
            _ => strictest,
        });
        ranks.max().unwrap_or(strictest)
    };
    let ranks: BTreeSet<usize> = entries.iter().map(|entry| rank(entry)).collect();
    let decision = CONSENT_DECISIONS[ranks.last().copied().unwrap_or(strictest)].to_owned();
    let expiry =
        entries.iter().filter_map(|entry| entry.text("expiry")?.parse().ok()).min_by_key(|d: &Date| d.last_day());
    let mut keys: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    keys.sort();
    ConsentStanding { purpose, to, decision, entries: keys, expiry, conflict: ranks.len() > 1 }
}

/// The steps that no later one has seen, and among them the one that stops most. `known`: every step, the one that stops
/// most first, and how many of them stop.
pub(crate) fn outcome(node: &GroupNode, history: &History, known: (&[&str], usize)) -> OutcomeStanding {
    let (names, stopping) = known;
    let steps: Vec<(&EntryNode, usize)> = node
        .entries
        .iter()
        .filter(|entry| standing(history, entry) != Standing::Voided)
        .filter_map(|entry| {
            let step = entry.text("step")?;
            Some((entry, names.iter().position(|known| *known == step)?))
        })
        .take(OUTCOME_STEPS_MAX)
        .collect();
    let seen: Vec<_> = steps.iter().map(|(entry, _)| history.seen_by(entry.made)).collect();
    // Of two steps in one change neither comes first: then the one that stops more counts.
    let after = |later: usize, earlier: usize| {
        let (later_made, earlier_made) = (steps[later].0.made, steps[earlier].0.made);
        later_made != earlier_made && seen[later].contains(earlier_made)
    };
    let latest = (0..steps.len()).filter(|this| (0..steps.len()).all(|other| !after(other, *this)));
    let Some(rank) = latest.map(|this| steps[this].1).min() else { return OutcomeStanding::default() };
    let stops = |step: usize| steps[step].1 < stopping;
    let mut side_by_side: Vec<String> = (0..steps.len())
        .filter(|this| {
            !stops(*this)
                && (0..steps.len()).any(|other| {
                    stops(other)
                        && steps[other].0.made != steps[*this].0.made
                        && !after(other, *this)
                        && !after(*this, other)
                })
        })
        .map(|this| steps[this].0.key.clone())
        .collect();
    side_by_side.sort();
    OutcomeStanding { step: Some(names[rank].to_owned()), stopped: rank < stopping, side_by_side }
}
