//! The one reader of Automerge documents: sorts what a document holds into groups, entries and slots by the schema.
//!
//! Never fails and never panics on what a loadable document may hold: what does not fit stands in the tree as it is, for
//! validation to name. Projection, conflicts and validation are plain functions over the tree.

use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value as RawValue};

use super::Kind;
use super::constant::CONSTANT_ACTOR;
use super::history::History;
use super::schema::{self, Field, Group, Rule, Shape};
use super::value::Answer;
use crate::limits::GROUP_ITEMS_MAX;

pub(crate) struct Tree {
    pub groups: Vec<GroupNode>,
    /// Keys of the top map that this schema does not know.
    pub unknown: Vec<String>,
    /// The schema version that the document was made with, if it says so.
    pub version: Option<u64>,
    pub history: History,
}

pub(crate) struct GroupNode {
    pub group: &'static Group,
    /// Whether the container of the constant change is there and can be seen by everybody.
    pub whole: bool,
    /// Fields of scalars; members of sets.
    pub slots: Vec<Slot>,
    pub entries: Vec<EntryNode>,
    /// What stands where an entry should and is none.
    pub strays: Vec<String>,
}

pub(crate) struct EntryNode {
    pub key: String,
    /// The change that made it.
    pub made: usize,
    pub slots: Vec<Slot>,
}

/// One key of a map, with all its concurrent values; Automerge's winner is the last.
pub(crate) struct Slot {
    pub key: String,
    /// `None` for a key that the schema does not know.
    pub field: Option<Field>,
    pub found: Vec<Found>,
}

pub(crate) struct Found {
    pub content: Content,
    /// The change that wrote it.
    pub change: usize,
}

pub(crate) enum Content {
    Scalar(ScalarValue),
    /// A text object, read out.
    Text(String),
    /// A member of a set about which nothing more is said.
    Member,
    /// A map, list or the like where none belongs.
    Other,
}

/// A map that a constant made, found whatever else was put under its key. The flag: nothing else hides it.
pub(crate) fn container<R: ReadDoc>(doc: &R, key: &str) -> Option<(ObjId, bool)> {
    let all = doc.get_all(ROOT, key).ok()?;
    let last = all.len().saturating_sub(1);
    all.into_iter().enumerate().find_map(|(at, (value, id))| {
        let made_by_constant = matches!(&id, ObjId::Id(_, actor, _) if actor.to_bytes() == CONSTANT_ACTOR);
        (made_by_constant && matches!(value, RawValue::Object(ObjType::Map))).then_some((id, at == last))
    })
}

/// Whether a document starts with the constants of the kind.
pub(crate) fn is_of_kind(doc: &Automerge, kind: Kind) -> bool {
    let first = super::constant_hashes(kind).first();
    first.is_some_and(|hash| doc.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes())).is_some())
}

impl Tree {
    pub fn of(kind: Kind, doc: &Automerge) -> Tree {
        let reader = Reader { doc, history: History::of(doc) };
        let groups = schema::groups(kind).iter().map(|group| reader.group(group)).collect();
        let known = |key: &str| key == schema::META || schema::group(kind, key).is_some();
        let unknown = doc.keys(ROOT).filter(|key| !known(key)).collect();
        let version = container(doc, schema::META).and_then(|(meta, _)| match doc.get(meta, "version").ok()?? {
            (RawValue::Scalar(scalar), _) => scalar.as_u64(),
            _ => None,
        });
        Tree { groups, unknown, version, history: reader.history }
    }

    pub fn group(&self, key: &str) -> Option<&GroupNode> {
        self.groups.iter().find(|node| node.group.key == key)
    }

    /// Keys that the schema does not know, as paths.
    pub fn unknown_paths(&self) -> Vec<String> {
        let mut paths = self.unknown.clone();
        for node in &self.groups {
            let group = node.group.key;
            let slots = node.slots.iter().map(|slot| (None, slot));
            let inner = node.entries.iter().flat_map(|entry| entry.slots.iter().map(|slot| (Some(&entry.key), slot)));
            for (entry, slot) in slots.chain(inner).filter(|(_, slot)| slot.field.is_none()) {
                paths.push(path(group, entry.map(String::as_str), &slot.key));
            }
        }
        paths
    }
}

/// `group.field`, or `group.entry.field`.
pub(crate) fn path(group: &str, entry: Option<&str>, key: &str) -> String {
    entry.map_or_else(|| format!("{group}.{key}"), |entry| format!("{group}.{entry}.{key}"))
}

struct Reader<'a> {
    doc: &'a Automerge,
    history: History,
}

impl Reader<'_> {
    fn group(&self, group: &'static Group) -> GroupNode {
        let mut node = GroupNode { group, whole: false, slots: vec![], entries: vec![], strays: vec![] };
        let Some((map, whole)) = container(self.doc, group.key) else { return node };
        node.whole = whole;
        match group.rule {
            Rule::Scalars => node.slots = self.slots(&map, |key| group.field(key).copied()),
            Rule::Set { value, .. } => {
                let member = Field { key: "value", shape: value, ..schema::COMMON[0] };
                node.slots = self.slots(&map, |_| Some(member));
                for found in node.slots.iter_mut().flat_map(|slot| &mut slot.found) {
                    if matches!(found.content, Content::Scalar(ScalarValue::Boolean(true))) {
                        found.content = Content::Member;
                    }
                }
            }
            _ => self.entries(&map, &mut node),
        }
        node
    }

    fn entries(&self, map: &ObjId, node: &mut GroupNode) {
        let group = node.group;
        // One more than allowed is enough for validation to say so, and bounds the work of the merge rules.
        for key in self.doc.keys(map).take(GROUP_ITEMS_MAX + 1) {
            let mut found = false;
            for (value, id) in self.doc.get_all(map, key.as_str()).unwrap_or_default() {
                let made = self.history.of_operation(self.doc, &id);
                if let (RawValue::Object(ObjType::Map), Some(made)) = (value, made) {
                    found = true;
                    let slots = self.slots(&id, |key| group.field(key).copied());
                    node.entries.push(EntryNode { key: key.clone(), made, slots });
                }
            }
            if !found {
                node.strays.push(key);
            }
        }
    }

    fn slots(&self, map: &ObjId, field: impl Fn(&str) -> Option<Field>) -> Vec<Slot> {
        let mut slots = Vec::new();
        for item in self.doc.map_range(map, ..) {
            let found = if item.conflict {
                let all = self.doc.get_all(map, item.key.as_ref()).unwrap_or_default();
                all.into_iter().filter_map(|(value, id)| self.found(value, &id)).collect()
            } else {
                self.found(item.value.clone().into_value(), &item.id()).into_iter().collect()
            };
            slots.push(Slot { field: field(&item.key), key: item.key.into_owned(), found });
        }
        slots
    }

    fn found(&self, value: RawValue<'_>, id: &ObjId) -> Option<Found> {
        let content = match value {
            RawValue::Scalar(scalar) => Content::Scalar(scalar.into_owned()),
            RawValue::Object(ObjType::Text) => Content::Text(self.doc.text(id).unwrap_or_default()),
            RawValue::Object(_) => Content::Other,
        };
        Some(Found { content, change: self.history.of_operation(self.doc, id)? })
    }
}

impl Found {
    /// What it means for this field. A text object where a plain text belongs is read (browsers make these by mistake).
    pub fn answer(&self, field: &Field) -> Option<Answer> {
        match &self.content {
            Content::Scalar(scalar) => Answer::decode(field.shape, scalar),
            // A note may have grown too long by two people's work together: it is shown all the same.
            Content::Text(text) if field.shape == Shape::Note => Some(text.as_str().into()),
            Content::Text(text) => Answer::decode(field.shape, &ScalarValue::Str(text.as_str().into())),
            Content::Member => Some(true.into()),
            Content::Other => None,
        }
    }
}

impl Slot {
    /// The values that mean something, Automerge's winner last.
    pub fn answers(&self) -> Vec<(Answer, usize)> {
        let Some(field) = &self.field else { return vec![] };
        self.found.iter().filter_map(|found| Some((found.answer(field)?, found.change))).collect()
    }

    /// The value that is shown first, the change that wrote it, and whether another stands against it. That nobody asked
    /// never stands against a value.
    pub fn chosen(&self) -> Option<(Answer, usize, bool)> {
        let answers = self.answers();
        let informing: Vec<&(Answer, usize)> = answers.iter().filter(|(answer, _)| answer.informs()).collect();
        let (answer, change) = informing.last().copied().or_else(|| answers.last())?;
        let conflict = informing.iter().any(|(other, _)| other != answer);
        Some((answer.clone(), *change, conflict))
    }
}

impl EntryNode {
    pub fn slot(&self, key: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.key == key)
    }

    /// The text of a field, where it has one.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.slot(key)?.chosen()?.0 {
            Answer::Value(value) => value.as_text().map(str::to_owned),
            Answer::State { .. } => None,
        }
    }

    /// Every change that wrote into it, voids and decisions apart.
    pub fn written_by(&self) -> impl Iterator<Item = usize> + '_ {
        let facts = self.slots.iter().filter(|slot| !matches!(slot.key.as_str(), "void" | "void_to" | "decided"));
        std::iter::once(self.made).chain(facts.flat_map(|slot| slot.found.iter().map(|found| found.change)))
    }
}
