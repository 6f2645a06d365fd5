//! The schema: for each kind one table of groups and fields, which edits, validation, projection and forms share.
//!
//! Keys stand in documents for ever: never rename one, never give one another meaning. A new group needs a new constant
//! change (see [`super::constant`]); a new field in a group needs nothing. Labels are for people, French first.

mod annex;
pub(crate) mod case;
mod household;
pub(crate) mod link;
mod movement;
pub(crate) mod referral;

use serde::Serialize;

use super::Kind;

/// Schema version that this code writes.
pub const VERSION: u64 = 1;

/// Key of the map that holds the kind and the schema version.
pub const META: &str = "meta";

/// What a field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One line or a few: a name, a place as spoken, a reason.
    Text,
    /// A long text that merges letter by letter.
    Note,
    /// A code of the named list of the configuration; codes that this version does not know are kept.
    Code(&'static str),
    /// One of these words, fixed by the schema because rules depend on them.
    Choice(&'static [&'static str]),
    /// A whole number, least and most.
    Number(i64, i64),
    /// Yes or no.
    Flag,
    /// A date as exact as known.
    Date,
    /// A moment with its source.
    When,
    /// A birth with its precision.
    Birth,
    /// A place of a code list.
    Place,
    /// A document, by UUID.
    Document,
    /// A site.
    Site,
    /// A partner.
    Partner,
    /// A human code.
    HumanCode,
    /// An entry of some case.
    Entry,
    /// Entries of the same group.
    Entries,
}

/// When a field is asked: a site shows only its stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Tonight, at the gate.
    Gate,
    /// The next days, in a centre.
    Centre,
    /// Later.
    Counselling,
}

/// How concurrent work on a group merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// One value a field; concurrent ones are kept and shown.
    Scalars,
    /// Entries are added, never changed; a mistaken one is voided.
    Entries,
    /// The same for what was given: an entry voided while somebody else worked on it counts until decided.
    Ledger,
    /// Entries for each purpose, naming what they supersede; among concurrent ones the most restrictive wins.
    Consent,
    /// Dated steps; the latest by causality stands, among concurrent ones the one that stops most.
    Outcome,
    /// Entries of numbers, one for each clerk, summed.
    Tally,
    /// Members that are put in and taken out; what is put in again while another takes it out stays.
    Set {
        /// What a member is.
        member: Shape,
        /// What may be said about it.
        value: Shape,
    },
}

/// What people read, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Label {
    /// In French.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its key in the document.
    pub key: &'static str,
    /// What it accepts.
    pub shape: Shape,
    /// When it is asked.
    pub stage: Stage,
    /// What people read.
    pub label: Label,
    /// An entry without it says nothing.
    pub required: bool,
    /// Given once: another value is refused.
    pub once: bool,
    /// Of an entry: may be given or changed after the entry was made.
    pub late: bool,
}

/// One group of fields: a map in the document, made by a constant change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its key in the document.
    pub key: &'static str,
    /// How it merges.
    pub rule: Rule,
    /// What people read.
    pub label: Label,
    /// Its fields; empty for sets.
    pub fields: &'static [Field],
}

/// Keys that every entry may have besides its own fields.
pub const COMMON: &[Field] = &[
    field("at", Shape::When, Stage::Gate, "Quand", "When"),
    field("void", Shape::Text, Stage::Gate, "Annulé : motif", "Voided: reason").late(),
    field("void_to", Shape::Entry, Stage::Gate, "Recopié vers", "Copied to").late(),
    field("from", Shape::Entry, Stage::Gate, "Recopié de", "Copied from"),
    field("decided", Shape::Choice(&["stands", "voided"]), Stage::Gate, "Décision", "Decision").late(),
];

/// The groups of a kind.
#[must_use]
pub const fn groups(kind: Kind) -> &'static [Group] {
    match kind {
        Kind::Case => case::GROUPS,
        Kind::Movement => movement::GROUPS,
        Kind::Household => household::GROUPS,
        Kind::Annex => annex::GROUPS,
        Kind::Link => link::GROUPS,
        Kind::Referral => referral::GROUPS,
    }
}

/// A group by its key.
#[must_use]
pub fn group(kind: Kind, key: &str) -> Option<&'static Group> {
    groups(kind).iter().find(|group| group.key == key)
}

impl Group {
    /// One of its fields, or of those that every entry may have.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        let common: &'static [Field] = if self.has_entries() { COMMON } else { &[] };
        self.fields.iter().chain(common).find(|field| field.key == key)
    }

    /// Whether it holds entries.
    #[must_use]
    pub const fn has_entries(&self) -> bool {
        !matches!(self.rule, Rule::Scalars | Rule::Set { .. })
    }
}

impl Field {
    const fn required(self) -> Field {
        Field { required: true, ..self }
    }

    const fn once(self) -> Field {
        Field { once: true, ..self }
    }

    const fn late(self) -> Field {
        Field { late: true, ..self }
    }
}

const fn field(key: &'static str, shape: Shape, stage: Stage, fr: &'static str, en: &'static str) -> Field {
    Field { key, shape, stage, label: Label { fr, en }, required: false, once: false, late: false }
}

const fn group_of(
    key: &'static str,
    rule: Rule,
    fr: &'static str,
    en: &'static str,
    fields: &'static [Field],
) -> Group {
    Group { key, rule, label: Label { fr, en }, fields }
}

/// A headcount of one clerk, or an announced one: nobody counts a million at a gate.
const HEADS: Shape = Shape::Number(0, 999_999);

/// Where facts were written down first: everything else in the same change was typed from there.
const SOURCES: Group = group_of(
    "sources",
    Rule::Entries,
    "Saisi d'après papier",
    "Typed from paper",
    &[
        field("by", Shape::Text, Stage::Gate, "Noté par", "Recorded by"),
        field("paper", Shape::Text, Stage::Gate, "Numéro du papier", "Paper number"),
    ],
);

/// Long texts.
const NOTES: Group = group_of(
    "notes",
    Rule::Entries,
    "Notes",
    "Notes",
    &[
        field("text", Shape::Note, Stage::Centre, "Texte", "Text").required().late(),
        field("lang", Shape::Code("languages"), Stage::Centre, "Langue", "Language"),
    ],
);
