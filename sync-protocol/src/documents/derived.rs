//! What the merge rules make of a document's groups, and what others ask of that.
//!
//! A part of the [projection](super::project); the rules themselves stand in `rules.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Kind;
use super::project::{GroupView, Projection};
use super::rules::{self, ConsentStanding, OutcomeStanding, Standing};
use super::schema::Rule;
use super::schema::case::{OUTCOME_STEPS, OUTCOME_STOPS};
use super::schema::link::VERDICTS;
use super::schema::referral::{REFERRAL_STEPS, REFERRAL_STOPS};
use super::tree::{Slot, Tree};
use super::value::Value;
use crate::ids::PartnerCode;

/// The purpose of a case's consent that is about telling a partner.
const REFERRAL_PURPOSE: &str = "referral";

/// What the merge rules make of the groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Derived {
    /// Of a case.
    Case {
        /// What holds for each purpose.
        consent: Vec<ConsentStanding>,
        /// Where the person stands.
        outcome: OutcomeStanding,
    },
    /// Of a movement.
    Movement {
        /// The clerks' tallies, summed.
        counted: BTreeMap<&'static str, i64>,
        /// Expected and not arrived.
        absent: BTreeSet<String>,
        /// Arrived and not expected.
        unlisted: BTreeSet<String>,
        /// Boarded and not arrived.
        not_arrived: BTreeSet<String>,
    },
    /// Of a link.
    Link {
        /// `same`, `different` or `unsure`: the most careful of those that stand side by side.
        verdict: String,
    },
    /// Of a referral.
    Referral {
        /// Where it stands.
        status: OutcomeStanding,
        /// Whether the person has withdrawn the consent: of values that stand side by side the most restrictive.
        consent_withdrawn: bool,
    },
    /// Of the other kinds.
    Nothing {},
}

impl Derived {
    pub(super) fn of(kind: Kind, tree: &Tree, groups: &BTreeMap<&'static str, GroupView>) -> Self {
        match kind {
            Kind::Case => Derived::Case {
                consent: tree.group("consent").map(|node| rules::consents(node, &tree.history)).unwrap_or_default(),
                outcome: steps(tree, "outcome", (OUTCOME_STEPS, OUTCOME_STOPS)),
            },
            Kind::Movement => {
                let members = |key: &str| -> BTreeSet<String> {
                    match groups.get(key) {
                        Some(GroupView::Fields(fields)) => fields.keys().cloned().collect(),
                        _ => BTreeSet::new(),
                    }
                };
                let (expected, boarded, arrived) = (members("expected"), members("boarded"), members("arrived"));
                Derived::Movement {
                    counted: tally(tree, groups),
                    absent: expected.difference(&arrived).cloned().collect(),
                    unlisted: arrived.difference(&expected).cloned().collect(),
                    not_arrived: boarded.difference(&arrived).cloned().collect(),
                }
            }
            Kind::Link => {
                let slot = tree.group("link").and_then(|node| node.slots.iter().find(|slot| slot.key == "verdict"));
                let answers = slot.map(Slot::answers).unwrap_or_default();
                let ranks = answers.iter().map(|(answer, _)| {
                    let text = answer.value().and_then(Value::as_text);
                    text.and_then(|text| VERDICTS.iter().position(|verdict| *verdict == text)).unwrap_or(0)
                });
                Derived::Link { verdict: VERDICTS[ranks.min().unwrap_or(0)].to_owned() }
            }
            Kind::Referral => Derived::Referral {
                status: steps(tree, "status", (REFERRAL_STEPS, REFERRAL_STOPS)),
                consent_withdrawn: is_given(tree, "consent", "withdrawn"),
            },
            Kind::Household | Kind::Annex => Derived::Nothing {},
        }
    }

    /// The group of dated steps and what they come to, for the kinds that have one.
    pub(super) fn steps(&self) -> Option<(&'static str, &OutcomeStanding)> {
        match self {
            Self::Case { outcome, .. } => Some(("outcome", outcome)),
            Self::Referral { status, .. } => Some(("status", status)),
            _ => None,
        }
    }
}

fn steps(tree: &Tree, group: &str, known: (&[&str], usize)) -> OutcomeStanding {
    tree.group(group).map(|node| rules::outcome(node, &tree.history, known)).unwrap_or_default()
}

/// Whether any of the values of a field that stand side by side says something; one that cannot be read does.
fn is_given(tree: &Tree, group: &str, key: &str) -> bool {
    let slot = tree.group(group).and_then(|node| node.slots.iter().find(|slot| slot.key == key));
    slot.is_some_and(|slot| {
        let silent = slot.answers().iter().filter(|(answer, _)| !answer.informs()).count();
        slot.found.len() > silent
    })
}

fn tally(tree: &Tree, groups: &BTreeMap<&'static str, GroupView>) -> BTreeMap<&'static str, i64> {
    let Some(node) = tree.groups.iter().find(|node| node.group.rule == Rule::Tally) else { return BTreeMap::new() };
    let Some(GroupView::Entries(entries)) = groups.get(node.group.key) else { return BTreeMap::new() };
    let counted = || entries.iter().filter(|entry| entry.standing != Standing::Voided);
    let sum = |key: &str| {
        let numbers = counted().filter_map(|entry| entry.fields.get(key)?.value.value()?.as_number());
        numbers.fold(0_i64, i64::saturating_add)
    };
    node.group.fields.iter().map(|field| (field.key, sum(field.key))).collect()
}

impl Projection {
    /// Where the person stands, for a case.
    #[must_use]
    pub fn outcome(&self) -> Option<&OutcomeStanding> {
        if let Derived::Case { outcome, .. } = &self.derived { Some(outcome) } else { None }
    }

    /// What holds for each purpose, for a case.
    #[must_use]
    pub fn consents(&self) -> &[ConsentStanding] {
        if let Derived::Case { consent, .. } = &self.derived { consent } else { &[] }
    }
    /// The purposes of a case's consent that stand withdrawn: `referral` with the partner in `to`, `tracing`, …
    pub fn withdrawn_purposes(&self) -> impl Iterator<Item = &ConsentStanding> {
        self.consents().iter().filter(|consent| consent.decision == "withdrawn")
    }

    /// Whether a case's consent forbids telling this partner: refused or withdrawn, towards it or towards everybody.
    #[must_use]
    pub fn bars_referral_to(&self, partner: &PartnerCode) -> bool {
        let towards = |to: &str| to.trim().eq_ignore_ascii_case(partner.as_str());
        self.consents()
            .iter()
            .filter(|consent| consent.purpose == REFERRAL_PURPOSE && consent.decision != "granted")
            .any(|consent| consent.to.as_deref().is_none_or(towards))
    }

    /// Where a referral stands.
    #[must_use]
    pub fn referral_status(&self) -> Option<&OutcomeStanding> {
        if let Derived::Referral { status, .. } = &self.derived { Some(status) } else { None }
    }

    /// Whether a referral ended by a withdrawal: the consent was withdrawn, or who referred took it back.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        match &self.derived {
            Derived::Referral { status, consent_withdrawn } => {
                *consent_withdrawn || status.step.as_deref() == Some("withdrawn")
            }
            _ => false,
        }
    }
}
