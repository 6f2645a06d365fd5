//! Why a change was not applied: a stable code and a sentence without document content.

use std::fmt;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident => $text:literal,)+) => {
        /// What was wrong, as a name that clients and logs may rely on. Never renamed, only added to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$meta])* $name,)+
        }

        impl Code {
            /// Every code, in the order in which the checks are made.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The stable name, e.g. `gate-checksum`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    /// More bytes than a change may have, before or after inflating.
    Size => "gate-size",
    /// Does not begin with the four bytes that mark an Automerge chunk.
    Magic => "gate-magic",
    /// A chunk of another kind: a document, a bundle, something unknown. Only changes come from devices.
    Kind => "gate-kind",
    /// The announced length is not what is there: cut, or with trailing bytes.
    Length => "gate-length",
    /// The compressed part cannot be inflated, or something stands behind it.
    Deflate => "gate-deflate",
    /// The checksum is not that of the contents: bytes were changed on the way.
    Checksum => "gate-checksum",
    /// The contents end in the middle of a field.
    Cut => "gate-cut",
    /// A number that is not written in the shortest way, or is too large for its field.
    Number => "gate-number",
    /// Too many dependencies, or not in ascending order.
    Dependencies => "gate-dependencies",
    /// An actor id that is not 16 bytes, or a list of actors that is too long, unordered or not used.
    Actor => "gate-actor",
    /// Sequence number 0, or beyond what any device reaches.
    Sequence => "gate-sequence",
    /// A time that no calendar has.
    Time => "gate-time",
    /// A message that is too long or not text.
    Message => "gate-message",
    /// Columns that are unknown, unordered, empty, compressed or missing.
    Columns => "gate-columns",
    /// Something behind the columns that is not an author footer on an actor's first change.
    Footer => "gate-footer",
    /// A mark on a text: no schema has them.
    Mark => "gate-mark",
    /// Run lengths that are not in canonical form.
    Runs => "gate-runs",
    /// More operations than a change may have.
    Operations => "gate-operations",
    /// More predecessors than a change may have.
    Predecessors => "gate-predecessors",
    /// Columns of different lengths.
    Uneven => "gate-uneven",
    /// A reference to an actor that the change does not list.
    ActorIndex => "gate-actor-index",
    /// An action that no schema uses.
    Action => "gate-action",
    /// A counter or an increment: no schema has them.
    Counter => "gate-counter",
    /// A value that cannot be read, or of a type that is not allowed.
    Value => "gate-value",
    /// An integer beyond ±(2^53 − 1), which not every client keeps exactly.
    Integer => "gate-integer",
    /// A number that is not finite.
    Float => "gate-float",
    /// A date that is not finite.
    Date => "gate-date",
    /// An operation whose parts do not belong together: key, object, insertion, predecessors.
    Operation => "gate-operation",
    /// A reference to an operation that cannot come before.
    Reference => "gate-reference",
    /// Maps nested deeper than a document may be.
    Depth => "gate-depth",
    /// Automerge itself cannot read it.
    Parse => "gate-parse",
    /// Written under an actor of somebody else's lease.
    ForeignActor => "gate-foreign-actor",
    /// Hangs on a change that is held.
    BehindHeld => "gate-behind-held",
    /// The actor's sequence number was used before for other content: a copied or restored device.
    SequenceReused => "gate-sequence-reused",
    /// The actor's sequence number leaves a gap.
    SequenceGap => "gate-sequence-gap",
    /// Does not build on its actor's previous change.
    OwnPrevious => "gate-own-previous",
    /// Its operations do not start right behind those it depends on.
    StartOp => "gate-start-op",
    /// Refers to operations that are not among those it depends on.
    Unseen => "gate-unseen",
    /// The document would have more changes than one may have.
    DocumentChanges => "gate-document-changes",
    /// The document would have more operations than one may have.
    DocumentOperations => "gate-document-operations",
    /// The stored document itself cannot be read: the hub must rebuild it from its log.
    Stored => "gate-stored",
    /// The document refused it.
    Apply => "gate-apply",
    /// Merging, saving or reading it panicked; the document was not touched.
    Panic => "gate-panic",
    /// The document's heads are not what they should be afterwards.
    Heads => "gate-heads",
    /// The document would be larger than one may be.
    DocumentBytes => "gate-document-bytes",
    /// The document could not be loaded again.
    Reload => "gate-reload",
    /// The document would no longer fit its schema.
    Content => "gate-content",
    /// More keys that the schema does not know than a document may have.
    UnknownKeys => "gate-unknown-keys",
    /// Too many changes of this parcel failed one after the other; this one was not tried.
    Untried => "gate-untried",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a change was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// The stable code.
    pub code: Code,
    /// What was wrong and where. Holds no document content.
    pub detail: String,
}

impl Rejection {
    /// A rejection with its sentence.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// `Ok` when the condition holds.
pub(super) fn demand(holds: bool, code: Code, detail: impl FnOnce() -> String) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::new(code, detail())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_of_one_form() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(name.starts_with("gate-") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }
}
