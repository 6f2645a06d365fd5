//! Typed edits: the only way in which anything is written into a document.
//!
//! An edit is made at the heads that were on the screen: the document is forked there, edited and merged, so that a value which
//! arrived in between stays as a conflict and is not silently replaced. One call makes exactly one change. Devices keep the edits
//! beside the bytes and replay them elsewhere when a change is not accepted, so their JSON form is for ever.

use std::collections::BTreeMap;
use std::fmt;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, AutomergeError, ObjId, ObjType, ReadDoc, ScalarValue, Value as RawValue};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Kind;
use super::schema::{self, Group, Rule, Shape};
use super::tree::{container, is_of_kind};
use super::validate::{Problem, check_edit};
use super::value::{Answer, EntryId, EntryRef, When};
use crate::ids::{Actor, ChangeHash, Millis};
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_OPERATIONS_MAX, EDITS_MAX};

/// One thing that a person did to a document. Ids of entries come from the caller, random. Its `Debug` form names the
/// place, not the content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Gives a field its value, or says why there is none. Choosing one of two conflicting values is this.
    Set {
        /// `group.field`.
        field: String,
        /// What it is.
        value: Answer,
    },
    /// Adds an entry to a group.
    Add {
        /// The group.
        group: String,
        /// The new entry's id.
        entry: EntryId,
        /// Its fields.
        values: BTreeMap<String, Answer>,
        /// When it happened, where that differs from when it is entered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<When>,
        /// The mistaken entry of another case that this one replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<EntryRef>,
    },
    /// Gives or changes a field of an entry that may come late.
    Amend {
        /// The group.
        group: String,
        /// The entry.
        entry: EntryId,
        /// The field.
        field: String,
        /// What it is.
        value: Answer,
    },
    /// Changes a long text; letters that others change at the same time stay.
    Rewrite {
        /// The group.
        group: String,
        /// The entry.
        entry: EntryId,
        /// The field.
        field: String,
        /// The text that was on the screen.
        before: String,
        /// The text as it shall be.
        after: String,
    },
    /// Voids an entry; it stays visible.
    Void {
        /// The group.
        group: String,
        /// The entry.
        entry: EntryId,
        /// Why.
        reason: String,
        /// Where the entry was copied, when it stood on the wrong case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<EntryRef>,
    },
    /// Decides about an entry that was voided while somebody else worked on it.
    Decide {
        /// The group.
        group: String,
        /// The entry.
        entry: EntryId,
        /// Whether it counts.
        stands: bool,
    },
    /// Puts a member into a set.
    Include {
        /// The set.
        set: String,
        /// The member.
        member: String,
        /// What is said about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Answer>,
    },
    /// Takes a member out of a set.
    Exclude {
        /// The set.
        set: String,
        /// The member.
        member: String,
    },
}

/// The change that an edit became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its bytes, uncompressed.
    pub raw: Vec<u8>,
    /// Its hash.
    pub hash: ChangeHash,
    /// The changes that it depends on.
    pub deps: Vec<ChangeHash>,
    /// Its number among its actor's changes, from 1.
    pub seq: u64,
}

/// Why nothing was written. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// No edits.
    #[error("nothing to write: the list of edits is empty")]
    Empty,
    /// Everything was already so.
    #[error("nothing to write: every value already stands so")]
    NothingChanged,
    /// Too much for one change.
    #[error("too much for one change: write it in several steps, at most {EDITS_MAX} edits each")]
    TooLarge,
    /// An edit does not fit the schema.
    #[error("{0}")]
    Invalid(Problem),
    /// A field that is given once has another value already.
    #[error("{path} is given once and already has another value")]
    Once {
        /// The field.
        path: String,
    },
    /// No such entry at the heads that were shown.
    #[error("{path}: there is no such entry on what was shown")]
    NoEntry {
        /// The entry.
        path: String,
    },
    /// The entry's id is used.
    #[error("{path}: this entry is already there; a new one needs a new random id")]
    EntryExists {
        /// The entry.
        path: String,
    },
    /// The document does not have the constants of this kind.
    #[error("the document is not a {0}: its first change is missing")]
    NotOfKind(Kind),
    /// The container of a group is hidden or deleted.
    #[error("{group}: the group is missing in this document; it was damaged by another program")]
    NoGroup {
        /// The group.
        group: &'static str,
    },
    /// The heads that were shown are not in the document.
    #[error("the document has no change {0}: it was shown from another copy")]
    UnknownHeads(ChangeHash),
    /// The actor's last change is not among what was shown.
    #[error("the actor has written something that was not shown: draw a new actor")]
    ActorNotAtHeads,
    /// Automerge refused; the document is broken.
    #[error("the document cannot be edited: {0}")]
    Document(String),
}

impl Edit {
    /// Where it writes: `group.field`, `group.entry.field`, `group.entry` or a set.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Set { field, .. } => field.clone(),
            Self::Add { group, entry, .. } | Self::Void { group, entry, .. } | Self::Decide { group, entry, .. } => {
                format!("{group}.{entry}")
            }
            Self::Amend { group, entry, field, .. } | Self::Rewrite { group, entry, field, .. } => {
                format!("{group}.{entry}.{field}")
            }
            Self::Include { set, .. } | Self::Exclude { set, .. } => set.clone(),
        }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Set { .. } => "Set",
            Self::Add { .. } => "Add",
            Self::Amend { .. } => "Amend",
            Self::Rewrite { .. } => "Rewrite",
            Self::Void { .. } => "Void",
            Self::Decide { .. } => "Decide",
            Self::Include { .. } => "Include",
            Self::Exclude { .. } => "Exclude",
        };
        write!(f, "{name}({}, …)", self.path())
    }
}

impl EditError {
    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "edit.empty",
            Self::NothingChanged => "edit.nothing_changed",
            Self::TooLarge => "edit.too_large",
            Self::Invalid(_) => "edit.invalid",
            Self::Once { .. } => "edit.once",
            Self::NoEntry { .. } => "edit.no_entry",
            Self::EntryExists { .. } => "edit.entry_exists",
            Self::NotOfKind(_) => "edit.not_of_kind",
            Self::NoGroup { .. } => "edit.no_group",
            Self::UnknownHeads(_) => "edit.unknown_heads",
            Self::ActorNotAtHeads => "edit.actor_not_at_heads",
            Self::Document(_) => "edit.document",
        }
    }
}

impl From<AutomergeError> for EditError {
    fn from(error: AutomergeError) -> Self {
        Self::Document(error.to_string())
    }
}

/// Writes the edits as one change of this actor, made at the heads that were shown, and merges it into the document.
/// `at` is when it was entered; Automerge keeps seconds.
///
/// # Errors
/// An [`EditError`]; the document is then unchanged.
pub fn apply(
    doc: &mut Automerge,
    kind: Kind,
    shown: &[ChangeHash],
    actor: Actor,
    at: Millis,
    edits: &[Edit],
) -> Result<Committed, EditError> {
    if edits.is_empty() {
        return Err(EditError::Empty);
    }
    if edits.len() > EDITS_MAX {
        return Err(EditError::TooLarge);
    }
    for edit in edits {
        check_edit(kind, edit).map_err(EditError::Invalid)?;
    }
    let mut fork = fork_at(doc, shown)?;
    if !is_of_kind(&fork, kind) {
        return Err(EditError::NotOfKind(kind));
    }
    let last = last_change_of(doc, actor);
    if last.is_some_and(|hash| fork.get_change_meta_by_hash(&hash).is_none()) {
        return Err(EditError::ActorNotAtHeads);
    }
    fork.set_actor(ActorId::from(actor.as_bytes()));
    let mut tx = fork.transaction();
    for edit in edits {
        // A transaction that is dropped is rolled back, and the fork with it.
        write(&mut tx, kind, edit)?;
    }
    let (hash, _) = tx.commit_with(CommitOptions::default().with_time(at.0.div_euclid(1_000)));
    let hash = hash.ok_or(EditError::NothingChanged)?;
    let change = fork.get_change_by_hash(&hash).ok_or(EditError::NothingChanged)?;
    if change.raw_bytes().len() > CHANGE_BYTES_MAX || change.len() as u64 > CHANGE_OPERATIONS_MAX {
        return Err(EditError::TooLarge);
    }
    let committed = Committed {
        raw: change.raw_bytes().to_vec(),
        hash: ChangeHash::new(hash.0),
        deps: change.deps().iter().map(|dep| ChangeHash::new(dep.0)).collect(),
        seq: change.seq(),
    };
    doc.apply_changes([change])?;
    Ok(committed)
}

/// Whether this actor may edit at these heads: it has written nothing that is not among their ancestors. Otherwise
/// draw a new actor.
#[must_use]
pub fn actor_fits(doc: &Automerge, shown: &[ChangeHash], actor: Actor) -> bool {
    let Some(last) = last_change_of(doc, actor) else { return true };
    fork_at(doc, shown).is_ok_and(|fork| fork.get_change_meta_by_hash(&last).is_some())
}

/// The heads of a document, as the rest of the crate names changes.
#[must_use]
pub fn heads(doc: &Automerge) -> Vec<ChangeHash> {
    doc.get_heads().into_iter().map(|hash| ChangeHash::new(hash.0)).collect()
}

fn fork_at(doc: &Automerge, shown: &[ChangeHash]) -> Result<Automerge, EditError> {
    let heads: Vec<automerge::ChangeHash> = shown.iter().map(|h| automerge::ChangeHash(*h.as_bytes())).collect();
    let missing = heads.iter().find(|head| doc.get_change_meta_by_hash(head).is_none());
    if let Some(missing) = missing {
        return Err(EditError::UnknownHeads(ChangeHash::new(missing.0)));
    }
    let mut sorted = heads.clone();
    sorted.sort_unstable();
    // At the present heads a copy does, and keeps the cost from growing with the history.
    if sorted == doc.get_heads() { Ok(doc.clone()) } else { Ok(doc.fork_at(&heads)?) }
}

fn last_change_of(doc: &Automerge, actor: Actor) -> Option<automerge::ChangeHash> {
    let metas = doc.get_changes_meta(&[]);
    let own = metas.into_iter().filter(|meta| meta.actor.to_bytes() == actor.as_bytes());
    own.max_by_key(|meta| meta.seq).map(|meta| meta.hash)
}

fn write(tx: &mut Transaction<'_>, kind: Kind, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::Set { field, value } => {
            let (group, map, key) = target(tx, kind, field)?;
            put(tx, group, &map, field, key, value)
        }
        Edit::Add { group: name, entry, values, at, from } => {
            let (group, map, _) = target(tx, kind, name)?;
            let key = entry.to_string();
            if tx.get(&map, key.as_str())?.is_some() {
                return Err(EditError::EntryExists { path: format!("{name}.{key}") });
            }
            let map = tx.put_object(&map, key.as_str(), ObjType::Map)?;
            let common = [("at", at.clone().map(Answer::from)), ("from", from.clone().map(Answer::from))];
            let common = common.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
            for (field, value) in values.iter().map(|(field, value)| (field.as_str(), value)).chain(common) {
                put(tx, group, &map, &format!("{name}.{key}.{field}"), field, value)?;
            }
            Ok(())
        }
        Edit::Amend { group: name, entry, field, value } => {
            let (group, map) = entry_map(tx, kind, name, *entry)?;
            put(tx, group, &map, &format!("{name}.{entry}.{field}"), field, value)
        }
        Edit::Rewrite { group: name, entry, field, before, after } => {
            let (_, map) = entry_map(tx, kind, name, *entry)?;
            rewrite(tx, &map, field, before, after)
        }
        Edit::Void { group: name, entry, reason, to } => {
            let (group, map) = entry_map(tx, kind, name, *entry)?;
            let path = format!("{name}.{entry}");
            put(tx, group, &map, &path, "void", &Answer::from(reason.as_str()))?;
            to.clone().map_or(Ok(()), |to| put(tx, group, &map, &path, "void_to", &Answer::from(to)))
        }
        Edit::Decide { group: name, entry, stands } => {
            let (group, map) = entry_map(tx, kind, name, *entry)?;
            let decision = if *stands { "stands" } else { "voided" };
            put(tx, group, &map, &format!("{name}.{entry}"), "decided", &Answer::from(decision))
        }
        Edit::Include { set, member, value } => {
            let (group, map, _) = target(tx, kind, set)?;
            let scalar = match (value, group.rule) {
                (Some(value), Rule::Set { value: shape, .. }) => encoded(value, shape, set)?,
                _ => ScalarValue::Boolean(true),
            };
            // Writing the same value again would be no operation at all, and a removal elsewhere would win.
            if tx.get(&map, member.as_str())?.is_some_and(|(old, _)| old == RawValue::from(scalar.clone())) {
                tx.delete(&map, member.as_str())?;
            }
            Ok(tx.put(&map, member.as_str(), scalar)?)
        }
        Edit::Exclude { set, member } => {
            let (_, map, _) = target(tx, kind, set)?;
            if tx.get(&map, member.as_str())?.is_some() {
                tx.delete(&map, member.as_str())?;
            }
            Ok(())
        }
    }
}

/// The group, its container, and what follows the first dot of the path. Names were checked before.
fn target<'p>(tx: &Transaction<'_>, kind: Kind, path: &'p str) -> Result<(&'static Group, ObjId, &'p str), EditError> {
    let (name, field) = path.split_once('.').unwrap_or((path, ""));
    let group = schema::group(kind, name).ok_or(EditError::NotOfKind(kind))?;
    let (map, _) = container(tx, name).ok_or(EditError::NoGroup { group: group.key })?;
    Ok((group, map, field))
}

fn entry_map(
    tx: &Transaction<'_>,
    kind: Kind,
    name: &str,
    entry: EntryId,
) -> Result<(&'static Group, ObjId), EditError> {
    let (group, map, _) = target(tx, kind, name)?;
    match tx.get(&map, entry.to_string())? {
        Some((RawValue::Object(ObjType::Map), map)) => Ok((group, map)),
        _ => Err(EditError::NoEntry { path: format!("{name}.{entry}") }),
    }
}

fn put(
    tx: &mut Transaction<'_>,
    group: &Group,
    map: &ObjId,
    path: &str,
    key: &str,
    value: &Answer,
) -> Result<(), EditError> {
    let Some(field) = group.field(key) else { return Err(EditError::Document(format!("{path} is not in the schema"))) };
    let scalar = encoded(value, field.shape, path)?;
    if field.once {
        let new = RawValue::from(scalar.clone());
        if tx.get_all(map, key)?.iter().any(|(old, _)| *old != new) {
            return Err(EditError::Once { path: path.to_owned() });
        }
    }
    match (field.shape, value) {
        (Shape::Note, Answer::Value(value)) => {
            let text = tx.put_object(map, key, ObjType::Text)?;
            Ok(tx.splice_text(&text, 0, 0, value.as_text().unwrap_or_default())?)
        }
        _ => Ok(tx.put(map, key, scalar)?),
    }
}

fn rewrite(tx: &mut Transaction<'_>, map: &ObjId, key: &str, before: &str, after: &str) -> Result<(), EditError> {
    match tx.get(map, key)? {
        Some((RawValue::Object(ObjType::Text), text)) => {
            let now = tx.text(&text)?;
            if now == before {
                tx.update_text(&text, after)?;
            } else {
                // Replayed on a text that others have changed: both stand, nothing is lost.
                tx.splice_text(&text, tx.length(&text), 0, &format!("\n{after}"))?;
            }
        }
        _ => {
            let text = tx.put_object(map, key, ObjType::Text)?;
            tx.splice_text(&text, 0, 0, after)?;
        }
    }
    Ok(())
}

fn encoded(value: &Answer, shape: Shape, path: &str) -> Result<ScalarValue, EditError> {
    value.encode(shape).ok_or_else(|| EditError::Invalid(Problem::value(path, shape)))
}
