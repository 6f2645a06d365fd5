//! Whether a change fits what came before it: its author, its place in its author's work, what it builds on.
//!
//! Nothing is loaded for this. It is what keeps an accepted change from panicking on some other replica, in some other
//! order: its operations start right behind what its author had seen, and refer to nothing else.

use super::history::History;
use super::inspect::InspectedChange;
use super::rejection::{Code, Rejection, demand};
use crate::documents::CONSTANT_ACTOR_PREFIX;
use crate::ids::{ActorPrefix, ChangeHash};
use crate::limits::{DOCUMENT_HISTORY_MAX, DOCUMENT_OPERATIONS_MAX};

/// Whether the actor belongs to the lease that sent the change: nothing else authenticates an actor id.
/// No lease has the prefix of the constants. `None`: it is proved otherwise whose the changes are.
pub(super) fn binding(change: &InspectedChange, prefix: Option<ActorPrefix>) -> Result<(), Rejection> {
    let prefix = prefix.unwrap_or_else(|| change.actor.prefix());
    demand(change.actor.prefix() == prefix && prefix != CONSTANT_ACTOR_PREFIX, Code::ForeignActor, || {
        format!("actor {}: belongs to another lease than {prefix}", change.actor)
    })
}

/// The dependencies that the document does not have.
pub(super) fn missing(change: &InspectedChange, history: &History) -> Vec<ChangeHash> {
    change.deps.iter().filter(|hash| !history.contains(hash)).copied().collect()
}

/// Checks a change whose dependencies are all there.
pub(super) fn check(change: &InspectedChange, history: &History) -> Result<(), Rejection> {
    sequence(change, history)?;
    let seen = history.seen(&change.deps);
    demand(history.saw_last_of(&seen, &change.actor), Code::OwnPrevious, || {
        format!("actor {}: change {} does not build on the one before", change.actor, change.seq)
    })?;
    let wanted = 1 + history.max_op_of(&change.deps);
    demand(change.start_op == wanted, Code::StartOp, || {
        format!("first operation: {}, must be {wanted}, right behind those it depends on", change.start_op)
    })?;
    for (actor, referred) in std::iter::once(&change.actor).chain(&change.others).zip(&change.operations.referred) {
        let known = history.seen_max_op(&seen, actor).unwrap_or(0);
        demand(*referred <= known, Code::Unseen, || {
            format!("actor {actor}: operation {referred} is referred to, and not among what the change depends on")
        })?;
    }
    demand(history.len() < DOCUMENT_HISTORY_MAX, Code::DocumentChanges, || {
        format!("document: has {DOCUMENT_HISTORY_MAX} changes, and no more are taken")
    })?;
    let operations = history.operations().saturating_add(change.operations.count);
    demand(operations <= DOCUMENT_OPERATIONS_MAX, Code::DocumentOperations, || {
        format!("document: would have {operations} operations, at most {DOCUMENT_OPERATIONS_MAX} are taken")
    })
}

fn sequence(change: &InspectedChange, history: &History) -> Result<(), Rejection> {
    let last = history.last_of(&change.actor).map_or(0, |(seq, _)| seq);
    demand(change.seq > last, Code::SequenceReused, || {
        format!("actor {}: change {} exists with other content; a new actor is needed", change.actor, change.seq)
    })?;
    demand(change.seq == last + 1, Code::SequenceGap, || {
        format!("actor {}: change {} follows {last}", change.actor, change.seq)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Kind, blank};
    use crate::gate::inspect;
    use crate::ids::Actor;

    /// A history of so many changes of one actor, each with one operation, and a change that follows.
    fn long(count: u64) -> (History, InspectedChange) {
        let mut encoder = minicbor::Encoder::new(Vec::new());
        let hash = |n: u64| [n.to_be_bytes(); 4].concat();
        let hashes: Vec<u8> = (0..count).flat_map(hash).collect();
        encoder.array(4).unwrap().u64(1).unwrap().bytes(&[9; 16]).unwrap().bytes(&hashes).unwrap();
        encoder.begin_array().unwrap();
        for n in 0..count {
            encoder.u64(0).unwrap().u64(1).unwrap().u64(n.min(1)).unwrap();
            (n > 0).then(|| encoder.u64(1).unwrap().writer().len());
        }
        encoder.end().unwrap();
        let history = minicbor::decode(encoder.writer()).unwrap();
        let mut change = inspect(blank(Kind::Case).get_changes(&[])[0].raw_bytes()).unwrap();
        change.actor = Actor::new([8; 16]);
        change.deps = vec![ChangeHash::from_slice(&hash(count - 1)).unwrap()];
        change.start_op = count + 1;
        (history, change)
    }

    #[test]
    fn a_document_takes_so_many_changes_and_no_more() {
        let most = DOCUMENT_HISTORY_MAX as u64;
        let (history, change) = long(most - 1);
        assert_eq!(check(&change, &history), Ok(()));
        let (history, change) = long(most);
        assert_eq!(check(&change, &history).unwrap_err().code, Code::DocumentChanges);
    }
}
