//! Tests of the document kinds, one file for each promise.

mod golden;
mod golden_values;
mod hostile;
mod merge;
mod reading;
mod referral;
mod writing;

use std::collections::BTreeMap;

use automerge::Automerge;

use super::*;
use crate::ids::{Actor, ActorPrefix, Millis};

/// Noon of 30 April 2024.
const NOON: Millis = Millis(1_714_478_400_000);

fn actor(n: u8) -> Actor {
    Actor::from_parts(ActorPrefix::new([n; 8]), [n; 8])
}

fn entry(n: u8) -> EntryId {
    EntryId::new([n; 8])
}

fn set(field: &str, value: impl Into<Answer>) -> Edit {
    Edit::Set { field: field.to_owned(), value: value.into() }
}

fn values(pairs: &[(&str, Answer)]) -> BTreeMap<String, Answer> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn add(group: &str, n: u8, pairs: &[(&str, &str)]) -> Edit {
    let values = pairs.iter().map(|(key, value)| ((*key).to_owned(), Answer::from(*value))).collect();
    Edit::Add { group: group.to_owned(), entry: entry(n), values, at: None, from: None }
}

fn void(group: &str, n: u8) -> Edit {
    Edit::Void { group: group.to_owned(), entry: entry(n), reason: "saisie deux fois".to_owned(), to: None }
}

fn include(set: &str, member: &str) -> Edit {
    Edit::Include { set: set.to_owned(), member: member.to_owned(), value: None }
}

fn exclude(set: &str, member: &str) -> Edit {
    Edit::Exclude { set: set.to_owned(), member: member.to_owned() }
}

/// One copy of a document and who writes on it.
#[derive(Clone)]
struct Copy {
    kind: Kind,
    doc: Automerge,
    actor: Actor,
    at: Millis,
}

impl Copy {
    fn new(kind: Kind, n: u8) -> Copy {
        Copy { kind, doc: blank(kind), actor: actor(n), at: NOON }
    }

    /// The same document in other hands.
    fn given_to(&self, n: u8) -> Copy {
        Copy { actor: actor(n), ..self.clone() }
    }

    fn try_write(&mut self, edits: &[Edit]) -> Result<Committed, EditError> {
        let heads = edit::heads(&self.doc);
        self.at = self.at.plus(60_000);
        apply(&mut self.doc, self.kind, &heads, self.actor, self.at, edits)
    }

    fn write(&mut self, edits: &[Edit]) -> Committed {
        self.try_write(edits).unwrap()
    }

    fn merge(&mut self, other: &Copy) {
        self.doc.merge(&mut other.doc.clone()).unwrap();
    }

    fn merged(&self, other: &Copy) -> Copy {
        let mut merged = self.clone();
        merged.merge(other);
        merged
    }

    fn read(&self) -> Projection {
        project(self.kind, &self.doc).unwrap()
    }

    fn conflicts(&self) -> Vec<Conflict> {
        conflicts(self.kind, &self.doc)
    }

    fn problems(&self) -> Vec<(String, &'static str)> {
        validate(self.kind, &self.doc).into_iter().map(|problem| (problem.path, problem.code)).collect()
    }
}
