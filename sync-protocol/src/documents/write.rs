//! Writing: a list of typed edits becomes one change.
//!
//! An edit is made at the heads that were on the screen: the document is forked there, edited and merged, so that a value which
//! arrived in between stays as a conflict and is not silently replaced. One call makes exactly one change, or none.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjId, ObjType, ReadDoc, ScalarValue, Value as RawValue};

use super::Kind;
use super::edit::{Edit, EditError};
use super::schema::{self, Group, Rule, Shape};
use super::tree::{container, is_of_kind};
use super::validate::{Problem, check_edit};
use super::value::{Answer, EntryId, State};
use crate::ids::{Actor, ChangeHash, Millis};
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_OPERATIONS_MAX, EDITS_MAX};

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
        // That nobody asked yet is no value.
        let silent =
            |old: &RawValue<'_>| old.as_str().and_then(State::from_marker).is_some_and(|state| !state.informs());
        if tx.get_all(map, key)?.iter().any(|(old, _)| *old != new && !silent(old)) {
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
