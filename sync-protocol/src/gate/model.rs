//! The gate's view of the documents module: what a new document begins with, and whether one still reads well.

use std::sync::LazyLock;

use automerge::Automerge;

use super::history::History;
use super::inspect::{InspectedChange, inspect};
use super::rejection::Rejection;
pub(super) use super::stand_in::{Kind, Projection};

/// A document as it begins: the constant changes of its kind and nothing else.
pub(super) struct Blank {
    pub(super) document: Automerge,
    pub(super) history: History,
    pub(super) constants: Vec<InspectedChange>,
}

static BLANKS: LazyLock<Vec<Blank>> = LazyLock::new(|| Kind::ALL.into_iter().map(make).collect());

/// The blank of a kind; made once.
pub(super) fn blank(kind: Kind) -> &'static Blank {
    &BLANKS[usize::from(kind.code()) - 1]
}

fn make(kind: Kind) -> Blank {
    let document = super::stand_in::blank(kind);
    let mut history = History::default();
    let mut constants = Vec::new();
    for change in document.get_changes(&[]) {
        let constant = inspect(change.raw_bytes()).expect("the constants of this version pass its own gate, see tests");
        history.push(&constant);
        constants.push(constant);
    }
    Blank { document, history, constants }
}

/// Reads a document in every way in which it is read later.
pub(super) fn read(kind: Kind, document: &Automerge) -> Result<Projection, Rejection> {
    Ok(super::stand_in::project(kind, document))
}
