//! The gate's view of the documents module: what a new document begins with, how a document reads, and which problems
//! keep a change out.

use std::sync::LazyLock;

use automerge::Automerge;

use super::history::History;
use super::inspect::{InspectedChange, inspect};
use super::rejection::{Code, Rejection};
use crate::documents::{self, Conflict, Kind, Problem, Projection};

/// A document as it begins: the constant changes of its kind and nothing else.
pub(super) struct Blank {
    pub(super) document: Automerge,
    pub(super) history: History,
    pub(super) constants: Vec<InspectedChange>,
}

static BLANKS: LazyLock<[Blank; 6]> = LazyLock::new(|| Kind::ALL.map(make));

/// The blank of a kind; made once.
pub(super) fn blank(kind: Kind) -> &'static Blank {
    &BLANKS[usize::from(kind.code()) - 1]
}

fn make(kind: Kind) -> Blank {
    let mut history = History::default();
    let mut constants = Vec::new();
    for constant in documents::constants(kind) {
        let constant = inspect(&constant.bytes).expect("constants pass their own gate: a test reads them all");
        history.push(&constant);
        constants.push(constant);
    }
    Blank { document: documents::blank(kind), history, constants }
}

/// A document as people read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// As plain data.
    pub projection: Projection,
    /// Fields with several values.
    pub conflicts: Vec<Conflict>,
    /// What does not fit the schema.
    pub problems: Vec<Problem>,
}

impl std::fmt::Debug for Reading {
    /// Without the contents: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (conflicts, problems) = (self.conflicts.len(), self.problems.len());
        write!(f, "Reading({}, {conflicts} conflicts, {problems} problems)", self.projection.kind)
    }
}

/// Reads a document in every way in which it is read later.
pub(super) fn read(kind: Kind, document: &Automerge) -> Result<Reading, Rejection> {
    let (projection, conflicts, problems) = documents::project::read(kind, document)
        .map_err(|wrong| Rejection::new(Code::Content, format!("document: {wrong}")))?;
    // Nobody asks for the line of the list here, but everybody does later.
    let _ = projection.summary();
    Ok(Reading { projection, conflicts, problems })
}

/// What does not fit the schema.
pub(super) fn problems(kind: Kind, document: &Automerge) -> Vec<Problem> {
    documents::validate(kind, document)
}

/// Problems of single values are shown to people and keep nothing out: they may be a newer version's, and a person sees
/// more than we do.
const SHOWN: [&str; 2] = ["value", "required"];

/// Problems beyond a bound.
const UNKNOWN: &str = "too_many_unknown";

/// Whether the document still has its shape: containers there and whole, entries that are entries, shared texts in notes
/// and nowhere else, not too much of anything. What was wrong before (in `before`) is nobody's fault now.
pub(super) fn fits(
    reading: &Reading,
    before: impl FnOnce() -> Result<Vec<Problem>, Rejection>,
) -> Result<(), Rejection> {
    let of_shape = |problem: &&Problem| !SHOWN.contains(&problem.code);
    if !reading.problems.iter().any(|problem| of_shape(&problem)) {
        return Ok(());
    }
    let before = before()?;
    let is_new = |problem: &&Problem| !before.iter().any(|old| old.code == problem.code && old.path == problem.path);
    let Some(problem) = reading.problems.iter().filter(of_shape).find(is_new) else { return Ok(()) };
    let code = if problem.code == UNKNOWN { Code::UnknownKeys } else { Code::Content };
    // The group is the schema's word; what follows it may be a stranger's.
    let group = problem.path.split('.').next().unwrap_or_default();
    Err(Rejection::new(code, format!("document, {group}: {}", problem.code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_of_every_kind_pass_their_own_gate_and_read_without_problems() {
        for kind in Kind::ALL {
            let blank = blank(kind);
            let hashes: Vec<_> = blank.constants.iter().map(|constant| constant.hash).collect();
            assert_eq!(hashes, documents::constant_hashes(kind));
            assert_eq!(blank.history.hashes(), hashes);
            assert_eq!(blank.history.heads().as_slice(), &hashes[hashes.len() - 1..]);
            let reading = read(kind, &blank.document).unwrap();
            fits(&reading, || panic!("a blank {kind} has problems: {:?}", reading.problems)).unwrap();
        }
    }
}
