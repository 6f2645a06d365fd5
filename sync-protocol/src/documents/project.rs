//! Projection: a document as plain data, for the hub's API, its page and the read model.
//!
//! JSON: `{"kind", "version", "groups": {group: {...}}, "derived": {...}, "flags": [...], "unknown": [...]}`. A group of scalars
//! is an object of fields, a set an object of members, a group of entries a list, oldest first. Equal changes give an equal
//! projection, in whatever order they came. What cannot be read is left out here and named by [`super::validate()`].

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::Serialize;
use thiserror::Error;

use super::Kind;
use super::conflict::{self, Conflict};
pub use super::derived::Derived;
use super::rules::{self, Standing};
use super::schema::COMMON;
use super::tree::{EntryNode, GroupNode, Slot, Tree, is_of_kind, path};
use super::validate::{self, Problem};
use super::value::{Answer, EntryRef, Value, When, WhenSource, Words};
use crate::ids::{Actor, Millis};

/// A document as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// What it is.
    pub kind: Kind,
    /// The schema version that it was made with.
    pub version: u64,
    /// Its groups that hold anything, by key.
    pub groups: BTreeMap<&'static str, GroupView>,
    /// What the merge rules make of them.
    pub derived: Derived,
    /// What a person should look at besides conflicts.
    pub flags: Vec<Flag>,
    /// Paths that this version does not know; they are kept.
    pub unknown: Vec<String>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum GroupView {
    /// Fields, or the members of a set with what is said about them (`true` where nothing is).
    Fields(BTreeMap<String, FieldView>),
    /// Entries, oldest first.
    Entries(Vec<EntryView>),
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// What it says.
    pub value: Answer,
    /// When it was entered, by that device's clock, to the second.
    pub at: Millis,
    /// Who entered it.
    pub by: Actor,
    /// Whether other values stand against it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
    /// The entry of `sources` that tells from which paper it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Its key.
    pub entry: String,
    /// Whether it counts.
    pub standing: Standing,
    /// When it happened; `None` when it is when it was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened: Option<When>,
    /// When it was entered, by that device's clock, to the second.
    pub at: Millis,
    /// Who entered it.
    pub by: Actor,
    /// The entry of `sources` that tells from which paper it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its fields.
    pub fields: BTreeMap<String, FieldView>,
    /// Why it was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<FieldView>,
    /// Where it was copied, when it stood on the wrong case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_to: Option<EntryRef>,
    /// The mistaken entry that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<EntryRef>,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// Where.
    pub path: String,
    /// What, for programs; stable.
    pub code: &'static str,
    /// What, for people.
    pub message: Words,
}

/// Why there is no projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProjectError {
    /// The constants of this kind are not in the document.
    #[error("the document is not a {0}: its first change is missing")]
    NotOfKind(Kind),
}

/// Reads a document.
///
/// # Errors
/// [`ProjectError::NotOfKind`] when it does not start with the constants of the kind.
pub fn project(kind: Kind, doc: &Automerge) -> Result<Projection, ProjectError> {
    if !is_of_kind(doc, kind) {
        return Err(ProjectError::NotOfKind(kind));
    }
    Ok(project_tree(kind, &Tree::of(kind, doc)))
}

/// Reads a document in every way at once: as plain data, its conflicts, its problems. A third of the work of the three
/// one by one.
///
/// # Errors
/// [`ProjectError::NotOfKind`] when it does not start with the constants of the kind.
pub fn read(kind: Kind, doc: &Automerge) -> Result<(Projection, Vec<Conflict>, Vec<Problem>), ProjectError> {
    if !is_of_kind(doc, kind) {
        return Err(ProjectError::NotOfKind(kind));
    }
    let tree = Tree::of(kind, doc);
    Ok((project_tree(kind, &tree), conflict::of_tree(&tree), validate::of_tree(&tree)))
}

fn project_tree(kind: Kind, tree: &Tree) -> Projection {
    let view = Viewer::of(tree);
    let mut groups = BTreeMap::new();
    let mut flags = Vec::new();
    for node in &tree.groups {
        if node.group.has_entries() {
            let mut entries: Vec<EntryView> = node.entries.iter().map(|entry| view.entry(entry)).collect();
            entries.sort_by(|a, b| (a.at, &a.entry).cmp(&(b.at, &b.entry)));
            flags.extend(entries.iter().filter(|e| e.standing == Standing::Disputed).map(|e| disputed(node, e)));
            if !entries.is_empty() {
                groups.insert(node.group.key, GroupView::Entries(entries));
            }
        } else {
            let fields = view.fields(&node.slots);
            if !fields.is_empty() {
                groups.insert(node.group.key, GroupView::Fields(fields));
            }
        }
    }
    let derived = Derived::of(kind, tree, &groups);
    if let Some((group, steps)) = derived.steps() {
        flags.extend(steps.side_by_side.iter().map(|entry| Flag {
            path: path(group, None, entry),
            code: "beside_a_stop",
            message: Words::new(
                "étape notée sans savoir que le suivi était arrêté",
                "a step recorded without knowing that follow-up had stopped",
            ),
        }));
    }
    let version = tree.version.unwrap_or_default();
    Projection { kind, version, groups, derived, flags, unknown: tree.unknown_paths() }
}

fn disputed(node: &GroupNode, entry: &EntryView) -> Flag {
    Flag {
        path: path(node.group.key, None, &entry.entry),
        code: "disputed_void",
        message: Words::new(
            "annulée pendant que quelqu'un d'autre y travaillait : compte jusqu'à décision",
            "voided while somebody else worked on it: counts until decided",
        ),
    }
}

struct Viewer<'a> {
    tree: &'a Tree,
    /// The entry of `sources` that a change wrote, by the change.
    sources: BTreeMap<usize, &'a str>,
}

impl<'a> Viewer<'a> {
    fn of(tree: &'a Tree) -> Self {
        let sources = tree.group("sources").map(|node| node.entries.as_slice()).unwrap_or_default();
        Self { tree, sources: sources.iter().map(|entry| (entry.made, entry.key.as_str())).collect() }
    }

    fn source(&self, change: usize) -> Option<String> {
        self.sources.get(&change).map(|key| (*key).to_owned())
    }

    fn field(&self, slot: &Slot) -> Option<FieldView> {
        let (value, change, conflict) = slot.chosen()?;
        let origin = self.tree.history.get(change)?;
        Some(FieldView { value, at: origin.at, by: origin.actor, conflict, source: self.source(change) })
    }

    fn fields(&self, slots: &[Slot]) -> BTreeMap<String, FieldView> {
        slots.iter().filter_map(|slot| Some((slot.key.clone(), self.field(slot)?))).collect()
    }

    fn entry(&self, node: &EntryNode) -> EntryView {
        let mut fields = self.fields(&node.slots);
        let mut common: BTreeMap<&str, FieldView> =
            COMMON.iter().filter_map(|field| Some((field.key, fields.remove(field.key)?))).collect();
        let mut reference = |key: &str| match common.remove(key)?.value {
            Answer::Value(Value::Entry(entry)) => Some(entry),
            _ => None,
        };
        let (copied_to, copied_from) = (reference("void_to"), reference("from"));
        let happened = match common.remove("at").map(|field| field.value) {
            Some(Answer::Value(Value::When(when))) => Some(when),
            _ => None,
        };
        let origin = self.tree.history.get(node.made);
        EntryView {
            entry: node.key.clone(),
            standing: rules::standing(&self.tree.history, node),
            happened,
            at: origin.map(|origin| origin.at).unwrap_or_default(),
            by: origin.map_or(Actor::new([0; Actor::LEN]), |origin| origin.actor),
            source: self.source(node.made),
            fields,
            void: common.remove("void"),
            copied_to,
            copied_from,
        }
    }
}

impl Projection {
    /// A field of a group of scalars, by `group.field`.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&FieldView> {
        let (group, key) = path.split_once('.')?;
        self.fields(group).and_then(|fields| fields.get(key))
    }

    /// The value of a field, by `group.field`.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&Value> {
        self.field(path)?.value.value()
    }

    /// The text of a field, by `group.field`.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.value(path)?.as_text()
    }

    /// The fields of a group of scalars, or the members of a set; `None` when it holds nothing.
    #[must_use]
    pub fn fields(&self, group: &str) -> Option<&BTreeMap<String, FieldView>> {
        if let Some(GroupView::Fields(fields)) = self.groups.get(group) { Some(fields) } else { None }
    }

    /// The entries of a group, oldest first.
    #[must_use]
    pub fn entries(&self, group: &str) -> &[EntryView] {
        if let Some(GroupView::Entries(entries)) = self.groups.get(group) { entries } else { &[] }
    }
}

impl EntryView {
    /// The text of one of its fields.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.value.value()?.as_text()
    }

    /// Whether it counts: it stands, or nobody has decided yet.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.standing != Standing::Voided
    }

    /// When it happened: as said, else the clock's date when it was entered.
    #[must_use]
    pub fn when(&self) -> When {
        self.happened.clone().unwrap_or_else(|| {
            let minutes = self.at.0.div_euclid(60_000);
            let date = super::date::Date::from_epoch_days(minutes.div_euclid(1_440));
            let of_day = minutes.rem_euclid(1_440);
            When { at: format!("{date}T{:02}:{:02}", of_day / 60, of_day % 60), source: WhenSource::Clock }
        })
    }
}
