//! The operations of a change, one by one, by themselves: bounded, well formed, of allowed kinds.
//!
//! Whether what they refer to exists is not known here; see [`super::lineage`] and [`super::trial`].

use std::collections::BTreeMap;

use super::columns::Columns;
use super::rejection::{Code, Rejection, demand};
use super::runs::{Deltas, Flags, Runs};
use super::values::Values;
use crate::limits::{CHANGE_OPERATIONS_MAX, CHANGE_PREDECESSORS_MAX, DOCUMENT_DEPTH_MAX};

const MAKE_MAP: u64 = 0;
const SET: u64 = 1;
const MAKE_LIST: u64 = 2;
const DELETE: u64 = 3;
const MAKE_TEXT: u64 = 4;
const INCREMENT: u64 = 5;
const MARK: u64 = 7;

/// An operation of some actor of the change: the counter, and the actor's place in its list (0 is its own).
type OperationId = (u64, usize);

/// What a walk over the operations found.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// How many there are.
    pub(super) count: u64,
    /// The highest counter that is referred to, for each actor of the change, its own first. Own operations of the
    /// change itself do not count.
    pub(super) referred: Vec<u64>,
    /// Containers outside of this change that it puts containers into, and how deep those go.
    pub(super) parents: BTreeMap<OperationId, usize>,
    /// How deep the containers go that it puts into the root.
    pub(super) root_depth: usize,
}

/// A container that the change itself makes.
#[derive(Clone, Copy)]
struct Made {
    action: u64,
    depth: usize,
    /// The container outside of the change that it stands in, `None` for the root.
    base: Option<OperationId>,
}

struct Walk {
    start_op: u64,
    found: Operations,
    used: Vec<bool>,
    made: BTreeMap<u64, Made>,
    predecessors: u64,
}

/// Walks over the operations of a change that starts at `start_op` and lists `actors` actors, its own included.
pub(super) fn walk(columns: &Columns<'_>, start_op: u64, actors: usize) -> Result<Operations, Rejection> {
    let count = Runs::<u64>::new(columns.action, "action").count(CHANGE_OPERATIONS_MAX)?;
    demand(count <= CHANGE_OPERATIONS_MAX, Code::Operations, || {
        format!("operations: more than {CHANGE_OPERATIONS_MAX}")
    })?;
    let mut walk = Walk {
        start_op,
        found: Operations { count, referred: vec![0; actors], ..Operations::default() },
        used: vec![false; actors],
        made: BTreeMap::new(),
        predecessors: 0,
    };
    let mut object =
        (Runs::new(columns.object_actor, "object actor"), Runs::new(columns.object_counter, "object counter"));
    let mut key = (Runs::new(columns.key_actor, "key actor"), Deltas::new(columns.key_counter, "key counter"));
    let mut text = Runs::<&str>::new(columns.key_text, "key text");
    let mut insert = Flags::new(columns.insert, "insert");
    let mut action = Runs::<u64>::new(columns.action, "action");
    let mut values = Values::new(columns.value_meta, columns.value);
    let mut pred_count = Runs::<u64>::new(columns.pred_count, "predecessor count");
    let mut pred = (
        Runs::<u64>::new(columns.pred_actor, "predecessor actor"),
        Deltas::new(columns.pred_counter, "predecessor counter"),
    );

    for own in start_op..start_op + count {
        let object = walk.object(own, object.0.optional()?, object.1.optional()?)?;
        let key = walk.key(own, key.0.optional()?, key.1.optional()?, text.optional()?)?;
        let (insert, action) = (insert.required()?, action.required()?);
        allowed(action)?;
        let is_null = values.next()?;
        demand(is_null || action == SET, Code::Operation, || format!("action {action}: has a value"))?;
        let preds = pred_count.required()?;
        walk.predecessors = walk.predecessors.saturating_add(preds);
        demand(walk.predecessors <= CHANGE_PREDECESSORS_MAX, Code::Predecessors, || {
            format!("predecessors: more than {CHANGE_PREDECESSORS_MAX}")
        })?;
        let mut before = None;
        for _ in 0..preds {
            let actor = pred.0.required()?;
            let id = walk.reference(own, actor, pred.1.required()?)?;
            // The change's own actor stands first in its list, so counters alone can be compared here.
            demand(before.is_none_or(|last: OperationId| last.0 <= id.0 && last != id), Code::Reference, || {
                "predecessors: not in ascending order, or one twice".into()
            })?;
            before = Some(id);
        }
        walk.shape(own, action, object, key, insert, preds)?;
    }

    let even = object.0.is_done() && object.1.is_done() && key.0.is_done() && key.1.is_done() && text.is_done();
    let even = even && insert.is_done() && action.is_done() && values.is_done();
    let even = even && pred_count.is_done() && pred.0.is_done() && pred.1.is_done();
    demand(even, Code::Uneven, || "columns: more values than there are operations".into())?;
    demand(walk.used.iter().skip(1).all(|used| *used), Code::Actor, || {
        "other actors: one is listed that no operation refers to".into()
    })?;
    Ok(walk.found)
}

fn allowed(action: u64) -> Result<(), Rejection> {
    match action {
        MAKE_MAP | SET | MAKE_LIST | DELETE | MAKE_TEXT => Ok(()),
        INCREMENT => Err(Rejection::new(Code::Counter, "action 5: increments are not taken")),
        MARK => Err(Rejection::new(Code::Mark, "action 7: marks are not taken")),
        _ => Err(Rejection::new(Code::Action, format!("action {action}: unknown"))),
    }
}

/// Where in its object an operation stands.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    Text,
    Head,
    Element,
}

impl Walk {
    fn reference(&mut self, own: u64, actor: u64, counter: u64) -> Result<OperationId, Rejection> {
        let index = usize::try_from(actor).ok().filter(|index| *index < self.used.len()).ok_or_else(|| {
            Rejection::new(Code::ActorIndex, format!("actor {actor}: the change lists {}", self.used.len()))
        })?;
        demand(counter > 0 && counter < own, Code::Reference, || {
            format!("operation {own}: refers to operation {counter}, which cannot come before it")
        })?;
        self.used[index] = true;
        if index > 0 || counter < self.start_op {
            self.found.referred[index] = self.found.referred[index].max(counter);
        }
        Ok((counter, index))
    }

    fn object(&mut self, own: u64, actor: Option<u64>, counter: Option<u64>) -> Result<Option<OperationId>, Rejection> {
        match (actor, counter) {
            (None, None) => Ok(None),
            (Some(actor), Some(counter)) => self.reference(own, actor, counter).map(Some),
            _ => Err(Rejection::new(Code::Operation, format!("operation {own}: half an object id"))),
        }
    }

    fn key(
        &mut self,
        own: u64,
        actor: Option<u64>,
        counter: Option<u64>,
        text: Option<&str>,
    ) -> Result<Key, Rejection> {
        match (actor, counter, text) {
            (None, None, Some(_)) => Ok(Key::Text),
            (None, Some(0), None) => Ok(Key::Head),
            (Some(actor), Some(counter), None) => self.reference(own, actor, counter).map(|_| Key::Element),
            _ => Err(Rejection::new(Code::Operation, format!("operation {own}: neither a map key nor an element"))),
        }
    }

    /// Whether the parts of an operation belong together; remembers the containers that are made.
    fn shape(
        &mut self,
        own: u64,
        action: u64,
        object: Option<OperationId>,
        key: Key,
        insert: bool,
        preds: u64,
    ) -> Result<(), Rejection> {
        let fits = |holds, why: &str| demand(holds, Code::Operation, || format!("operation {own}: {why}"));
        fits(!insert || (key != Key::Text && preds == 0 && action != DELETE), "inserts where nothing can be inserted")?;
        fits(key != Key::Head || insert, "changes the head of a list")?;
        fits(action != DELETE || preds > 0, "deletes nothing")?;
        fits(object.is_some() || key == Key::Text, "takes the root for a list")?;

        // A counter of its own from this change on is an operation of this change.
        let parent = match object {
            Some((counter, 0)) if counter >= self.start_op => {
                let made = self.made.get(&counter).copied();
                fits(made.is_some(), "stands in something that is not a container")?;
                made
            }
            _ => None,
        };
        if let Some(made) = parent {
            fits((made.action == MAKE_MAP) == (key == Key::Text), "takes a map for a list or a list for a map")?;
        }
        if !matches!(action, MAKE_MAP | MAKE_LIST | MAKE_TEXT) {
            return Ok(());
        }
        let (depth, base) = parent.map_or((1, object), |made| (made.depth + 1, made.base));
        demand(depth <= DOCUMENT_DEPTH_MAX, Code::Depth, || {
            format!("operation {own}: nested deeper than {DOCUMENT_DEPTH_MAX} containers")
        })?;
        self.made.insert(own, Made { action, depth, base });
        let deepest = match base {
            Some(outside) => self.found.parents.entry(outside).or_default(),
            None => &mut self.found.root_depth,
        };
        *deepest = depth.max(*deepest);
        Ok(())
    }
}
