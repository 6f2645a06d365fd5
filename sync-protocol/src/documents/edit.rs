//! Typed edits: the only way in which anything is written into a document; how they are written stands in `write.rs`.
//!
//! Devices keep the edits beside the bytes and replay them elsewhere when a change is not accepted, so their JSON form is
//! for ever.

use std::collections::BTreeMap;
use std::fmt;

use automerge::AutomergeError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Kind;
use super::validate::Problem;
use super::value::{Answer, EntryId, EntryRef, When};
pub use super::write::{Committed, actor_fits, apply, heads};
use crate::ids::ChangeHash;
use crate::limits::EDITS_MAX;

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
            Self::Empty => "edit-empty",
            Self::NothingChanged => "edit-nothing-changed",
            Self::TooLarge => "edit-too-large",
            Self::Invalid(_) => "edit-invalid",
            Self::Once { .. } => "edit-once",
            Self::NoEntry { .. } => "edit-no-entry",
            Self::EntryExists { .. } => "edit-entry-exists",
            Self::NotOfKind(_) => "edit-not-of-kind",
            Self::NoGroup { .. } => "edit-no-group",
            Self::UnknownHeads(_) => "edit-unknown-heads",
            Self::ActorNotAtHeads => "edit-actor-not-at-heads",
            Self::Document(_) => "edit-document",
        }
    }
}

impl From<AutomergeError> for EditError {
    fn from(error: AutomergeError) -> Self {
        Self::Document(error.to_string())
    }
}
