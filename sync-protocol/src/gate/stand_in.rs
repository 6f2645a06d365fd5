//! Stands in for the documents module until that has its own kinds: containers without a schema.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjType, ROOT};

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// One person's registration and everything ordinary that follows.
    Case = 1,
    /// A group that arrives or leaves.
    Movement = 2,
    /// Who belongs together.
    Household = 3,
    /// Sensitive facts of one case.
    Annex = 4,
    /// Whether two cases are the same person.
    Link = 5,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Kind; 5] = [Kind::Case, Kind::Movement, Kind::Household, Kind::Annex, Kind::Link];

    /// Its number on wire and disk.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// A document read as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection(pub automerge::hydrate::Value);

/// The document of a kind as it begins.
#[must_use]
pub fn blank(kind: Kind) -> Automerge {
    let mut document = Automerge::new().with_actor(ActorId::from([0, kind.code()].repeat(8)));
    let mut transaction = document.transaction();
    for group in ["identity", "notes", "assistance"] {
        transaction.put_object(ROOT, group, ObjType::Map).expect("a new document takes maps");
    }
    transaction.commit_with(CommitOptions::default().with_time(0));
    document
}

/// Reads a document.
#[must_use]
pub fn project(_kind: Kind, document: &Automerge) -> Projection {
    Projection(document.hydrate(None))
}
