//! Values of fields: what an edit carries, what a projection shows, and the scalar that stands in the document.
//!
//! Everything is written whole as one plain scalar, so that concurrent values conflict as wholes and a browser reads them without
//! a library of ours. What a field accepts is its [`Shape`]; how it is read and written stands in `shape.rs`.

use std::fmt;
use std::str::FromStr;

use automerge::ScalarValue;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::birth::Birth;
use super::schema::Shape;
use crate::ids::{DocumentId, ParseIdError, short};

/// A sentence for people, in both languages. Names no value: it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

impl Words {
    pub(crate) fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self { fr: fr.into(), en: en.into() }
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.fr, self.en)
    }
}

named! {
    /// Why there is no value; reports keep these apart.
    pub enum State {
        /// Asked, and the person does not know.
        DoesNotKnow = "does_not_know",
        /// Asked, and the person does not want to say.
        Refused = "refused",
        /// Nobody asked.
        NotAsked = "not_asked",
        /// To be asked later, perhaps alone.
        AskLater = "ask_later",
    }
}

impl State {
    /// As it stands in a document; no text value may be one of these.
    const fn marker(self) -> &'static str {
        match self {
            Self::DoesNotKnow => "?does_not_know",
            Self::Refused => "?refused",
            Self::NotAsked => "?not_asked",
            Self::AskLater => "?ask_later",
        }
    }

    pub(crate) fn from_marker(text: &str) -> Option<Self> {
        text.strip_prefix('?').and_then(Self::from_name)
    }

    /// Whether it says something about the person: that nobody asked never stands against a value.
    #[must_use]
    pub fn informs(self) -> bool {
        matches!(self, Self::DoesNotKnow | Self::Refused)
    }
}

/// A value. JSON: a text, a whole number, true or false, or one of the objects. Its `Debug` form names no content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number within ±(2^53 − 1).
    Number(i64),
    /// A text, a code, a date, an id.
    Text(String),
    /// A birth with its precision.
    Birth(Birth),
    /// A place of a code list.
    Place(PlaceCode),
    /// When something happened.
    When(When),
    /// Another entry.
    Entry(EntryRef),
    /// Several ids of entries.
    Entries(Vec<EntryId>),
}

/// A value, or why there is none. JSON: the value, or `{"state": "refused"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// There is none.
    State {
        /// Why.
        state: State,
    },
    /// There is one.
    Value(Value),
}

/// A place is always code, scheme and vintage: codes mean other places in other years.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceCode {
    /// E.g. `ML0103`.
    pub code: String,
    /// The list, e.g. `cod`.
    pub scheme: String,
    /// Its year, e.g. `2021`.
    pub vintage: u16,
}

named! {
    /// Where the time of a fact comes from.
    pub enum WhenSource {
        /// The device's clock.
        Clock = "clock",
        /// Somebody said so.
        Declared = "declared",
        /// It stands on a paper.
        Paper = "paper",
    }
}

/// When something happened, as exactly as known: a date, or a date and a time (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// `2024-04`, `2024-04-30` or `2024-04-30T14:25`.
    pub at: String,
    /// Where this is known from.
    pub source: WhenSource,
}

/// An entry's key in its group: eight random bytes, written as 11 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId([u8; 8]);

/// An entry of some case, e.g. the one to which a mistaken entry was copied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRef {
    /// The case.
    pub case: DocumentId,
    /// The group, e.g. `assistance`.
    pub group: String,
    /// The entry.
    pub entry: EntryId,
}

impl EntryId {
    /// From eight random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for EntryId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ParseIdError {
            what: "entry id",
            text: short(text),
            wanted: "eight bytes as 11 characters of base64url",
        })
    }
}

impl TryFrom<String> for EntryId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.to_string()
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme, self.vintage, self.code)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source.name(), self.at)
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.case, self.group, self.entry)
    }
}

impl Answer {
    /// The scalar that stands in a document; `None` when the value is not of this shape.
    pub(crate) fn encode(&self, shape: Shape) -> Option<ScalarValue> {
        match self {
            Self::Value(value) => shape.encode(value),
            Self::State { state } => Some(ScalarValue::Str(state.marker().into())),
        }
    }

    pub(crate) fn decode(shape: Shape, scalar: &ScalarValue) -> Option<Answer> {
        let state = if let ScalarValue::Str(text) = scalar { State::from_marker(text) } else { None };
        state.map(Self::from).or_else(|| shape.decode(scalar).map(Self::Value))
    }

    pub(crate) fn informs(&self) -> bool {
        !matches!(self, Self::State { state } if !state.informs())
    }

    /// The value, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}

impl From<State> for Answer {
    fn from(state: State) -> Answer {
        Answer::State { state }
    }
}

impl<T: Into<Value>> From<T> for Answer {
    fn from(value: T) -> Answer {
        Answer::Value(value.into())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag(_) => "Flag(…)",
            Self::Number(_) => "Number(…)",
            Self::Text(_) => "Text(…)",
            Self::Birth(_) => "Birth(…)",
            Self::Place(_) => "Place(…)",
            Self::When(_) => "When(…)",
            Self::Entry(_) => "Entry(…)",
            Self::Entries(_) => "Entries(…)",
        })
    }
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

macro_rules! value_from {
    ($($variant:ident($type:ty),)+) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value)
            }
        })+
    };
}

value_from! {
    Flag(bool), Number(i64), Text(String), Birth(Birth), Place(PlaceCode), When(When), Entry(EntryRef),
    Entries(Vec<EntryId>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}
