//! Validation: names every problem of a document, or of an edit before it is written, with its path.
//!
//! Refuses nothing by itself: what the schema does not know may come from a newer version and is kept. Messages hold no values.

use std::fmt;

use automerge::{Automerge, ScalarValue};
use serde::Serialize;

use super::Kind;
use super::edit::Edit;
use super::schema::{self, Group, Rule, Shape};
use super::tree::{Content, Slot, Tree, is_of_kind, path};
use super::value::{Answer, EntryId, State, Words};
use crate::limits::{GROUP_ITEMS_MAX, NOTE_CHARACTERS_MAX, OUTCOME_STEPS_MAX, UNKNOWN_KEYS_MAX};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: `group.field`, `group.entry.field`, or a group.
    pub path: String,
    /// What, for programs; stable.
    pub code: &'static str,
    /// What, for people, without any value.
    pub message: Words,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.path, self.message, self.code)
    }
}

impl Problem {
    fn new(path: impl Into<String>, code: &'static str, fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: Words::new(fr, en) }
    }

    /// The value does not fit the field.
    pub(crate) fn value(path: &str, shape: Shape) -> Self {
        let wanted = shape.wanted();
        Self::new(path, "value", format!("il faut {}", wanted.fr), format!("wanted is {}", wanted.en))
    }

    fn unknown(path: &str) -> Self {
        Self::new(path, "unknown", "ce champ n'existe pas ici", "there is no such field here")
    }

    fn required(path: String) -> Self {
        Self::new(path, "required", "ce champ est obligatoire", "this field is required")
    }
}

/// Checks an edit against the schema, without a document.
///
/// # Errors
/// The first [`Problem`].
pub fn check_edit(kind: Kind, edit: &Edit) -> Result<(), Problem> {
    match edit {
        Edit::Set { field: path, value } => {
            let (name, key) = path.split_once('.').ok_or_else(|| Problem::unknown(path))?;
            let group = group_where(kind, name, |group| group.rule == Rule::Scalars)?;
            check_field(group, path, key, value)
        }
        Edit::Add { group: name, entry, values, at, from } => {
            let group = group_where(kind, name, Group::has_entries)?;
            for (key, value) in values {
                let path = format!("{name}.{entry}.{key}");
                // Voids, decisions and the like have edits of their own.
                group.fields.iter().find(|field| field.key == key).ok_or_else(|| Problem::unknown(&path))?;
                check_field(group, &path, key, value)?;
            }
            let missing = group.fields.iter().find(|field| field.required && !values.contains_key(field.key));
            if let Some(field) = missing {
                return Err(Problem::required(format!("{name}.{entry}.{}", field.key)));
            }
            let common = [("at", at.clone().map(Answer::from)), ("from", from.clone().map(Answer::from))];
            common
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?)))
                .try_for_each(|(key, value)| check_field(group, &format!("{name}.{entry}.{key}"), key, &value))
        }
        Edit::Amend { group: name, entry, field: key, value } => {
            let group = group_where(kind, name, Group::has_entries)?;
            let path = format!("{name}.{entry}.{key}");
            let field = group.fields.iter().find(|field| field.key == key).ok_or_else(|| Problem::unknown(&path))?;
            if !field.late || field.shape == Shape::Note {
                return Err(Problem::new(
                    path,
                    "not_late",
                    "ce champ ne change plus : annulez l'entrée et ajoutez-en une autre",
                    "this field does not change: void the entry and add another",
                ));
            }
            check_field(group, &path, key, value)
        }
        Edit::Rewrite { group: name, entry, field: key, after, .. } => {
            let group = group_where(kind, name, Group::has_entries)?;
            let path = format!("{name}.{entry}.{key}");
            let note = group.fields.iter().any(|field| field.key == key && field.shape == Shape::Note);
            let fits = after.chars().count() <= NOTE_CHARACTERS_MAX;
            match (note, fits) {
                (false, _) => Err(Problem::unknown(&path)),
                (_, false) => Err(Problem::value(&path, Shape::Note)),
                _ => Ok(()),
            }
        }
        Edit::Void { group: name, entry, reason, to } => {
            let group = group_where(kind, name, Group::has_entries)?;
            check_field(group, &format!("{name}.{entry}.void"), "void", &Answer::from(reason.as_str()))?;
            let path = format!("{name}.{entry}.void_to");
            to.clone().map_or(Ok(()), |to| check_field(group, &path, "void_to", &Answer::from(to)))
        }
        Edit::Decide { group: name, .. } => group_where(kind, name, Group::has_entries).map(|_| ()),
        Edit::Include { set: name, member, value } => {
            let shape = check_member(kind, name, member)?;
            let path = format!("{name}.{member}");
            value.as_ref().map_or(Ok(()), |value| check_value(shape, &path, value))
        }
        Edit::Exclude { set: name, member } => check_member(kind, name, member).map(|_| ()),
    }
}

fn group_where(kind: Kind, name: &str, fits: impl Fn(&Group) -> bool) -> Result<&'static Group, Problem> {
    schema::group(kind, name).filter(|group| fits(group)).ok_or_else(|| Problem::unknown(name))
}

fn check_field(group: &Group, path: &str, key: &str, value: &Answer) -> Result<(), Problem> {
    let field = group.field(key).ok_or_else(|| Problem::unknown(path))?;
    check_value(field.shape, path, value)
}

fn check_value(shape: Shape, path: &str, value: &Answer) -> Result<(), Problem> {
    value.encode(shape).map(|_| ()).ok_or_else(|| Problem::value(path, shape))
}

/// What may be said about a member of this set.
fn check_member(kind: Kind, name: &str, member: &str) -> Result<Shape, Problem> {
    let group = schema::group(kind, name).ok_or_else(|| Problem::unknown(name))?;
    let Rule::Set { member: shape, value } = group.rule else { return Err(Problem::unknown(name)) };
    check_value(shape, &format!("{name}.{member}"), &Answer::from(member)).map(|()| value)
}

/// Every problem of a document. An honest document has none.
#[must_use]
pub fn validate(kind: Kind, doc: &Automerge) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !is_of_kind(doc, kind) {
        problems.push(Problem::new(
            schema::META,
            "not_of_kind",
            "ce document n'est pas de ce genre",
            "this document is not of this kind",
        ));
    }
    problems.extend(of_tree(&Tree::of(kind, doc)));
    problems
}

/// The problems of a document that is of its kind.
pub(super) fn of_tree(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    if tree.version.is_none() {
        problems.push(Problem::new(
            schema::META,
            "meta",
            "la version du schéma manque",
            "the schema version is missing",
        ));
    }
    for node in &tree.groups {
        let name = node.group.key;
        if !node.whole {
            problems.push(Problem::new(
                name,
                "container",
                "le groupe manque ou est caché par une autre valeur",
                "the group is missing or hidden by another value",
            ));
        }
        let most = if node.group.rule == Rule::Outcome { OUTCOME_STEPS_MAX } else { GROUP_ITEMS_MAX };
        if node.slots.len().max(node.entries.len() + node.strays.len()) > most {
            problems.push(Problem::new(
                name,
                "too_many",
                format!("plus de {most} éléments"),
                format!("more than {most} items"),
            ));
        }
        for stray in &node.strays {
            let path = path(name, None, stray);
            problems.push(Problem::new(path, "entry", "ce n'est pas une entrée", "this is not an entry"));
        }
        for slot in &node.slots {
            if let Rule::Set { member, .. } = node.group.rule {
                let path = path(name, None, &slot.key);
                problems.extend(check_value(member, &path, &Answer::from(slot.key.as_str())).err());
            }
            slot_problems(slot, path(name, None, &slot.key), &mut problems);
        }
        for entry in &node.entries {
            if entry.key.parse::<EntryId>().is_err() {
                let path = path(name, None, &entry.key);
                problems.push(Problem::new(
                    path,
                    "entry_id",
                    "l'identifiant de l'entrée n'est pas valable",
                    "the entry's id is not a valid one",
                ));
            }
            for field in node.group.fields.iter().filter(|field| field.required && entry.slot(field.key).is_none()) {
                problems.push(Problem::required(path(name, Some(&entry.key), field.key)));
            }
            for slot in &entry.slots {
                slot_problems(slot, path(name, Some(&entry.key), &slot.key), &mut problems);
            }
        }
        for twice in node.entries.windows(2).filter(|pair| pair[0].key == pair[1].key) {
            problems.push(Problem::new(
                path(name, None, &twice[0].key),
                "entry_twice",
                "deux entrées ont le même identifiant",
                "two entries have the same id",
            ));
        }
    }
    let unknown = tree.unknown_paths();
    if unknown.len() > UNKNOWN_KEYS_MAX {
        problems.push(Problem::new(
            "",
            "too_many_unknown",
            format!("plus de {UNKNOWN_KEYS_MAX} champs inconnus"),
            format!("more than {UNKNOWN_KEYS_MAX} unknown fields"),
        ));
    }
    problems
}

fn slot_problems(slot: &Slot, path: String, problems: &mut Vec<Problem>) {
    let Some(field) = &slot.field else { return };
    for found in &slot.found {
        let text = matches!(found.content, Content::Text(_));
        // A note of the right length that others made longer together is still a note.
        let long_note = text && field.shape == Shape::Note;
        if !long_note && found.answer(field).is_none() {
            problems.push(Problem::value(&path, field.shape));
        } else if text && field.shape != Shape::Note {
            problems.push(Problem::new(
                path.clone(),
                "text_object",
                "ce champ veut un texte simple, pas un texte partagé",
                "this field wants a plain text, not a shared one",
            ));
        } else if matches!(&found.content, Content::Scalar(ScalarValue::Str(text)) if State::from_marker(text).is_none())
            && field.shape == Shape::Note
        {
            // Why there is no note is said plainly.
            problems.push(Problem::new(
                path.clone(),
                "plain_text",
                "une note veut un texte partagé",
                "a note wants a shared text",
            ));
        }
    }
}
