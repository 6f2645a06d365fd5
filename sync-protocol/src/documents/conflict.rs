//! Conflicts: every concurrent value of one field, with who wrote it and when, until a person chooses.
//!
//! Two people who wrote the same do not conflict; that nobody asked never stands against a value. Choosing is an ordinary
//! edit at the heads that were shown. What merge rules flag besides (a disputed void, concurrent steps) stands in the projection.

use automerge::Automerge;
use serde::Serialize;

use super::Kind;
use super::schema::{Label, Rule};
use super::tree::{GroupNode, Slot, Tree, path};
use super::value::Answer;
use crate::ids::{Actor, ChangeHash, Millis};

/// A field with more than one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// `group.field`, `group.entry.field`, or `set.member`.
    pub path: String,
    /// What people read.
    pub label: Label,
    /// The values, that which is shown first marked.
    pub values: Vec<ConflictValue>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictValue {
    /// What it says.
    pub value: Answer,
    /// The change that wrote it.
    pub change: ChangeHash,
    /// Who: the caller knows the user by the actor's prefix.
    pub actor: Actor,
    /// When it was entered, by that device's clock, to the second.
    pub at: Millis,
    /// Whether it is shown while nobody has chosen.
    pub winner: bool,
}

/// Every conflict of a document, by path.
#[must_use]
pub fn conflicts(kind: Kind, doc: &Automerge) -> Vec<Conflict> {
    of_tree(&Tree::of(kind, doc))
}

pub(super) fn of_tree(tree: &Tree) -> Vec<Conflict> {
    tree.groups.iter().flat_map(|node| group_conflicts(tree, node)).collect()
}

fn group_conflicts(tree: &Tree, node: &GroupNode) -> Vec<Conflict> {
    let group = node.group;
    let own = node.slots.iter().map(|slot| (None, slot));
    let inner = node.entries.iter().flat_map(|entry| entry.slots.iter().map(|slot| (Some(entry.key.as_str()), slot)));
    own.chain(inner)
        .filter_map(|(entry, slot)| {
            let label = match (group.rule, &slot.field) {
                (Rule::Set { .. }, _) | (_, None) => group.label,
                (_, Some(field)) => field.label,
            };
            let values = values(tree, slot)?;
            Some(Conflict { path: path(group.key, entry, &slot.key), label, values })
        })
        .collect()
}

fn values(tree: &Tree, slot: &Slot) -> Option<Vec<ConflictValue>> {
    let (_, winner, true) = slot.chosen()? else { return None };
    let informing = slot.answers().into_iter().filter(|(answer, _)| answer.informs());
    let values = informing.filter_map(|(value, change)| {
        let origin = tree.history.get(change)?;
        Some(ConflictValue { value, change: origin.hash, actor: origin.actor, at: origin.at, winner: change == winner })
    });
    Some(values.collect())
}
